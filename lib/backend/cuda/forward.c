/* SPDX-License-Identifier: MIT */
/* From pixels to logits, operation by operation. See plan.h. */
#include "backend/cuda/plan.h"
#include "base/error.h"

/* ---- Parameters as operands ---- */

static const float *parameters(const asl__plan *plan, size_t offset)
{
    return plan->state[ASL__STATE_PARAMETERS] + offset;
}

static asl_status pack(asl__plan *plan, const asl__op *op, asl_error *err)
{
    const asl__layer *layer = op->first;
    const float *weights = parameters(plan, layer->weight);
    cudaStream_t stream = plan->device.stream;
    asl_status status = ASL_OK;
    if (op->main == ASL__MAIN_CONV)
        ASL__CUDA(asl__cuda_pack_filter(op->packed, plan->number, weights, layer->out.channels,
                                        layer->in.channels, layer->kernel, op->in.channels,
                                        stream));
    else
        ASL__CUDA(asl__cuda_convert(op->packed, plan->number, weights, ASL__F32,
                                    (size_t)layer->out.channels * (size_t)layer->in.channels,
                                    stream));
    if (op->fused)
        ASL__CUDA(cudaMemcpyAsync(op->fused_bias, parameters(plan, layer->offset),
                                  (size_t)layer->out.channels * sizeof *op->fused_bias,
                                  cudaMemcpyDeviceToDevice, stream));
fail:
    return status;
}

asl_status asl__cuda_pack(asl__plan *plan, asl_error *err)
{
    asl_status status = ASL_OK;
    for (int32_t i = 0; i < plan->op_count; i++)
        if (plan->ops[i].packed_bytes > 0)
            ASL__TRY(pack(plan, &plan->ops[i], err));
fail:
    return status;
}

/* ---- Main layers ---- */

/* Row-major y[count][o] = x[count][i] w[o][i]', which cuBLAS, whose matrices have columns, takes as
 * y' = w x'. */
static asl_status multiply(asl__plan *plan, const asl__op *op, void *y, const void *x,
                           int32_t count, asl_error *err)
{
    const asl__layer *layer = op->first;
    const float one = 1.0f, zero = 0.0f;
    const void *w = op->packed ? op->packed : parameters(plan, layer->weight);
    const cudaDataType_t from = plan->number == ASL__BF16 ? CUDA_R_16BF : CUDA_R_32F;
    const cudaDataType_t to = op->number == ASL__BF16 ? CUDA_R_16BF : CUDA_R_32F;
    asl_status status = ASL_OK;
    ASL__CUBLAS(cublasGemmEx(plan->device.blas, CUBLAS_OP_T, CUBLAS_OP_N, layer->out.channels,
                             count, layer->in.channels, &one, w, from, layer->in.channels, x, from,
                             op->in.channels, &zero, y, to, layer->out.channels,
                             asl__cuda_blas_mode(plan), CUBLAS_GEMM_DEFAULT));
fail:
    return status;
}

static asl_status convolve(asl__plan *plan, const asl__op *op, void *y, const void *x,
                           asl_error *err)
{
    asl__conv *conv = op->fused ? op->fused : op->forward;
    const asl__conv_data data = {
        .x = x, .w = op->packed, .y = y, .bias = op->fused ? op->fused_bias : NULL};
    return asl__conv_run(conv, &data, plan->workspace, &plan->device, err);
}

static asl_status pool_everything(asl__plan *plan, const asl__op *op, void *y, const void *x,
                                  int32_t count, bool training, asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_global_pool(y, training ? op->highest : NULL, x, plan->number,
                                    asl__map_of(op->in, count), op->first->pool,
                                    plan->device.stream));
fail:
    return status;
}

static asl_status drop(asl__plan *plan, const asl__op *op, void *values, int32_t count,
                       asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_dropout(values, plan->number, asl__map_of(op->in, count), op->layer,
                                op->first->rate, plan->step, plan->device.stream));
fail:
    return status;
}

/* ---- Epilogues ---- */

/* The batch's own statistics in training, the running ones otherwise, as scale and shift. */
static asl_status normalize(asl__plan *plan, const asl__op *op, const void *x, int32_t count,
                            bool training, asl_error *err)
{
    const asl__layer *layer = op->norm;
    const asl__map map = asl__map_of(op->mid, count);
    const asl__norm norm = asl__cuda_norm(plan, op, count);
    cudaStream_t stream = plan->device.stream;
    asl_status status = ASL_OK;
    if (training) {
        ASL__CUDA(asl__cuda_channel_sums(plan->sums, plan->products, x, x, op->number, map,
                                         plan->partials, stream));
        ASL__CUDA(asl__cuda_norm_statistics(&norm, plan->sums, plan->products, stream));
    } else {
        ASL__CUDA(asl__cuda_norm_running(&norm, parameters(plan, layer->mean),
                                         parameters(plan, layer->variance), stream));
    }
fail:
    return status;
}

asl__norm asl__cuda_norm(asl__plan *plan, const asl__op *op, int32_t count)
{
    const asl__layer *layer = op->norm;
    return (asl__norm){
        .weight = parameters(plan, layer->weight),
        .offset = parameters(plan, layer->offset),
        .scale = op->scale,
        .shift = op->shift,
        .mean = op->mean,
        .invstd = op->invstd,
        .reported_mean = plan->gradients ? plan->gradients + layer->mean : NULL,
        .reported_variance = plan->gradients ? plan->gradients + layer->variance : NULL,
        .channels = op->mid.channels,
        .places = (int64_t)count * op->mid.height * op->mid.width,
    };
}

asl__epilogue asl__cuda_epilogue_of(const asl__plan *plan, const asl__op *op, int32_t count)
{
    return (asl__epilogue){
        .in = asl__map_of(op->mid, count),
        .scale = op->norm ? op->scale : NULL,
        .shift = op->norm   ? op->shift
                 : op->bias ? parameters(plan, op->first->offset)
                            : NULL,
        .relu = op->relu,
        .pool = op->pool,
    };
}

bool asl__cuda_has_epilogue(const asl__op *op)
{
    return op->bias || op->norm || op->relu || op->pool > 1;
}

static asl_status finish(asl__plan *plan, const asl__op *op, void *y, const void *x, int32_t count,
                         bool training, asl_error *err)
{
    const asl__epilogue epilogue = asl__cuda_epilogue_of(plan, op, count);
    asl_status status;
    if (op->norm)
        ASL__TRY(normalize(plan, op, x, count, training, err));
    ASL__CUDA(asl__cuda_epilogue(y, training ? op->choice : NULL, x, op->number, &epilogue,
                                 plan->device.stream));
    return ASL_OK;
fail:
    return status;
}

/* ---- The way through ---- */

asl_status asl__cuda_forward_op(asl__plan *plan, int32_t index, int32_t count, bool training,
                                asl_error *err)
{
    const asl__op *op = &plan->ops[index];
    void *x = plan->maps[index], *y = plan->maps[index + 1];
    const bool finishes = asl__cuda_has_epilogue(op) && !op->fused;
    void *mid = op->main == ASL__MAIN_NONE ? x : finishes ? op->raw : y;
    asl_status status = ASL_OK;
    switch (op->main) {
    case ASL__MAIN_CONV:
        ASL__TRY(convolve(plan, op, mid, x, err));
        break;
    case ASL__MAIN_DENSE:
        ASL__TRY(multiply(plan, op, mid, x, count, err));
        break;
    case ASL__MAIN_GLOBAL_POOL:
        return pool_everything(plan, op, y, x, count, training, err);
    case ASL__MAIN_DROPOUT:
        return training ? drop(plan, op, x, count, err) : ASL_OK;
    default:
        break;
    }
    if (finishes)
        ASL__TRY(finish(plan, op, y, mid, count, training, err));
fail:
    return status;
}

asl_status asl__cuda_input_op(asl__plan *plan, int32_t count, bool kept, asl_error *err)
{
    const asl__network *network = plan->network;
    asl__pixels pixels = {.images = kept ? plan->kept.images : plan->images,
                          .order = kept ? plan->kept.step_order : NULL,
                          .bgr = network->bgr};
    asl_status status = ASL_OK;
    for (int i = 0; i < 3; i++) {
        pixels.scale[i] = 1.0f / network->std[i];
        pixels.shift[i] = -network->mean[i] / network->std[i];
    }
    ASL__CUDA(asl__cuda_input(plan->maps[0], plan->number, asl__map_of(plan->input, count), &pixels,
                              plan->device.stream));
fail:
    return status;
}

asl_status asl__cuda_forward(asl__plan *plan, int32_t count, bool kept, bool training,
                             asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__cuda_input_op(plan, count, kept, err));
    for (int32_t i = 0; i < plan->op_count; i++)
        ASL__TRY(asl__cuda_forward_op(plan, i, count, training, err));
fail:
    return status;
}
