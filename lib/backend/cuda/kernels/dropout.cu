/* SPDX-License-Identifier: MIT */
/* Inverted dropout with the mask of backend.h. A value costs ten rounds of Philox, which is more
 * than its memory does. */
#include <math.h>

#include "backend/cuda/kernels/philox.cuh"
#include "backend/cuda/kernels/rows.cuh"
#include "base/random.h"

namespace
{

using namespace kernels;

struct mask {
    uint64_t stream;
    uint64_t dropped; /* the 53 random bits of a dropped unit are below this */
    float scale;      /* of the rest */
};

/* random < rate, for a random number of 53 bits, is a comparison of integers. */
mask make_mask(int32_t layer, float rate)
{
    const double share = static_cast<double>(rate);
    mask m;
    m.stream = ASL__STREAM_DROPOUT + (static_cast<uint64_t>(layer) << 8);
    m.dropped = static_cast<uint64_t>(ceil(ldexp(share, 53)));
    m.scale = static_cast<float>(1.0 / (1.0 - share));
    return m;
}

/* Units are numbered channel by channel. */
template <class T>
__global__ void drop(T *values, asl__map map, mask m, const asl__device_step *__restrict__ step)
{
    const size_t channels = static_cast<size_t>(map.channels);
    const size_t plane = static_cast<size_t>(map.height) * static_cast<size_t>(map.width);
    const uint64_t seed = step->seed;
    const uint64_t place =
        static_cast<uint64_t>(step->step) * 65536 + static_cast<uint64_t>(step->first);
    ASL__EACH (i, places_of(map) * channels) {
        const size_t c = i % channels, row = i / channels;
        const uint64_t picture = (place + row / plane) * (plane * channels);
        const uint64_t random = random_u64(seed, m.stream, picture + c * plane + row % plane) >> 11;
        from_float(&values[i], random < m.dropped ? 0.0f : to_float(values[i]) * m.scale);
    }
}

} /* namespace */

cudaError_t asl__cuda_dropout(void *values, asl__number number, asl__map map, int32_t layer,
                              float rate, const asl__device_step *step, cudaStream_t stream)
{
    const mask m = make_mask(layer, rate);
    const size_t count = places_of(map) * static_cast<size_t>(map.channels);
    return number == ASL__F32
               ? ASL__START(drop<float>, count, stream, static_cast<float *>(values), map, m, step)
               : ASL__START(drop<bf16>, count, stream, static_cast<bf16 *>(values), map, m, step);
}
