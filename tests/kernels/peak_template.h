/* SPDX-License-Identifier: MIT */
/* The loop of peak.h for vectors of ASL_SIMD floats. */
#include "backend/cpu/simd.h"
#include "kernels/peak.h"

ALWAYS_INLINE double peak(float *factor, int64_t rounds)
{
    enum { VECTORS = 14 };
    const vec times = splat(*factor), term = splat(1.0f - *factor);
    vec sum[VECTORS], total = {0};
    for (int v = 0; v < VECTORS; v++)
        sum[v] = splat((float)v);
    for (int64_t round = 0; round < rounds; round++)
#pragma GCC unroll 14
        for (int v = 0; v < VECTORS; v++)
            sum[v] = sum[v] * times + term;
    for (int v = 0; v < VECTORS; v++)
        total += sum[v];
    *factor = total[0] > 0.0f ? *factor : 0.0f;
    return 2.0 * VECTORS * ASL_SIMD * (double)rounds;
}
