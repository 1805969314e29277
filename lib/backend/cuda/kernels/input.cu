/* SPDX-License-Identifier: MIT */
/* Pictures and labels on their way into the network. A pixel is 3 bytes in and, with its channels
 * padded for tensor cores, 16 out. */
#include "backend/cuda/kernels/rows.cuh"

namespace
{

using namespace kernels;

/* In network order. */
struct pixel {
    float a, b, c;
};

__device__ pixel read_pixel(const uint8_t *bytes, const asl__pixels &p)
{
    return {static_cast<float>(bytes[p.bgr ? 2 : 0]) * p.scale[0] + p.shift[0],
            static_cast<float>(bytes[1]) * p.scale[1] + p.shift[1],
            static_cast<float>(bytes[p.bgr ? 0 : 2]) * p.scale[2] + p.shift[2]};
}

__device__ float channel_of(const pixel &p, size_t channel)
{
    return channel == 0 ? p.a : channel == 1 ? p.b : channel == 2 ? p.c : 0.0f;
}

template <class T, int N>
__global__ void read_pictures(T *__restrict__ out, asl__map map, asl__pixels p)
{
    const size_t plane = static_cast<size_t>(map.height) * static_cast<size_t>(map.width);
    const size_t channels = static_cast<size_t>(map.channels);
    ASL__EACH (i, places_of(map)) {
        const size_t n = i / plane;
        const size_t picture = p.order ? static_cast<size_t>(p.order[n]) : n;
        const pixel from = read_pixel(p.images + (picture * plane + i % plane) * 3, p);
        for (size_t c = 0; c < channels; c += N) {
            float values[N];
            for (size_t k = 0; k < N; k++)
                values[k] = channel_of(from, c + k);
            store(out + i * channels + c, values);
        }
    }
}

__global__ void pick_labels(int32_t *__restrict__ labels, const int32_t *from, const int64_t *order,
                            size_t count)
{
    ASL__EACH (i, count)
        labels[i] = from[order[i]];
}

} /* namespace */

cudaError_t asl__cuda_input(void *out, asl__number number, asl__map map, const asl__pixels *pixels,
                            cudaStream_t stream)
{
    return with_form(number, map.channels, address(out), [&](auto form) {
        typedef decltype(form) F;
        return ASL__START((read_pictures<typename F::T, F::N>), places_of(map), stream,
                          static_cast<typename F::T *>(out), map, *pixels);
    });
}

cudaError_t asl__cuda_labels(int32_t *labels, const int32_t *from, const int64_t *order,
                             int32_t count, cudaStream_t stream)
{
    return ASL__START(pick_labels, count, stream, labels, from, order, static_cast<size_t>(count));
}
