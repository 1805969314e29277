/* SPDX-License-Identifier: MIT */
/* Where a varied picture looks: one matrix from the output back into the source holds everything
 * from mirroring to perspective, and one bilinear gather follows it. A source that is much finer
 * than the output is averaged over whole blocks first, so that nothing flickers. */
#include <string.h>

#include "base/error.h"
#include "image/augment.h"
#include "image/convert.h"

/* (x, y, 1) of an output pixel times this is (X, Y, W); it looks at (X/W, Y/W) of the source. */
typedef struct map {
    float x[3], y[3], w[3];
} map;

/* R,G,B rows of the source, perhaps made smaller, and then perhaps without a rest at the far edges,
 * which the extent counts. */
typedef struct pixels {
    const uint8_t *rgb;
    int64_t stride;
    int32_t width, height;
    float extent[2];
} pixels;

static bool is_plain(const asl__recipe *r)
{
    return !r->mirror && r->window == 1.0F && r->angle == 0.0F && r->scale == 1.0F &&
           r->shift[0] == 0.0F && r->shift[1] == 0.0F && r->shear == 0.0F && r->aspect == 1.0F &&
           r->perspective[0] == 0.0F && r->perspective[1] == 0.0F;
}

/* From the square [-1, 1] of the output into that of the source: undoes shift, rotation, shear,
 * aspect and scale in this order. `shape` is the source's width to height, so that a turned hand
 * keeps its shape; its root on either side keeps the area. */
static void make_square_map(float out[2][3], const asl__recipe *r, float shape)
{
    const float c = asl__cosine(r->angle), s = asl__sine(r->angle);
    const float k = __builtin_sqrtf(shape), stretch = __builtin_sqrtf(r->aspect);
    const float turned[2][2] = {{c, -s}, {s, c}};
    for (int32_t i = 0; i < 2; i++) {
        /* Columns: x grows by k, y by 1/k before the turn. */
        const float in = i == 0 ? k : 1 / k;
        const float y = turned[1][i] * in;
        const float x = turned[0][i] * in - r->shear * y;
        out[0][i] = x / (stretch * r->scale * k);
        out[1][i] = y * stretch * k / r->scale;
    }
    for (int32_t i = 0; i < 2; i++) {
        if (i == 0 && r->mirror) {
            out[0][0] = -out[0][0];
            out[0][1] = -out[0][1];
        }
        out[i][2] = -2 * (out[i][0] * r->shift[0] + out[i][1] * r->shift[1]);
    }
}

/* Puts pixel grids around the two squares. */
static map make_map(const asl__recipe *r, const asl__canvas *out, const pixels *from)
{
    float square[2][3];
    map m = {{0}, {0}, {0}};
    const float width = from->extent[0], height = from->extent[1];
    /* In double, which rounds to the same floats: of two float divisions clang makes one of four,
     * and the two that it invents would trap in a host that wants floating-point errors to. */
    const float step[2] = {(float)(2.0 / (double)out->width), (float)(2.0 / (double)out->height)};
    const float start[2] = {step[0] / 2 - 1, step[1] / 2 - 1};
    make_square_map(square, r, width / height);
    for (int32_t i = 0; i < 2; i++) {
        m.x[i] = square[0][i] * step[i];
        m.y[i] = square[1][i] * step[i];
        m.w[i] = r->perspective[i] * step[i];
    }
    m.x[2] = square[0][0] * start[0] + square[0][1] * start[1] + square[0][2];
    m.y[2] = square[1][0] * start[0] + square[1][1] * start[1] + square[1][2];
    m.w[2] = 1 + r->perspective[0] * start[0] + r->perspective[1] * start[1];
    for (int32_t i = 0; i < 3; i++) {
        /* [-1, 1] of the window to pixels; the centre of pixel 0 is at 0. */
        m.x[i] = m.x[i] * (r->window / 2) * width + m.w[i] * (r->centre[0] * width - 0.5F);
        m.y[i] = m.y[i] * (r->window / 2) * height + m.w[i] * (r->centre[1] * height - 0.5F);
    }
    return m;
}

/* --- averaging --------------------------------------------------------------------------- */

/* How many source pixels one output pixel is apart from the next, at the centre. */
static float spread_of(const float along[3], const float w[3], const asl__canvas *out)
{
    const float x = (float)(out->width - 1) / 2, y = (float)(out->height - 1) / 2;
    const float at = along[0] * x + along[1] * y + along[2];
    const float over = w[0] * x + w[1] * y + w[2];
    const float dx = along[0] - at * w[0] / over, dy = along[1] - at * w[1] / over;
    return __builtin_sqrtf(dx * dx + dy * dy) / over;
}

static void add_row(uint32_t *restrict sums, const uint8_t *restrict row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += row[i];
}

/* From sums over columns to averages over blocks. The product is exact up to an area of 4096. */
static void average_blocks(uint8_t *out, const uint32_t *sums, int32_t width, int32_t block,
                           uint32_t area)
{
    const uint64_t share = ((uint64_t)1 << 32) / area + 1;
    for (int32_t x = 0; x < width; x++, out += 3) {
        uint32_t total[3] = {area / 2, area / 2, area / 2};
        for (int32_t i = 0; i < block; i++, sums += 3)
            for (int32_t c = 0; c < 3; c++)
                total[c] += sums[c];
        for (int32_t c = 0; c < 3; c++)
            out[c] = (uint8_t)(total[c] * share >> 32);
    }
}

static asl_status shrink(pixels *out, asl__scratch *scratch, const asl_image_view *view,
                         int32_t block_width, int32_t block_height, asl_error *err)
{
    const int32_t width = view->width / block_width, height = view->height / block_height;
    const size_t row_bytes = (size_t)width * 3, source_bytes = row_bytes * (size_t)block_width;
    const uint32_t area = (uint32_t)block_width * (uint32_t)block_height;
    const size_t size = source_bytes * (sizeof(uint32_t) + 1) + row_bytes * (size_t)height;
    uint32_t *sums = asl__scratch_room(scratch, size);
    if (sums == NULL)
        return asl__fail_memory(err, "varying a picture");
    uint8_t *row = (uint8_t *)(sums + source_bytes), *to = row + source_bytes;
    *out = (pixels){
        to,
        (int64_t)row_bytes,
        width,
        height,
        {(float)view->width / (float)block_width, (float)view->height / (float)block_height}};
    for (int32_t y = 0; y < height; y++, to += row_bytes) {
        memset(sums, 0, source_bytes * sizeof *sums);
        for (int32_t i = 0; i < block_height; i++) {
            const int32_t at = y * block_height + i;
            const uint8_t *from = view->pixels + view->stride * at;
            if (view->format != ASL_FORMAT_RGB24) {
                asl__rgb_row(row, view, 0, at, width * block_width);
                from = row;
            }
            add_row(sums, from, source_bytes);
        }
        average_blocks(to, sums, width, block_width, area);
    }
    return ASL_OK;
}

enum { LARGEST_BLOCK = 64 };

static int32_t block_for(float spread, int32_t side)
{
    const int32_t most = side < LARGEST_BLOCK ? side : LARGEST_BLOCK;
    return spread < 2 ? 1 : spread < (float)most ? (int32_t)spread : most;
}

/* --- gather ------------------------------------------------------------------------------ */

/* Positions in 1/256 pixel. */
enum { ONE = 256, BATCH = 32, OUTSIDE = -1 };

/* The positions of a stretch of one output row. */
typedef struct positions {
    int32_t x[BATCH], y[BATCH], count;
} positions;

static void find_positions(positions *out, const map *m, int32_t x, int32_t y)
{
    const float row = (float)y;
    const float round = 12582912.0F; /* 1.5 * 2^23: floats of this size are whole numbers */
    const float base_x = m->x[1] * row + m->x[2], base_y = m->y[1] * row + m->y[2];
    const float base_w = m->w[1] * row + m->w[2];
    for (int32_t i = 0; i < out->count; i++) {
        const float column = (float)(x + i), over = ONE / (m->w[0] * column + base_w);
        out->x[i] = (int32_t)((m->x[0] * column + base_x) * over + round) - (int32_t)round;
        out->y[i] = (int32_t)((m->y[0] * column + base_y) * over + round) - (int32_t)round;
    }
}

/* Folds a position back and forth between the edges, which lie half a pixel outside. */
static int32_t reflected(int32_t at, int32_t side)
{
    const int32_t length = side * ONE;
    int32_t rest = (at + ONE / 2) % (2 * length);
    if (rest < 0)
        rest += 2 * length;
    if (rest >= length)
        rest = 2 * length - 1 - rest;
    return rest - ONE / 2;
}

static int32_t clamped(int32_t at, int32_t most)
{
    return at < 0 ? 0 : at > most ? most : at;
}

static bool lies_inside(int32_t at, int32_t side, int32_t margin)
{
    return at >= margin && at <= (side - 1) * ONE - margin;
}

/* A stretch is a straight line in the source, too: when its ends lie two pixels inside, all of it
 * lies at least one, as rounding is worth far less than a pixel. */
static bool all_inside(const positions *at, const pixels *from)
{
    const int32_t last = at->count - 1, margin = 2 * ONE;
    return lies_inside(at->x[0], from->width, margin) &&
           lies_inside(at->x[last], from->width, margin) &&
           lies_inside(at->y[0], from->height, margin) &&
           lies_inside(at->y[last], from->height, margin);
}

/* Moves what is outside inside, or marks it. */
static void treat_border(positions *at, const pixels *from, int32_t border)
{
    /* One step short of the last pixel, so that it has a right and a lower neighbour. */
    const int32_t right = from->width > 1 ? (from->width - 1) * ONE - 1 : 0;
    const int32_t bottom = from->height > 1 ? (from->height - 1) * ONE - 1 : 0;
    for (int32_t i = 0; i < at->count; i++) {
        const bool outside = !lies_inside(at->x[i], from->width, -ONE / 2) ||
                             !lies_inside(at->y[i], from->height, -ONE / 2);
        if (outside && border == ASL__BORDER_REFLECT) {
            at->x[i] = reflected(at->x[i], from->width);
            at->y[i] = reflected(at->y[i], from->height);
        }
        at->x[i] = clamped(at->x[i], right);
        at->y[i] = clamped(at->y[i], bottom);
        if (outside && border == ASL__BORDER_FILL)
            at->x[i] = OUTSIDE;
    }
}

/* Four pixels of four bytes, two in each lane: what is done to the high and the low byte is the
 * same, so the order of bytes does not matter. */
typedef uint16_t lanes __attribute__((vector_size(16)));
enum { LANES = BATCH / 4 };

/* The four neighbours of each position, and the positions' fractions once for each lane. */
typedef struct corners {
    lanes pixel[4][LANES], x[LANES], y[LANES];
} corners;

static void set_fractions(corners *out, const positions *at)
{
    for (size_t i = 0; i < (size_t)at->count; i++) {
        const uint32_t x = (uint32_t)at->x[i] % ONE * 0x10001,
                       y = (uint32_t)at->y[i] % ONE * 0x10001;
        memcpy((uint8_t *)out->x + 4 * i, &x, 4);
        memcpy((uint8_t *)out->y + 4 * i, &y, 4);
    }
}

/* Takes `bytes` of each neighbour: 4 are faster, and 3 end where the picture ends. */
static inline void fetch(corners *out, const positions *at, const pixels *from, size_t bytes)
{
    uint8_t *const a = (uint8_t *)out->pixel[0], *const b = (uint8_t *)out->pixel[1];
    uint8_t *const c = (uint8_t *)out->pixel[2], *const d = (uint8_t *)out->pixel[3];
    const uint8_t *rgb = from->rgb;
    const int64_t stride = from->stride, below = from->height > 1 ? stride : 0;
    const int64_t right = from->width > 1 ? 3 : 0;
    for (size_t i = 0; i < (size_t)at->count; i++) {
        /* The mark OUTSIDE looks at the first pixel of its row. */
        const uint32_t column = at->x[i] < 0 ? 0 : (uint32_t)at->x[i] / ONE,
                       row = (uint32_t)at->y[i] / ONE;
        const uint8_t *pixel = rgb + row * stride + column * 3;
        memcpy(a + 4 * i, pixel, bytes);
        memcpy(b + 4 * i, pixel + right, bytes);
        memcpy(c + 4 * i, pixel + below, bytes);
        memcpy(d + 4 * i, pixel + below + right, bytes);
    }
}

/* Blends into pixel[0]. */
static void blend(corners *c)
{
    for (int32_t i = 0; i < LANES; i++) {
        const lanes x = c->x[i], y = c->y[i], both = (x * y + ONE / 2) / ONE;
        const lanes weights[4] = {ONE - x - y + both, x - both, y - both, both};
        lanes high = {0}, low = {0}; /* at most 255 * ONE: the weights are ONE together */
        for (int32_t k = 0; k < 4; k++) {
            high += c->pixel[k][i] / 256 * weights[k];
            low += c->pixel[k][i] % 256 * weights[k];
        }
        c->pixel[0][i] = (high + ONE / 2) / ONE * 256 + (low + ONE / 2) / ONE;
    }
}

static void store(uint8_t *out, const corners *c, const positions *at, const uint8_t fill[3])
{
    const uint8_t *pixel = (const uint8_t *)c->pixel[0];
    for (size_t i = 0; i < (size_t)at->count; i++)
        memcpy(out + 3 * i, at->x[i] == OUTSIDE ? fill : pixel + 4 * i, 3);
}

asl_status asl__augment_gather(const asl__canvas *out, asl__augment_scratch *scratch,
                               const asl_image_view *view, const asl__recipe *recipe,
                               asl_error *err)
{
    asl_status status = ASL_OK;
    pixels from = {view->pixels,
                   view->stride,
                   view->width,
                   view->height,
                   {(float)view->width, (float)view->height}};
    positions at;
    corners neighbours = {0};
    if (is_plain(recipe))
        return asl__resize_rgb_in(&scratch->resize, out->rgb, out->width, out->height, view, NULL,
                                  err);
    map m = make_map(recipe, out, &from);
    const int32_t block_width = block_for(spread_of(m.x, m.w, out), view->width);
    const int32_t block_height = block_for(spread_of(m.y, m.w, out), view->height);
    if (block_width > 1 || block_height > 1 || view->format != ASL_FORMAT_RGB24) {
        ASL__TRY(shrink(&from, &scratch->source, view, block_width, block_height, err));
        m = make_map(recipe, out, &from);
    }
    uint8_t *to = out->rgb;
    for (int32_t y = 0; y < out->height; y++)
        for (int32_t x = 0; x < out->width; x += BATCH) {
            at.count = out->width - x < BATCH ? out->width - x : BATCH;
            find_positions(&at, &m, x, y);
            if (all_inside(&at, &from)) {
                fetch(&neighbours, &at, &from, 4);
            } else {
                treat_border(&at, &from, recipe->border);
                fetch(&neighbours, &at, &from, 3);
            }
            set_fractions(&neighbours, &at);
            blend(&neighbours);
            store(to, &neighbours, &at, recipe->fill);
            to += (size_t)at.count * 3;
        }
fail:
    return status;
}
