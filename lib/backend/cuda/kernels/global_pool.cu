/* SPDX-License-Identifier: MIT */
/* Pooling over all places, a channel of a picture a thread. The maps are small where networks do
 * this. */
#include "backend/cuda/kernels/rows.cuh"
#include "model/network.h"

namespace
{

using namespace kernels;

struct pooling {
    size_t places, channels, count; /* of one picture; channels of all pictures */
    size_t outputs, maximum;        /* of one picture, and where its maxima begin */
    bool average_too, maximum_too;
};

pooling make_pooling(asl__map in, int32_t pool)
{
    pooling p;
    p.places = static_cast<size_t>(in.height) * static_cast<size_t>(in.width);
    p.channels = static_cast<size_t>(in.channels);
    p.count = static_cast<size_t>(in.count) * p.channels;
    p.average_too = (pool & ASL__POOL_AVG) != 0;
    p.maximum_too = (pool & ASL__POOL_MAX) != 0;
    p.maximum = p.average_too ? p.channels : 0;
    p.outputs = p.maximum + (p.maximum_too ? p.channels : 0);
    return p;
}

template <class T> __device__ float average(const T *x, const pooling &p)
{
    double sum = 0.0;
    ASL__UNROLL
    for (size_t i = 0; i < p.places; i++)
        sum += static_cast<double>(to_float(x[i * p.channels]));
    return static_cast<float>(sum / static_cast<double>(p.places));
}

/* The first largest value; a NaN counts as the largest. */
template <class T> __device__ size_t find_maximum(const T *x, const pooling &p)
{
    size_t best = 0;
    float most = to_float(x[0]);
    ASL__UNROLL
    for (size_t i = 1; i < p.places; i++) {
        const float value = to_float(x[i * p.channels]);
        if (value > most || is_nan(value)) {
            best = i;
            most = value;
        }
    }
    return best;
}

template <class T>
__global__ void global_pool(T *__restrict__ y, int32_t *__restrict__ choice,
                            const T *__restrict__ x, pooling p)
{
    ASL__EACH (i, p.count) {
        const size_t n = i / p.channels, c = i % p.channels;
        const T *from = x + n * p.places * p.channels + c;
        T *to = y + n * p.outputs + c;
        if (p.average_too)
            from_float(to, average(from, p));
        if (p.maximum_too) {
            const size_t best = find_maximum(from, p);
            to[p.maximum] = from[best * p.channels];
            if (choice)
                choice[i] = static_cast<int32_t>(best);
        }
    }
}

template <class T>
__global__ void global_pool_backward(T *__restrict__ dx, const T *__restrict__ dy,
                                     const int32_t *__restrict__ choice, pooling p)
{
    ASL__EACH (i, p.count * p.places) {
        const size_t c = i % p.channels, row = i / p.channels;
        const size_t n = row / p.places, at = row % p.places;
        const T *from = dy + n * p.outputs + c;
        float d = p.average_too ? to_float(*from) / static_cast<float>(p.places) : 0.0f;
        if (p.maximum_too && static_cast<size_t>(choice[n * p.channels + c]) == at)
            d += to_float(from[p.maximum]);
        from_float(&dx[i], d);
    }
}

} /* namespace */

cudaError_t asl__cuda_global_pool(void *y, int32_t *choice, const void *x, asl__number number,
                                  asl__map in, int32_t pool, cudaStream_t stream)
{
    const pooling p = make_pooling(in, pool);
    return number == ASL__F32
               ? ASL__START(global_pool<float>, p.count, stream, static_cast<float *>(y), choice,
                            static_cast<const float *>(x), p)
               : ASL__START(global_pool<bf16>, p.count, stream, static_cast<bf16 *>(y), choice,
                            static_cast<const bf16 *>(x), p);
}

cudaError_t asl__cuda_global_pool_backward(void *dx, const void *dy, const int32_t *choice,
                                           asl__number number, asl__map in, int32_t pool,
                                           cudaStream_t stream)
{
    const pooling p = make_pooling(in, pool);
    const size_t count = p.count * p.places;
    return number == ASL__F32
               ? ASL__START(global_pool_backward<float>, count, stream, static_cast<float *>(dx),
                            static_cast<const float *>(dy), choice, p)
               : ASL__START(global_pool_backward<bf16>, count, stream, static_cast<bf16 *>(dx),
                            static_cast<const bf16 *>(dy), choice, p);
}
