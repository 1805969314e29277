/* SPDX-License-Identifier: MIT */
/* Kernels for AVX2 with FMA. */
#include <immintrin.h>

#define ASL_SIMD           8
#define ASL_SIMD_MAX(a, b) ((vec)_mm256_max_ps((__m256)(a), (__m256)(b)))
#include "backend/cpu/kernels_template.h"

void asl__cpu_kernels_avx2(asl__cpu_kernels *table)
{
    fill_table(table, "avx2");
}
