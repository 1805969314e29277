/* SPDX-License-Identifier: MIT */
/* Steps on a kept data set when a call of CUDA, cuDNN or cuBLAS fails on the way: the plan says how
 * many steps it took, its vectors are those after that many, and it goes on from there. */
#include <stdlib.h>

#include "backend/cuda/plan.h"
#include "backends/problem.h"
#include "cuda/emulation/emulation.h"

enum { BATCH = 3, PICTURES = 8, STEPS = 3 };

static const char architecture[] = "conv2d 8 k3 p1; batch_norm; relu; max_pool 2; global_pool avg; "
                                   "dropout 0.2; dense classes";

static const asl__backend *const backend = &asl__backend_cuda;
static const int64_t order[PICTURES] = {5, 2, 7, 0, 1, 6, 4, 3};
static const int64_t places[PICTURES] = {0, 1, 2, 3, 4, 5, 6, 7};

typedef struct material {
    problem *p;
    asl__step_options options[STEPS];
    float *expected[STEPS + 1]; /* parameters after so many steps */
} material;

static material *made;

static asl__plan *make_plan(void)
{
    return problem_plan(made->p, backend, 1, 1, BATCH);
}

static asl_status keep(asl__plan *plan, asl_error *err)
{
    return backend->plan_keep(plan, made->p->images, places, made->p->labels, (int64_t)PICTURES,
                              err);
}

/* Steps first.. of the epoch. */
static asl_status train(int32_t *done, asl__plan *plan, int32_t first, int32_t count,
                        asl_error *err)
{
    asl__step_result results[STEPS];
    const int64_t at = (int64_t)first * BATCH, left = PICTURES - at;
    const int64_t wanted = (int64_t)count * BATCH;
    return backend->plan_train_kept(results, done, plan, order + at, wanted < left ? wanted : left,
                                    BATCH, made->options + first, count, err);
}

static void get_parameters(float *values, asl__plan *plan)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(backend->plan_get_state(values, plan, ASL__STATE_PARAMETERS, &err), &err);
}

static void assert_after(asl__plan *plan, int32_t steps, const char *what)
{
    float *values = problem_vector(made->p);
    get_parameters(values, plan);
    for (size_t i = 0; i < made->p->network.parameter_count; i++)
        if (memcmp(&values[i], &made->expected[steps][i], sizeof *values) != 0)
            fail_msg("%s: the parameters are not those after %d steps", what, (int)steps);
    free(values);
}

static int setup(void **state)
{
    static material m;
    const asl__step_options sgd = {
        .optimizer = ASL__OPTIMIZER_SGD, .seed = 3, .learning_rate = 0.01, .momentum = 0.9};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    made = &m;
    emulation_reset();
    m.p = problem_make(&(problem_spec){architecture, 8, 9, 3, PICTURES, 0, sgd});
    for (int32_t i = 0; i < STEPS; i++) {
        m.options[i] = sgd;
        m.options[i].step = i + 1;
    }
    asl__plan *plan = make_plan();
    assert_ok(keep(plan, &err), &err);
    for (int32_t i = 0; i <= STEPS; i++) {
        int32_t done = 1;
        m.expected[i] = problem_vector(m.p);
        if (i > 0)
            assert_ok(train(&done, plan, i - 1, 1, &err), &err);
        assert_int_equal(done, 1);
        get_parameters(m.expected[i], plan);
    }
    backend->plan_destroy(plan);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int32_t i = 0; i <= STEPS; i++)
        free(made->expected[i]);
    problem_free(made->p);
    return 0;
}

static void assert_clean(const char *what)
{
    char text[400] = "";
    if (emulation_live_objects(text, sizeof text) > 0)
        fail_msg("%s: left behind: %s", what, text);
    if (emulation_complaints(text, sizeof text) > 0)
        fail_msg("%s: %s", what, text);
}

/* A plan with the first weights, for the first time or with everything recorded. */
static asl__plan *ready_plan(bool recorded)
{
    asl_error err = ASL_ERROR_INIT;
    float *zero = problem_vector(made->p);
    asl__plan *plan = make_plan();
    int32_t done;
    assert_ok(keep(plan, &err), &err);
    for (int i = 0; recorded && i < 3; i++)
        assert_ok(train(&done, plan, 0, STEPS, &err), &err);
    assert_ok(backend->plan_set_state(plan, ASL__STATE_PARAMETERS, made->p->parameters, &err),
              &err);
    assert_ok(backend->plan_set_state(plan, ASL__STATE_MOMENT1, zero, &err), &err);
    free(zero);
    return plan;
}

/* @return false when there is no n-th call. */
static bool fail_one(int64_t n, bool recorded, int32_t *partly)
{
    asl_error err = ASL_ERROR_INIT;
    char what[160];
    emulation_reset();
    asl__plan *plan = ready_plan(recorded);
    const int64_t before = emulation_call_count();
    int32_t done = -1, rest = STEPS;
    emulation_fail_call(n, EMULATION_BROKEN, false);
    const asl_status status = train(&done, plan, 0, STEPS, &err);
    emulation_fail_call(0, EMULATION_BROKEN, false);
    const bool reached = emulation_call_count() - before >= n;
    const char *name = reached ? emulation_call_name(before + n) : "none";
    snprintf(what, sizeof what, "call %d (%s)", (int)n, name);
    if (status == ASL_OK)
        assert_int_equal(done, STEPS); /* it could do without */
    else
        test_check_error(status, &err);
    /* When waiting fails nobody knows what has been done. */
    if (strcmp(name, "cudaStreamSynchronize") != 0) {
        assert_in_range(done, 0, STEPS);
        assert_after(plan, done, what);
        if (done < STEPS)
            assert_ok(train(&rest, plan, done, STEPS - done, &err), &err);
        assert_after(plan, STEPS, what);
    }
    *partly += done > 0 && done < STEPS;
    backend->plan_destroy(plan);
    assert_clean(what);
    return reached;
}

static void test_each_call_of_steps(void **state)
{
    (void)state;
    for (int recorded = 0; recorded < 2; recorded++) {
        int64_t n = 1;
        int32_t partly = 0;
        while (fail_one(n, recorded == 1, &partly))
            n++;
        assert_true(n > 4 * STEPS);
        assert_true(partly >= STEPS);
    }
}

/* A set that cannot be handed over leaves a plan that trains without. */
static void test_each_call_of_keeping(void **state)
{
    static const emulation_fault faults[] = {EMULATION_BROKEN, EMULATION_NO_MEMORY};
    asl_error err = ASL_ERROR_INIT;
    int32_t refused = 0;
    (void)state;
    for (int f = 0; f < 2; f++) {
        bool reached = true;
        for (int64_t n = 1; reached; n++) {
            asl__step_result result;
            int32_t done = -1;
            emulation_reset();
            asl__plan *plan = make_plan();
            const int64_t before = emulation_call_count();
            emulation_fail_call(n, faults[f], false);
            const asl_status status = keep(plan, &err);
            emulation_fail_call(0, EMULATION_BROKEN, false);
            reached = emulation_call_count() - before >= n;
            refused += status == ASL_ERR_NOMEM;
            assert_ok(backend->plan_train_step(&result, plan, made->p->images, made->p->labels,
                                               BATCH, &made->options[0], &err),
                      &err);
            if (status < 0)
                assert_ok(keep(plan, &err), &err);
            assert_ok(train(&done, plan, 1, 1, &err), &err);
            backend->plan_destroy(plan);
            assert_clean("keeping");
        }
    }
    assert_true(refused > 5);
}

/* It ends there, and nothing is left behind. */
static void test_lost_device(void **state)
{
    static const emulation_fault faults[] = {EMULATION_LOST, EMULATION_LOST_LATER};
    (void)state;
    for (int f = 0; f < 2; f++) {
        bool reached = true;
        for (int64_t n = 1; reached; n++) {
            asl_error err = ASL_ERROR_INIT;
            int32_t done = -1;
            emulation_reset();
            asl__plan *plan = ready_plan(true);
            const int64_t before = emulation_call_count();
            emulation_fail_call(n, faults[f], false);
            const asl_status status = train(&done, plan, 0, STEPS, &err);
            reached = emulation_call_count() - before >= n && status < 0;
            if (reached) {
                assert_int_equal(status, ASL_ERR_DEVICE_LOST);
                assert_int_equal(done, 0);
            }
            backend->plan_destroy(plan);
            assert_clean("a lost device");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_of_steps),
        cmocka_unit_test(test_each_call_of_keeping),
        cmocka_unit_test(test_lost_device),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
