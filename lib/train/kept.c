/* SPDX-License-Identifier: MIT */
/* The training set on the backend's side, and how many steps to ask for at a time. See kept.h. */
#include "train/kept.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "train/weights.h"

/* A call to the backend takes about this long: nobody waits longer for progress or a stop, and what
 * a call costs beside its steps does not count. */
#define CALL_SECONDS 0.05

static asl_status read_labels(int32_t *labels, const asl__feed *feed, asl_error *err)
{
    asl_sample sample = {.struct_size = sizeof sample};
    asl_status status = ASL_OK;
    for (int64_t i = 0; i < feed->count; i++) {
        ASL__TRY(asl_dataset_get_sample(&sample, feed->dataset, i, err));
        labels[i] = feed->label_map[sample.class_index];
    }
fail:
    return status;
}

/* The pixels are checked here: on their way to the backend nobody looks at them. */
static asl_status hand_over(asl_trainer *trainer, const uint8_t *images, const int64_t *places,
                            asl_error *err)
{
    const asl__feed *feed = &trainer->train;
    asl_status status;
    int32_t *labels = asl__alloc_array((size_t)feed->count, sizeof *labels);
    trainer->chunk = asl__alloc(sizeof *trainer->chunk);
    if (!labels || !trainer->chunk) {
        status = asl__fail_memory(err, "the training set");
        goto fail;
    }
    trainer->chunk->most = 1;
    /* It is not needed from now on; and only here a forked child is told what it is. */
    ASL__TRY(asl__loader_start(feed->loader, feed->order, 0, 0, err));
    ASL__TRY(read_labels(labels, feed, err));
    ASL__TRY(asl__dataset_verify(feed->dataset, trainer->options.threads, err));
    ASL__TRY(trainer->backend->plan_keep(trainer->plan, images, places, labels, feed->count, err));
fail:
    asl__free(labels);
    return status;
}

asl_status asl__kept_open(asl_trainer *trainer, asl_error *err)
{
    const asl__shape input = trainer->model->network.input;
    asl_error cause = ASL_ERROR_INIT;
    const int64_t *places = NULL;
    if (trainer->chunk || !trainer->backend->plan_keep || trainer->options.ranks > 1 ||
        trainer->augmentation || trainer->options.epoch_pictures > 0)
        return ASL_OK;
    const uint8_t *images =
        asl__dataset_pixels(&places, trainer->train.dataset, input.width, input.height);
    if (!images)
        return ASL_OK;
    const asl_status status = hand_over(trainer, images, places, &cause);
    if (status == ASL_OK)
        return ASL_OK;
    asl__free(trainer->chunk);
    trainer->chunk = NULL;
    if (status == ASL_ERR_NOMEM)
        return ASL_OK;
    asl__error_copy(err, &cause);
    return status;
}

/* Of the pass, and not past the next checkpoint or the next time that the means move. */
static int32_t next_steps(const asl_trainer *trainer, int64_t pictures_left)
{
    const int32_t batch = trainer->batch_size, every = trainer->options.checkpoint_steps;
    int64_t steps = (pictures_left + batch - 1) / batch;
    if (steps > trainer->chunk->most)
        steps = trainer->chunk->most;
    if (every > 0 && steps > every - trainer->state.step % every)
        steps = every - trainer->state.step % every;
    if (steps > asl__weights_until_average(trainer))
        steps = asl__weights_until_average(trainer);
    return atomic_load(&trainer->stop) ? 1 : (int32_t)steps;
}

/* From one step on, since the first ones are slow and say little: never more than twice as many. */
static void pace(asl__chunk *chunk, int32_t steps, double seconds)
{
    const double most = fmin(CALL_SECONDS * steps / seconds, 2.0 * chunk->most);
    chunk->most = most >= ASL__MAX_KEPT_STEPS ? ASL__MAX_KEPT_STEPS
                  : most > 1.0                ? (int32_t)most
                                              : 1;
}

static asl_status count_steps(asl_trainer *trainer, asl__pass *pass, int32_t steps, asl_error *err)
{
    const asl__chunk *chunk = trainer->chunk;
    for (int32_t i = 0; i < steps; i++) {
        const int64_t left = trainer->train.count - pass->done;
        if (!isfinite(chunk->results[i].loss_sum))
            return asl__trainer_diverged(trainer, "the loss", err);
        pass->done += left < trainer->batch_size ? left : trainer->batch_size;
        pass->correct += chunk->results[i].correct;
        pass->loss_sum += chunk->results[i].loss_sum;
        trainer->state.step++;
        trainer->state.learning_rate = chunk->options[i].learning_rate;
    }
    return ASL_OK;
}

asl_status asl__kept_train(asl_trainer *trainer, asl__pass *pass, asl_error *err)
{
    const asl__feed *feed = &trainer->train;
    asl__chunk *chunk = trainer->chunk;
    const int64_t left = feed->count - pass->done;
    const int32_t steps = next_steps(trainer, left);
    const int64_t wanted = (int64_t)steps * trainer->batch_size;
    int32_t done = 0;
    for (int32_t i = 0; i < steps; i++)
        chunk->options[i] = asl__trainer_step(trainer, trainer->state.step + 1 + i, 0);
    const double begin = asl__clock_seconds();
    const asl_status status = trainer->backend->plan_train_kept(
        chunk->results, &done, trainer->plan, feed->order + pass->done,
        wanted < left ? wanted : left, trainer->batch_size, chunk->options, steps, err);
    if (done > 0)
        pace(chunk, done, asl__clock_seconds() - begin);
    const asl_status counted = count_steps(trainer, pass, done, err);
    return counted < 0 ? counted : status;
}
