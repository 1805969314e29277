/* SPDX-License-Identifier: MIT */
/* Each transform of Winograd's convolution against its matrix. All transforms are M x M^T; a
 * tolerance counts the roundings of one product with M, and doubles them. */
#include "kernels/wino.h"

typedef struct matrix {
    int32_t rows, columns;
    double at[8][8];
} matrix;

/* Of Lavin & Gray (2015): points 0, 1, -1, 2, -2 and infinity for F(4, 3), and for F(4, 5) the
 * halves beside them. Kernels of 3, then of 5. */
static const matrix input_matrix[2] = {{6,
                                        6,
                                        {{4, 0, -5, 0, 1, 0},
                                         {0, -4, -4, 1, 1, 0},
                                         {0, 4, -4, -1, 1, 0},
                                         {0, -2, -1, 2, 1, 0},
                                         {0, 2, -1, -2, 1, 0},
                                         {0, 4, 0, -5, 0, 1}}},
                                       {8,
                                        8,
                                        {{-1, 0, 5.25, 0, -5.25, 0, 1, 0},
                                         {0, 1, 1, -4.25, -4.25, 1, 1, 0},
                                         {0, -1, 1, 4.25, -4.25, -1, 1, 0},
                                         {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
                                         {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
                                         {0, 2, 4, -2.5, -5, 0.5, 1, 0},
                                         {0, -2, 4, 2.5, -5, -0.5, 1, 0},
                                         {0, -1, 0, 5.25, 0, -5.25, 0, 1}}}};

static const matrix filter_matrix[2] = {{6,
                                         3,
                                         {{1. / 4, 0, 0},
                                          {-1. / 6, -1. / 6, -1. / 6},
                                          {-1. / 6, 1. / 6, -1. / 6},
                                          {1. / 24, 1. / 12, 1. / 6},
                                          {1. / 24, -1. / 12, 1. / 6},
                                          {0, 0, 1}}},
                                        {8,
                                         5,
                                         {{-1, 0, 0, 0, 0},
                                          {-2. / 9, -2. / 9, -2. / 9, -2. / 9, -2. / 9},
                                          {-2. / 9, 2. / 9, -2. / 9, 2. / 9, -2. / 9},
                                          {1. / 90, 1. / 45, 2. / 45, 4. / 45, 8. / 45},
                                          {1. / 90, -1. / 45, 2. / 45, -4. / 45, 8. / 45},
                                          {32. / 45, 16. / 45, 8. / 45, 4. / 45, 2. / 45},
                                          {32. / 45, -16. / 45, 8. / 45, -4. / 45, 2. / 45},
                                          {0, 0, 0, 0, 1}}}};

static const matrix output_matrix[2] = {
    {4, 6, {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}},
    {4,
     8,
     {{1, 1, 1, 1, 1, 1, 1, 0},
      {0, 1, -1, 2, -2, 0.5, -0.5, 0},
      {0, 1, 1, 4, 4, 0.25, 0.25, 0},
      {0, 1, -1, 8, -8, 0.125, -0.125, 1}}}};

/* Roundings of both products: at most a product and five additions on the way of one element, and
 * for the filter the rounding of a constant that is no binary fraction. */
enum { TRANSFORM_ROUNDINGS = 2 * 6, FILTER_ROUNDINGS = 2 * 7 };

/* Which of each pair of matrices. */
static int32_t side_of(int32_t kernel)
{
    return kernel == 5;
}

/* m x m^T. */
static void sandwich(wanted *out, const matrix *m, double (*x)[8])
{
    for (int32_t i = 0; i < m->rows; i++) {
        wanted half[8] = {{0.0, 0.0}};
        for (int32_t j = 0; j < m->columns; j++)
            for (int32_t n = 0; n < m->columns; n++)
                add_term(&half[j], m->at[i][n], exactly(x[n][j]));
        for (int32_t j = 0; j < m->rows; j++, out++) {
            *out = (wanted){0.0, 0.0};
            for (int32_t n = 0; n < m->columns; n++)
                add_term(out, m->at[j][n], half[n]);
        }
    }
}

asl__wino random_wino(int32_t kernel, int32_t most_height, int32_t most_width)
{
    asl__wino w = {.kernel = kernel, .padding = between(0, kernel - 1)};
    const int32_t least = kernel - 2 * w.padding > 1 ? kernel - 2 * w.padding : 1;
    w.in_height = between(least, most_height);
    w.in_width = between(least, most_width);
    w.in_channels = 16 * between(1, 3);
    w.out_height = w.in_height + 2 * w.padding - kernel + 1;
    w.out_width = w.in_width + 2 * w.padding - kernel + 1;
    w.out_channels = 16 * between(1, 5);
    w.relu = chance();
    w.pool = w.out_height > 1 && w.out_width > 1 && chance();
    if (w.pool && chance()) {
        w.out_height -= w.out_height % 2;
        w.out_width -= w.out_width % 2;
    }
    w.across = (w.out_width + 3) / 4;
    return w;
}

int32_t tile_count(const asl__wino *w)
{
    return w->across * ((w->out_height + 3) / 4);
}

int64_t in_size(const asl__wino *w)
{
    return (int64_t)w->in_height * w->in_width * w->in_channels;
}

int64_t out_size(const asl__wino *w)
{
    const int32_t side = w->pool ? 2 : 1;
    return (int64_t)(w->out_height / side) * (w->out_width / side) * w->out_channels;
}

void check_wino_filter(const asl__cpu_kernels *k)
{
    for (int32_t i = 0; i < 140; i++) {
        const int32_t kernel = i % 2 ? 5 : 3, points = (kernel + 3) * (kernel + 3);
        const int32_t stride = ASL__CPU_BLOCK + i / 2, kind = i % KINDS;
        const int64_t size = (int64_t)(points - 1) * stride + ASL__CPU_BLOCK;
        begin_case("kernel %d, stride %d, kind %d", kernel, stride, kind);
        const float *taps = input(kernel * kernel * ASL__CPU_BLOCK, kind);
        float *u = floats(size);
        wanted *want = expect(size);
        for (int32_t c = 0; c < ASL__CPU_BLOCK; c++) {
            double x[8][8] = {{0}};
            wanted out[64];
            for (int32_t t = 0; t < kernel * kernel; t++)
                x[t / kernel][t % kernel] = (double)taps[t * ASL__CPU_BLOCK + c];
            sandwich(out, &filter_matrix[side_of(kernel)], x);
            for (int32_t p = 0; p < points; p++)
                want[p * stride + c] = out[p];
        }
        k->wino_filter(u, stride, taps, kernel);
        compare("u", u, want, size, FILTER_ROUNDINGS);
        end_case();
    }
}

/* v[points][count][channels] of one tile and channel; positions outside the picture are zero. */
static void expect_input(wanted *want, const asl__wino *w, int32_t tile, ptrdiff_t point_stride,
                         int32_t channel)
{
    const int32_t n = w->kernel + 3;
    const int32_t top = tile / w->across * 4 - w->padding;
    const int32_t left = tile % w->across * 4 - w->padding;
    double x[8][8] = {{0}};
    wanted out[64];
    for (int32_t i = 0; i < n * n; i++) {
        const int32_t row = top + i / n, column = left + i % n;
        if (row >= 0 && row < w->in_height && column >= 0 && column < w->in_width)
            x[i / n][i % n] =
                (double)w->in[((ptrdiff_t)row * w->in_width + column) * w->in_channels + channel];
    }
    sandwich(out, &input_matrix[side_of(w->kernel)], x);
    for (int32_t i = 0; i < n * n; i++)
        want[i * point_stride] = out[i];
}

void check_wino_input(const asl__cpu_kernels *k)
{
    for (int32_t i = 0; i < 70; i++) {
        const int32_t kernel = i % 2 ? 5 : 3, kind = i % KINDS;
        asl__wino w = random_wino(kernel, chance() ? 12 : 70, chance() ? 12 : 70);
        const int32_t tiles = tile_count(&w), first = between(0, tiles - 1);
        const int32_t most = tiles - first < 15 ? tiles - first : 15, count = between(1, most);
        const int64_t size = (int64_t)(kernel + 3) * (kernel + 3) * count * w.in_channels;
        begin_case("kernel %d, padding %d, %d x %d x %d, tiles %d + %d of %d, kind %d", kernel,
                   w.padding, w.in_height, w.in_width, w.in_channels, first, count, tiles, kind);
        w.in = input(in_size(&w), kind);
        float *v = floats(size);
        wanted *want = expect(size);
        for (int32_t t = 0; t < count; t++)
            for (int32_t c = 0; c < w.in_channels; c++)
                expect_input(want + t * w.in_channels + c, &w, first + t,
                             (ptrdiff_t)count * w.in_channels, c);
        k->wino_input(v, &w, first, count);
        compare("v", v, want, size, TRANSFORM_ROUNDINGS);
        end_case();
    }
}

void check_wino_planes(const asl__cpu_kernels *k)
{
    for (int32_t i = 0; i < 40; i++) {
        const int32_t kernel = i % 2 ? 5 : 3, n = kernel + 3, kind = i % KINDS;
        const int32_t count = 16 * between(1, 5);
        const ptrdiff_t stride = count + between(1, 20), plane = n * stride + between(0, 99);
        /* The last float read: of the last plane that reaches into its second column, if any. */
        const int64_t length = 11 * plane + (n - 1) * stride + count + (kernel == 5 ? 1 : 0);
        const int64_t size = (int64_t)n * n * 3 * count;
        begin_case("kernel %d, %d tiles, stride %d, planes of %d, kind %d", kernel, count,
                   (int)stride, (int)plane, kind);
        const float *planes = input(length, kind);
        float *v = floats(size);
        wanted *want = expect(size);
        for (int32_t at = 0; at < 3 * count; at++) {
            const float *from = planes + at / count * 4 * plane + at % count;
            double x[8][8] = {{0}};
            wanted out[64];
            for (int32_t j = 0; j < n * n; j++)
                x[j / n][j % n] = (double)from[j % n % 4 * plane + j / n * stride + j % n / 4];
            sandwich(out, &input_matrix[side_of(kernel)], x);
            for (int32_t j = 0; j < n * n; j++)
                want[(ptrdiff_t)j * 3 * count + at] = out[j];
        }
        k->wino_planes(v, planes, plane, stride, kernel, count);
        compare("v", v, want, size, TRANSFORM_ROUNDINGS);
        end_case();
    }
}

/* What one channel of one tile adds to the output; `want` and `choice` begin at the channel. */
static void expect_output(wanted *want, int32_t *choice, const asl__wino *w, int32_t tile,
                          const wanted *y, double bias, double roundings)
{
    const int32_t top = tile / w->across * 4, left = tile % w->across * 4;
    const int32_t side = w->pool ? 2 : 1, height = w->out_height / side;
    const int32_t width = w->out_width / side;
    for (int32_t i = 0; i < 4; i += side)
        for (int32_t j = 0; j < 4; j += side) {
            const int32_t row = (top + i) / side, column = (left + j) / side;
            const wanted *at = y + 4 * i + j;
            const wanted four[4] = {at[0], at[side - 1], at[4 * (side - 1)], at[5 * (side - 1)]};
            const int64_t place = ((int64_t)row * width + column) * w->out_channels;
            int32_t best;
            if (row >= height || column >= width)
                continue;
            if (!w->pool) {
                want[place] = at[0];
                add_term(&want[place], 1.0, exactly(bias));
                if (w->relu)
                    want[place] = rectified(want[place]);
                continue;
            }
            want[place] = maximum(four, bias, w->relu != 0, roundings, &best);
            if (w->choice)
                choice[place] = best;
        }
}

/* Small whole numbers times 64 make every step exact, and then also which of equals wins. */
static const float *products_of(int64_t size, int32_t kind)
{
    float *m = floats(size);
    for (int64_t i = 0; i < size; i++)
        m[i] = draw(kind) * (kind == TIES ? 64.0f : 1.0f);
    seal(m);
    return m;
}

static void check_output(const asl__cpu_kernels *k, asl__wino w, int32_t kind)
{
    const int32_t n = w.kernel + 3, tiles = tile_count(&w), first = between(0, tiles - 1);
    const int32_t most = tiles - first < 15 ? tiles - first : 15, count = between(1, most);
    const int32_t columns = chance() && w.out_channels >= k->gemm_columns ? k->gemm_columns : 16;
    const int32_t channel = 16 * between(0, (w.out_channels - columns) / 16);
    const double roundings = kind == TIES ? 0.0 : TRANSFORM_ROUNDINGS;
    begin_case("kernel %d, %d x %d x %d, channels %d + %d, tiles %d + %d of %d, relu %d, pool %d, "
               "kind %d",
               w.kernel, w.out_height, w.out_width, w.out_channels, channel, columns, first, count,
               tiles, w.relu, w.pool, kind);
    const float *m = products_of((int64_t)n * n * count * columns, kind);
    uint8_t *choice = bytes(out_size(&w));
    wanted *want = expect(out_size(&w));
    int32_t *want_choice = expect_choices(out_size(&w));
    w.out = floats(out_size(&w));
    w.choice = w.pool && chance() ? choice : NULL;
    w.bias = chance() ? input(w.out_channels, kind == SPECIAL ? UNIT : kind) : NULL;
    for (int32_t i = 0; i < count * columns; i++) {
        const int32_t at = channel + i % columns;
        double x[8][8] = {{0}};
        wanted y[16];
        for (int32_t p = 0; p < n * n; p++)
            x[p / n][p % n] = (double)m[(ptrdiff_t)p * count * columns + i];
        sandwich(y, &output_matrix[side_of(w.kernel)], x);
        expect_output(want + at, want_choice + at, &w, first + i / columns, y,
                      w.bias ? (double)w.bias[at] : 0.0, roundings);
    }
    k->wino_output(m, &w, first, count, channel, columns);
    compare("out", w.out, want, out_size(&w), roundings + (kind == TIES ? 0.0 : 1.0));
    compare_choices(choice, want_choice, out_size(&w));
    end_case();
}

void check_wino_output(const asl__cpu_kernels *k)
{
    for (int32_t i = 0; i < 140; i++) {
        const asl__wino w = random_wino(i % 2 ? 5 : 3, chance() ? 12 : 70, chance() ? 12 : 70);
        check_output(k, w, chance() ? i % KINDS : TIES);
    }
}
