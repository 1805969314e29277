/* SPDX-License-Identifier: MIT */
/* Classifying pictures: formats, regions, batches, threads, and every way to call it wrongly. */
#include "support/support.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "unit/train/blobs.h"

#include "base/random.h"

#define SIDE     24
#define PICTURES 7
#define CLASSES  BLOBS_CLASSES

/* Noise in RGB24, PICTURES of it. */
static uint8_t noise[PICTURES][SIDE * SIDE * 3];

static asl_image_view noise_view(int32_t index)
{
    return (asl_image_view){
        .pixels = noise[index], .width = SIDE, .height = SIDE, .stride = SIDE * 3};
}

static int setup(void **state)
{
    for (size_t p = 0; p < PICTURES; p++) {
        for (size_t i = 0; i < sizeof noise[p]; i++)
            noise[p][i] = (uint8_t)(asl__random_below(1, p, i, 256) / (1 + p % 3));
    }
    *state = blobs_model();
    return 0;
}

static int teardown(void **state)
{
    asl_model_free(*state);
    return 0;
}

static asl_inferer *create(const asl_model *model, int32_t batch_size, int32_t threads)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.batch_size = batch_size;
    options.threads = threads;
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    return inferer;
}

static void classify(float *scores, asl_inferer *inferer, const asl_image_view *view,
                     const asl_rect *region)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(asl_inferer_classify(scores, CLASSES, inferer, view, region, &err), &err);
}

static void test_scores_are_the_softmax_of_logits(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float scores[CLASSES], logits[CLASSES];
    asl_inferer *inferer = create(*state, 1, 1);
    assert_true(strncmp(asl_inferer_backend(inferer), "cpu", 3) == 0);
    for (int32_t p = 0; p < PICTURES; p++) {
        const asl_image_view view = noise_view(p);
        double sum = 0.0, total = 0.0;
        classify(scores, inferer, &view, NULL);
        assert_ok(asl_inferer_logits(logits, CLASSES, inferer, &view, NULL, &err), &err);
        for (int32_t i = 0; i < CLASSES; i++)
            sum += exp((double)logits[i]);
        for (int32_t i = 0; i < CLASSES; i++) {
            /* Float scores are rounded once, at 2^-24 relative. */
            assert_true(fabs((double)scores[i] - exp((double)logits[i]) / sum) < 1e-7);
            total += (double)scores[i];
        }
        assert_true(fabs(total - 1.0) < 1e-6);
    }
    asl_inferer_free(inferer);
}

static void test_inferer_outlives_the_callers_model(void **state)
{
    float expected[CLASSES], scores[CLASSES];
    const asl_image_view view = noise_view(0);
    asl_model *model = blobs_model();
    asl_inferer *first = create(*state, 1, 1), *second = create(model, 1, 1);
    asl_model_free(model);
    classify(expected, first, &view, NULL);
    classify(scores, second, &view, NULL);
    assert_memory_equal(scores, expected, sizeof scores);
    asl_inferer_free(first);
    asl_inferer_free(second);
}

static void test_region(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float expected[CLASSES], scores[CLASSES], whole[CLASSES];
    const asl_image_view view = noise_view(1);
    const asl_rect region = {3, 5, 17, 11};
    asl_inferer *inferer = create(*state, 1, 1);
    asl_image *part = NULL;
    assert_ok(asl_image_convert(&part, &view, &region, ASL_FORMAT_RGB24, &err), &err);
    const asl_image_view cut = asl_image_get_view(part);
    classify(expected, inferer, &cut, NULL);
    classify(scores, inferer, &view, &region);
    classify(whole, inferer, &view, NULL);
    assert_memory_equal(scores, expected, sizeof scores);
    assert_memory_not_equal(scores, whole, sizeof scores);

    const asl_rect outside[] = {
        {-1, 0, 5, 5}, {0, 0, SIDE + 1, 5}, {0, 0, 0, 5}, {20, 20, 5, 4}, {0, INT32_MAX, 1, 1}};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_status(asl_inferer_classify(scores, CLASSES, inferer, &view, &outside[i], &err),
                      ASL_ERR_ARG, &err);
        assert_memory_equal(scores, expected, sizeof scores);
    }
    asl_image_free(part);
    asl_inferer_free(inferer);
}

/* Any format gives the scores of the same picture converted to RGB24. */
static void test_formats(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(*state, 1, 1);
    static const int64_t strides[] = {SIDE * 3, SIDE * 3, SIDE * 4, SIDE * 4,
                                      SIDE,     SIDE * 2, SIDE,     SIDE};
    static uint8_t pixels[SIDE * SIDE * 4];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = noise[i / sizeof noise[0]][i % sizeof noise[0]];
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_I420; format++) {
        float expected[CLASSES], scores[CLASSES];
        asl_image *image = NULL;
        const asl_image_view view = {.pixels = pixels,
                                     .width = SIDE,
                                     .height = SIDE,
                                     .stride = strides[format],
                                     .format = format};
        assert_ok(asl_image_convert(&image, &view, NULL, ASL_FORMAT_RGB24, &err), &err);
        const asl_image_view rgb = asl_image_get_view(image);
        classify(expected, inferer, &rgb, NULL);
        classify(scores, inferer, &view, NULL);
        assert_memory_equal(scores, expected, sizeof scores);
        asl_image_free(image);
    }
    asl_inferer_free(inferer);
}

static void test_batches_equal_singles(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float expected[PICTURES][CLASSES], scores[PICTURES][CLASSES];
    asl_image_view views[PICTURES];
    asl_inferer *inferer = create(*state, 1, 1);
    for (int32_t p = 0; p < PICTURES; p++) {
        views[p] = noise_view(p);
        classify(expected[p], inferer, &views[p], NULL);
    }
    asl_inferer_free(inferer);
    for (int32_t batch = 1; batch <= PICTURES + 1; batch += 2) {
        inferer = create(*state, batch, 1 + batch % 3);
        for (size_t count = 0; count <= PICTURES; count++) {
            memset(scores, 0, sizeof scores);
            assert_ok(
                asl_inferer_classify_batch(scores[0], count * CLASSES, inferer, views, count, &err),
                &err);
            assert_memory_equal(scores, expected, count * sizeof scores[0]);
        }
        asl_inferer_free(inferer);
    }
}

static void test_bad_view_in_a_batch(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float scores[3][CLASSES], before[3][CLASSES];
    asl_inferer *inferer = create(*state, 1, 1);
    asl_image_view views[3] = {noise_view(0), noise_view(1), noise_view(2)};
    views[2].stride = 1;
    memset(scores, 42, sizeof scores);
    memcpy(before, scores, sizeof scores);
    assert_status(
        asl_inferer_classify_batch(scores[0], (size_t)3 * CLASSES, inferer, views, 3, &err),
        ASL_ERR_ARG, &err);
    assert_memory_equal(scores, before, sizeof scores);
    asl_inferer_free(inferer);
}

static void test_wrong_calls(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float scores[CLASSES + 1] = {0};
    asl_image_view view = noise_view(0);
    asl_inferer *inferer = create(*state, 2, 1), *other = NULL;
    assert_status(asl_inferer_classify(scores, CLASSES + 1, inferer, &view, NULL, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_inferer_classify(scores, 0, inferer, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_logits(scores, CLASSES - 1, inferer, &view, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify_batch(scores, CLASSES + 1, inferer, &view, 1, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_inferer_classify_batch(scores, CLASSES, inferer, &view, SIZE_MAX / 2, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_inferer_classify(NULL, CLASSES, inferer, &view, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify(scores, CLASSES, NULL, &view, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify(scores, CLASSES, inferer, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_logits(NULL, CLASSES, inferer, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_logits(scores, CLASSES, NULL, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_logits(scores, CLASSES, inferer, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify_batch(NULL, CLASSES, inferer, &view, 1, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify_batch(scores, CLASSES, NULL, &view, 1, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_classify_batch(scores, CLASSES, inferer, NULL, 1, &err), ASL_ERR_ARG,
                  &err);
    view.format = 99;
    assert_status(asl_inferer_classify(scores, CLASSES, inferer, &view, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_create(NULL, *state, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_create(&other, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_null(asl_inferer_backend(NULL));
    asl_inferer_free(inferer);
    asl_inferer_free(NULL);
}

static void test_options(void **state)
{
    static const struct {
        asl_status status;
        int32_t threads, batch_size;
        const char *backend;
    } cases[] = {
        {ASL_OK, 0, 1, NULL},         {ASL_OK, 0, 4, "auto"},
        {ASL_OK, 2, 1, "reference"},  {ASL_ERR_ARG, 0, 0, NULL},
        {ASL_ERR_ARG, 0, 4097, NULL}, {ASL_ERR_ARG, -1, 1, NULL},
        {ASL_ERR_ARG, 257, 1, NULL},  {ASL_ERR_BACKEND, 0, 1, "abacus"},
        {ASL_ERR_BACKEND, 0, 1, ""},
    };
    asl_error err = ASL_ERROR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asl_inferer *inferer = NULL;
        asl_inferer_options options;
        asl_inferer_options_init(&options, sizeof options);
        options.threads = cases[i].threads;
        options.batch_size = cases[i].batch_size;
        options.backend = cases[i].backend;
        assert_status(asl_inferer_create(&inferer, *state, &options, &err), cases[i].status, &err);
        assert_true((inferer != NULL) == (cases[i].status == ASL_OK));
        asl_inferer_free(inferer);
    }
    struct {
        asl_inferer_options options;
        int64_t more;
    } newer = {.more = 1};
    asl_inferer *inferer = NULL;
    asl_inferer_options_init(&newer.options, sizeof newer.options);
    newer.options.struct_size = sizeof newer;
    assert_status(asl_inferer_create(&inferer, *state, &newer.options, &err), ASL_ERR_TOO_NEW,
                  &err);
}

/* --- one model, several threads --------------------------------------------------------- */

typedef struct worker {
    const asl_model *model;
    float scores[PICTURES][CLASSES];
    asl_status status;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    asl_inferer *inferer = NULL;
    w->status = asl_inferer_create(&inferer, w->model, NULL, NULL);
    for (int32_t round = 0; round < 5; round++) {
        for (int32_t p = 0; p < PICTURES && w->status == ASL_OK; p++) {
            const asl_image_view view = noise_view(p);
            w->status = asl_inferer_classify(w->scores[p], CLASSES, inferer, &view, NULL, NULL);
        }
    }
    asl_inferer_free(inferer);
    return NULL;
}

static void test_threads_share_a_model(void **state)
{
    static worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i].model = *state;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(workers[i].status, ASL_OK);
        assert_memory_equal(workers[i].scores, workers[0].scores, sizeof workers[0].scores);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_the_softmax_of_logits),
        cmocka_unit_test(test_inferer_outlives_the_callers_model),
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_batches_equal_singles),
        cmocka_unit_test(test_bad_view_in_a_batch),
        cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_threads_share_a_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
