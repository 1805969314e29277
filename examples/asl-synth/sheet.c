/* SPDX-License-Identifier: MIT */
/* Lays small copies of pictures out in blocks, one block with a caption for each class. */
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/draw.h"
#include "hand/poses.h"

enum { CELL = 112, GAP = 12, CAPTION = 20, BLOCKS_ACROSS = 5, MOST_IN_BLOCK = 3 };

struct sheet {
    int in_block;
    int width, height;
    uint32_t *pixels; /* 0xRRGGBB */
};

struct sheet *sheet_create(int per_class)
{
    const int rows = (POSE_CLASSES + BLOCKS_ACROSS - 1) / BLOCKS_ACROSS;
    struct sheet *sheet = cli_alloc(1, sizeof *sheet);

    sheet->in_block = per_class < MOST_IN_BLOCK ? per_class : MOST_IN_BLOCK;
    sheet->width = GAP + BLOCKS_ACROSS * (sheet->in_block * CELL + GAP);
    sheet->height = GAP + rows * (CAPTION + CELL + GAP);
    sheet->pixels = cli_alloc((size_t)sheet->width * (size_t)sheet->height, sizeof(uint32_t));
    for (int i = 0; i < sheet->width * sheet->height; i++)
        sheet->pixels[i] = DRAW_WHITE;
    return sheet;
}

static int block_left(const struct sheet *sheet, int class_index)
{
    return GAP + class_index % BLOCKS_ACROSS * (sheet->in_block * CELL + GAP);
}

static int block_top(int class_index)
{
    return GAP + class_index / BLOCKS_ACROSS * (CAPTION + CELL + GAP);
}

asl_status sheet_put(struct sheet *sheet, const asl_image_view *picture, int class_index,
                     int number, asl_error *err)
{
    const int border = 2, side = CELL - border;
    asl_image *small = NULL;

    if (number >= sheet->in_block)
        return ASL_OK;
    const asl_status status = asl_image_resize(&small, picture, NULL, side, side, err);
    if (status < 0)
        return status;
    const uint8_t *from = asl_image_pixels(small);
    const int left = block_left(sheet, class_index) + number * CELL;
    uint32_t *to = sheet->pixels + (block_top(class_index) + CAPTION) * sheet->width + left;
    for (int y = 0; y < side; y++, to += sheet->width)
        for (int x = 0; x < side; x++, from += 3)
            to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    asl_image_free(small);
    return ASL_OK;
}

int sheet_write(const struct sheet *sheet, const char *path)
{
    cairo_t *cr = draw_begin(sheet->width, sheet->height, DRAW_WHITE);
    if (!cr)
        return CLI_FAILED;
    cairo_surface_t *surface = cairo_get_target(cr);
    cairo_surface_flush(surface);
    unsigned char *rows = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < sheet->height; y++) {
        /* cairo's pixels have a byte above the colour that must be opaque where it counts. */
        for (int x = 0; x < sheet->width; x++) {
            const uint32_t pixel = 0xff000000u | sheet->pixels[y * sheet->width + x];
            memcpy(rows + (size_t)y * (size_t)stride + 4 * (size_t)x, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);

    draw_set_font(cr, 13, true);
    draw_set_color(cr, DRAW_INK);
    for (int i = 0; i < POSE_CLASSES; i++)
        draw_text(cr, block_left(sheet, i), block_top(i) + CAPTION - 5, 0, 1, pose_class_name[i]);
    return draw_end_png(cr, path);
}

void sheet_free(struct sheet *sheet)
{
    if (sheet)
        free(sheet->pixels);
    free(sheet);
}
