/* SPDX-License-Identifier: MIT */
/* How a trainer is made, from a model or from a checkpoint. All memory of the loop is taken here,
 * before the first step. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/threads.h"
#include "image/augment.h"
#include "train/checkpoint.h"
#include "train/feed.h"
#include "train/ranks.h"

void asl_trainer_free(asl_trainer *trainer)
{
    if (!trainer)
        return;
    if (trainer->running) { /* a callback's wish: asl_trainer_run() still needs it */
        trainer->freed = true;
        asl_trainer_request_stop(trainer);
        return;
    }
    if (trainer->start_plan)
        trainer->backend->plan_destroy(trainer->start_plan);
    if (trainer->plan)
        trainer->backend->plan_destroy(trainer->plan);
    asl__feed_close(&trainer->train);
    asl__feed_close(&trainer->validation);
    for (int32_t i = 0; i < 3; i++)
        asl__free(trainer->vectors[i]);
    asl__free(trainer->sources.accuracy);
    asl__free(trainer->sources.correct);
    asl__free(trainer->sources.pictures);
    asl__free(trainer->start_network);
    asl__free(trainer->chunk);
    asl__free(trainer->history);
    asl__free(trainer->best);
    asl__free(trainer->average);
    asl__free(trainer->exchange);
    asl__free(trainer->logits);
    asl__free(trainer->labels);
    asl__free(trainer->lock_path);
    asl__free(trainer->checkpoint);
    asl_augmentation_free(trainer->augmentation);
    asl_model_free(trainer->model);
    asl__free(trainer);
}

/* --- options ------------------------------------------------------------------------------ */

static asl_status take_checkpoint(asl_trainer *trainer, const char *path, asl_error *err)
{
    trainer->options.checkpoint = NULL;
    if (!path || trainer->options.rank > 0)
        return ASL_OK;
    trainer->checkpoint = asl__strdup(path);
    trainer->lock_path = asl__beside(path, ".lock");
    if (!trainer->checkpoint || !trainer->lock_path)
        return asl__fail_memory(err, "the checkpoint's name");
    trainer->options.checkpoint = trainer->checkpoint;
    return ASL_OK;
}

/* A copy by its text, since the caller's may be gone tomorrow. */
static asl_status take_augmentation(asl_trainer *trainer, const asl_augmentation *augmentation,
                                    asl_error *err)
{
    asl_status status;
    trainer->nothing = asl__model_find_label(trainer->model, "nothing");
    if (!augmentation)
        return ASL_OK;
    ASL__TRY(
        asl_augmentation_create(&trainer->augmentation, asl_augmentation_text(augmentation), err));
    trainer->options.augmentation = trainer->augmentation;
    if (trainer->nothing < 0 && asl__augmentation_makes_negatives(augmentation))
        return asl__fail(err, ASL_ERR_LABELS,
                         "the augmentation makes pictures without a letter, but the model has no "
                         "class 'nothing' for them: set its \"negative\" to 0");
    return ASL_OK;
fail:
    return status;
}

/* Copies what the options point to and resolves what they leave open. */
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
    ASL__TRY(take_checkpoint(trainer, options->checkpoint, err));
    ASL__TRY(take_augmentation(trainer, options->augmentation, err));
    ASL__TRY(asl__backend_find(&trainer->backend, trainer->chosen, sizeof trainer->chosen,
                               asl__backend_asked(options->backend, options->isa), err));
    trainer->options.backend = trainer->backend->name;
    return ASL_OK;
fail:
    return status;
}

/* Batches and steps. Asking for larger batches than there are pictures costs no memory. */
static void measure(asl_trainer *trainer, const asl_dataset *train, const asl_dataset *validation)
{
    const asl_trainer_options *options = &trainer->options;
    const int64_t drawn = options->epoch_pictures;
    const int64_t count = drawn > 0 ? drawn : asl_dataset_count(train);
    const int64_t validated = validation ? asl_dataset_count(validation) : 0;
    const int64_t most = count > validated ? count : validated;
    trainer->batch_size = options->batch_size < most ? options->batch_size : (int32_t)most;
    const int32_t share = asl__share_of(trainer, trainer->batch_size).count;
    trainer->share_size = share > 0 ? share : 1;
    trainer->steps_per_epoch = (count + options->batch_size - 1) / options->batch_size;
    trainer->start_steps =
        (int64_t)(options->start_share * (double)(trainer->steps_per_epoch * options->epochs));
}

/* --- memory ------------------------------------------------------------------------------- */

static asl_status take_sources(asl_trainer *trainer, const asl_dataset *validation, asl_error *err)
{
    asl__sources *sources = &trainer->sources;
    const int32_t count = asl_dataset_source_count(validation);
    asl_sample sample = {.struct_size = sizeof sample};
    asl_status status;
    if (count < 2)
        return ASL_OK;
    sources->count = count;
    sources->pictures = asl__alloc_array((size_t)count, sizeof *sources->pictures);
    sources->correct = asl__alloc_array((size_t)count, sizeof *sources->correct);
    sources->accuracy = asl__alloc_array((size_t)trainer->options.epochs,
                                         (size_t)count * sizeof *sources->accuracy);
    if (!sources->pictures || !sources->correct || !sources->accuracy)
        return asl__fail_memory(err, "the sources of the validation set");
    for (int64_t i = 0; i < asl_dataset_count(validation); i++) {
        ASL__TRY(asl_dataset_get_sample(&sample, validation, i, err));
        sources->pictures[sample.source_index]++;
    }
    return ASL_OK;
fail:
    return status;
}

/* `count` floats, unless they are not needed. */
static bool take_floats(float **out, bool needed, size_t count)
{
    if (needed)
        *out = asl__alloc_array(count, sizeof **out);
    return !needed || *out;
}

static asl_status take_memory(asl_trainer *trainer, asl_error *err)
{
    const asl_trainer_options *options = &trainer->options;
    const asl__network *network = &trainer->model->network;
    const size_t batch = (size_t)trainer->share_size, count = network->parameter_count;
    const bool sums = options->ranks > 1 || trainer->sources.count > 0;
    bool complete = true;
    for (int32_t i = 0; i < asl__vector_count(options->optimizer); i++)
        complete = take_floats(&trainer->vectors[i], true, count) && complete;
    complete = take_floats(&trainer->average, options->average > 0.0, count) && complete;
    complete = take_floats(&trainer->best, true, count) && complete;
    complete = take_floats(&trainer->exchange, sums,
                           asl__exchange_size(count, trainer->sources.count, options->ranks)) &&
               complete;
    trainer->labels = asl__alloc_array(batch, sizeof(int32_t));
    trainer->logits = asl__alloc_array(batch, (size_t)network->classes * sizeof(float));
    trainer->history = asl__alloc_array((size_t)options->epochs, sizeof(asl_epoch_metrics));
    if (!complete || !trainer->labels || !trainer->logits || !trainer->history)
        return asl__fail_memory(err, "the trainer");
    return ASL_OK;
}

/* --- plans -------------------------------------------------------------------------------- */

/* The model's layers on smaller pictures of the same shape. Dense layers come after 1x1 maps only,
 * so a network that is possible has the same parameters. */
static asl_status build_start_network(asl_trainer *trainer, asl_error *err)
{
    const asl_model *model = trainer->model;
    const asl__shape input = model->network.input;
    const int32_t size = trainer->options.start_size;
    const int32_t side = input.width > input.height ? input.width : input.height;
    if (size == 0)
        return ASL_OK;
    if (size >= side)
        return asl__fail(err, ASL_ERR_ARG,
                         "start_size must be less than the network's own %d pixels, not %d", side,
                         size);
    asl__network *network = asl__alloc(sizeof *network);
    if (!network)
        return asl__fail_memory(err, "the network for the first steps");
    trainer->start_network = network;
    network->input.channels = input.channels;
    network->input.width = input.width * size / side > 0 ? input.width * size / side : 1;
    network->input.height = input.height * size / side > 0 ? input.height * size / side : 1;
    network->bgr = model->network.bgr;
    network->classes = model->network.classes;
    memcpy(network->mean, model->network.mean, sizeof network->mean);
    memcpy(network->std, model->network.std, sizeof network->std);
    return asl__network_build(network, model->architecture, err);
}

static asl_status make_plans(asl_trainer *trainer, asl_error *err)
{
    const asl__backend *backend = trainer->backend;
    const asl__plan_options options = {
        .max_batch = trainer->share_size,
        .training = 1,
        .threads = trainer->options.threads,
        .isa = trainer->options.isa,
        .precision = trainer->options.precision,
    };
    asl_status status;
    ASL__TRY(backend->plan_create(&trainer->plan, &trainer->model->network, &options, err));
    if (trainer->start_steps > 0)
        ASL__TRY(backend->plan_create(&trainer->start_plan, trainer->start_network, &options, err));
    trainer->options.isa =
        asl__backend_add_detail(trainer->chosen, sizeof trainer->chosen, backend, trainer->plan);
    trainer->options.precision = backend->plan_precision(trainer->plan);
    return ASL_OK;
fail:
    return status;
}

/* A new trainer in the state of `model`. The options are checked. */
static asl_status build(asl_trainer **out, const asl_model *model, const asl_dataset *train,
                        const asl_dataset *validation, const asl_trainer_options *options,
                        asl_error *err)
{
    const size_t bytes = model->network.parameter_count * sizeof(float);
    asl_status status;
    asl_trainer *trainer = asl__alloc(sizeof *trainer);
    if (!trainer)
        return asl__fail_memory(err, "the trainer");
    trainer->model = asl__model_retain(model);
    ASL__TRY(take_options(trainer, options, err));
    measure(trainer, train, validation);
    ASL__TRY(build_start_network(trainer, err));
    ASL__TRY(asl__feed_open(&trainer->train, trainer, train, err));
    if (validation)
        ASL__TRY(asl__feed_open(&trainer->validation, trainer, validation, err));
    ASL__TRY(take_sources(trainer, validation, err));
    ASL__TRY(take_memory(trainer, err));
    ASL__TRY(make_plans(trainer, err));
    memcpy(trainer->vectors[ASL__STATE_PARAMETERS], model->parameters, bytes);
    if (trainer->average)
        memcpy(trainer->average, model->parameters, bytes);
    *out = trainer;
    return ASL_OK;
fail:
    asl_trainer_free(trainer);
    return status;
}

/* --- from a model, from a checkpoint ------------------------------------------------------ */

asl_status asl_trainer_create(asl_trainer **out, const asl_model *model, const asl_dataset *train,
                              const asl_dataset *validation, const asl_trainer_options *options,
                              asl_error *err)
{
    ASL__OWN_FLOATS;
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
    if (options->schedule == ASL_SCHEDULE_CONSTANT && options->start_size == 0 &&
        epochs > options->epochs)
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
    ASL__OWN_FLOATS;
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
