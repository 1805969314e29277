/* SPDX-License-Identifier: MIT */
/* AVX512-BF16: a pair of products in the place of each float. */
#include <immintrin.h>

#include "kernels/peak.h"

double peak_avx512_bf16(float *factor, int64_t rounds)
{
    enum { VECTORS = 14 };
    const __m512bh times = _mm512_cvtne2ps_pbh(_mm512_set1_ps(*factor), _mm512_set1_ps(*factor));
    __m512 sum[VECTORS], total = _mm512_setzero_ps();
    for (int v = 0; v < VECTORS; v++)
        sum[v] = _mm512_set1_ps((float)v);
    for (int64_t round = 0; round < rounds; round++)
#pragma GCC unroll 14
        for (int v = 0; v < VECTORS; v++)
            sum[v] = _mm512_dpbf16_ps(sum[v], times, times);
    for (int v = 0; v < VECTORS; v++)
        total = _mm512_add_ps(total, sum[v]);
    *factor = _mm512_reduce_add_ps(total) > 0.0f ? *factor : 0.0f;
    return 2.0 * VECTORS * 32 * (double)rounds;
}
