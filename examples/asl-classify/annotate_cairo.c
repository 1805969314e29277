/* SPDX-License-Identifier: MIT */
/* Library picture -> cairo, the label on a dark band, and back. See annotate.h. */
#include "annotate.h"

#include <stdint.h>
#include <stdio.h>

#include "annotate_show.h"
#include "common/cli.h"
#include "common/draw.h"

enum { SHORTEST_SIDE = 240 };

/* The picture at the size to draw on. */
static asl_status enlarge(asl_image **out, double *scale, const asl_image_view *view,
                          asl_error *err)
{
    const int32_t shorter = view->width < view->height ? view->width : view->height;
    const int32_t longer = view->width < view->height ? view->height : view->width;
    *scale = 1;
    if (shorter >= SHORTEST_SIDE || longer > 32768 / SHORTEST_SIDE * shorter)
        return asl_image_convert(out, view, NULL, ASL_FORMAT_RGB24, err);
    *scale = (double)SHORTEST_SIDE / shorter;
    return asl_image_resize(out, view, NULL, (int32_t)(view->width * *scale + 0.5),
                            (int32_t)(view->height * *scale + 0.5), err);
}

/* cairo keeps pixels as native 32-bit words 0xAARRGGBB. */
static void copy_in(cairo_surface_t *surface, asl_image *image)
{
    const asl_image_view view = asl_image_get_view(image);
    unsigned char *rows = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    cairo_surface_flush(surface);
    for (int32_t y = 0; y < view.height; y++) {
        const uint8_t *from = view.pixels + y * view.stride;
        uint32_t *to = (uint32_t *)(void *)(rows + (size_t)y * (size_t)stride);
        for (int32_t x = 0; x < view.width; x++, from += 3)
            to[x] = 0xFF000000U | (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    }
    cairo_surface_mark_dirty(surface);
}

static void copy_out(asl_image *image, cairo_surface_t *surface)
{
    const asl_image_view view = asl_image_get_view(image);
    cairo_surface_flush(surface);
    const unsigned char *rows = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int32_t y = 0; y < view.height; y++) {
        const uint32_t *from = (const uint32_t *)(const void *)(rows + (size_t)y * (size_t)stride);
        uint8_t *to = asl_image_pixels(image) + y * view.stride;
        for (int32_t x = 0; x < view.width; x++, to += 3) {
            to[0] = (uint8_t)(from[x] >> 16);
            to[1] = (uint8_t)(from[x] >> 8);
            to[2] = (uint8_t)from[x];
        }
    }
}

/* White on a dark band along the bottom edge reads on any picture. */
static void draw_label(cairo_t *cr, double width, double height, const char *label, double score)
{
    char percent[16];
    snprintf(percent, sizeof percent, "%.0f %%", 100 * score);
    const double unit = (width < height ? width : height) / 16;
    draw_set_font(cr, 2 * unit, true);
    const double label_width = draw_text_width(cr, label);
    draw_set_font(cr, 1.2 * unit, false);
    const double needed = label_width + draw_text_width(cr, percent) + 2.5 * unit;
    const double fit = needed > width ? width / needed : 1;

    cairo_set_source_rgba(cr, 0, 0, 0, 0.72);
    cairo_rectangle(cr, 0, height - 2.6 * unit, width, 2.6 * unit);
    cairo_fill(cr);
    draw_set_color(cr, DRAW_WHITE);
    draw_set_font(cr, 2 * unit * fit, true);
    draw_text(cr, 0.7 * unit, height - 1.3 * unit, 0, 0.5, label);
    draw_set_font(cr, 1.2 * unit * fit, false);
    draw_text(cr, width - 0.7 * unit, height - 1.3 * unit, 1, 0.5, percent);
}

/* A white line inside a black one is seen on any background. */
static void draw_region(cairo_t *cr, const asl_rect *region, double scale, double unit)
{
    const double wide = 4 * unit;
    for (int pass = 0; pass < 2; pass++) {
        cairo_rectangle(cr, region->x * scale, region->y * scale, region->width * scale,
                        region->height * scale);
        cairo_set_line_width(cr, pass == 0 ? wide : wide / 2);
        draw_set_color(cr, pass == 0 ? 0x000000 : DRAW_WHITE);
        cairo_stroke(cr);
    }
}

static int annotate(const char *path, bool show, const asl_image_view *view, const asl_rect *region,
                    const char *label, double score)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    cairo_t *cr = NULL;
    double scale = 1;
    int code = CLI_FAILED;
    if (enlarge(&image, &scale, view, &err) < 0) {
        code = cli_fail(&err);
        goto done;
    }
    const asl_image_view big = asl_image_get_view(image);
    cr = draw_begin(big.width, big.height, DRAW_WHITE);
    if (!cr)
        goto done;
    copy_in(cairo_get_target(cr), image);
    if (region)
        draw_region(cr, region, scale, (big.width < big.height ? big.width : big.height) / 240.0);
    draw_label(cr, big.width, big.height, label, score);
    copy_out(image, cairo_get_target(cr));
    code = path && asl_image_save(&big, path, 92, &err) < 0 ? cli_fail(&err) : CLI_OK;
    if (show && code == CLI_OK)
        code = annotate_show(cairo_get_target(cr), label);
done:
    draw_drop(cr);
    asl_image_free(image);
    return code;
}

int annotate_begin(annotate_fn **out, char **arguments)
{
    (void)arguments;
    *out = annotate;
    return CLI_OK;
}
