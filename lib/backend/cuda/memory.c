/* SPDX-License-Identifier: MIT */
/* All memory of a plan, taken when it is made. See plan.h. */
#include <string.h>

#include "backend/cuda/plan.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

/* Takes device memory unless its size is 0. */
static asl_status take(void *out, size_t size, const char *what, asl_error *err)
{
    void *memory = NULL;
    const asl_status status = size > 0 ? asl__device_alloc(&memory, size, what, err) : ASL_OK;
    memcpy(out, &memory, sizeof memory);
    return status;
}

static asl_status pin(void *out, size_t size, asl_error *err)
{
    void *memory;
    const asl_status status = asl__pinned_alloc(&memory, size, "staging", err);
    memcpy(out, &memory, sizeof memory);
    return status;
}

/* Cuts pieces off one block; with no block it only adds up their sizes. */
typedef struct arena {
    uint8_t *at;
    size_t size;
} arena;

static void *cut(arena *a, size_t size)
{
    enum { ALIGNMENT = 256 };
    const size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *piece = a->at != NULL && size > 0 ? a->at + a->size : NULL;
    /* Sums that cannot be counted are as good as the largest that can: no device has that much. */
    if (!asl__add_size(&a->size, a->size, whole))
        a->size = SIZE_MAX - ALIGNMENT;
    return piece;
}

/* ---- Pieces of blocks: called twice, to add up and to hand out ---- */

/* In training every map stays for the way back. Otherwise two take turns. */
static void cut_maps(asl__plan *plan, const asl__plan_sizes *sizes, arena *a)
{
    size_t larger[2] = {0, 0};
    int side = 0;
    for (int32_t i = 0; i <= plan->op_count; i++) {
        const bool in_place = i > 0 && plan->ops[i - 1].main == ASL__MAIN_DROPOUT;
        side = i > 0 && !in_place ? 1 - side : side;
        if (larger[side] < sizes->map[i])
            larger[side] = sizes->map[i];
        if (plan->training)
            plan->maps[i] = in_place ? plan->maps[i - 1] : cut(a, sizes->map[i]);
    }
    if (plan->training)
        return;
    void *turns[2] = {cut(a, larger[0]), cut(a, larger[1])};
    side = 0;
    for (int32_t i = 0; i <= plan->op_count; i++) {
        if (i > 0 && plan->ops[i - 1].main != ASL__MAIN_DROPOUT)
            side = 1 - side;
        plan->maps[i] = turns[side];
    }
}

asl_status asl__cuda_check_size(asl__plan *plan, asl_error *err)
{
    size_t available, total;
    asl__plan_sizes sizes;
    arena maps = {0};
    asl_status status = ASL_OK;
    asl__cuda_sizes(&sizes, plan);
    cut_maps(plan, &sizes, &maps);
    ASL__CUDA(cudaMemGetInfo(&available, &total));
    if (maps.size > total)
        return asl__fail(err, ASL_ERR_NOMEM,
                         "the GPU has %zu MiB free, %zu MiB are needed for activations; use a "
                         "smaller batch",
                         available >> 20, maps.size >> 20);
fail:
    return status;
}

static void cut_operands(asl__plan *plan, arena *a)
{
    for (int32_t i = 0; i < plan->op_count; i++) {
        asl__op *op = &plan->ops[i];
        op->packed = cut(a, op->packed_bytes);
        if (op->fused)
            op->fused_bias = cut(a, (size_t)op->mid.channels * sizeof *op->fused_bias);
    }
}

/* What the way back needs of the way there. */
static void cut_choices(asl__plan *plan, arena *a)
{
    const size_t count = (size_t)plan->max_batch;
    for (int32_t i = 0; i < plan->op_count && plan->training; i++) {
        asl__op *op = &plan->ops[i];
        const size_t mid = count * asl__map_values(op->mid);
        if (op->pool > 1)
            op->choice = cut(a, count * asl__map_values(op->out) * sizeof *op->choice);
        if (op->main == ASL__MAIN_GLOBAL_POOL && op->first->pool != ASL__POOL_AVG)
            op->highest = cut(a, count * (size_t)op->in.channels * sizeof *op->highest);
        if (op->norm && op->main != ASL__MAIN_NONE)
            op->raw = cut(a, mid * asl__number_bytes(op->number));
    }
}

static void cut_norms(asl__plan *plan, arena *a)
{
    for (int32_t i = 0; i < plan->op_count; i++) {
        asl__op *op = &plan->ops[i];
        const size_t channels = (size_t)op->mid.channels;
        if (!op->norm)
            continue;
        op->scale = cut(a, channels * sizeof *op->scale);
        op->shift = cut(a, channels * sizeof *op->shift);
        op->mean = cut(a, channels * sizeof *op->mean);
        op->invstd = cut(a, channels * sizeof *op->invstd);
    }
}

static asl_status take_blocks(asl__plan *plan, const asl__plan_sizes *sizes, asl_error *err)
{
    arena maps = {0}, operands = {0}, choices = {0}, norms = {0};
    asl_status status;
    cut_maps(plan, sizes, &maps);
    cut_operands(plan, &operands);
    cut_choices(plan, &choices);
    cut_norms(plan, &norms);
    ASL__TRY(take(&plan->map_memory, maps.size, "activations; use a smaller batch", err));
    ASL__TRY(take(&plan->packed_memory, operands.size, "weights", err));
    ASL__TRY(take(&plan->choice_memory, choices.size, "activations; use a smaller batch", err));
    ASL__TRY(take(&plan->norm_memory, norms.size, "batch norms", err));
    cut_maps(plan, sizes, &(arena){plan->map_memory, 0});
    cut_operands(plan, &(arena){plan->packed_memory, 0});
    cut_choices(plan, &(arena){plan->choice_memory, 0});
    cut_norms(plan, &(arena){plan->norm_memory, 0});
    ASL__TRY(take(&plan->raw, sizes->raw, "activations; use a smaller batch", err));
    for (int32_t i = 0; i < plan->op_count; i++)
        if (plan->ops[i].raw == NULL)
            plan->ops[i].raw = plan->raw;
fail:
    return status;
}

/* ---- The rest ---- */

static asl_status take_for_training(asl__plan *plan, const asl__plan_sizes *sizes, asl_error *err)
{
    const size_t vector = plan->network->parameter_count * sizeof(float);
    const size_t count = (size_t)plan->max_batch;
    asl_status status;
    ASL__TRY(take(&plan->state[ASL__STATE_MOMENT1], vector, "the optimiser", err));
    ASL__TRY(take(&plan->state[ASL__STATE_MOMENT2], vector, "the optimiser", err));
    ASL__TRY(take(&plan->gradients, vector, "gradients", err));
    ASL__TRY(take(&plan->kinds, plan->network->parameter_count, "the optimiser", err));
    ASL__TRY(take(&plan->gradient[0], sizes->gradient, "gradients; use a smaller batch", err));
    ASL__TRY(take(&plan->gradient[1], sizes->gradient, "gradients; use a smaller batch", err));
    ASL__TRY(take(&plan->raw_gradient, sizes->raw_gradient, "gradients; use a smaller batch", err));
    ASL__TRY(take(&plan->filter_gradient, sizes->filter_gradient, "gradients", err));
    ASL__TRY(take(&plan->operand, sizes->operand, "gradients", err));
    ASL__TRY(take(&plan->partials, sizes->partials * sizeof *plan->partials, "sums", err));
    ASL__TRY(take(&plan->sums, ASL__MAX_CHANNELS * sizeof *plan->sums, "sums", err));
    ASL__TRY(take(&plan->products, ASL__MAX_CHANNELS * sizeof *plan->products, "sums", err));
    ASL__TRY(take(&plan->losses, count * sizeof *plan->losses, "losses", err));
    ASL__TRY(take(&plan->hits, count * sizeof *plan->hits, "losses", err));
    ASL__TRY(take(&plan->labels, count * sizeof *plan->labels, "labels", err));
    ASL__TRY(take(&plan->result, sizeof *plan->result, "losses", err));
    ASL__TRY(pin(&plan->staging.labels, count * sizeof *plan->staging.labels, err));
    ASL__TRY(pin(&plan->staging.step, sizeof *plan->staging.step, err));
    ASL__TRY(pin(&plan->staging.result, sizeof *plan->staging.result, err));
fail:
    return status;
}

/* Which parameters the optimiser changes, and how. */
static asl_status tell_kinds(asl__plan *plan, asl_error *err)
{
    const asl__network *network = plan->network;
    asl_status status = ASL_OK;
    uint8_t *kinds = asl__alloc(network->parameter_count);
    if (kinds == NULL)
        return asl__fail_memory(err, "a plan");
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl__tensor *tensor = &network->tensors[i];
        const int kind = (tensor->trained ? ASL__PARAMETER_TRAINED : 0) |
                         (tensor->decayed ? ASL__PARAMETER_DECAYED : 0);
        memset(kinds + tensor->offset, kind, tensor->count);
    }
    ASL__CUDA(cudaMemcpyAsync(plan->kinds, kinds, network->parameter_count, cudaMemcpyHostToDevice,
                              plan->device.stream));
    status = asl__device_wait(&plan->device, err);
fail:
    asl__free(kinds);
    return status;
}

asl_status asl__cuda_allocate(asl__plan *plan, asl_error *err)
{
    const asl__network *network = plan->network;
    const size_t count = (size_t)plan->max_batch;
    const size_t images = count * (size_t)network->input.height * (size_t)network->input.width * 3;
    asl__plan_sizes sizes;
    asl_status status;
    asl__cuda_sizes(&sizes, plan);
    ASL__TRY(take_blocks(plan, &sizes, err));
    ASL__TRY(take(&plan->workspace, sizes.workspace, "convolutions", err));
    ASL__TRY(take(&plan->images, images, "pictures; use a smaller batch", err));
    ASL__TRY(take(&plan->step, sizeof *plan->step, "a plan", err));
    ASL__TRY(take(&plan->state[ASL__STATE_PARAMETERS], network->parameter_count * sizeof(float),
                  "weights", err));
    ASL__TRY(pin(&plan->staging.images, images, err));
    ASL__TRY(pin(&plan->staging.logits, count * (size_t)network->classes * sizeof(float), err));
    if (plan->training) {
        ASL__TRY(take_for_training(plan, &sizes, err));
        ASL__TRY(tell_kinds(plan, err));
    }
fail:
    return status;
}

void asl__cuda_release(asl__plan *plan)
{
    void *const device[] = {
        plan->map_memory,  plan->packed_memory, plan->choice_memory,
        plan->norm_memory, plan->raw,           plan->gradient[0],
        plan->gradient[1], plan->raw_gradient,  plan->filter_gradient,
        plan->operand,     plan->partials,      plan->sums,
        plan->products,    plan->losses,        plan->hits,
        plan->labels,      plan->result,        plan->workspace,
        plan->images,      plan->step,          plan->state[0],
        plan->state[1],    plan->state[2],      plan->gradients,
        plan->kinds,
    };
    void *const pinned[] = {plan->staging.images, plan->staging.logits, plan->staging.labels,
                            plan->staging.step, plan->staging.result};
    for (size_t i = 0; i < sizeof device / sizeof *device; i++)
        asl__device_free(device[i]);
    for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++)
        asl__pinned_free(pinned[i]);
}
