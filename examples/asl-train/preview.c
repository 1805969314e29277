/* SPDX-License-Identifier: MIT */
/* A contact sheet of varied pictures: a row for each of some pictures, first as it is, then as the
 * first epochs would show it. See train.h. */
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "train.h"

enum { ROWS = 12, COLUMNS = 12, GAP = 4, LARGEST = 128, BYTES = 3 };

typedef struct sheet {
    asl_image *image;
    uint8_t *pixels;
    int32_t width, height; /* of a cell */
    int64_t stride;
} sheet;

/* White paper. Cells have the network's size, or less where that is large. */
static int sheet_begin(sheet *s, const run *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, r->start, NULL);
    const int32_t side = info.width > info.height ? info.width : info.height;
    const int32_t most = side < LARGEST ? side : LARGEST;
    s->width = info.width * most / side;
    s->height = info.height * most / side;
    if (asl_image_create(&s->image, COLUMNS * (s->width + GAP) + GAP,
                         ROWS * (s->height + GAP) + GAP, ASL_FORMAT_RGB24, &err) < 0)
        return cli_fail(&err);
    const asl_image_view view = asl_image_get_view(s->image);
    s->pixels = asl_image_pixels(s->image);
    s->stride = view.stride;
    memset(s->pixels, 255, (size_t)(view.stride * view.height));
    return CLI_OK;
}

/* A red frame tells a picture without a letter. */
static void put_cell(const sheet *s, int32_t row, int32_t column, const uint8_t *picture,
                     bool framed)
{
    static const uint8_t red[BYTES] = {220, 30, 30};
    const int32_t left = GAP + column * (s->width + GAP), top = GAP + row * (s->height + GAP);
    for (int32_t y = -GAP / 2; framed && y < s->height + GAP / 2; y++)
        for (int32_t x = -GAP / 2; x < s->width + GAP / 2; x++)
            memcpy(s->pixels + (top + y) * s->stride + (int64_t)(left + x) * BYTES, red, BYTES);
    for (int32_t y = 0; y < s->height; y++)
        memcpy(s->pixels + (top + y) * s->stride + (int64_t)left * BYTES,
               picture + (size_t)y * (size_t)s->width * BYTES, (size_t)s->width * BYTES);
}

static asl_status put_original(const sheet *s, int32_t row, const asl_image_view *view,
                               asl_error *err)
{
    asl_image *image = NULL;
    const asl_status status = asl_image_resize(&image, view, NULL, s->width, s->height, err);
    if (status >= 0)
        put_cell(s, row, 0, asl_image_get_view(image).pixels, false);
    asl_image_free(image);
    return status;
}

static int put_row(const sheet *s, int32_t row, const run *r, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    uint8_t *picture = cli_alloc((size_t)s->width * (size_t)s->height, BYTES);
    asl_status status = asl_dataset_load_image(&image, r->data, index, &err);
    const asl_image_view view = status < 0 ? (asl_image_view){0} : asl_image_get_view(image);
    if (status >= 0)
        status = put_original(s, row, &view, &err);
    for (int32_t i = 1; i < COLUMNS && status >= 0; i++) {
        int32_t negative = 0;
        status = asl_augmentation_apply(picture, &negative, r->augmentation, &view, s->width,
                                        s->height, r->seed, i - 1, index, &err);
        if (status >= 0)
            put_cell(s, row, i, picture, negative != 0);
    }
    asl_image_free(image);
    free(picture);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

/* The pictures of the sheet: from each source in turn, evenly spread over it. */
static void choose(int64_t indices[ROWS], const asl_dataset *data)
{
    const int32_t sources = asl_dataset_source_count(data);
    int64_t *pictures = count_by_source(data);
    int64_t *seen = cli_alloc((size_t)sources, sizeof *seen);
    asl_sample sample = {.struct_size = sizeof sample};
    for (int64_t i = 0; i < asl_dataset_count(data); i++) {
        if (asl_dataset_get_sample(&sample, data, i, NULL) < 0)
            continue;
        const int32_t source = sample.source_index;
        const int64_t place = seen[source]++;
        for (int32_t row = source; row < ROWS; row += sources) {
            const int64_t turn = row / sources, turns = (ROWS - source + sources - 1) / sources;
            if (place == (2 * turn + 1) * pictures[source] / (2 * turns))
                indices[row] = i;
        }
    }
    free(seen);
    free(pictures);
}

int run_preview(const run *r)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t indices[ROWS] = {0};
    sheet s = {0};
    if (!r->augmentation)
        return cli_usage_error("--preview-augment shows nothing without --augment");
    int code = files_check_output(r->preview, r->force);
    if (code == CLI_OK)
        code = sheet_begin(&s, r);
    choose(indices, r->data);
    for (int32_t row = 0; row < ROWS && code == CLI_OK; row++)
        code = put_row(&s, row, r, indices[row]);
    if (code == CLI_OK) {
        const asl_image_view view = asl_image_get_view(s.image);
        code = asl_image_save(&view, r->preview, 0, &err) < 0 ? cli_fail(&err) : CLI_OK;
    }
    asl_image_free(s.image);
    return code;
}
