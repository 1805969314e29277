/* SPDX-License-Identifier: MIT */
/* What the two directions of a convolution share. */
#ifndef ASL_BACKEND_CPU_CONV2D_H
#define ASL_BACKEND_CPU_CONV2D_H

#include "backend/cpu/plan.h"

/* Tiles first..end-1 of a Winograd convolution with packed weights. */
void asl__cpu_wino_run(const asl__plan *plan, const asl__workspace *work, const asl__wino *w,
                       const float *weights, int32_t first, int32_t end);

/* The op's input with its padding around it, and the width of that in pixels. */
const float *asl__cpu_bordered(const asl__job *job);
int32_t asl__cpu_bordered_width(const asl__op *op);

/* Where the winners of the pooling go, from float `offset` of the output on; NULL outside
 * training. */
static inline uint8_t *asl__cpu_choices(const asl__job *job, ptrdiff_t offset)
{
    return job->op->pool && job->plan->training ? job->slot->choices + job->op->choice + offset
                                                : NULL;
}

#endif
