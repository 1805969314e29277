/* SPDX-License-Identifier: MIT */
/* Weights as narrower numbers: IEEE 754 halves by hand, since not every compiler has the type, and
 * 8-bit steps of a scale. */
#include "model/narrow.h"

#include <float.h>
#include <math.h>
#include <string.h>

uint16_t asl__half_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000) /* not a number */
        return (uint16_t)(sign | 0x7e00);
    if (size >= 0x477ff000) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (size < 0x38800000) { /* below 2^-14: steps of 2^-24 */
        const double steps = (double)fabsf(value) * 0x1p24;
        const double whole = floor(steps), rest = steps - whole;
        const uint32_t count = (uint32_t)whole;
        return (uint16_t)(sign | (count + (rest > 0.5 || (rest >= 0.5 && count % 2 == 1))));
    }
    /* 13 bits go; adding just under a half of them, or a half to odd ones, carries as it should. */
    const uint32_t rounded = size + 0xfff + (size >> 13 & 1);
    return (uint16_t)(sign | (rounded - 0x38000000) >> 13);
}

float asl__half_to_float(uint16_t half)
{
    const int exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    float size;
    if (exponent == 0x1f)
        size = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        size = ldexpf((float)fraction, -24);
    else
        size = ldexpf((float)(fraction | 0x400), exponent - 25);
    return half & 0x8000 ? -size : size;
}

float asl__steps_scale(const float *values, size_t count)
{
    enum { DIGITS = FLT_MANT_DIG - 7 }; /* a step count has seven */
    float largest = 0;
    int exponent;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    /* The smallest normal number also serves channels of zeros. */
    const double wanted = fmax((double)largest / ASL__MOST_STEPS, (double)FLT_MIN);
    const double fraction = frexp(wanted, &exponent);
    const double scale = ldexp(ceil(ldexp(fraction, DIGITS)), exponent - DIGITS);
    return scale * ASL__MOST_STEPS > (double)FLT_MAX ? INFINITY : (float)scale;
}

void asl__to_steps(int8_t *steps, const float *values, size_t count, float scale)
{
    for (size_t i = 0; i < count; i++)
        steps[i] = (int8_t)round((double)values[i] / (double)scale);
}
