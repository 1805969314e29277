/* SPDX-License-Identifier: MIT */
/* Finding and opening a GPU, its memory, and what the vendor's errors mean. See device.h. */
#include "backend/cuda/device.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* CUDA 13 begins at compute capability 7.5 (Turing). */
enum { OLDEST_MAJOR = 7, OLDEST_MINOR = 5 };

/* cuBLAS takes this much for itself otherwise, per handle and late; Hopper wants 32 MiB. */
#define BLAS_WORKSPACE ((size_t)32 << 20)

/* ---- Errors ---- */

static asl_status status_of_cuda(cudaError_t code)
{
    switch (code) {
    case cudaErrorMemoryAllocation:
        return ASL_ERR_NOMEM;
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
    case cudaErrorNoDevice:
    case cudaErrorInitializationError:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorDevicesUnavailable:
        return ASL_ERR_BACKEND;
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorECCUncorrectable:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorAssert:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorDeviceUninitialized:
    case cudaErrorExternalDevice:
        return ASL_ERR_DEVICE_LOST;
    case cudaErrorNotSupported:
    case cudaErrorNoKernelImageForDevice:
        return ASL_ERR_UNSUPPORTED;
    default:
        return ASL_ERR_SYSTEM;
    }
}

/* The call without its arguments, which say nothing to a user. */
static int name_length(const char *call)
{
    return (int)strcspn(call, "(");
}

asl_status asl__cuda_failed(cudaError_t code, const char *call, asl_error *err)
{
    return asl__fail(err, status_of_cuda(code), "%.*s: %s (%s)", name_length(call), call,
                     cudaGetErrorString(code), cudaGetErrorName(code));
}

asl_status asl__cudnn_failed(cudnnStatus_t code, const char *call, asl_error *err)
{
    char detail[160] = "";
    asl_status status = ASL_ERR_SYSTEM;
    if (CUDNN_STATUS_CATEGORY(code) == CUDNN_STATUS_NOT_SUPPORTED)
        status = ASL_ERR_UNSUPPORTED;
    else if (CUDNN_STATUS_CATEGORY(code) == CUDNN_STATUS_EXECUTION_FAILED)
        status = status_of_cuda(cudaPeekAtLastError());
    else if (code == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
             code == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        status = ASL_ERR_NOMEM;
    else if (code == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED)
        status = ASL_ERR_BACKEND;
    cudnnGetLastErrorString(detail, sizeof detail);
    return asl__fail(err, status, "cuDNN: %.*s: %s%s%s", name_length(call), call,
                     cudnnGetErrorString(code), detail[0] ? ": " : "", detail);
}

asl_status asl__cublas_failed(cublasStatus_t code, const char *call, asl_error *err)
{
    asl_status status = ASL_ERR_SYSTEM;
    if (code == CUBLAS_STATUS_ALLOC_FAILED)
        status = ASL_ERR_NOMEM;
    else if (code == CUBLAS_STATUS_NOT_INITIALIZED)
        status = ASL_ERR_BACKEND;
    else if (code == CUBLAS_STATUS_NOT_SUPPORTED || code == CUBLAS_STATUS_ARCH_MISMATCH)
        status = ASL_ERR_UNSUPPORTED;
    else if (code == CUBLAS_STATUS_EXECUTION_FAILED)
        status = status_of_cuda(cudaPeekAtLastError());
    return asl__fail(err, status, "%.*s: %s", name_length(call), call, cublasGetStatusString(code));
}

/* ---- Finding one ---- */

static bool is_recent(const struct cudaDeviceProp *p)
{
    return p->major > OLDEST_MAJOR || (p->major == OLDEST_MAJOR && p->minor >= OLDEST_MINOR);
}

/* Why none can be counted. */
static void tell_reason(cudaError_t code, char *reason, size_t reason_size)
{
    int driver = 0;
    cudaDriverGetVersion(&driver);
    if (code == cudaErrorStubLibrary)
        snprintf(reason, reason_size, "no NVIDIA driver, only the toolkit's stub of one");
    else if (code == cudaErrorInsufficientDriver && driver == 0)
        snprintf(reason, reason_size, "no NVIDIA driver");
    else if (code == cudaErrorInsufficientDriver)
        snprintf(reason, reason_size,
                 "the NVIDIA driver is too old: it has CUDA %d.%d, %d.%d is needed", driver / 1000,
                 driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (code == cudaSuccess || code == cudaErrorNoDevice)
        snprintf(reason, reason_size, "no NVIDIA GPU");
    else
        snprintf(reason, reason_size, "no NVIDIA GPU: %s", cudaGetErrorString(code));
}

/* The first device that is recent enough; -1 and why when there is none. */
static int find_device(struct cudaDeviceProp *p, char *reason, size_t reason_size)
{
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaSuccess || count == 0) {
        tell_reason(code, reason, reason_size);
        return -1;
    }
    for (int i = 0; i < count; i++) {
        const cudaError_t answer = cudaGetDeviceProperties(p, i);
        if (answer == cudaSuccess && is_recent(p))
            return i;
        if (answer != cudaSuccess)
            snprintf(reason, reason_size, "no NVIDIA GPU answers: %s", cudaGetErrorString(answer));
        else
            snprintf(reason, reason_size, "%s has compute capability %d.%d, %d.%d is needed",
                     p->name, p->major, p->minor, OLDEST_MAJOR, OLDEST_MINOR);
    }
    return -1;
}

int32_t asl__device_probe(char *reason, size_t reason_size)
{
    struct cudaDeviceProp p;
    const int device = find_device(&p, reason, reason_size);
    /* What was found out is no error of the host's next call. */
    cudaGetLastError();
    if (device < 0)
        return 0;
    snprintf(reason, reason_size, "%s", p.name);
    return 1;
}

/* ---- Memory ---- */

/* As cudaMalloc leaves it: what it holds is undefined. */
static asl_status take(void **out, size_t size, const char *what, asl_error *err)
{
    size_t available = 0, total = 0;
    const cudaError_t code = cudaMalloc(out, size);
    if (code == cudaSuccess)
        return ASL_OK;
    *out = NULL;
    if (code != cudaErrorMemoryAllocation)
        return asl__cuda_failed(code, "cudaMalloc", err);
    /* Not sticky: what follows is not to blame for it. */
    cudaGetLastError();
    cudaMemGetInfo(&available, &total);
    return asl__fail(err, ASL_ERR_NOMEM, "the GPU has %zu MiB free, %zu MiB are needed for %s",
                     available >> 20, (size + ((size_t)1 << 20) - 1) >> 20, what);
}

asl_status asl__device_alloc(void **out, size_t size, const char *what, asl_error *err)
{
    asl_status status;
    ASL__TRY(take(out, size, what, err));
    ASL__CUDA(cudaMemset(*out, 0, size));
    /* Not done yet, and the plan's stream would not wait for it. */
    ASL__CUDA(cudaStreamSynchronize(NULL));
    return ASL_OK;
fail:
    asl__device_free(*out);
    *out = NULL;
    return status;
}

void asl__device_free(void *memory)
{
    if (memory != NULL)
        cudaFree(memory);
}

asl_status asl__pinned_alloc(void **out, size_t size, const char *what, asl_error *err)
{
    *out = NULL;
    const cudaError_t code = cudaHostAlloc(out, size, cudaHostAllocDefault);
    if (code == cudaSuccess) {
        memset(*out, 0, size);
        return ASL_OK;
    }
    *out = NULL;
    if (code != cudaErrorMemoryAllocation)
        return asl__cuda_failed(code, "cudaHostAlloc", err);
    cudaGetLastError();
    return asl__fail(err, ASL_ERR_NOMEM, "out of memory that the GPU can read: %zu bytes for %s",
                     size, what);
}

void asl__pinned_free(void *memory)
{
    if (memory != NULL)
        cudaFreeHost(memory);
}

/* ---- Opening and closing ---- */

asl_status asl__device_open(asl__device *device, asl_error *err)
{
    struct cudaDeviceProp p;
    char reason[160];
    asl_status status;
    *device = (asl__device){.ordinal = find_device(&p, reason, sizeof reason)};
    if (device->ordinal < 0)
        return asl__fail(err, ASL_ERR_BACKEND, "backend 'cuda' cannot run here: %s", reason);
    device->major = p.major;
    device->minor = p.minor;
    snprintf(device->name, sizeof device->name, "%.63s", p.name);
    ASL__TRY(asl__device_use(device, err));
    ASL__CUDA(cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking));
    ASL__CUDNN(cudnnCreate(&device->dnn));
    ASL__CUDNN(cudnnSetStream(device->dnn, device->stream));
    ASL__CUBLAS(cublasCreate(&device->blas));
    ASL__CUBLAS(cublasSetStream(device->blas, device->stream));
    ASL__TRY(take(&device->blas_workspace, BLAS_WORKSPACE, "cuBLAS", err));
    ASL__CUBLAS(cublasSetWorkspace(device->blas, device->blas_workspace, BLAS_WORKSPACE));
    return ASL_OK;
fail:
    asl__device_close(device);
    return status;
}

void asl__device_close(asl__device *device)
{
    if (device->blas != NULL)
        cublasDestroy(device->blas);
    if (device->dnn != NULL)
        cudnnDestroy(device->dnn);
    asl__device_free(device->blas_workspace);
    if (device->stream != NULL)
        cudaStreamDestroy(device->stream);
    *device = (asl__device){0};
}

asl_status asl__device_use(const asl__device *device, asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(cudaSetDevice(device->ordinal));
fail:
    return status;
}

asl_status asl__device_wait(asl__device *device, asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(cudaStreamSynchronize(device->stream));
fail:
    return status;
}
