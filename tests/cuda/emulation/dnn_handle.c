/* SPDX-License-Identifier: MIT */
/* Handles of cuDNN, versions, and its errors. */
#include "dnn.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local char last_message[256];

static const struct {
    cudnnStatus_t status;
    const char *name;
} statuses[] = {
#define S(name)                                                                                    \
    {                                                                                              \
        CUDNN_STATUS_##name, "CUDNN_STATUS_" #name                                                 \
    }
    S(SUCCESS),
    S(NOT_INITIALIZED),
    S(BAD_PARAM),
    S(BAD_PARAM_NULL_POINTER),
    S(BAD_PARAM_MISALIGNED_POINTER),
    S(BAD_PARAM_NOT_FINALIZED),
    S(BAD_PARAM_SIZE_INSUFFICIENT),
    S(BAD_PARAM_DUPLICATED_ENTRIES),
    S(BAD_PARAM_ATTRIBUTE_TYPE),
    S(BAD_PARAM_DESCRIPTOR_TYPE),
    S(NOT_SUPPORTED),
    S(NOT_SUPPORTED_GRAPH_PATTERN),
    S(NOT_SUPPORTED_SHAPE),
    S(NOT_SUPPORTED_DATA_TYPE),
    S(NOT_SUPPORTED_LAYOUT),
    S(NOT_SUPPORTED_ARCH_MISMATCH),
    S(INTERNAL_ERROR),
    S(INTERNAL_ERROR_HOST_ALLOCATION_FAILED),
    S(INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED),
    S(EXECUTION_FAILED),
    S(EXECUTION_FAILED_CUDART),
#undef S
};

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].name;
    return "CUDNN_UNKNOWN_STATUS";
}

void cudnnGetLastErrorString(char *message, size_t size)
{
    if (message != NULL && size > 0)
        snprintf(message, size, "%s", last_message);
}

cudnnStatus_t dnn_fail(cudnnStatus_t status, const char *message)
{
    snprintf(last_message, sizeof last_message, "%s", message);
    return status;
}

cudnnStatus_t dnn_status_of(cudaError_t code)
{
    if (code == cudaSuccess)
        return CUDNN_STATUS_SUCCESS;
    const bool no_device = code == emulation__driver();
    return dnn_fail(no_device ? CUDNN_STATUS_NOT_INITIALIZED : CUDNN_STATUS_EXECUTION_FAILED_CUDART,
                    cudaGetErrorString(code));
}

cudnnStatus_t dnn_enter(const char *name, int needs)
{
    const emulation__failure failure = emulation__enter(name, needs);
    if (!failure.injected)
        return dnn_status_of(failure.code);
    switch (failure.fault) {
    case EMULATION_NO_MEMORY:
        return dnn_fail(needs == EMULATION__NEEDS_NOTHING
                            ? CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED
                            : CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED,
                        "injected: out of memory");
    case EMULATION_UNSUPPORTED:
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "injected: not supported");
    case EMULATION_LOST:
        return dnn_fail(CUDNN_STATUS_EXECUTION_FAILED_CUDART, "injected: the device is lost");
    default:
        return dnn_fail(CUDNN_STATUS_INTERNAL_ERROR, "injected: an internal error");
    }
}

cudnnStatus_t dnn_leave(cudnnStatus_t status)
{
    emulation__leave();
    return status;
}

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

size_t cudnnGetCudartVersion(void)
{
    return CUDART_VERSION;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *out)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_DEVICE | EMULATION__NOT_IN_CAPTURE);
    if (status == CUDNN_STATUS_SUCCESS && out == NULL)
        status = CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    if (status == CUDNN_STATUS_SUCCESS) {
        dnn_context *context = emulation__new(sizeof *context);
        emulation__add_object(&context->object, EMULATION__CUDNN_HANDLE);
        *out = context;
    }
    return dnn_leave(status);
}

static void free_context(dnn_context *context)
{
    emulation__remove_object(&context->object);
    free(context);
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    if (emulation__find_object(handle, EMULATION__CUDNN_HANDLE) != NULL) {
        free_context(handle);
    } else if (handle != NULL && status == CUDNN_STATUS_SUCCESS) {
        emulation__complain("a cuDNN handle was destroyed that is none");
        status = CUDNN_STATUS_BAD_PARAM;
    }
    return dnn_leave(status);
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    if (status == CUDNN_STATUS_SUCCESS &&
        (emulation__find_object(handle, EMULATION__CUDNN_HANDLE) == NULL ||
         emulation__stream_of(stream) == NULL))
        status = dnn_fail(CUDNN_STATUS_BAD_PARAM, "no such handle, or no such stream");
    if (status == CUDNN_STATUS_SUCCESS)
        handle->stream = stream;
    return dnn_leave(status);
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t *stream)
{
    cudnnStatus_t status = dnn_enter(__func__, EMULATION__NEEDS_NOTHING);
    if (status == CUDNN_STATUS_SUCCESS &&
        (stream == NULL || emulation__find_object(handle, EMULATION__CUDNN_HANDLE) == NULL))
        status = CUDNN_STATUS_BAD_PARAM;
    if (status == CUDNN_STATUS_SUCCESS)
        *stream = handle->stream;
    return dnn_leave(status);
}

void emulation__reset_cudnn(void)
{
    while (emulation__first_object(EMULATION__DESCRIPTOR) != NULL) {
        dnn_descriptor *d = (dnn_descriptor *)emulation__first_object(EMULATION__DESCRIPTOR);
        emulation__remove_object(&d->object);
        dnn_drop(d);
    }
    while (emulation__first_object(EMULATION__CUDNN_HANDLE) != NULL)
        free_context((dnn_context *)emulation__first_object(EMULATION__CUDNN_HANDLE));
    last_message[0] = '\0';
}
