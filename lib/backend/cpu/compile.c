/* SPDX-License-Identifier: MIT */
/* From layers to operations: what can be fused is fused, every convolution gets its method, and
 * every buffer its size. */
#include "backend/cpu/plan.h"

/* Transformed tiles worked on at once: half a megabyte, to stay in a second-level cache. */
enum { WINO_FLOATS = 128 * 1024 };

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

static asl__map2d map_of(asl__shape shape)
{
    return (asl__map2d){shape.height, shape.width, shape.channels, asl__cpu_blocks(shape.channels),
                        0};
}

/* Whether layer `index` is of that kind; false past the end. */
static int32_t is_kind(const asl__network *network, int32_t index, int32_t kind)
{
    return index < network->layer_count && network->layers[index].kind == kind;
}

/* Winograd pays for stride 1 once there are tiles enough to fill the registers of the product. It
 * would lose half of bfloat16's few digits, and beats pairs of them with all digits of float32, but
 * not tiles. Dense layers are too small for bfloat16 to be worth it. */
static void choose_method(asl__op *op, const asl__plan *plan)
{
    op->across = (op->conv_width + 3) / 4;
    op->tiles = op->across * ((op->conv_height + 3) / 4);
    op->winograd = op->stride == 1 && (op->kernel == 3 || op->kernel == 5) && op->tiles >= 9 &&
                   op->padding < op->kernel;
    op->bf16 = plan->bf16 && op->layer->kind == ASL__LAYER_CONV2D &&
               !(op->winograd && plan->kernels.bf16 == ASL__BF16_PAIRS);
    op->back_bf16 = op->bf16 && op->stride == 1 && op->padding < op->kernel;
    op->winograd = op->winograd && !op->bf16;
    op->first = op->winograd && op->index == 0;
    if (op->first)
        op->pieces = op->tiles / op->across;
    else if (op->winograd)
        op->pieces = op->tiles;
    else
        op->pieces = op->pool ? op->conv_height / 2 : op->conv_height;
}

/* Returns the number of layers taken. */
static int32_t fuse_conv2d(asl__op *op, const asl__plan *plan, int32_t index)
{
    const asl__network *network = plan->network;
    const asl__layer *layer = op->layer;
    const int32_t dense = layer->kind == ASL__LAYER_DENSE;
    int32_t next = index + 1;
    op->kind = ASL__OP_CONV2D;
    op->kernel = dense ? 1 : layer->kernel;
    op->stride = dense ? 1 : layer->stride;
    op->padding = dense ? 0 : layer->padding;
    op->conv_height = op->layer->out.height;
    op->conv_width = op->layer->out.width;
    if (is_kind(network, next, ASL__LAYER_RELU)) {
        op->relu = 1;
        next++;
    }
    if (is_kind(network, next, ASL__LAYER_MAX_POOL) && network->layers[next].kernel == 2) {
        op->pool = 1;
        op->conv_height = op->conv_height / 2 * 2; /* what the pooling drops is never computed */
        op->conv_width = op->conv_width / 2 * 2;
        next++;
    }
    choose_method(op, plan);
    return next - index;
}

/* Fills kind and fusion of the op that begins at layer `index`; returns the layers taken. */
static int32_t begin_op(asl__op *op, const asl__plan *plan, int32_t index)
{
    const asl__network *network = plan->network;
    op->index = index;
    op->layer = &network->layers[index];
    op->pieces = 1;
    switch (op->layer->kind) {
    case ASL__LAYER_CONV2D:
    case ASL__LAYER_DENSE:
        return fuse_conv2d(op, plan, index);
    case ASL__LAYER_BATCH_NORM:
        op->kind = ASL__OP_BATCH_NORM;
        op->relu = is_kind(network, index + 1, ASL__LAYER_RELU);
        return 1 + op->relu;
    case ASL__LAYER_RELU:
        op->kind = ASL__OP_RELU;
        return 1;
    case ASL__LAYER_MAX_POOL:
        op->kind = ASL__OP_MAX_POOL;
        return 1;
    case ASL__LAYER_GLOBAL_POOL:
        op->kind = ASL__OP_GLOBAL_POOL;
        return 1;
    default:
        op->kind = ASL__OP_DROPOUT;
        return 1;
    }
}

/* A first convolution takes three channels without padding, inside a border of its own. */
static void add_input(asl__plan *plan)
{
    const asl__network *network = plan->network;
    asl__op *op = &plan->ops[plan->op_count++];
    op->kind = ASL__OP_INPUT;
    op->index = -1;
    op->pieces = 1;
    op->out = map_of(network->input);
    if (is_kind(network, 0, ASL__LAYER_CONV2D)) {
        op->out.border = network->layers[0].padding;
        op->out.height += 2 * op->out.border;
        op->out.width += 2 * op->out.border;
        op->out.stride = network->input.channels;
    }
}

/* Floats; a pair of bfloat16 fills the place of one. */
static size_t bf16_weights(int32_t kernel, int32_t in, int32_t out)
{
    return (size_t)kernel * (size_t)asl__cpu_bf16_inner(kernel * in) / 2 * (size_t)out;
}

static size_t conv2d_weights(const asl__op *op, bool backward)
{
    const size_t kernel = (size_t)op->kernel;
    if (backward && op->back_bf16)
        return bf16_weights(op->kernel, op->out.stride, op->in.stride);
    if (!backward && op->bf16)
        return bf16_weights(op->kernel, op->in.stride, op->out.stride);
    const size_t points = op->winograd ? (kernel + 3) * (kernel + 3) : kernel * kernel;
    return points * (size_t)op->in.stride * (size_t)op->out.stride;
}

static void size_winograd(asl__plan *plan, int32_t points, int32_t tiles, int32_t channels)
{
    const size_t transformed = (size_t)points * (size_t)tiles;
    plan->tiles_size = largest(plan->tiles_size, transformed * (size_t)channels);
    plan->products_size =
        largest(plan->products_size, transformed * (size_t)plan->kernels.gemm_columns);
}

/* Working memory of a convolution's forward pass. */
static void size_conv2d(asl__plan *plan, const asl__op *op)
{
    const int32_t side = op->kernel + 3, points = side * side;
    const size_t padding = (size_t)(op->padding - op->in.border);
    const size_t bordered = ((size_t)op->in.height + 2 * padding) *
                                ((size_t)op->in.width + 2 * padding) * (size_t)op->in.stride +
                            ASL__CPU_BLOCK;
    plan->bordered_size = largest(plan->bordered_size, bordered);
    plan->rows_size = largest(plan->rows_size, 2 * (size_t)op->conv_width * (size_t)op->out.stride);
    if (op->winograd) {
        const int32_t most = asl__cpu_wino_chunk(plan, points, op->in.stride);
        size_winograd(plan, points, op->first ? asl__cpu_blocks(op->across) : most, op->in.stride);
    }
    if (op->first) {
        plan->planes.rows = op->tiles / op->across * 4 + op->kernel;
        plan->planes.stride = asl__cpu_blocks(op->across) + ASL__CPU_BLOCK;
    }
}

/* Floats that hold a map as bfloat16 inside a border, see asl__bf16_rows. */
static size_t bf16_rows(int32_t height, int32_t width, int32_t border, int32_t channels)
{
    const size_t numbers =
        (size_t)(height + 2 * border) * (size_t)(width + 2 * border) * (size_t)channels;
    return (numbers + ASL__CPU_BF16_TERMS + 1) / 2;
}

/* And of its backward pass: the input gradient is itself a convolution by Winograd, or is summed
 * column by column. */
static void size_conv2d_backward(asl__plan *plan, const asl__op *op)
{
    const int32_t side = op->kernel + 3, points = side * side;
    const size_t before = (size_t)op->conv_height * (size_t)op->conv_width * (size_t)op->out.stride;
    if (op > &plan->ops[1] || !op->pool) /* the first layer needs only its list of non-zeros */
        plan->spread_size = largest(plan->spread_size, before);
    plan->entries_size =
        largest(plan->entries_size,
                (size_t)ASL__CPU_BLOCK * (size_t)op->out.height * (size_t)op->out.width);
    plan->rows_size = largest(plan->rows_size,
                              (size_t)op->conv_width * (size_t)op->kernel * (size_t)op->in.stride);
    if (op->back_bf16)
        plan->bordered_size =
            largest(plan->bordered_size, bf16_rows(op->conv_height, op->conv_width,
                                                   op->kernel - 1 - op->padding, op->out.stride));
    if (op->winograd)
        size_winograd(plan, points, asl__cpu_wino_chunk(plan, points, op->out.stride),
                      op->out.stride);
}

static size_t take(size_t *total, size_t count)
{
    const size_t offset = *total;
    *total += (count + ASL__CPU_BLOCK - 1) / ASL__CPU_BLOCK * ASL__CPU_BLOCK;
    return offset;
}

/* Gives an op its places in the packed weights, the gradient sums and the statistics. */
static void place_weights(asl__plan *plan, asl__op *op)
{
    if (op->kind == ASL__OP_BATCH_NORM) {
        op->statistics = take(&plan->statistics_size, 4 * (size_t)op->out.stride);
        op->weights = take(&plan->packed_size, 2 * (size_t)op->out.stride);
        return;
    }
    if (op->kind != ASL__OP_CONV2D)
        return;
    op->weights = take(&plan->packed_size, conv2d_weights(op, false));
    op->bias = take(&plan->packed_size, (size_t)op->out.stride);
    if (plan->training) {
        op->back_weights = take(&plan->packed_size, conv2d_weights(op, true));
        op->gradient = take(&plan->gradients_size, asl__cpu_gradient_size(op));
        op->bias_gradient = take(&plan->gradients_size, (size_t)op->out.stride);
    }
}

static void place_values(asl__plan *plan, asl__op *op)
{
    /* A kernel may read one block past the end of a three-channel input. */
    const size_t values = asl__cpu_volume(&op->out) + ASL__CPU_BLOCK;
    op->value = take(&plan->values_size, values);
    plan->map_size = largest(plan->map_size, values);
    if (op->kind == ASL__OP_INPUT && plan->planes.rows > 0)
        op->planes =
            take(&plan->values_size, 12 * (size_t)plan->planes.rows * (size_t)plan->planes.stride);
    if (op->pool && plan->training)
        op->choice = take(&plan->choices_size, values);
}

static void fill_levels(asl__plan *plan)
{
    const asl__network *network = plan->network;
    for (int32_t c = 0; c < 3; c++)
        for (int32_t byte = 0; byte < 256; byte++)
            plan->levels[c][byte] = ((float)byte - network->mean[c]) / network->std[c];
}

void asl__cpu_compile(asl__plan *plan)
{
    const asl__network *network = plan->network;
    int32_t next = 0;
    fill_levels(plan);
    add_input(plan);
    while (next < network->layer_count) {
        asl__op *op = &plan->ops[plan->op_count++];
        const int32_t taken = begin_op(op, plan, next);
        op->in = op[-1].out;
        op->out = map_of(network->layers[next + taken - 1].out);
        if (op->kind == ASL__OP_CONV2D) {
            size_conv2d(plan, op);
            if (plan->training)
                size_conv2d_backward(plan, op);
        }
        next += taken;
    }
    for (int32_t i = 0; i < plan->op_count; i++) {
        place_weights(plan, &plan->ops[i]);
        place_values(plan, &plan->ops[i]);
        if (plan->first_trained == 0 && plan->ops[i].kind != ASL__OP_INPUT &&
            plan->ops[i].layer->parameter_count > 0)
            plan->first_trained = i;
    }
}

int32_t asl__cpu_wino_chunk(const asl__plan *plan, int32_t points, int32_t channels)
{
    const int32_t rows = plan->kernels.gemm_rows;
    const int32_t fitting = WINO_FLOATS / (points * channels) / rows * rows;
    if (fitting < rows)
        return rows;
    return fitting < 4 * rows ? fitting : 4 * rows;
}
