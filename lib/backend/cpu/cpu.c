/* SPDX-License-Identifier: MIT */
/* The cpu backend's side of the boundary. */
#include <stdio.h>
#include <string.h>

#include "backend/cpu/run.h"
#include "backend/training.h"
#include "base/alloc.h"
#include "base/error.h"

static int32_t probe(char *reason, size_t reason_size)
{
    asl__cpu_kernels kernels;
    asl__cpu_kernels_find(&kernels, NULL, NULL);
    snprintf(reason, reason_size, "%s", kernels.isa);
    return 1;
}

static void plan_destroy(asl__plan *plan)
{
    if (plan == NULL)
        return;
    asl__pool_free(plan->pool);
    asl__free(plan->values_memory);
    asl__free(plan->choices_memory);
    asl__free(plan->gradient_memory);
    for (int32_t i = 0; plan->lanes != NULL && i < plan->lane_count; i++) {
        asl__free(plan->lanes[i].gradients);
        asl__free(plan->lanes[i].statistics);
    }
    for (int32_t i = 0; plan->works != NULL && i < plan->work_count; i++) {
        asl__workspace *work = &plan->works[i];
        asl__free(work->tiles);
        asl__free(work->products);
        asl__free(work->bordered);
        asl__free(work->rows);
        asl__free(work->spread);
        asl__free(work->entries);
    }
    for (int32_t i = 0; i < 3; i++)
        asl__free(plan->state[i]);
    asl__free(plan->slots);
    asl__free(plan->lanes);
    asl__free(plan->works);
    asl__free(plan->gradients);
    asl__free(plan->packed);
    asl__free(plan->statistics);
    asl__free(plan->losses);
    asl__free(plan->hits);
    asl__free(plan);
}

static bool take(void *out, size_t count, size_t size)
{
    void *memory = asl__alloc_array(count, size);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL;
}

/* Each kind of memory is one block for all slots, so that a batch too large fails at once. */
static bool allocate_slots(asl__plan *plan)
{
    const size_t slots = (size_t)plan->slot_count;
    if (!take(&plan->values_memory, slots, plan->values_size * sizeof(float)) ||
        !take(&plan->slots, slots, sizeof *plan->slots))
        return false;
    if (plan->training &&
        (!take(&plan->choices_memory, slots, plan->choices_size) ||
         !take(&plan->gradient_memory, slots, 2 * plan->map_size * sizeof(float))))
        return false;
    for (size_t i = 0; i < slots; i++) {
        asl__slot *slot = &plan->slots[i];
        slot->values = plan->values_memory + i * plan->values_size;
        if (!plan->training)
            continue;
        slot->choices = plan->choices_memory + i * plan->choices_size;
        slot->gradient[0] = plan->gradient_memory + 2 * i * plan->map_size;
        slot->gradient[1] = slot->gradient[0] + plan->map_size;
    }
    return true;
}

static bool allocate_work(const asl__plan *plan, asl__workspace *work)
{
    return take(&work->tiles, plan->tiles_size, sizeof(float)) &&
           take(&work->products, plan->products_size, sizeof(float)) &&
           take(&work->bordered, (plan->waits ? ASL__CPU_TOGETHER : 1) * plan->bordered_size,
                sizeof(float)) &&
           take(&work->rows, plan->rows_size, sizeof(float)) &&
           (!plan->training || (take(&work->spread, plan->spread_size, sizeof(float)) &&
                                take(&work->entries, plan->entries_size, sizeof(asl__entry))));
}

static bool allocate_lane(const asl__plan *plan, asl__lane *lane)
{
    return take(&lane->statistics, plan->statistics_size, sizeof(double)) &&
           (!plan->training || take(&lane->gradients, plan->gradients_size, sizeof(float)));
}

static bool allocate(asl__plan *plan)
{
    const size_t parameters = plan->network->parameter_count;
    if (!allocate_slots(plan) ||
        !take(&plan->lanes, (size_t)plan->lane_count, sizeof *plan->lanes) ||
        !take(&plan->works, (size_t)plan->work_count, sizeof *plan->works) ||
        !take(&plan->state[ASL__STATE_PARAMETERS], parameters, sizeof(float)) ||
        !take(&plan->packed, plan->packed_size, sizeof(float)))
        return false;
    for (int32_t i = 0; i < plan->lane_count; i++)
        if (!allocate_lane(plan, &plan->lanes[i]))
            return false;
    for (int32_t i = 0; i < plan->work_count; i++)
        if (!allocate_work(plan, &plan->works[i]))
            return false;
    return !plan->training || (take(&plan->state[ASL__STATE_MOMENT1], parameters, sizeof(float)) &&
                               take(&plan->state[ASL__STATE_MOMENT2], parameters, sizeof(float)) &&
                               take(&plan->gradients, parameters, sizeof(float)) &&
                               take(&plan->statistics, plan->statistics_size, sizeof(double)) &&
                               take(&plan->losses, (size_t)plan->max_batch, sizeof(double)) &&
                               take(&plan->hits, (size_t)plan->max_batch, sizeof(int32_t)));
}

static bool has_batch_norm(const asl__network *network)
{
    for (int32_t i = 0; i < network->layer_count; i++)
        if (network->layers[i].kind == ASL__LAYER_BATCH_NORM)
            return true;
    return false;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* bfloat16 without instructions for it would only be slow: it has to be asked for by naming a level
 * that has none. */
static asl_status choose_precision(asl__plan *plan, const asl__plan_options *options,
                                   asl_error *err)
{
    const char *precision = options->precision;
    const bool best = options->isa == NULL || strcmp(options->isa, "auto") == 0;
    if (precision == NULL || strcmp(precision, "auto") == 0 || strcmp(precision, "fp32") == 0)
        return ASL_OK;
    if (strcmp(precision, "bf16") != 0)
        return asl__fail(err, ASL_ERR_ARG,
                         "unknown precision '%.40s'; the cpu backend has auto, fp32, bf16",
                         precision);
    if (best && plan->kernels.bf16 == ASL__BF16_EMULATED)
        return asl__fail(err, ASL_ERR_BACKEND,
                         "precision 'bf16' needs AVX512-BF16 or AMX-BF16, which this processor "
                         "does not have; use fp32, or isa %s to emulate it slowly",
                         plan->kernels.isa);
    plan->bf16 = 1;
    return ASL_OK;
}

static asl_status plan_create(asl__plan **out, const asl__network *network,
                              const asl__plan_options *options, asl_error *err)
{
    asl_status status;
    asl__plan *plan = asl__alloc(sizeof *plan);
    *out = NULL;
    if (plan == NULL)
        return asl__fail_memory(err, "a plan");
    plan->network = network;
    plan->max_batch = options->max_batch;
    plan->training = options->training != 0;
    plan->stale = 1;
    ASL__TRY(asl__cpu_kernels_find(&plan->kernels, options->isa, err));
    ASL__TRY(choose_precision(plan, options, err));
    plan->waits = plan->training && has_batch_norm(network);
    plan->work_count = options->threads;
    plan->lane_count = plan->training ? ASL__CPU_LANES : plan->work_count;
    plan->slot_count = plan->waits ? larger(plan->max_batch, plan->work_count) : plan->work_count;
    asl__cpu_compile(plan);
    if (!allocate(plan)) {
        status = asl__fail_memory(err, "a plan's activations; use a smaller batch");
        goto fail;
    }
    ASL__TRY(asl__pool_create(&plan->pool, options->threads, err));
    *out = plan;
    return ASL_OK;
fail:
    plan_destroy(plan);
    return status;
}

static const char *plan_detail(const asl__plan *plan)
{
    return plan->kernels.isa;
}

static const char *plan_precision(const asl__plan *plan)
{
    return plan->bf16 ? "bf16" : "fp32";
}

static asl_status plan_set_state(asl__plan *plan, int32_t state, const float *values,
                                 asl_error *err)
{
    (void)err;
    memcpy(plan->state[state], values, plan->network->parameter_count * sizeof *values);
    plan->stale = 1;
    return ASL_OK;
}

static asl_status plan_get_state(float *values, asl__plan *plan, int32_t state, asl_error *err)
{
    (void)err;
    memcpy(values, plan->state[state], plan->network->parameter_count * sizeof *values);
    return ASL_OK;
}

static asl_status plan_forward(float *logits, asl__plan *plan, const uint8_t *images, int32_t count,
                               asl_error *err)
{
    (void)err;
    asl__cpu_pack(plan);
    asl__cpu_run_forward(plan, logits, images, count);
    return ASL_OK;
}

/* Leaves the gradients and the batch's statistics in plan->gradients. */
static asl__step_result run_batch(asl__plan *plan, const uint8_t *images, const int32_t *labels,
                                  int32_t count, const asl__step_options *options)
{
    asl__cpu_pack(plan);
    const asl__step_result result = asl__cpu_run_training(plan, images, labels, count, options);
    for (int32_t i = 0; i < plan->op_count; i++)
        if (plan->ops[i].kind == ASL__OP_BATCH_NORM)
            asl__cpu_batch_norm_report(plan, &plan->ops[i], count);
    return result;
}

static asl_status plan_apply(asl__plan *plan, const float *gradients,
                             const asl__step_options *options, asl_error *err)
{
    (void)err;
    asl__optimizer_step(plan->state, gradients, plan->network, options, plan->pool);
    plan->stale = 1;
    return ASL_OK;
}

static asl_status plan_train_step(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                  const int32_t *labels, int32_t count,
                                  const asl__step_options *options, asl_error *err)
{
    *result = run_batch(plan, images, labels, count, options);
    return plan_apply(plan, plan->gradients, options, err);
}

static asl_status plan_gradients(float *gradients, asl__step_result *result, asl__plan *plan,
                                 const uint8_t *images, const int32_t *labels, int32_t count,
                                 const asl__step_options *options, asl_error *err)
{
    (void)err;
    *result = run_batch(plan, images, labels, count, options);
    memcpy(gradients, plan->gradients, plan->network->parameter_count * sizeof *gradients);
    return ASL_OK;
}

const asl__backend asl__backend_cpu = {
    .abi = ASL__BACKEND_ABI,
    .name = "cpu",
    .description = "vector kernels chosen for the processor at run time",
    .probe = probe,
    .plan_create = plan_create,
    .plan_destroy = plan_destroy,
    .plan_detail = plan_detail,
    .plan_precision = plan_precision,
    .plan_set_state = plan_set_state,
    .plan_get_state = plan_get_state,
    .plan_forward = plan_forward,
    .plan_forward_timed = asl__cpu_forward_timed,
    .plan_train_step = plan_train_step,
    .plan_gradients = plan_gradients,
    .plan_apply = plan_apply,
};
