/* SPDX-License-Identifier: MIT */
/* The state of a run on disk: a safetensors file with asl.kind "checkpoint"
 * (docs/model-format.md), the one before it as PATH.prev, and PATH.lock while a run writes. */
#ifndef ASL_TRAIN_CHECKPOINT_H
#define ASL_TRAIN_CHECKPOINT_H

#include "train/trainer.h"

/* Whole numbers and real numbers of a checkpoint, in the order of the tables in checkpoint.c. */
enum {
    ASL__WHOLE_EPOCHS,
    ASL__WHOLE_BATCH_SIZE,
    ASL__WHOLE_OPTIMIZER,
    ASL__WHOLE_SCHEDULE,
    ASL__WHOLE_NESTEROV,
    ASL__WHOLE_SEED,
    ASL__WHOLE_STEP,
    ASL__WHOLE_EPOCH,
    ASL__WHOLE_TRAIN_FINGERPRINT,
    ASL__WHOLE_TRAIN_COUNT,
    ASL__WHOLE_TRAIN_DONE,
    ASL__WHOLE_TRAIN_CORRECT,
    ASL__WHOLE_VALIDATION_FINGERPRINT,
    ASL__WHOLE_VALIDATION_COUNT, /* 0: no validation */
    ASL__WHOLE_VALIDATION_DONE,
    ASL__WHOLE_VALIDATION_CORRECT,
    ASL__WHOLE_FIRST_NUMBERS, /* those that follow are 0 where they are missing, as they are from
                                 checkpoints of the first versions */
    ASL__WHOLE_EPOCH_PICTURES = ASL__WHOLE_FIRST_NUMBERS,
    ASL__WHOLE_START_SIZE,
    ASL__WHOLE_NUMBERS
};

enum {
    ASL__REAL_LEARNING_RATE,
    ASL__REAL_BETA1,
    ASL__REAL_BETA2,
    ASL__REAL_EPSILON,
    ASL__REAL_MOMENTUM,
    ASL__REAL_WEIGHT_DECAY,
    ASL__REAL_LABEL_SMOOTHING,
    ASL__REAL_SETTINGS, /* what follows came about */
    ASL__REAL_TRAIN_LOSS_SUM = ASL__REAL_SETTINGS,
    ASL__REAL_VALIDATION_LOSS_SUM,
    ASL__REAL_LAST_RATE,
    ASL__REAL_EPOCH_SECONDS,
    ASL__REAL_FIRST_NUMBERS, /* as above */
    ASL__REAL_LATER_SETTINGS = ASL__REAL_FIRST_NUMBERS,
    ASL__REAL_AVERAGE = ASL__REAL_LATER_SETTINGS,
    ASL__REAL_START_SHARE,
    ASL__REAL_NUMBERS
};

/* Columns of the history, one row an epoch. */
enum {
    ASL__COLUMN_TRAIN_LOSS,
    ASL__COLUMN_TRAIN_ACCURACY,
    ASL__COLUMN_VAL_LOSS,
    ASL__COLUMN_VAL_ACCURACY,
    ASL__COLUMN_LEARNING_RATE,
    ASL__COLUMN_SECONDS,
    ASL__COLUMN_IS_BEST,
    ASL__COLUMNS
};

extern const char *const asl__whole_keys[ASL__WHOLE_NUMBERS]; /* metadata; decimal */
extern const char *const asl__vector_names[3];                /* by ASL__STATE_*; [0] unused */
#define ASL__TENSOR_REALS     "trainer/reals"
#define ASL__TENSOR_HISTORY   "trainer/history"
#define ASL__TENSOR_BEST      "best/parameters"
#define ASL__TENSOR_AVERAGE   "average/parameters"
#define ASL__TENSOR_CORRECT   "sources/correct"  /* of the validation under way */
#define ASL__TENSOR_ACCURACY  "sources/accuracy" /* one row an epoch */
#define ASL__MODEL_PREFIX     "model/"
#define ASL__KEY_AUGMENTATION "asl.train.augmentation" /* its text; missing when there is none */

/* A checkpoint file, read and checked. */
typedef struct asl__checkpoint {
    asl__tensors file;
    asl_model *model;               /* with the current weights */
    asl_augmentation *augmentation; /* NULL: none */
    int64_t whole[ASL__WHOLE_NUMBERS];
    double real[ASL__REAL_NUMBERS];
} asl__checkpoint;

/* The numbers of the run as it stands. */
void asl__checkpoint_numbers(int64_t whole[ASL__WHOLE_NUMBERS], double real[ASL__REAL_NUMBERS],
                             const asl_trainer *trainer);

/* Writes trainer->vectors and everything else to a file. */
asl_status asl__checkpoint_write(const asl_trainer *trainer, const char *path, asl_error *err);

/* As asl__checkpoint_write() to the configured file, which is kept as PATH.prev before it is
 * replaced. At every instant at least one of the two is whole. */
asl_status asl__checkpoint_keep(asl_trainer *trainer, asl_error *err);

/* Reads PATH, or PATH.prev when that is damaged or missing: then ASL_PARTIAL, and `cause` says why.
 * When both fail, the failure of PATH counts. */
asl_status asl__checkpoint_read(asl__checkpoint *out, const char *path, asl_error *cause,
                                asl_error *err);
void asl__checkpoint_free(asl__checkpoint *checkpoint);

/* The settings of the run, laid over `options`. */
void asl__checkpoint_options(asl_trainer_options *options, const asl__checkpoint *checkpoint);

/* Puts a new trainer with the checkpoint's model, settings and data where the run was. */
asl_status asl__checkpoint_restore(asl_trainer *trainer, const asl__checkpoint *checkpoint,
                                   asl_error *err);

/* Keeps a second process from writing the same checkpoint. *fd is -1 when the file system cannot
 * lock, which is no error here. ASL_ERR_BUSY when somebody else holds it. */
asl_status asl__lock_take(int *fd, const char *path, asl_error *err);
void asl__lock_release(int fd, const char *path);

/* "PATH" + suffix in new memory, or NULL. */
char *asl__beside(const char *path, const char *suffix);

#endif
