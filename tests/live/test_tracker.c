/* SPDX-License-Identifier: MIT */
/* The box that follows a hand: here a bright square that moves, trembles, jumps and disappears. */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "common/cli.h"
#include "live/tracker.h"
#include "unit/infer/squares.h"

enum { WIDTH = 320, HEIGHT = 240, SIDE = 64, FPS = 30 };

static uint8_t pixels[HEIGHT][WIDTH][3];

/* A grey frame, with a square around (x, y) unless x is negative. */
static asl_image_view draw(int x, int y)
{
    memset(pixels, 128, sizeof pixels);
    for (int row = y - SIDE / 2; x >= 0 && row < y + SIDE / 2; row++)
        memset(pixels[row][x - SIDE / 2], 255, (size_t)SIDE * 3);
    return (asl_image_view){.pixels = pixels[0][0],
                            .width = WIDTH,
                            .height = HEIGHT,
                            .stride = sizeof pixels[0],
                            .format = ASL_FORMAT_RGB24};
}

static int64_t frame_ns(int number)
{
    return 1000000000 + (int64_t)number * 1000000000 / FPS;
}

static asl_rect track(struct live_tracker *t, int x, int y, int number)
{
    struct live_error error = {0};
    asl_rect box = {1, 2, 3, 4};
    const asl_image_view view = draw(x, y);
    if (!live_track(&box, t, &view, frame_ns(number), &error))
        fail_msg("%s", error.message);
    assert_true(box.x >= 0 && box.y >= 0 && box.x + box.width <= WIDTH &&
                box.y + box.height <= HEIGHT);
    return box;
}

static void assert_around(const asl_rect *box, int x, int y, double slack)
{
    assert_int_equal(box->width, box->height);
    if (fabs(box->x + 0.5 * box->width - x) > slack || fabs(box->y + 0.5 * box->height - y) > slack)
        fail_msg("box %d,%d %d is not around %d,%d", box->x, box->y, box->width, x, y);
    assert_true(box->width > SIDE && box->width < 2 * SIDE);
}

static int setup(void **state)
{
    static struct live_tracker tracker;
    struct live_error error = {0};
    asl_model *model = squares_model();
    if (!live_tracker_open(&tracker, model, NULL, &error))
        fail_msg("%s", error.message);
    asl_model_free(model);
    *state = &tracker;
    return 0;
}

static int teardown(void **state)
{
    live_tracker_close(*state);
    live_tracker_close(*state);
    return 0;
}

static void test_follows(void **state)
{
    struct live_tracker *t = *state;
    for (int i = 0; i < 30; i++) {
        const asl_rect box = track(t, 80 + 5 * i, 120 + i, i);
        assert_true(t->follows);
        assert_around(&box, 80 + 5 * i, 120 + i, 0.25 * SIDE);
    }
}

/* Trembling by two pixels changes what the finder says, but not the box, once it has settled. */
static void test_keeps_still(void **state)
{
    struct live_tracker *t = *state;
    asl_rect still = {0, 0, 0, 0};
    for (int i = 0; i < 120; i++) {
        const asl_rect box = track(t, 160 + 2 * (i % 2), 120 - i % 3, i);
        if (i < 90)
            still = box;
        assert_true(abs(box.x - still.x) <= 1 && abs(box.y - still.y) <= 1);
        assert_true(abs(box.width - still.width) <= 1);
    }
}

static void test_goes_where_the_hand_is_at_once(void **state)
{
    struct live_tracker *t = *state;
    for (int i = 0; i < 10; i++)
        track(t, 60, 70, i);
    const asl_rect box = track(t, 250, 160, 10);
    assert_around(&box, 250, 160, 0.2 * SIDE);
}

static void test_loses_it(void **state)
{
    const asl_rect untouched = {1, 2, 3, 4};
    struct live_tracker *t = *state;
    asl_rect box = track(t, -1, 0, 0);
    assert_false(t->follows);
    assert_memory_equal(&box, &untouched, sizeof box);
    const asl_rect last = track(t, 100, 100, 1);
    for (int i = 2; i < 12; i++) { /* a moment is nothing */
        box = track(t, -1, 0, i);
        assert_true(t->follows);
        assert_memory_equal(&box, &last, sizeof box);
    }
    box = track(t, -1, 0, 20);
    assert_false(t->follows);
    assert_memory_equal(&box, &untouched, sizeof box);
    box = track(t, 200, 140, 21);
    assert_true(t->follows);
    assert_around(&box, 200, 140, 0.2 * SIDE);
}

static void test_other_models_are_refused(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    struct live_error error = {0};
    struct live_tracker t;
    asl_model *model = NULL;
    (void)state;
    assert_ok(asl_model_create(&model, "tiny", NULL, &err), &err);
    assert_false(live_tracker_open(&t, model, NULL, &error));
    assert_int_equal(error.code, CLI_BAD_INPUT);
    assert_non_null(strstr(error.message, "no finder's model"));
    live_tracker_close(&t);
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keeps_still, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_where_the_hand_is_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loses_it, setup, teardown),
        cmocka_unit_test(test_other_models_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
