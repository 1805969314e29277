/* SPDX-License-Identifier: MIT */
/* The loop of a training run. Each epoch is a pass over the training set, one over the validation
 * set, and the bookkeeping after both. Both passes may be left after any batch and taken up again
 * there, in this process or from a checkpoint, without a trace in the result. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"
#include "train/feed.h"
#include "train/kept.h"
#include "train/metrics.h"
#include "train/ranks.h"
#include "train/schedule.h"
#include "train/weights.h"

#define REPORT_SECONDS 0.1
#define MOST_FAILURES  3           /* checkpoints in a row that may fail before the run ends */
#define FORWARD_SHARE  (1.0 / 3.0) /* of a training step's time, until it has been measured */

/* Estimate from the mean time per picture so far; < 0 before anything was measured. */
static double seconds_left(const asl_trainer *trainer)
{
    const asl__feed *train = &trainer->train, *validation = &trainer->validation;
    const asl__train_state *state = &trainer->state;
    double train_rate = train->pictures > 0 ? train->seconds / (double)train->pictures : -1.0;
    double validation_rate =
        validation->pictures > 0 ? validation->seconds / (double)validation->pictures : -1.0;
    if (train_rate < 0.0 && validation_rate < 0.0)
        return -1.0;
    if (train_rate < 0.0)
        train_rate = validation_rate / FORWARD_SHARE;
    if (validation_rate < 0.0)
        validation_rate = train_rate * FORWARD_SHARE;
    const int64_t epochs = trainer->options.epochs - state->epoch;
    return train_rate * (double)(epochs * train->count - state->train.done) +
           validation_rate * (double)(epochs * validation->count - state->validation.done);
}

static void report(asl_trainer *trainer, const asl__pass *pass, int64_t total)
{
    const double now = asl__clock_seconds();
    if (!trainer->options.on_progress ||
        (pass->done < total && now - trainer->reported < REPORT_SECONDS))
        return;
    trainer->reported = now;
    const asl_train_progress progress = {
        .struct_size = sizeof progress,
        .epoch = trainer->state.epoch + 1,
        .epochs = trainer->options.epochs,
        .validating = pass == &trainer->state.validation,
        .done = pass->done,
        .total = total,
        .loss = asl__pass_loss(pass),
        .accuracy = asl__pass_accuracy(pass),
        .learning_rate = trainer->state.learning_rate,
        .seconds = trainer->before + (now - trainer->started),
        .eta_seconds = seconds_left(trainer),
    };
    trainer->options.on_progress(&progress, trainer->options.user);
}

/* Writes the checkpoint, when there is one to write. A failure is told and counted; only too many
 * in a row are an error here. */
static asl_status keep(asl_trainer *trainer, asl_error *err)
{
    if (!trainer->checkpoint)
        return ASL_OK;
    asl_error cause = ASL_ERROR_INIT;
    if (asl__checkpoint_keep(trainer, &cause) == ASL_OK) {
        trainer->failures = 0;
        return ASL_OK;
    }
    if (trainer->options.on_warning)
        trainer->options.on_warning(cause.code, cause.message, trainer->options.user);
    trainer->failures++;
    if (trainer->failures < MOST_FAILURES)
        return ASL_OK;
    cause.code = ASL_ERR_IO;
    asl__error_copy(err, &cause);
    return ASL_ERR_IO;
}

/* Writes a checkpoint between two batches of a pass. */
static asl_status save(asl_trainer *trainer, asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__weights_snapshot(trainer, err));
    status = keep(trainer, err);
fail:
    return asl__ranks_meet(trainer, status, err);
}

/* Ends the run between two batches, with the checkpoint unless it is `kept` already. Whoever asked
 * relies on it, so here one that cannot be written is an error at once. */
static asl_status stop(asl_trainer *trainer, bool kept, asl_error *err)
{
    asl_status status = ASL_OK;
    asl_error cause = ASL_ERROR_INIT;
    if (!kept)
        ASL__TRY(asl__weights_snapshot(trainer, err));
    if (!kept && trainer->checkpoint && asl__checkpoint_keep(trainer, &cause) != ASL_OK) {
        cause.code = status = ASL_ERR_IO;
        asl__error_copy(err, &cause);
    }
fail:
    status = asl__ranks_meet(trainer, status, err);
    return status == ASL_OK ? ASL_STOPPED : status;
}

asl__step_options asl__trainer_step(const asl_trainer *trainer, int64_t step, int32_t first)
{
    const asl_trainer_options *options = &trainer->options;
    return (asl__step_options){
        .optimizer = options->optimizer,
        .nesterov = options->nesterov,
        .first = first,
        .step = step,
        .seed = options->seed,
        .learning_rate = asl__schedule_rate(options->schedule, options->learning_rate, step,
                                            trainer->steps_per_epoch * options->epochs),
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .epsilon = options->epsilon,
        .momentum = options->momentum,
        .weight_decay = options->weight_decay,
        .label_smoothing = options->label_smoothing,
    };
}

/* A whole step, or with several ranks what this one's share contributes to it. */
static asl_status train_share(asl__pass *sums, asl_trainer *trainer, const asl__step_options *step,
                              asl_error *err)
{
    const asl__backend *backend = trainer->backend;
    asl__plan *plan = trainer->active;
    asl__step_result result;
    asl__batch batch;
    asl_status status;
    ASL__TRY(asl__feed_next(&batch, &trainer->train, trainer, err));
    if (trainer->options.ranks == 1)
        ASL__TRY(backend->plan_train_step(&result, plan, batch.images, trainer->labels, batch.count,
                                          step, err));
    else
        ASL__TRY(backend->plan_gradients(trainer->exchange, &result, plan, batch.images,
                                         trainer->labels, batch.count, step, err));
    sums->loss_sum = result.loss_sum;
    sums->correct = result.correct;
    return ASL_OK;
fail:
    return status;
}

/* Adds up a batch; in trainer->exchange the pictures of each source that were right. */
static asl_status count_batch(asl__pass *sums, asl_trainer *trainer, const asl__batch *batch,
                              asl_error *err)
{
    const int32_t classes = trainer->model->network.classes;
    asl_sample sample = {.struct_size = sizeof sample};
    asl_status status = ASL_OK;
    for (int32_t i = 0; i < batch->count; i++) {
        const int64_t before = sums->correct;
        asl__pass_add(sums, trainer->logits + (size_t)i * (size_t)classes, trainer->labels + i, 1,
                      classes);
        if (trainer->sources.count == 0 || sums->correct == before)
            continue;
        ASL__TRY(
            asl_dataset_get_sample(&sample, trainer->validation.dataset, batch->positions[i], err));
        trainer->exchange[sample.source_index] += 1.0f;
    }
fail:
    return status;
}

static asl_status validate_share(asl__pass *sums, asl_trainer *trainer, asl_error *err)
{
    asl__batch batch;
    asl_status status;
    ASL__TRY(asl__feed_next(&batch, &trainer->validation, trainer, err));
    ASL__TRY(trainer->backend->plan_forward(trainer->logits, trainer->plan, batch.images,
                                            batch.count, err));
    return count_batch(sums, trainer, &batch, err);
fail:
    return status;
}

/* The mean loss of the whole batch has the mean of the shares' gradients, each weighted by its
 * pictures. */
static void weigh_gradients(asl_trainer *trainer, int32_t own, int32_t pictures)
{
    const float weight = (float)own / (float)pictures;
    const size_t count = trainer->model->network.parameter_count;
    for (size_t i = 0; i < count; i++)
        trainer->exchange[i] = own > 0 ? weight * trainer->exchange[i] : 0.0f;
}

static asl_status train_batch(asl__pass *sums, asl_trainer *trainer, const asl__share *share,
                              int32_t pictures, asl_error *err)
{
    const asl__step_options step =
        asl__trainer_step(trainer, trainer->state.step + 1, share->first);
    const bool alone = trainer->options.ranks == 1;
    asl_status status = ASL_OK;
    if (share->count > 0)
        status = train_share(sums, trainer, &step, err);
    if (!alone)
        weigh_gradients(trainer, share->count, pictures);
    ASL__TRY(asl__ranks_add(trainer, trainer->model->network.parameter_count, sums, status, err));
    if (!isfinite(sums->loss_sum))
        return asl__trainer_diverged(trainer, "the loss", err);
    if (!alone)
        ASL__TRY(trainer->backend->plan_apply(trainer->active, trainer->exchange, &step, err));
    trainer->state.step++;
    trainer->state.learning_rate = step.learning_rate;
    return ASL_OK;
fail:
    return status;
}

static asl_status validate_batch(asl__pass *sums, asl_trainer *trainer, const asl__share *share,
                                 asl_error *err)
{
    const asl__sources *sources = &trainer->sources;
    asl_status status = ASL_OK;
    for (int32_t i = 0; i < sources->count; i++)
        trainer->exchange[i] = 0.0f;
    if (share->count > 0)
        status = validate_share(sums, trainer, err);
    ASL__TRY(asl__ranks_add(trainer, (size_t)sources->count, sums, status, err));
    if (!isfinite(sums->loss_sum))
        return asl__trainer_diverged(trainer, "the validation loss", err);
    for (int32_t i = 0; i < sources->count; i++)
        sources->correct[i] += (int64_t)trainer->exchange[i];
    return ASL_OK;
fail:
    return status;
}

/* One batch of all ranks. */
static asl_status run_batch(asl_trainer *trainer, const asl__feed *feed, asl__pass *pass,
                            asl_error *err)
{
    const int64_t left = feed->count - pass->done;
    const int32_t pictures = left < trainer->batch_size ? (int32_t)left : trainer->batch_size;
    const asl__share share = asl__share_of(trainer, pictures);
    asl__pass sums = {0};
    asl_status status;
    if (feed == &trainer->train)
        ASL__TRY(train_batch(&sums, trainer, &share, pictures, err));
    else
        ASL__TRY(validate_batch(&sums, trainer, &share, err));
    pass->done += pictures;
    pass->correct += sums.correct;
    pass->loss_sum += sums.loss_sum;
    return ASL_OK;
fail:
    return status;
}

static bool is_kept(const asl_trainer *trainer, const asl__feed *feed)
{
    return feed == &trainer->train && trainer->chunk && trainer->state.step >= trainer->start_steps;
}

/* Gets weights and pictures ready for what is left of a pass. */
static asl_status start_pass(asl_trainer *trainer, asl__feed *feed, const asl__pass *pass,
                             asl_error *err)
{
    asl_status status = ASL_OK;
    if (pass->done < feed->count)
        status = feed == &trainer->train ? asl__weights_train(trainer, err)
                                         : asl__weights_validate(trainer, err);
    if (status == ASL_OK)
        status = asl__feed_start(feed, trainer, pass, is_kept(trainer, feed), err);
    return asl__ranks_meet(trainer, status, err);
}

static bool is_checkpoint_due(const asl_trainer *trainer, const asl__feed *feed)
{
    const int32_t steps = trainer->options.checkpoint_steps;
    return feed == &trainer->train && steps > 0 && trainer->state.step % steps == 0;
}

/* Whether the next step is the first on pictures of the model's own size. */
static bool is_size_due(const asl_trainer *trainer, const asl__feed *feed)
{
    return feed == &trainer->train && trainer->active != asl__weights_plan(trainer);
}

/* Goes on with a pass to its end. ASL_STOPPED when told to stop on the way. */
static asl_status run_pass(asl_trainer *trainer, asl__feed *feed, asl__pass *pass, asl_error *err)
{
    asl_status status;
    ASL__TRY(start_pass(trainer, feed, pass, err));
    while (pass->done < feed->count) {
        if (is_size_due(trainer, feed))
            ASL__TRY(start_pass(trainer, feed, pass, err));
        const double begin = asl__clock_seconds();
        const int64_t before = pass->done;
        ASL__TRY(is_kept(trainer, feed) ? asl__kept_train(trainer, pass, err)
                                        : run_batch(trainer, feed, pass, err));
        if (feed == &trainer->train)
            ASL__TRY(asl__weights_average(trainer, err));
        const double seconds = asl__clock_seconds() - begin;
        feed->seconds += seconds;
        feed->pictures += pass->done - before;
        trainer->state.epoch_seconds += seconds;
        report(trainer, pass, feed->count);
        if (asl__ranks_stopping(trainer))
            return stop(trainer, false, err);
        if (is_checkpoint_due(trainer, feed))
            ASL__TRY(save(trainer, err));
    }
    return ASL_OK;
fail:
    return status;
}

/* Closes the epoch: its row of the history, the best weights, the checkpoint. */
static asl_status finish_epoch(asl_trainer *trainer, asl_error *err)
{
    asl__train_state *state = &trainer->state;
    asl_status status = asl__weights_snapshot(trainer, err);
    ASL__TRY(asl__ranks_check(trainer, status, err));
    const asl_epoch_metrics row = asl__epoch_metrics(trainer);
    if (row.is_best)
        memcpy(trainer->best, asl__weights_result(trainer),
               trainer->model->network.parameter_count * sizeof(float));
    trainer->history[state->epoch] = row;
    state->epoch++;
    state->train = state->validation = (asl__pass){0};
    for (int32_t i = 0; i < trainer->sources.count; i++)
        trainer->sources.correct[i] = 0;
    state->epoch_seconds = 0.0;
    status = keep(trainer, err);
    if (trainer->options.on_epoch)
        trainer->options.on_epoch(&row, trainer->options.user);
    return asl__ranks_meet(trainer, status, err);
fail:
    return status;
}

asl_status asl__train(asl_trainer *trainer, asl_error *err)
{
    asl_status status = ASL_OK;
    if (trainer->state.epoch < trainer->options.epochs)
        ASL__TRY(asl__kept_open(trainer, err));
    while (trainer->state.epoch < trainer->options.epochs) {
        ASL__TRY(run_pass(trainer, &trainer->train, &trainer->state.train, err));
        if (status == ASL_STOPPED)
            return status;
        if (trainer->validation.dataset) {
            ASL__TRY(run_pass(trainer, &trainer->validation, &trainer->state.validation, err));
            if (status == ASL_STOPPED)
                return status;
        }
        ASL__TRY(finish_epoch(trainer, err));
        /* The checkpoint of this moment is on disk already, unless it could not be written. */
        if (asl__ranks_stopping(trainer) && trainer->state.epoch < trainer->options.epochs)
            return stop(trainer, trainer->failures == 0, err);
    }
    return ASL_OK;
fail:
    return status;
}
