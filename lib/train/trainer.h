/* SPDX-License-Identifier: MIT */
/* The trainer behind its handle, and how its files call each other: create.c makes it, trainer.c
 * answers its caller, epoch.c runs it, feed.c brings the pictures, weights.c knows where the
 * weights are, kept.c takes several steps at a time, ranks.c joins it with those of other
 * processes, checkpoint_write.c and checkpoint_read.c keep it on disk. */
#ifndef ASL_TRAIN_TRAINER_H
#define ASL_TRAIN_TRAINER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "asl/trainer.h"
#include "backend/backend.h"
#include "dataset/dataset.h"
#include "dataset/loader.h"
#include "model/model.h"

#define ASL__TRAINER_MAX_THREADS 256

/* How far a pass over a data set is, and the sums over the pictures it has seen. */
typedef struct asl__pass {
    int64_t done;
    int64_t correct;
    double loss_sum;
} asl__pass;

/* What changes while training, apart from the vectors. With them, all that a checkpoint holds. */
typedef struct asl__train_state {
    int64_t step;                /* steps taken */
    int32_t epoch;               /* epochs finished */
    asl__pass train, validation; /* of the epoch under way */
    double learning_rate;        /* of the last step */
    double epoch_seconds;        /* spent on the epoch under way */
} asl__train_state;

/* A data set as the trainer reads it. */
typedef struct asl__feed {
    asl_dataset *dataset; /* NULL: there is none */
    asl__loader *loader;
    int32_t *label_map;  /* class of the data set -> class of the model */
    int64_t *order;      /* int64[count]: of the pass under way, what this rank takes of it */
    int64_t own;         /* pictures in `order` */
    int64_t count;       /* of a pass, of all ranks */
    int32_t order_epoch; /* the epoch that `order` is of; -1: none yet */
    double seconds;      /* spent on `pictures` pictures, for the estimate of what is left */
    int64_t pictures;
} asl__feed;

/* Steps that are asked for together; see kept.h. */
typedef struct asl__chunk {
    int32_t most; /* that the next may have */
    asl__step_options options[ASL__MAX_KEPT_STEPS];
    asl__step_result results[ASL__MAX_KEPT_STEPS];
} asl__chunk;

/* The sources of the validation set, when it is a mix of several. */
typedef struct asl__sources {
    int32_t count;     /* 0: it is not */
    int64_t *pictures; /* int64[count] */
    int64_t *correct;  /* int64[count]: of the validation under way */
    double *accuracy;  /* double[options.epochs][count], of the finished epochs */
} asl__sources;

struct asl_trainer {
    asl_model *model;               /* starting point; its network and labels are in use */
    asl_trainer_options options;    /* resolved; strings are static or owned */
    asl_augmentation *augmentation; /* options.augmentation, owned; NULL: none */
    char *checkpoint;               /* options.checkpoint, owned; NULL: none */
    char *lock_path;                /* beside it */
    const asl__backend *backend;
    char chosen[256];
    asl__plan *plan;       /* at the model's own size */
    asl__plan *start_plan; /* for the first steps, on smaller pictures; NULL: there are none */
    asl__network *start_network; /* its network */
    int64_t start_steps;         /* that it takes */
    asl__plan *active;           /* the plan that holds the state; NULL: `vectors` do */
    bool shown;                  /* but its parameters are `average`, and those lie in `vectors` */
    asl__feed train, validation;
    asl__sources sources;
    int32_t nothing;    /* the model's class of pictures without a letter, or -1 */
    asl__chunk *chunk;  /* NULL: training goes through the loader */
    int32_t batch_size; /* as asked for, but no more than there are pictures; of all ranks */
    int32_t share_size; /* this rank's largest part of it, at least 1 */
    int64_t steps_per_epoch;
    int32_t *labels;            /* int32[share_size], in the model's classes */
    float *logits;              /* float[share_size][classes] */
    float *exchange;            /* with several ranks: what they add up, see ranks.h */
    float *vectors[3];          /* copies of the plan's, by ASL__STATE_*; see asl__vector_count() */
    float *average;             /* running mean of the parameters; NULL: none */
    float *best;                /* parameters after the best epoch; valid once an epoch ended */
    asl_epoch_metrics *history; /* [options.epochs], the first state.epoch are valid */
    asl__train_state state;
    atomic_int stop;
    bool stopping; /* with several ranks: some rank was asked to stop */
    bool running;
    bool freed; /* from a callback: it goes when the run ends */
    bool diverged;
    bool rotate;            /* the file at `checkpoint` is whole and worth keeping as .prev */
    bool examined;          /* whether `rotate` is known */
    int32_t failures;       /* checkpoints in a row that could not be written */
    double started, before; /* clock at the start of this run; seconds of those before */
    double reported;        /* clock at the last progress report */
};

/* options.c: the defaults, and what is wrong with a set of options, or NULL. */
extern const asl_trainer_options asl__trainer_defaults;
const char *asl__trainer_options_fault(const asl_trainer_options *options);

/* Number of ASL__STATE_* vectors that an optimiser uses: Adam all three, SGD no second moment. */
int32_t asl__vector_count(int32_t optimizer);

/* Marks the trainer as diverged. `what` names what stopped being finite. */
asl_status asl__trainer_diverged(asl_trainer *trainer, const char *what, asl_error *err);

/* epoch.c: the hyper-parameters of a step, 1-based, for pictures from number `first` of its batch.
 */
asl__step_options asl__trainer_step(const asl_trainer *trainer, int64_t step, int32_t first);

/* Trains to the end of the last epoch or until told to stop. */
asl_status asl__train(asl_trainer *trainer, asl_error *err);

#endif
