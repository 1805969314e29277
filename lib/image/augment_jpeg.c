/* SPDX-License-Identifier: MIT */
/* What JPEG does to a picture, without writing one: colour at half the size, blocks of 8x8 as
 * cosines (ITU-T T.81), rounded to multiples of the tables of its annex K. */
#include "image/augment.h"

enum { SIDE = 8, HALF = 4, CELL = 2 * SIDE };

/* Four columns at once. A block's columns are in the order 0 1 2 3 7 6 5 4, and its cosines, both
 * ways, in the order 0 2 4 6 1 3 5 7: even ones come from sums of mirrored columns, odd ones from
 * differences, so that each takes four products instead of eight. */
typedef float quad __attribute__((vector_size(16)));

typedef struct block {
    quad at[SIDE][2];
} block;

static const int32_t column_order[SIDE] = {0, 1, 2, 3, 7, 6, 5, 4};
static const int32_t cosine_order[SIDE] = {0, 2, 4, 6, 1, 3, 5, 7};

/* Row k, column i: sqrt(2/8) cos((2 i + 1) k pi / 16), the first row divided by sqrt 2. */
static const quad even[HALF] = {{0.35355339F, 0.35355339F, 0.35355339F, 0.35355339F},
                                {0.46193977F, 0.19134172F, -0.19134172F, -0.46193977F},
                                {0.35355339F, -0.35355339F, -0.35355339F, 0.35355339F},
                                {0.19134172F, -0.46193977F, 0.46193977F, -0.19134172F}};
static const quad odd[HALF] = {{0.49039264F, 0.41573481F, 0.27778512F, 0.09754516F},
                               {0.41573481F, -0.09754516F, -0.49039264F, -0.27778512F},
                               {0.27778512F, -0.49039264F, 0.09754516F, 0.41573481F},
                               {0.09754516F, -0.27778512F, 0.41573481F, -0.49039264F}};
/* With rows and columns exchanged; of the odd ones that makes no difference. */
static const quad even_columns[HALF] = {{0.35355339F, 0.46193977F, 0.35355339F, 0.19134172F},
                                        {0.35355339F, 0.19134172F, -0.35355339F, -0.46193977F},
                                        {0.35355339F, -0.19134172F, -0.35355339F, 0.46193977F},
                                        {0.35355339F, -0.46193977F, 0.35355339F, -0.19134172F}};
/* Annex K: brightness, then colour. */
static const uint8_t annex_k[2][SIDE][SIDE] = {
    {{16, 11, 10, 16, 24, 40, 51, 61},
     {12, 12, 14, 19, 26, 58, 60, 55},
     {14, 13, 16, 24, 40, 57, 69, 56},
     {14, 17, 22, 29, 51, 87, 80, 62},
     {18, 22, 37, 56, 68, 109, 103, 77},
     {24, 35, 55, 64, 81, 104, 113, 92},
     {49, 64, 78, 87, 103, 121, 120, 101},
     {72, 92, 95, 98, 112, 100, 103, 99}},
    {{17, 18, 24, 47, 99, 99, 99, 99},
     {18, 21, 26, 66, 99, 99, 99, 99},
     {24, 26, 56, 99, 99, 99, 99, 99},
     {47, 66, 99, 99, 99, 99, 99, 99},
     {99, 99, 99, 99, 99, 99, 99, 99},
     {99, 99, 99, 99, 99, 99, 99, 99},
     {99, 99, 99, 99, 99, 99, 99, 99},
     {99, 99, 99, 99, 99, 99, 99, 99}},
};

/* The steps to round to and their inverses, in the order of the cosines. */
typedef struct steps {
    block size, inverse;
} steps;

/* As libjpeg scales them: 50 is the table itself, 100 all ones. */
static void make_steps(steps *out, const uint8_t table[SIDE][SIDE], int32_t quality)
{
    const int32_t percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int32_t i = 0; i < SIDE; i++)
        for (int32_t j = 0; j < SIDE; j++) {
            const int32_t wanted = (table[cosine_order[i]][cosine_order[j]] * percent + 50) / 100;
            const int32_t step = wanted < 1 ? 1 : wanted > 255 ? 255 : wanted;
            out->size.at[i][j / HALF][j % HALF] = (float)step;
            out->inverse.at[i][j / HALF][j % HALF] = 1 / (float)step;
        }
}

static inline void combine(quad *out, const quad *weights, const quad in[HALF])
{
    const quad w = *weights;
    *out = w[0] * in[0] + w[1] * in[1] + w[2] * in[2] + w[3] * in[3];
}

static void transform(block *b)
{
    for (int32_t half = 0; half < 2; half++) {
        quad sum[HALF], difference[HALF];
        for (int32_t i = 0; i < HALF; i++) {
            sum[i] = b->at[i][half] + b->at[SIDE - 1 - i][half];
            difference[i] = b->at[i][half] - b->at[SIDE - 1 - i][half];
        }
        for (int32_t k = 0; k < HALF; k++) {
            combine(&b->at[k][half], &even[k], sum);
            combine(&b->at[HALF + k][half], &odd[k], difference);
        }
    }
    for (int32_t row = 0; row < SIDE; row++) {
        const quad sum = b->at[row][0] + b->at[row][1];
        const quad difference = b->at[row][0] - b->at[row][1];
        combine(&b->at[row][0], &sum, even_columns);
        combine(&b->at[row][1], &difference, odd);
    }
}

static void transform_back(block *b)
{
    for (int32_t row = 0; row < SIDE; row++) {
        quad sum, difference;
        combine(&sum, &b->at[row][0], even);
        combine(&difference, &b->at[row][1], odd);
        b->at[row][0] = sum + difference;
        b->at[row][1] = sum - difference;
    }
    for (int32_t half = 0; half < 2; half++) {
        quad evens[HALF], odds[HALF], sum, difference;
        for (int32_t k = 0; k < HALF; k++) {
            evens[k] = b->at[k][half];
            odds[k] = b->at[HALF + k][half];
        }
        for (int32_t i = 0; i < HALF; i++) {
            combine(&sum, &even_columns[i], evens);
            combine(&difference, &odd[i], odds);
            b->at[i][half] = sum + difference;
            b->at[SIDE - 1 - i][half] = sum - difference;
        }
    }
}

static void compress(block *b, const steps *s)
{
    const float round = 12582912.0F; /* 1.5 * 2^23: floats of this size are whole numbers */
    transform(b);
    for (int32_t i = 0; i < SIDE; i++)
        for (int32_t half = 0; half < 2; half++) {
            const quad multiple = b->at[i][half] * s->inverse.at[i][half];
            b->at[i][half] = (multiple + round - round) * s->size.at[i][half];
        }
    transform_back(b);
}

/* Brightness in four blocks, colour in two, of 16x16 pixels. */
typedef struct cell {
    block y[4], cb, cr;
} cell;

static float *value_at(block *b, int32_t x, int32_t y)
{
    return (float *)(void *)b->at[y] + column_order[x];
}

static float *bright_at(cell *c, int32_t x, int32_t y)
{
    return value_at(&c->y[y / SIDE * 2 + x / SIDE], x % SIDE, y % SIDE);
}

/* Beyond the canvas its edge is repeated. */
static void load_cell(cell *out, const asl__canvas *canvas, int32_t left, int32_t top)
{
    const int32_t right = canvas->width - 1 - left, bottom = canvas->height - 1 - top;
    const uint8_t *first = canvas->rgb + ((size_t)top * (size_t)canvas->width + (size_t)left) * 3;
    for (int32_t i = 0; i < CELL; i += 2)
        for (int32_t j = 0; j < CELL; j += 2) {
            float blue = 0, red = 0;
            for (int32_t k = 0; k < 4; k++) {
                const int32_t x = j + k % 2, y = i + k / 2;
                const int32_t row = y < bottom ? y : bottom, column = x < right ? x : right;
                const uint8_t *rgb =
                    first + ((size_t)row * (size_t)canvas->width + (size_t)column) * 3;
                const float luma = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
                *bright_at(out, x, y) = luma - 128;
                red += rgb[0] - luma;
                blue += rgb[2] - luma;
            }
            *value_at(&out->cr, j / 2, i / 2) = red * (0.25F / 1.402F);
            *value_at(&out->cb, j / 2, i / 2) = blue * (0.25F / 1.772F);
        }
}

static uint8_t level(float value)
{
    const float least = value < 0 ? 0 : value, most = least > 255 ? 255 : least;
    return (uint8_t)(int32_t)(most + 0.5F);
}

static void store_cell(const asl__canvas *canvas, cell *from, int32_t left, int32_t top)
{
    const int32_t rows = canvas->height - top < CELL ? canvas->height - top : CELL;
    const int32_t columns = canvas->width - left < CELL ? canvas->width - left : CELL;
    for (int32_t i = 0; i < rows; i++) {
        uint8_t *rgb = canvas->rgb + ((size_t)(top + i) * (size_t)canvas->width + (size_t)left) * 3;
        for (int32_t j = 0; j < columns; j++, rgb += 3) {
            const float y = *bright_at(from, j, i) + 128;
            const float cb = *value_at(&from->cb, j / 2, i / 2);
            const float cr = *value_at(&from->cr, j / 2, i / 2);
            rgb[0] = level(y + 1.402F * cr);
            rgb[1] = level(y - 0.344136F * cb - 0.714136F * cr);
            rgb[2] = level(y + 1.772F * cb);
        }
    }
}

void asl__augment_jpeg(const asl__canvas *canvas, int32_t quality)
{
    steps bright, colour;
    cell part;
    make_steps(&bright, annex_k[0], quality);
    make_steps(&colour, annex_k[1], quality);
    for (int32_t top = 0; top < canvas->height; top += CELL)
        for (int32_t left = 0; left < canvas->width; left += CELL) {
            load_cell(&part, canvas, left, top);
            for (int32_t i = 0; i < 4; i++)
                compress(&part.y[i], &bright);
            compress(&part.cb, &colour);
            compress(&part.cr, &colour);
            store_cell(canvas, &part, left, top);
        }
}
