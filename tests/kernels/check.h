/* SPDX-License-Identifier: MIT */
/* What the checks of single kernels share: cases that stop at the first mistake, buffers between
 * guard pages, input of every kind, and comparison with values that a check computed in double. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/cpu/kernels.h"

/* One kernel's check: it runs all its cases, and does not return when one of them is wrong. */
typedef struct kernel_check {
    const char *name;
    void (*run)(const asl__cpu_kernels *k);
} kernel_check;

/* Runs a check from this seed on. False, with one line in `message`, when a result is wrong or a
 * kernel touches memory that it must not. */
bool passes(const kernel_check *check, const asl__cpu_kernels *k, uint64_t seed, char *message,
            size_t size);
int64_t cases_run(void);

/* Between these two a check allocates, calls and compares. The text shows in the message. */
void begin_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Fails when a byte around any buffer has changed, and frees all of them. */
void end_case(void);
void fail_case(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Kinds of input. UNIT is uniform in (-1, 1). */
enum { UNIT, ZERO, DENORMAL, LARGE, TIES, MIXED, FINITE_KINDS, SPECIAL = FINITE_KINDS, KINDS };

/* A number of that kind. LARGE stays below 1e15, so that sums of products are still floats; TIES
 * are small whole numbers; MIXED is any of those before it; SPECIAL has infinities and NaN. */
float draw(int32_t kind);
int32_t between(int32_t low, int32_t high); /* both included */
bool chance(void);                          /* one in two */

/* Memory that ends at a page nobody may touch, or begins after one, or ends one element earlier, at
 * random; filled with a signalling NaN, which arithmetic cannot leave as it is. */
void *poisoned(int64_t count, size_t size);
float *floats(int64_t count);
double *doubles(int64_t count);
uint8_t *bytes(int64_t count);
/* The same filled, and then read-only. */
const float *input(int64_t count, int32_t kind);
void seal(const void *memory);

/* What an output should be, and how large the terms of its sum are together: a kernel that sums in
 * any order with r roundings is at most r * 2^-24 * size away. */
typedef struct wanted {
    double value;
    double size; /* or one of the two below */
} wanted;
#define UNTOUCHED (-1.0)
#define ANYTHING  (-2.0)

wanted *expect(int64_t count); /* all UNTOUCHED */
/* += factor * term; a factor of 0 stands for no term at all. */
void add_term(wanted *sum, double factor, wanted term);
/* A number of which nothing is lost. */
wanted exactly(double value);
/* NaN stays, so that divergence shows. */
wanted rectified(wanted value);

void compare(const char *what, const float *got, const wanted *want, int64_t count,
             double roundings);
void compare_doubles(const char *what, const double *got, const wanted *want, int64_t count,
                     double roundings);

/* Bytes 0..3, or one of the two below. */
enum { UNTOUCHED_CHOICE = -1, ANY_CHOICE = -2 };
int32_t *expect_choices(int64_t count);
void compare_choices(const uint8_t *got, const int32_t *want, int64_t count);

/* Maximum of four in row-major order, the first one winning ties, then bias and ReLU. Where values
 * that are r roundings from these could be ordered otherwise, any choice is right. NaN where one of
 * the four is not finite, so that divergence shows. */
wanted maximum(const wanted four[4], double bias, bool relu, double roundings, int32_t *choice);

void check_gemm(const asl__cpu_kernels *k);
void check_gemm_bf16(const asl__cpu_kernels *k);
void check_to_bf16(const asl__cpu_kernels *k);
void check_wino_filter(const asl__cpu_kernels *k);
void check_wino_input(const asl__cpu_kernels *k);
void check_wino_planes(const asl__cpu_kernels *k);
void check_wino_output(const asl__cpu_kernels *k);
void check_wino_chain(const asl__cpu_kernels *k);
void check_pool_rows(const asl__cpu_kernels *k);
void check_bias_relu(const asl__cpu_kernels *k);
void check_sparse_weights(const asl__cpu_kernels *k);
void check_column_sums(const asl__cpu_kernels *k);
void check_add(const asl__cpu_kernels *k);
void check_mask(const asl__cpu_kernels *k);
void check_unpool(const asl__cpu_kernels *k);
void check_scale(const asl__cpu_kernels *k);
void check_moments(const asl__cpu_kernels *k);
void check_norm_sums(const asl__cpu_kernels *k);
void check_norm_gradient(const asl__cpu_kernels *k);

/* Deliberately wrong kernels, each of which its check has to find. */
typedef struct wrong_kernel {
    const char *kernel, *mistake;
    void (*install)(asl__cpu_kernels *k); /* over the table of portable C */
} wrong_kernel;
extern const wrong_kernel wrong_kernels[];
extern const int32_t wrong_kernel_count;

/* Prints what each kernel takes, and its share of the peak; NULL: all kernels. */
void run_bench(const asl__cpu_kernels *k, const char *kernel);

#endif
