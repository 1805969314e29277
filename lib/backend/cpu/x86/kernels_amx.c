/* SPDX-License-Identifier: MIT */
/* The product of bfloat16 numbers on the tiles of AMX: 32 rows of A by 32 columns of B at a time,
 * as 2 x 2 tiles of sums. A row of A is read with the stride of its pixels, so that the windows of
 * a convolution need not be laid out first. */
#ifndef ASL_EMULATED_TILES /* tests/kernels/tiles.c brings its own, for processors without */
#include <immintrin.h>
#endif
#include <stdbool.h>

#include "backend/cpu/kernels.h"

/* The intrinsics want numbers, not names. */
#define UPPER_LEFT  0
#define UPPER_RIGHT 1
#define LOWER_LEFT  2
#define LOWER_RIGHT 3
#define A_UPPER     4
#define A_LOWER     5
#define B_LEFT      6
#define B_RIGHT     7

enum { TILES = 8, ROWS = 16, ROW_BYTES = 64, COLUMNS = 16 };

/* What ldtilecfg reads. */
typedef struct shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} shapes;

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Tiles for `rows` rows of A, 1 to 32. */
static void configure(int32_t rows)
{
    const uint8_t upper = (uint8_t)smaller(rows, ROWS);
    const uint8_t lower = (uint8_t)(rows > ROWS ? rows - ROWS : ROWS);
    shapes s = {.palette = 1, .rows = {upper, upper, lower, lower, upper, lower, ROWS, ROWS}};
    for (int i = 0; i < TILES; i++)
        s.row_bytes[i] = ROW_BYTES;
    _tile_loadconfig(&s);
}

/* lower: there are more than 16 rows; right: more than 16 columns. Both are constants wherever this
 * is called. */
static inline __attribute__((always_inline)) void
multiply(const asl__gemm_bf16 *g, const uint16_t *a, float *c, const bool lower, const bool right)
{
    const int32_t inner = asl__cpu_bf16_inner(g->terms);
    const size_t a_bytes = (size_t)g->row_stride * sizeof *a, b_bytes = (size_t)g->columns * 4;
    const size_t c_bytes = (size_t)g->c_stride * sizeof *c;
    const uint16_t *b = g->b;
    _tile_zero(UPPER_LEFT);
    _tile_zero(UPPER_RIGHT);
    _tile_zero(LOWER_LEFT);
    _tile_zero(LOWER_RIGHT);
    for (int32_t outer = 0; outer < g->outer; outer++) {
        const uint16_t *p = a + outer * g->outer_stride;
        for (int32_t i = 0; i < inner; i += ASL__CPU_BF16_TERMS, p += ASL__CPU_BF16_TERMS) {
            _tile_loadd(B_LEFT, b, b_bytes);
            _tile_loadd(A_UPPER, p, a_bytes);
            _tile_dpbf16ps(UPPER_LEFT, A_UPPER, B_LEFT);
            if (right) {
                _tile_loadd(B_RIGHT, b + 2 * COLUMNS, b_bytes);
                _tile_dpbf16ps(UPPER_RIGHT, A_UPPER, B_RIGHT);
            }
            if (lower) {
                _tile_loadd(A_LOWER, p + ROWS * g->row_stride, a_bytes);
                _tile_dpbf16ps(LOWER_LEFT, A_LOWER, B_LEFT);
            }
            if (lower && right)
                _tile_dpbf16ps(LOWER_RIGHT, A_LOWER, B_RIGHT);
            b += ASL__CPU_BF16_TERMS * g->columns;
        }
    }
    _tile_stored(UPPER_LEFT, c, c_bytes);
    if (right)
        _tile_stored(UPPER_RIGHT, c + COLUMNS, c_bytes);
    if (lower)
        _tile_stored(LOWER_LEFT, c + ROWS * g->c_stride, c_bytes);
    if (lower && right)
        _tile_stored(LOWER_RIGHT, c + ROWS * g->c_stride + COLUMNS, c_bytes);
}

/* The tiles are released at the end, lest the system save them at every switch of threads. */
static void gemm_bf16(const asl__gemm_bf16 *g)
{
    const bool right = g->columns > COLUMNS;
    const uint16_t *a = g->a;
    float *c = g->c;
    int32_t configured = 0;
    for (int32_t left = g->rows; left > 0; left -= 2 * ROWS) {
        const int32_t rows = smaller(left, 2 * ROWS);
        if (rows != configured)
            configure(configured = rows);
        if (rows > ROWS && right)
            multiply(g, a, c, true, true);
        else if (rows > ROWS)
            multiply(g, a, c, true, false);
        else if (right)
            multiply(g, a, c, false, true);
        else
            multiply(g, a, c, false, false);
        a += 2 * ROWS * g->row_stride;
        c += 2 * ROWS * g->c_stride;
    }
    _tile_release();
}

void asl__cpu_kernels_amx(asl__cpu_kernels *table)
{
    table->isa = "amx";
    table->bf16 = ASL__BF16_TILES;
    table->gemm_bf16 = gemm_bf16;
}
