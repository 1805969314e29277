/* SPDX-License-Identifier: MIT */
/* Convolution forward: by Winograd, or directly as matrix products over rows of the picture. Either
 * way bias, ReLU and the 2x2 maximum are applied before anything leaves the cache. */
#include <string.h>

#include "backend/cpu/conv2d.h"

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The products of `count` transformed tiles in work->tiles with all weights, block by block of
 * output channels, each block turned into outputs while it is in the cache. The strides
 * say where in work->tiles a point, a tile and a channel lie. */
static void multiply_tiles(const asl__plan *plan, const asl__workspace *work, const asl__wino *w,
                           const float *weights, int32_t first, int32_t count,
                           ptrdiff_t point_stride, ptrdiff_t tile_stride, ptrdiff_t channel_stride)
{
    const int32_t points = (w->kernel + 3) * (w->kernel + 3);
    for (int32_t channel = 0; channel < w->out_channels; channel += plan->kernels.gemm_columns) {
        const int32_t columns = smaller(plan->kernels.gemm_columns, w->out_channels - channel);
        asl__gemm g = {.c = work->products,
                       .c_stride = columns,
                       .a = work->tiles,
                       .row_stride = tile_stride,
                       .inner_stride = channel_stride,
                       .b = weights,
                       .b_stride = columns,
                       .outer = 1,
                       .inner = w->in_channels,
                       .rows = count,
                       .columns = columns};
        for (int32_t p = 0; p < points; p++) {
            plan->kernels.gemm(&g);
            g.c += (ptrdiff_t)count * columns;
            g.a += point_stride;
            g.b += (ptrdiff_t)w->in_channels * columns;
        }
        weights += (ptrdiff_t)points * w->in_channels * columns;
        plan->kernels.wino_output(work->products, w, first, count, channel, columns);
    }
}

void asl__cpu_wino_run(const asl__plan *plan, const asl__workspace *work, const asl__wino *w,
                       const float *weights, int32_t first, int32_t end)
{
    const int32_t points = (w->kernel + 3) * (w->kernel + 3);
    const int32_t most = asl__cpu_wino_chunk(plan, points, w->in_channels);
    for (int32_t tile = first; tile < end; tile += most) {
        const int32_t count = smaller(most, end - tile);
        plan->kernels.wino_input(work->tiles, w, tile, count);
        multiply_tiles(plan, work, w, weights, tile, count, (ptrdiff_t)count * w->in_channels,
                       w->in_channels, 1);
    }
}

/* Rows of tiles first..end-1 of the network's first convolution. */
static void run_planes(const asl__job *job, const asl__wino *w)
{
    const asl__plan *plan = job->plan;
    const asl__planes *planes = &plan->planes;
    const ptrdiff_t plane = (ptrdiff_t)planes->rows * planes->stride;
    const int32_t across = asl__cpu_blocks(w->across);
    for (int32_t y = job->first; y < job->end; y++) {
        const float *in =
            job->slot->values + plan->ops[0].planes + (ptrdiff_t)4 * y * planes->stride;
        plan->kernels.wino_planes(job->work->tiles, in, plane, planes->stride, w->kernel, across);
        multiply_tiles(plan, job->work, w, plan->packed + job->op->weights, y * w->across,
                       w->across, 3 * (ptrdiff_t)across, 1, across);
    }
}

const float *asl__cpu_bordered(const asl__job *job, int32_t index)
{
    const asl__op *op = job->op;
    const int32_t border = op->padding - op->in.border;
    const size_t row = (size_t)op->in.width * (size_t)op->in.stride;
    const size_t left = (size_t)border * (size_t)op->in.stride, wide = row + 2 * left;
    float *const bordered = job->work->bordered + (size_t)index * job->plan->bordered_size;
    float *out = bordered;
    if (border <= 0)
        return job->in;
    memset(out, 0, (size_t)border * wide * sizeof *out);
    out += (size_t)border * wide;
    for (int32_t y = 0; y < op->in.height; y++, out += wide) {
        memset(out, 0, left * sizeof *out);
        memcpy(out + left, job->in + (size_t)y * row, row * sizeof *out);
        memset(out + left + row, 0, left * sizeof *out);
    }
    memset(out, 0, (size_t)border * wide * sizeof *out);
    return bordered;
}

int32_t asl__cpu_bordered_width(const asl__op *op)
{
    return op->in.width + 2 * (op->padding - op->in.border);
}

/* One row of the convolution: float[conv_width][out.stride], without bias. */
static void direct_row(const asl__job *job, float *out, const float *in, int32_t y)
{
    const asl__op *op = job->op;
    const ptrdiff_t wide = (ptrdiff_t)asl__cpu_bordered_width(op) * op->in.stride;
    const asl__cpu_kernels *kernels = &job->plan->kernels;
    const float *weights = job->plan->packed + op->weights;
    const int32_t inner = op->kernel * op->in.stride;
    for (int32_t channel = 0; channel < op->out.stride; channel += kernels->gemm_columns) {
        const int32_t columns = smaller(kernels->gemm_columns, op->out.stride - channel);
        const asl__gemm g = {.c = out + channel,
                             .c_stride = op->out.stride,
                             .a = in + y * op->stride * wide,
                             .row_stride = (ptrdiff_t)op->stride * op->in.stride,
                             .outer_stride = wide,
                             .inner_stride = 1,
                             .b = weights,
                             .b_stride = columns,
                             .outer = op->kernel,
                             .inner = inner,
                             .rows = op->conv_width,
                             .columns = columns};
        kernels->gemm(&g);
        weights += (ptrdiff_t)op->kernel * inner * columns;
    }
}

/* As a convolution in bfloat16; nothing of it is made yet. */
static asl__bf16_conv2d bf16_of(const asl__job *job)
{
    const asl__op *op = job->op;
    return (asl__bf16_conv2d){
        .rows = {.kernels = &job->plan->kernels,
                 .in = job->in,
                 .out = (uint16_t *)job->work->bordered,
                 .height = op->in.height,
                 .width = op->in.width,
                 .channels = op->in.stride,
                 .border = op->padding - op->in.border},
        .weights = (const uint16_t *)(job->plan->packed + op->weights),
        .kernel = op->kernel,
        .stride = op->stride,
        .count = op->conv_width,
        .out_channels = op->out.stride,
    };
}

/* Where the rows of a direct convolution come from. */
typedef struct row_source {
    const asl__job *job;
    const float *in; /* with its border; or else: */
    asl__bf16_conv2d bf16;
} row_source;

static void conv2d_row(row_source *source, float *out, int32_t y)
{
    if (source->in == NULL)
        asl__bf16_conv2d_row(&source->bf16, out, y);
    else
        direct_row(source->job, out, source->in, y);
}

static void direct_forward(const asl__job *job)
{
    const asl__op *op = job->op;
    const asl__cpu_kernels *kernels = &job->plan->kernels;
    const float *bias = job->plan->packed + op->bias;
    row_source source = {job, op->bf16 ? NULL : asl__cpu_bordered(job, 0), bf16_of(job)};
    const ptrdiff_t row = (ptrdiff_t)op->conv_width * op->out.stride;
    const ptrdiff_t out_row = (ptrdiff_t)op->out.width * op->out.stride;
    float *rows = job->work->rows;
    for (int32_t y = job->first; y < job->end; y++) {
        float *out = job->out + y * out_row;
        if (op->pool) {
            conv2d_row(&source, rows, 2 * y);
            conv2d_row(&source, rows + row, 2 * y + 1);
            kernels->pool_rows(out, asl__cpu_choices(job, y * out_row), rows, rows + row,
                               op->out.width, op->out.stride, bias, op->relu);
        } else {
            conv2d_row(&source, out, y);
            kernels->bias_relu(out, op->out.width, op->out.stride, bias, op->relu);
        }
    }
}

void asl__cpu_conv2d_forward(const asl__job *job)
{
    const asl__op *op = job->op;
    if (!op->winograd) {
        direct_forward(job);
        return;
    }
    const asl__wino w = {.kernel = op->kernel,
                         .padding = op->padding,
                         .in_height = op->in.height,
                         .in_width = op->in.width,
                         .in_channels = op->in.stride,
                         .out_height = op->conv_height,
                         .out_width = op->conv_width,
                         .out_channels = op->out.stride,
                         .across = op->across,
                         .relu = op->relu,
                         .pool = op->pool,
                         .in = job->in,
                         .out = job->out,
                         .choice = asl__cpu_choices(job, 0),
                         .bias = job->plan->packed + op->bias};
    if (op->first)
        run_planes(job, &w);
    else
        asl__cpu_wino_run(job->plan, job->work, &w, job->plan->packed + op->weights, job->first,
                          job->end);
}
