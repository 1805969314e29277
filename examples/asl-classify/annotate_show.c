/* SPDX-License-Identifier: MIT */
/* See annotate_show.h. */
#include "annotate_show.h"

#include <math.h>

#include "common/cli.h"
#include "common/draw.h"
#include "live/window.h"

enum { MOST_WIDTH = 1280, MOST_HEIGHT = 960, POLL_MS = 200 };

/* In the middle, as large as fits. */
static void draw(live_window *window, cairo_surface_t *picture)
{
    cairo_surface_t *surface = live_window_surface(window);
    if (!surface)
        return;
    const double width = cairo_image_surface_get_width(surface);
    const double height = cairo_image_surface_get_height(surface);
    const double own_width = cairo_image_surface_get_width(picture);
    const double own_height = cairo_image_surface_get_height(picture);
    const double scale = fmin(width / own_width, height / own_height);
    cairo_t *cr = cairo_create(surface);
    draw_set_color(cr, DRAW_INK);
    cairo_paint(cr);
    cairo_translate(cr, (width - scale * own_width) / 2, (height - scale * own_height) / 2);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, picture, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    live_window_present(window);
}

/* @return false when the person has seen enough. */
static bool look(live_window *window, cairo_surface_t *picture, int *code)
{
    for (;;) {
        switch (live_window_poll(window).action) {
        case WINDOW_NOTHING:
            return !cli_interrupted();
        case WINDOW_REDRAW:
            draw(window, picture);
            break;
        case WINDOW_GRAB:
        case WINDOW_DRAG:
        case WINDOW_RESIZE:
            break;
        case WINDOW_LOST:
            cli_error("the display is gone");
            *code = CLI_NO_DEVICE;
            return false;
        default:
            return false;
        }
    }
}

int annotate_show(cairo_surface_t *picture, const char *title)
{
    struct live_error error = {0};
    live_window *window = NULL;
    int code = CLI_OK;
    const int width = cairo_image_surface_get_width(picture);
    const int height = cairo_image_surface_get_height(picture);
    if (!live_window_open(&window, title, width < MOST_WIDTH ? width : MOST_WIDTH,
                          height < MOST_HEIGHT ? height : MOST_HEIGHT, &error)) {
        cli_error("%s", error.message);
        return error.code;
    }
    cli_catch_interrupt(NULL, NULL);
    draw(window, picture);
    while (look(window, picture, &code))
        live_window_wait(window, POLL_MS);
    live_window_close(window);
    return code == CLI_OK && cli_interrupted() ? CLI_INTERRUPTED : code;
}
