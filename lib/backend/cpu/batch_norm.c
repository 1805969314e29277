/* SPDX-License-Identifier: MIT */
/* Batch norm (Ioffe & Szegedy 2015), with ReLU when it follows. Each lane sums its pictures'
 * moments in double; the lanes are added in order. The statistics of an op are four doubles a
 * channel: mean, 1 / deviation, and the backward pass's means of g and g * xhat. */
#include <math.h>

#include "backend/cpu/plan.h"

static int64_t pixels_of(const asl__op *op)
{
    return (int64_t)op->in.height * op->in.width;
}

void asl__cpu_batch_norm_forward(const asl__job *job)
{
    const float *factor = job->plan->packed + job->op->weights;
    job->plan->kernels.scale(job->out, job->in, factor, factor + job->op->out.stride,
                             pixels_of(job->op), job->op->out.stride, job->op->relu);
}

void asl__cpu_batch_norm_moments(const asl__job *job)
{
    job->plan->kernels.moments(job->lane->statistics + job->op->statistics, job->in,
                               pixels_of(job->op), job->op->in.stride);
}

/* sums[2 * stride] of all lanes, in order, over `count` values each. */
static void mean_of_lanes(double *means, const asl__plan *plan, const asl__op *op, double count)
{
    for (int32_t i = 0; i < 2 * op->out.stride; i++) {
        double sum = 0.0;
        for (int32_t lane = 0; lane < plan->lane_count; lane++)
            sum += plan->lanes[lane].statistics[op->statistics + (size_t)i];
        means[i] = sum / count;
    }
}

void asl__cpu_batch_norm_finish(asl__plan *plan, const asl__op *op, int32_t pictures)
{
    const float *parameters = plan->state[ASL__STATE_PARAMETERS];
    const int32_t stride = op->out.stride;
    double *mean = plan->statistics + op->statistics, *inverse = mean + stride;
    float *factor = plan->packed + op->weights, *shift = factor + stride;
    mean_of_lanes(mean, plan, op, (double)pictures * (double)pixels_of(op));
    for (int32_t c = 0; c < op->out.channels; c++) {
        double variance = inverse[c] - mean[c] * mean[c];
        variance = variance > 0.0 ? variance : 0.0;
        inverse[c] = 1.0 / sqrt(variance + (double)ASL__BATCH_NORM_EPSILON);
        const double scale = (double)parameters[op->layer->weight + (size_t)c] * inverse[c];
        factor[c] = (float)scale;
        shift[c] = (float)((double)parameters[op->layer->offset + (size_t)c] - scale * mean[c]);
    }
    plan->stale = 1; /* the factors are the batch's now, not the running ones */
}

void asl__cpu_batch_norm_report(asl__plan *plan, const asl__op *op, int32_t pictures)
{
    const double count = (double)pictures * (double)pixels_of(op);
    const double *mean = plan->statistics + op->statistics, *inverse = mean + op->out.stride;
    const double unbiased = count > 1.0 ? count / (count - 1.0) : 1.0;
    for (int32_t c = 0; c < op->out.channels; c++) {
        const double variance = 1.0 / (inverse[c] * inverse[c]) - (double)ASL__BATCH_NORM_EPSILON;
        plan->gradients[op->layer->mean + (size_t)c] = (float)mean[c];
        plan->gradients[op->layer->variance + (size_t)c] = (float)(variance * unbiased);
    }
}

void asl__cpu_batch_norm_sums(const asl__job *job)
{
    const double *statistics = job->plan->statistics + job->op->statistics;
    job->plan->kernels.norm_sums(job->lane->statistics + job->op->statistics, job->out_gradient,
                                 job->in, job->op->relu ? job->out : NULL, statistics,
                                 pixels_of(job->op), job->op->in.stride);
}

void asl__cpu_batch_norm_learn(asl__plan *plan, const asl__op *op, int32_t pictures)
{
    const double count = (double)pictures * (double)pixels_of(op);
    double *means = plan->statistics + op->statistics + 2 * (size_t)op->out.stride;
    mean_of_lanes(means, plan, op, count);
    for (int32_t c = 0; c < op->out.channels; c++) {
        plan->gradients[op->layer->offset + (size_t)c] = (float)(means[c] * count);
        plan->gradients[op->layer->weight + (size_t)c] = (float)(means[op->out.stride + c] * count);
    }
}

void asl__cpu_batch_norm_backward(const asl__job *job)
{
    if (job->in_gradient != NULL)
        job->plan->kernels.norm_gradient(
            job->in_gradient, job->out_gradient, job->in, job->op->relu ? job->out : NULL,
            job->plan->statistics + job->op->statistics, job->plan->packed + job->op->weights,
            pixels_of(job->op), job->op->in.stride);
}
