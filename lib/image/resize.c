/* SPDX-License-Identifier: MIT */
/* Scaling to R,G,B: bilinear as OpenCV's INTER_LINEAR computes it on bytes, because the published
 * weights were trained on its output, and exact area averages when both sides shrink by more than
 * two. Rows are converted as they are needed, so any format costs one row of scratch. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "image/convert.h"
#include "image/image.h"

/* The region to scale, and the memory to do it in. */
typedef struct source {
    const asl_image_view *view;
    asl_rect area;
    void *work;   /* WORK_BYTES for each output column */
    uint8_t *row; /* for formats that need converting */
} source;

static const uint8_t *source_row(const source *from, int32_t y)
{
    const asl_image_view *view = from->view;
    if (view->format == ASL_FORMAT_RGB24)
        return view->pixels + view->stride * (from->area.y + y) + (int64_t)from->area.x * 3;
    asl__rgb_row(from->row, view, from->area.x, from->area.y + y, from->area.width);
    return from->row;
}

/* --- bilinear ---------------------------------------------------------------------------- */

enum { WEIGHT_ONE = 2048 };

/* Where an output position lies between two input positions. */
typedef struct tap {
    int32_t first, second; /* equal at the edges */
    int32_t weights[2];    /* in 1/2048, together one */
} tap;

static int32_t clamp(int32_t value, int32_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* Half-pixel centres; the steps through double and float are OpenCV's, for equal weights. */
static tap make_tap(int32_t position, int32_t from, int32_t to)
{
    const double scale = 1.0 / ((double)to / from);
    const float at = (float)((position + 0.5) * scale - 0.5);
    const int32_t floor_at = at < 0.0F ? -1 : (int32_t)at; /* at >= -0.5 */
    const float fraction = at - (float)floor_at;
    tap out = {clamp(floor_at, from - 1), clamp(floor_at + 1, from - 1), {0, 0}};
    /* To nearest, a half to even: with the few bits that are left of `fraction` halves do occur. */
    const float exact = fraction * WEIGHT_ONE;
    const int32_t whole = (int32_t)exact;
    const float rest = exact - (float)whole;
    out.weights[1] = whole + (rest > 0.5F || (rest == 0.5F && whole % 2 != 0));
    out.weights[0] = WEIGHT_ONE - out.weights[1];
    return out;
}

static void scale_row(int32_t *out, const uint8_t *row, const tap *taps, int32_t width)
{
    for (int32_t x = 0; x < width; x++, out += 3) {
        const uint8_t *a = row + (size_t)taps[x].first * 3;
        const uint8_t *b = row + (size_t)taps[x].second * 3;
        for (int32_t c = 0; c < 3; c++)
            out[c] = a[c] * taps[x].weights[0] + b[c] * taps[x].weights[1];
    }
}

/* OpenCV's two roundings down and one to nearest, each where it has them. */
static void blend_rows(uint8_t *out, const int32_t *above, const int32_t *below,
                       const int32_t weights[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int32_t a = (above[i] >> 4) * weights[0] >> 16;
        const int32_t b = (below[i] >> 4) * weights[1] >> 16;
        out[i] = (uint8_t)((a + b + 2) >> 2);
    }
}

static void resize_bilinear(uint8_t *out, int32_t width, int32_t height, const source *from)
{
    const size_t count = (size_t)width * 3;
    tap *taps = from->work;
    /* Two neighbouring input rows, scaled to the output's width; row y lives in rows[y % 2]. */
    int32_t *rows[2] = {(void *)(taps + width), (int32_t *)(void *)(taps + width) + count};
    int32_t held[2] = {-1, -1};
    for (int32_t x = 0; x < width; x++)
        taps[x] = make_tap(x, from->area.width, width);

    for (int32_t y = 0; y < height; y++, out += count) {
        const tap rise = make_tap(y, from->area.height, height);
        for (int32_t row = rise.first; row <= rise.second; row++) {
            if (held[row % 2] == row)
                continue;
            scale_row(rows[row % 2], source_row(from, row), taps, width);
            held[row % 2] = row;
        }
        blend_rows(out, rows[rise.first % 2], rows[rise.second % 2], rise.weights, count);
    }
}

/* --- area -------------------------------------------------------------------------------- */

/* The inputs first..last under one output position, and how much of the outer two it covers.
 * Lengths are in units of 1/`to` input pixel: an input is `to` long and an output `from`, so that
 * everything stays a whole number. */
typedef struct span {
    int32_t first, last;
    uint32_t first_weight, last_weight;
} span;

/* from > 2 * to, so first < last. */
static span make_span(int32_t position, int32_t from, int32_t to)
{
    const int32_t begin = position * from; /* below 2^30 */
    const int32_t end = begin + from;
    span out = {begin / to, (end - 1) / to, 0, 0};
    out.first_weight = (uint32_t)((out.first + 1) * to - begin);
    out.last_weight = (uint32_t)(end - out.last * to);
    return out;
}

static void sum_row(uint32_t *sums, const uint8_t *row, int32_t from, int32_t to)
{
    for (int32_t x = 0; x < to; x++, sums += 3) {
        const span part = make_span(x, from, to);
        const uint8_t *first = row + (size_t)part.first * 3;
        const uint8_t *last = row + (size_t)part.last * 3;
        uint32_t inner[3] = {0, 0, 0};
        for (const uint8_t *pixel = first + 3; pixel < last; pixel += 3)
            for (int32_t c = 0; c < 3; c++)
                inner[c] += pixel[c];
        for (int32_t c = 0; c < 3; c++)
            sums[c] =
                first[c] * part.first_weight + inner[c] * (uint32_t)to + last[c] * part.last_weight;
    }
}

static void resize_area(uint8_t *out, int32_t width, int32_t height, const source *from)
{
    const size_t count = (size_t)width * 3;
    const uint64_t whole = (uint64_t)from->area.width * (uint64_t)from->area.height;
    int32_t held = -1; /* the row in `sums`: the last of one output row may begin the next */
    uint64_t *totals = from->work;
    uint32_t *sums = (void *)(totals + count);
    for (int32_t y = 0; y < height; y++, out += count) {
        const span part = make_span(y, from->area.height, height);
        memset(totals, 0, count * sizeof *totals);
        for (int32_t row = part.first; row <= part.last; row++) {
            const uint64_t weight = row == part.first  ? part.first_weight
                                    : row == part.last ? part.last_weight
                                                       : (uint32_t)height;
            if (held != row)
                sum_row(sums, source_row(from, row), from->area.width, width);
            held = row;
            for (size_t i = 0; i < count; i++)
                totals[i] += weight * sums[i];
        }
        for (size_t i = 0; i < count; i++)
            out[i] = (uint8_t)((totals[i] + whole / 2) / whole);
    }
}

/* ----------------------------------------------------------------------------------------- */

#define WORK_BYTES (sizeof(tap) + 2 * 3 * sizeof(int32_t))

_Static_assert(3 * (sizeof(uint64_t) + sizeof(uint32_t)) <= WORK_BYTES, "room for either method");

/* By the width of the whole picture: a region that moves and grows takes no more. */
static asl_status find_room(source *from, asl__scratch *scratch, int32_t width, asl_error *err)
{
    const size_t work = (size_t)width * WORK_BYTES;
    const size_t size = work + (size_t)from->view->width * 3;
    if (size > scratch->size) {
        void *memory = asl__grow(scratch->memory, 0, size, 1);
        if (memory == NULL)
            return asl__fail_memory(err, "scaling a picture");
        *scratch = (asl__scratch){memory, size};
    }
    from->work = scratch->memory;
    from->row = (uint8_t *)scratch->memory + work;
    return ASL_OK;
}

asl_status asl__resize_rgb_in(asl__scratch *scratch, uint8_t *out, int32_t width, int32_t height,
                              const asl_image_view *view, const asl_rect *region, asl_error *err)
{
    asl_status status = ASL_OK;
    source from = {.view = view};
    ASL__TRY(asl__view_check(view, region, err));
    const asl_rect *area = &from.area;
    from.area = region != NULL ? *region : (asl_rect){0, 0, view->width, view->height};
    if (area->width == width && area->height == height) {
        for (int32_t y = 0; y < height; y++)
            asl__rgb_row(out + (size_t)y * (size_t)width * 3, view, area->x, area->y + y, width);
        return ASL_OK;
    }
    ASL__TRY(find_room(&from, scratch, width, err));
    if (area->width > 2 * width && area->height > 2 * height)
        resize_area(out, width, height, &from);
    else
        resize_bilinear(out, width, height, &from);
fail:
    return status;
}

asl_status asl__resize_rgb(uint8_t *out, int32_t width, int32_t height, const asl_image_view *view,
                           const asl_rect *region, asl_error *err)
{
    asl__scratch scratch = {0};
    const asl_status status = asl__resize_rgb_in(&scratch, out, width, height, view, region, err);
    asl__free(scratch.memory);
    return status;
}

asl_status asl_image_resize(asl_image **out, const asl_image_view *view, const asl_rect *region,
                            int32_t width, int32_t height, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl_image *image = NULL;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__TRY(asl__view_check(view, region, err));
    ASL__TRY(asl_image_create(&image, width, height, ASL_FORMAT_RGB24, err));
    ASL__TRY(asl__resize_rgb(asl_image_pixels(image), width, height, view, region, err));
    *out = image;
    return ASL_OK;
fail:
    asl_image_free(image);
    return status;
}
