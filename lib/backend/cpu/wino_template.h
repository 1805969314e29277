/* SPDX-License-Identifier: MIT */
/* Winograd convolution F(4x4, 3x3) and F(4x4, 5x5) (Lavin & Gray 2015; points 0, +-1, +-2, +-1/2
 * and infinity, F(4, 3) without the halves). Included by kernels_template.h. The transforms come in
 * pairs of rows for points +-p, which share their even and odd halves. */

/* B^T x in place, 6 points. */
ALWAYS_INLINE void input6(vec *x)
{
    const vec first = 4.f * x[0] - 5.f * x[2] + x[4];
    const vec last = 4.f * x[1] - 5.f * x[3] + x[5];
    const vec even1 = x[4] - 4.f * x[2], odd1 = x[3] - 4.f * x[1];
    const vec even2 = x[4] - x[2], odd2 = 2.f * x[3] - 2.f * x[1];
    x[0] = first;
    x[1] = even1 + odd1;
    x[2] = even1 - odd1;
    x[3] = even2 + odd2;
    x[4] = even2 - odd2;
    x[5] = last;
}

/* B^T x in place, 8 points. */
ALWAYS_INLINE void input8(vec *x)
{
    const vec first = x[6] - x[0] + 5.25f * (x[2] - x[4]);
    const vec last = x[7] - x[1] + 5.25f * (x[3] - x[5]);
    const vec even1 = x[2] + x[6] - 4.25f * x[4], odd1 = x[1] + x[5] - 4.25f * x[3];
    const vec even2 = 0.25f * x[2] - 1.25f * x[4] + x[6];
    const vec odd2 = 0.5f * x[1] - 2.5f * x[3] + 2.f * x[5];
    const vec even3 = 4.f * x[2] - 5.f * x[4] + x[6];
    const vec odd3 = 2.f * x[1] - 2.5f * x[3] + 0.5f * x[5];
    x[0] = first;
    x[1] = even1 + odd1;
    x[2] = even1 - odd1;
    x[3] = even2 + odd2;
    x[4] = even2 - odd2;
    x[5] = even3 + odd3;
    x[6] = even3 - odd3;
    x[7] = last;
}

/* A^T x: 6 or 8 points to 4 outputs in place. */
ALWAYS_INLINE void output4(vec *x, int points)
{
    vec s1 = x[1] + x[2], d1 = x[1] - x[2], s2 = x[3] + x[4], d2 = x[3] - x[4];
    vec y0 = x[0] + s1 + s2, y1 = d1 + 2.f * d2;
    vec y2 = s1 + 4.f * s2, y3 = d1 + 8.f * d2 + x[points - 1];
    if (points == 8) {
        const vec s3 = x[5] + x[6], d3 = x[5] - x[6];
        y0 += s3;
        y1 += 0.5f * d3;
        y2 += 0.25f * s3;
        y3 += 0.125f * d3;
    }
    x[0] = y0;
    x[1] = y1;
    x[2] = y2;
    x[3] = y3;
}

/* G g: 3 taps to 6 points, or 5 taps to 8. */
ALWAYS_INLINE void filter_points(vec *out, const vec *g, int taps)
{
    if (taps == 3) {
        const vec even1 = (-1.f / 6) * (g[0] + g[2]), odd1 = (-1.f / 6) * g[1];
        const vec even2 = (1.f / 24) * g[0] + (1.f / 6) * g[2], odd2 = (1.f / 12) * g[1];
        out[0] = 0.25f * g[0];
        out[1] = even1 + odd1;
        out[2] = even1 - odd1;
        out[3] = even2 + odd2;
        out[4] = even2 - odd2;
        out[5] = g[2];
        return;
    }
    const vec even1 = (-2.f / 9) * (g[0] + g[2] + g[4]), odd1 = (-2.f / 9) * (g[1] + g[3]);
    const vec even2 = (1.f / 90) * g[0] + (2.f / 45) * g[2] + (8.f / 45) * g[4];
    const vec odd2 = (1.f / 45) * g[1] + (4.f / 45) * g[3];
    const vec even3 = (32.f / 45) * g[0] + (8.f / 45) * g[2] + (2.f / 45) * g[4];
    const vec odd3 = (16.f / 45) * g[1] + (4.f / 45) * g[3];
    out[0] = -g[0];
    out[1] = even1 + odd1;
    out[2] = even1 - odd1;
    out[3] = even2 + odd2;
    out[4] = even2 - odd2;
    out[5] = even3 + odd3;
    out[6] = even3 - odd3;
    out[7] = g[4];
}

static void wino_filter(float *u, ptrdiff_t point_stride, const float *taps, int32_t kernel)
{
    const int n = kernel + 3;
    for (int32_t c = 0; c < ASL__CPU_BLOCK; c += ASL_SIMD) {
        vec half[ASL__CPU_WINO_MAX][5], points[ASL__CPU_WINO_MAX];
        for (int x = 0; x < kernel; x++) {
            vec column[5] = {{0}};
            for (int y = 0; y < kernel; y++)
                column[y] = load(taps + (y * kernel + x) * ASL__CPU_BLOCK + c);
            filter_points(points, column, kernel);
            for (int i = 0; i < n; i++)
                half[i][x] = points[i];
        }
        for (int i = 0; i < n; i++) {
            filter_points(points, half[i], kernel);
            for (int j = 0; j < n; j++)
                store(u + (i * n + j) * point_stride + c, points[j]);
        }
    }
}

/* One input tile of one channel block, n x n points; positions outside the picture are zero. */
ALWAYS_INLINE void input_tile(float *v, ptrdiff_t point_stride, const asl__wino *w, int32_t top,
                              int32_t left, int32_t channel, int n)
{
    vec tile[ASL__CPU_WINO_MAX][ASL__CPU_WINO_MAX];
    const bool inside = top >= 0 && left >= 0 && top + n <= w->in_height && left + n <= w->in_width;
    for (int x = 0; x < n; x++) {
        vec column[ASL__CPU_WINO_MAX];
        for (int y = 0; y < n; y++) {
            const int32_t row = top + y, col = left + x;
            const bool real = inside || ((uint32_t)row < (uint32_t)w->in_height &&
                                         (uint32_t)col < (uint32_t)w->in_width);
            column[y] =
                real ? load(w->in + ((ptrdiff_t)row * w->in_width + col) * w->in_channels + channel)
                     : (vec){0};
        }
        if (n == 8)
            input8(column);
        else
            input6(column);
        for (int y = 0; y < n; y++)
            tile[y][x] = column[y];
    }
    for (int y = 0; y < n; y++) {
        if (n == 8)
            input8(tile[y]);
        else
            input6(tile[y]);
        for (int x = 0; x < n; x++)
            store(v + (y * n + x) * point_stride, tile[y][x]);
    }
}

static void wino_input(float *v, const asl__wino *w, int32_t first, int32_t count)
{
    const ptrdiff_t point_stride = (ptrdiff_t)count * w->in_channels;
    for (int32_t t = 0; t < count; t++) {
        const int32_t top = (first + t) / w->across * 4 - w->padding;
        const int32_t left = (first + t) % w->across * 4 - w->padding;
        for (int32_t c = 0; c < w->in_channels; c += ASL_SIMD) {
            float *out = v + (ptrdiff_t)t * w->in_channels + c;
            if (w->kernel == 5)
                input_tile(out, point_stride, w, top, left, c, 8);
            else
                input_tile(out, point_stride, w, top, left, c, 6);
        }
    }
}

/* ASL_SIMD neighbouring tiles of one channel at once. */
ALWAYS_INLINE void plane_tiles(float *v, ptrdiff_t point_stride, const float *planes,
                               ptrdiff_t plane_size, ptrdiff_t stride, int n)
{
    vec tile[ASL__CPU_WINO_MAX][ASL__CPU_WINO_MAX];
    for (int x = 0; x < n; x++) {
        vec column[ASL__CPU_WINO_MAX];
        for (int y = 0; y < n; y++)
            column[y] = load(planes + x % 4 * plane_size + y * stride + x / 4);
        if (n == 8)
            input8(column);
        else
            input6(column);
        for (int y = 0; y < n; y++)
            tile[y][x] = column[y];
    }
    for (int y = 0; y < n; y++) {
        if (n == 8)
            input8(tile[y]);
        else
            input6(tile[y]);
        for (int x = 0; x < n; x++)
            store(v + (y * n + x) * point_stride, tile[y][x]);
    }
}

static void wino_planes(float *v, const float *planes, ptrdiff_t plane_size, ptrdiff_t stride,
                        int32_t kernel, int32_t count)
{
    for (int32_t c = 0; c < 3; c++)
        for (int32_t t = 0; t < count; t += ASL_SIMD) {
            float *out = v + (ptrdiff_t)c * count + t;
            const float *in = planes + 4 * c * plane_size + t;
            if (kernel == 5)
                plane_tiles(out, 3 * (ptrdiff_t)count, in, plane_size, stride, 8);
            else
                plane_tiles(out, 3 * (ptrdiff_t)count, in, plane_size, stride, 6);
        }
}

/* Writes the up to 4x4 outputs of a tile as they are. */
ALWAYS_INLINE void put_plain(const asl__wino *w, vec (*y)[ASL__CPU_WINO_MAX], int32_t top,
                             int32_t left, int32_t channel)
{
    const vec bias = w->bias ? load(w->bias + channel) : (vec){0};
    for (int i = 0; i < 4 && top + i < w->out_height; i++)
        for (int j = 0; j < 4 && left + j < w->out_width; j++) {
            vec value = y[i][j] + bias;
            if (w->relu)
                value = ASL_SIMD_MAX((vec){0}, value);
            store(w->out + ((ptrdiff_t)(top + i) * w->out_width + left + j) * w->out_channels +
                      channel,
                  value);
        }
}

/* Writes the maxima of 2x2 outputs, which bias and ReLU commute with. */
ALWAYS_INLINE void put_pooled(const asl__wino *w, vec (*y)[ASL__CPU_WINO_MAX], int32_t top,
                              int32_t left, int32_t channel)
{
    const vec bias = w->bias ? load(w->bias + channel) : (vec){0};
    const int32_t height = w->out_height / 2, width = w->out_width / 2;
    for (int i = 0; i < 4 && (top + i) / 2 < height; i += 2)
        for (int j = 0; j < 4 && (left + j) / 2 < width; j += 2) {
            const ptrdiff_t at =
                ((ptrdiff_t)((top + i) / 2) * width + (left + j) / 2) * w->out_channels + channel;
            put_maximum(w->out + at, w->choice ? w->choice + at : NULL, y[i][j], y[i][j + 1],
                        y[i + 1][j], y[i + 1][j + 1], bias, w->relu);
        }
}

ALWAYS_INLINE void output_tile(const float *m, ptrdiff_t point_stride, const asl__wino *w,
                               int32_t top, int32_t left, int32_t channel, int n)
{
    vec y[4][ASL__CPU_WINO_MAX];
    for (int j = 0; j < n; j++) {
        vec column[ASL__CPU_WINO_MAX];
        for (int i = 0; i < n; i++)
            column[i] = load(m + (i * n + j) * point_stride);
        output4(column, n);
        for (int i = 0; i < 4; i++)
            y[i][j] = column[i];
    }
    for (int i = 0; i < 4; i++)
        output4(y[i], n);
    if (w->pool)
        put_pooled(w, y, top, left, channel);
    else
        put_plain(w, y, top, left, channel);
}

static void wino_output(const float *m, const asl__wino *w, int32_t first, int32_t count,
                        int32_t channel, int32_t columns)
{
    const ptrdiff_t point_stride = (ptrdiff_t)count * columns;
    for (int32_t t = 0; t < count; t++) {
        const int32_t top = (first + t) / w->across * 4, left = (first + t) % w->across * 4;
        for (int32_t c = 0; c < columns; c += ASL_SIMD) {
            const float *in = m + (ptrdiff_t)t * columns + c;
            if (w->kernel == 5)
                output_tile(in, point_stride, w, top, left, channel + c, 8);
            else
                output_tile(in, point_stride, w, top, left, channel + c, 6);
        }
    }
}
