/* SPDX-License-Identifier: MIT */
/* A convolution as a cuDNN graph: one operation, or three when bias and ReLU are fused. */
#ifndef ASL_BACKEND_CUDA_CONV_GRAPH_H
#define ASL_BACKEND_CUDA_CONV_GRAPH_H

#include "backend/cuda/convolution.h"
#include "backend/cuda/descriptor.h"

/* Names of the tensors in a graph. */
enum {
    ASL__ID_X = 1,
    ASL__ID_W,
    ASL__ID_Y,
    ASL__ID_DX,
    ASL__ID_DW,
    ASL__ID_DY,
    ASL__ID_BIAS,
    ASL__ID_PRODUCT,
    ASL__ID_SUM
};

/* What a graph is made of; freed once a plan has been made from it. */
typedef struct asl__conv_graph {
    asl__descriptor x, w, y, bias, product, sum; /* tensors; y is dy where there is one */
    asl__descriptor conv, add, relu;             /* what to do */
    asl__descriptor op[3];
    asl__descriptor all;
} asl__conv_graph;

/* `filter` is the number of a filter's gradient. On failure what was made is left for
 * asl__conv_graph_free(). */
asl_status asl__conv_graph_make(asl__conv_graph *g, const asl__conv_shape *s, asl__number filter,
                                asl_error *err);
void asl__conv_graph_free(asl__conv_graph *g);

#endif
