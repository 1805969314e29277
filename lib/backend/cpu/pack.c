/* SPDX-License-Identifier: MIT */
/* Weights as the kernels want them: in blocks of gemm_columns output channels, one row of the block
 * for each term of the sum, with zeros where channels are padded. */
#include <math.h>
#include <string.h>

#include "backend/cpu/plan.h"

enum { MOST_COLUMNS = 32 }; /* of any table's gemm_columns */

/* A convolution's weights seen as out x in x kernel x kernel, forward or turned round: the input
 * gradient is a convolution from `out` to `in` channels with the kernel rotated by half a turn. */
typedef struct filters {
    const float *weights; /* canonical [layer out][layer in][k][k] */
    int32_t kernel, in, out, in_stride, out_stride;
    int32_t turned;
} filters;

static filters filters_of(const asl__plan *plan, const asl__op *op, int32_t turned)
{
    filters f = {plan->state[ASL__STATE_PARAMETERS] + op->layer->weight,
                 op->kernel,
                 op->layer->in.channels,
                 op->layer->out.channels,
                 op->in.stride,
                 op->out.stride,
                 turned};
    if (turned) {
        f.in = op->layer->out.channels;
        f.out = op->layer->in.channels;
        f.in_stride = op->out.stride;
        f.out_stride = op->in.stride;
    }
    return f;
}

static int32_t columns_from(const asl__plan *plan, const filters *f, int32_t first)
{
    const int32_t left = f->out_stride - first;
    return left < plan->kernels.gemm_columns ? left : plan->kernels.gemm_columns;
}

/* Row y of the kernels from input channel `in` to the output channels from `first` on:
 * taps[x][columns]. */
static void gather_row(float *taps, const filters *f, int32_t first, int32_t columns, int32_t in,
                       int32_t y)
{
    const int32_t k = f->kernel, left = in < f->in ? f->out - first : 0;
    const int32_t real = left < columns ? left : columns;
    if (real < columns)
        memset(taps, 0, (size_t)k * (size_t)columns * sizeof *taps);
    for (int32_t c = 0; c < real; c++) {
        const ptrdiff_t out = first + c;
        const float *kernel =
            f->weights + (f->turned ? in * (ptrdiff_t)f->out + out : out * f->in + in) * k * k;
        for (int32_t x = 0; x < k; x++)
            taps[x * columns + c] =
                f->turned ? kernel[(k - 1 - y) * k + k - 1 - x] : kernel[y * k + x];
    }
}

/* One input channel of a Winograd convolution: u[block][points][in][columns]. */
static void pack_winograd(const asl__plan *plan, float *packed, const filters *f, int32_t in)
{
    const int32_t k = f->kernel, points = (k + 3) * (k + 3);
    float taps[25 * ASL__CPU_BLOCK];
    for (int32_t first = 0; first < f->out_stride; first += plan->kernels.gemm_columns) {
        const int32_t columns = columns_from(plan, f, first);
        for (int32_t c = 0; c < columns; c += ASL__CPU_BLOCK) {
            for (int32_t y = 0; y < k; y++)
                gather_row(taps + y * k * ASL__CPU_BLOCK, f, first + c, ASL__CPU_BLOCK, in, y);
            plan->kernels.wino_filter(packed + (ptrdiff_t)in * columns + c,
                                      (ptrdiff_t)f->in_stride * columns, taps, k);
        }
        packed += (ptrdiff_t)points * f->in_stride * columns;
    }
}

/* One input channel of a direct convolution: [block][y][x][in][columns]. */
static void pack_direct(const asl__plan *plan, float *packed, const filters *f, int32_t in)
{
    const int32_t k = f->kernel;
    float taps[ASL__MAX_KERNEL * MOST_COLUMNS];
    for (int32_t first = 0; first < f->out_stride; first += plan->kernels.gemm_columns) {
        const int32_t columns = columns_from(plan, f, first);
        for (int32_t y = 0; y < k; y++, packed += (ptrdiff_t)k * f->in_stride * columns) {
            gather_row(taps, f, first, columns, in, y);
            for (int32_t x = 0; x < k; x++)
                memcpy(packed + ((ptrdiff_t)x * f->in_stride + in) * columns, taps + x * columns,
                       (size_t)columns * sizeof *taps);
        }
    }
}

/* One input channel of a convolution in bfloat16: [block][y][pairs of x * in][columns][2]. */
static void pack_bf16(const asl__plan *plan, float *place, const filters *f, int32_t in)
{
    const int32_t k = f->kernel, inner = asl__cpu_bf16_inner(k * f->in_stride);
    uint16_t *packed = (uint16_t *)place, rounded[ASL__MAX_KERNEL * MOST_COLUMNS];
    float taps[ASL__MAX_KERNEL * MOST_COLUMNS];
    for (int32_t first = 0; first < f->out_stride; first += plan->kernels.gemm_columns) {
        const int32_t columns = columns_from(plan, f, first);
        for (int32_t y = 0; y < k; y++, packed += (ptrdiff_t)inner * columns) {
            gather_row(taps, f, first, columns, in, y);
            plan->kernels.to_bf16(rounded, taps, (int64_t)k * columns);
            for (int32_t x = 0; x < k; x++) {
                const int32_t term = x * f->in_stride + in;
                uint16_t *pairs = packed + (ptrdiff_t)(term / 2) * 2 * columns + term % 2;
                for (int32_t c = 0; c < columns; c++)
                    pairs[2 * c] = rounded[x * columns + c];
            }
        }
    }
}

/* One output channel for the columns of an input gradient: [y][block of x * in][out][columns]. */
static void pack_columns(const asl__plan *plan, float *packed, const asl__op *op, int32_t out)
{
    const filters f = filters_of(plan, op, 0);
    const int32_t k = f.kernel, row = k * f.in_stride;
    for (int32_t y = 0; y < k; y++)
        for (int32_t first = 0; first < row; first += plan->kernels.gemm_columns) {
            const int32_t columns =
                row - first < plan->kernels.gemm_columns ? row - first : plan->kernels.gemm_columns;
            for (int32_t c = 0; c < columns; c++) {
                const int32_t in = (first + c) % f.in_stride, x = (first + c) / f.in_stride;
                packed[(ptrdiff_t)out * columns + c] =
                    in < f.in && out < f.out
                        ? f.weights[(((ptrdiff_t)out * f.in + in) * k + y) * k + x]
                        : 0.0f;
            }
            packed += (ptrdiff_t)f.out_stride * columns;
        }
}

/* All of one op's weights; item is the channel that the sums run over. */
typedef struct pack_job {
    asl__plan *plan;
    const asl__op *op;
} pack_job;

static void pack_forward(void *context, int64_t channel)
{
    const pack_job *job = context;
    const filters f = filters_of(job->plan, job->op, 0);
    float *packed = job->plan->packed + job->op->weights;
    if (job->op->bf16)
        pack_bf16(job->plan, packed, &f, (int32_t)channel);
    else if (job->op->winograd)
        pack_winograd(job->plan, packed, &f, (int32_t)channel);
    else
        pack_direct(job->plan, packed, &f, (int32_t)channel);
}

static void pack_backward(void *context, int64_t channel)
{
    const pack_job *job = context;
    const filters f = filters_of(job->plan, job->op, 1);
    float *packed = job->plan->packed + job->op->back_weights;
    if (job->op->back_bf16)
        pack_bf16(job->plan, packed, &f, (int32_t)channel);
    else if (job->op->winograd)
        pack_winograd(job->plan, packed, &f, (int32_t)channel);
    else
        pack_columns(job->plan, packed, job->op, (int32_t)channel);
}

static void pack_conv2d(asl__plan *plan, const asl__op *op)
{
    pack_job job = {plan, op};
    const float *parameters = plan->state[ASL__STATE_PARAMETERS];
    asl__pool_run(plan->pool, pack_forward, &job, op->in.stride);
    if (plan->training && op > &plan->ops[plan->first_trained])
        asl__pool_run(plan->pool, pack_backward, &job, op->out.stride);
    if (op->layer->bias)
        memcpy(plan->packed + op->bias, parameters + op->layer->offset,
               (size_t)op->layer->out.channels * sizeof(float));
}

/* Outside training batch norm is one factor and one shift a channel. */
static void pack_batch_norm(asl__plan *plan, const asl__op *op)
{
    const asl__layer *layer = op->layer;
    const float *parameters = plan->state[ASL__STATE_PARAMETERS];
    float *factor = plan->packed + op->weights, *shift = factor + op->out.stride;
    for (int32_t c = 0; c < layer->out.channels; c++) {
        const double variance = (double)parameters[layer->variance + (size_t)c];
        const double scale = (double)parameters[layer->weight + (size_t)c] /
                             sqrt(variance + (double)ASL__BATCH_NORM_EPSILON);
        factor[c] = (float)scale;
        shift[c] = (float)((double)parameters[layer->offset + (size_t)c] -
                           scale * (double)parameters[layer->mean + (size_t)c]);
    }
}

void asl__cpu_pack(asl__plan *plan)
{
    if (!plan->stale)
        return;
    for (int32_t i = 0; i < plan->op_count; i++) {
        const asl__op *op = &plan->ops[i];
        if (op->kind == ASL__OP_CONV2D)
            pack_conv2d(plan, op);
        else if (op->kind == ASL__OP_BATCH_NORM)
            pack_batch_norm(plan, op);
    }
    plan->stale = 0;
}
