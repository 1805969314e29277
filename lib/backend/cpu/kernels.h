/* SPDX-License-Identifier: MIT */
/* The kernels of the cpu backend, as a table that is filled with portable C and overwritten in
 * rising order of instruction set. Activations are float32 [height][width][channels] with the
 * channels padded with zeros to a multiple of ASL__CPU_BLOCK. */
#ifndef ASL_BACKEND_CPU_KERNELS_H
#define ASL_BACKEND_CPU_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "asl/base.h"

/* Channel blocks that every instruction set can work with: one AVX-512 vector. */
#define ASL__CPU_BLOCK 16

/* Points a side of the largest Winograd tile, F(4x4, 5x5). */
#define ASL__CPU_WINO_MAX 8

/* C[rows][columns] (+)= A * B. A's element (row, o, i) lies at a + row * row_stride +
 * o * outer_stride + i * inner_stride, o < outer, i < inner; B is [outer * inner][b_stride]. `more`
 * pairs of A and B follow, a_next and b_next apart, whose products are added in turn. */
typedef struct asl__gemm {
    float *c;
    ptrdiff_t c_stride;
    const float *a;
    ptrdiff_t row_stride, outer_stride, inner_stride;
    const float *b;
    ptrdiff_t b_stride;
    ptrdiff_t a_next, b_next;
    int32_t more;
    int32_t outer, inner;
    int32_t rows;       /* any number; multiples of the table's gemm_rows fill the registers */
    int32_t columns;    /* 16, or the table's gemm_columns */
    int32_t accumulate; /* 1: add to C */
} asl__gemm;

/* Terms that one step of an AMX tile takes: a sum in bfloat16 is padded to a multiple of them. */
#define ASL__CPU_BF16_TERMS 32

/* C[rows][columns] = A * B with A and B in bfloat16 (the upper half of a float) and float sums.
 * Element (row, o, i) of A lies at a + row * row_stride + o * outer_stride + i; outer sums of
 * `terms` each. B has the terms in pairs: [outer][inner / 2][columns][2], inner being `terms`
 * rounded up to ASL__CPU_BF16_TERMS, the rest zeros. Up to there A is read too: it must be finite.
 */
typedef struct asl__gemm_bf16 {
    float *c;
    ptrdiff_t c_stride;
    const uint16_t *a;
    ptrdiff_t row_stride, outer_stride;
    const uint16_t *b;
    int32_t outer, terms;
    int32_t rows;
    int32_t columns; /* 16, or the table's gemm_columns */
} asl__gemm_bf16;

/* A stride-1 convolution by Winograd's F(4x4, kernel x kernel), kernel 3 or 5. Tile t covers the
 * outputs from (4 * (t / across), 4 * (t % across)) on. */
typedef struct asl__wino {
    int32_t kernel, padding;
    int32_t in_height, in_width, in_channels;
    int32_t out_height, out_width, out_channels; /* of the convolution, before any pooling */
    int32_t across;                              /* tiles in a row of tiles */
    int32_t relu;
    int32_t pool; /* 1: 2x2 maximum; out is [out_height / 2][out_width / 2][out_channels] */
    const float *in;
    float *out;
    uint8_t *choice;   /* with pool: which of the four won, 0..3 row-major; NULL: not wanted */
    const float *bias; /* float[out_channels] or NULL */
} asl__wino;

/* One non-zero of a sparse gradient: its value, and where the window that it belongs to begins in
 * the convolution's input. */
typedef struct asl__entry {
    int32_t offset;
    float value;
} asl__entry;

/* With the instructions for float32, which gains nothing; by AVX512-BF16, twice as fast as float32;
 * or by AMX, sixteen times. */
enum { ASL__BF16_EMULATED = 0, ASL__BF16_PAIRS = 1, ASL__BF16_TILES = 2 };

typedef struct asl__cpu_kernels {
    const char *isa;      /* "c", "avx2", "avx512", "amx" */
    int32_t bf16;         /* how gemm_bf16 is computed, ASL__BF16_* */
    int32_t gemm_columns; /* widest C of one gemm call; 16 or 32 */
    int32_t gemm_rows;

    void (*gemm)(const asl__gemm *g);
    void (*gemm_bf16)(const asl__gemm_bf16 *g);
    /* Rounds to the nearest bfloat16, ties to even; NaN stays NaN. */
    void (*to_bf16)(uint16_t *out, const float *in, int64_t count);

    /* Transforms taps[kernel * kernel][16] to u[point * point_stride .. + 16]. */
    void (*wino_filter)(float *u, ptrdiff_t point_stride, const float *taps, int32_t kernel);
    /* Tiles first..first+count-1 of the input, transformed, into v[points][count][in_channels]. */
    void (*wino_input)(float *v, const asl__wino *w, int32_t first, int32_t count);
    /* One row of tiles of a first layer: `planes` is float[3][4][..][stride], each plane plane_size
     * floats, at the row's first line; into v[points][3][count], count a multiple of 16. */
    void (*wino_planes)(float *v, const float *planes, ptrdiff_t plane_size, ptrdiff_t stride,
                        int32_t kernel, int32_t count);
    /* m[points][count][columns], the products, into output channels channel..channel+columns-1. */
    void (*wino_output)(const float *m, const asl__wino *w, int32_t first, int32_t count,
                        int32_t channel, int32_t columns);

    /* 2x2 maximum of two rows of float[2 * width][channels], then bias and ReLU. */
    void (*pool_rows)(float *out, uint8_t *choice, const float *top, const float *bottom,
                      int32_t width, int32_t channels, const float *bias, int32_t relu);
    /* rows[count][channels] += bias (NULL: nothing), then ReLU when asked. */
    void (*bias_relu)(float *rows, int64_t count, int32_t channels, const float *bias,
                      int32_t relu);
    /* sums[taps][16] += value * x[offset + tap[t] .. + 16] over all entries. */
    void (*sparse_weights)(float *sums, const float *x, const asl__entry *entries, int32_t count,
                           const int32_t *tap, int32_t taps);
    /* sums[channels] += the sum of rows[count][channels]. */
    void (*column_sums)(float *sums, const float *rows, int64_t count, int32_t channels);
    /* out += values. */
    void (*add)(float *out, const float *values, int64_t count);
    /* out = gradient where values > 0, else 0: ReLU backward. count is a multiple of 16. */
    void (*mask)(float *out, const float *gradient, const float *values, int64_t count);
    /* Gradient of the 2x2 maximum (and ReLU): [height][width] spread to twice the size. */
    void (*unpool)(float *out, const float *gradient, const float *values, const uint8_t *choice,
                   int32_t height, int32_t width, int32_t channels, int32_t relu);

    /* Batch norm on rows[count][channels]: out = in * factor + shift, then ReLU when asked. */
    void (*scale)(float *out, const float *in, const float *factor, const float *shift,
                  int64_t count, int32_t channels, int32_t relu);
    /* sums[2][channels] += x and x * x. */
    void (*moments)(double *sums, const float *rows, int64_t count, int32_t channels);
    /* sums[2][channels] += g and g * xhat; g is the gradient where out > 0 (out NULL: all of it),
     * xhat = (in - statistics[0][c]) * statistics[1][c]. */
    void (*norm_sums)(double *sums, const float *gradient, const float *in, const float *out,
                      const double *statistics, int64_t count, int32_t channels);
    /* factor * (g - statistics[2][c] - xhat * statistics[3][c]). */
    void (*norm_gradient)(float *in_gradient, const float *gradient, const float *in,
                          const float *out, const double *statistics, const float *factor,
                          int64_t count, int32_t channels);
} asl__cpu_kernels;

/* Instruction sets of this build, whether or not this machine has them, from "c" up. */
int32_t asl__cpu_level_count(void);
const char *asl__cpu_level_name(int32_t index);

/* Fills the table for one of them, or for the best that this machine has (NULL, "auto").
 * ASL_ERR_ARG for a name that does not exist, ASL_ERR_BACKEND naming what the machine lacks. */
asl_status asl__cpu_kernels_find(asl__cpu_kernels *table, const char *isa, asl_error *err);

/* One filler per instruction set, each in a file built with that set's flags. */
void asl__cpu_kernels_c(asl__cpu_kernels *table);
void asl__cpu_kernels_avx2(asl__cpu_kernels *table);
void asl__cpu_kernels_avx512(asl__cpu_kernels *table);
/* These two only replace gemm_bf16. */
void asl__cpu_kernels_avx512_bf16(asl__cpu_kernels *table);
void asl__cpu_kernels_amx(asl__cpu_kernels *table);

static inline uint16_t asl__cpu_round_bf16(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    if (value != value)
        return (uint16_t)(bits >> 16 | 0x40);
    /* Half a unit of the last place, less a little where the number is even. */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline int32_t asl__cpu_bf16_inner(int32_t terms)
{
    return (terms + ASL__CPU_BF16_TERMS - 1) / ASL__CPU_BF16_TERMS * ASL__CPU_BF16_TERMS;
}

#endif
