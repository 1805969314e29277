/* SPDX-License-Identifier: MIT */
/* A run's state from disk. The file's checksum tells damage; the checks here make sure that even a
 * file written by somebody else puts no trainer into a state it could not have reached. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "train/checkpoint.h"
#include "train/metrics.h"

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
    [ASL__WHOLE_EPOCH_PICTURES] = "asl.train.epoch_pictures",
    [ASL__WHOLE_START_SIZE] = "asl.train.start_size",
};

const char *const asl__vector_names[3] = {
    [ASL__STATE_MOMENT1] = "optimizer/moment1",
    [ASL__STATE_MOMENT2] = "optimizer/moment2",
};

void asl__checkpoint_free(asl__checkpoint *checkpoint)
{
    asl_augmentation_free(checkpoint->augmentation);
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
    options->augmentation = checkpoint->augmentation;
    options->average = real[ASL__REAL_AVERAGE];
    options->epoch_pictures = whole[ASL__WHOLE_EPOCH_PICTURES];
    options->start_share = real[ASL__REAL_START_SHARE];
    options->start_size = (int32_t)whole[ASL__WHOLE_START_SIZE];
}

static bool read_whole(asl__checkpoint *out)
{
    for (int32_t i = 0; i < ASL__WHOLE_NUMBERS; i++) {
        const char *text = asl__tensors_entry(&out->file, asl__whole_keys[i]);
        if (!text && i >= ASL__WHOLE_FIRST_NUMBERS)
            continue;
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
    if (!has_tensor(out, ASL__TENSOR_REALS, ASL__DTYPE_F64, ASL__REAL_NUMBERS, 0) &&
        !has_tensor(out, ASL__TENSOR_REALS, ASL__DTYPE_F64, ASL__REAL_FIRST_NUMBERS, 0))
        return false;
    const asl__file_tensor *tensor = asl__tensors_find(&out->file, ASL__TENSOR_REALS);
    memcpy(out->real, tensor->data, tensor->bytes);
    for (int32_t i = 0; i < ASL__REAL_NUMBERS; i++) {
        if (!isfinite(out->real[i]))
            return false;
    }
    return true;
}

/* Whether a vector of the optimizer is there, and each number in it is one that training can leave:
 * at least `least`, and not above `most`. */
static bool has_vector(const asl__checkpoint *checkpoint, const char *name, float least, float most)
{
    const int64_t count = (int64_t)checkpoint->model->network.parameter_count;
    if (!has_tensor(checkpoint, name, ASL__DTYPE_F32, count, 0))
        return false;
    const char *data = asl__tensors_find(&checkpoint->file, name)->data;
    for (int64_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, data + (size_t)i * sizeof value, sizeof value);
        if (!(value >= least && value <= most))
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
        /* The squares of large gradients may overflow; weights then stand still. */
        const bool squares = i == ASL__STATE_MOMENT2;
        if (!has_vector(checkpoint, asl__vector_names[i], squares ? 0.0F : -FLT_MAX,
                        squares ? INFINITY : FLT_MAX))
            return false;
    }
    if (checkpoint->real[ASL__REAL_AVERAGE] > 0.0 &&
        !has_tensor(checkpoint, ASL__TENSOR_AVERAGE, ASL__DTYPE_F32, count, 0))
        return false;
    return epoch == 0 ||
           (has_tensor(checkpoint, ASL__TENSOR_BEST, ASL__DTYPE_F32, count, 0) &&
            has_tensor(checkpoint, ASL__TENSOR_HISTORY, ASL__DTYPE_F64, epoch, ASL__COLUMNS));
}

static bool has_legal_options(const asl__checkpoint *checkpoint)
{
    asl_trainer_options options = asl__trainer_defaults;
    const int64_t size = checkpoint->whole[ASL__WHOLE_START_SIZE];
    for (int32_t i = ASL__WHOLE_EPOCHS; i <= ASL__WHOLE_NESTEROV; i++) {
        if (checkpoint->whole[i] < 0 || checkpoint->whole[i] > INT32_MAX)
            return false;
    }
    if (size < 0 || size > INT32_MAX)
        return false;
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
    const int64_t drawn = whole[ASL__WHOLE_EPOCH_PICTURES];
    const int64_t count = drawn > 0 ? drawn : whole[ASL__WHOLE_TRAIN_COUNT];
    const int64_t done = whole[ASL__WHOLE_TRAIN_DONE], epoch = whole[ASL__WHOLE_EPOCH];
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

/* Only memory can be short; a text that makes no augmentation leaves `legal` false. */
static asl_status read_augmentation(asl__checkpoint *out, bool *legal, asl_error *err)
{
    const char *text = asl__tensors_entry(&out->file, ASL__KEY_AUGMENTATION);
    const asl_status status =
        text ? asl_augmentation_create(&out->augmentation, text, err) : ASL_OK;
    *legal = status != ASL_ERR_ARG;
    return *legal ? status : ASL_OK;
}

static asl_status read_one(asl__checkpoint *out, const char *path, asl_error *err)
{
    asl_status status;
    bool legal = false;
    ASL__TRY(asl__tensors_read(&out->file, path, err));
    ASL__TRY(asl__model_from_file(&out->model, &out->file, ASL__MODEL_PREFIX, err));
    ASL__TRY(read_augmentation(out, &legal, err));
    if (!legal || !read_whole(out) || !read_real(out) || !has_legal_options(out) ||
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
            .val_source_accuracy = trainer->sources.count > 0
                                       ? asl__sources_mean(&trainer->sources, i)
                                   : trainer->validation.dataset ? values[ASL__COLUMN_VAL_ACCURACY]
                                                                 : (double)NAN,
        };
    }
}

/* Whether the sums by source fit the other sums, and the shares are shares. */
static bool are_sources_possible(const asl__sources *sources, int32_t epochs, int64_t correct)
{
    for (int32_t i = 0; i < sources->count; i++) {
        if (sources->correct[i] < 0 || sources->correct[i] > sources->pictures[i])
            return false;
        correct -= sources->correct[i];
    }
    for (int64_t i = 0; i < (int64_t)epochs * sources->count; i++) {
        if (!(sources->accuracy[i] >= 0.0 && sources->accuracy[i] <= 1.0))
            return false;
    }
    return correct == 0;
}

static asl_status restore_sources(asl_trainer *trainer, const asl__checkpoint *checkpoint,
                                  asl_error *err)
{
    asl__sources *sources = &trainer->sources;
    const int64_t count = sources->count, epochs = trainer->state.epoch;
    const asl__file_tensor *correct = asl__tensors_find(&checkpoint->file, ASL__TENSOR_CORRECT);
    const asl__file_tensor *accuracy = asl__tensors_find(&checkpoint->file, ASL__TENSOR_ACCURACY);
    if (count == 0)
        return ASL_OK;
    if (has_tensor(checkpoint, ASL__TENSOR_CORRECT, ASL__DTYPE_I64, count, 0) &&
        (epochs == 0 ||
         has_tensor(checkpoint, ASL__TENSOR_ACCURACY, ASL__DTYPE_F64, epochs, count))) {
        memcpy(sources->correct, correct->data, correct->bytes);
        if (epochs > 0)
            memcpy(sources->accuracy, accuracy->data, accuracy->bytes);
        if (are_sources_possible(sources, trainer->state.epoch, trainer->state.validation.correct))
            return ASL_OK;
    }
    return asl__fail(err, ASL_ERR_MODEL,
                     "the checkpoint is not usable: what validation found in each source is "
                     "missing or impossible");
}

static void restore_vector(float *values, const asl__checkpoint *checkpoint, const char *name)
{
    const asl__file_tensor *tensor = asl__tensors_find(&checkpoint->file, name);
    memcpy(values, tensor->data, tensor->bytes);
}

/* Parameters that a model will be made of. */
static asl_status restore_parameters(asl_trainer *trainer, float *values,
                                     const asl__checkpoint *checkpoint, const char *name,
                                     asl_error *err)
{
    restore_vector(values, checkpoint, name);
    return asl__network_check_parameters(&trainer->model->network, values, ASL_ERR_MODEL,
                                         "the checkpoint is not usable", err);
}

asl_status asl__checkpoint_restore(asl_trainer *trainer, const asl__checkpoint *checkpoint,
                                   asl_error *err)
{
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
    for (int32_t i = ASL__STATE_MOMENT1; i < asl__vector_count(trainer->options.optimizer); i++)
        restore_vector(trainer->vectors[i], checkpoint, asl__vector_names[i]);
    if (trainer->average)
        ASL__TRY(
            restore_parameters(trainer, trainer->average, checkpoint, ASL__TENSOR_AVERAGE, err));
    ASL__TRY(restore_sources(trainer, checkpoint, err));
    if (trainer->state.epoch > 0) {
        ASL__TRY(restore_parameters(trainer, trainer->best, checkpoint, ASL__TENSOR_BEST, err));
        restore_history(trainer, checkpoint);
    }
    return ASL_OK;
fail:
    return status;
}
