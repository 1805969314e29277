/* SPDX-License-Identifier: MIT */
/* A run's state from disk. The file's checksum tells damage; the checks here make sure that even a
 * file written by somebody else puts no trainer into a state it could not have reached. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "train/checkpoint.h"

const char *const asl__whole_keys[ASL__WHOLE_NUMBERS] = {
    [ASL__WHOLE_EPOCHS] = "asl.train.epochs",
    [ASL__WHOLE_BATCH_SIZE] = "asl.train.batch_size",
    [ASL__WHOLE_OPTIMIZER] = "asl.train.optimizer",
    [ASL__WHOLE_SCHEDULE] = "asl.train.schedule",
    [ASL__WHOLE_NESTEROV] = "asl.train.nesterov",
    [ASL__WHOLE_SEED] = "asl.train.seed",
    [ASL__WHOLE_STEP] = "asl.train.step",
    [ASL__WHOLE_EPOCH] = "asl.train.epoch",
    [ASL__WHOLE_TRAIN_FINGERPRINT] = "asl.train.fingerprint",
    [ASL__WHOLE_TRAIN_COUNT] = "asl.train.count",
    [ASL__WHOLE_TRAIN_DONE] = "asl.train.done",
    [ASL__WHOLE_TRAIN_CORRECT] = "asl.train.correct",
    [ASL__WHOLE_VALIDATION_FINGERPRINT] = "asl.validation.fingerprint",
    [ASL__WHOLE_VALIDATION_COUNT] = "asl.validation.count",
    [ASL__WHOLE_VALIDATION_DONE] = "asl.validation.done",
    [ASL__WHOLE_VALIDATION_CORRECT] = "asl.validation.correct",
};

const char *const asl__vector_names[3] = {
    [ASL__STATE_MOMENT1] = "optimizer/moment1",
    [ASL__STATE_MOMENT2] = "optimizer/moment2",
};

void asl__checkpoint_free(asl__checkpoint *checkpoint)
{
    asl_model_free(checkpoint->model);
    asl__tensors_free(&checkpoint->file);
    *checkpoint = (asl__checkpoint){0};
}

void asl__checkpoint_options(asl_trainer_options *options, const asl__checkpoint *checkpoint)
{
    const int64_t *whole = checkpoint->whole;
    const double *real = checkpoint->real;
    options->epochs = (int32_t)whole[ASL__WHOLE_EPOCHS];
    options->batch_size = (int32_t)whole[ASL__WHOLE_BATCH_SIZE];
    options->optimizer = (int32_t)whole[ASL__WHOLE_OPTIMIZER];
    options->schedule = (int32_t)whole[ASL__WHOLE_SCHEDULE];
    options->nesterov = (int32_t)whole[ASL__WHOLE_NESTEROV];
    options->seed = (uint64_t)whole[ASL__WHOLE_SEED];
    options->learning_rate = real[ASL__REAL_LEARNING_RATE];
    options->beta1 = real[ASL__REAL_BETA1];
    options->beta2 = real[ASL__REAL_BETA2];
    options->epsilon = real[ASL__REAL_EPSILON];
    options->momentum = real[ASL__REAL_MOMENTUM];
    options->weight_decay = real[ASL__REAL_WEIGHT_DECAY];
    options->label_smoothing = real[ASL__REAL_LABEL_SMOOTHING];
}

static bool read_whole(asl__checkpoint *out)
{
    for (int32_t i = 0; i < ASL__WHOLE_NUMBERS; i++) {
        const char *text = asl__tensors_entry(&out->file, asl__whole_keys[i]);
        if (!text || !asl__parse_i64(&out->whole[i], text, strlen(text)))
            return false;
    }
    return true;
}

/* Whether `name` is there with this type and shape. */
static bool has_tensor(const asl__checkpoint *checkpoint, const char *name, int32_t dtype,
                       int64_t rows, int64_t columns)
{
    const asl__file_tensor *tensor = asl__tensors_find(&checkpoint->file, name);
    if (!tensor || tensor->dtype != dtype || tensor->dims != (columns > 0 ? 2 : 1))
        return false;
    return tensor->shape[0] == rows && (columns == 0 || tensor->shape[1] == columns);
}

static bool read_real(asl__checkpoint *out)
{
    if (!has_tensor(out, ASL__TENSOR_REALS, ASL__DTYPE_F64, ASL__REAL_NUMBERS, 0))
        return false;
    memcpy(out->real, asl__tensors_find(&out->file, ASL__TENSOR_REALS)->data, sizeof out->real);
    for (int32_t i = 0; i < ASL__REAL_NUMBERS; i++) {
        if (!isfinite(out->real[i]))
            return false;
    }
    return true;
}

static bool has_vectors(const asl__checkpoint *checkpoint)
{
    const int64_t count = (int64_t)checkpoint->model->network.parameter_count;
    const int64_t epoch = checkpoint->whole[ASL__WHOLE_EPOCH];
    const int32_t optimizer = (int32_t)checkpoint->whole[ASL__WHOLE_OPTIMIZER];
    for (int32_t i = ASL__STATE_MOMENT1; i < asl__vector_count(optimizer); i++) {
        if (!has_tensor(checkpoint, asl__vector_names[i], ASL__DTYPE_F32, count, 0))
            return false;
    }
    return epoch == 0 ||
           (has_tensor(checkpoint, ASL__TENSOR_BEST, ASL__DTYPE_F32, count, 0) &&
            has_tensor(checkpoint, ASL__TENSOR_HISTORY, ASL__DTYPE_F64, epoch, ASL__COLUMNS));
}

static bool has_legal_options(const asl__checkpoint *checkpoint)
{
    asl_trainer_options options = asl__trainer_defaults;
    for (int32_t i = ASL__WHOLE_EPOCHS; i <= ASL__WHOLE_NESTEROV; i++) {
        if (checkpoint->whole[i] < 0 || checkpoint->whole[i] > INT32_MAX)
            return false;
    }
    asl__checkpoint_options(&options, checkpoint);
    return asl__trainer_options_fault(&options) == NULL;
}

/* Whether `done` of `count` pictures can be where a batch ended, with `correct` of them right. */
static bool is_batch_end(int64_t done, int64_t count, int64_t correct, int64_t batch)
{
    return count >= 0 && done >= 0 && done <= count && (done % batch == 0 || done == count) &&
           correct >= 0 && correct <= done;
}

static bool has_legal_position(const asl__checkpoint *checkpoint)
{
    const int64_t *whole = checkpoint->whole;
    const int64_t batch = whole[ASL__WHOLE_BATCH_SIZE];
    const int64_t count = whole[ASL__WHOLE_TRAIN_COUNT], done = whole[ASL__WHOLE_TRAIN_DONE];
    const int64_t epoch = whole[ASL__WHOLE_EPOCH];
    if (count < 1 || count > INT32_MAX ||
        !is_batch_end(done, count, whole[ASL__WHOLE_TRAIN_CORRECT], batch) ||
        !is_batch_end(whole[ASL__WHOLE_VALIDATION_DONE], whole[ASL__WHOLE_VALIDATION_COUNT],
                      whole[ASL__WHOLE_VALIDATION_CORRECT], batch))
        return false;
    if (epoch < 0 || epoch > whole[ASL__WHOLE_EPOCHS] ||
        (epoch == whole[ASL__WHOLE_EPOCHS] && done > 0) ||
        (done < count && whole[ASL__WHOLE_VALIDATION_DONE] > 0))
        return false;
    const int64_t steps_per_epoch = (count + batch - 1) / batch;
    return whole[ASL__WHOLE_STEP] == epoch * steps_per_epoch + (done + batch - 1) / batch;
}

static asl_status read_one(asl__checkpoint *out, const char *path, asl_error *err)
{
    asl_status status;
    ASL__TRY(asl__tensors_read(&out->file, path, err));
    ASL__TRY(asl__model_from_file(&out->model, &out->file, ASL__MODEL_PREFIX, err));
    if (!read_whole(out) || !read_real(out) || !has_legal_options(out) ||
        !has_legal_position(out) || !has_vectors(out)) {
        status = asl__fail(err, ASL_ERR_MODEL,
                           "'%s' is no usable checkpoint: its settings or its position are missing "
                           "or impossible",
                           path);
        goto fail;
    }
    return ASL_OK;
fail:
    asl__checkpoint_free(out);
    return status;
}

/* Whether an older file may do where this failure came from. */
static bool is_damage(asl_status status)
{
    return status != ASL_ERR_NOMEM && status != ASL_ERR_MODEL_TOO_NEW;
}

asl_status asl__checkpoint_read(asl__checkpoint *out, const char *path, asl_error *cause,
                                asl_error *err)
{
    asl_status status = read_one(out, path, cause);
    if (status == ASL_OK)
        return ASL_OK;
    if (is_damage(status)) {
        char *previous = asl__beside(path, ".prev");
        if (!previous)
            return asl__fail_memory(err, "the checkpoint's name");
        const asl_status found = read_one(out, previous, NULL);
        asl__free(previous);
        if (found == ASL_OK)
            return ASL_PARTIAL;
        if (found == ASL_ERR_NOMEM)
            return asl__fail_memory(err, "the checkpoint");
    }
    asl__error_copy(err, cause);
    return status;
}

static void restore_history(asl_trainer *trainer, const asl__checkpoint *checkpoint)
{
    const asl__file_tensor *tensor = asl__tensors_find(&checkpoint->file, ASL__TENSOR_HISTORY);
    for (int32_t i = 0; i < trainer->state.epoch; i++) {
        double values[ASL__COLUMNS];
        memcpy(values, (const char *)tensor->data + (size_t)i * sizeof values, sizeof values);
        trainer->history[i] = (asl_epoch_metrics){
            .struct_size = sizeof trainer->history[i],
            .epoch = i + 1,
            .train_loss = values[ASL__COLUMN_TRAIN_LOSS],
            .train_accuracy = values[ASL__COLUMN_TRAIN_ACCURACY],
            .val_loss = trainer->validation.dataset ? values[ASL__COLUMN_VAL_LOSS] : (double)NAN,
            .val_accuracy =
                trainer->validation.dataset ? values[ASL__COLUMN_VAL_ACCURACY] : (double)NAN,
            .learning_rate = values[ASL__COLUMN_LEARNING_RATE],
            .seconds = values[ASL__COLUMN_SECONDS],
            .is_best = values[ASL__COLUMN_IS_BEST] != 0.0,
        };
    }
}

asl_status asl__checkpoint_restore(asl_trainer *trainer, const asl__checkpoint *checkpoint,
                                   asl_error *err)
{
    const size_t bytes = trainer->model->network.parameter_count * sizeof(float);
    const int64_t *whole = checkpoint->whole;
    const double *real = checkpoint->real;
    asl_status status;
    trainer->state = (asl__train_state){
        .step = whole[ASL__WHOLE_STEP],
        .epoch = (int32_t)whole[ASL__WHOLE_EPOCH],
        .train = {whole[ASL__WHOLE_TRAIN_DONE], whole[ASL__WHOLE_TRAIN_CORRECT],
                  real[ASL__REAL_TRAIN_LOSS_SUM]},
        .validation = {whole[ASL__WHOLE_VALIDATION_DONE], whole[ASL__WHOLE_VALIDATION_CORRECT],
                       real[ASL__REAL_VALIDATION_LOSS_SUM]},
        .learning_rate = real[ASL__REAL_LAST_RATE],
        .epoch_seconds = real[ASL__REAL_EPOCH_SECONDS],
    };
    for (int32_t i = ASL__STATE_MOMENT1; i < asl__vector_count(trainer->options.optimizer); i++) {
        const asl__file_tensor *tensor = asl__tensors_find(&checkpoint->file, asl__vector_names[i]);
        memcpy(trainer->vectors[i], tensor->data, bytes);
        ASL__TRY(trainer->backend->plan_set_state(trainer->plan, i, trainer->vectors[i], err));
    }
    if (trainer->state.epoch > 0) {
        memcpy(trainer->best, asl__tensors_find(&checkpoint->file, ASL__TENSOR_BEST)->data, bytes);
        restore_history(trainer, checkpoint);
    }
    return ASL_OK;
fail:
    return status;
}
