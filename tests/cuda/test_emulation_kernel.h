/* SPDX-License-Identifier: MIT */
/* Kernels for the test of the emulation. */
#ifndef TESTS_CUDA_TEST_EMULATION_KERNEL_H
#define TESTS_CUDA_TEST_EMULATION_KERNEL_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct test_scaled {
    int unused; /* before a gap */
    const float *from;
    float by;
} test_scaled;

/* to[i] = from[i] * by */
cudaError_t test_scale(float *to, const float *from, float by, size_t count, cudaStream_t stream);
/* The same, from a structure. */
cudaError_t test_scale_from(float *to, test_scaled scaled, size_t count, cudaStream_t stream);
/* Whether a host pointer in a structure is found out. */
int test_searches_structures(void);
/* Wrong: each element needs the one before it. */
cudaError_t test_running_sum(float *values, size_t count, cudaStream_t stream);
/* Wrong: writes one element too many. */
cudaError_t test_overrun(float *to, size_t count, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
