/* SPDX-License-Identifier: MIT */
/* Ranks as threads of one process, with a sum that can be made to fail. */
#ifndef TESTS_UNIT_TRAIN_CREW_H
#define TESTS_UNIT_TRAIN_CREW_H

#include <pthread.h>

#include "unit/train/runs.h"

#define CREW_MOST 5

struct crew;

/* One rank. What is set before crew_run() says what it does; the rest is what came of it. */
typedef struct member {
    struct crew *crew;
    asl_trainer *trainer; /* NULL: made by crew_run() */
    asl_trainer_options options;
    bool resume;    /* make it from the checkpoint */
    bool stop;      /* ask it to stop before it runs */
    int64_t calls;  /* of all_reduce */
    int64_t die_at; /* the call in which this rank is lost; 0: never */
    asl_status status;
    asl_error err;
    int32_t warnings;
} member;

typedef struct crew {
    const fixture *f;
    int32_t ranks;
    member members[CREW_MOST];

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    float *values[CREW_MOST]; /* of those who have arrived */
    size_t counts[CREW_MOST];
    int32_t arrived;
    int64_t rounds;
    bool drift;  /* a fault: the last rank gets other gradients */
    bool lost;   /* from now on every sum fails */
    bool uneven; /* ranks called with different counts */
} crew;

/* A crew with the settings of runs_options(); free it with crew_free(). */
void crew_make(crew *c, const fixture *f, int32_t ranks);
void crew_free(crew *c);
/* Makes the trainers that are missing and runs all to an end; then every rank has its status. */
void crew_run(crew *c);
/* Fails unless every rank ended with `status`. */
void crew_assert_status(const crew *c, asl_status status);
/* Fails unless all ranks hold the same bits; returns what they hold. */
outcome crew_outcome(const crew *c);

#endif
