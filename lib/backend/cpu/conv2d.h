/* SPDX-License-Identifier: MIT */
/* What the two directions of a convolution share. */
#ifndef ASL_BACKEND_CPU_CONV2D_H
#define ASL_BACKEND_CPU_CONV2D_H

#include "backend/cpu/plan.h"

/* Tiles first..end-1 of a Winograd convolution with packed weights. */
void asl__cpu_wino_run(const asl__plan *plan, const asl__workspace *work, const asl__wino *w,
                       const float *weights, int32_t first, int32_t end);

/* The op's input with its padding around it, in the index-th place of the working memory, and the
 * width of that in pixels. */
const float *asl__cpu_bordered(const asl__job *job, int32_t index);
int32_t asl__cpu_bordered_width(const asl__op *op);

/* Rows of a map as bfloat16, inside a border of zeros, made when they are first needed. */
typedef struct asl__bf16_rows {
    const asl__cpu_kernels *kernels;
    const float *in;
    uint16_t *out;
    int32_t height, width, channels, border;
    int32_t next; /* the first that is not made yet, counted with the border */
} asl__bf16_rows;

/* Row y of the convolution of rows with packed weights: float[count][out_channels]. Rows before
 * y * stride may be missing. */
typedef struct asl__bf16_conv2d {
    asl__bf16_rows rows;
    const uint16_t *weights;
    int32_t kernel, stride, count, out_channels;
} asl__bf16_conv2d;
void asl__bf16_conv2d_row(asl__bf16_conv2d *c, float *out, int32_t y);

/* Where the winners of the pooling go, from float `offset` of the output on; NULL outside
 * training. */
static inline uint8_t *asl__cpu_choices(const asl__job *job, ptrdiff_t offset)
{
    return job->op->pool && job->plan->training ? job->slot->choices + job->op->choice + offset
                                                : NULL;
}

#endif
