/* SPDX-License-Identifier: MIT */
/* Kernels with one mistake each, of the kinds that people make, to show that the checks can fail.
 */
#include <string.h>

#include "kernels/check.h"

static asl__cpu_kernels right; /* what the wrong ones lean on */

static void gemm_drops_a_term(const asl__gemm *g)
{
    asl__gemm shorter = *g;
    if (g->outer == 1 && g->inner > 1)
        shorter.inner--;
    right.gemm(&shorter);
}

static void gemm_drops_a_pair(const asl__gemm *g)
{
    asl__gemm fewer = *g;
    fewer.more -= g->more > 0;
    right.gemm(&fewer);
}

static void gemm_always_adds(const asl__gemm *g)
{
    asl__gemm adding = *g;
    adding.accumulate = 1;
    right.gemm(&adding);
}

static void gemm_writes_beyond(const asl__gemm *g)
{
    right.gemm(g);
    g->c[(g->rows - 1) * g->c_stride + g->columns] = 0.0f;
}

static void gemm_reads_beyond(const asl__gemm *g)
{
    const volatile float *end =
        g->b + g->more * g->b_next + (g->outer * g->inner - 1) * g->b_stride + g->columns;
    (void)*end;
    right.gemm(g);
}

static void gemm_bf16_drops_a_term(const asl__gemm_bf16 *g)
{
    asl__gemm_bf16 shorter = *g;
    if (g->outer == 1 && g->terms % ASL__CPU_BF16_TERMS > 2)
        shorter.terms -= 2;
    right.gemm_bf16(&shorter);
}

static void to_bf16_truncates(uint16_t *out, const float *in, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(&out[i], (const uint8_t *)&in[i] + 2, sizeof *out);
}

static void wino_filter_turned(float *u, ptrdiff_t point_stride, const float *taps, int32_t kernel)
{
    float turned[25 * ASL__CPU_BLOCK];
    for (int32_t t = 0; t < kernel * kernel; t++)
        memcpy(turned + t * ASL__CPU_BLOCK,
               taps + (t % kernel * kernel + t / kernel) * ASL__CPU_BLOCK,
               ASL__CPU_BLOCK * sizeof *taps);
    right.wino_filter(u, point_stride, turned, kernel);
}

static void wino_input_unpadded(float *v, const asl__wino *w, int32_t first, int32_t count)
{
    asl__wino unpadded = *w;
    unpadded.padding = 0;
    right.wino_input(v, &unpadded, first, count);
}

static void wino_planes_last_point(float *v, const float *planes, ptrdiff_t plane_size,
                                   ptrdiff_t stride, int32_t kernel, int32_t count)
{
    right.wino_planes(v, planes, plane_size, stride, kernel, count);
    v[(ptrdiff_t)(kernel + 3) * (kernel + 3) * 3 * count - 1] = 0.0f;
}

/* Writes the rows and columns of the last tiles that the output does not have. */
static void wino_output_whole(const float *m, const asl__wino *w, int32_t first, int32_t count,
                              int32_t channel, int32_t columns)
{
    asl__wino taller = *w;
    taller.out_height = (w->out_height + 3) / 4 * 4;
    right.wino_output(m, &taller, first, count, channel, columns);
}

/* The maximum is right, and so is the choice where there is but one. */
static void pool_rows_last_wins(float *out, uint8_t *choice, const float *top, const float *bottom,
                                int32_t width, int32_t channels, const float *bias, int32_t relu)
{
    right.pool_rows(out, choice, top, bottom, width, channels, bias, relu);
    for (int32_t i = 0; choice && i < width * channels; i++) {
        const int32_t left = i / channels * 2 * channels + i % channels;
        const float four[4] = {top[left], top[left + channels], bottom[left],
                               bottom[left + channels]};
        for (int32_t j = choice[i] + 1; j < 4; j++)
            if (four[j] == four[choice[i]])
                choice[i] = (uint8_t)j;
    }
}

static void bias_relu_loses_nan(float *rows, int64_t count, int32_t channels, const float *bias,
                                int32_t relu)
{
    right.bias_relu(rows, count, channels, bias, relu);
    for (int64_t i = 0; relu && i < count * channels; i++)
        rows[i] = rows[i] > 0.0f ? rows[i] : 0.0f;
}

static void sparse_weights_skip(float *sums, const float *x, const asl__entry *entries,
                                int32_t count, const int32_t *tap, int32_t taps)
{
    right.sparse_weights(sums, x, entries, count - (count > 1), tap, taps);
}

static void column_sums_overwrite(float *sums, const float *rows, int64_t count, int32_t channels)
{
    memset(sums, 0, (size_t)channels * sizeof *sums);
    right.column_sums(sums, rows, count, channels);
}

static void add_in_vectors(float *out, const float *values, int64_t count)
{
    right.add(out, values, (count + 3) / 4 * 4);
}

static void mask_keeps_zero(float *out, const float *gradient, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = values[i] >= 0.0f ? gradient[i] : 0.0f;
}

static void unpool_without_relu(float *out, const float *gradient, const float *values,
                                const uint8_t *choice, int32_t height, int32_t width,
                                int32_t channels, int32_t relu)
{
    (void)relu;
    right.unpool(out, gradient, values, choice, height, width, channels, 0);
}

static void scale_one_block(float *out, const float *in, const float *factor, const float *shift,
                            int64_t count, int32_t channels, int32_t relu)
{
    for (int64_t i = 0; i < count * channels; i += ASL__CPU_BLOCK)
        right.scale(out + i, in + i, factor, shift, 1, ASL__CPU_BLOCK, relu);
}

static void moments_in_float(double *sums, const float *rows, int64_t count, int32_t channels)
{
    right.moments(sums, rows, count, channels);
    for (int32_t c = 0; c < 2 * channels; c++)
        sums[c] = (double)(float)sums[c];
}

static void norm_sums_unmasked(double *sums, const float *gradient, const float *in,
                               const float *out, const double *statistics, int64_t count,
                               int32_t channels)
{
    (void)out;
    right.norm_sums(sums, gradient, in, NULL, statistics, count, channels);
}

static void norm_gradient_unscaled(float *in_gradient, const float *gradient, const float *in,
                                   const float *out, const double *statistics, const float *factor,
                                   int64_t count, int32_t channels)
{
    right.norm_gradient(in_gradient, gradient, in, out, statistics, factor, count, channels);
    for (int64_t i = 0; i < count * channels; i++)
        in_gradient[i] *= 1.0f + 1e-4f;
}

#define INSTALL(name, member)                                                                      \
    static void install_##name(asl__cpu_kernels *k)                                                \
    {                                                                                              \
        right = *k;                                                                                \
        k->member = name;                                                                          \
    }

INSTALL(gemm_drops_a_term, gemm)
INSTALL(gemm_drops_a_pair, gemm)
INSTALL(gemm_always_adds, gemm)
INSTALL(gemm_writes_beyond, gemm)
INSTALL(gemm_reads_beyond, gemm)
INSTALL(gemm_bf16_drops_a_term, gemm_bf16)
INSTALL(to_bf16_truncates, to_bf16)
INSTALL(wino_filter_turned, wino_filter)
INSTALL(wino_input_unpadded, wino_input)
INSTALL(wino_planes_last_point, wino_planes)
INSTALL(wino_output_whole, wino_output)
INSTALL(pool_rows_last_wins, pool_rows)
INSTALL(bias_relu_loses_nan, bias_relu)
INSTALL(sparse_weights_skip, sparse_weights)
INSTALL(column_sums_overwrite, column_sums)
INSTALL(add_in_vectors, add)
INSTALL(mask_keeps_zero, mask)
INSTALL(unpool_without_relu, unpool)
INSTALL(scale_one_block, scale)
INSTALL(moments_in_float, moments)
INSTALL(norm_sums_unmasked, norm_sums)
INSTALL(norm_gradient_unscaled, norm_gradient)

const wrong_kernel wrong_kernels[] = {
    {"gemm", "drops the last term", install_gemm_drops_a_term},
    {"gemm", "drops the last pair", install_gemm_drops_a_pair},
    {"gemm", "adds to what was there", install_gemm_always_adds},
    {"gemm", "writes one float too many", install_gemm_writes_beyond},
    {"gemm", "reads one float too many", install_gemm_reads_beyond},
    {"gemm_bf16", "drops the last pair", install_gemm_bf16_drops_a_term},
    {"to_bf16", "cuts off", install_to_bf16_truncates},
    {"wino_filter", "takes the taps column by column", install_wino_filter_turned},
    {"wino_input", "forgets the padding", install_wino_input_unpadded},
    {"wino_planes", "gets the last point wrong", install_wino_planes_last_point},
    {"wino_output", "writes rows that the output does not have", install_wino_output_whole},
    {"wino_chain", "takes the taps column by column", install_wino_filter_turned},
    {"pool_rows", "lets the last of equals win", install_pool_rows_last_wins},
    {"bias_relu", "turns NaN into 0", install_bias_relu_loses_nan},
    {"sparse_weights", "skips the last entry", install_sparse_weights_skip},
    {"column_sums", "overwrites", install_column_sums_overwrite},
    {"add", "rounds the count up", install_add_in_vectors},
    {"mask", "lets the gradient through at 0", install_mask_keeps_zero},
    {"unpool", "forgets ReLU", install_unpool_without_relu},
    {"scale", "takes the first block's factors for all", install_scale_one_block},
    {"moments", "sums in float", install_moments_in_float},
    {"norm_sums", "forgets ReLU", install_norm_sums_unmasked},
    {"norm_gradient", "is 1e-4 too large", install_norm_gradient_unscaled},
};
const int32_t wrong_kernel_count = (int32_t)(sizeof wrong_kernels / sizeof wrong_kernels[0]);
