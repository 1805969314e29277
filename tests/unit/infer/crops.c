/* SPDX-License-Identifier: MIT */
/* Two crops: all of a picture and the hand in it, with the models of the library. */
#include "support/support.h"

#include <stdlib.h>

#include "asl/asl.h"

enum { WIDTH = 320, HEIGHT = 240, LABELS = 29, PICTURES = 5, ONES_WITHOUT = 2 };

typedef struct fixture {
    asl_model *letters, *hands; /* NULL in a library without them */
    asl_dataset *dataset;
} fixture;

static uint8_t pixels[PICTURES][WIDTH * HEIGHT * 3]; /* number ONES_WITHOUT has no hand */

static asl_image_view view_of(const uint8_t *picture)
{
    return (asl_image_view){
        .pixels = picture, .width = WIDTH, .height = HEIGHT, .stride = 3 * WIDTH};
}

/* A drawn hand on grey, elsewhere in each. */
static void paint(uint8_t *out, const asl_dataset *dataset, int32_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *hand = NULL;
    memset(out, 120, (size_t)WIDTH * HEIGHT * 3);
    if (index == ONES_WITHOUT)
        return;
    assert_ok(asl_dataset_load_image(&hand, dataset, 8 * index, &err), &err);
    const asl_image_view view = asl_image_get_view(hand);
    const int32_t left = 20 + 40 * index, top = 110 - 20 * index;
    for (int32_t y = 0; y < view.height; y++)
        memcpy(out + ((top + y) * WIDTH + left) * 3, view.pixels + y * view.stride,
               (size_t)view.width * 3);
    asl_image_free(hand);
}

static int setup(void **state)
{
    static fixture f;
    asl_error err = ASL_ERROR_INIT;
    *state = &f;
    asl_model_builtin(&f.hands, ASL_BUILTIN_HANDS, &err);
    if (asl_model_builtin(&f.letters, ASL_BUILTIN_LETTERS, &err) != ASL_OK)
        return err.code == ASL_ERR_UNSUPPORTED ? 0 : -1;
    assert_ok(asl_dataset_open(&f.dataset, TEST_HANDS, NULL, &err), &err);
    for (int32_t i = 0; i < PICTURES; i++)
        paint(pixels[i], f.dataset, i);
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    asl_dataset_free(f->dataset);
    asl_model_free(f->letters);
    asl_model_free(f->hands);
    return 0;
}

static const fixture *with_models(void **state)
{
    const fixture *f = *state;
    if (!f->letters || !f->hands) {
        print_message("skipped: this library has no built-in models\n");
        skip();
    }
    return f;
}

static asl_inferer *create(const asl_model *model, int32_t crops, int32_t batch_size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 1;
    options.crops = crops;
    options.batch_size = batch_size;
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    return inferer;
}

static asl_model *saying(const asl_model *model, int32_t crops)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *out = NULL;
    asl_calibration calibration;
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.crops = crops;
    assert_ok(asl_model_with_calibration(&out, model, &calibration, &err), &err);
    return out;
}

static void logits_of(float *logits, asl_inferer *inferer, const uint8_t *picture,
                      const asl_rect *region)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = view_of(picture);
    assert_ok(asl_inferer_logits(logits, LABELS, inferer, &view, region, &err), &err);
}

/* Whether there was a hand. */
static bool mean_by_hand(float *mean, asl_inferer *whole, asl_finder *finder,
                         const uint8_t *picture, const asl_rect *region)
{
    asl_error err = ASL_ERROR_INIT;
    asl_hand hand = {.struct_size = sizeof hand};
    const asl_image_view view = view_of(picture);
    float crop[LABELS];
    logits_of(mean, whole, picture, region);
    assert_ok(asl_finder_find(&hand, finder, &view, region, &err), &err);
    if (!hand.found)
        return false;
    logits_of(crop, whole, picture, &hand.box);
    for (int32_t i = 0; i < LABELS; i++)
        mean[i] = (mean[i] + crop[i]) / 2;
    return true;
}

static asl_finder *create_finder(const asl_model *hands)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_inferer_options inferer;
    asl_finder_options_init(&options, sizeof options);
    asl_inferer_options_init(&inferer, sizeof inferer);
    inferer.threads = 1;
    options.inferer = &inferer;
    assert_ok(asl_finder_create(&finder, hands, &options, &err), &err);
    return finder;
}

static void test_the_mean_of_the_whole_and_the_hand(void **state)
{
    const fixture *f = with_models(state);
    static const asl_rect part = {10, 5, 300, 230};
    asl_finder *finder = create_finder(f->hands);
    asl_inferer *whole = create(f->letters, 1, 1), *both = create(f->letters, 2, 1);
    for (int32_t i = 0; i < PICTURES; i++) {
        for (int32_t regions = 0; regions < 2; regions++) {
            const asl_rect *region = regions ? &part : NULL;
            float wanted[LABELS], logits[LABELS];
            assert_int_equal(mean_by_hand(wanted, whole, finder, pixels[i], region),
                             i != ONES_WITHOUT);
            logits_of(logits, both, pixels[i], region);
            for (int32_t k = 0; k < LABELS; k++)
                assert_float_equal(logits[k], wanted[k], 1e-4);
        }
    }
    asl_inferer_free(whole);
    asl_inferer_free(both);
    asl_finder_free(finder);
}

/* Pictures with and without a hand in one pass; a pass of those without alone. */
static void test_a_batch_is_its_pictures(void **state)
{
    const fixture *f = with_models(state);
    asl_error err = ASL_ERROR_INIT;
    asl_image_view views[PICTURES];
    static float scores[PICTURES][LABELS];
    float wanted[LABELS];
    for (int32_t i = 0; i < PICTURES; i++)
        views[i] = view_of(pixels[i]);
    for (int32_t batch = 1; batch <= PICTURES + 1; batch++) {
        asl_inferer *single = create(f->letters, 2, 1), *many = create(f->letters, 2, batch);
        assert_ok(asl_inferer_classify_batch(scores[0], (size_t)PICTURES * LABELS, many, views,
                                             PICTURES, &err),
                  &err);
        for (int32_t i = 0; i < PICTURES; i++) {
            assert_ok(asl_inferer_classify(wanted, LABELS, single, &views[i], NULL, &err), &err);
            assert_memory_equal(scores[i], wanted, sizeof wanted);
        }
        asl_inferer_free(single);
        asl_inferer_free(many);
    }
}

static void test_an_evaluation_sees_the_same(void **state)
{
    const fixture *f = with_models(state);
    asl_error err = ASL_ERROR_INIT;
    asl_evaluation *evaluation = NULL;
    asl_inferer *single = create(f->letters, 2, 1), *many = create(f->letters, 2, 7);
    assert_ok(asl_inferer_evaluate(&evaluation, many, f->dataset, NULL, &err), &err);
    assert_true(asl_dataset_count(f->dataset) % 7 != 0);
    for (int64_t i = 0; i < asl_dataset_count(f->dataset); i++) {
        asl_evaluation_result result = {.struct_size = sizeof result};
        asl_image *image = NULL;
        float scores[LABELS];
        assert_ok(asl_evaluation_get_result(&result, evaluation, i, &err), &err);
        assert_ok(asl_dataset_load_image(&image, f->dataset, result.sample, &err), &err);
        const asl_image_view view = asl_image_get_view(image);
        assert_ok(asl_inferer_classify(scores, LABELS, single, &view, NULL, &err), &err);
        assert_memory_equal(result.scores, scores, sizeof scores);
        asl_image_free(image);
    }
    asl_evaluation_free(evaluation);
    asl_inferer_free(single);
    asl_inferer_free(many);
}

/* What cannot be decoded becomes an issue, also where it is the first of its pass. */
static void test_an_evaluation_goes_on_after_damage(void **state)
{
    const fixture *f = with_models(state);
    static const char broken[] = "\x89PNG\r\n\x1a\n this is no picture at all";
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_evaluation *evaluation = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    const asl_image_view view = view_of(pixels[0]);
    test_make_folder("damaged");
    test_make_folder("damaged/A");
    test_make_folder("damaged/B");
    test_write_file("damaged/A/0.png", broken, sizeof broken);
    assert_ok(asl_image_save(&view, "damaged/A/1.png", 0, &err), &err);
    assert_ok(asl_image_save(&view, "damaged/B/0.png", 0, &err), &err);
    assert_ok(asl_dataset_open(&dataset, "damaged", NULL, &err), &err);
    asl_inferer *inferer = create(f->letters, 2, 2);
    assert_int_equal(asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), ASL_PARTIAL);
    assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
    assert_int_equal(info.count, 2);
    assert_int_equal(info.issue_count, 1);
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
    asl_dataset_free(dataset);
}

static void test_the_model_may_say(void **state)
{
    const fixture *f = with_models(state);
    for (int32_t said = 0; said <= 2; said++) {
        asl_model *model = saying(f->letters, said);
        for (int32_t asked = 0; asked <= 2; asked++) {
            const int32_t wish = asked != 0 ? asked : said != 0 ? said : 1;
            asl_model *mute = saying(f->letters, 0);
            asl_inferer *told = create(model, asked, 1), *wished = create(mute, wish, 1);
            float logits[LABELS], wanted[LABELS];
            logits_of(logits, told, pixels[0], NULL);
            logits_of(wanted, wished, pixels[0], NULL);
            assert_memory_equal(logits, wanted, sizeof wanted);
            asl_inferer_free(told);
            asl_inferer_free(wished);
            asl_model_free(mute);
        }
        asl_model_free(model);
    }
}

static void test_no_allocation_per_picture(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *letters = NULL;
    float logits[LABELS];
    (void)state;
    test_allocator_install(0, false);
    if (asl_model_builtin(&letters, ASL_BUILTIN_LETTERS, &err) != ASL_OK) {
        test_allocator_remove();
        skip();
    }
    asl_inferer *inferer = create(letters, 2, 1);
    asl_model_free(letters);
    logits_of(logits, inferer, pixels[0], NULL);
    const int64_t count = test_allocator_count();
    for (int32_t i = 0; i < PICTURES; i++)
        logits_of(logits, inferer, pixels[i], NULL);
    assert_int_equal(test_allocator_count(), count);
    asl_inferer_free(inferer);
    test_allocator_remove();
}

/* A library without a finder reads whole pictures, unless it is asked for more. */
static void test_without_a_finder(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_model *blank = NULL;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    assert_ok(asl_model_create(&blank, "tiny", NULL, &err), &err);
    asl_model *model = saying(blank, 2);
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    asl_inferer_free(inferer);
    options.crops = 2;
    assert_int_equal(asl_inferer_create(&inferer, model, &options, &err),
                     f->hands ? ASL_OK : ASL_ERR_UNSUPPORTED);
    asl_inferer_free(inferer);
    asl_model_free(model);
    asl_model_free(blank);
}

static void test_wrong_calls(void **state)
{
    static const int32_t wrong[] = {-1, 3, INT32_MAX, INT32_MIN};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    (void)state;
    assert_ok(asl_model_create(&model, "tiny", NULL, &err), &err);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        asl_inferer *inferer = NULL;
        asl_inferer_options options;
        asl_inferer_options_init(&options, sizeof options);
        options.crops = wrong[i];
        assert_status(asl_inferer_create(&inferer, model, &options, &err), ASL_ERR_ARG, &err);
        assert_non_null(strstr(err.message, "crops"));
        assert_null(inferer);
    }
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_mean_of_the_whole_and_the_hand),
        cmocka_unit_test(test_a_batch_is_its_pictures),
        cmocka_unit_test(test_an_evaluation_sees_the_same),
        cmocka_unit_test(test_an_evaluation_goes_on_after_damage),
        cmocka_unit_test(test_the_model_may_say),
        cmocka_unit_test(test_without_a_finder),
        cmocka_unit_test(test_wrong_calls),
    };
    const struct CMUnitTest alone[] = {cmocka_unit_test(test_no_allocation_per_picture)};
    return cmocka_run_group_tests(tests, setup, teardown) +
           cmocka_run_group_tests(alone, NULL, NULL);
}
