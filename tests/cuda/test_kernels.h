/* SPDX-License-Identifier: MIT */
/* What the tests of the kernels share: a launch that runs at once, on grids of changing sizes, and
 * memory between guards that starts as something no kernel writes. */
#ifndef TESTS_CUDA_KERNELS_H
#define TESTS_CUDA_KERNELS_H

#include "backend/cuda/kernels.h"
#include "support/support.h"

/* ---- Launches ---- */

/* Grids from now on: the n-th of a few, or all in turn for -1. */
enum { GRIDS = 5 };
void launch_grid(int n);
/* The n-th launch from now on fails and does nothing; 0: none. */
void launch_fail(int n);
int launch_count(void); /* since launch_fail() */

/* Fails unless `call` succeeds. */
#define assert_launched(call) assert_int_equal((call), cudaSuccess)

/* ---- Memory ---- */

/* Numbers in memory of their own, `shift` bytes off the alignment that vectors need. */
typedef enum kind { KIND_F32 = ASL__F32, KIND_BF16 = ASL__BF16, KIND_F64, KIND_I32, KIND_U16 } kind;
typedef struct array {
    void *data;
    kind kind;
    size_t count;
    void *memory;
} array;

array array_new(kind k, size_t count, size_t shift);
/* Fails when something was written beside it. */
void array_free(array *a);
double array_get(const array *a, size_t i);
void array_set(array *a, size_t i, double value);
/* Fails unless place i holds the value; a NaN, any NaN. bfloat16 may be off by a rounding if the
 * tolerance is not 0. */
void array_check(const array *a, size_t i, double expected, double tolerance, const char *what);

/* ---- Values ---- */

/* Numbers in a fixed order, from `seed` on. */
void draw_seed(uint64_t seed);
uint32_t draw(uint32_t bound);
double draw_uniform(void); /* in [-1, 1) */
/* A quarter of an integer in -6..6: short enough for everything here to be exact, and often the
 * same as its neighbour. */
double draw_coarse(void);
void array_fill(array *a, double (*from)(void));

size_t map_values(asl__map map);

/* A float to bfloat16, found by comparing distances. */
uint16_t nearest_bf16(float value);

/* ---- Tests ---- */

void test_convert(void **state);
void test_rounding(void **state);
void test_input(void **state);
void test_labels(void **state);
void test_filters(void **state);
void test_dropout(void **state);
void test_loss(void **state);
void test_loss_of_nan(void **state);
void test_optimizers(void **state);

void test_epilogue(void **state);
void test_epilogue_nan(void **state);
void test_large_map(void **state);
void test_channel_sums(void **state);
void test_channel_sums_repeat(void **state);
void test_partials(void **state);
void test_norm(void **state);
void test_norm_running(void **state);
void test_norm_single(void **state);
void test_global_pool(void **state);

#endif
