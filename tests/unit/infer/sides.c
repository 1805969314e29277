/* SPDX-License-Identifier: MIT */
/* Pictures and their mirror images: off, on, both, and auto, which finds out; looks at turned
 * pictures; and the temperature by which logits become scores. */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "asl/asl.h"

#include "base/random.h"
#include "image/augment.h"

enum { SIDE = 16, CLASSES = 3, NOTHING = 2, HANDS = 30, MOST = 70 };

static uint8_t pictures[MOST][SIDE * SIDE * 3];

static asl_image_view view_of(const uint8_t *pixels, int32_t width, int32_t height)
{
    return (asl_image_view){
        .pixels = pixels, .width = width, .height = height, .stride = (int64_t)width * 3};
}

/* Logits: A is the mean of the left half, B half that of the right, both -2 (black) to 2 (white);
 * nothing is 0.2. So a picture with a white left half reads A, more clearly than its mirror image
 * reads B. */
static asl_model *make_model(void)
{
    static const char *const labels[] = {"A", "B", "Nothing"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *blank = NULL, *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = SIDE;
    options.labels = labels;
    options.label_count = CLASSES;
    options.architecture = "conv2d 2 k16 bias; dense classes";
    assert_ok(asl_model_create(&blank, "tiny", &options, &err), &err);
    size_t count = 0;
    asl_model_parameters(&count, blank);
    const size_t kernel = 3 * SIDE * SIDE;
    assert_int_equal(count, 2 * kernel + 2 + CLASSES * 2 + CLASSES);
    float *weights = calloc(count, sizeof *weights);
    for (size_t i = 0; i < kernel; i++)
        weights[(i % SIDE < SIDE / 2 ? 0 : kernel) + i] = 2.0f / (float)kernel;
    float *dense = weights + 2 * kernel + 2; /* [class][channel], then the biases */
    dense[0] = 1.0f;
    dense[3] = 0.5f;
    dense[CLASSES * 2 + NOTHING] = 0.2f;
    assert_ok(asl_model_with_parameters(&model, blank, weights, count, &err), &err);
    asl_model_free(blank);
    free(weights);
    return model;
}

static asl_model *calibrate(const asl_model *model, int32_t mirror, double temperature)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *out = NULL;
    asl_calibration calibration;
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.mirror = mirror;
    calibration.temperature = temperature;
    assert_ok(asl_model_with_calibration(&out, model, &calibration, &err), &err);
    return out;
}

static asl_inferer *create_looking(const asl_model *model, int32_t mirror, int32_t batch_size,
                                   int32_t looks)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 1;
    options.mirror = mirror;
    options.batch_size = batch_size;
    options.looks = looks;
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    return inferer;
}

static asl_inferer *create(const asl_model *model, int32_t mirror, int32_t batch_size)
{
    return create_looking(model, mirror, batch_size, 0);
}

static void logits_of(float *logits, asl_inferer *inferer, const uint8_t *picture)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = view_of(picture, SIDE, SIDE);
    assert_ok(asl_inferer_logits(logits, CLASSES, inferer, &view, NULL, &err), &err);
}

static void scores_of(float *scores, asl_inferer *inferer, const uint8_t *picture)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = view_of(picture, SIDE, SIDE);
    assert_ok(asl_inferer_classify(scores, CLASSES, inferer, &view, NULL, &err), &err);
}

/* Halves of these shades, with a little noise. */
static void paint(uint8_t *picture, int32_t left, int32_t right, uint64_t seed)
{
    for (size_t i = 0; i < SIDE * SIDE * 3; i++) {
        const int32_t shade = i / 3 % SIDE < SIDE / 2 ? left : right;
        picture[i] = (uint8_t)(shade + (int32_t)asl__random_below(seed, 0, i, 9) - 4);
    }
}

static void mirror(uint8_t *out, const uint8_t *picture, int32_t width, int32_t height)
{
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < 3; c++)
                out[(y * width + x) * 3 + c] = picture[(y * width + width - 1 - x) * 3 + c];
}

static int setup(void **state)
{
    *state = make_model();
    return 0;
}

static int teardown(void **state)
{
    asl_model_free(*state);
    return 0;
}

/* On a network that looks at neighbours, at sizes with and without a middle column. */
static void test_on_is_off_of_the_mirror_image(void **state)
{
    (void)state;
    static const int32_t widths[] = {16, 15, 2, 1};
    asl_error err = ASL_ERROR_INIT;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        const int32_t width = widths[i], height = 7;
        uint8_t picture[16 * 7 * 3], mirrored[sizeof picture];
        float off[29], on[29], unlike[29];
        asl_model *model = NULL;
        asl_model_options options;
        asl_model_options_init(&options, sizeof options);
        options.width = width;
        options.height = height;
        options.architecture = "conv2d 8 k3 p1; relu; global_pool max; dense classes";
        assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
        for (size_t k = 0; k < sizeof picture; k++)
            picture[k] = (uint8_t)asl__random_below(3, i, k, 256);
        mirror(mirrored, picture, width, height);
        const asl_image_view view = view_of(picture, width, height);
        const asl_image_view reversed = view_of(mirrored, width, height);
        asl_inferer *plain = create(model, ASL_MIRROR_OFF, 1);
        asl_inferer *other = create(model, ASL_MIRROR_ON, 1);
        assert_ok(asl_inferer_logits(off, 29, plain, &reversed, NULL, &err), &err);
        assert_ok(asl_inferer_logits(on, 29, other, &view, NULL, &err), &err);
        assert_ok(asl_inferer_logits(unlike, 29, plain, &view, NULL, &err), &err);
        assert_memory_equal(on, off, sizeof on);
        assert_true((memcmp(on, unlike, sizeof on) == 0) == (width == 1));
        assert_int_equal(asl_inferer_mirror(plain), ASL_MIRROR_OFF);
        assert_int_equal(asl_inferer_mirror(other), ASL_MIRROR_ON);
        asl_inferer_free(plain);
        asl_inferer_free(other);
        asl_model_free(model);
    }
}

static void test_both_is_the_mean(void **state)
{
    float off[CLASSES], on[CLASSES], both[CLASSES], scores[CLASSES];
    asl_inferer *plain = create(*state, ASL_MIRROR_OFF, 1);
    asl_inferer *other = create(*state, ASL_MIRROR_ON, 1);
    asl_inferer *mixed = create(*state, ASL_MIRROR_BOTH, 1);
    for (int32_t i = 0; i < 5; i++) {
        double sum = 0.0;
        paint(pictures[0], 50 * i + 10, 240 - 20 * i, (uint64_t)i);
        logits_of(off, plain, pictures[0]);
        logits_of(on, other, pictures[0]);
        logits_of(both, mixed, pictures[0]);
        scores_of(scores, mixed, pictures[0]);
        for (int32_t k = 0; k < CLASSES; k++) {
            assert_true(both[k] == (off[k] + on[k]) / 2);
            sum += exp((double)both[k]);
        }
        for (int32_t k = 0; k < CLASSES; k++)
            assert_true(fabs((double)scores[k] - exp((double)both[k]) / sum) < 1e-7);
    }
    asl_inferer_reset(mixed);
    assert_int_equal(asl_inferer_mirror(mixed), ASL_MIRROR_BOTH);
    asl_inferer_free(plain);
    asl_inferer_free(other);
    asl_inferer_free(mixed);
}

static void test_the_model_may_say(void **state)
{
    for (int32_t said = ASL_MIRROR_MODEL; said <= ASL_MIRROR_AUTO; said++) {
        asl_model *model = calibrate(*state, said, 1);
        for (int32_t asked = ASL_MIRROR_MODEL; asked <= ASL_MIRROR_AUTO; asked++) {
            asl_inferer *inferer = create(model, asked, 2);
            const int32_t wish = asked == ASL_MIRROR_MODEL ? said : asked;
            assert_int_equal(asl_inferer_mirror(inferer),
                             wish == ASL_MIRROR_MODEL ? ASL_MIRROR_OFF : wish);
            asl_inferer_free(inferer);
        }
        asl_model_free(model);
    }
}

static void test_temperature(void **state)
{
    asl_model *warm = calibrate(*state, ASL_MIRROR_MODEL, 2.5);
    asl_inferer *plain = create(*state, ASL_MIRROR_MODEL, 1);
    asl_inferer *other = create(warm, ASL_MIRROR_MODEL, 1);
    float raw[CLASSES], logits[CLASSES], scores[CLASSES];
    double sum = 0.0;
    paint(pictures[0], 230, 90, 1);
    logits_of(raw, plain, pictures[0]);
    logits_of(logits, other, pictures[0]);
    scores_of(scores, other, pictures[0]);
    assert_memory_equal(logits, raw, sizeof raw);
    for (int32_t i = 0; i < CLASSES; i++)
        sum += exp((double)raw[i] / 2.5);
    for (int32_t i = 0; i < CLASSES; i++)
        assert_true(fabs((double)scores[i] - exp((double)raw[i] / 2.5) / sum) < 1e-7);
    asl_inferer_free(plain);
    asl_inferer_free(other);
    asl_model_free(warm);
}

/* Left-handers' pictures, of which the mirror image reads more clearly, or the others; between them
 * pictures without a hand, which do not count. */
static void test_auto_decides_after_30_hands(void **state)
{
    asl_inferer *inferer = create(*state, ASL_MIRROR_AUTO, 1);
    for (int32_t left_handed = 0; left_handed < 2; left_handed++) {
        const int32_t side = left_handed ? ASL_MIRROR_ON : ASL_MIRROR_OFF;
        asl_inferer *wanted = create(*state, side, 1);
        float scores[CLASSES], expected[CLASSES];
        asl_inferer_reset(inferer);
        for (int32_t i = 0; i < 2 * HANDS + 5; i++) {
            assert_int_equal(asl_inferer_mirror(inferer), i < 2 * HANDS ? ASL_MIRROR_AUTO : side);
            if (i % 2 == 0)
                paint(pictures[0], 10, 20, (uint64_t)i); /* nothing */
            else
                paint(pictures[0], left_handed ? 60 : 240, left_handed ? 240 : 60, (uint64_t)i);
            scores_of(scores, inferer, pictures[0]);
            scores_of(expected, wanted, pictures[0]);
            if (i > 0) /* the first shows no hand, so it is read as it is */
                assert_memory_equal(scores, expected, sizeof scores);
        }
        asl_inferer_free(wanted);
    }
    asl_inferer_free(inferer);
}

/* Sums decide, not the last picture; and not how pictures come: one by one or in passes. */
static void test_auto_in_batches(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    static float expected[MOST][CLASSES], scores[MOST][CLASSES];
    asl_image_view views[MOST];
    for (int32_t i = 0; i < MOST; i++) {
        /* A third is clearer as it is, the others mirrored; one in seven shows nothing. */
        const int32_t bright = 150 + (i * 37) % 90, dark = (i * 53) % 120;
        paint(pictures[i],
              i % 7 == 0   ? 10
              : i % 3 == 0 ? bright
                           : dark,
              i % 7 == 0   ? 12
              : i % 3 == 0 ? dark
                           : bright,
              (uint64_t)i);
        views[i] = view_of(pictures[i], SIDE, SIDE);
    }
    asl_inferer *single = create(*state, ASL_MIRROR_AUTO, 1);
    for (int32_t i = 0; i < MOST; i++)
        scores_of(expected[i], single, pictures[i]);
    assert_int_equal(asl_inferer_mirror(single), ASL_MIRROR_ON);
    asl_inferer_free(single);
    for (int32_t batch = 1; batch <= MOST + 30; batch += 11) {
        asl_inferer *inferer = create(*state, ASL_MIRROR_AUTO, batch);
        assert_ok(asl_inferer_classify_batch(scores[0], sizeof scores / sizeof(float), inferer,
                                             views, MOST, &err),
                  &err);
        assert_memory_equal(scores, expected, sizeof scores);
        assert_int_equal(asl_inferer_mirror(inferer), ASL_MIRROR_ON);
        asl_inferer_free(inferer);
    }
}

static void test_both_and_on_in_batches(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float expected[CLASSES], scores[7][CLASSES];
    asl_image_view views[7];
    for (int32_t i = 0; i < 7; i++) {
        paint(pictures[i], 30 * i + 5, 250 - 30 * i, (uint64_t)i);
        views[i] = view_of(pictures[i], SIDE, SIDE);
    }
    for (int32_t asked = ASL_MIRROR_ON; asked <= ASL_MIRROR_BOTH; asked++) {
        asl_inferer *single = create(*state, asked, 1), *batch = create(*state, asked, 3);
        assert_ok(asl_inferer_classify_batch(scores[0], (size_t)7 * CLASSES, batch, views, 7, &err),
                  &err);
        for (int32_t i = 0; i < 7; i++) {
            scores_of(expected, single, pictures[i]);
            assert_memory_equal(scores[i], expected, sizeof expected);
        }
        asl_inferer_free(single);
        asl_inferer_free(batch);
    }
}

static void turn(uint8_t *out, const uint8_t *picture, float degrees)
{
    asl_error err = ASL_ERROR_INIT;
    asl__augment_scratch scratch = {0};
    asl__recipe recipe = ASL__RECIPE_NONE;
    const asl_image_view view = view_of(picture, SIDE, SIDE);
    const asl__canvas canvas = {out, SIDE, SIDE};
    recipe.angle = degrees * 0.0174532925F;
    assert_ok(asl__augment_gather(&canvas, &scratch, &view, &recipe, &err), &err);
    asl__augment_scratch_free(&scratch);
}

/* Each side for itself, one by one and in passes. */
static void test_three_looks_are_the_mean(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    float part[CLASSES], mean[7][CLASSES], single[CLASSES], scores[7][CLASSES], wanted[CLASSES];
    asl_image_view views[7];
    for (int32_t asked = ASL_MIRROR_OFF; asked <= ASL_MIRROR_BOTH; asked++) {
        asl_inferer *once = create_looking(*state, asked, 1, 1);
        asl_inferer *often = create_looking(*state, asked, 1, 3);
        asl_inferer *batch = create_looking(*state, asked, 3, 3);
        for (int32_t i = 0; i < 7; i++) {
            uint8_t turned[SIDE * SIDE * 3];
            paint(pictures[i], 30 * i + 5, 250 - 30 * i, (uint64_t)i);
            views[i] = view_of(pictures[i], SIDE, SIDE);
            logits_of(mean[i], once, pictures[i]);
            for (int32_t look = 0; look < 2; look++) {
                turn(turned, pictures[i], look == 0 ? 20 : -20);
                assert_memory_not_equal(turned, pictures[i], sizeof turned);
                logits_of(part, once, turned);
                for (int32_t k = 0; k < CLASSES; k++)
                    mean[i][k] += part[k];
            }
            logits_of(single, often, pictures[i]);
            for (int32_t k = 0; k < CLASSES; k++)
                assert_true(fabsf(single[k] - mean[i][k] / 3) < 1e-5F);
        }
        assert_ok(asl_inferer_classify_batch(scores[0], (size_t)7 * CLASSES, batch, views, 7, &err),
                  &err);
        for (int32_t i = 0; i < 7; i++) {
            scores_of(wanted, often, pictures[i]);
            assert_memory_equal(scores[i], wanted, sizeof wanted);
        }
        asl_inferer_free(once);
        asl_inferer_free(often);
        asl_inferer_free(batch);
    }
}

static void test_the_model_may_say_how_often(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_calibration calibration;
    float said[CLASSES], asked[CLASSES], once[CLASSES], overruled[CLASSES];
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.looks = 3;
    assert_ok(asl_model_with_calibration(&model, *state, &calibration, &err), &err);
    asl_inferer *saying = create(model, ASL_MIRROR_OFF, 1);
    asl_inferer *asking = create_looking(*state, ASL_MIRROR_OFF, 1, 3);
    asl_inferer *plain = create(*state, ASL_MIRROR_OFF, 1);
    asl_inferer *overruling = create_looking(model, ASL_MIRROR_OFF, 1, 1);
    paint(pictures[0], 240, 30, 1);
    logits_of(said, saying, pictures[0]);
    logits_of(asked, asking, pictures[0]);
    logits_of(once, plain, pictures[0]);
    logits_of(overruled, overruling, pictures[0]);
    assert_memory_equal(said, asked, sizeof said);
    assert_memory_not_equal(said, once, sizeof said);
    assert_memory_equal(overruled, once, sizeof once);
    asl_inferer_free(saying);
    asl_inferer_free(asking);
    asl_inferer_free(plain);
    asl_inferer_free(overruling);
    asl_model_free(model);
}

static void test_wrong_calls(void **state)
{
    static const int32_t wrong[] = {-1, ASL_MIRROR_AUTO + 1, INT32_MAX, INT32_MIN};
    asl_error err = ASL_ERROR_INIT;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        asl_inferer *inferer = NULL;
        asl_inferer_options options;
        asl_inferer_options_init(&options, sizeof options);
        options.mirror = wrong[i];
        assert_status(asl_inferer_create(&inferer, *state, &options, &err), ASL_ERR_ARG, &err);
        assert_null(inferer);
    }
    for (int32_t looks = -1; looks < 6; looks++) {
        asl_inferer *inferer = NULL;
        asl_inferer_options options;
        asl_inferer_options_init(&options, sizeof options);
        options.looks = looks;
        if (looks == 0 || looks == 1 || looks == 3)
            continue;
        assert_status(asl_inferer_create(&inferer, *state, &options, &err), ASL_ERR_ARG, &err);
        assert_non_null(strstr(err.message, "looks"));
    }
    asl_inferer_reset(NULL);
    assert_int_equal(asl_inferer_mirror(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_is_off_of_the_mirror_image),
        cmocka_unit_test(test_both_is_the_mean),
        cmocka_unit_test(test_the_model_may_say),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_auto_decides_after_30_hands),
        cmocka_unit_test(test_auto_in_batches),
        cmocka_unit_test(test_both_and_on_in_batches),
        cmocka_unit_test(test_three_looks_are_the_mean),
        cmocka_unit_test(test_the_model_may_say_how_often),
        cmocka_unit_test(test_wrong_calls),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
