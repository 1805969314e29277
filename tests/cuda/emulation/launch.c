/* SPDX-License-Identifier: MIT */
/* Kernels that were compiled for the host, as work on a stream. */
#include "internal.h"
#include "cuda_launch.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCKS = 3, THREADS = 32 };

typedef struct kernel {
    emulation__work work;
    const char *name;
    size_t count;
    void *self;
    void (*run)(void *self, unsigned blocks, unsigned threads);
    void (*release)(void *self);
    const emulation_argument *arguments;
    size_t argument_count;
} kernel;

/* Whether this is an address of the host, where it keeps programs, heap and stacks. Two small
 * integers side by side are far below. */
static bool is_address(uintptr_t value)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return value >> 46 != 0 && value >> 48 == 0 &&
           msync((void *)(value & ~(page - 1)), (size_t)page, MS_ASYNC) == 0;
}

/* A pointer, or each place of a structure that could be one, leads to the device or nowhere. */
static bool is_good_argument(const kernel *k, const emulation_argument *argument)
{
    if (argument->kind == EMULATION_NUMBER)
        return true;
    for (size_t i = 0; i + sizeof(void *) <= argument->size; i += sizeof(void *)) {
        uintptr_t value;
        memcpy(&value, (const char *)argument->value + i, sizeof value);
        const emulation__place place = emulation__place_of((const void *)value);
        if (value != 0 && place == EMULATION__PAGEABLE &&
            (argument->kind == EMULATION_POINTER || is_address(value))) {
            emulation__complain("%s got a pointer %p, which is not for the device", k->name,
                                (void *)value);
            return false;
        }
    }
    return true;
}

static cudaError_t run_kernel(emulation__work *work)
{
    const kernel *k = (const kernel *)work;
    for (size_t i = 0; i < k->argument_count; i++)
        if (!is_good_argument(k, &k->arguments[i]))
            return cudaErrorIllegalAddress;
    const size_t blocks = (k->count + THREADS - 1) / THREADS;
    k->run(k->self, blocks < BLOCKS ? (unsigned)blocks : BLOCKS, THREADS);
    return cudaSuccess;
}

static void release_kernel(emulation__work *work)
{
    const kernel *k = (const kernel *)work;
    k->release(k->self);
}

/* Kernels start on the current device only, which the stream must be of. */
static bool is_on_current_device(cudaStream_t handle)
{
    const struct CUstream_st *stream = emulation__stream_of(handle);
    return stream == NULL || handle == NULL || handle == cudaStreamLegacy ||
           stream->device == emulation__current_device();
}

cudaError_t emulation_launch(const char *name, cudaStream_t stream, size_t count, void *self,
                             void (*run)(void *self, unsigned blocks, unsigned threads),
                             void (*release)(void *self), const emulation_argument *arguments,
                             size_t argument_count)
{
    cudaError_t code = emulation__enter_cuda(name, EMULATION__NEEDS_DEVICE);
    kernel *k = emulation__new_work(sizeof *k, run_kernel);
    k->work.release = release_kernel;
    k->name = name;
    k->count = count;
    k->self = self;
    k->run = run;
    k->release = release;
    k->arguments = arguments;
    k->argument_count = argument_count;
    if (code == cudaSuccess && count == 0) /* a grid of no blocks */
        code = cudaErrorInvalidConfiguration;
    if (code == cudaSuccess && !is_on_current_device(stream))
        code = cudaErrorInvalidResourceHandle;
    if (code == cudaSuccess)
        code = emulation__submit(stream, &k->work);
    else
        emulation__drop_work(&k->work);
    return emulation__leave_cuda(code);
}
