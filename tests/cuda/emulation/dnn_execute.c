/* SPDX-License-Identifier: MIT */
/* Convolutions on the host: operands are spread out as doubles with the channels innermost, summed
 * in a fixed order, and rounded once to what they are stored as. An engine's notes say what it does
 * to the operands before, and whether its sums repeat. */
#include "dnn.h"

#include <stdlib.h>
#include <string.h>

enum { AT_X = 0, AT_W = 1, AT_Y = 2, AT_B = 3 }; /* among the pointers, as dnn_tensors has them */

typedef struct execution {
    emulation__work work;
    dnn_graph graph;
    emulation_engine engine;
    void *pointers[DNN_TENSORS];
    void *workspace;
} execution;

/* ---- Tensors as doubles ---- */

/* An order of the four dimensions, outermost first. */
typedef struct order {
    int dim[4];
} order;
static const order nhwc = {{0, 2, 3, 1}}, rsck = {{2, 3, 1, 0}}, rskc = {{2, 3, 0, 1}};

static size_t count_of(const dnn_tensor *t)
{
    size_t count = 1;
    for (int i = 0; i < t->dims; i++)
        count *= (size_t)t->size[i];
    return count;
}

static int64_t step(const dnn_tensor *t, int dim)
{
    return t->size[dim] == 1 ? 0 : t->stride[dim];
}

/* Loads values in an order, or stores them. Sizes of 1 in `t` are stretched to those of `shape`. */
static void walk(const dnn_tensor *t, const dnn_tensor *shape, order o, double *values,
                 void *memory, bool store)
{
    const int64_t *size = shape->size;
    const int d0 = o.dim[0], d1 = o.dim[1], d2 = o.dim[2], d3 = o.dim[3];
    for (int64_t a = 0; a < size[d0]; a++)
        for (int64_t b = 0; b < size[d1]; b++)
            for (int64_t c = 0; c < size[d2]; c++) {
                int64_t place = a * step(t, d0) + b * step(t, d1) + c * step(t, d2);
                for (int64_t d = 0; d < size[d3]; d++, values++, place += step(t, d3)) {
                    if (store)
                        emulation__store(memory, (size_t)place, t->type, *values);
                    else
                        *values = emulation__load(memory, (size_t)place, t->type);
                }
            }
}

static double *spread(const dnn_tensor *t, const dnn_tensor *shape, order o, void *memory)
{
    double *values = emulation__new(count_of(shape) * sizeof *values);
    walk(t, shape, o, values, memory, false);
    return values;
}

/* An operand, rounded as the engine does; zeros for the one that is summed up. */
static double *operand(const execution *e, const dnn_tensor *t, order o, void *memory)
{
    const size_t count = count_of(t);
    const bool down = (e->engine.notes & EMULATION_NOTE(DOWN_CONVERT_INPUTS)) != 0;
    const bool tf32 = (e->engine.notes & EMULATION_NOTE(TENSOR_CORE)) != 0;
    if (t == dnn_output(&e->graph) || t->is_virtual)
        return emulation__new(count * sizeof(double));
    double *values = spread(t, t, o, memory);
    if (t->type == CUDA_R_32F && (down || tf32))
        for (size_t i = 0; i < count; i++)
            values[i] =
                down ? emulation__round(values[i], CUDA_R_16BF) : emulation__round_tf32(values[i]);
    return values;
}

/* ---- Sums ---- */

/* to[j] += sum over i of by[i] * rows[i][j] */
static void add_rows(double *restrict to, int64_t width, const double *restrict by, int64_t count,
                     const double *restrict rows)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < width; j++)
            to[j] += by[i] * rows[i * width + j];
}

/* to[i][j] += a[i] * b[j] */
static void add_product(double *restrict to, const double *restrict a, int64_t count,
                        const double *restrict b, int64_t width)
{
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < width; j++)
            to[i * width + j] += a[i] * b[j];
}

/* The place in the input that a tap of the filter sees from a place in the output. */
static int64_t input_place(const dnn_graph *g, int axis, int64_t out, int64_t tap)
{
    const bool flipped = g->mode == CUDNN_CONVOLUTION;
    const int64_t at = flipped ? g->w.size[2 + axis] - 1 - tap : tap;
    return out * g->stride[axis] - g->before[axis] + at * g->dilation[axis];
}

/* All taps of the filter from one place in the output, whose channels are at y. */
static void meet(const dnn_graph *g, int64_t p, int64_t q, double *x, double *w, double *y)
{
    const int64_t c = g->x.size[1], k = g->y.size[1], height = g->x.size[2], width = g->x.size[3];
    for (int64_t r = 0; r < g->w.size[2]; r++) {
        const int64_t row = input_place(g, 0, p, r);
        for (int64_t s = 0; s < g->w.size[3] && row >= 0 && row < height; s++) {
            const int64_t column = input_place(g, 1, q, s);
            if (column < 0 || column >= width)
                continue;
            double *from = x + (row * width + column) * c,
                   *tap = w + (r * g->w.size[3] + s) * c * k;
            if (g->kind == EMULATION_BACK_DATA)
                add_rows(from, c, y, k, tap);
            else if (g->kind == EMULATION_BACK_FILTER)
                add_product(tap, from, c, y, k);
            else
                add_rows(y, k, from, c, tap);
        }
    }
}

static void convolve(const dnn_graph *g, double *x, double *w, double *y)
{
    const int64_t picture = g->x.size[1] * g->x.size[2] * g->x.size[3];
    for (int64_t n = 0; n < g->y.size[0]; n++, x += picture)
        for (int64_t p = 0; p < g->y.size[2]; p++)
            for (int64_t q = 0; q < g->y.size[3]; q++, y += g->y.size[1])
                meet(g, p, q, x, w, y);
}

/* ---- What follows ---- */

static double relu(const dnn_pointwise *p, double value)
{
    if (value < p->lower)
        value = p->lower + p->slope * (value - p->lower);
    return value > p->upper ? p->upper : value;
}

static void follow(const dnn_pointwise *p, double *values, void *b_memory)
{
    const size_t count = count_of(&p->y);
    double *b = p->has_b ? spread(&p->b, &p->y, nhwc, b_memory) : NULL;
    for (size_t i = 0; i < count; i++) {
        const double x = p->alpha1 * emulation__round(values[i], p->x.type);
        values[i] = p->mode == CUDNN_POINTWISE_ADD        ? x + p->alpha2 * b[i]
                    : p->mode == CUDNN_POINTWISE_MUL      ? x * p->alpha2 * b[i]
                    : p->mode == CUDNN_POINTWISE_RELU_FWD ? relu(p, x)
                                                          : x;
    }
    free(b);
}

/* Sums in another order every time. */
static void disturb(double *values, size_t count)
{
    static unsigned runs;
    const double factor = 1 + ((double)(++runs % 5) - 2) / (1 << 22);
    for (size_t i = 0; i < count; i++)
        values[i] *= factor;
}

static void finish(const execution *e, double *sums, order o, void *memory)
{
    const dnn_graph *g = &e->graph;
    const dnn_tensor *out = dnn_output(g);
    const size_t count = count_of(out);
    double *before = g->beta != 0 && g->then_count == 0 ? spread(out, out, o, memory) : NULL;
    int b = AT_B;
    if ((e->engine.notes & EMULATION_NOTE(NONDETERMINISTIC)) != 0)
        disturb(sums, count);
    for (size_t i = 0; i < count; i++)
        sums[i] = g->alpha * sums[i] + (before != NULL ? g->beta * before[i] : 0);
    for (int i = 0; i < g->then_count; i++)
        follow(&g->then[i], sums, g->then[i].has_b ? e->pointers[b++] : NULL);
    walk(out, out, o, sums, memory, true);
    free(before);
}

/* ---- Running ---- */

static bool has_good_memory(const execution *e)
{
    const dnn_tensor *tensors[DNN_TENSORS];
    const int count = dnn_tensors(tensors, &e->graph);
    for (int i = 0; i < count; i++)
        if (!emulation__on_device(e->pointers[i], dnn_extent(tensors[i]), "a tensor"))
            return false;
    return e->engine.workspace == 0 ||
           emulation__on_device(e->workspace, (size_t)e->engine.workspace, "a workspace");
}

static cudaError_t run(emulation__work *work)
{
    const execution *e = (const execution *)work;
    const dnn_graph *g = &e->graph;
    if (!has_good_memory(e))
        return cudaErrorIllegalAddress;
    if (e->engine.workspace > 0)
        memset(e->workspace, 0xff, (size_t)e->engine.workspace);
    const order filter = g->kind == EMULATION_BACK_DATA ? rskc : rsck;
    double *x = operand(e, &g->x, nhwc, e->pointers[AT_X]);
    double *w = operand(e, &g->w, filter, e->pointers[AT_W]);
    double *y = operand(e, &g->y, nhwc, e->pointers[AT_Y]);
    convolve(g, x, w, y);
    if (g->kind == EMULATION_BACK_DATA)
        finish(e, x, nhwc, e->pointers[AT_X]);
    else if (g->kind == EMULATION_BACK_FILTER)
        finish(e, w, filter, e->pointers[AT_W]);
    else
        finish(e, y, nhwc, e->pointers[AT_Y]);
    free(x);
    free(w);
    free(y);
    return cudaSuccess;
}

static bool overlap(const void *a, size_t a_size, const void *b, size_t b_size)
{
    const uintptr_t from = (uintptr_t)a, other = (uintptr_t)b;
    return from < other + b_size && other < from + a_size;
}

/* What is written, and the workspace, lie apart from all else. */
static bool lie_apart(const execution *e, const dnn_tensor *const *tensors, int count)
{
    const size_t workspace = (size_t)e->engine.workspace;
    for (int i = 0; i < count; i++) {
        const size_t size = dnn_extent(tensors[i]);
        if (workspace > 0 && overlap(e->pointers[i], size, e->workspace, workspace))
            return false;
        for (int k = 0; k < count; k++)
            if (k != i && tensors[k] == dnn_output(&e->graph) &&
                overlap(e->pointers[i], size, e->pointers[k], dnn_extent(tensors[k])))
                return false;
    }
    return true;
}

static void *pointer_of(const dnn_descriptor *pack, int64_t uid)
{
    const dnn_value *uids = dnn_value_of(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    void *const *pointers = dnn_value_of(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS)->elements;
    for (int64_t i = 0; i < uids->count; i++)
        if (((const int64_t *)uids->elements)[i] == uid)
            return pointers[i];
    return NULL;
}

static cudnnStatus_t prepare(execution *e, const dnn_descriptor *pack)
{
    const dnn_value *workspace = dnn_value_of(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    const dnn_tensor *tensors[DNN_TENSORS];
    const int count = dnn_tensors(tensors, &e->graph);
    for (int i = 0; i < count; i++) {
        e->pointers[i] = pointer_of(pack, tensors[i]->uid);
        if (e->pointers[i] == NULL)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "a tensor has no pointer");
        if ((uintptr_t)e->pointers[i] % (uintptr_t)tensors[i]->alignment != 0)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER,
                            "a pointer is not aligned as its tensor says");
    }
    if (e->engine.workspace > 0) {
        e->workspace = workspace->count > 0 ? *(void *const *)workspace->elements : NULL;
        if (e->workspace == NULL)
            return dnn_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "there is no workspace");
    }
    if (lie_apart(e, tensors, count))
        return CUDNN_STATUS_SUCCESS;
    emulation__complain("a convolution's output or workspace overlaps its other memory");
    return dnn_fail(CUDNN_STATUS_BAD_PARAM, "memory overlaps");
}

cudnnStatus_t dnn_execute(const dnn_context *context, const dnn_descriptor *plan,
                          const dnn_descriptor *pack)
{
    if (dnn_refers(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP) != NULL &&
        emulation__driver() != cudaSuccess)
        return dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the plan is for a described device");
    execution *e = emulation__new_work(sizeof *e, run);
    e->graph = *dnn_graph_of(plan);
    e->engine = *dnn_engine_of(plan);
    e->work.milliseconds = e->engine.milliseconds;
    const cudnnStatus_t status = prepare(e, pack);
    if (status == CUDNN_STATUS_SUCCESS)
        return dnn_status_of(emulation__submit(context->stream, &e->work));
    emulation__drop_work(&e->work);
    return status;
}
