/* SPDX-License-Identifier: MIT */
/* Kernels compiled by a C++ compiler, as functions of the emulated device: ASL_LAUNCH of
 * lib/backend/cuda/kernels/launch.cuh where there is no nvcc.
 *
 *     cudaError_t ASL_LAUNCH(kernel, count, stream, arguments...)
 *
 * puts `kernel` on the stream for `count` >= 1 elements. A kernel is a loop from
 * blockIdx.x * blockDim.x + threadIdx.x by gridDim.x * blockDim.x; here a few threads run one after
 * the other, the last first, so that one that needs another's results gets garbage. Pointers among
 * the arguments, and in structures where the compiler can clear padding, must be NULL or lead to
 * memory of the device, or pinned memory. */
#ifndef TESTS_CUDA_HOST_LAUNCH_H
#define TESTS_CUDA_HOST_LAUNCH_H

#include <cuda_runtime_api.h> /* also defines __global__, __device__ and so on as nothing */

#include <new>
#include <stddef.h>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_launch.h"

#undef __launch_bounds__
#define __launch_bounds__(...)

#define ASL_LAUNCH(kernel, count, stream, ...)                                                     \
    emulation::launch(#kernel, kernel, static_cast<size_t>(count), stream, __VA_ARGS__)

/* What a kernel knows of itself. */
inline thread_local dim3 gridDim, blockDim;
inline thread_local uint3 blockIdx, threadIdx;

namespace emulation
{

template <class... P> struct call {
    void (*kernel)(P...);
    std::tuple<P...> values;
    emulation_argument arguments[sizeof...(P)];

    static void run(void *self, unsigned blocks, unsigned threads)
    {
        call *c = static_cast<call *>(self);
        gridDim = dim3(blocks);
        blockDim = dim3(threads);
        for (unsigned i = blocks * threads; i > 0; i--) {
            blockIdx.x = (i - 1) / threads;
            threadIdx.x = (i - 1) % threads;
            std::apply(c->kernel, c->values);
        }
    }
    static void release(void *self)
    {
        delete static_cast<call *>(self);
    }
};

/* A structure is searched for pointers only where what lies between its members, which may be the
 * remains of one, can be cleared. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define ASL__CLEAR_PADDING(value) __builtin_clear_padding(value)
#endif
#endif
#ifndef ASL__CLEAR_PADDING
#define ASL__CLEAR_PADDING(value) static_cast<void>(value)
constexpr emulation_argument_kind structure = EMULATION_NUMBER;
#else
constexpr emulation_argument_kind structure = EMULATION_STRUCTURE;
#endif

template <class T> emulation_argument argument(T &value)
{
    static_assert(std::is_trivially_copyable<T>::value, "a kernel's argument is copied by bytes");
    if (std::is_class<T>::value)
        ASL__CLEAR_PADDING(&value);
    return {&value, sizeof value,
            std::is_pointer<T>::value ? EMULATION_POINTER
            : std::is_class<T>::value ? structure
                                      : EMULATION_NUMBER};
}

template <class... P, class... A>
cudaError_t launch(const char *name, void (*kernel)(P...), size_t count, cudaStream_t stream,
                   A &&...values)
{
    static_assert(sizeof...(P) == sizeof...(A), "a kernel gets all its arguments");
    auto *c = new (std::nothrow) call<P...>{kernel, {static_cast<P>(values)...}, {}};
    if (c == nullptr)
        return cudaErrorMemoryAllocation;
    std::apply(
        [c](auto &...kept) {
            int i = 0;
            ((c->arguments[i++] = argument(kept)), ...);
        },
        c->values);
    return emulation_launch(name, stream, count, c, call<P...>::run, call<P...>::release,
                            c->arguments, sizeof...(P));
}

} /* namespace emulation */

#endif
