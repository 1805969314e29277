/* SPDX-License-Identifier: MIT */
/* The product of bfloat16 numbers, on the same register tiles as gemm_template.h. A pair of
 * neighbours fills the place of a float, the first in the lower half. A file whose instruction set
 * multiplies pairs defines ASL_SIMD_ADD_PAIRS(sum, a, b) first. */
#include "backend/cpu/gemm_tile.h"

ALWAYS_INLINE ivec load_pairs(const uint16_t *p)
{
    typedef int32_t pairs __attribute__((vector_size(ASL_SIMD * 4), aligned(2), may_alias));
    return *(const pairs *)p;
}

ALWAYS_INLINE ivec splat_pair(const uint16_t *p)
{
    typedef int32_t pair __attribute__((aligned(2), may_alias));
    return *(const pair *)p - (ivec){0};
}

#ifndef ASL_SIMD_ADD_PAIRS
/* The upper half of a float is a bfloat16, so that a shift or a mask makes floats. */
ALWAYS_INLINE vec add_pairs(vec sum, ivec a, ivec b)
{
    const ivec upper = (ivec){0} + (int32_t)0xffff0000;
    sum += (vec)(a << 16) * (vec)(b << 16);
    return sum + (vec)(a & upper) * (vec)(b & upper);
}
#define ASL_SIMD_ADD_PAIRS(sum, a, b) add_pairs(sum, a, b)
#endif

/* rows and vectors are constants wherever this is called. */
ALWAYS_INLINE void bf16_tile(const asl__gemm_bf16 *g, float *c, const uint16_t *a, int rows,
                             int vectors)
{
    const int32_t pairs = (g->terms + 1) / 2;
    const ptrdiff_t step = 2 * (ptrdiff_t)vectors * ASL_SIMD;
    const ptrdiff_t zeros = (asl__cpu_bf16_inner(g->terms) / 2 - pairs) * step;
    const uint16_t *b = g->b;
    vec sum[TILE_ROWS][MOST_VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = (vec){0};
    for (int32_t outer = 0; outer < g->outer; outer++, b += zeros) {
        const uint16_t *p = a + outer * g->outer_stride;
        for (int32_t i = 0; i < pairs; i++, p += 2, b += step) {
            ivec bv[MOST_VECTORS];
            for (int v = 0; v < vectors; v++)
                bv[v] = load_pairs(b + 2 * v * ASL_SIMD);
#pragma GCC unroll 14
            for (int r = 0; r < rows; r++) {
                const ivec av = splat_pair(p + r * g->row_stride);
                for (int v = 0; v < vectors; v++)
                    sum[r][v] = ASL_SIMD_ADD_PAIRS(sum[r][v], av, bv[v]);
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            store(c + r * g->c_stride + v * ASL_SIMD, sum[r][v]);
}

#define BF16_CASE(n)                                                                               \
    case n:                                                                                        \
        bf16_tile(g, c, a, n, vectors);                                                            \
        break;

ALWAYS_INLINE void bf16_rows(const asl__gemm_bf16 *g, int vectors)
{
    float *c = g->c;
    const uint16_t *a = g->a;
    for (int32_t left = g->rows; left > 0; left -= TILE_ROWS) {
        switch (left < TILE_ROWS ? left : TILE_ROWS) {
            FOR_TILE_ROWS(BF16_CASE)
        }
        c += TILE_ROWS * g->c_stride;
        a += TILE_ROWS * g->row_stride;
    }
}

static void gemm_bf16(const asl__gemm_bf16 *g)
{
    if (g->columns == GEMM_COLUMNS)
        bf16_rows(g, MOST_VECTORS);
    else
        bf16_rows(g, ASL__CPU_BLOCK / ASL_SIMD);
}
