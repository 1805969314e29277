/* SPDX-License-Identifier: MIT */
/* Work that is asked for again is recorded as a CUDA graph and replayed: when that happens, what
 * makes it happen anew, that it makes no difference to results, and that nothing is allocated. */
#include <math.h>
#include <stdlib.h>

#include "cuda/plan_support.h"

enum { MOST = 6, CLASSES = 4, CALLS = 4 };

static const asl__backend *const cuda = &asl__backend_cuda;

static const char architecture[] =
    "conv2d 4 k3 p1 bias; relu; conv2d 4 k3; batch_norm; relu; max_pool 2; conv2d 8 k2; "
    "global_pool both; dropout 0.2; dense classes";

static const asl__step_options adam = {.optimizer = ASL__OPTIMIZER_ADAM,
                                       .step = 1,
                                       .seed = 5,
                                       .learning_rate = 0.01,
                                       .beta1 = 0.9,
                                       .beta2 = 0.999,
                                       .epsilon = 1e-8,
                                       .weight_decay = 0.01,
                                       .label_smoothing = 0.1};

static problem *p; /* MOST pictures */

static int setup(void **state)
{
    (void)state;
    emulation_reset();
    p = problem_make(&(problem_spec){architecture, 9, 8, CLASSES, MOST, 0, adam});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    problem_free(p);
    plan_assert_clean("recordings");
    return 0;
}

/* ---- Work ---- */

/* Everything that one piece of work gives. */
typedef struct result {
    float logits[MOST * CLASSES];
    asl__step_result step;
} result;

static void assert_same(const result *a, const result *b)
{
    assert_memory_equal(a->logits, b->logits, sizeof a->logits);
    assert_memory_equal(&a->step, &b->step, sizeof a->step);
}

enum { FORWARD, GRADIENTS, STEP, KINDS };

static asl_status ask(result *r, asl__plan *plan, int32_t kind, int32_t count,
                      const asl__step_options *options, asl_error *err)
{
    float *gradients = problem_vector(p);
    asl_status status;
    memset(r, 0, sizeof *r);
    if (kind == FORWARD)
        status = cuda->plan_forward(r->logits, plan, p->images, count, err);
    else if (kind == GRADIENTS)
        status = cuda->plan_gradients(gradients, &r->step, plan, p->images, p->labels, count,
                                      options, err);
    else
        status = cuda->plan_train_step(&r->step, plan, p->images, p->labels, count, options, err);
    free(gradients);
    return status;
}

static void work(result *r, asl__plan *plan, int32_t kind, int32_t count,
                 const asl__step_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(ask(r, plan, kind, count, options, &err), &err);
}

static asl__plan *make_plan(void)
{
    return plan_make(p, "fp32", 1, MOST);
}

/* One that never records. */
static asl__plan *make_plain_plan(void)
{
    asl__plan *plan = make_plan();
    plan->records = false;
    return plan;
}

static void assert_same_state(asl__plan *a, asl__plan *b)
{
    float *x = plan_state(p, a), *y = plan_state(p, b);
    assert_memory_equal(x, y, 3 * p->network.parameter_count * sizeof *x);
    free(x);
    free(y);
}

typedef struct counts {
    int64_t recorded, replayed;
} counts;

static counts count_recordings(void)
{
    return (counts){emulation_calls("cudaGraphInstantiate"), emulation_calls("cudaGraphLaunch")};
}

static void assert_counts(counts before, int64_t recorded, int64_t replayed)
{
    const counts now = count_recordings();
    assert_int_equal(now.recorded - before.recorded, recorded);
    assert_int_equal(now.replayed - before.replayed, replayed);
}

/* ---- When ---- */

/* The first call runs, the second is recorded, and from then on that is replayed. */
static void test_replays(void **state)
{
    (void)state;
    for (int32_t kind = 0; kind < KINDS; kind++) {
        asl__plan *plan = make_plan(), *plain = make_plain_plan();
        asl__step_options options = adam;
        for (int32_t i = 0; i < CALLS; i++) {
            result got, expected;
            const counts before = count_recordings();
            options.step = i + 1;
            options.learning_rate = 0.01 / (i + 1);
            options.first = i;
            problem_fill_batch(p, (uint32_t)i);
            work(&got, plan, kind, MOST, &options);
            assert_counts(before, i == 1, i > 0);
            work(&expected, plain, kind, MOST, &options);
            assert_same(&got, &expected);
        }
        assert_same_state(plan, plain);
        cuda->plan_destroy(plan);
        cuda->plan_destroy(plain);
    }
}

/* What is in the recording makes a new one; what lies in the device's memory does not. */
static void test_what_is_recorded_anew(void **state)
{
    enum { CHANGES = 12 };
    asl__step_options changed[CHANGES];
    asl__plan *plan = make_plan(), *plain = make_plain_plan();
    result got, expected;
    (void)state;
    for (int32_t i = 0; i < CHANGES; i++)
        changed[i] = adam;
    changed[0].label_smoothing = 0.2;
    changed[1].beta1 = 0.8;
    changed[2].beta2 = 0.99;
    changed[3].epsilon = 1e-7;
    changed[4].weight_decay = 0.0;
    changed[5].optimizer = ASL__OPTIMIZER_ADAMW;
    changed[6].optimizer = ASL__OPTIMIZER_SGD;
    changed[7].momentum = 0.9;
    changed[8].learning_rate = 0.001;
    changed[9].seed = 6;
    changed[10].step = 5;
    changed[11].first = 3;
    for (int32_t i = 0; i < CHANGES; i++) {
        const bool anew = i < 8;
        counts before = count_recordings();
        for (int32_t k = 0; k < 3; k++) {
            work(&got, plan, STEP, MOST, &adam);
            work(&expected, plain, STEP, MOST, &adam);
            assert_same(&got, &expected);
        }
        assert_true(count_recordings().recorded - before.recorded <= 1);
        before = count_recordings();
        for (int32_t k = 0; k < 3; k++) {
            work(&got, plan, STEP, MOST, &changed[i]);
            work(&expected, plain, STEP, MOST, &changed[i]);
            assert_same(&got, &expected);
        }
        assert_counts(before, anew, anew ? 2 : 3);
        assert_same_state(plan, plain);
    }
    cuda->plan_destroy(plan);
    cuda->plan_destroy(plain);
}

/* There are places for four numbers of pictures; others run all the same. */
static void test_many_picture_counts(void **state)
{
    asl__plan *plan = make_plan(), *plain = make_plain_plan();
    (void)state;
    for (int32_t round = 0; round < 3; round++) {
        const counts before = count_recordings();
        for (int32_t count = 1; count <= MOST; count++)
            for (int32_t kind = 0; kind < KINDS; kind++) {
                result got, expected;
                work(&got, plan, kind, count, &adam);
                work(&expected, plain, kind, count, &adam);
                assert_same(&got, &expected);
            }
        assert_counts(before, round == 1 ? KINDS * ASL__RECORDINGS : 0,
                      round > 0 ? KINDS * ASL__RECORDINGS : 0);
    }
    assert_same_state(plan, plain);
    cuda->plan_destroy(plan);
    cuda->plan_destroy(plain);
}

/* ---- When it fails ---- */

/* Whether a call that fails ends the work: those that record need not succeed. */
static bool is_needed(const char *name)
{
    return strcmp(name, "cudaSetDevice") == 0 || strcmp(name, "cudaGraphLaunch") == 0 ||
           strcmp(name, "cudaStreamSynchronize") == 0;
}

/* The n-th call of the second piece of work fails. @return false when there is none. */
static bool fail_recording(int64_t n, int32_t kind, emulation_fault fault, bool copies_back)
{
    asl_error err = ASL_ERROR_INIT;
    result got, expected;
    asl__plan *plan = make_plan(), *plain = make_plain_plan();
    for (int32_t i = 0; i < 2; i++)
        work(&expected, plain, kind, MOST, &adam);
    work(&got, plan, kind, MOST, &adam);
    const int64_t before = emulation_call_count();
    emulation_fail_call(n, fault, false);
    const asl_status status = ask(&got, plan, kind, MOST, &adam, &err);
    emulation_fail_call(0, fault, false);
    const bool reached = emulation_call_count() - before >= n;
    const char *name = reached ? emulation_call_name(before + n) : "";
    /* plan_gradients copies them back when all else is done. */
    const bool last = copies_back && emulation_call_count() - before <= n + 1;
    if (reached && (is_needed(name) || last)) {
        assert_true(status < 0);
        test_check_error(status, &err);
        assert_non_null(strstr(err.message, name));
    } else {
        assert_ok(status, &err);
        assert_same(&got, &expected);
        for (int32_t i = 0; i < 3; i++) {
            work(&got, plan, kind, MOST, &adam);
            work(&expected, plain, kind, MOST, &adam);
            assert_same(&got, &expected);
        }
        assert_same_state(plan, plain);
    }
    cuda->plan_destroy(plan);
    cuda->plan_destroy(plain);
    return reached;
}

static void test_failing_to_record(void **state)
{
    static const emulation_fault faults[] = {EMULATION_BROKEN, EMULATION_UNSUPPORTED};
    (void)state;
    for (size_t f = 0; f < 2; f++)
        for (int32_t kind = 0; kind < KINDS; kind++) {
            int64_t n = 1;
            while (fail_recording(n, kind, faults[f], kind == GRADIENTS))
                n++;
            assert_true(n > 10);
        }
}

/* ---- What stays out ---- */

/* A plan that computed with numbers that are none forgets them with its weights, also where a
 * smaller batch leaves them in memory. */
static void test_rest_of_a_diverged_batch(void **state)
{
    const size_t count = p->network.parameter_count;
    float *broken = problem_vector(p), *zero = problem_vector(p);
    asl_error err = ASL_ERROR_INIT;
    result got, expected;
    asl__plan *plan = make_plan(), *fresh = make_plan();
    (void)state;
    for (size_t i = 0; i < count; i++)
        broken[i] = NAN;
    assert_ok(cuda->plan_set_state(plan, ASL__STATE_PARAMETERS, broken, &err), &err);
    work(&got, plan, STEP, MOST, &adam);
    assert_true(!isfinite(got.step.loss_sum));
    assert_ok(cuda->plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err), &err);
    assert_ok(cuda->plan_set_state(plan, ASL__STATE_MOMENT1, zero, &err), &err);
    assert_ok(cuda->plan_set_state(plan, ASL__STATE_MOMENT2, zero, &err), &err);
    for (int32_t i = 0; i < 3; i++) {
        work(&got, plan, STEP, 2, &adam);
        work(&expected, fresh, STEP, 2, &adam);
        assert_same(&got, &expected);
    }
    assert_same_state(plan, fresh);
    cuda->plan_destroy(plan);
    cuda->plan_destroy(fresh);
    free(broken);
    free(zero);
}

/* What makes something, by CUDA, cuDNN, cuBLAS or the library. */
static int64_t count_makers(void)
{
    static const char *const makers[] = {
        "cudaMalloc",           "cudaHostAlloc", "cudaStreamCreateWithFlags",    "cudaEventCreate",
        "cudaGraphInstantiate", "cudnnCreate",   "cudnnBackendCreateDescriptor", "cublasCreate"};
    int64_t count = test_allocator_count();
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        count += emulation_calls(makers[i]);
    return count;
}

/* From the third call on of each kind, whatever its number of pictures was before. */
static void test_nothing_is_made(void **state)
{
    result r;
    (void)state;
    test_allocator_install(0, false);
    asl__plan *plan = make_plan();
    for (int32_t round = 0; round < 5; round++) {
        const int64_t before = count_makers();
        const size_t peak = emulation_peak_memory();
        for (int32_t count = 1; count <= MOST; count++)
            for (int32_t kind = 0; kind < KINDS; kind++)
                work(&r, plan, kind, count, &adam);
        assert_true(emulation_peak_memory() == peak);
        if (round >= 2)
            assert_int_equal(count_makers(), before);
    }
    cuda->plan_destroy(plan);
    test_allocator_remove();
}

/* A replayed step is a handful of calls, whatever the network. */
static void test_calls_of_a_replay(void **state)
{
    result r;
    asl__plan *plan = make_plan();
    (void)state;
    for (int32_t kind = 0; kind < KINDS; kind++) {
        for (int32_t i = 0; i < 2; i++)
            work(&r, plan, kind, MOST, &adam);
        if (kind == FORWARD)
            work(&r, plan, kind, MOST, &adam);
        const int64_t before = emulation_call_count();
        work(&r, plan, kind, MOST, &adam);
        assert_true(emulation_call_count() - before <= (kind == GRADIENTS ? 6 : 3));
    }
    cuda->plan_destroy(plan);
}

/* A device that does nothing before something waits for it: what the host reads was waited for, and
 * what it writes is not written too early. */
static void test_deferred_work(void **state)
{
    emulation_config config;
    asl_error err = ASL_ERROR_INIT;
    asl__step_options options = adam;
    result got[CALLS], expected[CALLS];
    float *states[2];
    (void)state;
    for (int32_t deferred = 0; deferred < 2; deferred++) {
        result *r = deferred ? got : expected;
        emulation_reset();
        emulation_defaults(&config);
        config.deferred = deferred != 0;
        emulation_configure(&config);
        asl__plan *plan = make_plan();
        for (int32_t i = 0; i < CALLS; i++) {
            const asl__step_result *const step = &r[i].step;
            result forward;
            options.step = i + 1;
            problem_fill_batch(p, (uint32_t)i);
            work(&r[i], plan, STEP, MOST - i % 2, &options);
            assert_true(step->loss_sum > 0.0);
            work(&forward, plan, FORWARD, MOST, &options);
            memcpy(r[i].logits, forward.logits, sizeof forward.logits);
        }
        float *gradients = problem_vector(p);
        assert_ok(cuda->plan_apply(plan, gradients, &options, &err), &err);
        free(gradients);
        states[deferred] = plan_state(p, plan);
        cuda->plan_destroy(plan);
        plan_assert_clean("deferred work");
    }
    for (int32_t i = 0; i < CALLS; i++)
        assert_same(&got[i], &expected[i]);
    assert_memory_equal(states[0], states[1], 3 * p->network.parameter_count * sizeof *states[0]);
    free(states[0]);
    free(states[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_recorded_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_picture_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failing_to_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rest_of_a_diverged_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls_of_a_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_work, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
