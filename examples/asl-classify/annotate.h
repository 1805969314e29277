/* SPDX-License-Identifier: MIT */
/* The copy of a picture that carries its label: to be saved, or to be looked at.
 *
 * Drawing takes cairo, SDL2 and the libraries behind them; loading those takes as long as
 * recognising a picture. So the program is built twice: asl-classify, with annotate_exec.c, starts
 * fast, and becomes asl-classify-draw, with annotate_cairo.c, when there is something to draw. */
#ifndef ASL_CLASSIFY_ANNOTATE_H
#define ASL_CLASSIFY_ANNOTATE_H

#include <stdbool.h>

#include "asl/image.h"

/** Draw @p label and @p score onto a copy of @p view. Small pictures are enlarged first, so that
 * the text is legible.
 * @param path  Where to save it, or NULL; the name's ending decides on JPEG or PNG.
 * @param show  Also show it in a window until a key is pressed or the window is closed.
 * @param region  Outlined when not NULL. @return an exit code of cli.h. */
typedef int annotate_fn(const char *path, bool show, const asl_image_view *view,
                        const asl_rect *region, const char *label, double score);

/** To be called before the program reads, prints or changes anything: it may start anew with the
 * same @p arguments, which are main()'s argv. @return an exit code of cli.h. */
int annotate_begin(annotate_fn **out, char **arguments);

#endif /* ASL_CLASSIFY_ANNOTATE_H */
