/* SPDX-License-Identifier: MIT */
/* Finding bright squares in pictures of every shape; and every way to call it wrongly. */
#include "support/support.h"

#include <math.h>

#include "unit/infer/squares.h"

static int setup(void **state)
{
    *state = squares_model();
    return 0;
}

static int teardown(void **state)
{
    asl_model_free(*state);
    return 0;
}

static asl_finder *create(const asl_model *model, int32_t looks)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_finder_options_init(&options, sizeof options);
    options.looks = looks;
    assert_ok(asl_finder_create(&finder, model, &options, &err), &err);
    return finder;
}

/* ---- Pictures ---- */

enum { MOST = 400 };
static uint8_t pixels[MOST * MOST];

/* A grey picture; squares are drawn onto it. */
static asl_image_view blank_view(int32_t width, int32_t height)
{
    memset(pixels, 128, sizeof pixels);
    return (asl_image_view){.pixels = pixels,
                            .width = width,
                            .height = height,
                            .stride = MOST,
                            .format = ASL_FORMAT_GRAY8};
}

static void draw_square(int32_t left, int32_t top, int32_t side)
{
    for (int32_t y = top; y < top + side; y++)
        memset(pixels + (ptrdiff_t)y * MOST + left, 255, (size_t)side);
}

static asl_hand find(asl_finder *finder, const asl_image_view *view, const asl_rect *region)
{
    asl_error err = ASL_ERROR_INIT;
    asl_hand hand = {.struct_size = sizeof hand};
    assert_ok(asl_finder_find(&hand, finder, view, region, &err), &err);
    return hand;
}

static void assert_near(const asl_hand *hand, double x, double y, double side, double pixel)
{
    assert_int_equal(hand->found, 1);
    assert_true(hand->score > 0.5 && hand->score <= 1.0);
    if (fabs(hand->x - x) > pixel || fabs(hand->y - y) > pixel || hand->side > 1.5 * side ||
        hand->side < side / 1.5)
        fail_msg("found %g,%g %g instead of %g,%g %g", hand->x, hand->y, hand->side, x, y, side);
}

static void assert_inside(const asl_rect *box, const asl_rect *region)
{
    assert_int_equal(box->width, box->height);
    assert_true(box->width >= 1);
    assert_true(box->x >= region->x && box->x + box->width <= region->x + region->width);
    assert_true(box->y >= region->y && box->y + box->height <= region->y + region->height);
}

/* ---- Finding ---- */

static void test_finds_in_pictures_of_every_shape(void **state)
{
    static const int32_t forms[][2] = {{64, 64}, {320, 240}, {240, 320}, {400, 225}, {90, 400}};
    asl_finder *finder = create(*state, 1);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const int32_t width = forms[i][0], height = forms[i][1];
        const int32_t longer = width > height ? width : height, side = longer / 5;
        const asl_image_view view = blank_view(width, height);
        const asl_rect whole = {0, 0, width, height};
        draw_square(width - side - 2, height / 3, side);
        const asl_hand hand = find(finder, &view, NULL);
        assert_near(&hand, width - 2 - side / 2.0, height / 3 + side / 2.0, side, longer / 25.0);
        assert_inside(&hand.box, &whole);
        const asl_hand same = find(finder, &view, &whole);
        assert_memory_equal(&hand, &same, sizeof hand);
    }
    asl_finder_free(finder);
}

static void test_says_when_there_is_none(void **state)
{
    asl_finder *finder = create(*state, 4);
    const asl_image_view view = blank_view(100, 80);
    const asl_hand hand = find(finder, &view, NULL);
    const asl_rect nowhere = {0, 0, 0, 0};
    assert_int_equal(hand.found, 0);
    assert_true(hand.score >= 0 && hand.score < 0.5);
    assert_true(hand.x == 0 && hand.y == 0 && hand.side == 0);
    assert_memory_equal(&hand.box, &nowhere, sizeof nowhere);
    asl_finder_free(finder);
}

/* What is small moves by little in the first look. */
static void test_a_closer_look_is_sharper(void **state)
{
    asl_finder *once = create(*state, 1), *twice = create(*state, 3);
    double error[2] = {0, 0};
    for (int32_t i = 0; i < 40; i++) {
        const int32_t side = 80, left = 60 + 5 * i, top = 60 + 3 * i;
        const asl_image_view view = blank_view(400, 300);
        draw_square(left, top, side);
        const asl_hand first = find(once, &view, NULL), second = find(twice, &view, NULL);
        assert_near(&second, left + side / 2.0, top + side / 2.0, side, 10.0);
        error[0] += hypot(first.x - left - side / 2.0, first.y - top - side / 2.0);
        error[1] += hypot(second.x - left - side / 2.0, second.y - top - side / 2.0);
    }
    if (error[1] > 0.6 * error[0])
        fail_msg("mean error %g after one look, %g after more", error[0] / 40, error[1] / 40);
    asl_finder_free(once);
    asl_finder_free(twice);
}

static void test_a_region_keeps_to_one_of_two(void **state)
{
    asl_finder *finder = create(*state, 2);
    const asl_image_view view = blank_view(360, 240);
    const asl_rect regions[] = {{20, 60, 120, 120}, {220, 60, 120, 120}, {150, 70, 60, 90}};
    draw_square(60, 100, 40);
    draw_square(260, 100, 40);
    for (int32_t i = 0; i < 3; i++) {
        const asl_hand hand = find(finder, &view, &regions[i]);
        assert_int_equal(hand.found, i < 2);
        if (i < 2) {
            assert_near(&hand, 80 + 200 * i, 120, 40, 8);
            assert_inside(&hand.box, &regions[i]);
        }
    }
    asl_finder_free(finder);
}

static void test_the_box_has_its_margin(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_finder_options_init(&options, sizeof options);
    options.margin = 2;
    assert_ok(asl_finder_create(&finder, *state, &options, &err), &err);
    const asl_image_view view = blank_view(320, 320);
    draw_square(130, 100, 60);
    const asl_hand hand = find(finder, &view, NULL);
    assert_int_equal(hand.box.width, (int32_t)lrint(2 * hand.side));
    assert_true(fabs(hand.box.x + 0.5 * hand.box.width - hand.x) <= 1);
    assert_true(fabs(hand.box.y + 0.5 * hand.box.height - hand.y) <= 1);
    asl_finder_free(finder);
}

static void test_the_threshold_decides(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder_options options;
    const asl_image_view view = blank_view(100, 80);
    asl_finder_options_init(&options, sizeof options);
    for (int32_t i = 0; i < 2; i++) {
        asl_finder *finder = NULL;
        options.threshold = i;
        assert_ok(asl_finder_create(&finder, *state, &options, &err), &err);
        assert_int_equal(find(finder, &view, NULL).found, i == 0);
        asl_finder_free(finder);
    }
}

/* Regions of a pixel, of a line, at the rim: whatever is found lies inside. */
static void test_the_smallest_regions(void **state)
{
    static const asl_rect regions[] = {
        {0, 0, 1, 1}, {399, 299, 1, 1}, {0, 150, 400, 1}, {200, 0, 1, 300}, {390, 290, 10, 10}};
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_finder_options_init(&options, sizeof options);
    options.threshold = 0;
    options.looks = 4;
    assert_ok(asl_finder_create(&finder, *state, &options, &err), &err);
    const asl_image_view view = blank_view(400, 300);
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        const asl_hand hand = find(finder, &view, &regions[i]);
        assert_int_equal(hand.found, 1);
        assert_inside(&hand.box, &regions[i]);
    }
    asl_finder_free(finder);
}

static void test_no_allocation_per_picture(void **state)
{
    (void)state;
    test_allocator_install(0, false);
    asl_model *model = squares_model();
    asl_finder *finder = create(model, 2);
    const asl_image_view view = blank_view(320, 240);
    draw_square(60, 100, 70);
    find(finder, &view, NULL);
    const int64_t count = test_allocator_count();
    for (int32_t i = 0; i < 10; i++)
        find(finder, &view, NULL);
    assert_int_equal(test_allocator_count(), count);
    asl_finder_free(finder);
    asl_model_free(model);
    test_allocator_remove();
}

/* ---- Calling it wrongly ---- */

static asl_model *model_with(const char *const *names_given, int32_t count, int32_t width)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = width;
    options.height = 16;
    options.labels = names_given;
    options.label_count = count;
    options.architecture = "conv2d 2 k3; global_pool avg; dense classes";
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static void test_other_models_are_refused(void **state)
{
    static const char *const bad[] = {"A",
                                      "x062y188",
                                      "x062y188s25",
                                      "x062y188s2500",
                                      "x06ay188s250",
                                      "x062y188s000",
                                      "y062x188s250",
                                      "x-62y188s250"};
    static const char *const places[] = {"x062y188s250", "x188y188s250"};
    static const char *const good[] = {"x062y188s250", "none"};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const two[] = {"none", bad[i]};
        asl_model *model = model_with(two, 2, 16);
        asl_finder *finder = (asl_finder *)model;
        assert_status(asl_finder_create(&finder, model, NULL, &err), ASL_ERR_LABELS, &err);
        assert_null(finder);
        assert_non_null(strstr(err.message, bad[i]));
        asl_model_free(model);
    }
    asl_finder *finder = NULL;
    asl_model *model = model_with(places, 2, 16);
    assert_status(asl_finder_create(&finder, model, NULL, &err), ASL_ERR_LABELS, &err);
    assert_non_null(strstr(err.message, "none"));
    asl_model_free(model);
    model = model_with(good, 2, 24);
    assert_status(asl_finder_create(&finder, model, NULL, &err), ASL_ERR_ARCHITECTURE, &err);
    assert_non_null(strstr(err.message, "24x16"));
    asl_model_free(model);
    model = model_with(good, 2, 16); /* one place is a finder, if a poor one */
    assert_ok(asl_finder_create(&finder, model, NULL, &err), &err);
    assert_non_null(asl_finder_backend(finder));
    asl_finder_free(finder);
    asl_model_free(model);
}

static void assert_refused(const asl_model *model, const asl_finder_options *options,
                           asl_status status)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = (asl_finder *)(uintptr_t)model;
    assert_status(asl_finder_create(&finder, model, options, &err), status, &err);
    assert_null(finder);
}

static void test_bad_options(void **state)
{
    asl_finder_options good, bad;
    asl_inferer_options inferer;
    asl_finder_options_init(&good, sizeof good);
    asl_inferer_options_init(&inferer, sizeof inferer);
    assert_int_equal(good.struct_size, sizeof good);
    assert_int_equal(good.looks, 2);
    for (int32_t looks = 0; looks <= 5; looks += 5)
        bad = good, bad.looks = looks, assert_refused(*state, &bad, ASL_ERR_ARG);
    static const double shares[] = {-0.1, 1.1, NAN};
    for (size_t i = 0; i < 3; i++)
        bad = good, bad.threshold = shares[i], assert_refused(*state, &bad, ASL_ERR_ARG);
    static const double margins[] = {0.9, 4.1, NAN};
    for (size_t i = 0; i < 3; i++)
        bad = good, bad.margin = margins[i], assert_refused(*state, &bad, ASL_ERR_ARG);
    bad = good, bad.struct_size = 0, assert_refused(*state, &bad, ASL_ERR_ARG);
    inferer.backend = "abacus";
    bad = good, bad.inferer = &inferer, assert_refused(*state, &bad, ASL_ERR_BACKEND);
    inferer.backend = NULL, inferer.threads = -1, assert_refused(*state, &bad, ASL_ERR_ARG);
    assert_refused(NULL, &good, ASL_ERR_ARG);
}

static void test_bad_calls(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = create(*state, 2);
    asl_image_view view = blank_view(100, 80);
    const asl_rect outside = {90, 0, 20, 20};
    asl_hand hand = {.struct_size = sizeof hand, .found = 7}, same = hand;
    assert_status(asl_finder_create(NULL, *state, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_finder_find(NULL, finder, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_finder_find(&hand, NULL, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_finder_find(&hand, finder, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_finder_find(&hand, finder, &view, &outside, &err), ASL_ERR_ARG, &err);
    view.width = 0;
    assert_status(asl_finder_find(&hand, finder, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_memory_equal(&hand, &same, sizeof hand);
    view.width = 100;
    hand.struct_size = 2;
    assert_status(asl_finder_find(&hand, finder, &view, NULL, &err), ASL_ERR_ARG, &err);
    asl_finder_free(finder);
    asl_finder_free(NULL);
    assert_null(asl_finder_backend(NULL));
}

static bool out_of_memory(asl_status status)
{
    assert_true(status == ASL_OK || status == ASL_ERR_NOMEM);
    return status == ASL_ERR_NOMEM;
}

static void test_every_allocation(void **state)
{
    static const char *const two[] = {"x062y188s250", "none"};
    const asl_image_view view = blank_view(100, 80);
    asl_hand hand = {.struct_size = sizeof hand};
    bool failed = true;
    (void)state;
    test_allocator_install(0, false);
    asl_model_free(model_with(two, 2, 16));
    const int64_t before = test_allocator_count();
    test_allocator_remove();
    for (int64_t n = before + 1; failed; n++) {
        asl_finder *finder = NULL;
        test_allocator_install(n, true);
        asl_model *model = model_with(two, 2, 16);
        failed = out_of_memory(asl_finder_create(&finder, model, NULL, NULL));
        assert_int_equal(finder == NULL, failed);
        if (!failed)
            failed = out_of_memory(asl_finder_find(&hand, finder, &view, NULL, NULL));
        asl_finder_free(finder);
        asl_model_free(model);
        test_allocator_remove();
        assert_true(n < before + 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_in_pictures_of_every_shape),
        cmocka_unit_test(test_says_when_there_is_none),
        cmocka_unit_test(test_a_closer_look_is_sharper),
        cmocka_unit_test(test_a_region_keeps_to_one_of_two),
        cmocka_unit_test(test_the_box_has_its_margin),
        cmocka_unit_test(test_the_threshold_decides),
        cmocka_unit_test(test_the_smallest_regions),
        cmocka_unit_test(test_other_models_are_refused),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_bad_calls),
    };
    /* No memory may be in use when the allocator changes. */
    const struct CMUnitTest memory[] = {
        cmocka_unit_test(test_no_allocation_per_picture),
        cmocka_unit_test(test_every_allocation),
    };
    const int failed = cmocka_run_group_tests(tests, setup, teardown);
    return failed + cmocka_run_group_tests(memory, NULL, NULL);
}
