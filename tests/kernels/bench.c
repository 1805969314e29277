/* SPDX-License-Identifier: MIT */
/* What each kernel takes on shapes of the "seed" network: its four convolutions are 224x224x3 to
 * 110x110x16, to 53x53x32, to 25x25x64, to 10x10x128, each with a 2x2 maximum. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "kernels/check.h"
#include "kernels/peak.h"

enum { FLOATS = 1 << 20, ENTRIES = 1404 /* half of 53 * 53 */ };

static struct {
    float *in, *out, *weights;
    double *sums;
    uint8_t *choice;
    asl__entry *entries;
} memory;

/* One kernel on one shape: a call, which returns its floating-point operations. */
typedef struct bench {
    const char *kernel, *shape;
    double (*call)(const asl__cpu_kernels *k);
} bench;

static double product(const asl__cpu_kernels *k, asl__gemm g)
{
    g.a = memory.in;
    g.b = memory.weights;
    g.c = memory.out;
    g.c_stride = g.b_stride = g.columns = k->gemm_columns;
    k->gemm(&g);
    return 2.0 * g.rows * g.outer * g.inner * g.columns;
}

/* One point of a chunk of Winograd tiles, in the plan's size. */
static double gemm_conv2(const asl__cpu_kernels *k)
{
    return product(k, (asl__gemm){.rows = 4 * k->gemm_rows,
                                  .outer = 1,
                                  .inner = 16,
                                  .row_stride = 16,
                                  .inner_stride = 1});
}

static double gemm_conv4(const asl__cpu_kernels *k)
{
    return product(k, (asl__gemm){.rows = 2 * k->gemm_rows,
                                  .outer = 1,
                                  .inner = 64,
                                  .row_stride = 64,
                                  .inner_stride = 1});
}

static double gemm_direct(const asl__cpu_kernels *k)
{
    return product(k, (asl__gemm){.rows = 20,
                                  .outer = 5,
                                  .inner = 5 * 64,
                                  .row_stride = 64,
                                  .outer_stride = 25 * 64,
                                  .inner_stride = 1});
}

static double gemm_dense(const asl__cpu_kernels *k)
{
    return product(
        k, (asl__gemm){.rows = 1, .outer = 1, .inner = 256, .row_stride = 256, .inner_stride = 1});
}

static double bf16_product(const asl__cpu_kernels *k, asl__gemm_bf16 g)
{
    g.a = (const uint16_t *)memory.in;
    g.b = (const uint16_t *)memory.weights;
    g.c = memory.out;
    g.c_stride = g.columns = k->gemm_columns;
    k->gemm_bf16(&g);
    return 2.0 * g.rows * g.outer * g.terms * g.columns;
}

/* Rows of convolutions 1, 2 and 4. */
static double bf16_conv1(const asl__cpu_kernels *k)
{
    return bf16_product(
        k, (asl__gemm_bf16){
               .rows = 220, .outer = 5, .terms = 15, .row_stride = 3, .outer_stride = 224 * 3});
}

static double bf16_conv2(const asl__cpu_kernels *k)
{
    return bf16_product(
        k,
        (asl__gemm_bf16){
            .rows = 106, .outer = 5, .terms = 5 * 16, .row_stride = 16, .outer_stride = 110 * 16});
}

static double bf16_conv4(const asl__cpu_kernels *k)
{
    return bf16_product(
        k, (asl__gemm_bf16){
               .rows = 20, .outer = 5, .terms = 5 * 64, .row_stride = 64, .outer_stride = 25 * 64});
}

static double to_bf16(const asl__cpu_kernels *k)
{
    k->to_bf16((uint16_t *)memory.out, memory.in, 110 * 16);
    return 110 * 16;
}

/* Operations of one row's or column's transform as wino_template.h halves them, for kernels of 3
 * and 5; an n x n tile takes n of them for either side. */
static const double filter_operations[2] = {12, 28}, input_operations[2] = {20, 38};
static const double output_operations[2] = {13, 22};

static double filter(const asl__cpu_kernels *k, int32_t kernel)
{
    k->wino_filter(memory.out, 32, memory.weights, kernel);
    return 16.0 * (2 * kernel + 3) * filter_operations[kernel == 5];
}

static double filter3(const asl__cpu_kernels *k)
{
    return filter(k, 3);
}

static double filter5(const asl__cpu_kernels *k)
{
    return filter(k, 5);
}

static const asl__wino conv2 = {.kernel = 5,
                                .in_height = 110,
                                .in_width = 110,
                                .in_channels = 16,
                                .out_height = 106,
                                .out_width = 106,
                                .out_channels = 32,
                                .across = 27,
                                .relu = 1,
                                .pool = 1};
static const asl__wino conv3 = {.kernel = 3,
                                .in_height = 53,
                                .in_width = 53,
                                .in_channels = 32,
                                .out_height = 50,
                                .out_width = 50,
                                .out_channels = 64,
                                .across = 13,
                                .relu = 1,
                                .pool = 1};

static double input_tiles(const asl__cpu_kernels *k, asl__wino w, int32_t count)
{
    w.in = memory.in;
    k->wino_input(memory.out, &w, w.across, count);
    return 2.0 * (w.kernel + 3) * input_operations[w.kernel == 5] * count * w.in_channels;
}

static double input_conv2(const asl__cpu_kernels *k)
{
    return input_tiles(k, conv2, 4 * k->gemm_rows);
}

static double input_conv3(const asl__cpu_kernels *k)
{
    return input_tiles(k, conv3, 4 * k->gemm_rows);
}

static double planes_conv1(const asl__cpu_kernels *k)
{
    k->wino_planes(memory.out, memory.in, 225 * 80, 80, 5, 64);
    return 2.0 * 8 * input_operations[1] * 3 * 64;
}

static double output_tiles(const asl__cpu_kernels *k, asl__wino w, int32_t count, int32_t columns)
{
    const int32_t n = w.kernel + 3;
    w.out = memory.out;
    w.bias = memory.weights;
    k->wino_output(memory.in, &w, w.across, count, 0, columns);
    /* Then for each 2x2 three maxima, a bias and ReLU. */
    return ((n + 4) * output_operations[w.kernel == 5] + 4 * 5) * count * columns;
}

static double output_conv2(const asl__cpu_kernels *k)
{
    return output_tiles(k, conv2, 4 * k->gemm_rows, k->gemm_columns);
}

static double output_conv3(const asl__cpu_kernels *k)
{
    return output_tiles(k, conv3, 4 * k->gemm_rows, k->gemm_columns);
}

static double pool_conv2(const asl__cpu_kernels *k)
{
    k->pool_rows(memory.out, memory.choice, memory.in, memory.in + 106 * 32, 53, 32, memory.weights,
                 1);
    return 5.0 * 53 * 32;
}

static double bias_conv4(const asl__cpu_kernels *k)
{
    k->bias_relu(memory.out, 20, 128, memory.weights, 1);
    return 2.0 * 20 * 128;
}

static double sparse(const asl__cpu_kernels *k, int32_t kernel, int32_t width, int32_t channels)
{
    int32_t tap[25];
    for (int32_t t = 0; t < kernel * kernel; t++)
        tap[t] = (t / kernel * width + t % kernel) * channels;
    k->sparse_weights(memory.out, memory.in, memory.entries, ENTRIES, tap, kernel * kernel);
    return 2.0 * 16 * kernel * kernel * ENTRIES;
}

static double sparse_conv2(const asl__cpu_kernels *k)
{
    return sparse(k, 5, 110, 16);
}

static double sparse_conv3(const asl__cpu_kernels *k)
{
    return sparse(k, 3, 53, 32);
}

static double column_sums(const asl__cpu_kernels *k)
{
    k->column_sums(memory.out, memory.in, 20 * 20, 128);
    return 20.0 * 20 * 128;
}

static double add(const asl__cpu_kernels *k)
{
    k->add(memory.out, memory.in, 25 * 25 * 64);
    return 25.0 * 25 * 64;
}

static double mask(const asl__cpu_kernels *k)
{
    k->mask(memory.out, memory.in, memory.in + FLOATS / 2, 25 * 25 * 64);
    return 25.0 * 25 * 64;
}

static double unpool(const asl__cpu_kernels *k)
{
    k->unpool(memory.out, memory.in, memory.in + FLOATS / 2, memory.choice, 25, 25, 64, 1);
    return 25.0 * 25 * 64;
}

static double scale(const asl__cpu_kernels *k)
{
    k->scale(memory.out, memory.in, memory.weights, memory.weights + 64, 25 * 25, 64, 1);
    return 3.0 * 25 * 25 * 64;
}

static double moments(const asl__cpu_kernels *k)
{
    k->moments(memory.sums, memory.in, 25 * 25, 64);
    return 3.0 * 25 * 25 * 64;
}

static double norm_sums(const asl__cpu_kernels *k)
{
    k->norm_sums(memory.sums, memory.in, memory.in + FLOATS / 4, memory.in + FLOATS / 2,
                 memory.sums + 512, 25 * 25, 64);
    return 5.0 * 25 * 25 * 64;
}

static double norm_gradient(const asl__cpu_kernels *k)
{
    k->norm_gradient(memory.out, memory.in, memory.in + FLOATS / 4, memory.in + FLOATS / 2,
                     memory.sums + 512, memory.weights, 25 * 25, 64);
    return 6.0 * 25 * 25 * 64;
}

static const bench benches[] = {
    {"gemm", "conv 2, a point of a chunk of tiles", gemm_conv2},
    {"gemm", "conv 4, a point of a chunk of tiles", gemm_conv4},
    {"gemm", "conv 4 directly, a row", gemm_direct},
    {"gemm", "dense, 256 terms", gemm_dense},
    {"gemm_bf16", "a row of conv 1, 15 terms of 32", bf16_conv1},
    {"gemm_bf16", "a row of conv 2", bf16_conv2},
    {"gemm_bf16", "a row of conv 4", bf16_conv4},
    {"to_bf16", "a row of 110x16", to_bf16},
    {"wino_filter", "5x5", filter5},
    {"wino_filter", "3x3", filter3},
    {"wino_input", "conv 2, a chunk of tiles", input_conv2},
    {"wino_input", "conv 3, a chunk of tiles", input_conv3},
    {"wino_planes", "conv 1, a row of tiles", planes_conv1},
    {"wino_output", "conv 2, a chunk of tiles", output_conv2},
    {"wino_output", "conv 3, a chunk of tiles", output_conv3},
    {"pool_rows", "conv 2, a row", pool_conv2},
    {"bias_relu", "conv 4, a row", bias_conv4},
    {"sparse_weights", "conv 2, half of the windows", sparse_conv2},
    {"sparse_weights", "conv 3, as many", sparse_conv3},
    {"column_sums", "20x20x128", column_sums},
    {"add", "25x25x64", add},
    {"mask", "25x25x64", mask},
    {"unpool", "25x25x64", unpool},
    {"scale", "25x25x64", scale},
    {"moments", "25x25x64", moments},
    {"norm_sums", "25x25x64", norm_sums},
    {"norm_gradient", "25x25x64", norm_gradient},
};

static const struct {
    const char *isa;
    bool bf16;
    double (*run)(float *factor, int64_t rounds);
} peaks[] = {
    {"c", false, peak_c},
#if defined(__x86_64__)
    {"avx2", false, peak_avx2},  {"avx512", false, peak_avx512}, {"avx512", true, peak_avx512_bf16},
    {"amx", false, peak_avx512}, {"amx", true, peak_amx},
#endif
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Operations a second; the best of a few runs, as for the kernels. */
static double measure_peak(const char *isa, bool bf16)
{
    float factor = 0.5f;
    double best = 0.0;
    for (size_t i = 0; i < sizeof peaks / sizeof peaks[0]; i++)
        for (int32_t run = 0; run < 8 && bf16 == peaks[i].bf16 && strcmp(isa, peaks[i].isa) == 0;
             run++) {
            const double start = seconds(), speed = peaks[i].run(&factor, 1000000);
            const double taken = seconds() - start;
            best = speed / taken > best ? speed / taken : best;
        }
    return best;
}

/* Seconds a call: the best of eight runs of 3 ms at least. */
static double measure(const asl__cpu_kernels *k, const bench *b)
{
    double best = 0.0;
    int64_t calls = 1;
    for (int32_t run = 0; run < 8;) {
        const double start = seconds();
        for (int64_t i = 0; i < calls; i++)
            b->call(k);
        const double taken = seconds() - start;
        if (taken < 3e-3) {
            calls *= 2;
            continue;
        }
        if (run++ == 0 || taken / (double)calls < best)
            best = taken / (double)calls;
    }
    return best;
}

static bool allocate(void)
{
    memory.in = asl__alloc_array(FLOATS, sizeof(float));
    memory.out = asl__alloc_array(FLOATS, sizeof(float));
    memory.weights = asl__alloc_array(FLOATS, sizeof(float));
    memory.sums = asl__alloc_array(1024, sizeof(double));
    memory.choice = asl__alloc_array(FLOATS, 1);
    memory.entries = asl__alloc_array(ENTRIES, sizeof(asl__entry));
    return memory.in && memory.out && memory.weights && memory.sums && memory.choice &&
           memory.entries;
}

static void fill(void)
{
    for (int32_t i = 0; i < FLOATS; i++) {
        memory.in[i] = draw(UNIT);
        memory.weights[i] = draw(UNIT);
        memory.choice[i] = (uint8_t)(i % 4);
    }
    for (int32_t i = 0; i < 1024; i++)
        memory.sums[i] = (double)draw(UNIT);
    /* One of two windows of conv 2, in order, as the backward pass lists them. */
    for (int32_t i = 0; i < ENTRIES; i++)
        memory.entries[i] = (asl__entry){2 * (i * 2 / 53 * 110 + i * 2 % 53) * 16, draw(UNIT)};
}

void run_bench(const asl__cpu_kernels *k, const char *kernel)
{
    const double peak = measure_peak(k->isa, false);
    const double bf16_peak = k->bf16 != ASL__BF16_EMULATED ? measure_peak(k->isa, true) : peak;
    if (!allocate()) {
        fputs("test_kernels: no memory\n", stderr);
        exit(1);
    }
    fill();
    printf("%s: peak of one core %.1f GFLOP/s, %.1f in bfloat16\n", k->isa, peak * 1e-9,
           bf16_peak * 1e-9);
    printf("%-14s  %-36s %11s %9s %8s\n", "kernel", "shape", "ns a call", "GFLOP/s", "of peak");
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        if (kernel != NULL && strcmp(kernel, benches[i].kernel) != 0)
            continue;
        const double taken = measure(k, &benches[i]), speed = benches[i].call(k) / taken;
        const double most = strcmp(benches[i].kernel, "gemm_bf16") == 0 ? bf16_peak : peak;
        printf("%-14s  %-36s %11.1f %9.1f %7.1f%%\n", benches[i].kernel, benches[i].shape,
               taken * 1e9, speed * 1e-9, 100.0 * speed / most);
    }
    asl__free(memory.in);
    asl__free(memory.out);
    asl__free(memory.weights);
    asl__free(memory.sums);
    asl__free(memory.choice);
    asl__free(memory.entries);
}
