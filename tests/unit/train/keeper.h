/* SPDX-License-Identifier: MIT */
/* A backend for tests, "keeper": the reference with a data set of its own to train on, which counts
 * what is asked of it and fails on demand. The linker sends the trainer's look-up here, and its
 * clock too, which stands still but for the steps (--wrap). */
#ifndef TESTS_UNIT_TRAIN_KEEPER_H
#define TESTS_UNIT_TRAIN_KEEPER_H

#include "asl/trainer.h"

#define KEEPER_MOST_CALLS 128

/* What happens in a step, counted from 1 over all calls; 0: never. */
typedef struct keeper_state {
    asl_status keep_status; /* of plan_keep; the data set is kept with ASL_OK */
    int64_t stop_at;        /* `trainer` is asked to stop */
    asl_trainer *trainer;
    int64_t fail_at;     /* the call ends with ASL_ERR_SYSTEM instead of this step */
    int64_t infinite_at; /* the loss of this step is infinite */
    double step_seconds; /* that a step takes */

    int32_t keeps; /* data sets handed over, kept or not */
    int64_t kept;  /* pictures of the last one */
    int64_t steps; /* on kept pictures */
    int64_t loose; /* other steps */
    int32_t calls;
    int32_t lengths[KEEPER_MOST_CALLS]; /* steps in each call */
    double now;                         /* the clock */
} keeper_state;

extern keeper_state keeper;

/* Forgets everything, and plays along from then on. */
void keeper_reset(void);

#endif
