/* SPDX-License-Identifier: MIT */
/* Motion measured from pictures, and what it does to the next frame. */
#include "support/support.h"

#include "unit/spell/stage.h"

#define WIDTH  160
#define HEIGHT 120

/* A bright disc on a dark ground at x, with noise of a camera. */
static void draw(uint8_t *grey, int32_t x, int32_t light, uint32_t *noise)
{
    for (int32_t row = 0; row < HEIGHT; row++) {
        for (int32_t column = 0; column < WIDTH; column++) {
            const int32_t dx = column - x, dy = row - 60;
            *noise = *noise * 1664525u + 1013904223u;
            grey[row * WIDTH + column] =
                (uint8_t)((dx * dx + dy * dy < 900 ? 2 * light : light) + (int32_t)(*noise >> 29));
        }
    }
}

static double look(asl_speller *speller, const uint8_t *grey, const asl_rect *region)
{
    const asl_image_view view = {.pixels = grey,
                                 .width = WIDTH,
                                 .height = HEIGHT,
                                 .stride = WIDTH,
                                 .format = ASL_FORMAT_GRAY8};
    asl_error err = ASL_ERROR_INIT;
    double motion = -1.0;
    assert_ok(asl_speller_look(&motion, speller, &view, region, &err), &err);
    return motion;
}

static void test_motion(void **state)
{
    static uint8_t grey[WIDTH * HEIGHT];
    const asl_rect left = {0, 0, 60, 120};
    uint32_t noise = 1;
    stage s;
    (void)state;
    stage_open(&s, NULL);
    draw(grey, 80, 80, &noise);
    assert_true(look(s.speller, grey, NULL) == 0.0); /* the first */
    draw(grey, 80, 80, &noise);
    assert_true(look(s.speller, grey, NULL) < 0.03); /* only noise */
    draw(grey, 80, 120, &noise);
    assert_true(look(s.speller, grey, NULL) < 0.03); /* more light */
    draw(grey, 100, 120, &noise);
    assert_true(look(s.speller, grey, NULL) > 0.1); /* a slide */
    draw(grey, 100, 120, &noise);
    look(s.speller, grey, &left);
    draw(grey, 120, 120, &noise);
    assert_true(look(s.speller, grey, &left) < 0.06); /* outside the region */
    asl_speller_reset(s.speller);
    assert_true(look(s.speller, grey, NULL) == 0.0);
    stage_close(&s);
}

/* A hand that the pictures show moving writes nothing; one at rest does. */
static void test_push_uses_it(void **state)
{
    static uint8_t grey[WIDTH * HEIGHT];
    const float scores[CLASSES] = {1.0F};
    uint32_t noise = 1;
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    for (int32_t i = 0; i < 60; i++) {
        draw(grey, i < 30 ? 40 + 50 * (i % 2) : 90, 80, &noise);
        look(s.speller, grey, NULL);
        s.time_ns += s.step_ns;
        assert_ok(asl_speller_push(s.speller, scores, CLASSES, s.time_ns, NULL, &err), &err);
        if (i == 29)
            assert_text(&s, "");
    }
    assert_text(&s, "A");
    stage_close(&s);
}

static void test_bad_pictures(void **state)
{
    static const uint8_t grey[4];
    asl_image_view view = {.pixels = grey, .width = 2, .height = 2, .stride = 2, .format = 99};
    double motion = 7.0;
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    assert_status(asl_speller_look(&motion, s.speller, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_look(&motion, s.speller, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_look(&motion, NULL, &view, NULL, &err), ASL_ERR_ARG, &err);
    assert_true(motion == 7.0);
    view.format = ASL_FORMAT_GRAY8;
    assert_ok(asl_speller_look(NULL, s.speller, &view, NULL, &err), &err);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_motion),
        cmocka_unit_test(test_push_uses_it),
        cmocka_unit_test(test_bad_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
