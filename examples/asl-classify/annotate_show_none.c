/* SPDX-License-Identifier: MIT */
/* Without SDL2. See annotate_show.h. */
#include "annotate_show.h"
#include "common/cli.h"

int annotate_show(cairo_surface_t *picture, const char *title)
{
    (void)picture;
    (void)title;
    cli_error("cannot open a window: built without SDL2; --draw writes the same picture to a file");
    return CLI_NO_DEVICE;
}
