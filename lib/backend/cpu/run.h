/* SPDX-License-Identifier: MIT */
/* Running a plan, for the boundary in cpu.c. */
#ifndef ASL_BACKEND_CPU_RUN_H
#define ASL_BACKEND_CPU_RUN_H

#include "backend/cpu/plan.h"

/* The packed weights must be fresh. */
void asl__cpu_run_forward(asl__plan *plan, float *logits, const uint8_t *images, int32_t count);

/* One picture, with the seconds of each operation: double[op_count]. */
void asl__cpu_run_timed(asl__plan *plan, float *logits, double *seconds, const uint8_t *image);

/* profile.c: the boundary's plan_forward_timed. */
asl_status asl__cpu_forward_timed(float *logits, asl__op_time *times, int32_t *time_count,
                                  asl__plan *plan, const uint8_t *image, asl_error *err);

/* Forward and backward; leaves the gradient of the mean loss in plan->gradients. */
asl__step_result asl__cpu_run_training(asl__plan *plan, const uint8_t *images,
                                       const int32_t *labels, int32_t count,
                                       const asl__step_options *step);

/* collect.c: adds up the lanes in order and turns the sums into canonical order. */
void asl__cpu_collect_gradients(asl__plan *plan);

#endif
