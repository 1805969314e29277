/* SPDX-License-Identifier: MIT */
/* Hands before walls: where they are found, where they must not be, and what is put behind them. */
#include <math.h>
#include <stdlib.h>

#include "image/augment.h"
#include "pictures.h"

enum { WIDTH = 160, HEIGHT = 120, SIDE = 64, BYTES = SIDE * SIDE * 3 };

/* A fist with a ring's hole, on an arm from below; in parts of the picture. */
static bool is_hand(double x, double y)
{
    const double from_fist = hypot((x - 0.5) * 4 / 3, y - 0.45);
    const bool hole = hypot((x - 0.47) * 4 / 3, y - 0.42) < 0.07;
    return (from_fist < 0.25 && !hole) || (fabs(x - 0.52) < 0.08 && y > 0.45);
}

static bool hand_at(int32_t x, int32_t y, int32_t width, int32_t height)
{
    return is_hand((x + 0.5) / width, (y + 0.5) / height);
}

/* Before a wall in the light of a lamp, which takes a little of its noise along. */
static asl_image *make_hand(const int32_t skin[3], const int32_t wall[3])
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *out = NULL;
    assert_ok(asl_image_create(&out, WIDTH, HEIGHT, ASL_FORMAT_RGB24, &err), &err);
    uint8_t *pixel = asl_image_pixels(out);
    for (int32_t y = 0; y < HEIGHT; y++)
        for (int32_t x = 0; x < WIDTH; x++, pixel += 3)
            for (int32_t c = 0; c < 3; c++) {
                const bool hand = hand_at(x, y, WIDTH, HEIGHT);
                const double light = hand ? 1 - 0.4 * y / HEIGHT : 0.8 + 0.3 * x / WIDTH;
                pixel[c] = (uint8_t)(light * (hand ? skin : wall)[c] + make_pixel(x, y, 0) % 8);
            }
    return out;
}

static asl_image_view find(asl__augment_scratch *scratch, const asl_image *picture)
{
    const asl_image_view view = asl_image_get_view(picture);
    asl_error err = ASL_ERROR_INIT;
    asl_image_view mask;
    assert_ok(asl__augment_find_hand(&mask, scratch, &view, &err), &err);
    return mask;
}

static void hands_before_walls_are_found(void **state)
{
    static const int32_t looks[][2][3] = {{{220, 170, 140}, {200, 205, 210}},
                                          {{120, 80, 60}, {170, 170, 150}},
                                          {{90, 60, 50}, {210, 210, 205}},
                                          {{225, 180, 160}, {60, 70, 90}},
                                          {{200, 200, 200}, {60, 60, 60}}};
    asl__augment_scratch scratch = {0};
    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        asl_image *picture = make_hand(looks[i][0], looks[i][1]);
        const asl_image_view mask = find(&scratch, picture);
        int32_t both = 0, either = 0;
        assert_non_null(mask.pixels);
        assert_int_equal(mask.width, 96);
        assert_int_equal(mask.height, 72);
        for (int32_t k = 0; k < mask.width * mask.height; k++) {
            const bool found = mask.pixels[3 * k] >= 128;
            const bool hand = hand_at(k % mask.width, k / mask.width, mask.width, mask.height);
            both += found && hand;
            either += found || hand;
        }
        if (both < 0.93 * either)
            fail_msg("look %zu: %d of %d pixels", i, both, either);
        asl_image_free(picture);
    }
    asl__augment_scratch_free(&scratch);
    assert_no_memory_used();
}

static asl_image *make_flat(int32_t width, int32_t height, uint8_t level)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *out = NULL;
    assert_ok(asl_image_create(&out, width, height, ASL_FORMAT_RGB24, &err), &err);
    memset(asl_image_pixels(out), level, (size_t)(width * height * 3));
    return out;
}

/* A speck, so that there is something that differs, but no hand. */
static asl_image *make_speck(void)
{
    asl_image *out = make_flat(80, 80, 200);
    memset(asl_image_pixels(out) + (size_t)(40 * 80 + 40) * 3, 20, 9);
    return out;
}

static void nothing_is_said_of_others(void **state)
{
    asl_image *others[] = {make_picture(150, 130), make_flat(90, 90, 128), make_speck(),
                           make_flat(1, 1, 9),     make_flat(1, 500, 9),   make_flat(2000, 1, 9)};
    asl__augment_scratch scratch = {0};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const asl_image_view mask = find(&scratch, others[i]);
        if (mask.pixels != NULL)
            fail_msg("a hand in picture %zu", i);
        asl_image_free(others[i]);
    }
    asl__augment_scratch_free(&scratch);
    assert_no_memory_used();
}

static void vary(uint8_t *out, const char *text, const asl_image *picture, int32_t side,
                 int64_t sample)
{
    const asl_image_view view = asl_image_get_view(picture);
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *made = NULL;
    assert_ok(asl_augmentation_create(&made, text, &err), &err);
    assert_ok(asl_augmentation_apply(out, NULL, made, &view, side, side, 1, 0, sample, &err), &err);
    asl_augmentation_free(made);
}

/* The mean difference of two pictures in the hand, or beside it, well away from its outline. */
static double difference(const uint8_t *a, const uint8_t *b, int32_t side, bool in_hand)
{
    double sum = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < side * side; i++) {
        const int32_t x = i % side, y = i / side, step = side / 32;
        bool same = hand_at(x, y, side, side) == in_hand;
        for (int32_t k = 0; k < 4; k++)
            same = same && hand_at(x + (k % 2 ? step : -step), y + (k / 2 ? step : -step), side,
                                   side) == in_hand;
        for (int32_t c = 0; c < 3 && same; c++, count++)
            sum += abs(a[3 * i + c] - b[3 * i + c]);
    }
    return sum / count;
}

static void only_the_wall_is_replaced(void **state)
{
    static const int32_t skin[3] = {220, 170, 140}, wall[3] = {200, 205, 210};
    static uint8_t plain[BYTES], first[BYTES], other[BYTES];
    asl_image *picture = make_hand(skin, wall), *noise = make_picture(WIDTH, HEIGHT);
    (void)state;
    vary(plain, "none", picture, SIDE, 0);
    for (int64_t i = 0; i < 20; i++) {
        vary(other, "{\"background\": 1}", picture, SIDE, i);
        assert_true(difference(plain, other, SIDE, true) < 1);
        assert_true(difference(plain, other, SIDE, false) > 10);
        if (i > 0)
            assert_true(difference(first, other, SIDE, false) > 5);
        memcpy(first, other, BYTES);
    }
    vary(plain, "none", noise, SIDE, 0);
    vary(other, "{\"background\": 1}", noise, SIDE, 0);
    assert_memory_equal(plain, other, BYTES);
    asl_image_free(picture);
    asl_image_free(noise);
    assert_no_memory_used();
}

/* Two larger pixels of the large picture for one of the small one. */
static void backgrounds_are_the_same_at_every_size(void **state)
{
    static const int32_t skin[3] = {120, 80, 60}, wall[3] = {200, 205, 210};
    static uint8_t small[BYTES], large[4 * BYTES], halved[BYTES];
    asl_image *picture = make_hand(skin, wall);
    double apart = 0, others = 0;
    (void)state;
    for (int64_t i = 0; i < 20; i++) {
        vary(large, "{\"background\": 1}", picture, 2 * SIDE, i);
        for (int32_t k = 0; k < BYTES; k++) {
            const int32_t c = k % 3, x = k / 3 % SIDE, y = k / 3 / SIDE, row = 2 * SIDE * 3;
            const uint8_t *at = large + 2 * y * row + 2 * x * 3 + c;
            halved[k] = (uint8_t)((at[0] + at[3] + at[row] + at[row + 3] + 2) / 4);
        }
        vary(small, "{\"background\": 1}", picture, SIDE, i + 1);
        others += difference(small, halved, SIDE, false) / 20;
        vary(small, "{\"background\": 1}", picture, SIDE, i);
        apart += difference(small, halved, SIDE, false) / 20;
    }
    if (apart > others / 5)
        fail_msg("%.1f levels apart, and others %.1f", apart, others);
    asl_image_free(picture);
}

static void its_probability_is_kept_and_moves_nothing_else(void **state)
{
    enum { DRAWS = 20000 };
    asl_augmentation *with = NULL, *without = NULL;
    asl_error err = ASL_ERROR_INIT;
    int32_t count = 0, hands = 0;
    (void)state;
    assert_ok(asl_augmentation_create(
                  &with, "{\"base\": \"strong\", \"negative\": 0.2, \"background\": 0.3}", &err),
              &err);
    assert_ok(asl_augmentation_create(&without, "{\"base\": \"strong\", \"negative\": 0.2}", &err),
              &err);
    for (int64_t i = 0; i < DRAWS; i++) {
        asl__recipe a = asl__recipe_draw(&with->keys, 1, 2, i);
        const asl__recipe b = asl__recipe_draw(&without->keys, 1, 2, i);
        assert_false(a.background && a.negative);
        assert_false(b.background);
        count += a.background;
        hands += !a.negative;
        assert_true(a.angle == b.angle && a.gamma == b.gamma && a.jpeg == b.jpeg);
        assert_true(a.grain.state == b.grain.state && a.centre[0] == b.centre[0]);
    }
    assert_true(fabs((double)count / hands - 0.3) < 0.02);
    asl_augmentation_free(with);
    asl_augmentation_free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_before_walls_are_found),
        cmocka_unit_test(nothing_is_said_of_others),
        cmocka_unit_test(only_the_wall_is_replaced),
        cmocka_unit_test(backgrounds_are_the_same_at_every_size),
        cmocka_unit_test(its_probability_is_kept_and_moves_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
