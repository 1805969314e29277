/* SPDX-License-Identifier: MIT */
/* Every layer, the loss and the optimisers against numbers that PyTorch computed in double
 * precision (tests/golden/torch_golden.py). What is compared went through float32 activations, each
 * rounded by at most 6e-8 of its size, a handful deep: 1e-5 of the largest value leaves room for
 * that and for nothing else. */
#include <math.h>
#include <stdlib.h>

#include "backends/problem.h"

#define TOLERANCE 1e-5

typedef struct golden_case {
    problem_spec spec;
    double loss;             /* mean over batch 1, in training */
    const float *logits;     /* of batch 1, outside training */
    const float *gradients;  /* of batch 1 */
    const float *parameters; /* after three steps */
} golden_case;

#include "backends/golden.inc"

enum { STEPS = 3 };

static void compare(const char *backend, const golden_case *c, const char *what,
                    const float *actual, const float *expected, size_t count)
{
    const double d = distance(actual, expected, count);
    if (!(d <= TOLERANCE))
        fail_msg("%s: '%s': %s are off by %g", backend, c->spec.architecture, what, d);
}

static void run_case(const asl__backend *backend, const golden_case *c)
{
    problem *p = problem_make(&c->spec);
    const size_t parameters = p->network.parameter_count;
    asl__plan *plan = problem_plan(p, backend, 1, 2, p->count);
    asl_error err = ASL_ERROR_INIT;
    float *logits = problem_logits(p), *after = problem_vector(p);
    double loss;

    assert_ok(backend->plan_forward(logits, plan, p->images, p->count, &err), &err);
    compare(backend->name, c, "logits", logits, c->logits,
            (size_t)p->count * (size_t)p->network.classes);
    p->step.step = 1;
    float *gradients = problem_gradients(&loss, p, backend, plan);
    assert_true(fabs(loss - c->loss) <= TOLERANCE * c->loss);
    compare(backend->name, c, "gradients", gradients, c->gradients, parameters);
    problem_train(p, backend, plan, STEPS);
    assert_ok(backend->plan_get_state(after, plan, ASL__STATE_PARAMETERS, &err), &err);
    compare(backend->name, c, "parameters after three steps", after, c->parameters, parameters);
    /* The steps moved further than the tolerance could hide. */
    assert_true(distance(p->parameters, c->parameters, parameters) > 100.0 * TOLERANCE);

    backend->plan_destroy(plan);
    free(logits);
    free(after);
    free(gradients);
    problem_free(p);
}

static void test_cases(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t b = 0; b < count; b++) {
        for (size_t i = 0; i < sizeof golden_cases / sizeof golden_cases[0]; i++)
            run_case(backends[b], &golden_cases[i]);
    }
}

/* The comparison must see one value that is off by twice the tolerance, and values that are no
 * numbers. */
static void test_comparison_can_fail(void **state)
{
    const float expected[] = {-4.0f, 0.5f, 0.0f};
    float actual[] = {-4.0f, 0.5f, 0.0f};
    (void)state;
    assert_true(distance(actual, expected, 3) == 0.0);
    actual[2] = (float)(2.0 * TOLERANCE * 4.0);
    assert_true(distance(actual, expected, 3) > TOLERANCE);
    actual[2] = NAN;
    assert_false(distance(actual, expected, 3) <= TOLERANCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_comparison_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
