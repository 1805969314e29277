/* SPDX-License-Identifier: MIT */
/* What the parts of the emulation share. One lock is held from a call's emulation__enter to its
 * emulation__leave.
 *
 *   control.c   settings, injected failures, the log          memory.c    blocks, copies
 *   device.c    devices and errors                            stream.c    work, streams, events
 *   graph.c     capture, graphs                               launch.c    kernels
 *   dnn_*.c     cuDNN                                         blas.c      cuBLAS
 *   numbers.c   float formats
 */
#ifndef TESTS_CUDA_EMULATION_INTERNAL_H
#define TESTS_CUDA_EMULATION_INTERNAL_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include "emulation.h"

/* ---- control.c ---- */

/* What a call needs, and so how it can fail. */
enum {
    EMULATION__NEEDS_NOTHING = 0,
    EMULATION__NEEDS_DRIVER = 1, /* a driver and a device */
    EMULATION__NEEDS_DEVICE = 2, /* also that the device is not lost */
    EMULATION__NOT_IN_CAPTURE = 4
};

extern emulation_config emulation__config;

/* Locks, notes the call, and says how it fails before it does anything: an injected failure, or a
 * cudaError_t for a missing device, a lost one, or a capture. */
typedef struct emulation__failure {
    bool failed, injected;
    emulation_fault fault; /* if injected */
    cudaError_t code;      /* if not */
} emulation__failure;
emulation__failure emulation__enter(const char *name, int needs);
void emulation__leave(void);
/* For calls that cannot fail. */
void emulation__lock(void);

/* Notes a wrong use. */
void emulation__complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cudaSuccess, or why there is no device. */
cudaError_t emulation__driver(void);

/* Memory of the emulation itself; ends the process when there is none. */
void *emulation__new(size_t size);

/* What lives, by kind; each part counts its own up and down. */
typedef enum emulation__kind {
    EMULATION__DEVICE_BLOCK,
    EMULATION__PINNED_BLOCK,
    EMULATION__STREAM,
    EMULATION__EVENT,
    EMULATION__GRAPH,
    EMULATION__GRAPH_EXEC,
    EMULATION__CUDNN_HANDLE,
    EMULATION__DESCRIPTOR,
    EMULATION__CUBLAS_HANDLE,
    EMULATION__KINDS
} emulation__kind;

/* Handles. Every object that a handle leads to starts with this; `find` returns NULL for a handle
 * that is none of `kind`. */
typedef struct emulation__object {
    struct emulation__object *next;
    emulation__kind kind;
} emulation__object;
void emulation__add_object(emulation__object *object, emulation__kind kind);
void *emulation__find_object(const void *handle, emulation__kind kind);
void emulation__remove_object(emulation__object *object);
emulation__object *emulation__first_object(emulation__kind kind); /* any of them, or NULL */

/* Each part's share of emulation_reset(), in this order. */
void emulation__reset_streams(void);
void emulation__reset_graphs(void);
void emulation__reset_cudnn(void);
void emulation__reset_cublas(void);
void emulation__reset_memory(void);
void emulation__reset_device(void);

/* ---- device.c ---- */

/* Enter and leave for calls of the runtime; leaving keeps the error for cudaGetLastError. */
cudaError_t emulation__enter_cuda(const char *name, int needs);
cudaError_t emulation__leave_cuda(cudaError_t code);
void emulation__set_last_error(cudaError_t code);

/* cudaSuccess, or in which error the device was lost. */
cudaError_t emulation__lost(void);
void emulation__lose_device(cudaError_t code);

/* The calling thread's. */
int emulation__current_device(void);

/* ---- memory.c ---- */

typedef enum emulation__place {
    EMULATION__PAGEABLE,
    EMULATION__PINNED,
    EMULATION__DEVICE
} emulation__place;

/* Where an address lies. */
emulation__place emulation__place_of(const void *address);
/* Whether [address, address + size) lies in one block that the device can use; complains if not. */
bool emulation__on_device(const void *address, size_t size, const char *what);
/* Between these two device memory may be read and written; calls nest. */
void emulation__open_memory(void);
void emulation__close_memory(void);

/* ---- stream.c ---- */

/* An operation on a stream. Parts embed it as the first member of their own. */
typedef struct emulation__work {
    int references;
    double milliseconds;
    struct CUstream_st *stream; /* while it waits */
    cudaError_t (*run)(struct emulation__work *work);
    void (*release)(struct emulation__work *work); /* what it holds, not the work itself */
} emulation__work;

/* Of `size` zero bytes, for emulation__submit. */
void *emulation__new_work(size_t size, cudaError_t (*run)(emulation__work *work));
void emulation__drop_work(emulation__work *work);
cudaError_t emulation__run_work(emulation__work *work);

/* Runs, queues or records the work, and takes it over in any case. A failure while it runs is a
 * lost device. */
cudaError_t emulation__submit(cudaStream_t stream, emulation__work *work);
/* Runs what waits: of all streams for NULL, or else of this one and those it is in step with, which
 * are all that were not made with cudaStreamNonBlocking. */
cudaError_t emulation__drain(const struct CUstream_st *stream);

typedef struct emulation__list {
    emulation__work **work;
    size_t count, room;
} emulation__list;
void emulation__append(emulation__list *list, emulation__work *work); /* takes it over */
void emulation__clear(emulation__list *list);

struct CUstream_st {
    emulation__object object;
    unsigned flags;
    int device;
    /* Capture: */
    enum cudaStreamCaptureStatus capture;
    enum cudaStreamCaptureMode mode;
    unsigned long thread; /* that began it */
    emulation__list recorded;
};

/* The stream of a handle, whose NULL is the legacy stream; NULL for a wrong one. */
struct CUstream_st *emulation__stream_of(cudaStream_t handle);

/* ---- graph.c ---- */

/* cudaSuccess, or why an unsafe call cannot be made now; it spoils the captures under way. */
cudaError_t emulation__check_unsafe(void);
cudaError_t emulation__spoil_capture(struct CUstream_st *stream, cudaError_t code);

/* ---- numbers.c ---- */

double emulation__load(const void *from, size_t index, cudaDataType type);
void emulation__store(void *to, size_t index, cudaDataType type, double value);
double emulation__round(double value, cudaDataType type);
double emulation__round_tf32(double value);
/* Bytes of a number; 0 for a type that is not emulated. */
size_t emulation__size_of(cudaDataType type);

#endif
