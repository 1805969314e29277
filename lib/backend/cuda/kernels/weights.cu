/* SPDX-License-Identifier: MIT */
/* The flat vector of parameters <-> operands of the libraries. A few MB a step at most, which stay
 * in the cache, so that reading with a stride costs little; writing has none. */
#include "backend/cuda/kernels/rows.cuh"

namespace
{

using namespace kernels;

/* o filters of i channels and `taps` places. */
struct filter {
    size_t o, i, taps, padded;
};

filter make_filter(int32_t o, int32_t i, int32_t k, int32_t padded)
{
    return {static_cast<size_t>(o), static_cast<size_t>(i),
            static_cast<size_t>(k) * static_cast<size_t>(k), static_cast<size_t>(padded)};
}

template <class T>
__global__ void pack_filter(T *__restrict__ out, const float *__restrict__ weights, filter f)
{
    ASL__EACH (at, f.o * f.taps * f.padded) {
        const size_t c = at % f.padded, row = at / f.padded;
        const size_t o = row / f.taps, tap = row % f.taps;
        from_float(&out[at], c < f.i ? weights[(o * f.i + c) * f.taps + tap] : 0.0f);
    }
}

template <class T>
__global__ void unpack_filter(float *__restrict__ out, const T *__restrict__ gradient, filter f)
{
    ASL__EACH (at, f.o * f.i * f.taps) {
        const size_t tap = at % f.taps, row = at / f.taps;
        const size_t o = row / f.i, c = row % f.i;
        out[at] = to_float(gradient[(o * f.taps + tap) * f.padded + c]);
    }
}

template <class T, class U>
__global__ void convert(T *__restrict__ out, const U *__restrict__ in, size_t count)
{
    ASL__EACH (i, count)
        from_float(&out[i], to_float(in[i]));
}

template <class T>
cudaError_t convert_to(T *out, const void *in, asl__number from, size_t count, cudaStream_t stream)
{
    return from == ASL__F32 ? ASL__START((convert<T, float>), count, stream, out,
                                         static_cast<const float *>(in), count)
                            : ASL__START((convert<T, bf16>), count, stream, out,
                                         static_cast<const bf16 *>(in), count);
}

} /* namespace */

cudaError_t asl__cuda_pack_filter(void *out, asl__number number, const float *weights, int32_t o,
                                  int32_t i, int32_t k, int32_t padded, cudaStream_t stream)
{
    const filter f = make_filter(o, i, k, padded);
    const size_t count = f.o * f.taps * f.padded;
    return number == ASL__F32
               ? ASL__START(pack_filter<float>, count, stream, static_cast<float *>(out), weights,
                            f)
               : ASL__START(pack_filter<bf16>, count, stream, static_cast<bf16 *>(out), weights, f);
}

cudaError_t asl__cuda_unpack_filter(float *out, const void *gradient, asl__number number, int32_t o,
                                    int32_t i, int32_t k, int32_t padded, cudaStream_t stream)
{
    const filter f = make_filter(o, i, k, padded);
    const size_t count = f.o * f.i * f.taps;
    return number == ASL__F32 ? ASL__START(unpack_filter<float>, count, stream, out,
                                           static_cast<const float *>(gradient), f)
                              : ASL__START(unpack_filter<bf16>, count, stream, out,
                                           static_cast<const bf16 *>(gradient), f);
}

cudaError_t asl__cuda_convert(void *out, asl__number to, const void *in, asl__number from,
                              size_t count, cudaStream_t stream)
{
    return to == ASL__F32 ? convert_to(static_cast<float *>(out), in, from, count, stream)
                          : convert_to(static_cast<bf16 *>(out), in, from, count, stream);
}
