/* SPDX-License-Identifier: MIT */
/* Making cuDNN's backend descriptors. See descriptor.h. */
#include "backend/cuda/descriptor.h"

#include <string.h>

void asl__descriptor_free(asl__descriptor descriptor)
{
    if (descriptor != NULL)
        cudnnBackendDestroyDescriptor(descriptor);
}

asl_status asl__descriptor_make(asl__descriptor *out, cudnnBackendDescriptorType_t type,
                                const char *what, const asl__attribute *attributes, size_t count,
                                asl_error *err)
{
    cudnnStatus_t code;
    *out = NULL;
    code = cudnnBackendCreateDescriptor(type, out);
    for (size_t i = 0; i < count && code == CUDNN_STATUS_SUCCESS; i++)
        code = cudnnBackendSetAttribute(*out, attributes[i].name, attributes[i].type,
                                        attributes[i].count, attributes[i].values);
    if (code == CUDNN_STATUS_SUCCESS)
        code = cudnnBackendFinalize(*out);
    if (code == CUDNN_STATUS_SUCCESS)
        return ASL_OK;
    asl__descriptor_free(*out);
    *out = NULL;
    return asl__cudnn_failed(code, what, err);
}

asl_status asl__descriptor_tensor(asl__descriptor *out, const asl__tensor_spec *spec,
                                  asl_error *err)
{
    const int64_t alignment = 16; /* what tensor cores want, and cudaMalloc gives more */
    const int64_t sizes[4] = {spec->n, spec->c, spec->h, spec->w};
    const int64_t strides[4] = {spec->h * spec->w * spec->c, 1, spec->w * spec->c, spec->c};
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &spec->id},
        {CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &spec->type},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, sizes},
        {CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides},
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &spec->is_virtual},
    };
    return asl__descriptor_make(out, CUDNN_BACKEND_TENSOR_DESCRIPTOR, "tensor", attributes,
                                sizeof attributes / sizeof *attributes, err);
}

asl_status asl__descriptor_device(asl__descriptor *out, const asl__device *device,
                                  const char *description, asl_error *err)
{
    const asl__attribute from_handle = {CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1,
                                        device ? &device->dnn : NULL};
    const asl__attribute from_text = {CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                                      description ? (int64_t)strlen(description) + 1 : 0,
                                      description};
    return asl__descriptor_make(out, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, "device properties",
                                device ? &from_handle : &from_text, 1, err);
}
