/* SPDX-License-Identifier: MIT */
/* Making a plan: all memory that running it will need. */
#include "backend/reference/reference.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

/* Floats of activation memory for one picture. */
static size_t activation_floats(const asl__network *network, bool training)
{
    size_t floats = asl__reference_volume(network->input);
    if (!training)
        return 2 * (size_t)network->largest_activation;
    for (int32_t i = 0; i < network->layer_count; i++)
        floats += asl__reference_volume(network->layers[i].out);
    return floats;
}

/* Gives every activation its place: one after the other, or in two buffers by turns. */
static void place_activations(asl__plan *plan, bool training)
{
    const asl__network *network = plan->network;
    const size_t batch = (size_t)plan->max_batch;
    const size_t largest = (size_t)network->largest_activation;
    size_t next = asl__reference_volume(network->input);

    plan->activations[0] = plan->activation_memory;
    for (int32_t i = 0; i < network->layer_count; i++) {
        const size_t turn = i % 2 == 0 ? largest : 0;
        plan->activations[i + 1] = plan->activation_memory + (training ? next : turn) * batch;
        next += asl__reference_volume(network->layers[i].out);
    }
}

static void *allocate_for_batch(int32_t batch, size_t floats)
{
    size_t count;
    return asl__mul_size(&count, (size_t)batch, floats) ? asl__alloc_array(count, sizeof(float))
                                                        : NULL;
}

/* Working memory of the convolutions, which take turns. */
static bool allocate_lanes(asl__plan *plan)
{
    size_t largest = 0;
    for (int32_t i = 0; i < plan->network->layer_count; i++) {
        const asl__layer *layer = &plan->network->layers[i];
        const size_t doubles =
            layer->kind == ASL__LAYER_CONV2D ? asl__reference_conv2d_scratch(layer) : 0;
        largest = doubles > largest ? doubles : largest;
    }
    plan->lanes = asl__alloc_array(largest, sizeof *plan->lanes);
    return plan->lanes != NULL;
}

static bool allocate_statistics(asl__plan *plan)
{
    const asl__network *network = plan->network;
    size_t doubles = 0;
    for (int32_t i = 0; i < network->layer_count; i++) {
        if (network->layers[i].kind == ASL__LAYER_BATCH_NORM)
            doubles += 2 * (size_t)network->layers[i].in.channels;
    }
    plan->statistics_memory = asl__alloc_array(doubles, sizeof *plan->statistics_memory);
    if (plan->statistics_memory == NULL)
        return false;
    double *next = plan->statistics_memory;
    for (int32_t i = 0; i < network->layer_count; i++) {
        plan->statistics[i] = next;
        if (network->layers[i].kind == ASL__LAYER_BATCH_NORM)
            next += 2 * (size_t)network->layers[i].in.channels;
    }
    return true;
}

/* What only training needs. */
static bool allocate_training(asl__plan *plan)
{
    const size_t parameters = plan->network->parameter_count;
    const size_t largest = (size_t)plan->network->largest_activation;

    plan->state[ASL__STATE_MOMENT1] = asl__alloc_array(parameters, sizeof(float));
    plan->state[ASL__STATE_MOMENT2] = asl__alloc_array(parameters, sizeof(float));
    plan->gradients = asl__alloc_array(parameters, sizeof(float));
    plan->gradient_memory[0] = allocate_for_batch(plan->max_batch, largest);
    plan->gradient_memory[1] = allocate_for_batch(plan->max_batch, largest);
    return plan->state[ASL__STATE_MOMENT1] != NULL && plan->state[ASL__STATE_MOMENT2] != NULL &&
           plan->gradients != NULL && plan->gradient_memory[0] != NULL &&
           plan->gradient_memory[1] != NULL && allocate_statistics(plan);
}

static bool allocate(asl__plan *plan, bool training)
{
    const asl__network *network = plan->network;

    plan->state[ASL__STATE_PARAMETERS] = asl__alloc_array(network->parameter_count, sizeof(float));
    plan->activation_memory =
        allocate_for_batch(plan->max_batch, activation_floats(network, training));
    return plan->state[ASL__STATE_PARAMETERS] != NULL && plan->activation_memory != NULL &&
           allocate_lanes(plan) && (!training || allocate_training(plan));
}

static int32_t find_first_trained(const asl__network *network)
{
    int32_t i = 0;
    while (network->layers[i].parameter_count == 0)
        i++; /* ends at the latest at the last layer, which is dense */
    return i;
}

static bool is_auto(const char *choice)
{
    return choice == NULL || strcmp(choice, "auto") == 0;
}

static asl_status check_options(const asl__plan_options *options, asl_error *err)
{
    if (!is_auto(options->isa))
        return asl__fail(err, ASL_ERR_ARG,
                         "the reference backend has no isa '%.40s'; leave it at auto",
                         options->isa);
    if (!is_auto(options->precision) && strcmp(options->precision, "fp32") != 0)
        return asl__fail(err, ASL_ERR_ARG,
                         "the reference backend has no precision '%.40s', only fp32",
                         options->precision);
    return ASL_OK;
}

asl_status asl__reference_plan_create(asl__plan **out, const asl__network *network,
                                      const asl__plan_options *options, asl_error *err)
{
    const bool training = options->training != 0;
    asl_status status = ASL_OK;
    asl__plan *plan = asl__alloc(sizeof *plan);

    *out = NULL;
    ASL__TRY(check_options(options, err));
    if (plan == NULL)
        return asl__fail_memory(err, "a plan");
    plan->network = network;
    plan->max_batch = options->max_batch;
    plan->first_trained = find_first_trained(network);
    if (!allocate(plan, training)) {
        status = asl__fail_memory(err, "a plan's activations; use a smaller batch");
        goto fail;
    }
    ASL__TRY(asl__pool_create(&plan->pool, options->threads, err));
    place_activations(plan, training);
    *out = plan;
    return ASL_OK;
fail:
    asl__reference_plan_destroy(plan);
    return status;
}

void asl__reference_plan_destroy(asl__plan *plan)
{
    if (plan == NULL)
        return;
    asl__pool_free(plan->pool);
    for (int32_t i = 0; i < 3; i++)
        asl__free(plan->state[i]);
    asl__free(plan->gradients);
    asl__free(plan->activation_memory);
    asl__free(plan->gradient_memory[0]);
    asl__free(plan->gradient_memory[1]);
    asl__free(plan->statistics_memory);
    asl__free(plan->lanes);
    asl__free(plan);
}
