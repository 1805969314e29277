/* SPDX-License-Identifier: MIT */
/* A window with a picture in it. */
#ifndef ASL_CLASSIFY_ANNOTATE_SHOW_H
#define ASL_CLASSIFY_ANNOTATE_SHOW_H

#include <cairo.h>

/** Show @p picture until a key is pressed, the window is closed or Ctrl-C.
 * @return an exit code: CLI_NO_DEVICE where there is no display. */
int annotate_show(cairo_surface_t *picture, const char *title);

#endif /* ASL_CLASSIFY_ANNOTATE_SHOW_H */
