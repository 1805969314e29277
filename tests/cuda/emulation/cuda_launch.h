/* SPDX-License-Identifier: MIT */
/* What host_launch.h needs of the emulation. */
#ifndef TESTS_CUDA_LAUNCH_H
#define TESTS_CUDA_LAUNCH_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum emulation_argument_kind {
    EMULATION_NUMBER,
    EMULATION_POINTER,
    EMULATION_STRUCTURE /* may hold pointers */
} emulation_argument_kind;

typedef struct emulation_argument {
    const void *value;
    size_t size;
    emulation_argument_kind kind;
} emulation_argument;

/* Queues run(self, blocks, threads) on the stream; release(self) is called in the end, whether it
 * fails or not. `arguments` lie in self. */
cudaError_t emulation_launch(const char *name, cudaStream_t stream, size_t count, void *self,
                             void (*run)(void *self, unsigned blocks, unsigned threads),
                             void (*release)(void *self), const emulation_argument *arguments,
                             size_t argument_count);

#ifdef __cplusplus
}
#endif

#endif
