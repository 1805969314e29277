/* SPDX-License-Identifier: MIT */
/* Convolutions described to cuDNN, for the test of the emulation. */
#include "test_emulation_graph.h"

#include "emulation/emulation.h"
#include "support/support.h"

#define assert_good(call) assert_int_equal(call, 0)

typedef struct attribute {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t count;
    const void *elements;
} attribute;
#define INT(name, pointer)                                                                         \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_INT64, 1, pointer                                            \
    }
#define REF(name, pointer)                                                                         \
    {                                                                                              \
        CUDNN_ATTR_##name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, pointer                               \
    }

static descriptor make(cudnnBackendDescriptorType_t type, const attribute *attributes, int count)
{
    descriptor d = NULL;
    assert_good(cudnnBackendCreateDescriptor(type, &d));
    for (int i = 0; i < count; i++)
        assert_good(cudnnBackendSetAttribute(d, attributes[i].name, attributes[i].type,
                                             attributes[i].count, attributes[i].elements));
    assert_good(cudnnBackendFinalize(d));
    return d;
}

static descriptor tensor(const problem *p, int64_t uid, const int64_t size[4], cudnnDataType_t type,
                         bool is_virtual)
{
    const int64_t alignment = 16;
    const bool first = p->channels_first;
    const int64_t strides[4] = {size[1] * size[2] * size[3], first ? size[2] * size[3] : 1,
                                first ? size[3] : size[3] * size[1], first ? 1 : size[1]};
    const attribute attributes[] = {
        {CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, size},
        {CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides},
        INT(TENSOR_UNIQUE_ID, &uid),
        INT(TENSOR_BYTE_ALIGNMENT, &alignment),
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual}};
    return make(CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes, 6);
}

static descriptor pointwise(cudnnPointwiseMode_t mode, descriptor x, descriptor b, descriptor y)
{
    const attribute how = {CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode};
    descriptor p = make(CUDNN_BACKEND_POINTWISE_DESCRIPTOR, &how, 1);
    const attribute attributes[] = {
        REF(OPERATION_POINTWISE_PW_DESCRIPTOR, &p), REF(OPERATION_POINTWISE_XDESC, &x),
        REF(OPERATION_POINTWISE_YDESC, &y), REF(OPERATION_POINTWISE_BDESC, &b)};
    descriptor op = make(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, attributes, b ? 4 : 3);
    cudnnBackendDestroyDescriptor(p);
    return op;
}

static descriptor convolution(const problem *p)
{
    const cudnnDataType_t computation = CUDNN_DATA_FLOAT;
    const int64_t dims = 2, stride[] = {p->stride, p->stride};
    const int64_t dilation[] = {p->dilation, p->dilation}, padding[] = {p->padding, p->padding};
    const attribute attributes[] = {
        {CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &computation},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &p->mode},
        INT(CONVOLUTION_SPATIAL_DIMS, &dims),
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, stride},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilation},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding}};
    return make(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, attributes, 7);
}

static descriptor conv_operation(const problem *p, descriptor conv, descriptor x, descriptor w,
                                 descriptor y)
{
#define OPERATION(TYPE, NAME, X, W, Y)                                                             \
    do {                                                                                           \
        const attribute attributes[] = {REF(OPERATION_CONVOLUTION_##NAME##_CONV_DESC, &conv),      \
                                        REF(OPERATION_CONVOLUTION_##NAME##_##X, &x),               \
                                        REF(OPERATION_CONVOLUTION_##NAME##_##W, &w),               \
                                        REF(OPERATION_CONVOLUTION_##NAME##_##Y, &y)};              \
        return make(CUDNN_BACKEND_OPERATION_CONVOLUTION_##TYPE##_DESCRIPTOR, attributes, 4);       \
    } while (0)
    if (p->kind == EMULATION_BACK_DATA)
        OPERATION(BACKWARD_DATA, BWD_DATA, DX, W, DY);
    if (p->kind == EMULATION_BACK_FILTER)
        OPERATION(BACKWARD_FILTER, BWD_FILTER, X, DW, DY);
    OPERATION(FORWARD, FORWARD, X, W, Y);
}

descriptor graph_of(const problem *p)
{
    const int64_t xs[] = {p->n, p->c, p->h, p->w}, ws[] = {p->k, p->c, p->r, p->s};
    const int64_t ys[] = {p->n, p->k, p->p, p->q}, bs[] = {1, p->k, 1, 1};
    const bool fused = p->kind == EMULATION_FUSED;
    const cudnnDataType_t type = p->type, out = p->out_type;
    descriptor x = tensor(p, 1, xs, p->kind == EMULATION_BACK_DATA ? out : type, false);
    descriptor w = tensor(p, 2, ws, p->kind == EMULATION_BACK_FILTER ? out : type, false);
    descriptor y = tensor(p, 3, ys, p->kind < EMULATION_BACK_DATA ? out : type, false);
    descriptor conv = convolution(p), ops[3], bias = NULL, sum = NULL, more = NULL;
    if (fused) {
        bias = tensor(p, 4, bs, CUDNN_DATA_FLOAT, false);
        sum = tensor(p, 5, ys, CUDNN_DATA_FLOAT, true);
        more = tensor(p, 6, ys, CUDNN_DATA_FLOAT, true);
        ops[2] = pointwise(CUDNN_POINTWISE_ADD, sum, bias, more); /* in any order */
        ops[1] = pointwise(CUDNN_POINTWISE_RELU_FWD, more, NULL, y);
    }
    ops[0] = conv_operation(p, conv, x, w, fused ? sum : y);
    const attribute all = {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                           fused ? 3 : 1, ops};
    descriptor g = make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, &all, 1);
    const descriptor parts[] = {
        x, w, y, conv, ops[0], bias, sum, more, fused ? ops[1] : NULL, fused ? ops[2] : NULL};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i] != NULL)
            assert_good(cudnnBackendDestroyDescriptor(parts[i]));
    return g;
}

descriptor plan_with(descriptor g, int64_t index, int64_t *workspace)
{
    const attribute parts[] = {REF(ENGINE_OPERATION_GRAPH, &g), INT(ENGINE_GLOBAL_INDEX, &index)};
    descriptor engine = make(CUDNN_BACKEND_ENGINE_DESCRIPTOR, parts, 2);
    const attribute of = REF(ENGINECFG_ENGINE, &engine);
    descriptor config = make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &of, 1);
    const attribute with = REF(EXECUTION_PLAN_ENGINE_CONFIG, &config);
    descriptor plan = make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &with, 1);
    int64_t count;
    assert_good(cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                         CUDNN_TYPE_INT64, 1, &count, workspace));
    cudnnBackendDestroyDescriptor(g);
    cudnnBackendDestroyDescriptor(engine);
    cudnnBackendDestroyDescriptor(config);
    return plan;
}

descriptor pack_of(void *x, void *w, void *y, void *bias, void *workspace)
{
    const int64_t uids[] = {1, 2, 3, 4};
    void *const pointers[] = {x, w, y, bias};
    const int64_t count = bias != NULL ? 4 : 3;
    const attribute attributes[] = {
        {CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, uids},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace}};
    return make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, attributes, 3);
}
