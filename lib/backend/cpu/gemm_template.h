/* SPDX-License-Identifier: MIT */
/* Matrix product on register tiles of TILE_ROWS x columns. Included by kernels_template.h. */

#if ASL_SIMD == 16
#define TILE_ROWS    14 /* 28 of 32 registers accumulate, 2 hold B */
#define GEMM_COLUMNS 32
#elif ASL_SIMD == 8
#define TILE_ROWS    6 /* 12 of 16 registers accumulate, 2 hold B */
#define GEMM_COLUMNS 16
#else
#define TILE_ROWS    3 /* 12 of 16 registers accumulate, 4 hold B */
#define GEMM_COLUMNS 16
#endif
#define MOST_VECTORS (GEMM_COLUMNS / ASL_SIMD)

/* rows and vectors are constants wherever this is called, so that every loop over them unrolls and
 * the sums stay in registers. Each element is summed in the order of k, whatever the tile. */
ALWAYS_INLINE void gemm_tile(const asl__gemm *g, float *c, const float *a, int rows, int vectors)
{
    vec sum[TILE_ROWS][MOST_VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            sum[r][v] = g->accumulate ? load(c + r * g->c_stride + v * ASL_SIMD) : (vec){0};
    const float *b = g->b;
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
#if TILE_ROWS == 14
            TILE_CASE(14)
            TILE_CASE(13)
            TILE_CASE(12)
            TILE_CASE(11)
            TILE_CASE(10)
            TILE_CASE(9)
            TILE_CASE(8)
            TILE_CASE(7)
#endif
#if TILE_ROWS >= 6
            TILE_CASE(6)
            TILE_CASE(5)
            TILE_CASE(4)
#endif
            TILE_CASE(3)
            TILE_CASE(2)
            TILE_CASE(1)
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
