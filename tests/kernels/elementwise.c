/* SPDX-License-Identifier: MIT */
/* Kernels that go once over rows of channels. */
#include "kernels/check.h"

/* Every count up to 70 rows, with each kind of input in turn. */
static void each_count(const asl__cpu_kernels *k,
                       void (*run)(const asl__cpu_kernels *k, int64_t count, int32_t channels,
                                   int32_t kind))
{
    for (int32_t count = 0; count <= 70; count++)
        for (int32_t i = 0; i < 3; i++)
            run(k, count, 16 * between(1, 5), (count + 3 * i) % KINDS);
}

static void check_bias(const asl__cpu_kernels *k, int64_t count, int32_t channels, int32_t kind)
{
    const bool relu = chance();
    const int64_t size = count * channels;
    begin_case("%d rows of %d, relu %d, kind %d", (int)count, channels, relu, kind);
    const float *bias = chance() ? input(channels, kind) : NULL;
    float *rows = floats(size);
    wanted *want = expect(size);
    for (int64_t i = 0; i < size; i++) {
        rows[i] = draw(kind);
        want[i] = exactly((double)rows[i]);
        if (bias)
            add_term(&want[i], 1.0, exactly((double)bias[i % channels]));
        if (relu)
            want[i] = rectified(want[i]);
    }
    k->bias_relu(rows, count, channels, bias, relu);
    /* One addition; without a bias nothing rounds. */
    compare("rows", rows, want, size, bias ? 1.0 : 0.0);
    end_case();
}

void check_bias_relu(const asl__cpu_kernels *k)
{
    each_count(k, check_bias);
}

static void check_sums(const asl__cpu_kernels *k, int64_t count, int32_t channels, int32_t kind)
{
    begin_case("%d rows of %d, kind %d", (int)count, channels, kind);
    const float *rows = input(count * channels, kind);
    float *sums = floats(channels);
    wanted *want = expect(channels);
    for (int32_t c = 0; c < channels; c++) {
        sums[c] = draw(kind);
        want[c] = exactly((double)sums[c]);
        for (int64_t i = 0; i < count; i++)
            add_term(&want[c], 1.0, exactly((double)rows[i * channels + c]));
    }
    k->column_sums(sums, rows, count, channels);
    /* One addition a row, and one to what was there. */
    compare("sums", sums, want, channels, (double)count + 1.0);
    end_case();
}

void check_column_sums(const asl__cpu_kernels *k)
{
    each_count(k, check_sums);
}

/* Any count of floats. */
static void check_addition(const asl__cpu_kernels *k, int64_t count, int32_t channels, int32_t kind)
{
    (void)channels;
    begin_case("%d floats, kind %d", (int)count, kind);
    const float *values = input(count, kind);
    float *out = floats(count);
    wanted *want = expect(count);
    for (int64_t i = 0; i < count; i++) {
        out[i] = draw(kind);
        want[i] = exactly((double)out[i]);
        add_term(&want[i], 1.0, exactly((double)values[i]));
    }
    k->add(out, values, count);
    compare("out", out, want, count, 1.0); /* one addition */
    end_case();
}

void check_add(const asl__cpu_kernels *k)
{
    each_count(k, check_addition);
}

static void check_masked(const asl__cpu_kernels *k, int64_t count, int32_t channels, int32_t kind)
{
    const int64_t size = count * channels;
    begin_case("%d floats, kind %d", (int)size, kind);
    const float *gradient = input(size, kind), *values = input(size, kind);
    float *out = floats(size);
    wanted *want = expect(size);
    for (int64_t i = 0; i < size; i++)
        want[i] = exactly(values[i] > 0.0f ? (double)gradient[i] : 0.0);
    k->mask(out, gradient, values, size);
    compare("out", out, want, size, 0.0); /* moves bits: exact */
    end_case();
}

void check_mask(const asl__cpu_kernels *k)
{
    each_count(k, check_masked);
}

static void check_scaled(const asl__cpu_kernels *k, int64_t count, int32_t channels, int32_t kind)
{
    const bool relu = chance();
    const int64_t size = count * channels;
    begin_case("%d rows of %d, relu %d, kind %d", (int)count, channels, relu, kind);
    const float *in = input(size, kind), *factor = input(channels, kind);
    const float *shift = input(channels, kind);
    float *out = floats(size);
    wanted *want = expect(size);
    for (int64_t i = 0; i < size; i++) {
        want[i] = exactly((double)in[i] * (double)factor[i % channels]);
        add_term(&want[i], 1.0, exactly((double)shift[i % channels]));
        if (relu)
            want[i] = rectified(want[i]);
    }
    k->scale(out, in, factor, shift, count, channels, relu);
    compare("out", out, want, size, 2.0); /* a product and a sum */
    end_case();
}

void check_scale(const asl__cpu_kernels *k)
{
    each_count(k, check_scaled);
}
