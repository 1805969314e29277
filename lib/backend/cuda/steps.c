/* SPDX-License-Identifier: MIT */
/* Whole steps on the stream: put there call by call the first time, recorded as a CUDA graph the
 * second, and from then on replayed with one call. What differs from step to step lies in device
 * memory (asl__device_step), what differs between runs (the optimiser's constants) in the graph. */
#include <math.h>
#include <string.h>

#include "backend/cuda/plan.h"
#include "base/error.h"

/* ---- The optimiser ---- */

asl__device_step asl__cuda_device_step(const asl__step_options *options, int32_t count)
{
    const double step = (double)options->step;
    return (asl__device_step){
        .step = options->step,
        .seed = options->seed,
        .first = options->first,
        .count = count,
        .learning_rate = (float)options->learning_rate,
        .correction1 = (float)(1.0 / (1.0 - pow(options->beta1, step))),
        .correction2 = (float)(1.0 / (1.0 - pow(options->beta2, step))),
    };
}

void asl__cuda_set_optimizer(asl__plan *plan, const asl__step_options *options)
{
    asl__optimizer optimizer;
    /* Compared as bytes below, so padding has to be defined. */
    memset(&optimizer, 0, sizeof optimizer);
    optimizer.parameters = plan->state[ASL__STATE_PARAMETERS];
    optimizer.moment1 = plan->state[ASL__STATE_MOMENT1];
    optimizer.moment2 = plan->state[ASL__STATE_MOMENT2];
    optimizer.gradients = plan->gradients;
    optimizer.kinds = plan->kinds;
    optimizer.count = plan->network->parameter_count;
    optimizer.optimizer = options->optimizer;
    optimizer.nesterov = options->nesterov;
    optimizer.beta1 = options->beta1;
    optimizer.beta2 = options->beta2;
    optimizer.epsilon = options->epsilon;
    optimizer.momentum = options->momentum;
    optimizer.weight_decay = options->weight_decay;
    if (memcmp(&optimizer, &plan->optimizer, sizeof optimizer) == 0 &&
        plan->label_smoothing == options->label_smoothing)
        return;
    memcpy(&plan->optimizer, &optimizer, sizeof optimizer);
    plan->label_smoothing = options->label_smoothing;
    asl__cuda_forget_recordings(plan);
}

asl_status asl__cuda_apply(asl__plan *plan, asl_error *err)
{
    asl_status status = ASL_OK;
    ASL__CUDA(asl__cuda_optimizer(&plan->optimizer, plan->step, plan->device.stream));
fail:
    return status;
}

/* ---- Work, call by call ---- */

static asl_status take_images(asl__plan *plan, int32_t count, asl_error *err)
{
    const asl__shape in = plan->network->input;
    const size_t bytes = (size_t)count * (size_t)in.height * (size_t)in.width * 3;
    asl_status status = ASL_OK;
    ASL__CUDA(cudaMemcpyAsync(plan->images, plan->staging.images, bytes, cudaMemcpyHostToDevice,
                              plan->device.stream));
fail:
    return status;
}

static asl_status forward(asl__plan *plan, int32_t count, asl_error *err)
{
    const size_t bytes = (size_t)count * (size_t)plan->network->classes * sizeof(float);
    asl_status status;
    ASL__TRY(take_images(plan, count, err));
    ASL__TRY(asl__cuda_forward(plan, count, false, false, err));
    ASL__CUDA(cudaMemcpyAsync(plan->staging.logits, plan->maps[plan->op_count], bytes,
                              cudaMemcpyDeviceToHost, plan->device.stream));
fail:
    return status;
}

/* Pictures that were staged, or kept ones: labels, loss and gradients. */
static asl_status gradients(asl__plan *plan, int32_t count, bool kept, asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__cuda_pack(plan, err));
    ASL__TRY(asl__cuda_forward(plan, count, kept, true, err));
    ASL__TRY(asl__cuda_backward(plan, count, err));
fail:
    return status;
}

static asl_status staged(asl__plan *plan, int32_t count, bool apply, asl_error *err)
{
    cudaStream_t stream = plan->device.stream;
    const asl__staging *from = &plan->staging;
    asl_status status;
    ASL__TRY(take_images(plan, count, err));
    ASL__CUDA(cudaMemcpyAsync(plan->labels, from->labels, (size_t)count * sizeof *plan->labels,
                              cudaMemcpyHostToDevice, stream));
    ASL__CUDA(cudaMemcpyAsync(plan->step, from->step, sizeof *plan->step, cudaMemcpyHostToDevice,
                              stream));
    ASL__CUDA(cudaMemsetAsync(plan->result, 0, sizeof *plan->result, stream));
    ASL__TRY(gradients(plan, count, false, err));
    if (apply)
        ASL__TRY(asl__cuda_apply(plan, err));
    ASL__CUDA(cudaMemcpyAsync(from->result, plan->result, sizeof *plan->result,
                              cudaMemcpyDeviceToHost, stream));
fail:
    return status;
}

/* Without the optimiser's step, which kept.c takes once it has the result. */
static asl_status kept_gradients(asl__plan *plan, int32_t count, asl_error *err)
{
    asl_status status;
    ASL__CUDA(asl__cuda_labels(plan->labels, plan->kept.labels, plan->kept.step_order, count,
                               plan->device.stream));
    ASL__CUDA(cudaMemsetAsync(plan->result, 0, sizeof *plan->result, plan->device.stream));
    ASL__TRY(gradients(plan, count, true, err));
fail:
    return status;
}

static asl_status enqueue(asl__plan *plan, int32_t work, int32_t count, asl_error *err)
{
    switch (work) {
    case ASL__WORK_FORWARD:
        return forward(plan, count, err);
    case ASL__WORK_KEPT_GRADIENTS:
        return kept_gradients(plan, count, err);
    default:
        return staged(plan, count, work == ASL__WORK_STEP, err);
    }
}

/* ---- Recordings ---- */

void asl__cuda_forget_recordings(asl__plan *plan)
{
    for (int32_t i = 0; i < ASL__WORKS * ASL__RECORDINGS; i++) {
        asl__recording *r = &plan->recordings[i / ASL__RECORDINGS][i % ASL__RECORDINGS];
        if (r->graph != NULL)
            cudaGraphExecDestroy(r->graph);
        *r = (asl__recording){0};
    }
}

/* The one for this count, or a free one; NULL when all are taken. */
static asl__recording *find_recording(asl__plan *plan, int32_t work, int32_t count)
{
    asl__recording *row = plan->recordings[work];
    for (int32_t i = 0; i < ASL__RECORDINGS; i++)
        if (row[i].count == count || row[i].count == 0)
            return &row[i];
    return NULL;
}

static asl_status capture(cudaGraph_t *graph, asl__plan *plan, int32_t work, int32_t count,
                          asl_error *err)
{
    asl_status status, worked;
    *graph = NULL;
    ASL__CUDA(cudaStreamBeginCapture(plan->device.stream, cudaStreamCaptureModeThreadLocal));
    worked = enqueue(plan, work, count, err);
    /* A stream must not be left capturing. */
    ASL__CUDA(cudaStreamEndCapture(plan->device.stream, graph));
    return worked;
fail:
    return status;
}

static asl_status record(asl__recording *recording, asl__plan *plan, int32_t work, int32_t count,
                         asl_error *err)
{
    cudaGraph_t graph = NULL;
    asl_status status;
    ASL__TRY(capture(&graph, plan, work, count, err));
    ASL__CUDA(cudaGraphInstantiate(&recording->graph, graph, 0));
fail:
    if (graph != NULL)
        cudaGraphDestroy(graph);
    return status;
}

asl_status asl__cuda_work(asl__plan *plan, int32_t work, int32_t count, asl_error *err)
{
    asl__recording *recording = plan->records ? find_recording(plan, work, count) : NULL;
    asl_status status = ASL_OK;
    if (work != ASL__WORK_FORWARD)
        plan->stale = true;
    if (recording == NULL)
        return enqueue(plan, work, count, err);
    if (!recording->warm) {
        *recording = (asl__recording){.count = count, .warm = true};
        return enqueue(plan, work, count, err);
    }
    if (recording->graph == NULL && record(recording, plan, work, count, NULL) < 0) {
        /* What cannot be recorded still runs; the failure is not an error of the next call. */
        plan->records = false;
        cudaGetLastError();
        return enqueue(plan, work, count, err);
    }
    ASL__CUDA(cudaGraphLaunch(recording->graph, plan->device.stream));
fail:
    return status;
}
