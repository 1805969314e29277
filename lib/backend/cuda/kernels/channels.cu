/* SPDX-License-Identifier: MIT */
/* Sums of channels over all places, in double, in three passes at most: many threads over the map,
 * then about the square root of their number over what those leave, then one a channel. The second
 * and third read a few MB; the first is bound by reading the map once. Which rows meet in which sum
 * depends on the map's size alone. */
#include <math.h>

#include "backend/cuda/kernels/rows.cuh"

namespace
{

using namespace kernels;

/* Partial sums of one kind: their number after the first pass, and after the second. */
struct stages {
    size_t first, second;
};

/* Up to a few rows in one pass; otherwise a first pass of runs of rows, as many as give no more
 * than so many numbers, which keeps 132 processors busy. */
stages stages_of(asl__map map)
{
    const size_t few = 64, run = 16, numbers = 262144;
    const size_t rows = places_of(map), channels = static_cast<size_t>(map.channels);
    const size_t runs = (rows + run - 1) / run, most = channels < numbers ? numbers / channels : 1;
    stages s = {1, 1};
    if (rows > few)
        s.first = runs < most ? runs : most;
    if (s.first > few) {
        const size_t each = static_cast<size_t>(ceil(sqrt(static_cast<double>(s.first))));
        s.second = (s.first + each - 1) / each;
    }
    return s;
}

/* Rows that are under way at a time. */
constexpr size_t TOGETHER = 4;

template <class T, int N> struct batch {
    pack<T, N> rows[TOGETHER];
};

/* Rows from `first` on, `step` apart; those past `end` are zeros. */
template <int N, class T>
__device__ batch<T, N> load_batch(const T *x, size_t first, size_t step, size_t end,
                                  size_t channels)
{
    batch<T, N> b;
    ASL__UNROLL_ALL
    for (size_t i = 0; i < TOGETHER; i++) {
        const size_t row = first + i * step;
        b.rows[i] = row < end ? load_pack<N>(x + row * channels) : pack<T, N>();
    }
    return b;
}

/* sum[k] += x of every row, sum2[k] += x * z */
template <class T, int N> __device__ void add_batch(double (&sum)[N], const batch<T, N> &x)
{
    ASL__UNROLL_ALL
    for (size_t i = 0; i < TOGETHER; i++)
        for (size_t k = 0; k < N; k++)
            sum[k] += static_cast<double>(to_float(x.rows[i].values[k]));
}

template <class T, int N>
__device__ void add_products(double (&sum2)[N], const batch<T, N> &x, const batch<T, N> &z)
{
    ASL__UNROLL_ALL
    for (size_t i = 0; i < TOGETHER; i++)
        for (size_t k = 0; k < N; k++)
            sum2[k] += static_cast<double>(to_float(x.rows[i].values[k])) *
                       static_cast<double>(to_float(z.rows[i].values[k]));
}

/* sums2 and z may be NULL. */
template <class T, int N>
__global__ void sum_rows(double *__restrict__ sums, double *__restrict__ sums2,
                         const T *__restrict__ x, const T *__restrict__ z, size_t rows,
                         size_t parts, size_t channels)
{
    const size_t lanes = channels / N;
    ASL__EACH (item, parts * lanes) {
        const size_t part = item / lanes, channel = item % lanes * N;
        double sum[N] = {0.0}, sum2[N] = {0.0};
        for (size_t row = part; row < rows; row += parts * TOGETHER) {
            const batch<T, N> a = load_batch<N>(x + channel, row, parts, rows, channels);
            if (sums2)
                add_products(sum2, a, load_batch<N>(z + channel, row, parts, rows, channels));
            add_batch(sum, a);
        }
        for (size_t k = 0; k < N; k++) {
            sums[part * channels + channel + k] = sum[k];
            if (sums2)
                sums2[part * channels + channel + k] = sum2[k];
        }
    }
}

/* Sums `parts` numbers of a channel to `left`. */
__global__ void sum_parts(double *__restrict__ out, const double *__restrict__ in, size_t parts,
                          size_t left, size_t channels)
{
    ASL__EACH (item, left * channels) {
        const size_t channel = item % channels;
        double sum = 0.0;
        for (size_t part = item / channels; part < parts; part += left * TOGETHER) {
            double values[TOGETHER];
            ASL__UNROLL_ALL
            for (size_t i = 0; i < TOGETHER; i++) {
                const size_t from = part + i * left;
                values[i] = from < parts ? in[from * channels + channel] : 0.0;
            }
            ASL__UNROLL_ALL
            for (size_t i = 0; i < TOGETHER; i++)
                sum += values[i];
        }
        out[item] = sum;
    }
}

__global__ void store_sums(float *__restrict__ out, const double *__restrict__ sums, size_t count)
{
    ASL__EACH (i, count)
        out[i] = static_cast<float>(sums[i]);
}

/* A place among the partial sums for each pass, or where the results go. */
struct targets {
    double *first, *second;
};

targets targets_of(double *results, double *partials, stages s, size_t channels)
{
    return {s.first > 1 ? partials : results,
            s.second > 1 ? partials + s.first * channels : results};
}

cudaError_t add_up(double *results, targets t, stages s, size_t channels, cudaStream_t stream)
{
    cudaError_t code = cudaSuccess;
    if (s.first > 1)
        code = ASL__START(sum_parts, s.second * channels, stream, t.second, t.first, s.first,
                          s.second, channels);
    if (code == cudaSuccess && s.second > 1)
        code = ASL__START(sum_parts, channels, stream, results, t.second, s.second,
                          static_cast<size_t>(1), channels);
    return code;
}

} /* namespace */

size_t asl__cuda_partials(asl__map map)
{
    const stages s = stages_of(map);
    return 2 * (s.first + s.second) * static_cast<size_t>(map.channels);
}

cudaError_t asl__cuda_channel_sums(double *sums, double *sums2, const void *x, const void *z,
                                   asl__number number, asl__map map, double *partials,
                                   cudaStream_t stream)
{
    const stages s = stages_of(map);
    const size_t channels = static_cast<size_t>(map.channels);
    const targets t = targets_of(sums, partials, s, channels);
    const targets t2 = targets_of(sums2, partials + (s.first + s.second) * channels, s, channels);
    cudaError_t code =
        with_form(number, map.channels, address(x) | (sums2 ? address(z) : 0), [&](auto form) {
            typedef decltype(form) F;
            typedef typename F::T T;
            return ASL__START((sum_rows<T, F::N>), s.first * (channels / F::N), stream, t.first,
                              sums2 ? t2.first : nullptr, static_cast<const T *>(x),
                              static_cast<const T *>(z), places_of(map), s.first, channels);
        });
    if (code == cudaSuccess)
        code = add_up(sums, t, s, channels, stream);
    if (code == cudaSuccess && sums2)
        code = add_up(sums2, t2, s, channels, stream);
    return code;
}

cudaError_t asl__cuda_store_sums(float *out, const double *sums, int32_t channels,
                                 cudaStream_t stream)
{
    return ASL__START(store_sums, channels, stream, out, sums, static_cast<size_t>(channels));
}
