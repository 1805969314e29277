/* SPDX-License-Identifier: MIT */
/* Kernels for the test of the emulation; see the header. */
#include "test_emulation_kernel.h"

namespace
{

__device__ size_t first()
{
    return static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ size_t stride()
{
    return static_cast<size_t>(gridDim.x) * blockDim.x;
}

template <class T> __global__ void scale(T *to, const T *from, T by, size_t count)
{
    for (size_t i = first(); i < count; i += stride())
        to[i] = from[i] * by;
}

__global__ void scale_from(float *to, test_scaled scaled, size_t count)
{
    for (size_t i = first(); i < count; i += stride())
        to[i] = scaled.from[i] * scaled.by;
}

__global__ void running_sum(float *values, size_t count)
{
    for (size_t i = first() + 1; i < count; i += stride())
        values[i] += values[i - 1];
}

__global__ void overrun(float *to, size_t count)
{
    for (size_t i = first(); i <= count; i += stride())
        to[i] = 1.0f;
}

} /* namespace */

cudaError_t test_scale(float *to, const float *from, float by, size_t count, cudaStream_t stream)
{
    return ASL_LAUNCH(scale<float>, count, stream, to, from, by, count);
}

cudaError_t test_scale_from(float *to, test_scaled scaled, size_t count, cudaStream_t stream)
{
    return ASL_LAUNCH(scale_from, count, stream, to, scaled, count);
}

int test_searches_structures(void)
{
    return emulation::structure == EMULATION_STRUCTURE;
}

cudaError_t test_running_sum(float *values, size_t count, cudaStream_t stream)
{
    return ASL_LAUNCH(running_sum, count, stream, values, count);
}

cudaError_t test_overrun(float *to, size_t count, cudaStream_t stream)
{
    return ASL_LAUNCH(overrun, count, stream, to, count);
}
