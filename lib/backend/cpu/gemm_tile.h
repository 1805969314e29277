/* SPDX-License-Identifier: MIT */
/* The register tiles of matrix products, for a vector of ASL_SIMD floats. */
#ifndef ASL_BACKEND_CPU_GEMM_TILE_H
#define ASL_BACKEND_CPU_GEMM_TILE_H

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

/* X(n) for every number of rows that a tile can have. */
#if TILE_ROWS == 14
#define FOR_TILE_ROWS(X) X(14) X(13) X(12) X(11) X(10) X(9) X(8) X(7) X(6) X(5) X(4) X(3) X(2) X(1)
#elif TILE_ROWS == 6
#define FOR_TILE_ROWS(X) X(6) X(5) X(4) X(3) X(2) X(1)
#else
#define FOR_TILE_ROWS(X) X(3) X(2) X(1)
#endif

#endif
