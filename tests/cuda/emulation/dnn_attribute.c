/* SPDX-License-Identifier: MIT */
/* The attributes of every descriptor that is emulated: type, how many elements, what it refers to.
 */
#include "dnn.h"

#define ONE(name, type, flags)                                                                     \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_##type, CUDNN_TYPE_##type, 1, flags, 0                       \
    }
#define MANY(name, type, most, flags)                                                              \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_##type, CUDNN_TYPE_##type, most, flags, 0                    \
    }
#define REAL(name)                                                                                 \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_FLOAT, CUDNN_TYPE_DOUBLE, 1, 0, 0                            \
    }
#define REFER(name, most, flags, what)                                                             \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_BACKEND_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR, most,     \
            flags, what                                                                            \
    }
#define TENSOR(name)      REFER(name, 1, DNN_REQUIRED, CUDNN_BACKEND_TENSOR_DESCRIPTOR)
#define CONVOLUTION(name) REFER(name, 1, DNN_REQUIRED, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

enum { SPATIAL = CUDNN_DIM_MAX - 2, OPERATIONS = 16, UIDS = 64, TEXT = 1 << 16 };

static const dnn_rule tensor[] = {ONE(TENSOR_BYTE_ALIGNMENT, INT64, DNN_REQUIRED),
                                  ONE(TENSOR_DATA_TYPE, DATA_TYPE, DNN_REQUIRED),
                                  MANY(TENSOR_DIMENSIONS, INT64, CUDNN_DIM_MAX, DNN_REQUIRED),
                                  MANY(TENSOR_STRIDES, INT64, CUDNN_DIM_MAX, DNN_REQUIRED),
                                  ONE(TENSOR_UNIQUE_ID, INT64, DNN_REQUIRED),
                                  ONE(TENSOR_VECTOR_COUNT, INT64, 0),
                                  ONE(TENSOR_VECTORIZED_DIMENSION, INT64, 0),
                                  ONE(TENSOR_IS_VIRTUAL, BOOLEAN, 0),
                                  ONE(TENSOR_IS_BY_VALUE, BOOLEAN, 0),
                                  END};
static const dnn_rule convolution[] = {
    ONE(CONVOLUTION_COMP_TYPE, DATA_TYPE, DNN_REQUIRED),
    ONE(CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, DNN_REQUIRED),
    ONE(CONVOLUTION_SPATIAL_DIMS, INT64, DNN_REQUIRED),
    MANY(CONVOLUTION_DILATIONS, INT64, SPATIAL, DNN_REQUIRED),
    MANY(CONVOLUTION_FILTER_STRIDES, INT64, SPATIAL, DNN_REQUIRED),
    MANY(CONVOLUTION_PRE_PADDINGS, INT64, SPATIAL, DNN_REQUIRED),
    MANY(CONVOLUTION_POST_PADDINGS, INT64, SPATIAL, DNN_REQUIRED),
    END};
static const dnn_rule pointwise[] = {ONE(POINTWISE_MODE, POINTWISE_MODE, DNN_REQUIRED),
                                     ONE(POINTWISE_MATH_PREC, DATA_TYPE, 0),
                                     REAL(POINTWISE_RELU_LOWER_CLIP),
                                     REAL(POINTWISE_RELU_UPPER_CLIP),
                                     REAL(POINTWISE_RELU_LOWER_CLIP_SLOPE),
                                     END};
static const dnn_rule forward[] = {REAL(OPERATION_CONVOLUTION_FORWARD_ALPHA),
                                   REAL(OPERATION_CONVOLUTION_FORWARD_BETA),
                                   CONVOLUTION(OPERATION_CONVOLUTION_FORWARD_CONV_DESC),
                                   TENSOR(OPERATION_CONVOLUTION_FORWARD_W),
                                   TENSOR(OPERATION_CONVOLUTION_FORWARD_X),
                                   TENSOR(OPERATION_CONVOLUTION_FORWARD_Y),
                                   END};
static const dnn_rule back_data[] = {REAL(OPERATION_CONVOLUTION_BWD_DATA_ALPHA),
                                     REAL(OPERATION_CONVOLUTION_BWD_DATA_BETA),
                                     CONVOLUTION(OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC),
                                     TENSOR(OPERATION_CONVOLUTION_BWD_DATA_W),
                                     TENSOR(OPERATION_CONVOLUTION_BWD_DATA_DX),
                                     TENSOR(OPERATION_CONVOLUTION_BWD_DATA_DY),
                                     END};
static const dnn_rule back_filter[] = {REAL(OPERATION_CONVOLUTION_BWD_FILTER_ALPHA),
                                       REAL(OPERATION_CONVOLUTION_BWD_FILTER_BETA),
                                       CONVOLUTION(OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC),
                                       TENSOR(OPERATION_CONVOLUTION_BWD_FILTER_DW),
                                       TENSOR(OPERATION_CONVOLUTION_BWD_FILTER_X),
                                       TENSOR(OPERATION_CONVOLUTION_BWD_FILTER_DY),
                                       END};
static const dnn_rule operation_pointwise[] = {
    REFER(OPERATION_POINTWISE_PW_DESCRIPTOR, 1, DNN_REQUIRED, CUDNN_BACKEND_POINTWISE_DESCRIPTOR),
    TENSOR(OPERATION_POINTWISE_XDESC),
    REFER(OPERATION_POINTWISE_BDESC, 1, 0, CUDNN_BACKEND_TENSOR_DESCRIPTOR),
    TENSOR(OPERATION_POINTWISE_YDESC),
    REAL(OPERATION_POINTWISE_ALPHA1),
    REAL(OPERATION_POINTWISE_ALPHA2),
    END};
static const dnn_rule graph[] = {
    ONE(OPERATIONGRAPH_HANDLE, HANDLE, 0),
    REFER(OPERATIONGRAPH_OPS, OPERATIONS, DNN_REQUIRED, DNN_ANY_OPERATION),
    ONE(OPERATIONGRAPH_ENGINE_GLOBAL_COUNT, INT64, DNN_READ_ONLY), END};
static const dnn_rule heuristics[] = {
    ONE(ENGINEHEUR_MODE, HEUR_MODE, DNN_REQUIRED),
    REFER(ENGINEHEUR_OPERATION_GRAPH, 1, DNN_REQUIRED, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR),
    ONE(ENGINEHEUR_SM_COUNT_TARGET, INT32, 0),
    REFER(ENGINEHEUR_DEVICEPROP, 1, 0, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR),
    REFER(ENGINEHEUR_RESULTS, 1 << 16, DNN_READ_ONLY, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR),
    END};
static const dnn_rule engine[] = {
    REFER(ENGINE_OPERATION_GRAPH, 1, DNN_REQUIRED, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR),
    ONE(ENGINE_GLOBAL_INDEX, INT64, DNN_REQUIRED),
    ONE(ENGINE_SM_COUNT_TARGET, INT32, 0),
    REFER(ENGINE_DEVICEPROP, 1, 0, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR),
    MANY(ENGINE_NUMERICAL_NOTE, NUMERICAL_NOTE, 1 << 16, DNN_READ_ONLY),
    MANY(ENGINE_BEHAVIOR_NOTE, BEHAVIOR_NOTE, 1 << 16, DNN_READ_ONLY),
    END};
static const dnn_rule engine_config[] = {
    REFER(ENGINECFG_ENGINE, 1, DNN_REQUIRED, CUDNN_BACKEND_ENGINE_DESCRIPTOR),
    REFER(ENGINECFG_KNOB_CHOICES, UIDS, 0, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR),
    ONE(ENGINECFG_WORKSPACE_SIZE, INT64, DNN_READ_ONLY), END};
static const dnn_rule knob_choice[] = {ONE(KNOB_CHOICE_KNOB_TYPE, KNOB_TYPE, DNN_REQUIRED),
                                       ONE(KNOB_CHOICE_KNOB_VALUE, INT64, DNN_REQUIRED), END};
static const dnn_rule plan[] = {
    ONE(EXECUTION_PLAN_HANDLE, HANDLE, 0),
    REFER(EXECUTION_PLAN_ENGINE_CONFIG, 1, DNN_REQUIRED, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR),
    REFER(EXECUTION_PLAN_DEVICEPROP, 1, 0, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR),
    ONE(EXECUTION_PLAN_WORKSPACE_SIZE, INT64, DNN_READ_ONLY), END};
static const dnn_rule pack[] = {MANY(VARIANT_PACK_UNIQUE_IDS, INT64, UIDS, DNN_REQUIRED),
                                MANY(VARIANT_PACK_DATA_POINTERS, VOID_PTR, UIDS, DNN_REQUIRED),
                                ONE(VARIANT_PACK_WORKSPACE, VOID_PTR, 0), END};
static const dnn_rule device[] = {ONE(DEVICEPROP_DEVICE_ID, INT32, 0),
                                  ONE(DEVICEPROP_HANDLE, HANDLE, 0),
                                  MANY(DEVICEPROP_JSON_REPRESENTATION, CHAR, TEXT, 0), END};

const dnn_rule *dnn_rules(cudnnBackendDescriptorType_t type)
{
    switch (type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
        return tensor;
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
        return convolution;
    case CUDNN_BACKEND_POINTWISE_DESCRIPTOR:
        return pointwise;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
        return forward;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
        return back_data;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
        return back_filter;
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return operation_pointwise;
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
        return graph;
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
        return heuristics;
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR:
        return engine;
    case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR:
        return engine_config;
    case CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR:
        return knob_choice;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        return plan;
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
        return pack;
    case CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR:
        return device;
    default:
        return NULL;
    }
}

size_t dnn_element_size(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return sizeof(void *);
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
        return 8;
    case CUDNN_TYPE_BOOLEAN:
        return sizeof(bool);
    case CUDNN_TYPE_CHAR:
        return 1;
    default: /* float, int32, and all enumerations */
        return 4;
    }
}
