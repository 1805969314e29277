/* SPDX-License-Identifier: MIT */
/* Kernels for AVX-512. */
#include <immintrin.h>

#define ASL_SIMD           16
#define ASL_SIMD_MAX(a, b) ((vec)_mm512_max_ps((__m512)(a), (__m512)(b)))
#include "backend/cpu/kernels_template.h"

void asl__cpu_kernels_avx512(asl__cpu_kernels *table)
{
    fill_table(table, "avx512");
}
