/* SPDX-License-Identifier: MIT */
/* CUDA's runtime, cuDNN's graph interface and cuBLAS on the host, as far as the cuda backend uses
 * them: the real headers, so that its code compiles unchanged, and our own code behind them. This
 * is how a test sets that "device" up, lets calls fail, and looks at what was asked of it.
 *
 * It is stricter than a device: device memory is only for work on streams (AddressSanitizer watches
 * that, up to a MiB), it starts as garbage and lies between guard bytes, every pointer of a call
 * must lie in memory of the right kind, and handles that were destroyed or never finalized are
 * refused. */
#ifndef TESTS_CUDA_EMULATION_H
#define TESTS_CUDA_EMULATION_H

#include <cudnn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The device ---- */

/* Graphs that an engine takes. */
enum {
    EMULATION_FORWARD = 1,
    EMULATION_FUSED = 2, /* a forward convolution followed by pointwise operations */
    EMULATION_BACK_DATA = 4,
    EMULATION_BACK_FILTER = 8,
    EMULATION_ANY_GRAPH = 15
};
#define EMULATION_NOTE(note) (1u << CUDNN_NUMERICAL_NOTE_##note)

/* An engine calculates as its notes say. TENSOR_CORE: factors of float32 are rounded to TF32, and
 * rows of channels must be multiples of 16 bytes. DOWN_CONVERT_INPUTS: to bfloat16.
 * NONDETERMINISTIC: the last bits differ from run to run. */
typedef struct emulation_engine {
    int64_t index; /* global index */
    unsigned graphs, notes;
    bool fallback;          /* named by the FALLBACK heuristics instead of A */
    cudnnStatus_t finalize; /* what finalizing a plan with it gives */
    int64_t workspace;      /* bytes; are overwritten */
    double milliseconds;    /* what events measure */
} emulation_engine;
enum { EMULATION_ENGINES = 16 };

typedef struct emulation_config {
    int devices;
    int major, minor; /* compute capability. Below 8.0 there is neither TF32 nor bfloat16. */
    size_t memory;    /* of the device in bytes */
    char name[64];
    int driver_version;                          /* 0: there is no driver */
    bool stub_driver;                            /* the driver is the toolkit's stub */
    bool deferred;                               /* work waits until something waits for it */
    emulation_engine engines[EMULATION_ENGINES]; /* in the order of the heuristics */
    int engine_count;
    /* What the heuristics give for a graph that no engine takes: SUCCESS and no engine, or a
     * failure. */
    cudnnStatus_t without_engines;
    bool no_float_filter_gradients; /* of bfloat16 maps */
} emulation_config;

/* One H100 with 1 GiB, engines of every kind, the fastest of them not deterministic. */
void emulation_defaults(emulation_config *config);
void emulation_configure(const emulation_config *config);

/* As a new process: destroys everything that lives and restores the defaults. */
void emulation_reset(void);

/* ---- Failures ---- */

typedef enum emulation_fault {
    EMULATION_BROKEN,      /* an unknown error */
    EMULATION_NO_MEMORY,   /* out of memory */
    EMULATION_UNSUPPORTED, /* not supported */
    EMULATION_LOST,        /* the device is lost: this call fails, and all later ones */
    EMULATION_LOST_LATER   /* this call succeeds, and what it put on the stream loses the device */
} emulation_fault;

/* Fails the n-th call from now on (1: the next), in the code of the library it belongs to; `sticky`
 * fails all calls after it too. Calls that free something do so even when they fail. n 0: none. */
void emulation_fail_call(int64_t n, emulation_fault fault, bool sticky);

/* ---- What was asked for ---- */

/* Calls that can fail, kernel launches included, since the last reset, and their names by number
 * from 1: "cudaMalloc", or that of a kernel. */
int64_t emulation_call_count(void);
const char *emulation_call_name(int64_t number);
/* How many of them had this name. */
int64_t emulation_calls(const char *name);

/* Blocks of memory, streams, events, graphs, handles and descriptors that were made and not freed;
 * with `text`, of up to `size` bytes, what they are. */
int64_t emulation_live_objects(char *text, size_t size);

/* Wrong uses since the last reset that a correct caller never makes, such as a double free or a
 * host pointer for a kernel, and what the last one was. Injected failures do not count. */
int64_t emulation_complaints(char *text, size_t size);

/* Operations that ran, and the most device memory there was at once, since the last reset. */
int64_t emulation_work_count(void);
size_t emulation_peak_memory(void);

#ifdef __cplusplus
}
#endif

#endif
