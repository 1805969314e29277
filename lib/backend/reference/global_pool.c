/* SPDX-License-Identifier: MIT */
/* Global pooling: each channel becomes its average, its maximum, or both (all averages, then all
 * maxima). Of equal maxima the first in row order gets the gradient. */
#include <math.h>

#include "backend/reference/reference.h"

static double average(const float *plane, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)plane[i];
    return sum / (double)count;
}

/* A NaN counts as the largest. */
static size_t find_maximum(const float *plane, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (plane[i] > plane[best] || isnan(plane[i]))
            best = i;
    }
    return best;
}

static void forward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t plane = (size_t)layer->in.height * (size_t)layer->in.width;
    const size_t channels = (size_t)layer->in.channels;
    const float *in = op->in + (size_t)picture * channels * plane;
    float *out = op->out + (size_t)picture * asl__reference_volume(layer->out);

    for (size_t c = 0; c < channels && (layer->pool & ASL__POOL_AVG) != 0; c++)
        *out++ = (float)average(in + c * plane, plane);
    for (size_t c = 0; c < channels && (layer->pool & ASL__POOL_MAX) != 0; c++)
        *out++ = in[c * plane + find_maximum(in + c * plane, plane)];
}

void asl__reference_global_pool_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_picture, &context, op->count);
}

static void backward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t plane = (size_t)layer->in.height * (size_t)layer->in.width;
    const size_t channels = (size_t)layer->in.channels;
    const float *in = op->in + (size_t)picture * channels * plane;
    const float *gradient = op->out_gradient + (size_t)picture * asl__reference_volume(layer->out);
    float *out = op->in_gradient + (size_t)picture * channels * plane;

    for (size_t i = 0; i < channels * plane; i++)
        out[i] = 0.0f;
    if ((layer->pool & ASL__POOL_AVG) != 0) {
        for (size_t i = 0; i < channels * plane; i++)
            out[i] = (float)((double)gradient[i / plane] / (double)plane);
        gradient += channels;
    }
    for (size_t c = 0; c < channels && (layer->pool & ASL__POOL_MAX) != 0; c++)
        out[c * plane + find_maximum(in + c * plane, plane)] += gradient[c];
}

void asl__reference_global_pool_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_picture, &context, op->count);
}
