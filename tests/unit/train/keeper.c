/* SPDX-License-Identifier: MIT */
/* See keeper.h. */
#include "unit/train/keeper.h"

#include <math.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "base/error.h"
#include "support/support.h"

keeper_state keeper;

void keeper_reset(void)
{
    keeper = (keeper_state){.keep_status = ASL_OK};
}

/* Copies, so that reading what is not the plan's any more is noticed. */
struct asl__plan {
    asl__plan *inner; /* of the reference */
    size_t image_bytes;
    int32_t max_batch;
    uint8_t *images, *batch;
    int32_t *labels, *batch_labels;
    int64_t count;
};

#define INNER asl__backend_reference

static int32_t probe(char *reason, size_t reason_size)
{
    return INNER.probe(reason, reason_size);
}

static void drop(asl__plan *plan)
{
    free(plan->images);
    free(plan->labels);
    plan->images = NULL;
    plan->labels = NULL;
    plan->count = 0;
}

static void plan_destroy(asl__plan *plan)
{
    if (plan == NULL)
        return;
    drop(plan);
    INNER.plan_destroy(plan->inner);
    free(plan->batch);
    free(plan->batch_labels);
    free(plan);
}

static asl_status plan_create(asl__plan **out, const asl__network *network,
                              const asl__plan_options *options, asl_error *err)
{
    asl__plan *inner = NULL;
    *out = NULL;
    const asl_status status = INNER.plan_create(&inner, network, options, err);
    if (status < 0)
        return status;
    asl__plan *plan = calloc(1, sizeof *plan);
    assert_non_null(plan);
    plan->inner = inner;
    plan->image_bytes = (size_t)network->input.height * (size_t)network->input.width * 3;
    plan->max_batch = options->max_batch;
    plan->batch = malloc(plan->image_bytes * (size_t)options->max_batch);
    plan->batch_labels = malloc(sizeof(int32_t) * (size_t)options->max_batch);
    assert_non_null(plan->batch);
    assert_non_null(plan->batch_labels);
    *out = plan;
    return ASL_OK;
}

static const char *plan_precision(const asl__plan *plan)
{
    return INNER.plan_precision(plan->inner);
}

static asl_status plan_set_state(asl__plan *plan, int32_t state, const float *values,
                                 asl_error *err)
{
    return INNER.plan_set_state(plan->inner, state, values, err);
}

static asl_status plan_get_state(float *values, asl__plan *plan, int32_t state, asl_error *err)
{
    return INNER.plan_get_state(values, plan->inner, state, err);
}

static asl_status plan_forward(float *logits, asl__plan *plan, const uint8_t *images, int32_t count,
                               asl_error *err)
{
    return INNER.plan_forward(logits, plan->inner, images, count, err);
}

static asl_status plan_train_step(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                  const int32_t *labels, int32_t count,
                                  const asl__step_options *options, asl_error *err)
{
    keeper.loose++;
    return INNER.plan_train_step(result, plan->inner, images, labels, count, options, err);
}

static asl_status plan_gradients(float *gradients, asl__step_result *result, asl__plan *plan,
                                 const uint8_t *images, const int32_t *labels, int32_t count,
                                 const asl__step_options *options, asl_error *err)
{
    return INNER.plan_gradients(gradients, result, plan->inner, images, labels, count, options,
                                err);
}

static asl_status plan_apply(asl__plan *plan, const float *gradients,
                             const asl__step_options *options, asl_error *err)
{
    return INNER.plan_apply(plan->inner, gradients, options, err);
}

/* ---- Keeping ---- */

static asl_status plan_keep(asl__plan *plan, const uint8_t *images, const int64_t *places,
                            const int32_t *labels, int64_t count, asl_error *err)
{
    const size_t bytes = plan->image_bytes;
    drop(plan);
    keeper.keeps++;
    keeper.kept = count;
    if (keeper.keep_status < 0)
        return asl__fail(err, keeper.keep_status, "the data set is not kept");
    plan->count = count;
    plan->images = malloc(bytes * (size_t)count);
    plan->labels = malloc(sizeof *labels * (size_t)count);
    assert_non_null(plan->images);
    assert_non_null(plan->labels);
    memcpy(plan->labels, labels, sizeof *labels * (size_t)count);
    for (int64_t i = 0; i < count; i++)
        memcpy(plan->images + (size_t)i * bytes, images + (size_t)places[i] * bytes, bytes);
    return ASL_OK;
}

static asl_status take_step(asl__step_result *result, asl__plan *plan, const int64_t *order,
                            int32_t count, const asl__step_options *options, asl_error *err)
{
    const size_t bytes = plan->image_bytes;
    if (++keeper.steps == keeper.fail_at)
        return asl__fail(err, ASL_ERR_SYSTEM, "step %lld fails", (long long)keeper.fail_at);
    assert_in_range(count, 1, plan->max_batch);
    for (int32_t i = 0; i < count; i++) {
        assert_in_range(order[i], 0, plan->count - 1);
        memcpy(plan->batch + (size_t)i * bytes, plan->images + (size_t)order[i] * bytes, bytes);
        plan->batch_labels[i] = plan->labels[order[i]];
    }
    if (keeper.steps == keeper.stop_at)
        asl_trainer_request_stop(keeper.trainer);
    keeper.now += keeper.step_seconds;
    const asl_status status = INNER.plan_train_step(result, plan->inner, plan->batch,
                                                    plan->batch_labels, count, options, err);
    if (keeper.steps == keeper.infinite_at)
        result->loss_sum = (double)INFINITY;
    return status;
}

static asl_status plan_train_kept(asl__step_result *results, int32_t *steps_done, asl__plan *plan,
                                  const int64_t *order, int64_t picture_count, int32_t batch,
                                  const asl__step_options *options, int32_t step_count,
                                  asl_error *err)
{
    asl_status status = ASL_OK;
    assert_non_null(plan->images);
    assert_in_range(step_count, 1, ASL__MAX_KEPT_STEPS);
    assert_in_range(picture_count, (int64_t)(step_count - 1) * batch + 1,
                    (int64_t)step_count * batch);
    assert_in_range(keeper.calls, 0, KEEPER_MOST_CALLS - 1);
    keeper.lengths[keeper.calls++] = step_count;
    *steps_done = 0;
    for (int32_t i = 0; i < step_count && status == ASL_OK; i++) {
        const int64_t at = (int64_t)i * batch, left = picture_count - at;
        status = take_step(&results[i], plan, order + at, left < batch ? (int32_t)left : batch,
                           &options[i], err);
        *steps_done += status == ASL_OK;
    }
    return status;
}

static const asl__backend backend = {
    .abi = ASL__BACKEND_ABI,
    .name = "keeper",
    .description = "keeps data sets, for tests",
    .probe = probe,
    .plan_create = plan_create,
    .plan_destroy = plan_destroy,
    .plan_precision = plan_precision,
    .plan_set_state = plan_set_state,
    .plan_get_state = plan_get_state,
    .plan_forward = plan_forward,
    .plan_train_step = plan_train_step,
    .plan_gradients = plan_gradients,
    .plan_apply = plan_apply,
    .plan_keep = plan_keep,
    .plan_train_kept = plan_train_kept,
};

/* ---- In the way of the trainer ---- */

asl_status __real_asl__backend_find(const asl__backend **out, char *chosen, size_t chosen_size,
                                    const char *name, asl_error *err);
asl_status __wrap_asl__backend_find(const asl__backend **out, char *chosen, size_t chosen_size,
                                    const char *name, asl_error *err);
double __wrap_asl__clock_seconds(void);

asl_status __wrap_asl__backend_find(const asl__backend **out, char *chosen, size_t chosen_size,
                                    const char *name, asl_error *err)
{
    if (name == NULL || strcmp(name, backend.name) != 0)
        return __real_asl__backend_find(out, chosen, chosen_size, name, err);
    snprintf(chosen, chosen_size, "%s (as asked)", name);
    *out = &backend;
    return ASL_OK;
}

double __wrap_asl__clock_seconds(void)
{
    return keeper.now;
}
