/* SPDX-License-Identifier: MIT */
/* The trainer's handle: how it is made from a model or a checkpoint, run, and asked. All memory of
 * the loop is taken here, before the first step. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "base/threads.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/ranks.h"

static void feed_free(asl__feed *feed)
{
    asl__loader_free(feed->loader);
    asl__free(feed->order);
    asl__free(feed->label_map);
    asl_dataset_free(feed->dataset);
}

void asl_trainer_free(asl_trainer *trainer)
{
    if (!trainer)
        return;
    if (trainer->plan)
        trainer->backend->plan_destroy(trainer->plan);
    feed_free(&trainer->train);
    feed_free(&trainer->validation);
    for (int32_t i = 0; i < 3; i++)
        asl__free(trainer->vectors[i]);
    asl__free(trainer->chunk);
    asl__free(trainer->history);
    asl__free(trainer->best);
    asl__free(trainer->exchange);
    asl__free(trainer->logits);
    asl__free(trainer->labels);
    asl__free(trainer->lock_path);
    asl__free(trainer->checkpoint);
    asl_model_free(trainer->model);
    asl__free(trainer);
}

static asl_status open_feed(asl__feed *feed, const asl_trainer *trainer, const asl_dataset *dataset,
                            asl_error *err)
{
    const asl__network *network = &trainer->model->network;
    const asl__loader_options options = {
        .width = network->input.width,
        .height = network->input.height,
        .batch_size = trainer->share_size,
        .threads = trainer->options.threads,
    };
    asl_status status;
    feed->count = asl_dataset_count(dataset);
    feed->order_epoch = -1;
    feed->label_map = asl__alloc_array((size_t)asl_dataset_class_count(dataset), sizeof(int32_t));
    feed->order = asl__alloc_array((size_t)feed->count, sizeof(int64_t));
    if (!feed->label_map || !feed->order)
        return asl__fail_memory(err, "the order of the pictures");
    ASL__TRY(asl__dataset_map_labels(feed->label_map, dataset,
                                     (const char *const *)trainer->model->labels, network->classes,
                                     err));
    ASL__TRY(asl__dataset_share(&feed->dataset, dataset, err));
    ASL__TRY(asl__loader_create(&feed->loader, dataset, &options, err));
    return ASL_OK;
fail:
    return status;
}

/* Copies the strings of the options and resolves what they leave open. */
static asl_status take_options(asl_trainer *trainer, const asl_trainer_options *options,
                               asl_error *err)
{
    asl_status status;
    trainer->options = *options;
    trainer->options.struct_size = sizeof trainer->options;
    if (options->threads == 0) {
        const int32_t cores = asl__core_count();
        trainer->options.threads =
            cores < ASL__TRAINER_MAX_THREADS ? cores : ASL__TRAINER_MAX_THREADS;
    }
    trainer->options.checkpoint = NULL;
    if (options->checkpoint && options->rank == 0) {
        trainer->checkpoint = asl__strdup(options->checkpoint);
        trainer->lock_path = asl__beside(options->checkpoint, ".lock");
        if (!trainer->checkpoint || !trainer->lock_path)
            return asl__fail_memory(err, "the checkpoint's name");
        trainer->options.checkpoint = trainer->checkpoint;
    }
    ASL__TRY(asl__backend_find(&trainer->backend, trainer->chosen, sizeof trainer->chosen,
                               asl__backend_asked(options->backend, options->isa), err));
    trainer->options.backend = trainer->backend->name;
    return ASL_OK;
fail:
    return status;
}

static asl_status take_memory(asl_trainer *trainer, asl_error *err)
{
    const asl__network *network = &trainer->model->network;
    const size_t batch = (size_t)trainer->share_size;
    const int32_t ranks = trainer->options.ranks;
    bool complete = true;
    for (int32_t i = 0; i < asl__vector_count(trainer->options.optimizer); i++) {
        trainer->vectors[i] = asl__alloc_array(network->parameter_count, sizeof(float));
        complete = complete && trainer->vectors[i];
    }
    if (ranks > 1) {
        trainer->exchange =
            asl__alloc_array(asl__exchange_size(network->parameter_count, ranks), sizeof(float));
        complete = complete && trainer->exchange;
    }
    trainer->best = asl__alloc_array(network->parameter_count, sizeof(float));
    trainer->labels = asl__alloc_array(batch, sizeof(int32_t));
    trainer->logits = asl__alloc_array(batch, (size_t)network->classes * sizeof(float));
    trainer->history = asl__alloc_array((size_t)trainer->options.epochs, sizeof(asl_epoch_metrics));
    if (!complete || !trainer->best || !trainer->labels || !trainer->logits || !trainer->history)
        return asl__fail_memory(err, "the trainer");
    return ASL_OK;
}

/* Everything but the plan's state, which is that of `model`. The options are checked. */
static asl_status build(asl_trainer **out, const asl_model *model, const asl_dataset *train,
                        const asl_dataset *validation, const asl_trainer_options *options,
                        asl_error *err)
{
    asl_status status;
    asl_trainer *trainer = asl__alloc(sizeof *trainer);
    if (!trainer)
        return asl__fail_memory(err, "the trainer");
    trainer->model = asl__model_retain(model);
    ASL__TRY(take_options(trainer, options, err));
    const int64_t count = asl_dataset_count(train);
    const int64_t validated = validation ? asl_dataset_count(validation) : 0;
    const int64_t most = count > validated ? count : validated;
    trainer->batch_size = options->batch_size < most ? options->batch_size : (int32_t)most;
    const int32_t share = asl__share_of(trainer, trainer->batch_size).count;
    trainer->share_size = share > 0 ? share : 1;
    trainer->steps_per_epoch = (count + options->batch_size - 1) / options->batch_size;
    ASL__TRY(open_feed(&trainer->train, trainer, train, err));
    if (validation)
        ASL__TRY(open_feed(&trainer->validation, trainer, validation, err));
    ASL__TRY(take_memory(trainer, err));
    const asl__plan_options plan = {
        .max_batch = trainer->share_size,
        .training = 1,
        .threads = trainer->options.threads,
        .isa = trainer->options.isa,
        .precision = trainer->options.precision,
    };
    ASL__TRY(trainer->backend->plan_create(&trainer->plan, &model->network, &plan, err));
    trainer->options.isa = asl__backend_add_detail(trainer->chosen, sizeof trainer->chosen,
                                                   trainer->backend, trainer->plan);
    trainer->options.precision = trainer->backend->plan_precision(trainer->plan);
    ASL__TRY(trainer->backend->plan_set_state(trainer->plan, ASL__STATE_PARAMETERS,
                                              model->parameters, err));
    *out = trainer;
    return ASL_OK;
fail:
    asl_trainer_free(trainer);
    return status;
}

asl_status asl_trainer_create(asl_trainer **out, const asl_model *model, const asl_dataset *train,
                              const asl_dataset *validation, const asl_trainer_options *options,
                              asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(train != NULL, err);
    asl_status status;
    asl_trainer_options resolved = asl__trainer_defaults;
    ASL__TRY(asl__options_read(&resolved, sizeof resolved, options, "asl_trainer_options", err));
    const char *fault = asl__trainer_options_fault(&resolved);
    if (fault)
        return asl__fail(err, ASL_ERR_ARG, "%s: %s", __func__, fault);
    return build(out, model, train, validation, &resolved, err);
fail:
    return status;
}

/* The data of a run are part of its result. */
static asl_status check_data(const asl__checkpoint *saved, const asl_dataset *train,
                             const asl_dataset *validation, asl_error *err)
{
    const int64_t *whole = saved->whole;
    const int64_t count = asl_dataset_count(train);
    const int64_t validated = validation ? asl_dataset_count(validation) : 0;
    if (asl_dataset_fingerprint(train) != (uint64_t)whole[ASL__WHOLE_TRAIN_FINGERPRINT] ||
        count != whole[ASL__WHOLE_TRAIN_COUNT])
        return asl__fail(err, ASL_ERR_DATASET_CHANGED,
                         "the training data are not those of the checkpoint (%lld pictures then, "
                         "%lld now): resume with the same data and split",
                         (long long)whole[ASL__WHOLE_TRAIN_COUNT], (long long)count);
    const uint64_t fingerprint = validation ? asl_dataset_fingerprint(validation) : 0;
    if (fingerprint != (uint64_t)whole[ASL__WHOLE_VALIDATION_FINGERPRINT] ||
        validated != whole[ASL__WHOLE_VALIDATION_COUNT])
        return asl__fail(err, ASL_ERR_DATASET_CHANGED,
                         "the validation data are not those of the checkpoint (%lld pictures "
                         "then, %lld now): resume with the same data and split",
                         (long long)whole[ASL__WHOLE_VALIDATION_COUNT], (long long)validated);
    return ASL_OK;
}

/* The checkpoint's settings over the caller's. More epochs may be asked for, except where the
 * steps already taken would have been different ones. */
static asl_status merge_options(asl_trainer_options *options, const asl__checkpoint *saved,
                                asl_error *err)
{
    const int32_t epochs = options->epochs;
    asl__checkpoint_options(options, saved);
    if (options->schedule == ASL_SCHEDULE_CONSTANT && epochs > options->epochs)
        options->epochs = epochs;
    const char *fault = asl__trainer_options_fault(options);
    if (fault)
        return asl__fail(err, ASL_ERR_ARG, "asl_trainer_resume: %s", fault);
    return ASL_OK;
}

asl_status asl_trainer_resume(asl_trainer **out, const char *path, const asl_dataset *train,
                              const asl_dataset *validation, const asl_trainer_options *options,
                              asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(path != NULL, err);
    ASL__CHECK_ARG(train != NULL, err);
    asl_status status;
    asl__checkpoint saved = {0};
    asl_trainer *trainer = NULL;
    asl_error cause = ASL_ERROR_INIT;
    asl_trainer_options merged = asl__trainer_defaults;
    merged.epochs = 0; /* without options: as many as the checkpoint's */
    ASL__TRY(asl__options_read(&merged, sizeof merged, options, "asl_trainer_options", err));
    ASL__TRY(asl__checkpoint_read(&saved, path, &cause, err));
    const asl_status found = status;
    ASL__TRY(check_data(&saved, train, validation, err));
    ASL__TRY(merge_options(&merged, &saved, err));
    ASL__TRY(build(&trainer, saved.model, train, validation, &merged, err));
    ASL__TRY(asl__checkpoint_restore(trainer, &saved, err));
    asl__checkpoint_free(&saved);
    if (found == ASL_PARTIAL && merged.on_warning)
        merged.on_warning(cause.code, cause.message, merged.user);
    *out = trainer;
    return found;
fail:
    asl_trainer_free(trainer);
    asl__checkpoint_free(&saved);
    return status;
}

asl_status asl__trainer_diverged(asl_trainer *trainer, const char *what, asl_error *err)
{
    trainer->diverged = true;
    return asl__fail(err, ASL_ERR_DIVERGED,
                     "%s stopped being finite in epoch %d after step %lld: lower the learning rate",
                     what, trainer->state.epoch + 1, (long long)trainer->state.step);
}

static bool is_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

asl_status asl__trainer_snapshot(asl_trainer *trainer, asl_error *err)
{
    const size_t count = trainer->model->network.parameter_count;
    asl_status status;
    for (int32_t i = 0; i < asl__vector_count(trainer->options.optimizer); i++) {
        ASL__TRY(trainer->backend->plan_get_state(trainer->vectors[i], trainer->plan, i, err));
        if (!is_finite(trainer->vectors[i], count))
            return asl__trainer_diverged(
                trainer, i == ASL__STATE_PARAMETERS ? "a weight" : "a moment of the optimiser",
                err);
    }
    return ASL_OK;
fail:
    return status;
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

asl_status asl_trainer_run(asl_trainer *trainer, asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(trainer != NULL, err);
    asl_status status;
    int lock = -1;
    ASL__TRY(check_ready(trainer, err));
    status = trainer->checkpoint ? asl__lock_take(&lock, trainer->lock_path, err) : ASL_OK;
    if (status == ASL_OK && trainer->options.ranks > 1)
        status = asl__trainer_snapshot(trainer, err);
    ASL__TRY(asl__ranks_check(trainer, status, err));
    trainer->running = true;
    trainer->failures = 0;
    trainer->started = trainer->reported = asl__clock_seconds();
    status = asl__train(trainer, err);
    trainer->before += asl__clock_seconds() - trainer->started;
    trainer->running = false;
    atomic_store(&trainer->stop, 0); /* a request holds until a run has honoured it */
fail:
    asl__lock_release(lock, trainer->lock_path);
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
    return asl__trainer_snapshot((asl_trainer *)trainer, err);
fail:
    return status;
}

asl_status asl_trainer_save_checkpoint(const asl_trainer *trainer, const char *path, asl_error *err)
{
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
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(trainer != NULL, err);
    asl_status status;
    ASL__TRY(take_snapshot(trainer, err));
    /* Within an epoch the weights have moved on from those that were measured. */
    const int32_t measured = trainer->state.train.done > 0 ? -1 : trainer->state.epoch - 1;
    return make_model(out, trainer, trainer->vectors[ASL__STATE_PARAMETERS], measured, err);
fail:
    return status;
}

asl_status asl_trainer_get_best_model(asl_model **out, const asl_trainer *trainer, asl_error *err)
{
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
