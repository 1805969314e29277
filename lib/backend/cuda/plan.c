/* SPDX-License-Identifier: MIT */
/* The cuda backend's side of the boundary. */
#include "backend/cuda/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* Candidates per convolution that are run and timed when a plan is made. Which one wins may differ
 * from process to process, and with it the last bits: training, which promises the same bits to a
 * run that was resumed, takes the first that the heuristics name. */
enum { CANDIDATES = 4 };

static int32_t probe(char *reason, size_t reason_size)
{
    return asl__device_probe(reason, reason_size);
}

/* ---- Making one ---- */

static void plan_destroy(asl__plan *plan)
{
    if (plan == NULL)
        return;
    if (plan->device.stream != NULL) {
        asl__device_use(&plan->device, NULL);
        asl__device_wait(&plan->device, NULL);
    }
    asl__cuda_forget_recordings(plan);
    asl__cuda_drop_kept(plan);
    for (int32_t i = 0; i < plan->op_count; i++) {
        asl__conv_free(plan->ops[i].forward);
        asl__conv_free(plan->ops[i].fused);
        asl__conv_free(plan->ops[i].back_data);
        asl__conv_free(plan->ops[i].back_filter);
    }
    asl__cuda_release(plan);
    asl__device_close(&plan->device);
    asl__free(plan);
}

static asl_status choose_precision(asl__plan *plan, const char *precision, asl_error *err)
{
    const bool is_default = precision == NULL || strcmp(precision, "auto") == 0;
    if (is_default || strcmp(precision, "tf32") == 0)
        return ASL_OK;
    if (strcmp(precision, "fp32") == 0)
        plan->exact = true;
    else if (strcmp(precision, "bf16") == 0)
        plan->number = ASL__BF16;
    else
        return asl__fail(err, ASL_ERR_ARG,
                         "unknown precision '%.40s'; the cuda backend has auto, tf32, fp32, bf16",
                         precision);
    return ASL_OK;
}

static asl_status check_isa(const char *isa, asl_error *err)
{
    if (isa == NULL || strcmp(isa, "auto") == 0)
        return ASL_OK;
    return asl__fail(err, ASL_ERR_BACKEND,
                     "instruction set '%.40s' is for the cpu backend; cuda takes auto", isa);
}

static asl_status check_numbers(const asl__plan *plan, asl_error *err)
{
    if (plan->number != ASL__BF16 || plan->device.major >= 8)
        return ASL_OK;
    return asl__fail(err, ASL_ERR_BACKEND,
                     "precision 'bf16' needs compute capability 8.0 or later, %s has %d.%d; use "
                     "fp32",
                     plan->device.name, plan->device.major, plan->device.minor);
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
    plan->records = true;
    plan->stale = true;
    ASL__TRY(check_isa(options->isa, err));
    ASL__TRY(choose_precision(plan, options->precision, err));
    ASL__TRY(asl__device_open(&plan->device, err));
    ASL__TRY(check_numbers(plan, err));
    asl__cuda_compile(plan);
    ASL__TRY(asl__cuda_check_size(plan, err));
    const asl__conv_target target = {.device = &plan->device,
                                     .time_candidates = plan->training ? 0 : CANDIDATES};
    ASL__TRY(asl__cuda_choose(plan, &target, err));
    ASL__TRY(asl__cuda_allocate(plan, err));
    ASL__TRY(asl__device_wait(&plan->device, err));
    *out = plan;
    return ASL_OK;
fail:
    plan_destroy(plan);
    return status;
}

static const char *plan_detail(const asl__plan *plan)
{
    return plan->device.name;
}

static const char *plan_precision(const asl__plan *plan)
{
    if (plan->number == ASL__BF16)
        return "bf16";
    return plan->exact ? "fp32" : "tf32";
}

/* ---- State ---- */

static asl_status plan_set_state(asl__plan *plan, int32_t state, const float *values,
                                 asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__CUDA(cudaMemcpyAsync(plan->state[state], values,
                              plan->network->parameter_count * sizeof *values,
                              cudaMemcpyHostToDevice, plan->device.stream));
    plan->stale = true;
    return asl__device_wait(&plan->device, err);
fail:
    return status;
}

static asl_status copy_back(float *values, asl__plan *plan, const float *from, asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__CUDA(cudaMemcpyAsync(values, from, plan->network->parameter_count * sizeof *values,
                              cudaMemcpyDeviceToHost, plan->device.stream));
    return asl__device_wait(&plan->device, err);
fail:
    return status;
}

static asl_status plan_get_state(float *values, asl__plan *plan, int32_t state, asl_error *err)
{
    return copy_back(values, plan, plan->state[state], err);
}

/* ---- Running ---- */

static void stage_images(asl__plan *plan, const uint8_t *images, int32_t count)
{
    const asl__shape in = plan->network->input;
    memcpy(plan->staging.images, images, (size_t)count * (size_t)in.height * (size_t)in.width * 3);
}

static asl_status refresh(asl__plan *plan, asl_error *err)
{
    asl_status status = ASL_OK;
    if (plan->stale)
        ASL__TRY(asl__cuda_pack(plan, err));
    plan->stale = false;
fail:
    return status;
}

static asl_status plan_forward(float *logits, asl__plan *plan, const uint8_t *images, int32_t count,
                               asl_error *err)
{
    asl_status status;
    stage_images(plan, images, count);
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__TRY(refresh(plan, err));
    ASL__TRY(asl__cuda_work(plan, ASL__WORK_FORWARD, count, err));
    ASL__TRY(asl__device_wait(&plan->device, err));
    memcpy(logits, plan->staging.logits,
           (size_t)count * (size_t)plan->network->classes * sizeof *logits);
fail:
    return status;
}

/* A batch of the host's, forward and backward, with or without the optimiser's step. */
static asl_status run_batch(asl__step_result *result, asl__plan *plan, int32_t work,
                            const uint8_t *images, const int32_t *labels, int32_t count,
                            const asl__step_options *options, asl_error *err)
{
    asl_status status;
    asl__cuda_set_optimizer(plan, options);
    stage_images(plan, images, count);
    memcpy(plan->staging.labels, labels, (size_t)count * sizeof *labels);
    *plan->staging.step = asl__cuda_device_step(options, count);
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__TRY(asl__cuda_work(plan, work, count, err));
    ASL__TRY(asl__device_wait(&plan->device, err));
    result->loss_sum = plan->staging.result->loss_sum;
    result->correct = plan->staging.result->correct;
fail:
    return status;
}

static asl_status plan_train_step(asl__step_result *result, asl__plan *plan, const uint8_t *images,
                                  const int32_t *labels, int32_t count,
                                  const asl__step_options *options, asl_error *err)
{
    return run_batch(result, plan, ASL__WORK_STEP, images, labels, count, options, err);
}

static asl_status plan_gradients(float *gradients, asl__step_result *result, asl__plan *plan,
                                 const uint8_t *images, const int32_t *labels, int32_t count,
                                 const asl__step_options *options, asl_error *err)
{
    asl_status status;
    ASL__TRY(run_batch(result, plan, ASL__WORK_GRADIENTS, images, labels, count, options, err));
    return copy_back(gradients, plan, plan->gradients, err);
fail:
    return status;
}

static asl_status plan_apply(asl__plan *plan, const float *gradients,
                             const asl__step_options *options, asl_error *err)
{
    asl_status status;
    asl__cuda_set_optimizer(plan, options);
    *plan->staging.step = asl__cuda_device_step(options, 0);
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__CUDA(cudaMemcpyAsync(plan->step, plan->staging.step, sizeof *plan->step,
                              cudaMemcpyHostToDevice, plan->device.stream));
    ASL__CUDA(cudaMemcpyAsync(plan->gradients, gradients,
                              plan->network->parameter_count * sizeof *gradients,
                              cudaMemcpyHostToDevice, plan->device.stream));
    plan->stale = true;
    ASL__TRY(asl__cuda_apply(plan, err));
    return asl__device_wait(&plan->device, err);
fail:
    return status;
}

/* ---- Timing ---- */

static const char *method_of(const asl__op *op)
{
    switch (op->main) {
    case ASL__MAIN_CONV:
        return asl__conv_engine(op->fused ? op->fused : op->forward);
    case ASL__MAIN_DENSE:
        return "cublas";
    default:
        return "own kernel";
    }
}

/* One operation between two events; waits for it. index -1 is the input. */
static asl_status time_op(asl__op_time *time, asl__plan *plan, int32_t index,
                          const cudaEvent_t event[2], asl_error *err)
{
    const asl__op *op = index < 0 ? NULL : &plan->ops[index];
    float milliseconds = 0;
    asl_status status;
    ASL__CUDA(cudaEventRecord(event[0], plan->device.stream));
    if (op == NULL)
        ASL__TRY(asl__cuda_input_op(plan, 1, false, err));
    else
        ASL__TRY(asl__cuda_forward_op(plan, index, 1, false, err));
    ASL__CUDA(cudaEventRecord(event[1], plan->device.stream));
    ASL__TRY(asl__device_wait(&plan->device, err));
    ASL__CUDA(cudaEventElapsedTime(&milliseconds, event[0], event[1]));
    *time = (asl__op_time){.layer = op ? op->layer : 0,
                           .layer_count = op ? op->layer_count : 0,
                           .seconds = (double)milliseconds * 1e-3};
    snprintf(time->method, sizeof time->method, "%s", op ? method_of(op) : "own kernel");
fail:
    return status;
}

static asl_status plan_forward_timed(float *logits, asl__op_time *times, int32_t *time_count,
                                     asl__plan *plan, const uint8_t *image, asl_error *err)
{
    const size_t bytes = (size_t)plan->network->classes * sizeof *logits;
    cudaEvent_t event[2] = {NULL, NULL};
    asl_status status;
    /* Stages the picture and the operands. */
    ASL__TRY(plan_forward(logits, plan, image, 1, err));
    for (int i = 0; i < 2; i++)
        ASL__CUDA(cudaEventCreate(&event[i]));
    for (int32_t i = -1; i < plan->op_count; i++)
        ASL__TRY(time_op(&times[i + 1], plan, i, event, err));
    ASL__CUDA(cudaMemcpyAsync(plan->staging.logits, plan->maps[plan->op_count], bytes,
                              cudaMemcpyDeviceToHost, plan->device.stream));
    ASL__TRY(asl__device_wait(&plan->device, err));
    memcpy(logits, plan->staging.logits, bytes);
    *time_count = plan->op_count + 1;
fail:
    for (int i = 0; i < 2; i++)
        if (event[i] != NULL)
            cudaEventDestroy(event[i]);
    return status;
}

const asl__backend asl__backend_cuda = {
    .abi = ASL__BACKEND_ABI,
    .name = "cuda",
    .description = "NVIDIA GPUs through cuDNN and cuBLAS",
    .probe = probe,
    .plan_create = plan_create,
    .plan_destroy = plan_destroy,
    .plan_detail = plan_detail,
    .plan_precision = plan_precision,
    .plan_set_state = plan_set_state,
    .plan_get_state = plan_get_state,
    .plan_forward = plan_forward,
    .plan_forward_timed = plan_forward_timed,
    .plan_train_step = plan_train_step,
    .plan_gradients = plan_gradients,
    .plan_apply = plan_apply,
    .plan_keep = asl__cuda_keep,
    .plan_train_kept = asl__cuda_train_kept,
};
