/* SPDX-License-Identifier: MIT */
/* Where the weights and the optimiser's vectors are: on the host, in the plan for the first steps'
 * smaller pictures, or in that of the model's own size, which also validates; and their running
 * mean. A network's parameters are the same for every input size, so they go from plan to plan. */
#ifndef ASL_TRAIN_WEIGHTS_H
#define ASL_TRAIN_WEIGHTS_H

#include "train/trainer.h"

/* The plan that takes the next step. */
asl__plan *asl__weights_plan(const asl_trainer *trainer);

/* Puts the state into that plan. */
asl_status asl__weights_train(asl_trainer *trainer, asl_error *err);

/* Puts the parameters that are to be measured into trainer->plan: the means where there are any. */
asl_status asl__weights_validate(asl_trainer *trainer, asl_error *err);

/* Steps until the means move, at least 1; without means a number that is never reached. */
int64_t asl__weights_until_average(const asl_trainer *trainer);

/* After a step: moves the means when they are due. */
asl_status asl__weights_average(asl_trainer *trainer, asl_error *err);

/* Copies the state into trainer->vectors and checks that it is finite; otherwise the trainer counts
 * as diverged. */
asl_status asl__weights_snapshot(asl_trainer *trainer, asl_error *err);

/* After a snapshot, the parameters that models are made of: the means where there are any. */
const float *asl__weights_result(const asl_trainer *trainer);

#endif
