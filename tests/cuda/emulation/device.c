/* SPDX-License-Identifier: MIT */
/* Devices, versions, and errors of the runtime. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

static cudaError_t lost; /* a lost device answers every call with this */
static _Thread_local cudaError_t last_error;
static _Thread_local int current;

/* ---- Errors ---- */

static const struct {
    cudaError_t code;
    const char *name, *text;
} errors[] = {
#define E(code, text)                                                                              \
    {                                                                                              \
        code, #code, text                                                                          \
    }
    E(cudaSuccess, "no error"),
    E(cudaErrorInvalidValue, "invalid argument"),
    E(cudaErrorMemoryAllocation, "out of memory"),
    E(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    E(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    E(cudaErrorStubLibrary, "CUDA driver is a stub library"),
    E(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version"),
    E(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    E(cudaErrorInvalidDevice, "invalid device ordinal"),
    E(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    E(cudaErrorIllegalState, "the operation cannot be performed in the present state"),
    E(cudaErrorNotReady, "device not ready"),
    E(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    E(cudaErrorLaunchFailure, "unspecified launch failure"),
    E(cudaErrorNotSupported, "operation not supported"),
    E(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    E(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    E(cudaErrorStreamCaptureImplicit,
      "operation would make the legacy stream depend on a capturing blocking stream"),
    E(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing "
                              "stream"),
    E(cudaErrorStreamCaptureWrongThread,
      "attempt to terminate a thread-local capture sequence from another thread"),
    E(cudaErrorUnknown, "unknown error"),
#undef E
};

const char *cudaGetErrorName(cudaError_t error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == error)
            return errors[i].name;
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == error)
            return errors[i].text;
    return "unrecognized error code";
}

void emulation__set_last_error(cudaError_t code)
{
    if (code != cudaSuccess && code != cudaErrorNotReady)
        last_error = code;
}

cudaError_t emulation__enter_cuda(const char *name, int needs)
{
    const emulation__failure failure = emulation__enter(name, needs);
    if (!failure.injected)
        return failure.code;
    switch (failure.fault) {
    case EMULATION_NO_MEMORY:
        return cudaErrorMemoryAllocation;
    case EMULATION_UNSUPPORTED:
        return cudaErrorNotSupported;
    case EMULATION_LOST:
        return cudaErrorIllegalAddress;
    default:
        return cudaErrorUnknown;
    }
}

cudaError_t emulation__leave_cuda(cudaError_t code)
{
    emulation__set_last_error(code);
    emulation__leave();
    return code;
}

cudaError_t cudaPeekAtLastError(void)
{
    emulation__lock();
    const cudaError_t code = lost != cudaSuccess ? lost : last_error;
    emulation__leave();
    return code;
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t code = cudaPeekAtLastError();
    last_error = cudaSuccess;
    return code;
}

cudaError_t emulation__lost(void)
{
    return lost;
}

void emulation__lose_device(cudaError_t code)
{
    if (lost == cudaSuccess)
        lost = code;
}

int emulation__current_device(void)
{
    return current;
}

void emulation__reset_device(void)
{
    lost = last_error = cudaSuccess;
    current = 0;
}

/* ---- Devices ---- */

cudaError_t emulation__driver(void)
{
    if (emulation__config.stub_driver)
        return cudaErrorStubLibrary;
    if (emulation__config.driver_version < CUDART_VERSION)
        return cudaErrorInsufficientDriver;
    return emulation__config.devices < 1 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_NOTHING);
    if (code == cudaSuccess && version == NULL)
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess)
        *version = emulation__config.driver_version;
    return emulation__leave_cuda(code);
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_NOTHING);
    if (code == cudaSuccess && version == NULL)
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess)
        *version = CUDART_VERSION;
    return emulation__leave_cuda(code);
}

cudaError_t cudaGetDeviceCount(int *count)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DRIVER);
    if (count == NULL)
        code = cudaErrorInvalidValue;
    else
        *count = code == cudaSuccess ? emulation__config.devices : 0;
    return emulation__leave_cuda(code);
}

static cudaError_t check_ordinal(int device)
{
    return device >= 0 && device < emulation__config.devices ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DRIVER);
    if (code == cudaSuccess)
        code = properties == NULL ? cudaErrorInvalidValue : check_ordinal(device);
    if (code == cudaSuccess) {
        *properties = (struct cudaDeviceProp){.totalGlobalMem = emulation__config.memory,
                                              .warpSize = 32,
                                              .maxThreadsPerBlock = 1024,
                                              .major = emulation__config.major,
                                              .minor = emulation__config.minor,
                                              .multiProcessorCount = 132,
                                              .unifiedAddressing = 1};
        snprintf(properties->name, sizeof properties->name, "%s", emulation__config.name);
    }
    return emulation__leave_cuda(code);
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DRIVER);
    if (code == cudaSuccess)
        code = value == NULL ? cudaErrorInvalidValue : check_ordinal(device);
    if (code == cudaSuccess) {
        if (attribute == cudaDevAttrComputeCapabilityMajor)
            *value = emulation__config.major;
        else if (attribute == cudaDevAttrComputeCapabilityMinor)
            *value = emulation__config.minor;
        else if (attribute == cudaDevAttrMultiProcessorCount)
            *value = 132;
        else
            code = cudaErrorInvalidValue;
    }
    return emulation__leave_cuda(code);
}

cudaError_t cudaSetDevice(int device)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = check_ordinal(device);
    if (code == cudaSuccess)
        current = device;
    return emulation__leave_cuda(code);
}

cudaError_t cudaGetDevice(int *device)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DRIVER);
    if (code == cudaSuccess && device == NULL)
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess)
        *device = current;
    return emulation__leave_cuda(code);
}

cudaError_t cudaDeviceSynchronize(void)
{
    cudaError_t code =
        emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE | EMULATION__NOT_IN_CAPTURE);
    if (code == cudaSuccess)
        code = emulation__drain(NULL);
    return emulation__leave_cuda(code);
}
