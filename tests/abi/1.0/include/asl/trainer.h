/* SPDX-License-Identifier: MIT */
#ifndef ASL_TRAINER_H
#define ASL_TRAINER_H

#include "asl/augment.h"
#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

typedef struct asl_trainer asl_trainer;

enum {
    ASL_OPTIMIZER_ADAM = 0,
    ASL_OPTIMIZER_ADAMW = 1,
    ASL_OPTIMIZER_SGD = 2
};

enum {
    ASL_SCHEDULE_CONSTANT = 0,
    ASL_SCHEDULE_ONE_CYCLE = 1
};

typedef struct asl_train_progress {
    uint32_t struct_size;
    int32_t epoch;
    int32_t epochs;
    int32_t validating;
    int64_t done, total;
    double loss;
    double accuracy;
    double learning_rate;
    double seconds;
    double eta_seconds;
} asl_train_progress;

typedef struct asl_epoch_metrics {
    uint32_t struct_size;
    int32_t epoch;
    double train_loss, train_accuracy;
    double val_loss, val_accuracy;
    double learning_rate;
    double seconds;
    int32_t is_best;
    int32_t reserved;
    double val_source_accuracy;
} asl_epoch_metrics;

typedef void (*asl_train_progress_fn)(const asl_train_progress *progress, void *user);
typedef void (*asl_epoch_fn)(const asl_epoch_metrics *metrics, void *user);
typedef void (*asl_warning_fn)(asl_status code, const char *message, void *user);

typedef asl_status (*asl_all_reduce_fn)(float *values, size_t count, void *user);

typedef struct asl_trainer_options {
    uint32_t struct_size;
    int32_t epochs;
    int32_t batch_size;
    int32_t optimizer;
    int32_t schedule;
    int32_t nesterov;
    double learning_rate;
    double beta1, beta2;
    double epsilon;
    double momentum;
    double weight_decay;
    double label_smoothing;
    uint64_t seed;
    int32_t threads;
    int32_t checkpoint_steps;
    const char *backend;
    const char *isa;
    const char *checkpoint;
    asl_train_progress_fn on_progress;
    asl_epoch_fn on_epoch;
    asl_warning_fn on_warning;
    void *user;
    int32_t rank;
    int32_t ranks;
    asl_all_reduce_fn all_reduce;
    const char *precision;
    const asl_augmentation *augmentation;
    double average;
    int64_t epoch_pictures;
    double start_share;
    int32_t start_size;
    int32_t reserved;
} asl_trainer_options;

ASL_API void asl_trainer_options_init(asl_trainer_options *options, size_t struct_size);

ASL_API asl_status asl_trainer_create(asl_trainer **out, const asl_model *model,
                                      const asl_dataset *train, const asl_dataset *validation,
                                      const asl_trainer_options *options, asl_error *err);

ASL_API asl_status asl_trainer_resume(asl_trainer **out, const char *path, const asl_dataset *train,
                                      const asl_dataset *validation,
                                      const asl_trainer_options *options, asl_error *err);

ASL_API asl_status asl_trainer_run(asl_trainer *trainer, asl_error *err);

ASL_API void asl_trainer_request_stop(asl_trainer *trainer);

ASL_API asl_status asl_trainer_save_checkpoint(const asl_trainer *trainer, const char *path,
                                               asl_error *err);

ASL_API asl_status asl_trainer_get_model(asl_model **out, const asl_trainer *trainer,
                                         asl_error *err);

ASL_API asl_status asl_trainer_get_best_model(asl_model **out, const asl_trainer *trainer,
                                              asl_error *err);

ASL_API int32_t asl_trainer_epoch_count(const asl_trainer *trainer);

ASL_API asl_status asl_trainer_get_epoch(asl_epoch_metrics *out, const asl_trainer *trainer,
                                         int32_t index, asl_error *err);

ASL_API double asl_trainer_source_accuracy(const asl_trainer *trainer, int32_t index,
                                           int32_t source_index);

ASL_API asl_status asl_trainer_get_options(asl_trainer_options *out, const asl_trainer *trainer,
                                           asl_error *err);

ASL_API const char *asl_trainer_backend(const asl_trainer *trainer);

ASL_API void asl_trainer_free(asl_trainer *trainer);

ASL_END_DECLS
#endif
