/* SPDX-License-Identifier: MIT */
/* Numbers of maps, and several of them at a time. bfloat16 is the upper half of a float. */
#ifndef ASL_BACKEND_CUDA_KERNELS_NUMBER_H
#define ASL_BACKEND_CUDA_KERNELS_NUMBER_H

#include <stdint.h>
#include <string.h>

#include "backend/cuda/kernels.h"

namespace kernels
{

struct bf16 {
    uint16_t bits;
};

__host__ __device__ inline float to_float(float value)
{
    return value;
}

__host__ __device__ inline float to_float(bf16 value)
{
    const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

__host__ __device__ inline void from_float(float *out, float value)
{
    *out = value;
}

/* To the nearest, of two the even one; a NaN stays one. */
__host__ __device__ inline void from_float(bf16 *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = bits + 0x7FFFu + (bits >> 16 & 1u);
    out->bits = static_cast<uint16_t>((value != value ? bits | 0x400000u : rounded) >> 16);
}

__host__ __device__ inline bool is_nan(float value)
{
    return value != value;
}

/* N neighbours, which one instruction loads or stores: as one word of so many bytes. */
template <class T, int N> struct pack {
    T values[N];
};
template <size_t Bytes> struct word;
template <> struct word<2> {
    typedef unsigned short type;
};
template <> struct word<4> {
    typedef unsigned int type;
};
template <> struct word<8> {
    typedef uint2 type;
};
template <> struct word<16> {
    typedef uint4 type;
};

/* nvcc splits what memcpy() copies to and from memory, and stores that it can see through; a host's
 * compiler lets only memcpy() read one type as another. */
template <int N, class T> __device__ inline pack<T, N> load_pack(const T *from)
{
    typedef typename word<sizeof(T) * N>::type whole;
    pack<T, N> values;
#ifdef __CUDACC__
    const whole loaded = *reinterpret_cast<const whole *>(from);
    memcpy(&values, &loaded, sizeof values);
#else
    memcpy(&values, __builtin_assume_aligned(from, sizeof(whole)), sizeof values);
#endif
    return values;
}

#ifdef __CUDACC__
__device__ inline void put_word(void *to, uint4 word)
{
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)),
                 "r"(word.x), "r"(word.y), "r"(word.z), "r"(word.w)
                 : "memory");
}

__device__ inline void put_word(void *to, uint2 word)
{
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(__cvta_generic_to_global(to)),
                 "r"(word.x), "r"(word.y)
                 : "memory");
}

template <class Word> __device__ inline void put_word(void *to, Word word)
{
    *static_cast<Word *>(to) = word;
}
#endif

template <int N, class T> __device__ inline void store_pack(T *to, const pack<T, N> &values)
{
    typedef typename word<sizeof(T) * N>::type whole;
#ifdef __CUDACC__
    whole stored;
    memcpy(&stored, &values, sizeof stored);
    put_word(to, stored);
#else
    memcpy(__builtin_assume_aligned(to, sizeof(whole)), &values, sizeof values);
#endif
}

template <int N, class T> __device__ inline void load(float (&values)[N], const T *from)
{
    const pack<T, N> loaded = load_pack<N>(from);
    for (size_t i = 0; i < N; i++)
        values[i] = to_float(loaded.values[i]);
}

template <int N, class T> __device__ inline void store(T *to, const float (&values)[N])
{
    pack<T, N> rounded;
    for (size_t i = 0; i < N; i++)
        from_float(&rounded.values[i], values[i]);
    store_pack<N>(to, rounded);
}

} /* namespace kernels */

#endif
