/* SPDX-License-Identifier: MIT */
/* From the loss to the gradients, operation by operation from the last to the first. The gradient
 * by an operation's output lies in one of plan->gradient, that by its input goes to the other. */
#include "backend/cuda/plan.h"
#include "base/error.h"

/* An operation at work. */
typedef struct task {
    asl__plan *plan;
    const asl__op *op;
    int32_t count;
    void *x;       /* input */
    const void *y; /* output */
    void *dy, *dx;
    const void *dz; /* gradient by what the main layer gave */
} task;

static float *gradient_at(const task *t, size_t offset)
{
    return t->plan->gradients + offset;
}

/* ---- Epilogues ---- */

static asl_status through_relu_and_pool(task *t, void *dz, asl_error *err)
{
    const asl__epilogue epilogue = asl__cuda_epilogue_of(t->plan, t->op, t->count);
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_epilogue_backward(dz, t->dy, t->y, t->op->choice, t->op->number, &epilogue,
                                          t->plan->device.stream));
    t->dz = dz;
fail:
    return status;
}

static asl_status through_norm(task *t, void *to, asl_error *err)
{
    const asl__op *op = t->op;
    asl__plan *plan = t->plan;
    const void *x = op->main == ASL__MAIN_NONE ? t->x : op->raw;
    const asl__map map = asl__map_of(op->mid, t->count);
    const asl__norm norm = asl__cuda_norm(plan, op, t->count);
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_channel_sums(plan->sums, plan->products, t->dz, x, op->number, map,
                                     plan->partials, plan->device.stream));
    ASL__CUDA(asl__cuda_norm_backward(to, gradient_at(t, op->norm->weight),
                                      gradient_at(t, op->norm->offset), t->dz, x, op->number, map,
                                      &norm, plan->sums, plan->products, plan->device.stream));
    t->dz = to;
fail:
    return status;
}

static asl_status find_bias_gradient(const task *t, asl_error *err)
{
    const asl__op *op = t->op;
    asl__plan *plan = t->plan;
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_channel_sums(plan->sums, NULL, t->dz, NULL, op->number,
                                     asl__map_of(op->mid, t->count), plan->partials,
                                     plan->device.stream));
    ASL__CUDA(asl__cuda_store_sums(gradient_at(t, op->first->offset), plan->sums, op->mid.channels,
                                   plan->device.stream));
fail:
    return status;
}

/* Leaves the gradient by what the main layer gave in t->dz. */
static asl_status through_epilogue(task *t, asl_error *err)
{
    const asl__op *op = t->op;
    void *to = op->main == ASL__MAIN_NONE ? t->dx : t->plan->raw_gradient;
    asl_status status = ASL_OK;
    t->dz = t->dy;
    if (op->relu || op->pool > 1)
        ASL__TRY(through_relu_and_pool(t, to, err));
    if (op->norm)
        ASL__TRY(through_norm(t, to, err));
    else if (op->bias)
        ASL__TRY(find_bias_gradient(t, err));
fail:
    return status;
}

/* ---- Main layers ---- */

static asl_status clear_behind(const task *t, void *values, asl__map one, asl__number number,
                               asl_error *err)
{
    const size_t bytes = asl__map_values(one) * asl__number_bytes(number);
    const size_t rest = (size_t)(t->plan->max_batch - t->count) * bytes;
    asl_status status = ASL_OK;
    if (rest > 0)
        ASL__CUDA(cudaMemsetAsync((uint8_t *)values + (size_t)t->count * bytes, 0, rest,
                                  t->plan->device.stream));
fail:
    return status;
}

/* Places for pictures that are not in use have no gradient; and the values there, which an earlier
 * batch left, must not be such that zero times them is no number. */
static asl_status clear_rest(const task *t, asl_error *err)
{
    const asl__op *op = t->op;
    /* t->dz lies in memory of ours, whichever it is. */
    void *dz = t->dz == t->dy ? t->dy : t->plan->raw_gradient;
    asl_status status;
    ASL__TRY(clear_behind(t, dz, op->mid, op->number, err));
    ASL__TRY(clear_behind(t, t->x, op->in, t->plan->number, err));
fail:
    return status;
}

static asl_status back_through_conv(const task *t, asl_error *err)
{
    const asl__op *op = t->op;
    const asl__layer *layer = op->first;
    asl__plan *plan = t->plan;
    const asl__conv_data filter = {.x = t->x, .dy = t->dz, .dw = plan->filter_gradient};
    const asl__conv_data input = {.w = op->packed, .dy = t->dz, .dx = t->dx};
    asl_status status;
    ASL__TRY(clear_rest(t, err));
    ASL__TRY(asl__conv_run(op->back_filter, &filter, plan->workspace, &plan->device, err));
    ASL__CUDA(asl__cuda_unpack_filter(gradient_at(t, layer->weight), plan->filter_gradient,
                                      asl__conv_filter_number(op->back_filter), layer->out.channels,
                                      layer->in.channels, layer->kernel, op->in.channels,
                                      plan->device.stream));
    if (op->wants_input_gradient)
        ASL__TRY(asl__conv_run(op->back_data, &input, plan->workspace, &plan->device, err));
fail:
    return status;
}

/* In cuBLAS's columns: dw' = x' dy and dx' = w' dy', see forward.c. */
static asl_status back_through_dense(const task *t, asl_error *err)
{
    const asl__op *op = t->op;
    const asl__layer *layer = op->first;
    asl__plan *plan = t->plan;
    const float one = 1.0f, zero = 0.0f;
    const int32_t inputs = layer->in.channels, outputs = layer->out.channels;
    const cudaDataType_t type = plan->number == ASL__BF16 ? CUDA_R_16BF : CUDA_R_32F;
    const void *w = op->packed ? op->packed : plan->state[ASL__STATE_PARAMETERS] + layer->weight;
    const void *dz = t->dz;
    asl_status status = ASL_OK;
    if (op->number != plan->number) {
        ASL__CUDA(asl__cuda_convert(plan->operand, plan->number, dz, op->number,
                                    (size_t)t->count * (size_t)outputs, plan->device.stream));
        dz = plan->operand;
    }
    ASL__CUBLAS(cublasGemmEx(plan->device.blas, CUBLAS_OP_N, CUBLAS_OP_T, inputs, outputs, t->count,
                             &one, t->x, type, op->in.channels, dz, type, outputs, &zero,
                             gradient_at(t, layer->weight), CUDA_R_32F, inputs,
                             asl__cuda_blas_mode(plan), CUBLAS_GEMM_DEFAULT));
    if (op->wants_input_gradient)
        ASL__CUBLAS(cublasGemmEx(plan->device.blas, CUBLAS_OP_N, CUBLAS_OP_N, inputs, t->count,
                                 outputs, &one, w, type, inputs, dz, type, outputs, &zero, t->dx,
                                 type, op->in.channels, asl__cuda_blas_mode(plan),
                                 CUBLAS_GEMM_DEFAULT));
fail:
    return status;
}

static asl_status back_through_pool(const task *t, asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_global_pool_backward(t->dx, t->dy, t->op->highest, t->plan->number,
                                             asl__map_of(t->op->in, t->count), t->op->first->pool,
                                             t->plan->device.stream));
fail:
    return status;
}

static asl_status back_through_dropout(const task *t, asl_error *err)
{
    const asl__op *op = t->op;
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_dropout(t->dy, t->plan->number, asl__map_of(op->in, t->count), op->layer,
                                op->first->rate, t->plan->step, t->plan->device.stream));
fail:
    return status;
}

static asl_status back_through(task *t, asl_error *err)
{
    asl_status status;
    switch (t->op->main) {
    case ASL__MAIN_GLOBAL_POOL:
        return back_through_pool(t, err);
    case ASL__MAIN_DROPOUT:
        return back_through_dropout(t, err);
    default:
        break;
    }
    ASL__TRY(through_epilogue(t, err));
    if (t->op->main == ASL__MAIN_CONV)
        return back_through_conv(t, err);
    return t->op->main == ASL__MAIN_DENSE ? back_through_dense(t, err) : ASL_OK;
fail:
    return status;
}

/* ---- The way back ---- */

static asl_status find_loss(asl__plan *plan, void *gradient, int32_t count, asl_error *err)
{
    cudaStream_t stream = plan->device.stream;
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_loss(gradient, plan->losses, plan->hits, plan->maps[plan->op_count],
                             plan->labels, count, plan->network->classes, plan->label_smoothing,
                             stream));
    ASL__CUDA(asl__cuda_add_result(plan->result, plan->losses, plan->hits, count, stream));
fail:
    return status;
}

asl_status asl__cuda_backward(asl__plan *plan, int32_t count, asl_error *err)
{
    int side = 0;
    asl_status status;
    ASL__TRY(find_loss(plan, plan->gradient[side], count, err));
    for (int32_t i = plan->op_count - 1; i >= 0; i--) {
        const asl__op *op = &plan->ops[i];
        task t = {.plan = plan,
                  .op = op,
                  .count = count,
                  .x = plan->maps[i],
                  .y = plan->maps[i + 1],
                  .dy = plan->gradient[side],
                  .dx = plan->gradient[1 - side]};
        const bool trains = op->main == ASL__MAIN_CONV || op->main == ASL__MAIN_DENSE || op->norm;
        if (!trains && !op->wants_input_gradient)
            break;
        ASL__TRY(back_through(&t, err));
        if (op->main != ASL__MAIN_DROPOUT)
            side = 1 - side;
    }
fail:
    return status;
}
