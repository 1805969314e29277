/* SPDX-License-Identifier: MIT */
/* The cpu backend in bfloat16 against the reference in float32, with every way to multiply that
 * this machine has and with AMX's tiles emulated. docs/backends.md states the tolerance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/plan.h"
#include "backends/problem.h"
#include "kernels/tiles.h"

/* A number loses at most 2^-9 of itself. Products lose twice that, at random signs, so that a sum
 * of many loses less; each layer adds its own. Measured over these networks: at most 0.5 % of the
 * largest logit, and in a network that is linear 0.6 % of the length of a gradient. Elsewhere up to
 * 8 %, because rounding decides a few maxima and signs otherwise. */
static const double logit_tolerance = 0.01;

enum { STEPS = 3 };

static const struct {
    const char *architecture;
    int32_t width, height, classes, count;
    double gradient_tolerance;
} cases[] = {
    {"conv2d 16 k5 bias; relu; max_pool 2; conv2d 32 k5 bias; relu; max_pool 2; conv2d 64 k3 bias; "
     "relu; max_pool 2; global_pool avg; dense 64; relu; dense classes",
     38, 39, 29, 6, 0.12},
    {"conv2d 12 k3 s2 p1; batch_norm; relu; conv2d 24 k3 s2 p1; batch_norm; relu; conv2d 48 k3 p1; "
     "batch_norm; relu; global_pool both; dense classes",
     33, 30, 29, 6, 0.12},
    {"conv2d 33 k7 p3; relu; conv2d 7 k1; relu; conv2d 20 k2 s2; global_pool both; dense classes",
     21, 17, 3, 4, 0.12},
    {"conv2d 7 k3; conv2d 33 k5 p2; conv2d 40 k3; conv2d 16 k1; conv2d 20 k3 p1 bias; global_pool "
     "avg; "
     "dense classes",
     15, 19, 5, 4, 0.01},

};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static problem *make(int32_t index)
{
    const problem_spec spec = {cases[index].architecture,
                               cases[index].width,
                               cases[index].height,
                               cases[index].classes,
                               cases[index].count,
                               0,
                               {.optimizer = ASL__OPTIMIZER_SGD,
                                .step = 1,
                                .seed = 3,
                                .learning_rate = 0.005,
                                .momentum = 0.9}};
    return problem_make(&spec);
}

/* isa: a name of the cpu backend's, or "tiles". */
static asl__plan *make_plan(const problem *p, const char *isa, int32_t threads)
{
    const bool tiles = strcmp(isa, "tiles") == 0;
    const asl__plan_options options = {.max_batch = p->count,
                                       .training = 1,
                                       .threads = threads,
                                       .isa = tiles ? "c" : isa,
                                       .precision = "bf16"};
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    assert_ok(asl__backend_cpu.plan_create(&plan, &p->network, &options, &err), &err);
    assert_string_equal(asl__backend_cpu.plan_precision(plan), "bf16");
    assert_ok(asl__backend_cpu.plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err),
              &err);
    if (tiles)
        emulate_tiles(&plan->kernels);
    return plan;
}

/* Length of the difference, as a share of the length expected. */
static double off(const float *actual, const float *expected, size_t count)
{
    double difference = 0.0, length = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double d = (double)actual[i] - (double)expected[i];
        difference += d * d;
        length += (double)expected[i] * (double)expected[i];
    }
    return sqrt(difference / length);
}

typedef struct outcome {
    float *logits, *gradients, *parameters;
    double loss;
} outcome;

static outcome run(problem *p, const asl__backend *backend, asl__plan *plan)
{
    outcome o = {.logits = problem_logits(p), .parameters = problem_vector(p)};
    asl_error err = ASL_ERROR_INIT;
    p->step.step = 1;
    problem_fill_batch(p, 1);
    assert_ok(backend->plan_forward(o.logits, plan, p->images, p->count, &err), &err);
    o.gradients = problem_gradients(NULL, p, backend, plan);
    o.loss = problem_train(p, backend, plan, STEPS);
    assert_ok(backend->plan_get_state(o.parameters, plan, ASL__STATE_PARAMETERS, &err), &err);
    backend->plan_destroy(plan);
    return o;
}

static void free_outcome(outcome *o)
{
    free(o->logits);
    free(o->gradients);
    free(o->parameters);
}

/* Each way to multiply; auto where the processor has bfloat16. */
static int32_t list_ways(const char *ways[8])
{
    asl__cpu_kernels kernels;
    int32_t count = 0;
    ways[count++] = "tiles";
    for (int32_t i = 0; i < asl__cpu_level_count(); i++)
        if (asl__cpu_kernels_find(&kernels, asl__cpu_level_name(i), NULL) == ASL_OK)
            ways[count++] = asl__cpu_level_name(i);
    return count;
}

static void test_agreement(void **state)
{
    const char *ways[8];
    const int32_t count = list_ways(ways);
    (void)state;
    for (int32_t i = 0; i < CASE_COUNT; i++) {
        problem *p = make(i);
        const size_t logits = (size_t)p->count * (size_t)p->network.classes;
        outcome expected = run(p, &asl__backend_reference,
                               problem_plan(p, &asl__backend_reference, 1, 2, p->count));
        for (int32_t w = 0; w < count; w++) {
            outcome actual = run(p, &asl__backend_cpu, make_plan(p, ways[w], 1));
            const double forward = distance(actual.logits, expected.logits, logits);
            const double back =
                off(actual.gradients, expected.gradients, p->network.parameter_count);
            const double loss = fabs(actual.loss - expected.loss) / expected.loss;
            if (getenv("TEST_VERBOSE"))
                print_message("%s, case %d: logits %g, gradients %g, loss %g\n", ways[w], i,
                              forward, back, loss);
            if (!(forward <= logit_tolerance && back <= cases[i].gradient_tolerance &&
                  loss <= 0.03))
                fail_msg("%s: '%s' is off: logits %g, gradients %g, loss %g", ways[w],
                         cases[i].architecture, forward, back, loss);
            /* Or else nothing was computed in bfloat16 at all. */
            if (strcmp(ways[w], "tiles") == 0)
                assert_true(forward > 1e-5 && back > 1e-5);
            free_outcome(&actual);
        }
        free_outcome(&expected);
        problem_free(p);
    }
}

static void test_threads(void **state)
{
    const char *ways[8];
    const int32_t count = list_ways(ways);
    (void)state;
    for (int32_t i = 0; i < CASE_COUNT; i++) {
        problem *p = make(i);
        for (int32_t w = 1; w < count; w++) { /* the emulated tiles are for one thread */
            outcome one = run(p, &asl__backend_cpu, make_plan(p, ways[w], 1));
            outcome three = run(p, &asl__backend_cpu, make_plan(p, ways[w], 3));
            assert_memory_equal(one.parameters, three.parameters,
                                p->network.parameter_count * sizeof(float));
            free_outcome(&one);
            free_outcome(&three);
        }
        problem_free(p);
    }
}

static void test_refusals(void **state)
{
    problem *p = make(0);
    asl__plan_options options = {.max_batch = 1, .threads = 1, .precision = "bf17"};
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    asl__cpu_kernels kernels;
    (void)state;
    assert_int_equal(asl__backend_cpu.plan_create(&plan, &p->network, &options, &err), ASL_ERR_ARG);
    assert_non_null(strstr(err.message, "unknown precision 'bf17'"));
    options.precision = "bf16";
    assert_int_equal(asl__backend_reference.plan_create(&plan, &p->network, &options, &err),
                     ASL_ERR_ARG);
    assert_non_null(strstr(err.message, "only fp32"));
    assert_ok(asl__cpu_kernels_find(&kernels, NULL, &err), &err);
    if (kernels.bf16 == ASL__BF16_EMULATED) {
        assert_int_equal(asl__backend_cpu.plan_create(&plan, &p->network, &options, &err),
                         ASL_ERR_BACKEND);
        assert_non_null(strstr(err.message, "needs AVX512-BF16 or AMX-BF16"));
        assert_null(plan);
    } else {
        assert_ok(asl__backend_cpu.plan_create(&plan, &p->network, &options, &err), &err);
        asl__backend_cpu.plan_destroy(plan);
    }
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
