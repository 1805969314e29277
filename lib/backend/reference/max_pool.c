/* SPDX-License-Identifier: MIT */
/* Max pooling over windows that touch but do not overlap; rows and columns left over at the bottom
 * and right are ignored. Of equal values the first in row order wins and gets the gradient. */
#include <math.h>

#include "backend/reference/reference.h"

/* Where in the input plane the maximum of output (y, x) lies. A NaN counts as the largest. */
static size_t find_maximum(const float *plane, const asl__layer *layer, int32_t y, int32_t x)
{
    const size_t width = (size_t)layer->in.width, kernel = (size_t)layer->kernel;
    const size_t corner = (size_t)y * kernel * width + (size_t)x * kernel;
    size_t best = corner;

    for (size_t ky = 0; ky < kernel; ky++) {
        for (size_t kx = 0; kx < kernel; kx++) {
            const size_t i = corner + ky * width + kx;
            if (plane[i] > plane[best] || isnan(plane[i]))
                best = i;
        }
    }
    return best;
}

static void forward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t plane = (size_t)layer->in.height * (size_t)layer->in.width;
    const float *in = op->in + (size_t)picture * asl__reference_volume(layer->in);
    float *out = op->out + (size_t)picture * asl__reference_volume(layer->out);

    for (int32_t c = 0; c < layer->in.channels; c++, in += plane) {
        for (int32_t y = 0; y < layer->out.height; y++) {
            for (int32_t x = 0; x < layer->out.width; x++)
                *out++ = in[find_maximum(in, layer, y, x)];
        }
    }
}

void asl__reference_max_pool_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_picture, &context, op->count);
}

static void backward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t plane = (size_t)layer->in.height * (size_t)layer->in.width;
    const size_t volume = asl__reference_volume(layer->in);
    const float *in = op->in + (size_t)picture * volume;
    const float *gradient = op->out_gradient + (size_t)picture * asl__reference_volume(layer->out);
    float *out = op->in_gradient + (size_t)picture * volume;

    for (size_t i = 0; i < volume; i++)
        out[i] = 0.0f;
    for (int32_t c = 0; c < layer->in.channels; c++, in += plane, out += plane) {
        for (int32_t y = 0; y < layer->out.height; y++) {
            for (int32_t x = 0; x < layer->out.width; x++)
                out[find_maximum(in, layer, y, x)] = *gradient++;
        }
    }
}

void asl__reference_max_pool_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_picture, &context, op->count);
}
