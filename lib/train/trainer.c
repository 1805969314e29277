/* SPDX-License-Identifier: MIT */
/* The trainer's handle: how it is run, stopped, and asked. */
#include "train/trainer.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/file.h"
#include "base/options.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/ranks.h"
#include "train/weights.h"

asl_status asl__trainer_diverged(asl_trainer *trainer, const char *what, asl_error *err)
{
    trainer->diverged = true;
    return asl__fail(err, ASL_ERR_DIVERGED,
                     "%s stopped being finite in epoch %d after step %lld: lower the learning rate",
                     what, trainer->state.epoch + 1, (long long)trainer->state.step);
}

/* Whether the trainer may be used now: not from its own callbacks, not after it diverged. */
static asl_status check_ready(const asl_trainer *trainer, asl_error *err)
{
    if (trainer->running)
        return asl__fail(err, ASL_ERR_BUSY, "the trainer is inside asl_trainer_run()");
    if (trainer->diverged)
        return asl__fail(err, ASL_ERR_DIVERGED,
                         "the training has diverged: resume from the checkpoint, or start again "
                         "with a lower learning rate");
    return ASL_OK;
}

/* One run, unless the checkpoint's lock could not be had: the other ranks have to hear of that. */
static asl_status run(asl_trainer *trainer, asl_status locked, asl_error *err)
{
    asl_status status = locked;
    if (status == ASL_OK && trainer->options.ranks > 1)
        status = asl__weights_snapshot(trainer, err);
    ASL__TRY(asl__ranks_check(trainer, status, err));
    trainer->failures = 0;
    trainer->started = trainer->reported = asl__clock_seconds();
    status = asl__train(trainer, err);
    trainer->before += asl__clock_seconds() - trainer->started;
    atomic_store(&trainer->stop, 0); /* a request holds until a run has honoured it */
fail:
    return status;
}

asl_status asl_trainer_run(asl_trainer *trainer, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(trainer != NULL, err);
    asl_status status;
    int lock = -1;
    ASL__TRY(check_ready(trainer, err));
    trainer->running = true;
    if (trainer->checkpoint)
        status = asl__lock_take(&lock, trainer->lock_path, err);
    status = run(trainer, status, err);
    trainer->running = false;
    asl__lock_release(lock, trainer->lock_path);
    if (trainer->freed)
        asl_trainer_free(trainer);
fail:
    return status;
}

void asl_trainer_request_stop(asl_trainer *trainer)
{
    if (trainer)
        atomic_store(&trainer->stop, 1);
}

/* A const trainer may be asked for its state: the vectors it is copied to are no part of it. */
static asl_status take_snapshot(const asl_trainer *trainer, asl_error *err)
{
    asl_status status;
    ASL__TRY(check_ready(trainer, err));
    return asl__weights_snapshot((asl_trainer *)trainer, err);
fail:
    return status;
}

asl_status asl_trainer_save_checkpoint(const asl_trainer *trainer, const char *path, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(trainer != NULL, err);
    ASL__CHECK_ARG(path != NULL, err);
    asl_status status;
    ASL__TRY(take_snapshot(trainer, err));
    return asl__checkpoint_write(trainer, path, err);
fail:
    return status;
}

/* A model with these weights. Its `metrics` tell of epoch `index`, or of none when -1. */
static asl_status make_model(asl_model **out, const asl_trainer *trainer, const float *parameters,
                             int32_t index, asl_error *err)
{
    char *text =
        asl__metrics_text(index < 0 ? NULL : &trainer->history[index], trainer->state.step);
    if (!text)
        return asl__fail_memory(err, "the model's metrics");
    const asl_status status = asl__model_copy(out, trainer->model, parameters, text, err);
    asl__free(text);
    return status;
}

asl_status asl_trainer_get_model(asl_model **out, const asl_trainer *trainer, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(trainer != NULL, err);
    asl_status status;
    ASL__TRY(take_snapshot(trainer, err));
    /* Within an epoch the weights have moved on from those that were measured. */
    const int32_t measured = trainer->state.train.done > 0 ? -1 : trainer->state.epoch - 1;
    return make_model(out, trainer, asl__weights_result(trainer), measured, err);
fail:
    return status;
}

asl_status asl_trainer_get_best_model(asl_model **out, const asl_trainer *trainer, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(trainer != NULL, err);
    if (trainer->running)
        return asl__fail(err, ASL_ERR_BUSY, "the trainer is inside asl_trainer_run()");
    if (trainer->state.epoch == 0)
        return asl__fail(err, ASL_ERR_STATE, "no epoch has ended yet, so there is no best model");
    return make_model(out, trainer, trainer->best, asl__best_epoch(trainer), err);
}

int32_t asl_trainer_epoch_count(const asl_trainer *trainer)
{
    return trainer ? trainer->state.epoch : 0;
}

asl_status asl_trainer_get_epoch(asl_epoch_metrics *out, const asl_trainer *trainer, int32_t index,
                                 asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(trainer != NULL, err);
    if (index < 0 || index >= trainer->state.epoch)
        return asl__fail(err, ASL_ERR_ARG, "%s: no epoch %d, %d have ended", __func__, index,
                         trainer->state.epoch);
    return asl__struct_write(out, &trainer->history[index], sizeof *out, "asl_epoch_metrics", err);
}

double asl_trainer_source_accuracy(const asl_trainer *trainer, int32_t index, int32_t source_index)
{
    if (!trainer || index < 0 || index >= trainer->state.epoch || source_index < 0)
        return (double)NAN;
    const asl__sources *sources = &trainer->sources;
    if (sources->count == 0)
        return source_index == 0 ? trainer->history[index].val_accuracy : (double)NAN;
    if (source_index >= sources->count || sources->pictures[source_index] == 0)
        return (double)NAN;
    return sources->accuracy[(size_t)index * (size_t)sources->count + (size_t)source_index];
}

asl_status asl_trainer_get_options(asl_trainer_options *out, const asl_trainer *trainer,
                                   asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(trainer != NULL, err);
    return asl__struct_write(out, &trainer->options, sizeof *out, "asl_trainer_options", err);
}

const char *asl_trainer_backend(const asl_trainer *trainer)
{
    return trainer ? trainer->chosen : NULL;
}
