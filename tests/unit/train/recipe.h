/* SPDX-License-Identifier: MIT */
/* A run with everything that a recipe for strangers has: varied pictures, drawn epochs of a mix of
 * sources, smaller pictures at first, averaged weights, validation on several sources. */
#ifndef TESTS_UNIT_TRAIN_RECIPE_H
#define TESTS_UNIT_TRAIN_RECIPE_H

#include "unit/train/runs.h"

/* Pictures of an epoch, by 7: 4 steps, as in runs.h. Of the 12 steps the first 5 are on small
 * pictures, so that the size changes within an epoch. */
#define RECIPE_PICTURES 23
#define RECIPE_SMALL    5

/* Before and after a group of tests: *state is the fixture, with mixed data. */
int recipe_setup(void **state);
int recipe_teardown(void **state);

/* Everything at once. */
asl_trainer_options recipe_options(void);

/* A mix of folders of blobs, with the weights 1, 2, ... */
asl_dataset *recipe_mix(const char *const *folders, int32_t count);

#endif
