/* SPDX-License-Identifier: MIT */
/* Matrix product on register tiles of TILE_ROWS x columns. Included by kernels_template.h. */
#include "backend/cpu/gemm_tile.h"

/* rows and vectors are constants wherever these are called, so that every loop over them unrolls
 * and the sums stay in registers. Each element is summed in the order of k, whatever the tile. */
ALWAYS_INLINE void add_products(vec sum[TILE_ROWS][MOST_VECTORS], const asl__gemm *g,
                                const float *a, const float *b, int rows, int vectors)
{
    for (int32_t outer = 0; outer < g->outer; outer++) {
        const float *p = a + outer * g->outer_stride;
        for (int32_t inner = 0; inner < g->inner; inner++) {
            vec bv[MOST_VECTORS];
            for (int v = 0; v < vectors; v++)
                bv[v] = load(b + v * ASL_SIMD);
#pragma GCC unroll 14
            for (int r = 0; r < rows; r++) {
                const vec av = splat(p[r * g->row_stride]);
                for (int v = 0; v < vectors; v++)
                    sum[r][v] += av * bv[v];
            }
            p += g->inner_stride;
            b += g->b_stride;
        }
    }
}

ALWAYS_INLINE void gemm_tile(const asl__gemm *g, float *c, const float *a, int rows, int vectors)
{
    vec sum[TILE_ROWS][MOST_VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = g->accumulate ? load(c + r * g->c_stride + v * ASL_SIMD) : (vec){0};
    for (int32_t n = 0; n <= g->more; n++)
        add_products(sum, g, a + n * g->a_next, g->b + n * g->b_next, rows, vectors);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            store(c + r * g->c_stride + v * ASL_SIMD, sum[r][v]);
}

#define TILE_CASE(n)                                                                               \
    case n:                                                                                        \
        gemm_tile(g, c, a, n, vectors);                                                            \
        break;

ALWAYS_INLINE void gemm_rows(const asl__gemm *g, int vectors)
{
    float *c = g->c;
    const float *a = g->a;
    for (int32_t left = g->rows; left > 0; left -= TILE_ROWS) {
        switch (left < TILE_ROWS ? left : TILE_ROWS) {
            FOR_TILE_ROWS(TILE_CASE)
        }
        c += TILE_ROWS * g->c_stride;
        a += TILE_ROWS * g->row_stride;
    }
}

static void gemm(const asl__gemm *g)
{
#if GEMM_COLUMNS == 32
    if (g->columns == 32) {
        gemm_rows(g, 2);
        return;
    }
    gemm_rows(g, 1);
#else
    gemm_rows(g, MOST_VECTORS);
#endif
}
