/* SPDX-License-Identifier: MIT */
/* Steps on a data set that lies on the device: what they ask of it, and of the host nothing. That
 * they are those of plan_train_step is tested with every backend (backends/test_kept.c), what a
 * failure leaves in test_kept_faults.c. */
#include <stdlib.h>

#include "cuda/plan_support.h"

enum { BATCH = 3, PICTURES = 11, STEPS = 6 };

static const asl__backend *const cuda = &asl__backend_cuda;

static const char architecture[] = "conv2d 4 k3 p1; batch_norm; relu; max_pool 2; conv2d 8 k2; "
                                   "global_pool both; dropout 0.2; dense classes";

static problem *p;
static size_t image_bytes;
static int64_t places[PICTURES];
static asl__step_options options[ASL__MAX_KEPT_STEPS];

/* More pictures than there are: they come back, within a step too. The last step is short. */
static const int64_t order[(STEPS - 1) * BATCH + 1] = {4, 4, 0,  10, 7, 4, 7, 7,
                                                       7, 1, 10, 2,  3, 4, 5, 10};
enum { TAKEN = sizeof order / sizeof *order };

static int setup(void **state)
{
    const asl__step_options sgd = {
        .optimizer = ASL__OPTIMIZER_SGD, .seed = 3, .learning_rate = 0.01, .momentum = 0.9};
    (void)state;
    emulation_reset();
    p = problem_make(&(problem_spec){architecture, 8, 9, 3, PICTURES, 0, sgd});
    image_bytes = (size_t)8 * 9 * 3;
    for (int64_t i = 0; i < PICTURES; i++)
        places[i] = (i * 4 + 1) % PICTURES;
    for (int32_t i = 0; i < ASL__MAX_KEPT_STEPS; i++) {
        options[i] = sgd;
        options[i].step = i + 1;
        options[i].learning_rate = 0.01 / (i + 1);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    problem_free(p);
    plan_assert_clean("kept data");
    return 0;
}

static asl_status keep(asl__plan *plan, asl_error *err)
{
    int32_t labels[PICTURES];
    for (int32_t i = 0; i < PICTURES; i++)
        labels[i] = p->labels[places[i]];
    return cuda->plan_keep(plan, p->images, places, labels, PICTURES, err);
}

static asl__plan *make_plan(bool keeps)
{
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = plan_make(p, "tf32", 1, BATCH);
    if (keeps)
        assert_ok(keep(plan, &err), &err);
    return plan;
}

static void train_kept(asl__step_result *results, asl__plan *plan)
{
    asl_error err = ASL_ERROR_INIT;
    int32_t done = 0;
    assert_ok(
        cuda->plan_train_kept(results, &done, plan, order, TAKEN, BATCH, options, STEPS, &err),
        &err);
    assert_int_equal(done, STEPS);
}

/* The same steps with pictures from the host. */
static void train_single(asl__step_result *results, asl__plan *plan)
{
    asl_error err = ASL_ERROR_INIT;
    uint8_t *images = calloc(BATCH, image_bytes);
    int32_t labels[BATCH];
    assert_non_null(images);
    for (int32_t step = 0; step < STEPS; step++) {
        const int32_t at = step * BATCH, count = TAKEN - at < BATCH ? TAKEN - at : BATCH;
        for (int32_t i = 0; i < count; i++) {
            const int64_t place = places[order[at + i]];
            memcpy(images + (size_t)i * image_bytes, p->images + (size_t)place * image_bytes,
                   image_bytes);
            labels[i] = p->labels[place];
        }
        assert_ok(cuda->plan_train_step(&results[step], plan, images, labels, count, &options[step],
                                        &err),
                  &err);
    }
    free(images);
}

static void assert_same(const asl__step_result *a, const asl__step_result *b, asl__plan *left,
                        asl__plan *right)
{
    float *x = plan_state(p, left), *y = plan_state(p, right);
    for (int32_t i = 0; i < STEPS; i++) {
        assert_memory_equal(&a[i].loss_sum, &b[i].loss_sum, sizeof a[i].loss_sum);
        assert_int_equal(a[i].correct, b[i].correct);
        assert_true(a[i].loss_sum > 0.0);
    }
    assert_memory_equal(x, y, 3 * p->network.parameter_count * sizeof *x);
    free(x);
    free(y);
}

static void test_repeated_pictures(void **state)
{
    asl__step_result expected[STEPS], got[STEPS];
    asl__plan *plan = make_plan(true), *single = make_plan(false);
    (void)state;
    for (int32_t i = 0; i < 3; i++) {
        train_kept(got, plan);
        train_single(expected, single);
        assert_same(got, expected, plan, single);
    }
    cuda->plan_destroy(plan);
    cuda->plan_destroy(single);
}

/* However late the device is: nothing of the host's is changed before it was read. */
static void test_deferred_work(void **state)
{
    asl__step_result expected[STEPS], got[STEPS];
    emulation_config config;
    (void)state;
    emulation_defaults(&config);
    config.deferred = true;
    emulation_configure(&config);
    asl__plan *plan = make_plan(true), *single = make_plan(false);
    for (int32_t i = 0; i < 3; i++) {
        train_kept(got, plan);
        train_single(expected, single);
        assert_same(got, expected, plan, single);
    }
    cuda->plan_destroy(plan);
    cuda->plan_destroy(single);
}

/* ---- What is asked of the host ---- */

static int64_t count_waits(void)
{
    static const char *const waits[] = {"cudaStreamSynchronize", "cudaDeviceSynchronize",
                                        "cudaEventSynchronize", "cudaStreamQuery", "cudaMemcpy"};
    int64_t count = 0;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        count += emulation_calls(waits[i]);
    return count;
}

/* One wait for all steps, from the first call on. */
static void test_nobody_waits_between_steps(void **state)
{
    asl__step_result results[STEPS];
    asl__plan *plan = make_plan(true);
    (void)state;
    for (int32_t i = 0; i < 3; i++) {
        const int64_t before = count_waits();
        train_kept(results, plan);
        assert_int_equal(count_waits() - before, 1);
    }
    cuda->plan_destroy(plan);
}

/* Replayed, a step is a few calls; they copy from the host only before the first one. */
static void test_calls_of_a_step(void **state)
{
    static int64_t many[ASL__MAX_KEPT_STEPS * BATCH];
    static asl__step_result results[ASL__MAX_KEPT_STEPS];
    asl_error err = ASL_ERROR_INIT;
    int64_t calls[2];
    asl__plan *plan = make_plan(true);
    (void)state;
    for (int32_t i = 0; i < ASL__MAX_KEPT_STEPS * BATCH; i++)
        many[i] = i % PICTURES;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t steps = i == 3 ? ASL__MAX_KEPT_STEPS : 6;
        const int64_t before = emulation_call_count();
        int32_t done = 0;
        assert_ok(cuda->plan_train_kept(results, &done, plan, many, (int64_t)steps * BATCH, BATCH,
                                        options, steps, &err),
                  &err);
        assert_int_equal(done, steps);
        if (i >= 2)
            calls[i - 2] = emulation_call_count() - before;
    }
    assert_true(calls[0] <= 6 * 5 + 4);
    assert_true(calls[1] <= ASL__MAX_KEPT_STEPS * 5 + 4);
    cuda->plan_destroy(plan);
}

/* ---- Room ---- */

/* A device with so much memory. */
static void configure_memory(size_t size)
{
    emulation_config config;
    emulation_reset();
    emulation_defaults(&config);
    config.memory = size;
    emulation_configure(&config);
}

/* A set that a plan has no room for is refused, and the plan trains on without; the last one is
 * gone then. */
static void test_no_room(void **state)
{
    enum { LARGE = 700000 };
    asl__step_result expected[STEPS], got[STEPS];
    asl_error err = ASL_ERROR_INIT;
    int64_t *many = calloc(LARGE, sizeof *many);
    int32_t *labels = calloc(LARGE, sizeof *labels);
    (void)state;
    assert_non_null(many);
    assert_non_null(labels);
    configure_memory((size_t)160 << 20);
    asl__plan *single = make_plan(false), *plan = make_plan(true);
    assert_status(cuda->plan_keep(plan, p->images, many, labels, LARGE, &err), ASL_ERR_NOMEM, &err);
    assert_non_null(strstr(err.message, "MiB free"));
    assert_non_null(strstr(err.message, "data set"));
    train_single(expected, single);
    train_single(got, plan);
    assert_same(got, expected, plan, single);
    assert_ok(keep(plan, &err), &err);
    train_single(expected, single);
    train_kept(got, plan);
    assert_same(got, expected, plan, single);
    cuda->plan_destroy(plan);
    cuda->plan_destroy(single);
    free(many);
    free(labels);
}

/* Whatever there is room for: kept or refused, and never in the way of the steps. */
static void test_each_amount_of_room(void **state)
{
    asl__step_result results[STEPS];
    asl_error err = ASL_ERROR_INIT;
    int32_t kept = 0, refused = 0;
    (void)state;
    asl__plan *plan = make_plan(false);
    const size_t alone = emulation_peak_memory();
    cuda->plan_destroy(plan);
    for (size_t more = 0; more < 24; more++) {
        configure_memory(alone + (more << 16));
        plan = make_plan(false);
        const asl_status status = keep(plan, &err);
        kept += status == ASL_OK;
        refused += status == ASL_ERR_NOMEM;
        assert_int_equal(kept + refused, more + 1);
        if (status == ASL_OK)
            train_kept(results, plan);
        else
            train_single(results, plan);
        cuda->plan_destroy(plan);
        plan_assert_clean("little room");
    }
    assert_true(kept > 0 && refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeated_pictures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_work, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_waits_between_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls_of_a_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_amount_of_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
