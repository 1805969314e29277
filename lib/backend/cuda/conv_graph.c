/* SPDX-License-Identifier: MIT */
/* Describing a convolution to cuDNN. See conv_graph.h. */
#include "backend/cuda/conv_graph.h"

#include "base/error.h"

void asl__conv_graph_free(asl__conv_graph *g)
{
    const asl__descriptor all[] = {g->x,   g->w,    g->y,     g->bias,  g->product, g->sum, g->conv,
                                   g->add, g->relu, g->op[0], g->op[1], g->op[2],   g->all};
    /* From the graph down to what it refers to. */
    for (size_t i = sizeof all / sizeof *all; i-- > 0;)
        asl__descriptor_free(all[i]);
}

static cudnnDataType_t type_of(asl__number number)
{
    return number == ASL__BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

/* ---- Tensors ---- */

static asl_status make_map(asl__descriptor *out, int64_t id, asl__map map, cudnnDataType_t type,
                           bool is_virtual, asl_error *err)
{
    const asl__tensor_spec spec = {id,        map.count, map.channels, map.height,
                                   map.width, type,      is_virtual};
    return asl__descriptor_tensor(out, &spec, err);
}

static asl_status make_tensors(asl__conv_graph *g, const asl__conv_shape *s, asl__number filter,
                               asl_error *err)
{
    const bool back_data = s->kind == ASL__CONV_BACK_DATA;
    const bool back_filter = s->kind == ASL__CONV_BACK_FILTER;
    const bool backward = back_data || back_filter;
    const cudnnDataType_t type = type_of(s->number);
    const asl__map filters = {s->out.channels, s->kernel, s->kernel, s->in.channels};
    const asl__map biases = {1, 1, 1, s->out.channels};
    asl_status status;
    ASL__TRY(make_map(&g->x, back_data ? ASL__ID_DX : ASL__ID_X, s->in, type, false, err));
    ASL__TRY(make_map(&g->w, back_filter ? ASL__ID_DW : ASL__ID_W, filters,
                      back_filter ? type_of(filter) : type, false, err));
    ASL__TRY(make_map(&g->y, backward ? ASL__ID_DY : ASL__ID_Y, s->out, type, false, err));
    if (s->kind != ASL__CONV_FUSED)
        return ASL_OK;
    ASL__TRY(make_map(&g->bias, ASL__ID_BIAS, biases, CUDNN_DATA_FLOAT, false, err));
    ASL__TRY(make_map(&g->product, ASL__ID_PRODUCT, s->out, CUDNN_DATA_FLOAT, true, err));
    ASL__TRY(make_map(&g->sum, ASL__ID_SUM, s->out, CUDNN_DATA_FLOAT, true, err));
fail:
    return status;
}

/* ---- Operations ---- */

static asl_status make_convolution(asl__descriptor *out, const asl__conv_shape *s, asl_error *err)
{
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t dims = 2, strides[2] = {s->stride, s->stride}, dilations[2] = {1, 1};
    const int64_t padding[2] = {s->padding, s->padding};
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode},
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &dims},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilations},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding},
    };
    return asl__descriptor_make(out, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, "convolution",
                                attributes, sizeof attributes / sizeof *attributes, err);
}

/* What the attributes of the three convolution operations are called. */
typedef struct conv_names {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t conv, x, w, y, alpha, beta;
} conv_names;

static const conv_names names_forward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
static const conv_names names_data = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
static const conv_names names_filter = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

static asl_status make_conv_op(asl__conv_graph *g, const asl__conv_shape *s, asl_error *err)
{
    const conv_names *n = s->kind == ASL__CONV_BACK_DATA     ? &names_data
                          : s->kind == ASL__CONV_BACK_FILTER ? &names_filter
                                                             : &names_forward;
    const float one = 1.0f, zero = 0.0f;
    const asl__descriptor *y = s->kind == ASL__CONV_FUSED ? &g->product : &g->y;
    const asl__attribute attributes[] = {
        {n->conv, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &g->conv},
        {n->x, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &g->x},
        {n->w, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &g->w},
        {n->y, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, y},
        {n->alpha, CUDNN_TYPE_FLOAT, 1, &one},
        {n->beta, CUDNN_TYPE_FLOAT, 1, &zero},
    };
    return asl__descriptor_make(&g->op[0], n->type, "convolution operation", attributes,
                                sizeof attributes / sizeof *attributes, err);
}

static asl_status make_pointwise(asl__descriptor *out, cudnnPointwiseMode_t mode, asl_error *err)
{
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &type},
    };
    return asl__descriptor_make(out, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, "pointwise", attributes,
                                sizeof attributes / sizeof *attributes, err);
}

static asl_status make_pointwise_op(asl__descriptor *out, const asl__descriptor *what,
                                    const asl__descriptor *x, const asl__descriptor *b,
                                    const asl__descriptor *y, asl_error *err)
{
    const asl__attribute attributes[] = {
        {CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, what},
        {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, x},
        {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, y},
        {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, b},
    };
    return asl__descriptor_make(out, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
                                "pointwise operation", attributes, b ? 4 : 3, err);
}

asl_status asl__conv_graph_make(asl__conv_graph *g, const asl__conv_shape *s, asl__number filter,
                                asl_error *err)
{
    const bool is_fused = s->kind == ASL__CONV_FUSED;
    asl_status status;
    ASL__TRY(make_tensors(g, s, filter, err));
    ASL__TRY(make_convolution(&g->conv, s, err));
    ASL__TRY(make_conv_op(g, s, err));
    if (is_fused) {
        ASL__TRY(make_pointwise(&g->add, CUDNN_POINTWISE_ADD, err));
        ASL__TRY(make_pointwise(&g->relu, CUDNN_POINTWISE_RELU_FWD, err));
        ASL__TRY(make_pointwise_op(&g->op[1], &g->add, &g->product, &g->bias, &g->sum, err));
        ASL__TRY(make_pointwise_op(&g->op[2], &g->relu, &g->sum, NULL, &g->y, err));
    }
    const asl__attribute operations = {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                       is_fused ? 3 : 1, g->op};
    ASL__TRY(asl__descriptor_make(&g->all, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "graph",
                                  &operations, 1, err));
fail:
    return status;
}
