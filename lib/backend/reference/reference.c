/* SPDX-License-Identifier: MIT */
/* The reference backend's side of the boundary: running a plan's layers forward and backward. */
#include "backend/reference/reference.h"

#include <stdio.h>
#include <string.h>

#include "backend/training.h"
#include "base/file.h"

static const struct {
    void (*forward)(const asl__operation *op);
    void (*backward)(const asl__operation *op);
} operations[] = {
    [ASL__LAYER_CONV2D] = {asl__reference_conv2d_forward, asl__reference_conv2d_backward},
    [ASL__LAYER_BATCH_NORM] = {asl__reference_batch_norm_forward,
                               asl__reference_batch_norm_backward},
    [ASL__LAYER_RELU] = {asl__reference_relu_forward, asl__reference_relu_backward},
    [ASL__LAYER_MAX_POOL] = {asl__reference_max_pool_forward, asl__reference_max_pool_backward},
    [ASL__LAYER_GLOBAL_POOL] = {asl__reference_global_pool_forward,
                                asl__reference_global_pool_backward},
    [ASL__LAYER_DROPOUT] = {asl__reference_dropout_forward, asl__reference_dropout_backward},
    [ASL__LAYER_DENSE] = {asl__reference_dense_forward, asl__reference_dense_backward},
};

/* Layer `index` with everything but its gradients in place. */
static asl__operation operation_of(asl__plan *plan, int32_t index, int32_t count,
                                   const asl__step_options *step)
{
    return (asl__operation){.pool = plan->pool,
                            .layer = &plan->network->layers[index],
                            .index = index,
                            .count = count,
                            .step = step,
                            .parameters = plan->state[ASL__STATE_PARAMETERS],
                            .gradients = plan->gradients,
                            .in = plan->activations[index],
                            .out = plan->activations[index + 1],
                            .statistics = plan->statistics[index],
                            .lanes = plan->lanes};
}

static void forward_layer(asl__plan *plan, int32_t index, int32_t count,
                          const asl__step_options *step)
{
    const asl__operation op = operation_of(plan, index, count, step);
    operations[op.layer->kind].forward(&op);
}

/* Returns the logits. `step` is NULL outside training. */
static const float *run_forward(asl__plan *plan, const uint8_t *images, int32_t count,
                                const asl__step_options *step)
{
    const asl__network *network = plan->network;

    asl__reference_input(plan->activations[0], plan->pool, network, images, count);
    for (int32_t i = 0; i < network->layer_count; i++)
        forward_layer(plan, i, count, step);
    return plan->activations[network->layer_count];
}

/* Leaves the gradient by the logits where the last layer looks for it. */
static asl__step_result find_loss(asl__plan *plan, const float *logits, const int32_t *labels,
                                  int32_t count, const asl__step_options *step)
{
    const asl__network *network = plan->network;
    float *gradient = plan->gradient_memory[network->layer_count % 2];
    asl__step_result result = {0.0, 0};

    for (int32_t i = 0; i < count; i++) {
        double loss;
        int32_t correct;
        asl__loss(gradient, &loss, &correct, logits, labels[i], network->classes, count,
                  step->label_smoothing);
        result.loss_sum += loss;
        result.correct += correct;
        logits += network->classes;
        gradient += network->classes;
    }
    return result;
}

/* Forward and backward: fills plan->gradients. */
static asl__step_result run_backward(asl__plan *plan, const uint8_t *images, const int32_t *labels,
                                     int32_t count, const asl__step_options *step)
{
    const asl__network *network = plan->network;
    const float *logits = run_forward(plan, images, count, step);
    const asl__step_result result = find_loss(plan, logits, labels, count, step);

    for (int32_t i = network->layer_count - 1; i >= plan->first_trained; i--) {
        asl__operation op = operation_of(plan, i, count, step);
        op.out_gradient = plan->gradient_memory[(i + 1) % 2];
        op.in_gradient = i > plan->first_trained ? plan->gradient_memory[i % 2] : NULL;
        operations[op.layer->kind].backward(&op);
    }
    for (int32_t i = 0; i < network->layer_count; i++) {
        if (network->layers[i].kind == ASL__LAYER_BATCH_NORM)
            asl__reference_batch_norm_report(plan->gradients, &network->layers[i],
                                             plan->statistics[i], count);
    }
    return result;
}

static int32_t probe(char *reason, size_t reason_size)
{
    snprintf(reason, reason_size, "plain loops, any processor");
    return 1;
}

static asl_status plan_set_state(asl__plan *plan, int32_t state, const float *values,
                                 asl_error *err)
{
    (void)err;
    memcpy(plan->state[state], values, plan->network->parameter_count * sizeof *values);
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
    const size_t values = (size_t)count * (size_t)plan->network->classes;
    (void)err;
    memcpy(logits, run_forward(plan, images, count, NULL), values * sizeof *logits);
    return ASL_OK;
}

static asl__op_time time_since(double started, int32_t layer, int32_t layer_count)
{
    return (asl__op_time){layer, layer_count, asl__clock_seconds() - started, "plain loops"};
}

static asl_status plan_forward_timed(float *logits, asl__op_time *times, int32_t *time_count,
                                     asl__plan *plan, const uint8_t *image, asl_error *err)
{
    const asl__network *network = plan->network;
    double started = asl__clock_seconds();
    (void)err;
    asl__reference_input(plan->activations[0], plan->pool, network, image, 1);
    times[0] = time_since(started, 0, 0);
    for (int32_t i = 0; i < network->layer_count; i++) {
        started = asl__clock_seconds();
        forward_layer(plan, i, 1, NULL);
        times[i + 1] = time_since(started, i, 1);
    }
    memcpy(logits, plan->activations[network->layer_count],
           (size_t)network->classes * sizeof *logits);
    *time_count = network->layer_count + 1;
    return ASL_OK;
}

static asl_status plan_train_step(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                  const int32_t *labels, int32_t count,
                                  const asl__step_options *options, asl_error *err)
{
    (void)err;
    *result = run_backward(plan, images, labels, count, options);
    asl__optimizer_step(plan->state, plan->gradients, plan->network, options, plan->pool);
    return ASL_OK;
}

static asl_status plan_gradients(float *gradients, asl__step_result *result, asl__plan *plan,
                                 const uint8_t *images, const int32_t *labels, int32_t count,
                                 const asl__step_options *options, asl_error *err)
{
    (void)err;
    *result = run_backward(plan, images, labels, count, options);
    memcpy(gradients, plan->gradients, plan->network->parameter_count * sizeof *gradients);
    return ASL_OK;
}

static asl_status plan_apply(asl__plan *plan, const float *gradients,
                             const asl__step_options *options, asl_error *err)
{
    (void)err;
    asl__optimizer_step(plan->state, gradients, plan->network, options, plan->pool);
    return ASL_OK;
}

static const char *plan_precision(const asl__plan *plan)
{
    (void)plan;
    return "fp32";
}

const asl__backend asl__backend_reference = {
    .abi = ASL__BACKEND_ABI,
    .name = "reference",
    .description = "plain loops in double precision, the yardstick of all others",
    .probe = probe,
    .plan_create = asl__reference_plan_create,
    .plan_destroy = asl__reference_plan_destroy,
    .plan_precision = plan_precision,
    .plan_set_state = plan_set_state,
    .plan_get_state = plan_get_state,
    .plan_forward = plan_forward,
    .plan_forward_timed = plan_forward_timed,
    .plan_train_step = plan_train_step,
    .plan_gradients = plan_gradients,
    .plan_apply = plan_apply,
};
