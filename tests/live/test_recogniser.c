/* SPDX-License-Identifier: MIT */
/* Which hand signs: a left one is shown to the network as in a mirror, and auto finds out. */
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

static asl_model *make_model(uint64_t seed)
{
    static const char *const labels[LABELS] = {"A", "B", "C"};
    asl_model_options options;
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options_init(&options, sizeof options);
    options.labels = labels;
    options.label_count = LABELS;
    options.width = options.height = 32;
    options.seed = seed;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
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

static void test_left_is_right_in_a_mirror(void **state)
{
    struct live_recogniser right, left;
    asl_model *model = make_model(1);
    (void)state;
    open(&right, model, LIVE_HAND_RIGHT);
    open(&left, model, LIVE_HAND_LEFT);
    for (uint32_t seed = 1; seed < 5; seed++) {
        draw(seed);
        see(&right, true, seed);
        see(&left, false, seed);
        assert_memory_equal(left.scores, right.scores, LABELS * sizeof(float));
        see(&right, false, seed);
        assert_true(memcmp(left.scores, right.scores, LABELS * sizeof(float)) != 0);
    }
    assert_int_equal(left.hand, LIVE_HAND_LEFT);
    live_recogniser_close(&right);
    live_recogniser_close(&left);
    asl_model_free(model);
}

static float top(const struct live_recogniser *r)
{
    return fmaxf(r->scores[0], fmaxf(r->scores[1], r->scores[2]));
}

/* It decides for the hand that scores higher, and after a second of frames for good. */
static void test_auto_takes_the_surer_hand(void **state)
{
    bool seen[2] = {false};
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct live_recogniser both, hands[2];
        asl_model *model = make_model(seed);
        draw((uint32_t)seed);
        open(&both, model, LIVE_HAND_AUTO);
        open(&hands[0], model, LIVE_HAND_RIGHT);
        open(&hands[1], model, LIVE_HAND_LEFT);
        see(&hands[0], false, 1);
        see(&hands[1], false, 1);
        const int32_t surer = top(&hands[1]) > top(&hands[0]) ? LIVE_HAND_LEFT : LIVE_HAND_RIGHT;
        for (int64_t frame = 0; frame < 40; frame++) {
            assert_true(both.undecided == (frame < 32)); /* 31 steps of 33 ms after the first */
            see(&both, false, 1 + frame * 33000000);
            assert_int_equal(both.hand, surer);
            assert_memory_equal(both.scores, hands[surer].scores, LABELS * sizeof(float));
        }
        seen[surer] = true;
        live_recogniser_close(&both);
        live_recogniser_close(&hands[0]);
        live_recogniser_close(&hands[1]);
        asl_model_free(model);
    }
    assert_true(seen[0] && seen[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_is_right_in_a_mirror),
        cmocka_unit_test(test_auto_takes_the_surer_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
