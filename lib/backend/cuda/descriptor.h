/* SPDX-License-Identifier: MIT */
/* cuDNN's backend descriptors, made from tables of attributes. */
#ifndef ASL_BACKEND_CUDA_DESCRIPTOR_H
#define ASL_BACKEND_CUDA_DESCRIPTOR_H

#include <stdbool.h>

#include "backend/cuda/device.h"

typedef cudnnBackendDescriptor_t asl__descriptor;

/* One attribute: `count` values of `type` at `values`. A type that is a descriptor takes the
 * address of the handle. */
typedef struct asl__attribute {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t count;
    const void *values;
} asl__attribute;

/* Makes and finalizes a descriptor; NULL on failure. `what` names it in the message. */
asl_status asl__descriptor_make(asl__descriptor *out, cudnnBackendDescriptorType_t type,
                                const char *what, const asl__attribute *attributes, size_t count,
                                asl_error *err);
/* NULL allowed. */
void asl__descriptor_free(asl__descriptor descriptor);

/* A tensor of cuDNN's (n, c, h, w) that lies in memory as n, h, w, c; `id` is its name in the
 * graph. A filter is one too: (o, i, k, k). is_virtual: it never reaches memory. */
typedef struct asl__tensor_spec {
    int64_t id;
    int64_t n, c, h, w;
    cudnnDataType_t type;
    bool is_virtual;
} asl__tensor_spec;
asl_status asl__descriptor_tensor(asl__descriptor *out, const asl__tensor_spec *spec,
                                  asl_error *err);

/* The device's properties: those of a device, or as described by JSON. */
asl_status asl__descriptor_device(asl__descriptor *out, const asl__device *device,
                                  const char *description, asl_error *err);

#endif
