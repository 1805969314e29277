/* SPDX-License-Identifier: MIT */
/* AVX2 with FMA. */
#define ASL_SIMD 8
#include "kernels/peak_template.h"

double peak_avx2(float *factor, int64_t rounds)
{
    return peak(factor, rounds);
}
