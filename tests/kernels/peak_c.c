/* SPDX-License-Identifier: MIT */
/* Portable, four floats at a time. */
#define ASL_SIMD 4
#include "kernels/peak_template.h"

double peak_c(float *factor, int64_t rounds)
{
    return peak(factor, rounds);
}
