/* SPDX-License-Identifier: MIT */
/* Small made-up problems for the backends: a network, parameters, pictures and labels, all pure
 * functions of integers, so that tests/golden/torch_golden.py makes the same ones. */
#ifndef TESTS_BACKENDS_PROBLEM_H
#define TESTS_BACKENDS_PROBLEM_H

#include "backend/backend.h"
#include "support/support.h"

typedef struct problem_spec {
    const char *architecture;
    int32_t width, height, classes;
    int32_t count; /* pictures in a batch */
    int32_t bgr;
    asl__step_options step;
} problem_spec;

typedef struct problem {
    asl__network network;
    asl__step_options step;
    int32_t count;
    float *parameters;
    uint8_t *images;
    int32_t *labels;
} problem;

/* One of 65536 multiples of 2^-16 in [-0.5, 0.5), exact in float32. */
double problem_value(uint32_t stream, uint32_t index);

/* Makes a problem with its first batch; free it with problem_free(). */
problem *problem_make(const problem_spec *spec);
void problem_free(problem *p);
/* Fills images and labels with batch number `batch`. */
void problem_fill_batch(problem *p, uint32_t batch);

/* Float vectors as long as the problem's parameters or its batch's logits; free() them. */
float *problem_vector(const problem *p);
float *problem_logits(const problem *p);

/* Options of a plan; the cpu backend gets the instruction set in the environment's TEST_ISA, cuda
 * exact float32. */
asl__plan_options problem_options(const asl__backend *backend, int32_t max_batch, int32_t training,
                                  int32_t threads);

/* A plan of the problem's network with its parameters in place. */
asl__plan *problem_plan(const problem *p, const asl__backend *backend, int32_t training,
                        int32_t threads, int32_t max_batch);

/* Gradients of the current batch in a new vector, without its statistics; `loss` (may be NULL) gets
 * the mean loss. */
float *problem_gradients(double *loss, const problem *p, const asl__backend *backend,
                         asl__plan *plan);

/* Trains `steps` steps on batches 1, 2, ...; returns the last mean loss. */
double problem_train(problem *p, const asl__backend *backend, asl__plan *plan, int32_t steps);

/* Backends of this build that can run here, at most 8, or with TEST_ISA only the cpu backend, or
 * only the one in TEST_BACKEND; fails the test when there is none. */
int32_t available_backends(const asl__backend *list[8]);

/* Largest difference, relative to the largest magnitude in `expected`. Not finite when a value is
 * not finite. */
double distance(const float *actual, const float *expected, size_t count);

#endif
