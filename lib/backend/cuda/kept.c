/* SPDX-License-Identifier: MIT */
/* Training on a data set that lies on the device as bytes: which pictures make up a step, and the
 * step's hyper-parameters, are copied within the device, so that the host only asks for one step
 * after the other and waits once, at the end. */
#include "backend/cuda/plan.h"
#include "base/error.h"

void asl__cuda_drop_kept(asl__plan *plan)
{
    asl__kept *kept = &plan->kept;
    void *const device[] = {kept->images, kept->labels, kept->order, kept->steps, kept->step_order};
    for (size_t i = 0; i < sizeof device / sizeof *device; i++)
        asl__device_free(device[i]);
    asl__pinned_free(kept->staged_steps);
    asl__pinned_free(kept->staged_results);
    *kept = (asl__kept){0};
}

/* The libraries load code onto the device while they work: a data set that leaves them nothing
 * would fail the steps. */
static asl_status check_room(size_t size, asl_error *err)
{
    enum { SPARE = 64 }; /* this part of the device's memory */
    size_t available, total;
    asl_status status = ASL_OK;
    ASL__CUDA(cudaMemGetInfo(&available, &total));
    if (size > available || available - size < total / SPARE)
        return asl__fail(err, ASL_ERR_NOMEM,
                         "the GPU has %zu MiB free, which is too little for a data set of %zu MiB",
                         available >> 20, size >> 20);
fail:
    return status;
}

static asl_status take(asl__kept *kept, size_t image_bytes, int32_t max_batch, asl_error *err)
{
    static const char what[] = "the data set";
    const size_t count = (size_t)kept->count, steps = ASL__MAX_KEPT_STEPS;
    const size_t batch = (size_t)max_batch;
    void *memory = NULL;
    asl_status status;
    ASL__TRY(check_room(count * image_bytes, err));
    ASL__TRY(asl__device_alloc(&memory, count * image_bytes, what, err));
    kept->images = memory;
    ASL__TRY(asl__device_alloc(&memory, count * sizeof *kept->labels, what, err));
    kept->labels = memory;
    ASL__TRY(asl__device_alloc(&memory, steps * batch * sizeof *kept->order, what, err));
    kept->order = memory;
    ASL__TRY(asl__device_alloc(&memory, steps * sizeof *kept->steps, what, err));
    kept->steps = memory;
    ASL__TRY(asl__device_alloc(&memory, batch * sizeof *kept->order, what, err));
    kept->step_order = memory;
    ASL__TRY(asl__pinned_alloc(&memory, steps * sizeof *kept->steps, what, err));
    kept->staged_steps = memory;
    ASL__TRY(asl__pinned_alloc(&memory, steps * sizeof *kept->staged_results, what, err));
    kept->staged_results = memory;
fail:
    return status;
}

/* Neighbours go together: what a data set leaves out is mostly a few long stretches. */
static asl_status copy_images(asl__plan *plan, const uint8_t *images, const int64_t *places,
                              size_t image_bytes, asl_error *err)
{
    const int64_t count = plan->kept.count;
    asl_status status = ASL_OK;
    for (int64_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && places[end] == places[end - 1] + 1;)
            end++;
        ASL__CUDA(cudaMemcpyAsync(
            plan->kept.images + (size_t)at * image_bytes, images + (size_t)places[at] * image_bytes,
            (size_t)(end - at) * image_bytes, cudaMemcpyHostToDevice, plan->device.stream));
    }
fail:
    return status;
}

asl_status asl__cuda_keep(asl__plan *plan, const uint8_t *images, const int64_t *places,
                          const int32_t *labels, int64_t count, asl_error *err)
{
    const asl__shape in = plan->network->input;
    const size_t image_bytes = (size_t)in.height * (size_t)in.width * 3;
    asl_status status;
    /* Recordings hold the old addresses. */
    asl__cuda_forget_recordings(plan);
    asl__cuda_drop_kept(plan);
    plan->kept.count = count;
    ASL__TRY(asl__device_use(&plan->device, err));
    ASL__TRY(take(&plan->kept, image_bytes, plan->max_batch, err));
    ASL__TRY(copy_images(plan, images, places, image_bytes, err));
    ASL__CUDA(cudaMemcpyAsync(plan->kept.labels, labels, (size_t)count * sizeof *labels,
                              cudaMemcpyHostToDevice, plan->device.stream));
    ASL__TRY(asl__device_wait(&plan->device, err));
    return ASL_OK;
fail:
    asl__device_wait(&plan->device, NULL);
    asl__cuda_drop_kept(plan);
    return status;
}

/* Brings what a call needs to the device. */
static asl_status send(asl__plan *plan, const int64_t *order, int64_t picture_count, int32_t batch,
                       const asl__step_options *options, int32_t step_count, asl_error *err)
{
    const asl__kept *kept = &plan->kept;
    cudaStream_t stream = plan->device.stream;
    asl_status status;
    ASL__TRY(asl__device_use(&plan->device, err));
    for (int32_t i = 0; i < step_count; i++) {
        const int64_t left = picture_count - (int64_t)i * batch;
        kept->staged_steps[i] =
            asl__cuda_device_step(&options[i], left < batch ? (int32_t)left : batch);
    }
    ASL__CUDA(cudaMemcpyAsync(kept->steps, kept->staged_steps,
                              (size_t)step_count * sizeof *kept->steps, cudaMemcpyHostToDevice,
                              stream));
    ASL__CUDA(cudaMemcpyAsync(kept->order, order, (size_t)picture_count * sizeof *order,
                              cudaMemcpyHostToDevice, stream));
fail:
    return status;
}

/* Puts a step on the stream. What changes the parameters comes last and is one launch: a step that
 * could not be asked for whole has not been taken. */
static asl_status take_step(asl__plan *plan, int64_t at, int32_t count, int32_t step,
                            asl_error *err)
{
    const asl__kept *kept = &plan->kept;
    cudaStream_t stream = plan->device.stream;
    asl_status status;
    ASL__CUDA(cudaMemcpyAsync(kept->step_order, kept->order + at,
                              (size_t)count * sizeof *kept->order, cudaMemcpyDeviceToDevice,
                              stream));
    ASL__CUDA(cudaMemcpyAsync(plan->step, kept->steps + step, sizeof *plan->step,
                              cudaMemcpyDeviceToDevice, stream));
    ASL__TRY(asl__cuda_work(plan, ASL__WORK_KEPT_GRADIENTS, count, err));
    ASL__CUDA(cudaMemcpyAsync(kept->staged_results + step, plan->result, sizeof *plan->result,
                              cudaMemcpyDeviceToHost, stream));
    return asl__cuda_apply(plan, err);
fail:
    return status;
}

/* Waits for the steps that were asked for and reads their results. */
static asl_status collect(asl__step_result *results, asl__plan *plan, int32_t step_count,
                          asl_error *err)
{
    const asl__device_result *from = plan->kept.staged_results;
    asl_status status;
    ASL__TRY(asl__device_wait(&plan->device, err));
    for (int32_t i = 0; i < step_count; i++)
        results[i] = (asl__step_result){.loss_sum = from[i].loss_sum, .correct = from[i].correct};
fail:
    return status;
}

asl_status asl__cuda_train_kept(asl__step_result *results, int32_t *steps_done, asl__plan *plan,
                                const int64_t *order, int64_t picture_count, int32_t batch,
                                const asl__step_options *options, int32_t step_count,
                                asl_error *err)
{
    int32_t asked = 0;
    *steps_done = 0;
    asl__cuda_set_optimizer(plan, options);
    asl_status status = send(plan, order, picture_count, batch, options, step_count, err);
    while (status == ASL_OK && asked < step_count) {
        const int64_t at = (int64_t)asked * batch, left = picture_count - at;
        status = take_step(plan, at, left < batch ? (int32_t)left : batch, asked, err);
        asked += status == ASL_OK;
    }
    /* After a failure too: the steps before it are as good as any. */
    const asl_status collected = collect(results, plan, asked, status == ASL_OK ? err : NULL);
    if (collected == ASL_OK)
        *steps_done = asked;
    return status == ASL_OK ? collected : status;
}
