/* SPDX-License-Identifier: MIT */
/* The operations of a graph, compiled to what an engine is asked to do: one convolution, and
 * pointwise operations each of which takes what the one before it gave. */
#include "dnn.h"

#include <math.h>
#include <string.h>

/* ---- Operations ---- */

static void read_convolution(dnn_graph *g, const dnn_descriptor *c)
{
    const struct {
        cudnnBackendAttributeName_t name;
        int64_t *to;
    } parts[] = {{CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, g->stride},
                 {CUDNN_ATTR_CONVOLUTION_DILATIONS, g->dilation},
                 {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, g->before},
                 {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, g->after}};
    for (int i = 0; i < 4; i++)
        memcpy(parts[i].to, dnn_value_of(c, parts[i].name)->elements, 2 * sizeof(int64_t));
    g->mode = (cudnnConvolutionMode_t)dnn_integer(c, CUDNN_ATTR_CONVOLUTION_CONV_MODE, 0);
    g->computation = (cudnnDataType_t)dnn_integer(c, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, 0);
}

#define READ(KIND, X, W, Y)                                                                        \
    do {                                                                                           \
        read_convolution(g, dnn_refers(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_CONV_DESC));   \
        g->alpha = dnn_real(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_ALPHA, 1);                \
        g->beta = dnn_real(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_BETA, 0);                  \
        g->x = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_##X));        \
        g->w = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_##W));        \
        g->y = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_CONVOLUTION_##KIND##_##Y));        \
    } while (0)

/* Its kind; 0 when it is no convolution. */
static unsigned read_operation(dnn_graph *g, const dnn_descriptor *d)
{
    switch (d->type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
        READ(FORWARD, X, W, Y);
        return EMULATION_FORWARD;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
        READ(BWD_DATA, DX, W, DY);
        return EMULATION_BACK_DATA;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
        READ(BWD_FILTER, X, DW, DY);
        return EMULATION_BACK_FILTER;
    default:
        return 0;
    }
}

static dnn_pointwise read_pointwise(const dnn_descriptor *d)
{
    const dnn_descriptor *p = dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const dnn_descriptor *b = dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
    dnn_pointwise then = {
        .mode = (cudnnPointwiseMode_t)dnn_integer(p, CUDNN_ATTR_POINTWISE_MODE, 0),
        .alpha1 = dnn_real(d, CUDNN_ATTR_OPERATION_POINTWISE_ALPHA1, 1),
        .alpha2 = dnn_real(d, CUDNN_ATTR_OPERATION_POINTWISE_ALPHA2, 1),
        .lower = dnn_real(p, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, 0),
        .upper = dnn_real(p, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, (double)INFINITY),
        .slope = dnn_real(p, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, 0),
        .has_b = b != NULL,
        .x = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC)),
        .y = dnn_tensor_of(dnn_refers(d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC))};
    if (b != NULL)
        then.b = dnn_tensor_of(b);
    return then;
}

/* ---- The whole ---- */

const dnn_tensor *dnn_output(const dnn_graph *g)
{
    if (g->then_count > 0)
        return &g->then[g->then_count - 1].y;
    return g->kind == EMULATION_BACK_DATA     ? &g->x
           : g->kind == EMULATION_BACK_FILTER ? &g->w
                                              : &g->y;
}

int dnn_tensors(const dnn_tensor **tensors, const dnn_graph *g)
{
    int count = 0;
    tensors[count++] = &g->x;
    tensors[count++] = &g->w;
    tensors[count++] = g->then_count > 0 ? dnn_output(g) : &g->y;
    for (int i = 0; i < g->then_count; i++)
        if (g->then[i].has_b)
            tensors[count++] = &g->then[i].b;
    return count;
}

size_t dnn_extent(const dnn_tensor *t)
{
    size_t last = 0;
    for (int i = 0; i < t->dims; i++)
        last += (size_t)((t->size[i] - 1) * t->stride[i]);
    return (last + 1) * emulation__size_of(t->type);
}

static bool is_same(const dnn_tensor *a, const dnn_tensor *b)
{
    bool same = a->uid == b->uid && a->type == b->type && a->dims == b->dims &&
                a->is_virtual == b->is_virtual;
    for (int i = 0; i < a->dims && same; i++)
        same = a->size[i] == b->size[i] && a->stride[i] == b->stride[i];
    return same;
}

/* The pointwise operation that takes `x`; -1 when there is none, or several. */
static int find_user(const dnn_pointwise *all, int count, const dnn_tensor *x)
{
    int found = -1;
    for (int i = 0; i < count; i++)
        if (is_same(&all[i].x, x))
            found = found < 0 ? i : count;
    return found == count ? -1 : found;
}

/* Every tensor in memory has a name of its own, and only those between operations are virtual. */
static bool has_good_tensors(const dnn_graph *g)
{
    const dnn_tensor *tensors[DNN_TENSORS];
    const int count = dnn_tensors(tensors, g);
    for (int i = 0; i < count; i++) {
        if (tensors[i]->is_virtual)
            return false;
        for (int k = 0; k < i; k++)
            if (tensors[k]->uid == tensors[i]->uid)
                return false;
    }
    return true;
}

cudnnStatus_t dnn_compile(dnn_graph *g, const dnn_descriptor *d)
{
    const dnn_value *ops = dnn_value_of(d, CUDNN_ATTR_OPERATIONGRAPH_OPS);
    dnn_pointwise all[DNN_POINTWISES];
    int count = 0, convolutions = 0;
    for (int64_t i = 0; i < ops->count; i++) {
        const dnn_descriptor *op = ((dnn_descriptor *const *)ops->elements)[i];
        const unsigned kind = read_operation(g, op);
        if (kind != 0) {
            g->kind = kind;
            convolutions++;
        } else if (count < DNN_POINTWISES) {
            all[count++] = read_pointwise(op);
        }
    }
    if (convolutions + count != ops->count || convolutions != 1) {
        g->kind = 0;
        return CUDNN_STATUS_SUCCESS; /* a graph that no engine takes */
    }
    while (g->then_count < count && dnn_output(g)->is_virtual) {
        const int next = find_user(all, count, dnn_output(g));
        if (next < 0)
            break;
        g->then[g->then_count++] = all[next];
    }
    if (g->then_count < count || !has_good_tensors(g))
        return dnn_fail(CUDNN_STATUS_BAD_PARAM, "a graph's tensors do not fit together");
    if (count > 0)
        g->kind = g->kind == EMULATION_FORWARD ? EMULATION_FUSED : 0;
    return CUDNN_STATUS_SUCCESS;
}
