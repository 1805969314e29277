/* SPDX-License-Identifier: MIT */
/* What people do with the library, one whole errand each, small enough to be done thousands of
 * times: once for every call that may fail on the way. */
#ifndef TESTS_SCENARIOS_H
#define TESTS_SCENARIOS_H

#include "asl/asl.h"

/* What came of an errand. */
typedef struct outcome {
    asl_status status; /* of the first call that failed, otherwise ASL_OK */
    uint64_t sum;      /* checksum of the result, when nothing failed */
    int64_t notes;     /* things that were skipped or warned of */
    asl_error err;
} outcome;

typedef struct scenario {
    const char *name;
    void (*run)(outcome *out);
} scenario;

/* The last has no name. */
extern const scenario scenarios[];

/* Makes the files that the errands need, in the current folder; they are called in/ and no errand
 * may change them. What errands write is in out/, which is emptied by scenarios_clean(). */
void scenarios_prepare(void);
void scenarios_clean(void);

/* Checksum of everything in in/, names and bytes. */
uint64_t scenarios_inputs(void);

#endif
