/* SPDX-License-Identifier: MIT */
/* Backends that keep a data set: steps on it are plan_train_step's, bit for bit, whatever goes on
 * between them. */
#include <stdlib.h>

#include "backends/problem.h"

static const char architecture[] =
    "conv2d 8 k3 p1; batch_norm; relu; max_pool 2; conv2d 20 k3 bias; relu; max_pool 2; "
    "global_pool avg; dense 24; relu; dropout 0.2; dense classes";

/* A set of pictures that lie in a block with others between them, in another order. */
enum { BATCH = 5, PICTURES = 23, BLOCK = 40, STEPS = 5, CLASSES = 4 };

typedef struct material {
    problem *p; /* its batch is the whole block */
    size_t image_bytes;
    int64_t places[PICTURES], order[PICTURES];
    int32_t labels[PICTURES];
    asl__step_options options[STEPS];
} material;

static const asl__backend *backend; /* under test */

static void make(material *m, uint32_t number)
{
    static const asl__step_options adam = {.optimizer = ASL__OPTIMIZER_ADAM,
                                           .seed = 5,
                                           .beta1 = 0.9,
                                           .beta2 = 0.999,
                                           .epsilon = 1e-8,
                                           .weight_decay = 0.01,
                                           .label_smoothing = 0.1};
    m->p = problem_make(&(problem_spec){architecture, 13, 11, CLASSES, BLOCK, 0, adam});
    m->image_bytes = (size_t)13 * 11 * 3;
    problem_fill_batch(m->p, number);
    for (int64_t i = 0; i < PICTURES; i++) {
        m->places[i] = i < 9 ? 11 + i : (i * 7 + 3) % BLOCK; /* a stretch, then singles */
        m->order[i] = (i * 5 + 2) % PICTURES;
        m->labels[i] = (int32_t)((i * 3 + number) % CLASSES);
    }
    for (int32_t i = 0; i < STEPS; i++) {
        m->options[i] = adam;
        m->options[i].step = i + 1;
        m->options[i].learning_rate = 0.01 / (i + 1);
    }
}

static asl__plan *make_plan(const material *m)
{
    return problem_plan(m->p, backend, 1, 1, BATCH + 1);
}

static void keep(const material *m, asl__plan *plan)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(backend->plan_keep(plan, m->p->images, m->places, m->labels, (int64_t)PICTURES, &err),
              &err);
}

static int32_t count_of(int32_t step)
{
    return step < STEPS - 1 ? BATCH : PICTURES - (STEPS - 1) * BATCH;
}

/* One step with what plan_train_step wants. */
static void single_step(asl__step_result *result, const material *m, asl__plan *plan, int32_t step)
{
    uint8_t *images = calloc(BATCH, m->image_bytes);
    int32_t labels[BATCH];
    asl_error err = ASL_ERROR_INIT;
    assert_non_null(images);
    for (int32_t i = 0; i < count_of(step); i++) {
        const int64_t picture = m->order[step * BATCH + i];
        memcpy(images + (size_t)i * m->image_bytes,
               m->p->images + (size_t)m->places[picture] * m->image_bytes, m->image_bytes);
        labels[i] = m->labels[picture];
    }
    assert_ok(backend->plan_train_step(result, plan, images, labels, count_of(step),
                                       &m->options[step], &err),
              &err);
    free(images);
}

static void kept_steps(asl__step_result *results, const material *m, asl__plan *plan, int32_t first,
                       int32_t count)
{
    asl_error err = ASL_ERROR_INIT;
    const int64_t at = (int64_t)first * BATCH, left = PICTURES - at;
    const int64_t pictures = (int64_t)count * BATCH < left ? (int64_t)count * BATCH : left;
    int32_t done = -1;
    assert_ok(backend->plan_train_kept(results, &done, plan, m->order + at, pictures, BATCH,
                                       m->options + first, count, &err),
              &err);
    assert_int_equal(done, count);
}

static void assert_same_state(const material *m, asl__plan *a, asl__plan *b)
{
    float *x = problem_vector(m->p), *y = problem_vector(m->p);
    asl_error err = ASL_ERROR_INIT;
    for (int32_t which = 0; which < 3; which++) {
        assert_ok(backend->plan_get_state(x, a, which, &err), &err);
        assert_ok(backend->plan_get_state(y, b, which, &err), &err);
        assert_memory_equal(x, y, m->p->network.parameter_count * sizeof *x);
    }
    free(x);
    free(y);
}

static void assert_same_results(const asl__step_result *a, const asl__step_result *b, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        assert_memory_equal(&a[i].loss_sum, &b[i].loss_sum, sizeof a[i].loss_sum);
        assert_int_equal(a[i].correct, b[i].correct);
        assert_true(a[i].loss_sum > 0.0);
    }
}

/* An epoch, three times: what is slow at first, recorded or replayed makes no difference. */
static void test_steps_are_the_same(void **state)
{
    static const int32_t calls[][STEPS] = {{5}, {1, 3, 1}, {2, 2, 1}, {1, 1, 1, 1, 1}};
    (void)state;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        asl__step_result expected[STEPS], actual[STEPS];
        material m;
        make(&m, 1);
        asl__plan *single = make_plan(&m), *plan = make_plan(&m);
        keep(&m, plan);
        for (int32_t epoch = 0; epoch < 3; epoch++) {
            for (int32_t step = 0; step < STEPS; step++)
                single_step(&expected[step], &m, single, step);
            for (int32_t call = 0, step = 0; step < STEPS; step += calls[c][call++])
                kept_steps(actual + step, &m, plan, step, calls[c][call]);
            assert_same_results(actual, expected, STEPS);
            assert_same_state(&m, plan, single);
        }
        backend->plan_destroy(plan);
        backend->plan_destroy(single);
        problem_free(m.p);
    }
}

/* Steps of both kinds, other settings, and passes between them, in one plan. */
static void test_in_turns(void **state)
{
    asl__step_result expected[STEPS], actual[STEPS];
    asl_error err = ASL_ERROR_INIT;
    material m;
    (void)state;
    make(&m, 1);
    asl__plan *single = make_plan(&m), *plan = make_plan(&m);
    float logits[2][BATCH * CLASSES];
    keep(&m, plan);
    for (int32_t round = 0; round < 3; round++) {
        for (int32_t i = 0; i < STEPS; i++)
            m.options[i].weight_decay = 0.01 * round;
        for (int32_t step = 0; step < STEPS; step++)
            single_step(&expected[step], &m, single, step);
        kept_steps(actual, &m, plan, 0, 2);
        single_step(&actual[2], &m, plan, 2);
        kept_steps(actual + 3, &m, plan, 3, 2);
        assert_same_results(actual, expected, STEPS);
        assert_ok(backend->plan_forward(logits[0], plan, m.p->images, BATCH, &err), &err);
        assert_ok(backend->plan_forward(logits[1], single, m.p->images, BATCH, &err), &err);
        assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
    }
    assert_same_state(&m, plan, single);
    backend->plan_destroy(plan);
    backend->plan_destroy(single);
    problem_free(m.p);
}

static void test_another_set(void **state)
{
    asl__step_result expected[STEPS], actual[STEPS];
    material m, other;
    (void)state;
    make(&m, 1);
    make(&other, 2);
    asl__plan *single = make_plan(&m), *plan = make_plan(&m);
    keep(&m, plan);
    kept_steps(actual, &m, plan, 0, STEPS);
    keep(&other, plan);
    kept_steps(actual, &other, plan, 0, STEPS);
    for (int32_t step = 0; step < STEPS; step++)
        single_step(&expected[step], &m, single, step);
    for (int32_t step = 0; step < STEPS; step++)
        single_step(&expected[step], &other, single, step);
    assert_same_results(actual, expected, STEPS);
    assert_same_state(&m, plan, single);
    backend->plan_destroy(plan);
    backend->plan_destroy(single);
    problem_free(other.p);
    problem_free(m.p);
}

/* More than any machine has. The plan goes on, without a set. */
static void test_no_room(void **state)
{
    asl__step_result expected, actual;
    asl_error err = ASL_ERROR_INIT;
    material m;
    (void)state;
    make(&m, 1);
    asl__plan *single = make_plan(&m), *plan = make_plan(&m);
    keep(&m, plan);
    const int64_t count = (int64_t)1 << 44;
    assert_status(backend->plan_keep(plan, m.p->images, m.places, m.labels, count, &err),
                  ASL_ERR_NOMEM, &err);
    single_step(&actual, &m, plan, 0);
    single_step(&expected, &m, single, 0);
    assert_same_results(&actual, &expected, 1);
    keep(&m, plan);
    kept_steps(&actual, &m, plan, 1, 1);
    single_step(&expected, &m, single, 1);
    assert_same_results(&actual, &expected, 1);
    assert_same_state(&m, plan, single);
    backend->plan_destroy(plan);
    backend->plan_destroy(single);
    problem_free(m.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_are_the_same),
        cmocka_unit_test(test_in_turns),
        cmocka_unit_test(test_another_set),
        cmocka_unit_test(test_no_room),
    };
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    int failed = 0, tested = 0;
    for (int32_t b = 0; b < count; b++) {
        backend = backends[b];
        if (backend->plan_keep == NULL)
            continue;
        print_message("backend %s\n", backend->name);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
        tested++;
    }
    if (tested == 0)
        print_message("skipped: no backend that keeps data sets can run here\n");
    return tested == 0 ? 77 : failed;
}
