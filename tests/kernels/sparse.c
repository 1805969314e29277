/* SPDX-License-Identifier: MIT */
/* The weight gradient of a list of gradients that are not zero. */
#include "kernels/check.h"

/* One call; x is as long as the last value that may be read says, and poisoned where none is. */
static void check_list(const asl__cpu_kernels *k, const asl__entry *entries, int32_t count,
                       const int32_t *tap, int32_t taps, int64_t length, int32_t kind)
{
    const int32_t size = taps * ASL__CPU_BLOCK;
    float *x = floats(length), *sums = floats(size);
    wanted *want = expect(size);
    for (int32_t e = 0; e < count; e++)
        for (int32_t i = 0; i < size; i++)
            x[entries[e].offset + tap[i / 16] + i % 16] = draw(kind);
    seal(x);
    for (int32_t i = 0; i < size; i++) {
        sums[i] = draw(kind);
        want[i] = exactly((double)sums[i]);
        for (int32_t e = 0; e < count; e++)
            add_term(&want[i], 1.0,
                     exactly((double)entries[e].value *
                             (double)x[entries[e].offset + tap[i / 16] + i % 16]));
    }
    k->sparse_weights(sums, x, entries, count, tap, taps);
    /* A product and an addition each. */
    compare("sums", sums, want, size, count + 1);
    end_case();
}

/* Taps of any place, as for inputs of whole blocks. */
static void check_blocks(const asl__cpu_kernels *k, int32_t count, int32_t taps, int32_t kind)
{
    begin_case("%d entries, %d taps, kind %d", count, taps, kind);
    asl__entry *entries = poisoned(count, sizeof *entries);
    int32_t *tap = poisoned(taps, sizeof *tap), last = 0, furthest = 0;
    for (int32_t t = 0; t < taps; t++) {
        tap[t] = between(0, 400);
        furthest = tap[t] > furthest ? tap[t] : furthest;
    }
    for (int32_t e = 0; e < count; e++) {
        entries[e] = (asl__entry){between(0, 900), draw(kind)};
        last = entries[e].offset > last ? entries[e].offset : last;
    }
    seal(entries);
    seal(tap);
    check_list(k, entries, count, tap, taps,
               count > 0 ? (int64_t)last + furthest + ASL__CPU_BLOCK : 0, kind);
}

/* A picture of three channels, of which the last window's last block reaches beyond the end: the
 * plan leaves one block there, and no more may be read. */
static void check_picture(const asl__cpu_kernels *k, int32_t height, int32_t width, int32_t kernel,
                          int32_t kind)
{
    enum { ENTRIES = 20 };
    const int32_t across = (3 * kernel + ASL__CPU_BLOCK - 1) / ASL__CPU_BLOCK;
    const int32_t down = height - kernel, right = width - kernel;
    begin_case("%d entries in 3 x %d x %d, kernel %d, kind %d", ENTRIES, height, width, kernel,
               kind);
    asl__entry *entries = poisoned(ENTRIES, sizeof *entries);
    int32_t *tap = poisoned(kernel * across, sizeof *tap);
    for (int32_t t = 0; t < kernel * across; t++)
        tap[t] = t / across * 3 * width + t % across * ASL__CPU_BLOCK;
    for (int32_t e = 0; e < ENTRIES; e++)
        entries[e] = (asl__entry){3 * (between(0, down) * width + between(0, right)), draw(kind)};
    entries[ENTRIES - 1].offset = 3 * (down * width + right);
    seal(entries);
    seal(tap);
    check_list(k, entries, ENTRIES, tap, kernel * across,
               (int64_t)3 * height * width + ASL__CPU_BLOCK, kind);
}

void check_sparse_weights(const asl__cpu_kernels *k)
{
    for (int32_t i = 1; i <= 70; i++) {
        check_blocks(k, between(0, 70), i, i % KINDS);
        check_blocks(k, i, chance() ? 25 : 9, (i + 3) % KINDS);
    }
    for (int32_t kernel = 1; kernel <= 7; kernel++)
        for (int32_t kind = 0; kind < FINITE_KINDS; kind++)
            check_picture(k, between(kernel, 20), between(kernel, 70), kernel, kind);
}
