/* SPDX-License-Identifier: MIT */
/* The most that one core can compute: multiplications with additions on registers alone, one
 * function for each instruction set, in a file built with its kernels' flags. */
#ifndef TESTS_KERNELS_PEAK_H
#define TESTS_KERNELS_PEAK_H

#include <stdint.h>

/* sum = sum * factor + term, `rounds` times, on fourteen vectors: more than are in flight at once.
 * Returns the number of operations; `factor` comes in, and a sum goes out, so that nothing of it
 * can be known or left out. */
double peak_c(float *factor, int64_t rounds);
double peak_avx2(float *factor, int64_t rounds);
double peak_avx512(float *factor, int64_t rounds);
/* The same in bfloat16. */
double peak_avx512_bf16(float *factor, int64_t rounds);
double peak_amx(float *factor, int64_t rounds);

#endif
