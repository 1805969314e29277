/* SPDX-License-Identifier: MIT */
/* A thin layer over cairo. See draw.h. */
#include "common/draw.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/files.h"

cairo_t *draw_begin(int width, int height, draw_color background)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(surface);
    cairo_surface_destroy(surface);
    if (cairo_status(cr) != CAIRO_STATUS_SUCCESS) {
        cli_error("cannot make a %dx%d drawing: %s", width, height,
                  cairo_status_to_string(cairo_status(cr)));
        cairo_destroy(cr);
        return NULL;
    }
    draw_set_color(cr, background);
    cairo_paint(cr);
    return cr;
}

void draw_drop(cairo_t *cr)
{
    if (cr)
        cairo_destroy(cr);
}

typedef struct buffer {
    unsigned char *data;
    size_t size, capacity;
} buffer;

static cairo_status_t append(void *closure, const unsigned char *data, unsigned int length)
{
    buffer *b = closure;
    if (b->size + length > b->capacity) {
        const size_t capacity = 2 * b->capacity + length + 4096;
        unsigned char *larger = realloc(b->data, capacity);
        if (!larger)
            return CAIRO_STATUS_NO_MEMORY;
        b->data = larger;
        b->capacity = capacity;
    }
    memcpy(b->data + b->size, data, length);
    b->size += length;
    return CAIRO_STATUS_SUCCESS;
}

int draw_end_png(cairo_t *cr, const char *path)
{
    buffer png = {NULL, 0, 0};
    cairo_surface_t *surface = cairo_get_target(cr);
    cairo_status_t status = cairo_status(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, append, &png);
    int code = CLI_FAILED;
    if (status == CAIRO_STATUS_SUCCESS)
        code = files_write(path, png.data, png.size);
    else
        cli_error("cannot draw '%s': %s", path, cairo_status_to_string(status));
    free(png.data);
    cairo_destroy(cr);
    return code;
}

void draw_set_color(cairo_t *cr, draw_color color)
{
    cairo_set_source_rgb(cr, (color >> 16 & 255) / 255.0, (color >> 8 & 255) / 255.0,
                         (color & 255) / 255.0);
}

draw_color draw_mix(draw_color from, draw_color to, double t)
{
    draw_color mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const double a = from >> shift & 255, b = to >> shift & 255;
        mixed |= (draw_color)(a + t * (b - a) + 0.5) << shift;
    }
    return mixed;
}

void draw_set_font(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

double draw_text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

void draw_text(cairo_t *cr, double x, double y, double anchor_x, double anchor_y, const char *text)
{
    cairo_text_extents_t capital;
    cairo_text_extents(cr, "H", &capital);
    cairo_move_to(cr, x - anchor_x * draw_text_width(cr, text),
                  y + (1 - anchor_y) * capital.height);
    cairo_show_text(cr, text);
}
