/* SPDX-License-Identifier: MIT */
/* Layers -> operations, and the engines of convolutions. See plan.h. */
#include <stdio.h>
#include <string.h>

#include "backend/cuda/plan.h"
#include "base/error.h"

static asl__map map_of(asl__shape shape)
{
    return (asl__map){1, shape.height, shape.width, shape.channels};
}

static int32_t main_of(const asl__layer *layer)
{
    switch (layer->kind) {
    case ASL__LAYER_CONV2D:
        return ASL__MAIN_CONV;
    case ASL__LAYER_DENSE:
        return ASL__MAIN_DENSE;
    case ASL__LAYER_GLOBAL_POOL:
        return ASL__MAIN_GLOBAL_POOL;
    case ASL__LAYER_DROPOUT:
        return ASL__MAIN_DROPOUT;
    default:
        return ASL__MAIN_NONE;
    }
}

/* The layer after those of `op`, if it is of this kind. */
static const asl__layer *next_layer(const asl__plan *plan, const asl__op *op, int32_t kind)
{
    const int32_t index = op->layer + op->layer_count;
    if (index >= plan->network->layer_count)
        return NULL;
    const asl__layer *layer = &plan->network->layers[index];
    return layer->kind == kind ? layer : NULL;
}

/* Takes along what follows value by value, in the one order that an epilogue has. */
static void take_epilogue(asl__plan *plan, asl__op *op)
{
    const asl__layer *layer;
    if (!op->bias && (layer = next_layer(plan, op, ASL__LAYER_BATCH_NORM)) != NULL) {
        op->norm = layer;
        op->layer_count++;
    }
    if (next_layer(plan, op, ASL__LAYER_RELU) != NULL) {
        op->relu = true;
        op->layer_count++;
    }
    if ((layer = next_layer(plan, op, ASL__LAYER_MAX_POOL)) != NULL) {
        op->pool = layer->kernel;
        op->layer_count++;
    }
}

static size_t packed_bytes(const asl__plan *plan, const asl__op *op)
{
    const asl__layer *layer = op->first;
    const size_t outputs = (size_t)layer->out.channels, bytes = asl__number_bytes(plan->number);
    if (op->main == ASL__MAIN_CONV)
        return outputs * (size_t)(layer->kernel * layer->kernel * op->in.channels) * bytes;
    if (op->main == ASL__MAIN_DENSE && plan->number != ASL__F32)
        return outputs * (size_t)layer->in.channels * bytes;
    return 0;
}

/* The operation that begins at `layer`, whose input is `in`. */
static void make_op(asl__plan *plan, asl__op *op, int32_t layer, asl__map in)
{
    const asl__layer *first = &plan->network->layers[layer];
    *op = (asl__op){.main = main_of(first), .layer = layer, .first = first, .pool = 1, .in = in};
    op->mid = in;
    op->number = plan->number;
    if (op->main != ASL__MAIN_NONE) {
        op->layer_count = 1;
        op->mid = map_of(first->out);
    }
    op->bias = (op->main == ASL__MAIN_CONV || op->main == ASL__MAIN_DENSE) && first->bias;
    if (op->main != ASL__MAIN_GLOBAL_POOL && op->main != ASL__MAIN_DROPOUT)
        take_epilogue(plan, op);
    op->out = op->mid;
    op->out.height /= op->pool;
    op->out.width /= op->pool;
    op->packed_bytes = packed_bytes(plan, op);
}

/* Tensor cores want the channels of a convolution in fours, or eights for bfloat16. */
static asl__map input_map(const asl__plan *plan)
{
    asl__map map = map_of(plan->network->input);
    if (plan->network->layers[0].kind == ASL__LAYER_CONV2D)
        map.channels = plan->number == ASL__BF16 ? 8 : 4;
    return map;
}

/* Gradients are not needed below the first operation that has something to train. */
static void find_gradients(asl__plan *plan)
{
    bool below = false;
    for (int32_t i = 0; i < plan->op_count; i++) {
        asl__op *op = &plan->ops[i];
        op->wants_input_gradient = below;
        below = below || op->main == ASL__MAIN_CONV || op->main == ASL__MAIN_DENSE || op->norm;
    }
}

void asl__cuda_compile(asl__plan *plan)
{
    asl__map map = plan->input = input_map(plan);
    for (int32_t layer = 0; layer < plan->network->layer_count;) {
        asl__op *op = &plan->ops[plan->op_count++];
        make_op(plan, op, layer, map);
        layer += op->layer_count;
        map = op->out;
    }
    plan->ops[plan->op_count - 1].number = ASL__F32;
    find_gradients(plan);
}

/* ---- Engines ---- */

static asl_status choose(asl__conv **out, const asl__plan *plan, const asl__op *op, int32_t kind,
                         const asl__conv_target *target, asl_error *err)
{
    const asl__conv_shape shape = {.kind = kind,
                                   .in = asl__map_of(op->in, plan->max_batch),
                                   .out = asl__map_of(op->mid, plan->max_batch),
                                   .kernel = op->first->kernel,
                                   .stride = op->first->stride,
                                   .padding = op->first->padding,
                                   .number = plan->number,
                                   .allow_tf32 = !plan->exact};
    asl_error cause = ASL_ERROR_INIT;
    const asl_status status = asl__conv_create(out, &shape, target, &cause);
    if (status >= 0)
        return ASL_OK;
    return asl__fail(err, status, "layer %d (%s): %s", op->layer + 1, op->first->text,
                     cause.message);
}

static asl_status choose_for(asl__op *op, const asl__plan *plan, const asl__conv_target *target,
                             asl_error *err)
{
    asl_status status;
    if (op->bias && op->relu && op->pool == 1) {
        status = choose(&op->fused, plan, op, ASL__CONV_FUSED, target, err);
        if (status != ASL_OK && status != ASL_ERR_UNSUPPORTED)
            return status;
    }
    if (op->fused == NULL)
        ASL__TRY(choose(&op->forward, plan, op, ASL__CONV_FORWARD, target, err));
    if (plan->training)
        ASL__TRY(choose(&op->back_filter, plan, op, ASL__CONV_BACK_FILTER, target, err));
    if (plan->training && op->wants_input_gradient)
        ASL__TRY(choose(&op->back_data, plan, op, ASL__CONV_BACK_DATA, target, err));
    asl__error_clear(err);
    return ASL_OK;
fail:
    return status;
}

asl_status asl__cuda_choose(asl__plan *plan, const asl__conv_target *target, asl_error *err)
{
    asl_status status;
    for (int32_t i = 0; i < plan->op_count; i++)
        if (plan->ops[i].main == ASL__MAIN_CONV)
            ASL__TRY(choose_for(&plan->ops[i], plan, target, err));
    return ASL_OK;
fail:
    return status;
}

/* ---- Memory ---- */

static void grow(size_t *size, size_t wanted)
{
    if (*size < wanted)
        *size = wanted;
}

static void grow_for(asl__plan_sizes *sizes, const asl__plan *plan, const asl__op *op)
{
    const size_t count = (size_t)plan->max_batch, bytes = asl__number_bytes(op->number);
    const asl__conv *convs[] = {op->forward, op->fused, op->back_data, op->back_filter};
    grow(&sizes->raw, count * asl__map_values(op->mid) * bytes);
    grow(&sizes->raw_gradient, count * asl__map_values(op->mid) * bytes);
    grow(&sizes->gradient, count * asl__map_values(op->in) * asl__number_bytes(plan->number));
    grow(&sizes->gradient, count * asl__map_values(op->out) * bytes);
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++)
        if (convs[i] != NULL)
            grow(&sizes->workspace, asl__conv_workspace(convs[i]));
    if (op->main == ASL__MAIN_CONV)
        grow(&sizes->filter_gradient, op->packed_bytes / asl__number_bytes(plan->number) * 4);
    if (op->main == ASL__MAIN_DENSE)
        grow(&sizes->operand, count * asl__map_values(op->mid) * bytes);
    grow(&sizes->partials, asl__cuda_partials(asl__map_of(op->mid, plan->max_batch)));
}

void asl__cuda_sizes(asl__plan_sizes *sizes, const asl__plan *plan)
{
    const size_t count = (size_t)plan->max_batch;
    memset(sizes, 0, sizeof *sizes);
    sizes->map[0] = count * asl__map_values(plan->input) * asl__number_bytes(plan->number);
    for (int32_t i = 0; i < plan->op_count; i++) {
        const asl__op *op = &plan->ops[i];
        sizes->map[i + 1] = count * asl__map_values(op->out) * asl__number_bytes(op->number);
        grow_for(sizes, plan, op);
    }
}
