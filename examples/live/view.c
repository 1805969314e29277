/* SPDX-License-Identifier: MIT */
/* The screen as a whole: where things are, and in which order they are drawn. See view.h. */
#include "live/view.h"

#include <math.h>

#include "live/view_ink.h"

enum {
    MARGIN = 14,
    GAP = 10,
    COLUMN_MIN = 160,
    COLUMN_MAX = 230,
    TEXT_HEIGHT = 54,
    CHIPS_HEIGHT = 32,
    STATUS_HEIGHT = 30
};

/* Whole pixels keep the edges of panels sharp. */
static ink_area snap(double x, double y, double width, double height)
{
    const double left = floor(x + 0.5), top = floor(y + 0.5);
    return (ink_area){left, top, floor(x + width + 0.5) - left, floor(y + height + 0.5) - top};
}

ink_layout ink_arrange(int width, int height, const asl_image_view *picture, bool has_suggestions)
{
    ink_layout l;
    /* On large screens the picture gains more than the letters around it. */
    const double fit = fmin(width / 640.0, height / 480.0);
    const double u = l.unit = fit > 1 ? pow(fit, 0.85) : fit;
    const double aspect = picture ? (double)picture->width / picture->height : 4.0 / 3;
    const double chips = has_suggestions ? CHIPS_HEIGHT + GAP - 2 : 0;
    const double room_x = width - 2 * MARGIN * u - (COLUMN_MIN + GAP) * u;
    const double room_y = height - (MARGIN + GAP + TEXT_HEIGHT + STATUS_HEIGHT) * u - chips * u;

    const double frame_height = fmin(room_y, room_x * 3 / 4);
    const double frame_width = fmin(fmax(frame_height * aspect, frame_height), room_x);
    const double rest = width - 2 * MARGIN * u - frame_width - GAP * u;
    const double column = fmin(rest, COLUMN_MAX * u);
    const double total = frame_width + GAP * u + column;
    const double left = (width - total) / 2;
    /* What is left over of the height goes above and below in equal parts. */
    const double top = MARGIN * u + (room_y - frame_height) / 2;

    l.frame = snap(left, top, frame_width, frame_height);
    l.column = snap(left + frame_width + GAP * u, top, column, frame_height);
    double y = top + frame_height + GAP * u;
    l.text = snap(left, y, total, TEXT_HEIGHT * u);
    y += TEXT_HEIGHT * u + (GAP - 2) * u;
    l.chips = snap(left, y, total, has_suggestions ? CHIPS_HEIGHT * u : 0);
    y += chips * u - (GAP - 2) * u;
    l.status = snap(left, y, total, STATUS_HEIGHT * u);

    const double shown_width = fmin(frame_width, frame_height * aspect);
    const double shown_height = shown_width / aspect;
    l.picture = snap(left + (frame_width - shown_width) / 2,
                     top + (frame_height - shown_height) / 2, shown_width, shown_height);
    return l;
}

cairo_surface_t *live_view_surface(int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    if (cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS)
        return surface;
    cairo_surface_destroy(surface);
    return NULL;
}

asl_image_view live_view_pixels(cairo_surface_t *surface)
{
    cairo_surface_flush(surface);
    return (asl_image_view){.pixels = cairo_image_surface_get_data(surface),
                            .width = cairo_image_surface_get_width(surface),
                            .height = cairo_image_surface_get_height(surface),
                            .stride = cairo_image_surface_get_stride(surface),
                            .format = ASL_FORMAT_BGRA32};
}

bool live_view_draw(cairo_surface_t *target, const live_view *view)
{
    const int width = cairo_image_surface_get_width(target);
    const int height = cairo_image_surface_get_height(target);
    const ink_layout layout =
        ink_arrange(width, height, view->picture, view->has_suggestions || view->prompt);
    cairo_t *cr = cairo_create(target);
    /* The same letters on every machine, and no jumping while they grow. */
    cairo_font_options_t *font = cairo_font_options_create();
    cairo_font_options_set_antialias(font, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(font, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(font, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, font);
    cairo_font_options_destroy(font);

    draw_set_color(cr, INK_GROUND);
    cairo_paint(cr);
    const bool drawn = ink_draw_picture(cr, view, &layout);
    ink_draw_letter(cr, view, &layout);
    ink_draw_lines(cr, view, &layout);
    ink_draw_overlay(cr, view, &layout);
    const bool ok = drawn && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    return ok;
}

bool live_view_locate(const live_view *view, int width, int height, double x, double y,
                      double *picture_x, double *picture_y)
{
    if (!view->picture)
        return false;
    const ink_layout l =
        ink_arrange(width, height, view->picture, view->has_suggestions || view->prompt);
    const double across = (x - l.picture.x) / l.picture.width;
    *picture_x = (view->mirrored ? 1 - across : across) * view->picture->width;
    *picture_y = (y - l.picture.y) / l.picture.height * view->picture->height;
    return true;
}
