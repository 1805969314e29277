/* SPDX-License-Identifier: MIT */
/* The 2x2 maximum and its gradient. */
#include "kernels/check.h"

static void check_pool(const asl__cpu_kernels *k, int32_t width, int32_t channels, int32_t kind)
{
    const bool relu = chance(), choose = chance();
    const int64_t size = (int64_t)width * channels;
    begin_case("%d x %d channels, relu %d, choice %d, kind %d", width, channels, relu, choose,
               kind);
    const float *top = input(2 * size, kind), *bottom = input(2 * size, kind);
    const float *bias = input(channels, kind == SPECIAL ? UNIT : kind);
    float *out = floats(size);
    uint8_t *choice = bytes(size);
    wanted *want = expect(size);
    int32_t *want_choice = expect_choices(size);
    for (int64_t at = 0; at < size; at++) {
        const int64_t left = at / channels * 2 * channels + at % channels, right = left + channels;
        const wanted four[4] = {exactly((double)top[left]), exactly((double)top[right]),
                                exactly((double)bottom[left]), exactly((double)bottom[right])};
        int32_t best;
        want[at] = maximum(four, (double)bias[at % channels], relu, 0.0, &best);
        if (choose)
            want_choice[at] = best;
    }
    k->pool_rows(out, choose ? choice : NULL, top, bottom, width, channels, bias, relu);
    /* Only the addition of the bias rounds. */
    compare("out", out, want, size, 1.0);
    compare_choices(choice, want_choice, size);
    end_case();
}

void check_pool_rows(const asl__cpu_kernels *k)
{
    for (int32_t width = 1; width <= 70; width++)
        for (int32_t i = 0; i < 3; i++)
            check_pool(k, width, 16 * between(1, 4), (width + i * 3) % KINDS);
}

/* Moves bits and must not change any, so everything is exact. */
static void check_spread(const asl__cpu_kernels *k, int32_t height, int32_t width, int32_t kind)
{
    const int32_t channels = 16 * between(1, 4);
    const bool relu = chance();
    const int64_t size = (int64_t)height * width * channels;
    begin_case("%d x %d x %d channels, relu %d, kind %d", height, width, channels, relu, kind);
    const float *gradient = input(size, kind), *values = input(size, kind);
    uint8_t *choice = bytes(size);
    float *out = floats(4 * size);
    wanted *want = expect(4 * size);
    for (int64_t i = 0; i < size; i++)
        choice[i] = (uint8_t)between(0, 3);
    seal(choice);
    for (int64_t i = 0; i < 4 * size; i++) {
        const int64_t channel = i % channels, x = i / channels % (2 * width);
        const int64_t y = i / channels / (2 * width);
        const int64_t at = (y / 2 * width + x / 2) * channels + channel;
        const bool live = choice[at] == y % 2 * 2 + x % 2 && (!relu || values[at] > 0.0f);
        want[i] = exactly(live ? (double)gradient[at] : 0.0);
    }
    k->unpool(out, gradient, values, choice, height, width, channels, relu);
    compare("out", out, want, 4 * size, 0.0);
    end_case();
}

void check_unpool(const asl__cpu_kernels *k)
{
    for (int32_t side = 1; side <= 70; side++) {
        check_spread(k, between(1, 5), side, side % KINDS);
        check_spread(k, side, between(1, 5), (side + 3) % KINDS);
    }
}
