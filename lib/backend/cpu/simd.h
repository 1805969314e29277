/* SPDX-License-Identifier: MIT */
/* Vectors of ASL_SIMD floats as the compilers' own vector extension, so that one source serves
 * every instruction set: each file that includes kernels_template.h is built with its own flags
 * and defines ASL_SIMD and ASL_SIMD_MAX first. */
#ifndef ASL_BACKEND_CPU_SIMD_H
#define ASL_BACKEND_CPU_SIMD_H

#include <stdint.h>

typedef float vec __attribute__((vector_size(ASL_SIMD * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(ASL_SIMD * 4), aligned(4), may_alias));
typedef uint16_t wvec __attribute__((vector_size(ASL_SIMD * 2), aligned(2), may_alias));
typedef uint8_t bvec __attribute__((vector_size(ASL_SIMD), aligned(1), may_alias));

/* Half a vector of floats, and as many doubles. */
typedef float hvec __attribute__((vector_size(ASL_SIMD * 2), aligned(4), may_alias));
typedef int32_t hivec __attribute__((vector_size(ASL_SIMD * 2), aligned(4), may_alias));
typedef double dvec __attribute__((vector_size(ASL_SIMD * 4), aligned(8), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE vec load(const float *p)
{
    return *(const vec *)p;
}

ALWAYS_INLINE void store(float *p, vec v)
{
    *(vec *)p = v;
}

ALWAYS_INLINE vec splat(float x)
{
    return x - (vec){0};
}

/* The larger of two; the second where either is not a number, so that such values are not lost. */
#ifndef ASL_SIMD_MAX
ALWAYS_INLINE vec portable_max(vec a, vec b)
{
    const ivec larger = a > b;
    return (vec)(((ivec)a & larger) | ((ivec)b & ~larger));
}
#define ASL_SIMD_MAX(a, b) portable_max(a, b)
#endif

#endif
