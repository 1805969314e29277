/* SPDX-License-Identifier: MIT */
/* A training run that can be brought to just before a save of its checkpoint as often as one likes,
 * in a folder that holds nothing else. */
#ifndef TESTS_FAULTS_SAVES_H
#define TESTS_FAULTS_SAVES_H

#include "unit/train/runs.h"

/* Where a run stands, in pictures: the checkpoint before, the newest, and the next. */
enum { SAVES_OLDER = 24, SAVES_OLD = 31, SAVES_NEW = 36 };

/* As runs_setup(); the data are packed, so that a run calls for no files but its checkpoint's, and
 * the current folder is an empty one from now on. */
int saves_setup(void **state);
int saves_teardown(void **state);

/* Empties the current folder. */
void saves_clean(void);
/* Empties it, and brings back the two checkpoints. */
void saves_restore(void);
/* A trainer that stands at the newest; `how` receives the status of the resumption. */
asl_trainer *saves_resume(asl_status *how, const fixture *f);
int64_t saves_position(const asl_trainer *trainer);
/* The checkpoint is usable, and the run that goes on from it ends as ever with nothing but two
 * checkpoints in the folder. Returns where it stood; `how` as above. */
int64_t saves_check(asl_status *how, const fixture *f);
/* Whether to run the variant that takes long. */
bool saves_full(void);

#endif
