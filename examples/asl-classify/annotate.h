/* SPDX-License-Identifier: MIT */
/* The copy of a picture that carries its label. */
#ifndef ASL_CLASSIFY_ANNOTATE_H
#define ASL_CLASSIFY_ANNOTATE_H

#include "asl/image.h"

/** Draw @p label and @p score onto a copy of @p view and save it; the name's ending decides on JPEG
 * or PNG. Small pictures are enlarged first, so that the text is legible.
 * @param region  Outlined when not NULL. @return an exit code of cli.h. */
int annotate(const char *path, const asl_image_view *view, const asl_rect *region,
             const char *label, double score);

#endif /* ASL_CLASSIFY_ANNOTATE_H */
