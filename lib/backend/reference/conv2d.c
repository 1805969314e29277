/* SPDX-License-Identifier: MIT */
/* Convolution (cross-correlation, as every framework has it):
 *   out[o][y][x] = bias[o] + sum over c, ky, kx of
 *                  weight[o][c][ky][kx] * in[c][y * stride + ky - padding][x * stride + kx -
 * padding] with taps outside the picture left out. LANES outputs are summed side by side, so the
 * weights are first laid out with the lane innermost: packed[block][tap][lane]. */
#include "backend/reference/reference.h"

enum { LANES = ASL__REFERENCE_LANES, ROW = 32 };

typedef struct task {
    const asl__operation *op;
    int32_t blocks; /* of LANES channels */
} task;

static int32_t blocks_of(int32_t channels)
{
    return (channels + LANES - 1) / LANES;
}

static int32_t lanes_in(int32_t channels, int32_t block)
{
    const int32_t left = channels - block * LANES;
    return left < LANES ? left : LANES;
}

size_t asl__reference_conv2d_scratch(const asl__layer *layer)
{
    const size_t taps = (size_t)layer->kernel * (size_t)layer->kernel;
    const size_t in = (size_t)layer->in.channels;
    const size_t out = (size_t)layer->outputs;
    const size_t by_output = (size_t)blocks_of(layer->outputs) * LANES * in;
    const size_t by_input = (size_t)blocks_of(layer->in.channels) * LANES * out;
    return taps * (by_output > by_input ? by_output : by_input);
}

/* The arithmetic: each lane adds one product to its own sum. */
static inline void add_products(double *sum, const double *lanes, double factor)
{
    for (int32_t l = 0; l < LANES; l++)
        sum[l] += lanes[l] * factor;
}

/* Lanes are output channels, taps run over c, ky, kx. */
static void pack_by_output(void *context, int64_t block)
{
    const task *t = context;
    const asl__layer *layer = t->op->layer;
    const size_t taps = (size_t)layer->in.channels * (size_t)layer->kernel * (size_t)layer->kernel;
    const size_t first = (size_t)block * LANES;
    const float *weights = t->op->parameters + layer->weight;
    double *packed = t->op->lanes + (size_t)block * taps * LANES;

    for (size_t tap = 0; tap < taps; tap++) {
        for (size_t l = 0; l < LANES; l++) {
            const size_t o = first + l;
            packed[tap * LANES + l] =
                o < (size_t)layer->outputs ? (double)weights[o * taps + tap] : 0.0;
        }
    }
}

/* Lanes are input channels, taps run over o, ky, kx. */
static void pack_by_input(void *context, int64_t block)
{
    const task *t = context;
    const asl__layer *layer = t->op->layer;
    const size_t channels = (size_t)layer->in.channels;
    const size_t window = (size_t)layer->kernel * (size_t)layer->kernel;
    const size_t first = (size_t)block * LANES;
    const float *weights = t->op->parameters + layer->weight;
    double *packed = t->op->lanes + (size_t)block * (size_t)layer->outputs * window * LANES;

    for (size_t o = 0; o < (size_t)layer->outputs; o++) {
        for (size_t k = 0; k < window; k++) {
            for (size_t l = 0; l < LANES; l++) {
                const size_t c = first + l;
                *packed++ = c < channels ? (double)weights[(o * channels + c) * window + k] : 0.0;
            }
        }
    }
}

/* Adds every tap of the window at output (y, x). */
static inline void sum_window(double *sum, const asl__layer *layer, const float *in,
                              const double *packed, int32_t y, int32_t x)
{
    const int32_t height = layer->in.height, width = layer->in.width, kernel = layer->kernel;
    const int32_t top = y * layer->stride - layer->padding;
    const int32_t left = x * layer->stride - layer->padding;

    for (int32_t c = 0; c < layer->in.channels; c++) {
        const float *plane = in + (size_t)c * (size_t)height * (size_t)width;
        for (int32_t ky = 0; ky < kernel; ky++) {
            for (int32_t kx = 0; kx < kernel; kx++, packed += LANES) {
                const int32_t iy = top + ky, ix = left + kx;
                if (iy < 0 || iy >= height || ix < 0 || ix >= width)
                    continue;
                add_products(sum, packed, (double)plane[(size_t)iy * (size_t)width + (size_t)ix]);
            }
        }
    }
}

/* One picture, LANES output channels. */
static void forward_block(void *context, int64_t index)
{
    const task *t = context;
    const asl__layer *layer = t->op->layer;
    const int32_t block = (int32_t)(index % t->blocks);
    const size_t picture = (size_t)(index / t->blocks);
    const size_t taps = (size_t)layer->in.channels * (size_t)layer->kernel * (size_t)layer->kernel;
    const size_t plane = (size_t)layer->out.height * (size_t)layer->out.width;
    const int32_t lanes = lanes_in(layer->outputs, block);
    const size_t first = (size_t)block * LANES;
    const double *packed = t->op->lanes + (size_t)block * taps * LANES;
    const float *bias = layer->bias ? t->op->parameters + layer->offset + first : NULL;
    const float *in = t->op->in + picture * asl__reference_volume(layer->in);
    float *out = t->op->out + picture * asl__reference_volume(layer->out) + first * plane;

    for (int32_t y = 0; y < layer->out.height; y++) {
        for (int32_t x = 0; x < layer->out.width; x++, out++) {
            double sum[LANES] = {0};
            for (int32_t l = 0; bias != NULL && l < lanes; l++)
                sum[l] = (double)bias[l];
            sum_window(sum, layer, in, packed, y, x);
            for (int32_t l = 0; l < lanes; l++)
                out[(size_t)l * plane] = (float)sum[l];
        }
    }
}

void asl__reference_conv2d_forward(const asl__operation *op)
{
    task t = {op, blocks_of(op->layer->outputs)};
    asl__pool_run(op->pool, pack_by_output, &t, t.blocks);
    asl__pool_run(op->pool, forward_block, &t, (int64_t)op->count * t.blocks);
}

/* Adds every output whose window covers input (y, x): those with oy * stride + ky - padding == y,
 * and the same for x. */
static inline void sum_outputs(double *sum, const asl__layer *layer, const float *gradient,
                               const double *packed, int32_t y, int32_t x)
{
    const int32_t height = layer->out.height, width = layer->out.width;
    const int32_t kernel = layer->kernel, stride = layer->stride;
    const int32_t bottom = y + layer->padding, right = x + layer->padding;

    for (int32_t o = 0; o < layer->outputs; o++) {
        const float *plane = gradient + (size_t)o * (size_t)height * (size_t)width;
        const double *taps = packed + (size_t)o * (size_t)kernel * (size_t)kernel * LANES;
        for (int32_t ky = bottom % stride, oy = bottom / stride; ky < kernel; ky += stride, oy--) {
            for (int32_t kx = right % stride, ox = right / stride; kx < kernel;
                 kx += stride, ox--) {
                if (oy < 0 || oy >= height || ox < 0 || ox >= width)
                    continue;
                add_products(sum, taps + (size_t)(ky * kernel + kx) * LANES,
                             (double)plane[(size_t)oy * (size_t)width + (size_t)ox]);
            }
        }
    }
}

/* Gradient by the input: one picture, LANES input channels. */
static void backward_input_block(void *context, int64_t index)
{
    const task *t = context;
    const asl__layer *layer = t->op->layer;
    const int32_t block = (int32_t)(index % t->blocks);
    const size_t picture = (size_t)(index / t->blocks);
    const size_t taps = (size_t)layer->outputs * (size_t)layer->kernel * (size_t)layer->kernel;
    const size_t plane = (size_t)layer->in.height * (size_t)layer->in.width;
    const int32_t lanes = lanes_in(layer->in.channels, block);
    const double *packed = t->op->lanes + (size_t)block * taps * LANES;
    const float *gradient = t->op->out_gradient + picture * asl__reference_volume(layer->out);
    float *out = t->op->in_gradient + picture * asl__reference_volume(layer->in) +
                 (size_t)block * LANES * plane;

    for (int32_t y = 0; y < layer->in.height; y++) {
        for (int32_t x = 0; x < layer->in.width; x++, out++) {
            double sum[LANES] = {0};
            sum_outputs(sum, layer, gradient, packed, y, x);
            for (int32_t l = 0; l < lanes; l++)
                out[(size_t)l * plane] = (float)sum[l];
        }
    }
}

/* Adds the products at one tap over part of an output row: rows[pixel][lane] of the gradient times
 * every stride-th pixel of the input row. */
static inline void sum_row(double *total, const double *rows, const float *in, int32_t first,
                           int32_t stride, int32_t width, int32_t pixels)
{
    double sum[LANES];
    for (int32_t l = 0; l < LANES; l++)
        sum[l] = total[l];
    for (int32_t i = 0; i < pixels; i++) {
        const int32_t ix = first + i * stride;
        if (ix >= 0 && ix < width)
            add_products(sum, rows + (size_t)i * LANES, (double)in[ix]);
    }
    for (int32_t l = 0; l < LANES; l++)
        total[l] = sum[l];
}

/* Part of an output row of the gradient, pixel by pixel; lanes without a channel stay zero. */
static inline void load_row(double *rows, const float *gradient, size_t plane, int32_t lanes,
                            int32_t pixels)
{
    for (int32_t l = 0; l < lanes; l++) {
        for (int32_t i = 0; i < pixels; i++)
            rows[i * LANES + l] = (double)gradient[(size_t)l * plane + (size_t)i];
    }
}

/* One picture's share of the weight gradient between input plane `in` and LANES output planes. */
static inline void sum_picture(double *total, const asl__layer *layer, const float *in,
                               const float *gradient, int32_t lanes)
{
    const int32_t width = layer->out.width, kernel = layer->kernel, stride = layer->stride;
    const size_t plane = (size_t)layer->out.height * (size_t)width;
    double rows[ROW * LANES] = {0};

    for (int32_t y = 0; y < layer->out.height; y++) {
        for (int32_t x = 0; x < width; x += ROW) {
            const int32_t pixels = width - x < ROW ? width - x : ROW;
            const int32_t left = x * stride - layer->padding;
            load_row(rows, gradient + (size_t)y * (size_t)width + (size_t)x, plane, lanes, pixels);
            for (int32_t ky = 0; ky < kernel; ky++) {
                const int32_t iy = y * stride + ky - layer->padding;
                if (iy < 0 || iy >= layer->in.height)
                    continue;
                for (int32_t kx = 0; kx < kernel; kx++)
                    sum_row(total + (size_t)(ky * kernel + kx) * LANES, rows,
                            in + (size_t)iy * (size_t)layer->in.width, left + kx, stride,
                            layer->in.width, pixels);
            }
        }
    }
}

/* Gradient by the weights between one input channel and LANES output channels. */
static void backward_weight_block(void *context, int64_t index)
{
    const task *t = context;
    const asl__layer *layer = t->op->layer;
    const int32_t block = (int32_t)(index % t->blocks);
    const size_t channel = (size_t)(index / t->blocks);
    const size_t first = (size_t)block * LANES;
    const size_t window = (size_t)layer->kernel * (size_t)layer->kernel;
    const int32_t lanes = lanes_in(layer->outputs, block);
    double *total = t->op->lanes + (size_t)index * window * LANES;
    float *weights = t->op->gradients + layer->weight;

    for (size_t i = 0; i < window * LANES; i++)
        total[i] = 0.0;
    for (size_t n = 0; n < (size_t)t->op->count; n++) {
        const float *in = t->op->in + n * asl__reference_volume(layer->in) +
                          channel * (size_t)layer->in.height * (size_t)layer->in.width;
        const float *gradient = t->op->out_gradient + n * asl__reference_volume(layer->out) +
                                first * (size_t)layer->out.height * (size_t)layer->out.width;
        sum_picture(total, layer, in, gradient, lanes);
    }
    for (size_t l = 0; l < (size_t)lanes; l++) {
        for (size_t k = 0; k < window; k++)
            weights[((first + l) * (size_t)layer->in.channels + channel) * window + k] =
                (float)total[k * LANES + l];
    }
}

/* Gradient by the bias of one output channel. */
static void backward_bias(void *context, int64_t channel)
{
    const asl__operation *op = ((const task *)context)->op;
    const asl__layer *layer = op->layer;
    const size_t plane = (size_t)layer->out.height * (size_t)layer->out.width;
    double sum = 0.0;

    for (size_t n = 0; n < (size_t)op->count; n++) {
        const float *gradient =
            op->out_gradient + n * asl__reference_volume(layer->out) + (size_t)channel * plane;
        for (size_t i = 0; i < plane; i++)
            sum += (double)gradient[i];
    }
    op->gradients[layer->offset + (size_t)channel] = (float)sum;
}

void asl__reference_conv2d_backward(const asl__operation *op)
{
    const asl__layer *layer = op->layer;
    task by_output = {op, blocks_of(layer->outputs)};
    task by_input = {op, blocks_of(layer->in.channels)};

    asl__pool_run(op->pool, backward_weight_block, &by_output,
                  (int64_t)layer->in.channels * by_output.blocks);
    if (layer->bias)
        asl__pool_run(op->pool, backward_bias, &by_output, layer->outputs);
    if (op->in_gradient != NULL) {
        asl__pool_run(op->pool, pack_by_input, &by_input, by_input.blocks);
        asl__pool_run(op->pool, backward_input_block, &by_input,
                      (int64_t)op->count * by_input.blocks);
    }
}
