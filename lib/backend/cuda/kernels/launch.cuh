/* SPDX-License-Identifier: MIT */
/* How a kernel starts and what it looks like: a loop over independent elements, in which any number
 * of threads share. Where there is no nvcc, the compiler's command line includes a header that
 * defines ASL_LAUNCH. */
#ifndef ASL_BACKEND_CUDA_KERNELS_LAUNCH_H
#define ASL_BACKEND_CUDA_KERNELS_LAUNCH_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __CUDACC__

namespace kernels
{

template <class T> struct same {
    typedef T type;
};

/* Says how this launch went, and nothing of earlier calls, as cudaGetLastError() would. */
template <class... P>
cudaError_t launch(void (*kernel)(P...), size_t count, cudaStream_t stream,
                   typename same<P>::type... values)
{
    /* Few elements in small blocks: on many processors instead of one. */
    const size_t threads = count < 65536 ? 64 : 256, most = 16384;
    const size_t wanted = (count + threads - 1) / threads;
    const dim3 blocks(static_cast<unsigned>(wanted < most ? wanted : most));
    void *arguments[] = {&values...};
    return cudaLaunchKernel(reinterpret_cast<const void *>(kernel), blocks,
                            dim3(static_cast<unsigned>(threads)), arguments, 0, stream);
}

} /* namespace kernels */

#define ASL_LAUNCH(kernel, count, stream, ...) kernels::launch(kernel, count, stream, __VA_ARGS__)
/* Several loads are under way at a time. */
#define ASL__UNROLL     _Pragma("unroll 8")
#define ASL__UNROLL_ALL _Pragma("unroll")

#else

#ifndef ASL_LAUNCH
#error "kernels that are compiled for the host need a header that defines ASL_LAUNCH"
#endif
#define ASL__UNROLL
#define ASL__UNROLL_ALL

#endif

/* An empty grid is an error; nothing to do is none. */
#define ASL__START(kernel, count, stream, ...)                                                     \
    ((count) == 0 ? cudaSuccess : ASL_LAUNCH(kernel, count, stream, __VA_ARGS__))

#define ASL__EACH(i, count)                                                                        \
    for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < (count);       \
         i += static_cast<size_t>(gridDim.x) * blockDim.x)

#endif
