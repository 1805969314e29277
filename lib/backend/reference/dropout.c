/* SPDX-License-Identifier: MIT */
/* Inverted dropout: in training a unit is dropped with probability `rate` and scaled by
 * 1 / (1 - rate) otherwise; outside training nothing happens. The mask is a pure function of seed,
 * layer, step, picture and unit (backend/backend.h), so the backward pass draws it again. */
#include <string.h>

#include "backend/reference/reference.h"
#include "base/random.h"

/* Forward and backward are the same: both multiply by the mask. */
static void apply_mask(float *out, const float *in, const asl__operation *op, int64_t picture)
{
    const size_t units = asl__reference_volume(op->layer->in);
    const double rate = (double)op->layer->rate;
    const uint64_t stream = ASL__STREAM_DROPOUT + ((uint64_t)op->index << 8);
    const uint64_t place = (uint64_t)op->step->first + (uint64_t)picture;
    const uint64_t first = ((uint64_t)op->step->step * 65536 + place) * units;

    for (size_t i = 0; i < units; i++) {
        const bool dropped = asl__random_uniform(op->step->seed, stream, first + i) < rate;
        out[i] = dropped ? 0.0f : (float)((double)in[i] / (1.0 - rate));
    }
}

static void forward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const size_t units = asl__reference_volume(op->layer->in);
    const float *in = op->in + (size_t)picture * units;
    float *out = op->out + (size_t)picture * units;

    if (op->step != NULL)
        apply_mask(out, in, op, picture);
    else
        memcpy(out, in, units * sizeof *out);
}

void asl__reference_dropout_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_picture, &context, op->count);
}

static void backward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const size_t first = (size_t)picture * asl__reference_volume(op->layer->in);
    apply_mask(op->in_gradient + first, op->out_gradient + first, op, picture);
}

void asl__reference_dropout_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_picture, &context, op->count);
}
