/* SPDX-License-Identifier: MIT */
/* The promises of backend/backend.h about plans: state in and out, what touches it and what does
 * not, batches of any size, and failing memory. */
#include <math.h>
#include <stdlib.h>

#include "backends/problem.h"

static const char architecture[] =
    "conv2d 6 k3 p1; batch_norm; relu; max_pool 2; conv2d 20 k3 s2 bias; relu; global_pool both; "
    "dropout 0.2; dense classes";

static const asl__step_options adamw = {.optimizer = ASL__OPTIMIZER_ADAMW,
                                        .step = 1,
                                        .seed = 5,
                                        .learning_rate = 0.01,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8,
                                        .weight_decay = 0.1,
                                        .label_smoothing = 0.1};

static problem *make(void)
{
    return problem_make(&(problem_spec){architecture, 13, 11, 4, 5, 0, adamw});
}

static const asl__backend *backend; /* under test */

static float *get_state(const problem *p, asl__plan *plan, int32_t which)
{
    float *values = problem_vector(p);
    asl_error err = ASL_ERROR_INIT;
    assert_ok(backend->plan_get_state(values, plan, which, &err), &err);
    return values;
}

static void assert_same(const float *a, const float *b, size_t count)
{
    assert_memory_equal(a, b, count * sizeof *a);
}

static void test_round_trip(void **state)
{
    problem *p = make();
    const size_t count = p->network.parameter_count;
    const asl__plan_options options = problem_options(backend, p->count, 1, 1);
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    (void)state;
    assert_ok(backend->plan_create(&plan, &p->network, &options, &err), &err);
    for (int32_t which = 0; which < 3; which++) {
        float *zero = get_state(p, plan, which), *nothing = problem_vector(p);
        assert_same(zero, nothing, count);
        for (size_t i = 0; i < count; i++)
            nothing[i] = (float)problem_value((uint32_t)which, (uint32_t)i);
        assert_ok(backend->plan_set_state(plan, which, nothing, &err), &err);
        free(zero);
        free(nothing);
    }
    for (int32_t which = 0; which < 3; which++) {
        float *values = get_state(p, plan, which);
        for (size_t i = 0; i < count; i++)
            assert_true(values[i] == (float)problem_value((uint32_t)which, (uint32_t)i));
        free(values);
    }
    backend->plan_destroy(plan);
    problem_free(p);
}

/* A second plan that takes over the state goes on with the same bits. */
static void test_copied_state_steps_the_same(void **state)
{
    problem *p = make();
    asl__plan *first = problem_plan(p, backend, 1, 1, p->count);
    asl__plan *second = problem_plan(p, backend, 1, 2, p->count + 1);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result a, b;
    (void)state;
    problem_train(p, backend, first, 3);
    for (int32_t which = 0; which < 3; which++) {
        float *values = get_state(p, first, which);
        assert_ok(backend->plan_set_state(second, which, values, &err), &err);
        free(values);
    }
    p->step.step = 4;
    assert_ok(backend->plan_train_step(&a, first, p->images, p->labels, p->count, &p->step, &err),
              &err);
    assert_ok(backend->plan_train_step(&b, second, p->images, p->labels, p->count, &p->step, &err),
              &err);
    assert_true(a.loss_sum == b.loss_sum && a.correct == b.correct);
    for (int32_t which = 0; which < 3; which++) {
        float *left = get_state(p, first, which), *right = get_state(p, second, which);
        assert_same(left, right, p->network.parameter_count);
        free(left);
        free(right);
    }
    backend->plan_destroy(first);
    backend->plan_destroy(second);
    problem_free(p);
}

static bool is_trained(const problem *p, size_t index)
{
    for (int32_t t = 0; t < p->network.tensor_count; t++) {
        const asl__tensor *tensor = &p->network.tensors[t];
        if (index >= tensor->offset && index < tensor->offset + tensor->count)
            return tensor->trained;
    }
    return false;
}

/* Gradients and forward passes change nothing; a step at rate 0 changes running statistics only. */
static void test_what_touches_state(void **state)
{
    problem *p = make();
    const size_t count = p->network.parameter_count;
    asl__plan *plan = problem_plan(p, backend, 1, 1, p->count);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;
    float *logits = problem_logits(p);
    (void)state;
    free(problem_gradients(NULL, p, backend, plan));
    assert_ok(backend->plan_forward(logits, plan, p->images, p->count, &err), &err);
    float *after = get_state(p, plan, ASL__STATE_PARAMETERS);
    assert_same(after, p->parameters, count);
    free(after);

    p->step.learning_rate = 0.0;
    assert_ok(
        backend->plan_train_step(&result, plan, p->images, p->labels, p->count, &p->step, &err),
        &err);
    after = get_state(p, plan, ASL__STATE_PARAMETERS);
    for (size_t i = 0; i < count; i++)
        assert_true((after[i] == p->parameters[i]) == is_trained(p, i));
    free(after);
    free(logits);
    backend->plan_destroy(plan);
    problem_free(p);
}

/* plan_gradients and plan_apply are a training step in two halves, batch norm's statistics and the
 * moments included. */
static void test_apply(void **state)
{
    problem *p = make();
    const size_t count = p->network.parameter_count;
    asl__plan *whole = problem_plan(p, backend, 1, 2, p->count);
    asl__plan *halves = problem_plan(p, backend, 1, 2, p->count);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result expected, result;
    float *gradients = problem_vector(p);
    (void)state;
    for (int32_t i = 1; i <= 3; i++) {
        p->step.step = i;
        problem_fill_batch(p, (uint32_t)i);
        assert_ok(backend->plan_train_step(&expected, whole, p->images, p->labels, p->count,
                                           &p->step, &err),
                  &err);
        assert_ok(backend->plan_gradients(gradients, &result, halves, p->images, p->labels,
                                          p->count, &p->step, &err),
                  &err);
        assert_ok(backend->plan_apply(halves, gradients, &p->step, &err), &err);
        assert_true(result.loss_sum == expected.loss_sum && result.correct == expected.correct);
    }
    for (int32_t which = 0; which < 3; which++) {
        float *a = get_state(p, whole, which), *b = get_state(p, halves, which);
        assert_same(a, b, count);
        free(a);
        free(b);
    }
    backend->plan_destroy(whole);
    backend->plan_destroy(halves);
    free(gradients);
    problem_free(p);
}

/* The parts of a batch, each with its share of the weight, make its gradient, dropout masks
 * included; batch norm alone depends on who sees what. 1e-5: float32 sums in another order. */
static void test_parts_of_a_batch(void **state)
{
    static const char plain[] =
        "conv2d 6 k3 p1 bias; relu; max_pool 2; conv2d 20 k3 s2 bias; relu; "
        "global_pool both; dropout 0.4; dense classes";
    problem *p = problem_make(&(problem_spec){plain, 13, 11, 4, 5, 0, adamw});
    const size_t count = p->network.parameter_count;
    const size_t bytes = (size_t)(p->network.input.height * p->network.input.width * 3);
    asl__plan *plan = problem_plan(p, backend, 1, 2, p->count);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;
    float *expected = problem_gradients(NULL, p, backend, plan);
    float *part = problem_vector(p), *sum = problem_vector(p);
    (void)state;
    for (int32_t first = 0; first < p->count; first += 2) {
        const int32_t pictures = p->count - first < 2 ? p->count - first : 2;
        p->step.first = first;
        assert_ok(backend->plan_gradients(part, &result, plan, p->images + (size_t)first * bytes,
                                          p->labels + first, pictures, &p->step, &err),
                  &err);
        for (size_t i = 0; i < count; i++)
            sum[i] += part[i] * (float)pictures / (float)p->count;
    }
    assert_true(distance(sum, expected, count) < 1e-5);
    backend->plan_destroy(plan);
    free(expected);
    free(part);
    free(sum);
    problem_free(p);
}

/* Outside training a picture's logits depend on that picture only, and on no kind of plan. */
static void test_forward_is_by_picture(void **state)
{
    problem *p = make();
    const size_t classes = (size_t)p->network.classes;
    const size_t bytes = (size_t)(p->network.input.height * p->network.input.width * 3);
    asl__plan *training = problem_plan(p, backend, 1, 2, p->count);
    asl__plan *inference = problem_plan(p, backend, 0, 2, p->count);
    asl_error err = ASL_ERROR_INIT;
    float *whole = problem_logits(p), *single = problem_logits(p);
    (void)state;
    assert_ok(backend->plan_forward(whole, training, p->images, p->count, &err), &err);
    assert_ok(backend->plan_forward(single, inference, p->images, p->count, &err), &err);
    assert_same(single, whole, (size_t)p->count * classes);
    for (size_t n = 0; n < (size_t)p->count; n++) {
        assert_ok(backend->plan_forward(single, inference, p->images + n * bytes, 1, &err), &err);
        assert_same(single, whole + n * classes, classes);
    }
    backend->plan_destroy(training);
    backend->plan_destroy(inference);
    free(whole);
    free(single);
    problem_free(p);
}

/* A timed pass is a pass, and its operations are all layers in their order. */
static void test_timed_forward(void **state)
{
    problem *p = make();
    const size_t classes = (size_t)p->network.classes;
    asl__op_time times[ASL__MAX_LAYERS + 1];
    asl_error err = ASL_ERROR_INIT;
    float *expected = problem_logits(p), *logits = problem_logits(p);
    (void)state;
    for (int32_t training = 0; backend->plan_forward_timed != NULL && training < 2; training++)
        for (int32_t threads = 1; threads <= 3; threads++) {
            asl__plan *plan = problem_plan(p, backend, training, threads, p->count);
            int32_t count = 0, next = 0;
            memset(logits, 0, classes * sizeof *logits);
            assert_ok(backend->plan_forward_timed(logits, times, &count, plan, p->images, &err),
                      &err);
            assert_ok(backend->plan_forward(expected, plan, p->images, p->count, &err), &err);
            assert_same(logits, expected, classes);
            for (int32_t i = 0; i < count; i++) {
                assert_int_equal(times[i].layer, next);
                assert_true(times[i].seconds >= 0.0 && times[i].seconds < 60.0);
                assert_in_range(strlen(times[i].method), 1, sizeof times[i].method - 2);
                next += times[i].layer_count;
            }
            assert_int_equal(next, p->network.layer_count);
            backend->plan_destroy(plan);
        }
    free(expected);
    free(logits);
    problem_free(p);
}

/* A smaller last batch is trained on as if the plan had been made for it, and what an earlier,
 * larger batch left in memory does not show. */
static void test_smaller_batch(void **state)
{
    problem *p = make();
    asl__plan *large = problem_plan(p, backend, 1, 1, p->count);
    double loss_large, loss_small;
    (void)state;
    free(problem_gradients(NULL, p, backend, large));
    p->count = 2;
    asl__plan *small = problem_plan(p, backend, 1, 1, 2);
    float *a = problem_gradients(&loss_large, p, backend, large);
    float *b = problem_gradients(&loss_small, p, backend, small);
    assert_true(loss_large == loss_small);
    assert_same(a, b, p->network.parameter_count);
    backend->plan_destroy(large);
    backend->plan_destroy(small);
    free(a);
    free(b);
    problem_free(p);
}

/* A batch norm that sees one value a channel in training stays finite. */
static void test_single_value_batch_norm(void **state)
{
    problem *p = problem_make(&(problem_spec){"global_pool avg; dense 4; batch_norm; dense classes",
                                              3, 3, 3, 1, 0, adamw});
    asl__plan *plan = problem_plan(p, backend, 1, 1, 1);
    (void)state;
    assert_true(isfinite(problem_train(p, backend, plan, 2)));
    float *after = get_state(p, plan, ASL__STATE_PARAMETERS);
    for (size_t i = 0; i < p->network.parameter_count; i++)
        assert_true(isfinite(after[i]));
    free(after);
    backend->plan_destroy(plan);
    problem_free(p);
}

/* Divergence is reported as numbers: no layer hides that its input is not one. */
static void test_divergence_shows(void **state)
{
    problem *p = make();
    asl__plan *plan = problem_plan(p, backend, 1, 1, p->count);
    asl_error err = ASL_ERROR_INIT;
    double loss;
    (void)state;
    p->parameters[p->network.layers[0].weight] = NAN;
    assert_ok(backend->plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err), &err);
    free(problem_gradients(&loss, p, backend, plan));
    assert_true(!isfinite(loss));
    backend->plan_destroy(plan);
    problem_free(p);
}

/* Of equal maxima the first in row order gets the whole gradient. The convolution looks at red
 * only, which is the same everywhere; the gradient by its green weight tells where the maximum was
 * taken.
 */
static void test_ties(void **state)
{
    static const char *const lists[] = {"conv2d 1 k1; max_pool 2; global_pool avg; dense classes",
                                        "conv2d 1 k1; global_pool max; dense classes"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        problem *p = problem_make(&(problem_spec){lists[i], 2, 2, 3, 1, 0, adamw});
        const asl__network *network = &p->network;
        for (size_t k = 0; k < 4; k++) {
            p->images[3 * k] = 200;
            p->images[3 * k + 1] = (uint8_t)(10 + 50 * k);
        }
        p->parameters[0] = 1.0f;
        p->parameters[1] = p->parameters[2] = 0.0f;
        asl__plan *plan = problem_plan(p, backend, 1, 1, 1);
        float *gradients = problem_gradients(NULL, p, backend, plan);
        const double red = (200.0 - (double)network->mean[0]) / (double)network->std[0];
        const double green = (10.0 - (double)network->mean[1]) / (double)network->std[1];
        assert_true(fabs((double)gradients[0]) > 1e-3);
        assert_float_equal(gradients[1] / gradients[0], (float)(green / red), 1e-5f);
        backend->plan_destroy(plan);
        free(gradients);
        problem_free(p);
    }
}

/* The count of correct pictures follows the largest logit. */
static void test_correct_count(void **state)
{
    problem *p = problem_make(
        &(problem_spec){"conv2d 6 k3; global_pool avg; dense classes", 5, 4, 4, 9, 0, adamw});
    const size_t classes = (size_t)p->network.classes;
    asl__plan *plan = problem_plan(p, backend, 1, 1, p->count);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;
    float *logits = problem_logits(p), *gradients = problem_vector(p);
    (void)state;
    assert_ok(backend->plan_forward(logits, plan, p->images, p->count, &err), &err);
    for (int32_t wrong = 0; wrong <= p->count; wrong++) {
        for (int32_t n = 0; n < p->count; n++) {
            const float *row = logits + (size_t)n * classes;
            int32_t best = 0;
            for (int32_t k = 1; k < p->network.classes; k++)
                best = row[k] > row[best] ? k : best;
            p->labels[n] = n < wrong ? (best + 1 + n % 3) % 4 : best;
        }
        assert_ok(backend->plan_gradients(gradients, &result, plan, p->images, p->labels, p->count,
                                          &p->step, &err),
                  &err);
        assert_int_equal(result.correct, p->count - wrong);
    }
    free(logits);
    free(gradients);
    backend->plan_destroy(plan);
    problem_free(p);
}

/* Logits whose exponential no double can hold: label 2 of (10000, 0, -10000) costs 20000. */
static void test_large_logits(void **state)
{
    problem *p = problem_make(
        &(problem_spec){"dense classes", 1, 1, 3, 1, 0, {.step = 1, .learning_rate = 0.1}});
    double loss;
    (void)state;
    memset(p->parameters, 0, p->network.parameter_count * sizeof *p->parameters);
    p->parameters[p->network.layers[0].offset] = 10000.0f;
    p->parameters[p->network.layers[0].offset + 2] = -10000.0f;
    p->labels[0] = 2;
    asl__plan *plan = problem_plan(p, backend, 1, 1, 1);
    float *gradients = problem_gradients(&loss, p, backend, plan);
    assert_true(fabs(loss - 20000.0) < 0.1);
    assert_float_equal(gradients[p->network.layers[0].offset], 1.0f, 1e-6f);
    assert_float_equal(gradients[p->network.layers[0].offset + 2], -1.0f, 1e-6f);
    backend->plan_destroy(plan);
    free(gradients);
    problem_free(p);
}

/* Fails every allocation of plan_create in turn. */
static void test_failing_memory(void **state)
{
    (void)state;
    for (int32_t training = 0; training < 2; training++) {
        problem *p = make();
        const asl__plan_options options = problem_options(backend, p->count, training, 2);
        asl_error err = ASL_ERROR_INIT;
        int64_t failures = 0;
        for (asl_status status = ASL_ERR_NOMEM; status != ASL_OK; failures++) {
            asl__plan *plan = NULL;
            test_allocator_install(failures + 1, false);
            status = backend->plan_create(&plan, &p->network, &options, &err);
            if (status != ASL_OK) {
                assert_int_equal(status, ASL_ERR_NOMEM);
                test_check_error(status, &err);
                assert_null(plan);
            }
            backend->plan_destroy(plan);
            test_allocator_remove();
        }
        assert_true(failures > 3);
        problem_free(p);
    }
}

/* A plan of more bytes than a size can count is refused before its memory is asked for. */
static void test_size_overflow(void **state)
{
    char text[200] = "conv2d 4096 k1; batch_norm";
    const asl__plan_options options = problem_options(backend, INT32_MAX, 1, 1);
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    (void)state;
    for (int32_t i = 0; i < 15; i++)
        strcat(text, "; relu"); /* 2^28 floats a layer and picture, so over 2^65 bytes */
    strcat(text, "; global_pool avg; dense classes");
    problem *p = problem_make(&(problem_spec){text, 256, 256, 2, 1, 0, adamw});
    test_allocator_install(0, false);
    assert_status(backend->plan_create(&plan, &p->network, &options, &err), ASL_ERR_NOMEM, &err);
    assert_null(plan);
    assert_true(test_allocator_count() <= 2); /* the plan and its parameters */
    test_allocator_remove();
    problem_free(p);
}

/* Running a plan takes no memory. */
static void test_running_allocates_nothing(void **state)
{
    problem *p = make();
    asl__op_time times[ASL__MAX_LAYERS + 1];
    int32_t count;
    asl_error err = ASL_ERROR_INIT;
    float *logits = problem_logits(p);
    (void)state;
    test_allocator_install(0, false);
    asl__plan *plan = problem_plan(p, backend, 1, 2, p->count);
    const int64_t before = test_allocator_count();
    problem_train(p, backend, plan, 2);
    assert_ok(backend->plan_forward(logits, plan, p->images, p->count, &err), &err);
    if (backend->plan_forward_timed != NULL)
        assert_ok(backend->plan_forward_timed(logits, times, &count, plan, p->images, &err), &err);
    assert_int_equal(test_allocator_count(), before);
    backend->plan_destroy(plan);
    test_allocator_remove();
    free(logits);
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_copied_state_steps_the_same),
        cmocka_unit_test(test_what_touches_state),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_parts_of_a_batch),
        cmocka_unit_test(test_forward_is_by_picture),
        cmocka_unit_test(test_timed_forward),
        cmocka_unit_test(test_smaller_batch),
        cmocka_unit_test(test_single_value_batch_norm),
        cmocka_unit_test(test_divergence_shows),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_correct_count),
        cmocka_unit_test(test_large_logits),
        cmocka_unit_test(test_failing_memory),
        cmocka_unit_test(test_size_overflow),
        cmocka_unit_test(test_running_allocates_nothing),
    };
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    int failed = 0;
    for (int32_t b = 0; b < count; b++) {
        backend = backends[b];
        print_message("backend %s\n", backend->name);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
