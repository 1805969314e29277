/* SPDX-License-Identifier: MIT */
/* Batch normalisation but for its sums (channels.cu) and its forward pass, which is an epilogue. */
#include <math.h>

#include "backend/cuda/kernels/rows.cuh"
#include "model/network.h"

namespace
{

using namespace kernels;

__device__ double inverse_deviation(double variance)
{
    return 1.0 / sqrt(variance + static_cast<double>(ASL__BATCH_NORM_EPSILON));
}

__device__ void set_affine(const asl__norm &norm, size_t c, double mean, double invstd)
{
    const double scale = static_cast<double>(norm.weight[c]) * invstd;
    norm.scale[c] = static_cast<float>(scale);
    norm.shift[c] = static_cast<float>(static_cast<double>(norm.offset[c]) - mean * scale);
}

/* The difference of the squares' mean and the mean's square loses digits of double where a channel
 * strays little from its mean: half of them when that is 10^4 deviations. */
__global__ void norm_statistics(asl__norm norm, const double *__restrict__ sums,
                                const double *__restrict__ squares, size_t channels)
{
    const double places = static_cast<double>(norm.places);
    /* The variance of a single value says nothing and is kept at its 0. */
    const double unbiased = places > 1.0 ? places / (places - 1.0) : 1.0;
    ASL__EACH (c, channels) {
        const double mean = sums[c] / places;
        double variance = squares[c] / places - mean * mean;
        variance = variance < 0.0 ? 0.0 : variance; /* a NaN stays */
        norm.mean[c] = mean;
        norm.invstd[c] = inverse_deviation(variance);
        set_affine(norm, c, mean, norm.invstd[c]);
        norm.reported_mean[c] = static_cast<float>(mean);
        norm.reported_variance[c] = static_cast<float>(unbiased * variance);
    }
}

__global__ void norm_running(asl__norm norm, const float *__restrict__ mean,
                             const float *__restrict__ variance, size_t channels)
{
    ASL__EACH (c, channels)
        set_affine(norm, c, static_cast<double>(mean[c]),
                   inverse_deviation(static_cast<double>(variance[c])));
}

/* With z the normalised input and d the gradient by the output: by weight sum(d * z), by offset
 * sum(d). */
__global__ void norm_gradients(float *__restrict__ weight, float *__restrict__ offset,
                               asl__norm norm, const double *__restrict__ sums,
                               const double *__restrict__ products, size_t channels)
{
    ASL__EACH (c, channels) {
        weight[c] = static_cast<float>((products[c] - norm.mean[c] * sums[c]) * norm.invstd[c]);
        offset[c] = static_cast<float>(sums[c]);
    }
}

/* And by x, with s = weight / deviation:
 *   s * (d - mean(d) - z * mean(d * z)) = s * d + slope * (x - mean) + level. */
struct line {
    float s, slope, level, mean;
};

__device__ line line_of(const asl__norm &norm, float weight_gradient, float offset_gradient,
                        float inverse_places, size_t c)
{
    const float s = norm.scale[c], share = s * inverse_places;
    return {s, -share * static_cast<float>(norm.invstd[c]) * weight_gradient,
            -share * offset_gradient, static_cast<float>(norm.mean[c])};
}

/* dx may be dz. */
template <class T, int N>
__global__ void norm_backward(T *dx, const T *dz, const T *__restrict__ x, asl__norm norm,
                              const float *__restrict__ weight_gradient,
                              const float *__restrict__ offset_gradient, float inverse_places,
                              size_t rows, size_t parts, size_t channels)
{
    const size_t lanes = channels / N;
    ASL__EACH (item, parts * lanes) {
        const size_t channel = item % lanes * N;
        line lines[N];
        for (size_t i = 0; i < N; i++)
            lines[i] = line_of(norm, weight_gradient[channel + i], offset_gradient[channel + i],
                               inverse_places, channel + i);
        for (size_t row = item / lanes; row < rows; row += parts) {
            const size_t at = row * channels + channel;
            float d[N], values[N];
            load(d, dz + at);
            load(values, x + at);
            for (size_t i = 0; i < N; i++) {
                const line l = lines[i];
                d[i] = l.s * d[i] + (l.slope * (values[i] - l.mean) + l.level);
            }
            store(dx + at, d);
        }
    }
}

} /* namespace */

cudaError_t asl__cuda_norm_statistics(const asl__norm *norm, const double *sums,
                                      const double *squares, cudaStream_t stream)
{
    return ASL__START(norm_statistics, norm->channels, stream, *norm, sums, squares,
                      static_cast<size_t>(norm->channels));
}

cudaError_t asl__cuda_norm_running(const asl__norm *norm, const float *mean, const float *variance,
                                   cudaStream_t stream)
{
    return ASL__START(norm_running, norm->channels, stream, *norm, mean, variance,
                      static_cast<size_t>(norm->channels));
}

cudaError_t asl__cuda_norm_backward(void *dx, float *weight_gradient, float *offset_gradient,
                                    const void *dz, const void *x, asl__number number, asl__map map,
                                    const asl__norm *norm, const double *sums,
                                    const double *products, cudaStream_t stream)
{
    const size_t channels = static_cast<size_t>(map.channels), rows = places_of(map);
    const cudaError_t code = ASL__START(norm_gradients, channels, stream, weight_gradient,
                                        offset_gradient, *norm, sums, products, channels);
    if (code != cudaSuccess)
        return code;
    const float inverse_places = static_cast<float>(1.0 / static_cast<double>(norm->places));
    return with_form(number, map.channels, address(dx) | address(dz) | address(x), [&](auto form) {
        typedef decltype(form) F;
        typedef typename F::T T;
        const size_t lanes = channels / F::N, parts = parts_for(rows, lanes);
        return ASL__START((norm_backward<T, F::N>), parts * lanes, stream, static_cast<T *>(dx),
                          static_cast<const T *>(dz), static_cast<const T *>(x), *norm,
                          static_cast<const float *>(weight_gradient),
                          static_cast<const float *>(offset_gradient), inverse_places, rows, parts,
                          channels);
    });
}
