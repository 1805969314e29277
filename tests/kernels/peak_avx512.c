/* SPDX-License-Identifier: MIT */
/* AVX-512. */
#define ASL_SIMD 16
#include "kernels/peak_template.h"

double peak_avx512(float *factor, int64_t rounds)
{
    return peak(factor, rounds);
}
