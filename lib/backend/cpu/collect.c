/* SPDX-License-Identifier: MIT */
/* From the lanes' sums, each laid out as its kernel wanted, to one gradient in canonical order. */
#include <string.h>

#include "backend/cpu/run.h"

enum { PIECE = 4096 }; /* floats one thread adds up at a time */

static void add_lanes(void *context, int64_t piece)
{
    const asl__plan *plan = context;
    const size_t first = (size_t)piece * PIECE;
    const size_t left = plan->gradients_size - first;
    for (int32_t lane = 1; lane < plan->lane_count; lane++)
        plan->kernels.add(plan->lanes[0].gradients + first, plan->lanes[lane].gradients + first,
                          (int64_t)(left < PIECE ? left : PIECE));
}

/* One output channel of [out][input block][tap][16], see conv2d_backward.c. */
static void collect_sparse(float *weights, const float *sums, const asl__op *op, int32_t out)
{
    const int32_t in = op->layer->in.channels, k = op->kernel, taps = k * k;
    const bool first = op->in.stride < ASL__CPU_BLOCK;
    const size_t row = asl__cpu_gradient_size(op) / (size_t)op->out.stride;
    sums += (size_t)out * row;
    weights += (ptrdiff_t)out * in * taps;
    for (int32_t c = 0; c < in; c++)
        for (int32_t y = 0; y < k; y++)
            for (int32_t x = 0; x < k; x++) {
                const size_t at =
                    first ? (size_t)y * (row / (size_t)k) + (size_t)(x * op->in.stride + c)
                          : (size_t)((c / ASL__CPU_BLOCK * taps + y * k + x) * ASL__CPU_BLOCK +
                                     c % ASL__CPU_BLOCK);
                weights[(c * k + y) * k + x] = sums[at];
            }
}

/* One output channel of [y][x * in stride + in][row of out channels]. */
static void collect_dense(float *weights, const float *sums, const asl__op *op, int32_t out)
{
    const int32_t in = op->layer->in.channels, k = op->kernel;
    weights += (ptrdiff_t)out * in * k * k;
    for (int32_t c = 0; c < in; c++)
        for (int32_t y = 0; y < k; y++)
            for (int32_t x = 0; x < k; x++) {
                const ptrdiff_t row = ((ptrdiff_t)y * k + x) * op->in.stride + c;
                weights[(c * k + y) * k + x] = sums[row * op->out.stride + out];
            }
}

typedef struct collect_job {
    const asl__plan *plan;
    const asl__op *op;
} collect_job;

static void collect_channel(void *context, int64_t out)
{
    const collect_job *job = context;
    const float *sums = job->plan->lanes[0].gradients;
    float *gradients = job->plan->gradients;
    const asl__layer *layer = job->op->layer;
    if (job->op->pool)
        collect_sparse(gradients + layer->weight, sums + job->op->gradient, job->op, (int32_t)out);
    else
        collect_dense(gradients + layer->weight, sums + job->op->gradient, job->op, (int32_t)out);
    if (layer->bias)
        gradients[layer->offset + (size_t)out] = sums[job->op->bias_gradient + (size_t)out];
}

void asl__cpu_collect_gradients(asl__plan *plan)
{
    asl__pool_run(plan->pool, add_lanes, plan,
                  (int64_t)((plan->gradients_size + PIECE - 1) / PIECE));
    for (int32_t i = 0; i < plan->op_count; i++) {
        collect_job job = {plan, &plan->ops[i]};
        if (job.op->kind == ASL__OP_CONV2D)
            asl__pool_run(plan->pool, collect_channel, &job, job.op->layer->out.channels);
    }
}
