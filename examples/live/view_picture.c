/* SPDX-License-Identifier: MIT */
/* The picture, mirrored or not, and the red box on it. See view_ink.h. */
#include <math.h>
#include <string.h>

#include "live/view_ink.h"

/* ---- The library's pixels -> cairo's words 0xAARRGGBB ---- */

static void copy_row(uint32_t *to, const uint8_t *from, int32_t width, bool mirrored)
{
    const int32_t step = mirrored ? -1 : 1;
    uint32_t *at = mirrored ? to + width - 1 : to;
    for (int32_t x = 0; x < width; x++, from += 3, at += step)
        *at = 0xFF000000U | (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

/* A surface with the picture at its own size, or NULL when memory is out. */
static cairo_surface_t *load(const asl_image_view *picture, bool mirrored)
{
    asl_image *image = NULL;
    asl_image_view rgb = *picture;
    if (rgb.format != ASL_FORMAT_RGB24) {
        if (asl_image_convert(&image, picture, NULL, ASL_FORMAT_RGB24, NULL) < 0)
            return NULL;
        rgb = asl_image_get_view(image);
    }
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, rgb.width, rgb.height);
    if (cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS) {
        unsigned char *rows = cairo_image_surface_get_data(surface);
        const size_t stride = (size_t)cairo_image_surface_get_stride(surface);
        for (int32_t y = 0; y < rgb.height; y++)
            copy_row((uint32_t *)(void *)(rows + (size_t)y * stride), rgb.pixels + y * rgb.stride,
                     rgb.width, mirrored);
        cairo_surface_mark_dirty(surface);
    } else {
        cairo_surface_destroy(surface);
        surface = NULL;
    }
    asl_image_free(image);
    return surface;
}

/* ---- Drawing ---- */

static bool draw_pixels(cairo_t *cr, const live_view *view, const ink_area *area)
{
    cairo_surface_t *surface = load(view->picture, view->mirrored);
    if (!surface)
        return false;
    const double scale_x = area->width / view->picture->width;
    const double scale_y = area->height / view->picture->height;
    cairo_save(cr);
    cairo_rectangle(cr, area->x, area->y, area->width, area->height);
    cairo_clip(cr);
    cairo_translate(cr, area->x, area->y);
    cairo_scale(cr, scale_x, scale_y);
    cairo_set_source_surface(cr, surface, 0, 0);
    /* The quick filter will do unless the picture shrinks a lot; padding keeps the rim opaque. */
    cairo_pattern_set_filter(cairo_get_source(cr),
                             scale_x < 0.6 ? CAIRO_FILTER_GOOD : CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(surface);
    return true;
}

/* Painting the ground over the corners is much cheaper than clipping every pixel to a curve. */
static void round_corners(cairo_t *cr, const ink_area *area, double radius)
{
    draw_set_color(cr, INK_GROUND);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_rectangle(cr, area->x - 1, area->y - 1, area->width + 2, area->height + 2);
    ink_rounded(cr, *area, radius);
    cairo_fill(cr);
    cairo_set_fill_rule(cr, CAIRO_FILL_RULE_WINDING);
}

/* The edge of a line of whole pixels must lie between two of them, or it blurs. */
static double sharp(double at, double line)
{
    return floor(at) + fmod(line, 2) / 2;
}

static void stroke(cairo_t *cr, double line, draw_color color)
{
    cairo_set_line_width(cr, line);
    draw_set_color(cr, color);
    cairo_stroke_preserve(cr);
}

/* Red, as the tutorial drew it, between a white and a dark line, so that it is found on a red wall
 * and without telling colours apart. */
static void draw_box(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    const double scale = l->picture.width / view->picture->width;
    const double x =
        view->mirrored ? view->picture->width - view->box.x - view->box.width : view->box.x;
    const double line = floor(fmax(4 * l->unit, 2)), rim = floor(fmax(l->unit, 1));
    const double left = sharp(l->picture.x + x * scale, line);
    const double top = sharp(l->picture.y + view->box.y * scale, line);
    const double width = floor(view->box.width * scale + 0.5);
    const double height = floor(view->box.height * scale + 0.5);
    cairo_save(cr);
    cairo_rectangle(cr, l->picture.x, l->picture.y, l->picture.width, l->picture.height);
    cairo_clip(cr);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_MITER);
    cairo_rectangle(cr, left, top, width, height);
    const double dash = 4 * line;
    if (view->searching)
        cairo_set_dash(cr, &dash, 1, 0);
    stroke(cr, line + 4 * rim, 0x000000);
    stroke(cr, line + 2 * rim, DRAW_WHITE);
    stroke(cr, line, INK_BOX);
    cairo_new_path(cr);
    cairo_restore(cr);
}

bool ink_draw_picture(cairo_t *cr, const live_view *view, const ink_layout *l)
{
    ink_panel(cr, l->frame, 12 * l->unit, INK_PANEL);
    if (!view->picture)
        return true;
    if (!draw_pixels(cr, view, &l->picture))
        return false;
    const bool fills_frame =
        l->picture.width >= l->frame.width - 1 && l->picture.height >= l->frame.height - 1;
    if (fills_frame)
        round_corners(cr, &l->picture, 12 * l->unit);
    if (view->box.width > 0 && view->box.height > 0)
        draw_box(cr, view, l);
    return true;
}
