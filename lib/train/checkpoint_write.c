/* SPDX-License-Identifier: MIT */
/* A run's state to disk, with the file before it kept beside it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/system.h"
#include "base/text.h"
#include "train/checkpoint.h"

/* Numbers and tables of one file in the making; tensors are borrowed until it is written. */
typedef struct contents {
    asl__tensors_writer *writer;
    asl_model *model;
    double *history;
    int64_t whole[ASL__WHOLE_NUMBERS];
    double real[ASL__REAL_NUMBERS];
} contents;

char *asl__beside(const char *path, const char *suffix)
{
    asl__buffer text = {0};
    asl__buffer_format(&text, "%s%s", path, suffix);
    if (text.failed) {
        asl__buffer_free(&text);
        return NULL;
    }
    return text.data;
}

static void fill_whole(int64_t *whole, const asl_trainer *trainer)
{
    const asl_trainer_options *options = &trainer->options;
    const asl__train_state *state = &trainer->state;
    const asl_dataset *validation = trainer->validation.dataset;
    whole[ASL__WHOLE_EPOCHS] = options->epochs;
    whole[ASL__WHOLE_BATCH_SIZE] = options->batch_size;
    whole[ASL__WHOLE_OPTIMIZER] = options->optimizer;
    whole[ASL__WHOLE_SCHEDULE] = options->schedule;
    whole[ASL__WHOLE_NESTEROV] = options->nesterov;
    whole[ASL__WHOLE_SEED] = (int64_t)options->seed;
    whole[ASL__WHOLE_STEP] = state->step;
    whole[ASL__WHOLE_EPOCH] = state->epoch;
    whole[ASL__WHOLE_TRAIN_FINGERPRINT] = (int64_t)asl_dataset_fingerprint(trainer->train.dataset);
    whole[ASL__WHOLE_TRAIN_COUNT] = asl_dataset_count(trainer->train.dataset);
    whole[ASL__WHOLE_TRAIN_DONE] = state->train.done;
    whole[ASL__WHOLE_TRAIN_CORRECT] = state->train.correct;
    whole[ASL__WHOLE_VALIDATION_FINGERPRINT] =
        validation ? (int64_t)asl_dataset_fingerprint(validation) : 0;
    whole[ASL__WHOLE_VALIDATION_COUNT] = trainer->validation.count;
    whole[ASL__WHOLE_VALIDATION_DONE] = state->validation.done;
    whole[ASL__WHOLE_VALIDATION_CORRECT] = state->validation.correct;
    whole[ASL__WHOLE_EPOCH_PICTURES] = options->epoch_pictures;
    whole[ASL__WHOLE_START_SIZE] = options->start_size;
}

static void fill_real(double *real, const asl_trainer *trainer)
{
    const asl_trainer_options *options = &trainer->options;
    real[ASL__REAL_LEARNING_RATE] = options->learning_rate;
    real[ASL__REAL_BETA1] = options->beta1;
    real[ASL__REAL_BETA2] = options->beta2;
    real[ASL__REAL_EPSILON] = options->epsilon;
    real[ASL__REAL_MOMENTUM] = options->momentum;
    real[ASL__REAL_WEIGHT_DECAY] = options->weight_decay;
    real[ASL__REAL_LABEL_SMOOTHING] = options->label_smoothing;
    real[ASL__REAL_TRAIN_LOSS_SUM] = trainer->state.train.loss_sum;
    real[ASL__REAL_VALIDATION_LOSS_SUM] = trainer->state.validation.loss_sum;
    real[ASL__REAL_LAST_RATE] = trainer->state.learning_rate;
    real[ASL__REAL_EPOCH_SECONDS] = trainer->state.epoch_seconds;
    real[ASL__REAL_AVERAGE] = options->average;
    real[ASL__REAL_START_SHARE] = options->start_share;
}

void asl__checkpoint_numbers(int64_t whole[ASL__WHOLE_NUMBERS], double real[ASL__REAL_NUMBERS],
                             const asl_trainer *trainer)
{
    fill_whole(whole, trainer);
    fill_real(real, trainer);
}

static asl_status add_settings(asl__tensors_writer *writer, const int64_t *whole,
                               const asl_augmentation *augmentation, asl_error *err)
{
    char text[24];
    asl_status status;
    if (augmentation)
        ASL__TRY(asl__tensors_writer_entry(writer, ASL__KEY_AUGMENTATION,
                                           asl_augmentation_text(augmentation), err));
    for (int32_t i = 0; i < ASL__WHOLE_NUMBERS; i++) {
        snprintf(text, sizeof text, "%lld", (long long)whole[i]);
        ASL__TRY(asl__tensors_writer_entry(writer, asl__whole_keys[i], text, err));
    }
    return ASL_OK;
fail:
    return status;
}

/* What was not measured is stored as 0, since files hold finite numbers only. */
static asl_status add_history(contents *file, const asl_trainer *trainer, asl_error *err)
{
    const int64_t shape[2] = {trainer->state.epoch, ASL__COLUMNS};
    if (trainer->state.epoch == 0)
        return ASL_OK;
    file->history = asl__alloc_array((size_t)shape[0], ASL__COLUMNS * sizeof(double));
    if (!file->history)
        return asl__fail_memory(err, "the checkpoint");
    for (int32_t i = 0; i < trainer->state.epoch; i++) {
        const asl_epoch_metrics *row = &trainer->history[i];
        double *values = file->history + (size_t)i * ASL__COLUMNS;
        values[ASL__COLUMN_TRAIN_LOSS] = row->train_loss;
        values[ASL__COLUMN_TRAIN_ACCURACY] = row->train_accuracy;
        values[ASL__COLUMN_VAL_LOSS] = trainer->validation.dataset ? row->val_loss : 0.0;
        values[ASL__COLUMN_VAL_ACCURACY] = trainer->validation.dataset ? row->val_accuracy : 0.0;
        values[ASL__COLUMN_LEARNING_RATE] = row->learning_rate;
        values[ASL__COLUMN_SECONDS] = row->seconds;
        values[ASL__COLUMN_IS_BEST] = row->is_best;
    }
    return asl__tensors_writer_tensor(file->writer, ASL__TENSOR_HISTORY, ASL__DTYPE_F64, shape, 2,
                                      file->history, err);
}

static asl_status add_sources(asl__tensors_writer *writer, const asl__sources *sources,
                              int32_t epochs, asl_error *err)
{
    const int64_t shape[2] = {epochs, sources->count}, count = sources->count;
    asl_status status;
    if (count == 0)
        return ASL_OK;
    ASL__TRY(asl__tensors_writer_tensor(writer, ASL__TENSOR_CORRECT, ASL__DTYPE_I64, &count, 1,
                                        sources->correct, err));
    if (epochs > 0)
        ASL__TRY(asl__tensors_writer_tensor(writer, ASL__TENSOR_ACCURACY, ASL__DTYPE_F64, shape, 2,
                                            sources->accuracy, err));
    return ASL_OK;
fail:
    return status;
}

static asl_status add_vectors(asl__tensors_writer *writer, const asl_trainer *trainer,
                              asl_error *err)
{
    const int64_t count = (int64_t)trainer->model->network.parameter_count;
    asl_status status;
    for (int32_t i = ASL__STATE_MOMENT1; i < asl__vector_count(trainer->options.optimizer); i++)
        ASL__TRY(asl__tensors_writer_tensor(writer, asl__vector_names[i], ASL__DTYPE_F32, &count, 1,
                                            trainer->vectors[i], err));
    if (trainer->average)
        ASL__TRY(asl__tensors_writer_tensor(writer, ASL__TENSOR_AVERAGE, ASL__DTYPE_F32, &count, 1,
                                            trainer->average, err));
    if (trainer->state.epoch > 0)
        ASL__TRY(asl__tensors_writer_tensor(writer, ASL__TENSOR_BEST, ASL__DTYPE_F32, &count, 1,
                                            trainer->best, err));
    return ASL_OK;
fail:
    return status;
}

asl_status asl__checkpoint_write(const asl_trainer *trainer, const char *path, asl_error *err)
{
    const int64_t reals = ASL__REAL_NUMBERS;
    asl_status status;
    contents file = {0};
    ASL__TRY(asl__model_copy(&file.model, trainer->model, trainer->vectors[ASL__STATE_PARAMETERS],
                             NULL, err));
    ASL__TRY(asl__tensors_writer_create(&file.writer, err));
    ASL__TRY(asl__model_to_file(file.writer, file.model, ASL__MODEL_PREFIX, err));
    asl__checkpoint_numbers(file.whole, file.real, trainer);
    ASL__TRY(add_settings(file.writer, file.whole, trainer->augmentation, err));
    ASL__TRY(asl__tensors_writer_tensor(file.writer, ASL__TENSOR_REALS, ASL__DTYPE_F64, &reals, 1,
                                        file.real, err));
    ASL__TRY(add_history(&file, trainer, err));
    ASL__TRY(add_sources(file.writer, &trainer->sources, trainer->state.epoch, err));
    ASL__TRY(add_vectors(file.writer, trainer, err));
    status = asl__tensors_writer_save(file.writer, path, err);
fail:
    asl__tensors_writer_free(file.writer);
    asl__free(file.history);
    asl_model_free(file.model);
    return status;
}

/* Keeps the file at `path` as `previous`, by a second link so that it never leaves its place; where
 * the file system has no links it is moved, and asl__checkpoint_read() looks for both. */
static asl_status keep_previous(const char *path, const char *previous, const char *temporary,
                                asl_error *err)
{
    asl__sys->unlinkat(AT_FDCWD, temporary, 0);
    const bool linked = asl__sys->linkat(AT_FDCWD, path, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0;
    if (!linked && errno == ENOENT)
        return ASL_OK; /* there is none yet */
    if (asl__sys->renameat(AT_FDCWD, linked ? temporary : path, AT_FDCWD, previous) != 0) {
        const int number = errno;
        asl__sys->unlinkat(AT_FDCWD, temporary, 0);
        return asl__fail_errno(err, ASL_ERR_IO, number, "cannot keep '%s' as '%s'", path, previous);
    }
    asl__sys->unlinkat(AT_FDCWD, temporary, 0); /* still there when both names already were the same file */
    return ASL_OK;
}

/* A file that was there before this trainer may be damaged; then it must not push out the last
 * whole one, which is PATH.prev. */
static bool is_whole(const char *path)
{
    asl__tensors file = {0};
    const bool whole = asl__tensors_read(&file, path, NULL) == ASL_OK;
    asl__tensors_free(&file);
    return whole;
}

asl_status asl__checkpoint_keep(asl_trainer *trainer, asl_error *err)
{
    const char *path = trainer->checkpoint;
    char *previous = asl__beside(path, ".prev");
    char *temporary = asl__beside(path, ".prev.tmp");
    asl_status status = ASL_OK;
    if (!previous || !temporary) {
        status = asl__fail_memory(err, "the checkpoint's name");
        goto fail;
    }
    if (!trainer->examined)
        trainer->rotate = is_whole(path);
    trainer->examined = true;
    if (trainer->rotate)
        ASL__TRY(keep_previous(path, previous, temporary, err));
    ASL__TRY(asl__checkpoint_write(trainer, path, err));
    trainer->rotate = true;
fail:
    asl__free(temporary);
    asl__free(previous);
    return status;
}
