/* SPDX-License-Identifier: MIT */
/* A short run to stop, kill, damage and resume, and what it leaves when nothing happens to it. */
#ifndef TESTS_UNIT_TRAIN_RUNS_H
#define TESTS_UNIT_TRAIN_RUNS_H

#include "support/support.h"

#include "unit/train/blobs.h"

#define EPOCHS 3
/* Places to stop at: after each batch of both passes (24 and 12 pictures by 7), between epochs. */
#define STOPS (EPOCHS * (4 + 2 + 1) - 1)
#define RUN   "run.ckpt"

/* What a finished run leaves. */
typedef struct outcome {
    uint64_t last, best;
    asl_epoch_metrics history[2 * EPOCHS];
    int32_t epochs;
} outcome;

typedef struct fixture {
    asl_dataset *train, *validation;
    asl_model *model;
    outcome expected;
} fixture;

/* The settings of the run. */
asl_trainer_options runs_options(void);
/* Removes its checkpoints. */
void runs_remove(void);
/* From the beginning; or from the checkpoint. */
asl_trainer *runs_create(const fixture *f, const asl_trainer_options *options);
asl_trainer *runs_resume(const fixture *f, const asl_trainer_options *options);
/* To the end. */
void runs_finish(asl_trainer *trainer);
/* To the next place to stop at; false when that was the end of the run. */
bool runs_a_bit(asl_trainer *trainer);
outcome runs_outcome(asl_trainer *trainer);
/* Fails unless the run ended exactly as expected. */
void runs_assert(asl_trainer *trainer, const outcome *expected);
/* Leaves a run's checkpoints after five batches: the newest and the one before. */
void runs_leave_two(const fixture *f);
/* Before and after a group of tests: *state is the fixture. */
int runs_setup(void **state);
int runs_teardown(void **state);

#endif
