/* SPDX-License-Identifier: MIT */
/* The product of bfloat16 numbers with AVX512-BF16, where the processor has it beside AVX-512. */
#include <immintrin.h>

#include "backend/cpu/kernels.h"

#define ASL_SIMD 16
#define ASL_SIMD_ADD_PAIRS(sum, a, b)                                                              \
    ((vec)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(a), (__m512bh)(b)))
#include "backend/cpu/simd.h"

#include "backend/cpu/gemm_bf16_template.h"

void asl__cpu_kernels_avx512_bf16(asl__cpu_kernels *table)
{
    table->bf16 = ASL__BF16_PAIRS;
    table->gemm_bf16 = gemm_bf16;
}
