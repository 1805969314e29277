/* SPDX-License-Identifier: MIT */
/* Every backend against the reference on networks of real shape, larger than finite differences
 * could afford, and the reference against itself with another plan size. docs/backends.md states
 * the tolerance. */
#include <math.h>
#include <stdlib.h>

#include "backends/problem.h"

static const struct {
    const char *architecture;
    int32_t width, height, classes, count, bgr;
} cases[] = {
    /* the presets' shapes, smaller: valid 5x5 with pooling, and strided 3x3 with batch norm */
    {"conv2d 16 k5 bias; relu; max_pool 2; conv2d 32 k5 bias; relu; max_pool 2; conv2d 64 k3 bias; "
     "relu; max_pool 2; global_pool avg; dense 64; relu; dense classes",
     38, 39, 29, 3, 1},
    {"conv2d 12 k3 s2 p1; batch_norm; relu; conv2d 24 k3 s2 p1; batch_norm; relu; conv2d 24 k3 p1; "
     "batch_norm; relu; conv2d 48 k3 s2 p1; batch_norm; relu; global_pool both; dropout 0.1; "
     "dense classes",
     33, 30, 29, 5, 0},
    /* awkward: rows of one pixel, rows of 70, kernels as large as the map, strides past kernels */
    {"conv2d 33 k7 p3; batch_norm; relu; dropout 0.3; global_pool max; dense classes", 1, 70, 2, 3,
     0},
    {"conv2d 7 k2 s5; relu; conv2d 19 k3 s2 p2 bias; batch_norm; global_pool both; dense 40; relu; "
     "dense classes",
     70, 9, 3, 4, 1},
    /* more pictures than go together, and not a multiple of them */
    {"conv2d 8 k3 p1; batch_norm; relu; conv2d 20 k3 bias; relu; max_pool 2; conv2d 17 k3 s2 p1; "
     "batch_norm; relu; conv2d 12 k1; batch_norm; global_pool both; dense 9; relu; dense classes",
     14, 13, 5, 45, 0},
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0], STEPS = 3 };

/* The reference repeats itself exactly; the others may sum in float32 and in another order. */
static double tolerance_of(const asl__backend *backend)
{
    return backend == &asl__backend_reference ? 0.0 : 1e-4;
}

static problem *make(int32_t index)
{
    const problem_spec spec = {cases[index].architecture,
                               cases[index].width,
                               cases[index].height,
                               cases[index].classes,
                               cases[index].count,
                               cases[index].bgr,
                               {.optimizer = ASL__OPTIMIZER_SGD,
                                .nesterov = 1,
                                .seed = 11,
                                .learning_rate = 0.01,
                                .momentum = 0.9,
                                .weight_decay = 0.01,
                                .label_smoothing = 0.1}};
    return problem_make(&spec);
}

/* What a run leaves behind. */
typedef struct outcome {
    float *logits, *gradients, *parameters, *velocity;
    double loss;
} outcome;

static outcome run(problem *p, const asl__backend *backend, int32_t threads, int32_t max_batch)
{
    outcome o = {.logits = problem_logits(p),
                 .parameters = problem_vector(p),
                 .velocity = problem_vector(p)};
    asl__plan *plan = problem_plan(p, backend, 1, threads, max_batch);
    asl_error err = ASL_ERROR_INIT;

    p->step.step = 1;
    problem_fill_batch(p, 1);
    o.gradients = problem_gradients(NULL, p, backend, plan);
    o.loss = problem_train(p, backend, plan, STEPS);
    assert_ok(backend->plan_forward(o.logits, plan, p->images, p->count, &err), &err);
    assert_ok(backend->plan_get_state(o.parameters, plan, ASL__STATE_PARAMETERS, &err), &err);
    assert_ok(backend->plan_get_state(o.velocity, plan, ASL__STATE_MOMENT1, &err), &err);
    backend->plan_destroy(plan);
    return o;
}

static void free_outcome(outcome *o)
{
    free(o->logits);
    free(o->gradients);
    free(o->parameters);
    free(o->velocity);
}

/* Largest distance between two runs of one problem. */
static double compare(const problem *p, const outcome *actual, const outcome *expected)
{
    const size_t parameters = p->network.parameter_count;
    double worst = fabs(actual->loss - expected->loss) / expected->loss;
    worst = fmax(worst, distance(actual->logits, expected->logits,
                                 (size_t)p->count * (size_t)p->network.classes));
    worst = fmax(worst, distance(actual->gradients, expected->gradients, parameters));
    worst = fmax(worst, distance(actual->parameters, expected->parameters, parameters));
    return fmax(worst, distance(actual->velocity, expected->velocity, parameters));
}

static void test_agreement(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t i = 0; i < CASE_COUNT; i++) {
        problem *p = make(i);
        outcome expected = run(p, &asl__backend_reference, 1, p->count);
        for (int32_t b = 0; b < count; b++) {
            outcome actual = run(p, backends[b], 2, p->count + 3);
            const double d = compare(p, &actual, &expected);
            if (!(d <= tolerance_of(backends[b])))
                fail_msg("%s: '%s' is off by %g", backends[b]->name, cases[i].architecture, d);
            free_outcome(&actual);
        }
        free_outcome(&expected);
        problem_free(p);
    }
}

/* The same bits for any number of threads: forward, gradients, steps, all of it. */
static void test_threads(void **state)
{
    static const int32_t threads[] = {2, 3, 5};
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t b = 0; b < count; b++) {
        for (int32_t i = 0; i < CASE_COUNT; i++) {
            problem *p = make(i);
            outcome expected = run(p, backends[b], 1, p->count);
            for (size_t t = 0; t < 3; t++) {
                outcome actual = run(p, backends[b], threads[t], p->count);
                if (compare(p, &actual, &expected) != 0.0)
                    fail_msg("%s: '%s' depends on the number of threads (%d)", backends[b]->name,
                             cases[i].architecture, threads[t]);
                free_outcome(&actual);
            }
            free_outcome(&expected);
            problem_free(p);
        }
    }
}

/* compare() must see a change of 1e-4 in every part of an outcome. */
static void test_comparison_can_fail(void **state)
{
    problem *p = make(0);
    outcome a = run(p, &asl__backend_reference, 1, p->count);
    outcome b = run(p, &asl__backend_reference, 1, p->count);
    float *const parts[] = {b.logits, b.gradients, b.parameters, b.velocity};
    (void)state;
    assert_true(compare(p, &b, &a) == 0.0);
    for (size_t i = 0; i < 4; i++) {
        const float before = parts[i][3];
        parts[i][3] += 1e-4f;
        assert_true(compare(p, &b, &a) > 1e-6);
        parts[i][3] = before;
    }
    b.loss *= 1.0001;
    assert_true(compare(p, &b, &a) > 1e-6);
    free_outcome(&a);
    free_outcome(&b);
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_comparison_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
