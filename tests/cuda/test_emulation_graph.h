/* SPDX-License-Identifier: MIT */
/* Convolutions described to cuDNN, for the test of the emulation. */
#ifndef TESTS_CUDA_TEST_EMULATION_GRAPH_H
#define TESTS_CUDA_TEST_EMULATION_GRAPH_H

#include <cudnn.h>
#include <stdbool.h>
#include <stdint.h>

typedef cudnnBackendDescriptor_t descriptor;

/* A convolution whose tensors lie in any order of dimensions; x, w, y as in memory. */
typedef struct problem {
    unsigned kind; /* EMULATION_* */
    bool channels_first;
    cudnnConvolutionMode_t mode;
    cudnnDataType_t type, out_type;
    int64_t n, c, h, w, k, r, s, stride, dilation, padding;
    int64_t p, q; /* of the output */
} problem;

/* Tensors are 1: x, 2: w, 3: y, 4: bias. Descriptors that others refer to are destroyed at once. */
descriptor graph_of(const problem *p);
/* A plan with an engine, destroying the graph. */
descriptor plan_with(descriptor graph, int64_t engine, int64_t *workspace);
/* bias, workspace: may be NULL. */
descriptor pack_of(void *x, void *w, void *y, void *bias, void *workspace);

#endif
