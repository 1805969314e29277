/* SPDX-License-Identifier: MIT */
/* The constant and the one-cycle schedule. */
#include "train/schedule.h"

#include "asl/trainer.h"

/* Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv 2404.00498): a triangle
 * over all steps of the run. */
#define CYCLE_START 0.2
#define CYCLE_END   0.07
#define CYCLE_PEAK  0.23

static double one_cycle(double position)
{
    if (position < CYCLE_PEAK)
        return CYCLE_START + (1.0 - CYCLE_START) * (position / CYCLE_PEAK);
    return 1.0 + (CYCLE_END - 1.0) * ((position - CYCLE_PEAK) / (1.0 - CYCLE_PEAK));
}

double asl__schedule_rate(int32_t schedule, double peak, int64_t step, int64_t steps)
{
    if (schedule == ASL_SCHEDULE_CONSTANT)
        return peak;
    /* The first step stands at 0 and the last at 1, so that both ends are reached. */
    const double position = steps > 1 ? (double)(step - 1) / (double)(steps - 1) : 0.0;
    return peak * one_cycle(position);
}
