/* SPDX-License-Identifier: MIT */
/* Which hand signs: a left one is shown to the network as in a mirror, and auto finds out; and what
 * is no letter. */
#include <math.h>
#include <string.h>

#include "support/support.h"

#include "live/recogniser.h"

enum { WIDTH = 90, HEIGHT = 70, LABELS = 3 };

static uint8_t pixels[HEIGHT][WIDTH][3], mirrored[HEIGHT][WIDTH][3];
static const asl_rect box = {10, 5, 60, 60}, mirrored_box = {WIDTH - 70, 5, 60, 60};

static asl_image_view view_of(uint8_t (*rows)[WIDTH][3])
{
    return (asl_image_view){rows[0][0], WIDTH, HEIGHT, (int64_t)WIDTH * 3, ASL_FORMAT_RGB24, 0};
}

static void draw(uint32_t seed)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++) {
                seed = seed * 1664525u + 1013904223u;
                const int shade = (x * x / (1 + (int)(seed >> 30)) + 3 * y + 40 * c) % 256;
                pixels[y][x][c] = mirrored[y][WIDTH - 1 - x][c] = (uint8_t)shade;
            }
}

static asl_model *make_model(uint64_t seed, double threshold, int32_t mirror)
{
    static const char *const labels[LABELS] = {"A", "B", "nothing"};
    asl_model_options options;
    asl_calibration calibration;
    asl_error err = ASL_ERROR_INIT;
    asl_model *plain = NULL, *model = NULL;
    asl_model_options_init(&options, sizeof options);
    options.labels = labels;
    options.label_count = LABELS;
    options.width = options.height = 32;
    options.seed = seed;
    assert_ok(asl_model_create(&plain, "tiny", &options, &err), &err);
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.letter_threshold = threshold;
    calibration.mirror = mirror;
    assert_ok(asl_model_with_calibration(&model, plain, &calibration, &err), &err);
    asl_model_free(plain);
    return model;
}

static void open(struct live_recogniser *r, const asl_model *model, int32_t hand)
{
    asl_inferer_options options;
    struct live_error error = {0};
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 1;
    assert_true(live_recogniser_open(r, model, &options, hand, &error));
}

static void see(struct live_recogniser *r, bool mirror, int64_t time_ns)
{
    struct live_error error = {0};
    const asl_image_view view = view_of(mirror ? mirrored : pixels);
    assert_true(live_recognise(r, &view, mirror ? &mirrored_box : &box, time_ns, &error));
}

/* Scaling the mirror image rounds otherwise than mirroring the scaled one. */
static float difference(const struct live_recogniser *a, const struct live_recogniser *b)
{
    float most = 0;
    for (int i = 0; i < LABELS; i++)
        most = fmaxf(most, fabsf(a->scores[i] - b->scores[i]));
    return most;
}

static void test_left_is_right_in_a_mirror(void **state)
{
    struct live_recogniser right, left;
    asl_model *model = make_model(1, 0, ASL_MIRROR_BOTH); /* the hand that is given goes first */
    (void)state;
    open(&right, model, LIVE_HAND_RIGHT);
    open(&left, model, LIVE_HAND_LEFT);
    for (uint32_t seed = 1; seed < 5; seed++) {
        draw(seed);
        see(&right, true, seed);
        see(&left, false, seed);
        const float same = difference(&left, &right);
        see(&right, false, seed);
        assert_true(same < 1e-4f);
        assert_true(difference(&left, &right) > 10 * same);
    }
    assert_int_equal(left.hand, LIVE_HAND_LEFT);
    assert_int_equal(right.hand, LIVE_HAND_RIGHT);
    live_recogniser_close(&right);
    live_recogniser_close(&left);
    asl_model_free(model);
}

static float top_logit(const struct live_recogniser *r)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = view_of(pixels);
    float logits[LABELS];
    assert_ok(asl_inferer_logits(logits, LABELS, r->inferer, &view, &box, &err), &err);
    return fmaxf(logits[0], logits[1]);
}

static bool is_hand(const struct live_recogniser *r)
{
    return fmaxf(r->scores[0], r->scores[1]) > r->scores[2];
}

/* It decides for the hand that is clearer, and after 30 frames for good. */
static void test_auto_takes_the_clearer_hand(void **state)
{
    bool seen[2] = {false};
    (void)state;
    for (uint64_t seed = 1; seed <= 40 && !(seen[0] && seen[1]); seed++) {
        struct live_recogniser both, hands[2];
        asl_model *model = make_model(seed, 0, ASL_MIRROR_MODEL);
        draw((uint32_t)seed);
        open(&both, model, LIVE_HAND_AUTO);
        open(&hands[0], model, LIVE_HAND_RIGHT);
        open(&hands[1], model, LIVE_HAND_LEFT);
        see(&hands[0], false, 1);
        see(&hands[1], false, 1);
        const int32_t clearer =
            top_logit(&hands[1]) > top_logit(&hands[0]) ? LIVE_HAND_LEFT : LIVE_HAND_RIGHT;
        const bool shown = is_hand(&hands[0]) || is_hand(&hands[1]);
        for (int64_t frame = 0; shown && frame < 40; frame++) {
            assert_true(both.undecided == (frame < 30));
            see(&both, false, 1 + frame * 33000000);
            assert_memory_equal(both.scores, hands[clearer].scores, LABELS * sizeof(float));
        }
        assert_true(!shown || both.hand == clearer);
        seen[clearer] = seen[clearer] || shown;
        live_recogniser_close(&both);
        live_recogniser_close(&hands[0]);
        live_recogniser_close(&hands[1]);
        asl_model_free(model);
    }
    assert_true(seen[0] && seen[1]);
}

static void test_auto_does_as_the_model_says(void **state)
{
    (void)state;
    for (int32_t said = ASL_MIRROR_OFF; said <= ASL_MIRROR_AUTO; said++) {
        struct live_recogniser r;
        asl_model *model = make_model(1, 0, said);
        open(&r, model, LIVE_HAND_AUTO);
        assert_int_equal(asl_inferer_mirror(r.inferer), said);
        assert_true(r.undecided == (said == ASL_MIRROR_AUTO));
        live_recogniser_close(&r);
        asl_model_free(model);
    }
}

/* A threshold that no score reaches: all is nothing, to those who look at the scores. AUTO decides
 * all the same; and when there was no letter for five seconds, it begins again. */
static void test_what_is_no_letter_is_nothing(void **state)
{
    static const int64_t second = 1000000000;
    bool decided = false;
    (void)state;
    for (uint64_t seed = 1; seed <= 20 && !decided; seed++) {
        struct live_recogniser r;
        asl_model *model = make_model(seed, 1, ASL_MIRROR_AUTO);
        draw((uint32_t)seed);
        open(&r, model, LIVE_HAND_AUTO);
        for (int64_t frame = 0; frame < 31; frame++) {
            see(&r, false, 1 + frame * second / 30);
            assert_true(r.scores[2] >= 1 && r.scores[0] + r.scores[1] <= 0);
        }
        decided = !r.undecided;
        if (decided) {
            see(&r, false, 5 * second);
            assert_false(r.undecided);
            see(&r, false, 5 * second + 1);
            assert_true(r.undecided);
        }
        live_recogniser_close(&r);
        asl_model_free(model);
    }
    assert_true(decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_is_right_in_a_mirror),
        cmocka_unit_test(test_auto_takes_the_clearer_hand),
        cmocka_unit_test(test_auto_does_as_the_model_says),
        cmocka_unit_test(test_what_is_no_letter_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
