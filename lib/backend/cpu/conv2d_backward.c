/* SPDX-License-Identifier: MIT */
/* Convolution backward. Where a 2x2 maximum follows, at least three quarters of the gradient before
 * it are zeros, and ReLU adds more: the weight gradient then walks lists of the rest (one list an
 * output channel), with the sums of a whole channel held in registers. Without pooling it is a
 * matrix product. The input gradient is a convolution with the kernel turned round. */
#include <string.h>

#include "backend/cpu/conv2d.h"

/* Sums of a list kernel: `taps` vectors of ASL__CPU_BLOCK floats for each block of input channels.
 * A three-channel input has its rows of the kernel side by side in memory instead. */
typedef struct taps {
    int32_t count, blocks;
    int32_t offset[ASL__MAX_KERNEL * ASL__MAX_KERNEL];
} taps;

static bool is_first(const asl__op *op)
{
    return op->in.stride < ASL__CPU_BLOCK;
}

/* Vectors that one row of the kernel fills with a three-channel input. */
static int32_t row_vectors(const asl__op *op)
{
    return (op->kernel * op->in.stride + ASL__CPU_BLOCK - 1) / ASL__CPU_BLOCK;
}

static void find_taps(taps *t, const asl__op *op)
{
    const int32_t kernel = op->kernel, wide = asl__cpu_bordered_width(op) * op->in.stride;
    const int32_t across = is_first(op) ? row_vectors(op) : kernel;
    const int32_t step = is_first(op) ? ASL__CPU_BLOCK : op->in.stride;
    t->count = 0;
    t->blocks = is_first(op) ? 1 : op->in.stride / ASL__CPU_BLOCK;
    for (int32_t y = 0; y < kernel; y++)
        for (int32_t x = 0; x < across; x++)
            t->offset[t->count++] = y * wide + x * step;
}

size_t asl__cpu_gradient_size(const asl__op *op)
{
    const size_t kernel = (size_t)op->kernel;
    const size_t row =
        is_first(op) ? (size_t)row_vectors(op) * ASL__CPU_BLOCK : kernel * (size_t)op->in.stride;
    return kernel * row * (size_t)op->out.stride;
}

/* Lists for the output channels channel..channel+15. Returns their lengths in `counts`, and adds
 * their sums to the bias gradient. */
static void list_entries(asl__entry **lists, int32_t *counts, const asl__job *job, int32_t channel,
                         float *bias_gradient)
{
    const asl__op *op = job->op;
    const int32_t wide = asl__cpu_bordered_width(op) * op->in.stride;
    const int32_t step = op->stride * op->in.stride, down = op->stride * wide;
    const int32_t corner[4] = {0, step, down, down + step};
    const uint8_t *choice = asl__cpu_choices(job, channel);
    const float *out = job->out + channel, *gradient = job->out_gradient + channel;
    float sums[ASL__CPU_BLOCK] = {0};
    memset(counts, 0, ASL__CPU_BLOCK * sizeof *counts);
    for (int32_t y = 0; y < op->out.height; y++)
        for (int32_t x = 0; x < op->out.width; x++) {
            const int32_t at = 2 * (y * down + x * step);
            for (int32_t c = 0; c < ASL__CPU_BLOCK; c++) {
                const bool live = (!op->relu || out[c] > 0.0f) && gradient[c] != 0.0f;
                lists[c][counts[c]] = (asl__entry){at + corner[choice[c] & 3], gradient[c]};
                counts[c] += live;
                sums[c] += live ? gradient[c] : 0.0f;
            }
            out += op->out.stride;
            gradient += op->out.stride;
            choice += op->out.stride;
        }
    for (int32_t c = 0; c < ASL__CPU_BLOCK; c++)
        bias_gradient[c] += sums[c];
}

/* Weight gradient [out channel][input block][tap][16] from lists. */
static void sparse_weights(const asl__job *job)
{
    const asl__op *op = job->op;
    const float *in = asl__cpu_bordered(job, 0);
    float *sums = job->lane->gradients + op->gradient;
    float *bias = job->lane->gradients + op->bias_gradient;
    const size_t positions = (size_t)op->out.height * (size_t)op->out.width;
    asl__entry *lists[ASL__CPU_BLOCK];
    int32_t counts[ASL__CPU_BLOCK];
    taps t;
    find_taps(&t, op);
    for (int32_t c = 0; c < ASL__CPU_BLOCK; c++)
        lists[c] = job->work->entries + (size_t)c * positions;
    for (int32_t channel = 0; channel < op->out.stride; channel += ASL__CPU_BLOCK) {
        list_entries(lists, counts, job, channel, bias + channel);
        for (int32_t c = 0; c < ASL__CPU_BLOCK; c++)
            for (int32_t block = 0; block < t.blocks; block++) {
                job->plan->kernels.sparse_weights(sums, in + block * ASL__CPU_BLOCK, lists[c],
                                                  counts[c], t.offset, t.count);
                sums += t.count * ASL__CPU_BLOCK;
            }
    }
}

/* Weight gradient [kernel row][kernel column * in channels][out channels] as a product of all
 * windows with the gradient, picture after picture; their gradients lie `next` apart. */
static void dense_weights(const asl__job *jobs, int32_t count, const float *gradient,
                          ptrdiff_t next)
{
    const asl__job *job = &jobs[0];
    const asl__op *op = job->op;
    const asl__cpu_kernels *kernels = &job->plan->kernels;
    const float *in = asl__cpu_bordered(job, 0), *last = in;
    for (int32_t n = 1; n < count; n++)
        last = asl__cpu_bordered(&jobs[n], n);
    const int32_t kernel = op->kernel, stride = op->stride;
    const bool begins = job->picture < job->plan->lane_count; /* these are the lane's first sums */
    const ptrdiff_t wide = (ptrdiff_t)asl__cpu_bordered_width(op) * op->in.stride;
    const int32_t rows = kernel * op->in.stride;
    float *sums = job->lane->gradients + op->gradient;
    for (int32_t y = 0; y < kernel; y++, sums += (ptrdiff_t)rows * op->out.stride)
        for (int32_t channel = 0; channel < op->out.stride; channel += kernels->gemm_columns) {
            const int32_t left = op->out.stride - channel;
            const asl__gemm g = {.c = sums + channel,
                                 .c_stride = op->out.stride,
                                 .a = in + y * wide,
                                 .row_stride = 1,
                                 .outer_stride = stride * wide,
                                 .inner_stride = (ptrdiff_t)stride * op->in.stride,
                                 .b = gradient + channel,
                                 .b_stride = op->out.stride,
                                 .a_next = count > 1 ? (last - in) / (count - 1) : 0,
                                 .b_next = next,
                                 .more = count - 1,
                                 .outer = op->conv_height,
                                 .inner = op->conv_width,
                                 .rows = rows,
                                 .columns =
                                     left < kernels->gemm_columns ? left : kernels->gemm_columns,
                                 .accumulate = !begins};
            kernels->gemm(&g);
        }
    for (int32_t n = 0; n < count; n++)
        kernels->column_sums(job->lane->gradients + op->bias_gradient, gradient + n * next,
                             (int64_t)op->conv_height * op->conv_width, op->out.stride);
}

static void winograd_input(const asl__job *job, const float *gradient)
{
    const asl__op *op = job->op;
    const int32_t across = (op->in.width + 3) / 4, down = (op->in.height + 3) / 4;
    const asl__wino w = {.kernel = op->kernel,
                         .padding = op->kernel - 1 - op->padding,
                         .in_height = op->conv_height,
                         .in_width = op->conv_width,
                         .in_channels = op->out.stride,
                         .out_height = op->in.height,
                         .out_width = op->in.width,
                         .out_channels = op->in.stride,
                         .across = across,
                         .in = gradient,
                         .out = job->in_gradient};
    asl__cpu_wino_run(job->plan, job->work, &w, job->plan->packed + op->back_weights, 0,
                      across * down);
}

static void bf16_input(const asl__job *job, const float *gradient)
{
    const asl__op *op = job->op;
    const ptrdiff_t row = (ptrdiff_t)op->in.width * op->in.stride;
    asl__bf16_conv2d c = {
        .rows = {.kernels = &job->plan->kernels,
                 .in = gradient,
                 .out = (uint16_t *)job->work->bordered,
                 .height = op->conv_height,
                 .width = op->conv_width,
                 .channels = op->out.stride,
                 .border = op->kernel - 1 - op->padding},
        .weights = (const uint16_t *)(job->plan->packed + op->back_weights),
        .kernel = op->kernel,
        .stride = 1,
        .count = op->in.width,
        .out_channels = op->in.stride,
    };
    for (int32_t y = 0; y < op->in.height; y++)
        asl__bf16_conv2d_row(&c, job->in_gradient + y * row, y);
}

/* rows[conv_width][kernel * in channels] of output row y and kernel row ky, added to the input
 * rows they came from. */
static void add_columns(const asl__job *job, const float *gradient, int32_t y, int32_t ky)
{
    const asl__op *op = job->op;
    const asl__cpu_kernels *kernels = &job->plan->kernels;
    const int32_t stride = op->stride, rows = op->kernel * op->in.stride;
    const ptrdiff_t wide = (ptrdiff_t)asl__cpu_bordered_width(op) * op->in.stride;
    const float *weights =
        job->plan->packed + op->back_weights + (ptrdiff_t)ky * rows * op->out.stride;
    float *out = job->work->bordered + (y * stride + ky) * wide;
    for (int32_t column = 0; column < rows; column += kernels->gemm_columns) {
        const int32_t columns =
            rows - column < kernels->gemm_columns ? rows - column : kernels->gemm_columns;
        const asl__gemm g = {.c = job->work->rows + column,
                             .c_stride = rows,
                             .a = gradient + (ptrdiff_t)y * op->conv_width * op->out.stride,
                             .row_stride = op->out.stride,
                             .inner_stride = 1,
                             .b = weights + (ptrdiff_t)column * op->out.stride,
                             .b_stride = columns,
                             .outer = 1,
                             .inner = op->out.stride,
                             .rows = op->conv_width,
                             .columns = columns};
        kernels->gemm(&g);
    }
    for (int32_t x = 0; x < op->conv_width; x++)
        kernels->add(out + (ptrdiff_t)x * stride * op->in.stride, job->work->rows + x * rows, rows);
}

/* Any stride: each gradient is spread over its window, inside a border that is then dropped. */
static void columns_input(const asl__job *job, const float *gradient)
{
    const asl__op *op = job->op;
    const int32_t border = op->padding, width = asl__cpu_bordered_width(op);
    const size_t row = (size_t)op->in.width * (size_t)op->in.stride;
    const size_t wide = (size_t)width * (size_t)op->in.stride;
    memset(job->work->bordered, 0,
           (size_t)(op->in.height + 2 * border) * wide * sizeof *job->work->bordered);
    for (int32_t y = 0; y < op->conv_height; y++)
        for (int32_t ky = 0; ky < op->kernel; ky++)
            add_columns(job, gradient, y, ky);
    for (int32_t y = 0; y < op->in.height; y++)
        memcpy(job->in_gradient + (size_t)y * row,
               job->work->bordered + (size_t)(y + border) * wide +
                   (size_t)border * (size_t)op->in.stride,
               row * sizeof(float));
}

/* The gradient before the pooling, or with ReLU's zeros in place. */
static const float *full_gradient(const asl__job *job)
{
    const asl__op *op = job->op;
    const asl__cpu_kernels *kernels = &job->plan->kernels;
    if (op->pool)
        kernels->unpool(job->work->spread, job->out_gradient, job->out, asl__cpu_choices(job, 0),
                        op->out.height, op->out.width, op->out.stride, op->relu);
    else
        kernels->mask(job->work->spread, job->out_gradient, job->out,
                      (int64_t)asl__cpu_volume(&op->out));
    return job->work->spread;
}

static void input_gradient(const asl__job *job, const float *gradient)
{
    if (job->op->back_bf16)
        bf16_input(job, gradient);
    else if (job->op->winograd)
        winograd_input(job, gradient);
    else
        columns_input(job, gradient);
}

/* With pooling or ReLU, before which there is room for one picture's gradient. */
static void backward_alone(const asl__job *job)
{
    const float *gradient = NULL;
    if (!job->op->pool || job->in_gradient != NULL)
        gradient = full_gradient(job);
    if (job->op->pool)
        sparse_weights(job);
    else
        dense_weights(job, 1, gradient, 0);
    if (job->in_gradient != NULL)
        input_gradient(job, gradient);
}

void asl__cpu_conv2d_backward(const asl__job *jobs, int32_t count)
{
    const asl__op *op = jobs->op;
    if (op->pool || op->relu) {
        for (int32_t n = 0; n < count; n++)
            backward_alone(&jobs[n]);
        return;
    }
    dense_weights(jobs, count, jobs[0].out_gradient,
                  count > 1 ? jobs[1].out_gradient - jobs[0].out_gradient : 0);
    for (int32_t n = 0; n < count && jobs->in_gradient != NULL; n++)
        input_gradient(&jobs[n], jobs[n].out_gradient);
}
