/* SPDX-License-Identifier: MIT */
/* The numbers that tensors hold. All rounding is to nearest, ties to even, but for TF32, which a
 * device makes with ties away from zero. */
#include "internal.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint16_t to_bf16(float value)
{
    const uint32_t bits = bits_of(value);
    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* From binary64 directly: 10 bits of mantissa, exponents -14 to 15, subnormals below. */
static uint16_t to_half(double value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const double size = fabs(value);
    if (isnan(value))
        return (uint16_t)(sign | 0x7e00);
    if (size >= 65520)
        return (uint16_t)(sign | 0x7c00);
    int exponent = -14;
    if (size >= ldexp(1, -14))
        (void)frexp(size, &exponent), exponent--;
    /* 1024..2048 units in the last place, or fewer when subnormal; a carry goes into the exponent
     * by itself. */
    const double units = nearbyint(ldexp(size, 10 - exponent));
    return (uint16_t)(sign | ((exponent + 14) * 1024 + (int)units));
}

static double from_half(uint16_t half)
{
    const int exponent = half >> 10 & 31, mantissa = half & 1023;
    double size =
        ldexp(exponent > 0 ? 1024 + mantissa : mantissa, (exponent > 0 ? exponent : 1) - 15 - 10);
    if (exponent == 31)
        size = mantissa == 0 ? (double)INFINITY : (double)NAN;
    return half & 0x8000 ? -size : size;
}

size_t emulation__size_of(cudaDataType type)
{
    return type == CUDA_R_32F ? 4 : type == CUDA_R_16BF || type == CUDA_R_16F ? 2 : 0;
}

double emulation__load(const void *from, size_t index, cudaDataType type)
{
    if (type == CUDA_R_32F)
        return (double)((const float *)from)[index];
    const uint16_t half = ((const uint16_t *)from)[index];
    return type == CUDA_R_16BF ? (double)float_of((uint32_t)half << 16) : from_half(half);
}

void emulation__store(void *to, size_t index, cudaDataType type, double value)
{
    if (type == CUDA_R_32F)
        ((float *)to)[index] = (float)value;
    else
        ((uint16_t *)to)[index] = type == CUDA_R_16BF ? to_bf16((float)value) : to_half(value);
}

double emulation__round(double value, cudaDataType type)
{
    float room = 0; /* aligned for all of them */
    emulation__store(&room, 0, type, value);
    return emulation__load(&room, 0, type);
}

double emulation__round_tf32(double value)
{
    const float single = (float)value;
    if (!isfinite(single))
        return value;
    return (double)float_of((bits_of(single) + 0x1000) & ~(uint32_t)0x1fff);
}
