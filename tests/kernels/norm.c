/* SPDX-License-Identifier: MIT */
/* Batch norm: the sums of both passes, in double, and the gradient. */
#include "kernels/check.h"

/* Infinities would meet each other in the sums in an order of the kernel's own. */
static int32_t kind_of(int32_t i)
{
    return i % FINITE_KINDS;
}

/* `rows` doubles a channel: means, then positive 1 / deviation, then means of gradients. */
static const double *statistics_of(int32_t rows, int32_t channels)
{
    double *statistics = doubles((int64_t)rows * channels);
    for (int32_t i = 0; i < rows * channels; i++) {
        statistics[i] = (double)draw(UNIT);
        if (i / channels == 1)
            statistics[i] = 1.5 + statistics[i];
    }
    seal(statistics);
    return statistics;
}

/* double[2][channels], with something in them already. */
static double *begin_sums(wanted *want, int32_t channels)
{
    double *sums = doubles(2 * channels);
    for (int32_t i = 0; i < 2 * channels; i++) {
        sums[i] = (double)draw(UNIT);
        want[i] = exactly(sums[i]);
    }
    return sums;
}

void check_moments(const asl__cpu_kernels *k)
{
    for (int32_t count = 0; count <= 70; count++) {
        const int32_t channels = 16 * between(1, 5), kind = kind_of(count);
        begin_case("%d rows of %d, kind %d", count, channels, kind);
        const float *rows = input((int64_t)count * channels, kind);
        wanted *want = expect(2 * channels);
        double *sums = begin_sums(want, channels);
        for (int32_t i = 0; i < count * channels; i++) {
            const double value = (double)rows[i];
            add_term(&want[i % channels], 1.0, exactly(value));
            add_term(&want[channels + i % channels], 1.0, exactly(value * value));
        }
        k->moments(sums, rows, count, channels);
        /* Squares of floats are exact in double: one addition a row, here as there. */
        compare_doubles("sums", sums, want, 2 * channels, 2.0 * count);
        end_case();
    }
}

void check_norm_sums(const asl__cpu_kernels *k)
{
    for (int32_t count = 0; count <= 70; count++) {
        const int32_t channels = 16 * between(1, 5), kind = kind_of(count);
        const int64_t size = (int64_t)count * channels;
        begin_case("%d rows of %d, kind %d", count, channels, kind);
        const float *gradient = input(size, kind), *in = input(size, kind);
        const float *out = chance() ? input(size, SPECIAL) : NULL;
        const double *mean = statistics_of(2, channels), *inverse = mean + channels;
        wanted *want = expect(2 * channels);
        double *sums = begin_sums(want, channels);
        for (int64_t i = 0; i < size; i++) {
            const int64_t c = i % channels;
            const double g = out == NULL || out[i] > 0.0f ? (double)gradient[i] : 0.0;
            const double normal = ((double)in[i] - mean[c]) * inverse[c];
            add_term(&want[c], 1.0, exactly(g));
            add_term(&want[channels + c], 1.0, exactly(g * normal));
        }
        k->norm_sums(sums, gradient, in, out, mean, count, channels);
        /* Three operations to a term and one to add it, here as there. */
        compare_doubles("sums", sums, want, 2 * channels, 2.0 * (count + 3));
        end_case();
    }
}

void check_norm_gradient(const asl__cpu_kernels *k)
{
    for (int32_t count = 0; count <= 70; count++) {
        const int32_t channels = 16 * between(1, 5), kind = kind_of(count);
        const int64_t size = (int64_t)count * channels;
        begin_case("%d rows of %d, kind %d", count, channels, kind);
        const float *gradient = input(size, kind), *in = input(size, kind);
        const float *out = chance() ? input(size, SPECIAL) : NULL;
        const float *factor = input(channels, kind);
        const double *mean = statistics_of(4, channels), *inverse = mean + channels;
        const double *mean_g = inverse + channels, *mean_gx = mean_g + channels;
        float *in_gradient = floats(size);
        wanted *want = expect(size);
        for (int64_t i = 0; i < size; i++) {
            const int64_t c = i % channels;
            const double g = out == NULL || out[i] > 0.0f ? (double)gradient[i] : 0.0;
            const double normal = ((double)in[i] - mean[c]) * inverse[c];
            const double scale = (double)factor[c];
            want[i] = exactly(scale * g);
            add_term(&want[i], -scale, exactly(mean_g[c]));
            add_term(&want[i], -scale, exactly(normal * mean_gx[c]));
        }
        k->norm_gradient(in_gradient, gradient, in, out, mean, factor, count, channels);
        /* Three conversions to float, two products and two subtractions. */
        compare("in_gradient", in_gradient, want, size, 7.0);
        end_case();
    }
}
