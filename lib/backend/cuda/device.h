/* SPDX-License-Identifier: MIT */
/* One GPU with the libraries on it, and what their errors mean to us. */
#ifndef ASL_BACKEND_CUDA_DEVICE_H
#define ASL_BACKEND_CUDA_DEVICE_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "asl/base.h"

/* A stream with a handle of each library on it. One per plan. */
typedef struct asl__device {
    int ordinal;
    int major, minor; /* compute capability */
    char name[64];    /* such as "NVIDIA H100 80GB HBM3"; no control characters */
    cudaStream_t stream;
    cudnnHandle_t dnn;
    cublasHandle_t blas;
    void *blas_workspace; /* given to cuBLAS, so that captured graphs are deterministic */
} asl__device;

/* Whether a GPU can be used, without starting anything on it that costs memory: driver, toolkit,
 * device, compute capability 7.5 or later. Writes which of these is missing, or the device. */
int32_t asl__device_probe(char *reason, size_t reason_size);

asl_status asl__device_open(asl__device *device, asl_error *err);
/* Takes also one that was opened in part or not at all (all zeros), and a lost device. */
void asl__device_close(asl__device *device);

/* Makes it the calling thread's own: another thread may have opened it, or the host may have chosen
 * another device since. */
asl_status asl__device_use(const asl__device *device, asl_error *err);

/* Device memory, zeroed; pinned host memory. ASL_ERR_NOMEM says how much was wanted and is free. */
asl_status asl__device_alloc(void **out, size_t size, const char *what, asl_error *err);
void asl__device_free(void *memory);
asl_status asl__pinned_alloc(void **out, size_t size, const char *what, asl_error *err);
void asl__pinned_free(void *memory);

/* Waits for all that was asked of the stream; errors of earlier calls come out here. */
asl_status asl__device_wait(asl__device *device, asl_error *err);

/* Vendor results -> status and one line "CALL: vendor's text (NAME)". Out of memory is
 * ASL_ERR_NOMEM; a sticky error or a device that is gone ASL_ERR_DEVICE_LOST; a missing driver or
 * device ASL_ERR_BACKEND; what a library does not do ASL_ERR_UNSUPPORTED; the rest ASL_ERR_SYSTEM.
 */
asl_status asl__cuda_failed(cudaError_t code, const char *call, asl_error *err);
asl_status asl__cudnn_failed(cudnnStatus_t code, const char *call, asl_error *err);
asl_status asl__cublas_failed(cublasStatus_t code, const char *call, asl_error *err);

/* Run a vendor's call inside a function with `asl_status status` and a `fail:` label. */
#define ASL__CUDA(call)                                                                            \
    do {                                                                                           \
        const cudaError_t code_ = (call);                                                          \
        if (code_ != cudaSuccess) {                                                                \
            status = asl__cuda_failed(code_, #call, err);                                          \
            goto fail;                                                                             \
        }                                                                                          \
    } while (0)
#define ASL__CUDNN(call)                                                                           \
    do {                                                                                           \
        const cudnnStatus_t code_ = (call);                                                        \
        if (code_ != CUDNN_STATUS_SUCCESS) {                                                       \
            status = asl__cudnn_failed(code_, #call, err);                                         \
            goto fail;                                                                             \
        }                                                                                          \
    } while (0)
#define ASL__CUBLAS(call)                                                                          \
    do {                                                                                           \
        const cublasStatus_t code_ = (call);                                                       \
        if (code_ != CUBLAS_STATUS_SUCCESS) {                                                      \
            status = asl__cublas_failed(code_, #call, err);                                        \
            goto fail;                                                                             \
        }                                                                                          \
    } while (0)

#endif
