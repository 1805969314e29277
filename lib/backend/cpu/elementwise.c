/* SPDX-License-Identifier: MIT */
/* ReLU and dropout on their own. */
#include <string.h>

#include "backend/cpu/plan.h"
#include "base/random.h"

void asl__cpu_relu_forward(const asl__job *job)
{
    const size_t count = asl__cpu_volume(&job->op->out);
    memcpy(job->out, job->in, count * sizeof *job->out);
    job->plan->kernels.bias_relu(job->out, (int64_t)count / ASL__CPU_BLOCK, ASL__CPU_BLOCK, NULL,
                                 1);
}

void asl__cpu_relu_backward(const asl__job *job)
{
    if (job->in_gradient != NULL)
        job->plan->kernels.mask(job->in_gradient, job->out_gradient, job->out,
                                (int64_t)asl__cpu_volume(&job->op->out));
}

/* Multiplies by the mask of backend/backend.h; its units are counted channel by channel. */
static void apply_mask(float *out, const float *in, const asl__job *job)
{
    const asl__map2d *map = &job->op->out;
    const double rate = (double)job->op->layer->rate;
    const float scale = (float)(1.0 / (1.0 - rate));
    const uint64_t stream = ASL__STREAM_DROPOUT + ((uint64_t)job->op->index << 8);
    const int64_t pixels = (int64_t)map->height * map->width, units = pixels * map->channels;
    const uint64_t place = (uint64_t)job->step->first + (uint64_t)job->picture;
    const uint64_t first = ((uint64_t)job->step->step * 65536 + place) * (uint64_t)units;
    memset(out, 0, asl__cpu_volume(map) * sizeof *out);
    for (int32_t c = 0; c < map->channels; c++)
        for (int64_t p = 0; p < pixels; p++) {
            const uint64_t unit = first + (uint64_t)(c * pixels + p);
            if (asl__random_uniform(job->step->seed, stream, unit) >= rate)
                out[p * map->stride + c] = in[p * map->stride + c] * scale;
        }
}

void asl__cpu_dropout_forward(const asl__job *job)
{
    if (job->step != NULL)
        apply_mask(job->out, job->in, job);
    else
        memcpy(job->out, job->in, asl__cpu_volume(&job->op->out) * sizeof *job->out);
}

void asl__cpu_dropout_backward(const asl__job *job)
{
    if (job->in_gradient != NULL)
        apply_mask(job->in_gradient, job->out_gradient, job);
}
