/* SPDX-License-Identifier: MIT */
/* Rectifier: out = max(in, 0), with gradient 0 at 0. NaN passes, so that divergence shows. */
#include "backend/reference/reference.h"

static void forward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const size_t volume = asl__reference_volume(op->layer->in);
    const float *in = op->in + (size_t)picture * volume;
    float *out = op->out + (size_t)picture * volume;

    for (size_t i = 0; i < volume; i++)
        out[i] = in[i] <= 0.0f ? 0.0f : in[i];
}

void asl__reference_relu_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_picture, &context, op->count);
}

static void backward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const size_t volume = asl__reference_volume(op->layer->in);
    const float *in = op->in + (size_t)picture * volume;
    const float *gradient = op->out_gradient + (size_t)picture * volume;
    float *out = op->in_gradient + (size_t)picture * volume;

    for (size_t i = 0; i < volume; i++)
        out[i] = in[i] <= 0.0f ? 0.0f : gradient[i];
}

void asl__reference_relu_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_picture, &context, op->count);
}
