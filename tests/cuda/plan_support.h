/* SPDX-License-Identifier: MIT */
/* What the tests of the cuda backend's plans share. */
#ifndef TESTS_CUDA_PLAN_SUPPORT_H
#define TESTS_CUDA_PLAN_SUPPORT_H

#include "backend/cuda/plan.h"
#include "backends/problem.h"
#include "cuda/emulation/emulation.h"

/* A plan with the problem's parameters in place. */
asl__plan *plan_make(const problem *p, const char *precision, int32_t training, int32_t max_batch);

/* Parameters and moments, one after the other; free() them. */
float *plan_state(const problem *p, asl__plan *plan);

/* Fails unless all that was taken has been given back and no call was wrong. */
void plan_assert_clean(const char *what);

#endif
