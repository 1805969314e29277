/* SPDX-License-Identifier: MIT */
/* Winograd's convolution as a whole, as the plan runs it, against a direct convolution in double.
 * Here the norm of the error is held to 1e-5 of the result's: float32 loses 1 to 3e-6 with these
 * points and up to 64 channels, and one wrong output would be 1e-3 at least. */
#include "kernels/wino.h"

#include <math.h>

static const double most_error = 1e-5;

/* weights[out_channels][in channels][kernel * kernel]. A three-channel picture comes as its planes
 * and has in_channels 3. */
typedef struct chain {
    asl__wino w;
    const float *weights;
    const float *planes; /* or NULL */
    ptrdiff_t plane, stride;
} chain;

static double pixel(const chain *c, int32_t y, int32_t x, int32_t channel)
{
    const asl__wino *w = &c->w;
    if (y < 0 || y >= w->in_height || x < 0 || x >= w->in_width)
        return 0.0;
    return (double)w->in[((ptrdiff_t)y * w->in_width + x) * w->in_channels + channel];
}

static double direct(const chain *c, int32_t y, int32_t x, int32_t out)
{
    const asl__wino *w = &c->w;
    const int32_t taps = w->kernel * w->kernel;
    double sum = w->bias ? (double)w->bias[out] : 0.0;
    for (int32_t t = 0; t < taps; t++)
        for (int32_t in = 0; in < w->in_channels; in++)
            sum += pixel(c, y - w->padding + t / w->kernel, x - w->padding + t % w->kernel, in) *
                   (double)c->weights[(out * w->in_channels + in) * taps + t];
    return w->relu && sum < 0.0 ? 0.0 : sum;
}

static void compare_direct(const chain *c)
{
    const asl__wino *w = &c->w;
    const int32_t side = w->pool ? 2 : 1, width = w->out_width / side;
    double error = 0.0, norm = 0.0;
    for (int64_t i = 0; i < out_size(w); i++) {
        const int32_t out = (int32_t)(i % w->out_channels);
        const int32_t x = (int32_t)(i / w->out_channels) % width * side;
        const int32_t y = (int32_t)(i / w->out_channels) / width * side;
        double want = direct(c, y, x, out);
        for (int32_t j = 1; w->pool && j < 4; j++)
            want = fmax(want, direct(c, y + j / 2, x + j % 2, out));
        error += ((double)w->out[i] - want) * ((double)w->out[i] - want);
        norm += want * want;
    }
    if (!(sqrt(error) <= most_error * sqrt(norm)))
        fail_case("relative error %.3g, at most %.3g", sqrt(error / norm), most_error);
}

/* u[points][in_channels][columns] of output channels first..first+columns-1. */
static const float *transform_filters(const asl__cpu_kernels *k, const chain *c, int32_t first,
                                      int32_t columns)
{
    const asl__wino *w = &c->w;
    const int32_t points = (w->kernel + 3) * (w->kernel + 3), taps = w->kernel * w->kernel;
    float *u = floats((int64_t)points * w->in_channels * columns);
    float block[25 * ASL__CPU_BLOCK];
    for (int32_t in = 0; in < w->in_channels; in++)
        for (int32_t out = 0; out < columns; out += ASL__CPU_BLOCK) {
            for (int32_t i = 0; i < taps * ASL__CPU_BLOCK; i++)
                block[i] =
                    c->weights[((first + out + i % ASL__CPU_BLOCK) * w->in_channels + in) * taps +
                               i / ASL__CPU_BLOCK];
            k->wino_filter(u + in * columns + out, (ptrdiff_t)w->in_channels * columns, block,
                           w->kernel);
        }
    seal(u);
    return u;
}

/* Tiles first..first+count-1 of some output channels. */
static void run_tiles(const asl__cpu_kernels *k, const chain *c, const float *u, float *v, float *m,
                      int32_t first, int32_t count, int32_t channel, int32_t columns)
{
    const asl__wino *w = &c->w;
    const int32_t points = (w->kernel + 3) * (w->kernel + 3);
    /* The planes of a row of tiles come in whole vectors. */
    const int32_t across = c->planes ? (count + 15) / 16 * 16 : count;
    asl__gemm g = {.c = m,
                   .c_stride = columns,
                   .a = v,
                   .row_stride = c->planes ? 1 : w->in_channels,
                   .inner_stride = c->planes ? across : 1,
                   .b = u,
                   .b_stride = columns,
                   .outer = 1,
                   .inner = w->in_channels,
                   .rows = count,
                   .columns = columns};
    if (c->planes)
        k->wino_planes(v, c->planes + first / w->across * 4 * c->stride, c->plane, c->stride,
                       w->kernel, across);
    else
        k->wino_input(v, w, first, count);
    for (int32_t p = 0; p < points; p++) {
        k->gemm(&g);
        g.a += (ptrdiff_t)across * w->in_channels;
        g.b += (ptrdiff_t)w->in_channels * columns;
        g.c += (ptrdiff_t)count * columns;
    }
    k->wino_output(m, w, first, count, channel, columns);
}

static void run_chain(const asl__cpu_kernels *k, const chain *c)
{
    const asl__wino *w = &c->w;
    const int32_t points = (w->kernel + 3) * (w->kernel + 3), tiles = tile_count(w);
    const int32_t chunk = c->planes ? w->across : between(1, 60);
    float *v = floats((int64_t)points * ((chunk + 15) / 16 * 16) * w->in_channels);
    float *m = floats((int64_t)points * chunk * k->gemm_columns);
    for (int32_t channel = 0; channel < w->out_channels; channel += k->gemm_columns) {
        const int32_t left = w->out_channels - channel;
        const int32_t columns = left < k->gemm_columns ? left : k->gemm_columns;
        const float *u = transform_filters(k, c, channel, columns);
        for (int32_t first = 0; first < tiles; first += chunk)
            run_tiles(k, c, u, v, m, first, tiles - first < chunk ? tiles - first : chunk, channel,
                      columns);
    }
    compare_direct(c);
    end_case();
}

static void begin_chain(chain *c)
{
    asl__wino *w = &c->w;
    begin_case("kernel %d, padding %d, %d x %d x %d to %d x %d x %d, relu %d, pool %d", w->kernel,
               w->padding, w->in_height, w->in_width, w->in_channels, w->out_height, w->out_width,
               w->out_channels, w->relu, w->pool);
    w->in = input(in_size(w), UNIT);
    w->bias = chance() ? input(w->out_channels, UNIT) : NULL;
    w->out = floats(out_size(w));
    c->weights = input((int64_t)w->out_channels * w->in_channels * w->kernel * w->kernel, UNIT);
}

/* Channels apart, and in each the columns apart by their place modulo 4; the border is zero. */
static void make_planes(chain *c)
{
    const asl__wino *w = &c->w;
    const int32_t rows = (w->out_height + 3) / 4 * 4 + w->kernel;
    c->stride = (w->across + 15) / 16 * 16 + 16;
    c->plane = rows * c->stride;
    float *planes = floats(12 * c->plane);
    for (int32_t i = 0; i < 12 * c->plane; i++) {
        const int32_t which = i / (int32_t)c->plane, place = i % (int32_t)c->plane;
        const int32_t row = place / (int32_t)c->stride, column = place % (int32_t)c->stride;
        planes[i] =
            (float)pixel(c, row - w->padding, 4 * column + which % 4 - w->padding, which / 4);
    }
    seal(planes);
    c->planes = planes;
}

void check_wino_chain(const asl__cpu_kernels *k)
{
    for (int32_t i = 0; i < 24; i++) {
        chain c = {.w = random_wino(i % 2 ? 5 : 3, i == 0 ? 70 : 16, i == 1 ? 70 : 16)};
        c.w.out_channels = 16 * between(1, 3);
        begin_chain(&c);
        run_chain(k, &c);
    }
    for (int32_t i = 0; i < 16; i++) {
        chain c = {.w = random_wino(i % 2 ? 5 : 3, i < 2 ? 70 : 30, i < 4 ? 70 : 30)};
        c.w.in_channels = 3;
        c.w.out_channels = 16;
        begin_chain(&c);
        make_planes(&c);
        run_chain(k, &c);
    }
}
