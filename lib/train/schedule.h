/* SPDX-License-Identifier: MIT */
/* Learning rates over the steps of a run. */
#ifndef ASL_TRAIN_SCHEDULE_H
#define ASL_TRAIN_SCHEDULE_H

#include <stdint.h>

/* Learning rate of step 1..steps under an ASL_SCHEDULE_*, whose highest is `peak`. */
double asl__schedule_rate(int32_t schedule, double peak, int64_t step, int64_t steps);

#endif
