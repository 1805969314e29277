/* SPDX-License-Identifier: MIT */
/* What cuDNN checks when a descriptor is finalized. */
#include "dnn.h"

#include <string.h>

enum { NO_TYPE = -1 };

cudaDataType dnn_type(cudnnDataType_t type)
{
    return type == CUDNN_DATA_FLOAT      ? CUDA_R_32F
           : type == CUDNN_DATA_HALF     ? CUDA_R_16F
           : type == CUDNN_DATA_BFLOAT16 ? CUDA_R_16BF
                                         : (cudaDataType)NO_TYPE;
}

static cudnnStatus_t bad(const char *message)
{
    return dnn_fail(CUDNN_STATUS_BAD_PARAM, message);
}

/* ---- Tensors ---- */

dnn_tensor dnn_tensor_of(const dnn_descriptor *d)
{
    const dnn_value *size = dnn_value_of(d, CUDNN_ATTR_TENSOR_DIMENSIONS);
    dnn_tensor t = {
        .uid = dnn_integer(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, 0),
        .alignment = dnn_integer(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 0),
        .type = dnn_type((cudnnDataType_t)dnn_integer(d, CUDNN_ATTR_TENSOR_DATA_TYPE, NO_TYPE)),
        .dims = (int)size->count,
        .is_virtual = dnn_integer(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, 0) != 0};
    const size_t bytes = (size_t)size->count * sizeof t.size[0];
    memcpy(t.size, size->elements, bytes);
    memcpy(t.stride, dnn_value_of(d, CUDNN_ATTR_TENSOR_STRIDES)->elements, bytes);
    return t;
}

static cudnnStatus_t check_tensor(const dnn_descriptor *d)
{
    if (dnn_value_of(d, CUDNN_ATTR_TENSOR_DIMENSIONS)->count !=
        dnn_value_of(d, CUDNN_ATTR_TENSOR_STRIDES)->count)
        return bad("there are more sizes than strides, or fewer");
    const dnn_tensor t = dnn_tensor_of(d);
    const int64_t bytes = (int64_t)emulation__size_of(t.type);
    if (bytes == 0)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, "the emulation has no such numbers");
    if (t.alignment <= 0 || t.alignment % bytes != 0)
        return bad("a tensor's alignment is no multiple of its numbers' size");
    for (int i = 0; i < t.dims; i++)
        if (t.size[i] <= 0 || t.stride[i] <= 0)
            return bad("a tensor's size or stride is not positive");
    if (dnn_integer(d, CUDNN_ATTR_TENSOR_VECTOR_COUNT, 1) != 1 ||
        dnn_integer(d, CUDNN_ATTR_TENSOR_IS_BY_VALUE, 0) != 0)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the emulation has no such tensors");
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Convolutions ---- */

static cudnnStatus_t check_convolution(const dnn_descriptor *d)
{
    static const cudnnBackendAttributeName_t names[] = {
        CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_ATTR_CONVOLUTION_DILATIONS,
        CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS};
    const int64_t dims = dnn_integer(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 0);
    if (dims != 2)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the emulation has two spatial dimensions");
    for (int i = 0; i < 4; i++) {
        const dnn_value *value = dnn_value_of(d, names[i]);
        const int64_t *elements = value->elements;
        const int64_t least = i < 2 ? 1 : 0; /* strides and dilations; paddings */
        if (value->count != dims || elements[0] < least || elements[1] < least)
            return bad("a convolution's stride, dilation or padding");
    }
    return CUDNN_STATUS_SUCCESS;
}

typedef struct conv_names {
    cudnnBackendAttributeName_t x, w, y, convolution;
} conv_names;

static conv_names names_of(cudnnBackendDescriptorType_t type)
{
    if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
        return (conv_names){CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC};
    if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR)
        return (conv_names){CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC};
    return (conv_names){CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC};
}

static cudnnStatus_t check_conv_operation(const dnn_descriptor *d)
{
    const conv_names names = names_of(d->type);
    const dnn_descriptor *c = dnn_refers(d, names.convolution);
    const dnn_tensor x = dnn_tensor_of(dnn_refers(d, names.x));
    const dnn_tensor w = dnn_tensor_of(dnn_refers(d, names.w));
    const dnn_tensor y = dnn_tensor_of(dnn_refers(d, names.y));
    const int64_t *stride = dnn_value_of(c, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES)->elements;
    const int64_t *dilation = dnn_value_of(c, CUDNN_ATTR_CONVOLUTION_DILATIONS)->elements;
    const int64_t *before = dnn_value_of(c, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS)->elements;
    const int64_t *after = dnn_value_of(c, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS)->elements;
    if (x.dims != 4 || w.dims != 4 || y.dims != 4)
        return bad("a convolution's tensors have four dimensions");
    if (x.size[1] % w.size[1] != 0)
        return bad("the filters' channels do not divide those of the input");
    if (x.size[0] != y.size[0] || w.size[0] != y.size[1])
        return bad("a convolution's output has a wrong count or wrong channels");
    for (int i = 0; i < 2; i++) {
        const int64_t covered = dilation[i] * (w.size[2 + i] - 1) + 1;
        const int64_t room = x.size[2 + i] + before[i] + after[i] - covered;
        if (room < 0 || room / stride[i] + 1 != y.size[2 + i])
            return bad("a convolution's output has a wrong height or width");
    }
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Pointwise operations ---- */

bool dnn_is_binary(cudnnPointwiseMode_t mode)
{
    return mode == CUDNN_POINTWISE_ADD || mode == CUDNN_POINTWISE_MUL;
}

static cudnnStatus_t check_pointwise(const dnn_descriptor *d)
{
    const int64_t mode = dnn_integer(d, CUDNN_ATTR_POINTWISE_MODE, 0);
    if (!dnn_is_binary((cudnnPointwiseMode_t)mode) && mode != CUDNN_POINTWISE_RELU_FWD &&
        mode != CUDNN_POINTWISE_IDENTITY)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the emulation has no such operation");
    if (dnn_integer(d, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT) != CUDNN_DATA_FLOAT)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, "the emulation works in floats");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t check_pointwise_operation(const dnn_descriptor *d)
{
    const dnn_descriptor *b = dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
    const dnn_descriptor *p = dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const dnn_tensor x = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC));
    const dnn_tensor y = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
    const bool binary =
        dnn_is_binary((cudnnPointwiseMode_t)dnn_integer(p, CUDNN_ATTR_POINTWISE_MODE, 0));
    if (binary != (b != NULL))
        return bad("a pointwise operation has an operand too many, or too few");
    const dnn_tensor other = binary ? dnn_tensor_of(b) : x;
    if (x.dims != y.dims || other.dims != y.dims)
        return bad("a pointwise operation's tensors differ in dimensions");
    for (int i = 0; i < y.dims; i++)
        if (x.size[i] != y.size[i] || (other.size[i] != y.size[i] && other.size[i] != 1))
            return bad("a pointwise operation's tensors differ in size");
    return CUDNN_STATUS_SUCCESS;
}

/* ---- The rest ---- */

static cudnnStatus_t check_pack(const dnn_descriptor *d)
{
    const dnn_value *uids = dnn_value_of(d, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    const int64_t *uid = uids->elements;
    if (uids->count != dnn_value_of(d, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS)->count)
        return bad("there are more tensors than pointers, or fewer");
    for (int64_t i = 0; i < uids->count; i++)
        for (int64_t k = 0; k < i; k++)
            if (uid[k] == uid[i])
                return dnn_fail(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "a tensor comes twice");
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t dnn_check(const dnn_descriptor *d)
{
    switch (d->type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
        return check_tensor(d);
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
        return check_convolution(d);
    case CUDNN_BACKEND_POINTWISE_DESCRIPTOR:
        return check_pointwise(d);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
        return check_conv_operation(d);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return check_pointwise_operation(d);
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
        return check_pack(d);
    default:
        return CUDNN_STATUS_SUCCESS;
    }
}
