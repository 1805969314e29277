/* SPDX-License-Identifier: MIT */
/* All kernels, for one width of vector. A file of one instruction set defines ASL_SIMD (floats per
 * vector), optionally ASL_SIMD_MAX, includes this, and exports the table below. */
#ifndef ASL_BACKEND_CPU_KERNELS_TEMPLATE_H
#define ASL_BACKEND_CPU_KERNELS_TEMPLATE_H

#include <stdbool.h>

#include "backend/cpu/kernels.h"
#include "backend/cpu/simd.h"

/* Largest of four in row-major order, the first one winning ties, then bias and ReLU, which
 * commute with it. */
ALWAYS_INLINE void put_maximum(float *out, uint8_t *choice, vec a, vec b, vec c, vec d, vec bias,
                               int relu)
{
    const vec top = ASL_SIMD_MAX(a, b), bottom = ASL_SIMD_MAX(c, d);
    /* A value that is not a number must not lose to one that is: times zero it poisons the sum. */
    vec best = ASL_SIMD_MAX(top, bottom) + bias + a * 0.f + b * 0.f + c * 0.f + d * 0.f;
    if (relu)
        best = ASL_SIMD_MAX((vec){0}, best);
    store(out, best);
    if (choice) {
        const ivec in_top = (b > a) & 1, in_bottom = ((d > c) & 1) | 2;
        const ivec which = in_top ^ ((in_top ^ in_bottom) & (bottom > top));
        *(bvec *)choice = __builtin_convertvector(which, bvec);
    }
}

#include "backend/cpu/gemm_template.h"

#include "backend/cpu/gemm_bf16_template.h"
#include "backend/cpu/wino_template.h"

static void pool_rows(float *out, uint8_t *choice, const float *top, const float *bottom,
                      int32_t width, int32_t channels, const float *bias, int32_t relu)
{
    for (int32_t x = 0; x < width; x++)
        for (int32_t c = 0; c < channels; c += ASL_SIMD) {
            const ptrdiff_t left = (ptrdiff_t)(2 * x) * channels + c, right = left + channels;
            const ptrdiff_t at = (ptrdiff_t)x * channels + c;
            put_maximum(out + at, choice ? choice + at : NULL, load(top + left), load(top + right),
                        load(bottom + left), load(bottom + right), load(bias + c), relu);
        }
}

static void to_bf16(uint16_t *out, const float *in, int64_t count)
{
    int64_t i = 0;
    for (; i + ASL_SIMD <= count; i += ASL_SIMD) {
        const vec value = load(in + i);
        const ivec bits = (ivec)value, number = value == value;
        const ivec rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        const ivec upper = (rounded & number) | ((bits >> 16 | 0x40) & ~number);
        *(wvec *)(out + i) = __builtin_convertvector(upper, wvec);
    }
    for (; i < count; i++)
        out[i] = asl__cpu_round_bf16(in[i]);
}

static void bias_relu(float *rows, int64_t count, int32_t channels, const float *bias, int32_t relu)
{
    for (int64_t i = 0; i < count; i++)
        for (int32_t c = 0; c < channels; c += ASL_SIMD) {
            vec value = load(rows + i * channels + c);
            if (bias)
                value += load(bias + c);
            if (relu)
                value = ASL_SIMD_MAX((vec){0}, value);
            store(rows + i * channels + c, value);
        }
}

/* `taps` is a constant wherever this is called. Sums stay in registers over all entries. */
ALWAYS_INLINE void sparse_taps(float *sums, const float *x, const asl__entry *entries,
                               int32_t count, const int32_t *tap, int taps, int vectors)
{
    vec sum[25][ASL__CPU_BLOCK / ASL_SIMD];
    for (int t = 0; t < taps; t++)
        for (int v = 0; v < vectors; v++)
            sum[t][v] = load(sums + t * ASL__CPU_BLOCK + v * ASL_SIMD);
    for (int32_t e = 0; e < count; e++) {
        const float *at = x + entries[e].offset;
        const vec value = splat(entries[e].value);
#pragma GCC unroll 25
        for (int t = 0; t < taps; t++)
            for (int v = 0; v < vectors; v++)
                sum[t][v] += value * load(at + tap[t] + v * ASL_SIMD);
    }
    for (int t = 0; t < taps; t++)
        for (int v = 0; v < vectors; v++)
            store(sums + t * ASL__CPU_BLOCK + v * ASL_SIMD, sum[t][v]);
}

/* A step takes as many taps as there are registers for: all 25, or one row of the kernel. */
#define SPARSE_STEP(n)                                                                             \
    while (taps >= (n)) {                                                                          \
        sparse_taps(sums, x, entries, count, tap, (n), ASL__CPU_BLOCK / ASL_SIMD);                 \
        sums += (n)*ASL__CPU_BLOCK;                                                                \
        tap += (n);                                                                                \
        taps -= (n);                                                                               \
    }

static void sparse_weights(float *sums, const float *x, const asl__entry *entries, int32_t count,
                           const int32_t *tap, int32_t taps)
{
#if ASL_SIMD == 16
    SPARSE_STEP(25)
    SPARSE_STEP(9)
#endif
#if ASL_SIMD >= 8
    SPARSE_STEP(5)
#endif
    SPARSE_STEP(3)
    SPARSE_STEP(1)
}

/* sums[channels] += the rows. */
static void column_sums(float *sums, const float *rows, int64_t count, int32_t channels)
{
    for (int32_t c = 0; c < channels; c += ASL_SIMD) {
        vec sum = (vec){0};
        for (int64_t i = 0; i < count; i++)
            sum += load(rows + i * channels + c);
        store(sums + c, load(sums + c) + sum);
    }
}

static void add(float *out, const float *values, int64_t count)
{
    int64_t i = 0;
    for (; i + ASL_SIMD <= count; i += ASL_SIMD)
        store(out + i, load(out + i) + load(values + i));
    for (; i < count; i++)
        out[i] += values[i];
}

static void mask(float *out, const float *gradient, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i += ASL_SIMD)
        store(out + i, (vec)((ivec)load(gradient + i) & (load(values + i) > (vec){0})));
}

static void unpool(float *out, const float *gradient, const float *values, const uint8_t *choice,
                   int32_t height, int32_t width, int32_t channels, int32_t relu)
{
    const ptrdiff_t row = (ptrdiff_t)2 * width * channels;
    for (int32_t y = 0; y < height; y++, out += 2 * row)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < channels; c += ASL_SIMD) {
                const ptrdiff_t at = ((ptrdiff_t)y * width + x) * channels + c;
                float *const corner = out + (ptrdiff_t)2 * x * channels + c;
                const ivec which = __builtin_convertvector(*(const bvec *)(choice + at), ivec);
                ivec g = (ivec)load(gradient + at);
                if (relu)
                    g &= load(values + at) > (vec){0};
                store(corner, (vec)(g & (which == 0)));
                store(corner + channels, (vec)(g & (which == 1)));
                store(corner + row, (vec)(g & (which == 2)));
                store(corner + row + channels, (vec)(g & (which == 3)));
            }
}

static void scale(float *out, const float *in, const float *factor, const float *shift,
                  int64_t count, int32_t channels, int32_t relu)
{
    for (int64_t i = 0; i < count; i++)
        for (int32_t c = 0; c < channels; c += ASL_SIMD) {
            vec value = load(in + i * channels + c) * load(factor + c) + load(shift + c);
            if (relu)
                value = ASL_SIMD_MAX((vec){0}, value);
            store(out + i * channels + c, value);
        }
}

/* Sums over a whole picture run in double, half a vector of floats at a time. */
ALWAYS_INLINE dvec load_double(const float *p)
{
    return __builtin_convertvector(*(const hvec *)p, dvec);
}

ALWAYS_INLINE void add_double(double *sums, dvec v)
{
    *(dvec *)sums += v;
}

static void moments(double *sums, const float *rows, int64_t count, int32_t channels)
{
    for (int32_t c = 0; c < channels; c += ASL_SIMD / 2) {
        dvec sum = {0}, square = {0};
        for (int64_t i = 0; i < count; i++) {
            const dvec value = load_double(rows + i * channels + c);
            sum += value;
            square += value * value;
        }
        add_double(sums + c, sum);
        add_double(sums + channels + c, square);
    }
}

static void norm_sums(double *sums, const float *gradient, const float *in, const float *out,
                      const double *statistics, int64_t count, int32_t channels)
{
    for (int32_t c = 0; c < channels; c += ASL_SIMD / 2) {
        const dvec mean = *(const dvec *)(statistics + c);
        const dvec inverse = *(const dvec *)(statistics + channels + c);
        dvec sum = {0}, product = {0};
        for (int64_t i = c; i < count * channels; i += channels) {
            hvec live = *(const hvec *)(gradient + i);
            if (out != NULL)
                live = (hvec)((hivec)live & (*(const hvec *)(out + i) > (hvec){0}));
            const dvec g = __builtin_convertvector(live, dvec);
            sum += g;
            product += g * ((load_double(in + i) - mean) * inverse);
        }
        add_double(sums + c, sum);
        add_double(sums + channels + c, product);
    }
}

/* ASL_SIMD doubles, rounded. */
ALWAYS_INLINE vec round_doubles(const double *p)
{
    vec v;
    for (int i = 0; i < ASL_SIMD; i++)
        v[i] = (float)p[i];
    return v;
}

static void norm_gradient(float *in_gradient, const float *gradient, const float *in,
                          const float *out, const double *statistics, const float *factor,
                          int64_t count, int32_t channels)
{
    for (int32_t c = 0; c < channels; c += ASL_SIMD) {
        const vec mean = round_doubles(statistics + c);
        const vec inverse = round_doubles(statistics + channels + c);
        const vec mean_g = round_doubles(statistics + 2 * channels + c);
        const vec mean_gx = round_doubles(statistics + 3 * channels + c);
        for (int64_t i = c; i < count * channels; i += channels) {
            vec g = load(gradient + i);
            if (out != NULL)
                g = (vec)((ivec)g & (load(out + i) > (vec){0}));
            const vec normal = (load(in + i) - mean) * inverse;
            store(in_gradient + i, load(factor + c) * (g - mean_g - normal * mean_gx));
        }
    }
}

static void fill_table(asl__cpu_kernels *table, const char *isa)
{
    *table = (asl__cpu_kernels){
        .isa = isa,
        .gemm_columns = GEMM_COLUMNS,
        .gemm_rows = TILE_ROWS,
        .gemm = gemm,
        .gemm_bf16 = gemm_bf16,
        .to_bf16 = to_bf16,
        .wino_filter = wino_filter,
        .wino_input = wino_input,
        .wino_planes = wino_planes,
        .wino_output = wino_output,
        .pool_rows = pool_rows,
        .bias_relu = bias_relu,
        .sparse_weights = sparse_weights,
        .column_sums = column_sums,
        .add = add,
        .mask = mask,
        .unpool = unpool,
        .scale = scale,
        .moments = moments,
        .norm_sums = norm_sums,
        .norm_gradient = norm_gradient,
    };
}

#endif
