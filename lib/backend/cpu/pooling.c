/* SPDX-License-Identifier: MIT */
/* Maximum pooling of any window on its own, and global pooling. Ties go to the first maximum in
 * row-major order. */
#include <string.h>

#include "backend/cpu/plan.h"

/* Float of the largest value of a window in one channel, counted from `in`. */
static ptrdiff_t find_maximum(const float *in, int32_t height, int32_t width, ptrdiff_t row,
                              ptrdiff_t step)
{
    ptrdiff_t best = 0;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            if (in[y * row + x * step] > in[best])
                best = y * row + x * step;
    return best;
}

void asl__cpu_max_pool_forward(const asl__job *job)
{
    const asl__map2d *in = &job->op->in, *out = &job->op->out;
    const int32_t kernel = job->op->layer->kernel;
    const ptrdiff_t row = (ptrdiff_t)in->width * in->stride;
    for (int32_t y = 0; y < out->height; y++)
        for (int32_t x = 0; x < out->width; x++) {
            const float *from = job->in + y * kernel * row + (ptrdiff_t)x * kernel * in->stride;
            float *to = job->out + ((ptrdiff_t)y * out->width + x) * out->stride;
            memcpy(to, from, (size_t)out->stride * sizeof *to);
            for (int32_t j = 0; j < kernel; j++)
                for (int32_t i = 0; i < kernel; i++)
                    for (int32_t c = 0; c < out->stride; c++) {
                        const float value = from[j * row + (ptrdiff_t)i * in->stride + c];
                        to[c] = value > to[c] ? value : to[c];
                    }
        }
}

void asl__cpu_max_pool_backward(const asl__job *job)
{
    const asl__map2d *in = &job->op->in, *out = &job->op->out;
    const int32_t kernel = job->op->layer->kernel;
    const ptrdiff_t row = (ptrdiff_t)in->width * in->stride;
    if (job->in_gradient == NULL)
        return;
    memset(job->in_gradient, 0, asl__cpu_volume(in) * sizeof *job->in_gradient);
    for (int32_t y = 0; y < out->height; y++)
        for (int32_t x = 0; x < out->width; x++)
            for (int32_t c = 0; c < out->stride; c++) {
                const ptrdiff_t at = y * kernel * row + (ptrdiff_t)x * kernel * in->stride + c;
                const ptrdiff_t best = find_maximum(job->in + at, kernel, kernel, row, in->stride);
                job->in_gradient[at + best] =
                    job->out_gradient[((ptrdiff_t)y * out->width + x) * out->stride + c];
            }
}

/* Channel of the output where the maxima begin; -1 when there are none. */
static int32_t maxima_at(const asl__op *op)
{
    if (op->layer->pool == ASL__POOL_AVG)
        return -1;
    return op->layer->pool == ASL__POOL_BOTH ? op->in.channels : 0;
}

void asl__cpu_global_pool_forward(const asl__job *job)
{
    const asl__map2d *in = &job->op->in;
    const ptrdiff_t row = (ptrdiff_t)in->width * in->stride;
    const int64_t pixels = (int64_t)in->height * in->width;
    const int32_t maxima = maxima_at(job->op);
    memset(job->out, 0, asl__cpu_volume(&job->op->out) * sizeof *job->out);
    if (job->op->layer->pool != ASL__POOL_MAX) {
        for (int64_t p = 0; p < pixels; p++)
            for (int32_t c = 0; c < in->channels; c++)
                job->out[c] += job->in[p * in->stride + c];
        for (int32_t c = 0; c < in->channels; c++)
            job->out[c] /= (float)pixels;
    }
    for (int32_t c = 0; maxima >= 0 && c < in->channels; c++) {
        const float *from = job->in + c;
        job->out[maxima + c] = from[find_maximum(from, in->height, in->width, row, in->stride)];
    }
}

void asl__cpu_global_pool_backward(const asl__job *job)
{
    const asl__map2d *in = &job->op->in;
    const ptrdiff_t row = (ptrdiff_t)in->width * in->stride;
    const int64_t pixels = (int64_t)in->height * in->width;
    const int32_t maxima = maxima_at(job->op);
    if (job->in_gradient == NULL)
        return;
    memset(job->in_gradient, 0, asl__cpu_volume(in) * sizeof *job->in_gradient);
    if (job->op->layer->pool != ASL__POOL_MAX)
        for (int64_t p = 0; p < pixels; p++)
            for (int32_t c = 0; c < in->channels; c++)
                job->in_gradient[p * in->stride + c] = job->out_gradient[c] / (float)pixels;
    for (int32_t c = 0; maxima >= 0 && c < in->channels; c++) {
        const ptrdiff_t best = find_maximum(job->in + c, in->height, in->width, row, in->stride);
        job->in_gradient[best + c] += job->out_gradient[maxima + c];
    }
}
