/* SPDX-License-Identifier: MIT */
/* Vectors, rotations and random numbers for drawing hands. Lengths are millimetres, angles radians.
 */
#ifndef EXAMPLES_HAND_GEOM_H
#define EXAMPLES_HAND_GEOM_H

#include <math.h>
#include <stdint.h>

#define SYNTH_PI 3.14159265f

typedef struct vec3 {
    float x, y, z;
} vec3;

/* Columns of a rotation: where the three axes go. */
typedef struct mat3 {
    vec3 x, y, z;
} mat3;

static inline float radians(float degrees)
{
    return degrees * (SYNTH_PI / 180.0f);
}

/* Unlike fmaxf() these need no call, since nothing here is ever NaN. */
static inline float maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float clampf(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static inline float mixf(float a, float b, float t)
{
    return a + (b - a) * t;
}

static inline float smoothf(float low, float high, float value)
{
    const float t = clampf((value - low) / (high - low), 0.0f, 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

static inline vec3 v3(float x, float y, float z)
{
    const vec3 v = {x, y, z};
    return v;
}

static inline vec3 add(vec3 a, vec3 b)
{
    return v3(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline vec3 sub(vec3 a, vec3 b)
{
    return v3(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline vec3 scale(vec3 a, float s)
{
    return v3(a.x * s, a.y * s, a.z * s);
}

static inline vec3 mul(vec3 a, vec3 b)
{
    return v3(a.x * b.x, a.y * b.y, a.z * b.z);
}

static inline float dot(vec3 a, vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline vec3 cross(vec3 a, vec3 b)
{
    return v3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}

static inline float length(vec3 a)
{
    return sqrtf(dot(a, a));
}

static inline vec3 unit(vec3 a)
{
    return scale(a, 1.0f / maxf(length(a), 1e-12f));
}

static inline vec3 mix3(vec3 a, vec3 b, float t)
{
    return add(a, scale(sub(b, a), t));
}

static inline vec3 apply(const mat3 *m, vec3 v)
{
    return add(add(scale(m->x, v.x), scale(m->y, v.y)), scale(m->z, v.z));
}

/* First b, then a. */
static inline mat3 compose(const mat3 *a, const mat3 *b)
{
    const mat3 m = {apply(a, b->x), apply(a, b->y), apply(a, b->z)};
    return m;
}

/* Counter-clockwise turns, looking against the axis. */
static inline mat3 turn_x(float angle)
{
    const float c = cosf(angle), s = sinf(angle);
    const mat3 m = {{1, 0, 0}, {0, c, s}, {0, -s, c}};
    return m;
}

static inline mat3 turn_y(float angle)
{
    const float c = cosf(angle), s = sinf(angle);
    const mat3 m = {{c, 0, -s}, {0, 1, 0}, {s, 0, c}};
    return m;
}

static inline mat3 turn_z(float angle)
{
    const float c = cosf(angle), s = sinf(angle);
    const mat3 m = {{c, s, 0}, {-s, c, 0}, {0, 0, 1}};
    return m;
}

/* SplitMix64 (Steele, Lea, Flood 2014): a finaliser that is also a generator. */
static inline uint64_t hash64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef struct rng {
    uint64_t state;
} rng;

/* Independent sequences for every (seed, stream, index). */
static inline rng rng_make(uint64_t seed, uint64_t stream, uint64_t index)
{
    const rng r = {hash64(hash64(hash64(seed + 0x9e3779b97f4a7c15u) + stream) + index)};
    return r;
}

/* Uniform in [0, 1). */
static inline float rng_unit(rng *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    return (float)(hash64(r->state) >> 40) * 0x1p-24f;
}

static inline float rng_range(rng *r, float low, float high)
{
    return mixf(low, high, rng_unit(r));
}

/* Uniform in 0..count-1. */
static inline int rng_below(rng *r, int count)
{
    return (int)(rng_unit(r) * (float)count);
}

/* About normal (the sum of four uniforms), never beyond 3.5 deviations. */
static inline float rng_normal(rng *r, float deviation)
{
    float sum = -2.0f;
    for (int i = 0; i < 4; i++)
        sum += rng_unit(r);
    return sum * 1.7320508f * deviation;
}

/* Calls within one expression come in no particular order, so vectors are drawn by statements. */
static inline vec3 rng_range3(rng *r, vec3 low, vec3 high)
{
    vec3 v;
    v.x = rng_range(r, low.x, high.x);
    v.y = rng_range(r, low.y, high.y);
    v.z = rng_range(r, low.z, high.z);
    return v;
}

static inline vec3 rng_normal3(rng *r, float deviation)
{
    vec3 v;
    v.x = rng_normal(r, deviation);
    v.y = rng_normal(r, deviation);
    v.z = rng_normal(r, deviation);
    return v;
}

#endif
