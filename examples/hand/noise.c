/* SPDX-License-Identifier: MIT */
/* Value noise: random numbers on a grid, blended smoothly. */
#include "noise.h"

/* Grid coordinates are small: 21 bits each keep them apart. */
static float corner(int x, int y, uint64_t z)
{
    const uint64_t key = ((uint64_t)(uint32_t)x << 42) ^ ((uint64_t)((uint32_t)y & 0x1fffff) << 21);
    return (float)(hash64((key ^ z) * 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24f;
}

static float fade(float t)
{
    return t * t * (3.0f - 2.0f * t);
}

float noise2(float x, float y, uint64_t pattern)
{
    const float fx = floorf(x), fy = floorf(y);
    const float u = fade(x - fx), v = fade(y - fy);
    const int ix = (int)fx, iy = (int)fy;
    return mixf(mixf(corner(ix, iy, pattern), corner(ix + 1, iy, pattern), u),
                mixf(corner(ix, iy + 1, pattern), corner(ix + 1, iy + 1, pattern), u), v);
}

float noise3(vec3 p)
{
    const float z = floorf(p.z);
    const uint64_t layer = (uint64_t)((uint32_t)(int)z & 0x1fffff);
    return mixf(noise2(p.x, p.y, layer), noise2(p.x, p.y, layer + 1), fade(p.z - z));
}
