/* SPDX-License-Identifier: MIT */
/* Where a varied picture looks, against answers that are known without it. */
#include <stdlib.h>

#include "image/augment.h"
#include "pictures.h"

enum { SIDE = 64 };

static const asl__recipe neutral = {.centre = {0.5F, 0.5F}, .window = 1, .scale = 1, .aspect = 1};

static void gather(uint8_t *out, int32_t width, int32_t height, const asl_image *from,
                   const asl__recipe *recipe)
{
    asl_error err = ASL_ERROR_INIT;
    asl__augment_scratch scratch = {0};
    const asl_image_view view = asl_image_get_view(from);
    const asl__canvas canvas = {out, width, height};
    assert_ok(asl__augment_gather(&canvas, &scratch, &view, recipe, &err), &err);
    asl__augment_scratch_free(&scratch);
}

/* Weights have 8 bits, where the exact ones have more: two levels, even on noise. */
static void assert_near(const uint8_t *a, const uint8_t *b, size_t count, int32_t tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (abs(a[i] - b[i]) > tolerance)
            fail_msg("byte %zu is %d, not %d", i, a[i], b[i]);
}

static void mirroring(void **state)
{
    static uint8_t out[SIDE * SIDE * 3], mirrored[SIDE * SIDE * 3];
    asl_image *from = make_picture(SIDE, SIDE);
    asl__recipe recipe = neutral;
    (void)state;
    gather(out, SIDE, SIDE, from, &recipe);
    assert_memory_equal(out, asl_image_pixels(from), sizeof out);
    recipe.mirror = true;
    gather(mirrored, SIDE, SIDE, from, &recipe);
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++)
            assert_near(&mirrored[(y * SIDE + SIDE - 1 - x) * 3], &out[(y * SIDE + x) * 3], 3, 2);
    asl_image_free(from);
}

/* A quarter turn anticlockwise brings the right edge to the top. */
static void a_quarter_turn(void **state)
{
    static uint8_t out[SIDE * SIDE * 3];
    asl_image *from = make_picture(SIDE, SIDE);
    const uint8_t *pixels = asl_image_pixels(from);
    asl__recipe recipe = neutral;
    (void)state;
    recipe.angle = 1.57079633F;
    gather(out, SIDE, SIDE, from, &recipe);
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++)
            assert_near(&out[(y * SIDE + x) * 3], &pixels[(x * SIDE + SIDE - 1 - y) * 3], 3, 2);
    asl_image_free(from);
}

/* Twice as large shows the middle half, as a resize of that region does but for its own border. */
static void scale_and_shift(void **state)
{
    static uint8_t out[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
    asl_image *from = make_smooth_picture(SIDE, SIDE);
    const asl_image_view view = asl_image_get_view(from);
    const asl_rect middle = {16, 16, 32, 32}, upper_left = {0, 0, 32, 32};
    asl_error err = ASL_ERROR_INIT;
    asl__recipe recipe = neutral;
    (void)state;
    recipe.scale = 2;
    gather(out, SIDE, SIDE, from, &recipe);
    assert_ok(asl__resize_rgb(expected, SIDE, SIDE, &view, &middle, &err), &err);
    assert_near(out, expected, sizeof out, 3);
    recipe.shift[0] = recipe.shift[1] = 0.5F; /* to the right and down by half a picture */
    gather(out, SIDE, SIDE, from, &recipe);
    assert_ok(asl__resize_rgb(expected, SIDE, SIDE, &view, &upper_left, &err), &err);
    assert_near(out, expected, sizeof out, 3);
    recipe = neutral; /* the same place, said otherwise */
    recipe.window = 0.5F;
    recipe.centre[0] = recipe.centre[1] = 0.25F;
    gather(out, SIDE, SIDE, from, &recipe);
    assert_near(out, expected, sizeof out, 3);
    asl_image_free(from);
}

/* Where white ends on black: across, down. */
static void measure(double extent[2], const uint8_t *rgb, int32_t width, int32_t height)
{
    int32_t left = width, right = 0, top = height, bottom = 0;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            if (rgb[(y * width + x) * 3] < 128)
                continue;
            left = x < left ? x : left;
            right = x + 1 > right ? x + 1 : right;
            top = y < top ? y : top;
            bottom = y + 1 > bottom ? y + 1 : bottom;
        }
    extent[0] = right - left;
    extent[1] = bottom - top;
}

/* A white square of 40 in the middle of 120 x 80, which no resize squashes. */
static asl_image *make_square(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    assert_ok(asl_image_create(&image, 120, 80, ASL_FORMAT_RGB24, &err), &err);
    for (int32_t y = 20; y < 60; y++)
        memset(asl_image_pixels(image) + (y * 120 + 40) * 3, 255, 40 * 3);
    return image;
}

static void shapes_change_as_told(void **state)
{
    static uint8_t out[120 * 80 * 3];
    static const struct {
        float angle, shear, aspect, scale;
        double width, height;
    } cases[] = {
        {1.57079633F, 0, 1, 1, 40, 40},       /* stays a square where sides differ */
        {0.78539816F, 0, 1, 1, 56.57, 56.57}, /* its diagonal */
        {0, 0.25F, 1, 1, 50, 40},             /* leans by a quarter of its height */
        {0, 0, 1.44F, 1, 48, 33.33},          /* 1.2 times as wide, 1.2 times less high */
        {0, 0, 1, 0.5F, 20, 20},
        {1.57079633F, 0, 1.44F, 1, 33.33, 48}, /* first stretched, then turned */
    };
    asl_image *from = make_square();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double extent[2];
        asl__recipe recipe = neutral;
        recipe.angle = cases[i].angle;
        recipe.shear = cases[i].shear;
        recipe.aspect = cases[i].aspect;
        recipe.scale = cases[i].scale;
        gather(out, 120, 80, from, &recipe);
        measure(extent, out, 120, 80);
        if (abs((int)(extent[0] - cases[i].width + 200.5) - 200) > 1 ||
            abs((int)(extent[1] - cases[i].height + 200.5) - 200) > 1)
            fail_msg("case %zu: %d x %d", i, (int)extent[0], (int)extent[1]);
    }
    asl_image_free(from);
}

/* The side that is farther away is smaller: heights of the square's two edges. */
static void perspective_makes_far_things_small(void **state)
{
    static uint8_t out[120 * 80 * 3];
    asl_image *from = make_square();
    asl__recipe recipe = neutral;
    int32_t left = 0, right = 0;
    (void)state;
    recipe.perspective[0] = 0.3F; /* looks at more of the source to the right */
    gather(out, 120, 80, from, &recipe);
    for (int32_t y = 0; y < 80; y++) {
        left += out[(y * 120 + 45) * 3] > 128;
        right += out[(y * 120 + 75) * 3] > 128;
    }
    /* 40 (1 + 0.3 u), u the column's place in -1..1 */
    assert_in_range(left, 36, 38);
    assert_in_range(right, 42, 44);
    asl_image_free(from);
}

static void borders(void **state)
{
    static uint8_t out[SIDE * SIDE * 3];
    static const uint8_t fill[3] = {10, 200, 30};
    asl_image *from = make_smooth_picture(SIDE, SIDE);
    const uint8_t *pixels = asl_image_pixels(from);
    asl__recipe recipe = neutral;
    (void)state;
    recipe.shift[0] = 0.25F; /* by 16 pixels to the right */
    for (recipe.border = 0; recipe.border <= ASL__BORDER_FILL; recipe.border++) {
        memcpy(recipe.fill, fill, 3);
        gather(out, SIDE, SIDE, from, &recipe);
        for (int32_t y = 0; y < SIDE; y++)
            for (int32_t x = 0; x < SIDE; x++) {
                const int32_t at = x >= 16                             ? x - 16
                                   : recipe.border == ASL__BORDER_EDGE ? 0
                                                                       : 15 - x;
                const bool filled = x < 16 && recipe.border == ASL__BORDER_FILL;
                assert_near(&out[(y * SIDE + x) * 3], filled ? fill : &pixels[(y * SIDE + at) * 3],
                            3, 2);
            }
    }
    asl_image_free(from);
}

/* A checkerboard of single pixels becomes grey, not stripes, at whatever angle. */
static void fine_patterns_do_not_alias(void **state)
{
    static uint8_t out[SIDE * SIDE * 3];
    asl_error err = ASL_ERROR_INIT;
    asl_image *from = NULL;
    asl__recipe recipe = neutral;
    (void)state;
    assert_ok(asl_image_create(&from, 4 * SIDE, 4 * SIDE, ASL_FORMAT_RGB24, &err), &err);
    for (int32_t y = 0; y < 4 * SIDE; y++)
        for (int32_t x = 0; x < 4 * SIDE; x++)
            memset(asl_image_pixels(from) + (y * 4 * SIDE + x) * 3, (x + y) % 2 * 255, 3);
    for (int32_t i = 0; i < 7; i++) {
        recipe.angle = (float)i * 0.2F;
        recipe.scale = 0.9F;
        recipe.border = ASL__BORDER_REFLECT;
        gather(out, SIDE, SIDE, from, &recipe);
        for (size_t j = 0; j < sizeof out; j++)
            assert_in_range(out[j], 126, 129);
    }
    asl_image_free(from);
}

/* One colour stays that colour, and however far a picture is looked past, nothing else is read. */
static void one_colour_stays(void **state)
{
    static uint8_t out[50 * 30 * 3];
    asl_error err = ASL_ERROR_INIT;
    asl_image *from = NULL;
    const asl__augment_keys keys = {.rotation = 90,
                                    .rotation_limit = 180,
                                    .scale = {0.25, 4},
                                    .shift = 0.5,
                                    .shear = 45,
                                    .aspect = 2,
                                    .perspective = 0.4,
                                    .mirror = 0.5,
                                    .border_reflect = 0.5,
                                    .brightness = {1, 1},
                                    .contrast = {1, 1},
                                    .gain = {1, 1},
                                    .gamma = {1, 1},
                                    .low_light_gain = {1, 1},
                                    .rescale_factor = {1, 1},
                                    .negative = 0.2};
    (void)state;
    assert_ok(asl_image_create(&from, 37, 53, ASL_FORMAT_RGB24, &err), &err);
    memset(asl_image_pixels(from), 255, 37 * 53 * 3);
    for (int64_t sample = 0; sample < 500; sample++) {
        const asl__recipe recipe = asl__recipe_draw(&keys, 5, 0, sample);
        gather(out, 50, 30, from, &recipe);
        for (size_t i = 0; i < sizeof out; i++)
            assert_int_equal(out[i], 255);
    }
    asl_image_free(from);
    assert_no_memory_used();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mirroring),
        cmocka_unit_test(a_quarter_turn),
        cmocka_unit_test(scale_and_shift),
        cmocka_unit_test(shapes_change_as_told),
        cmocka_unit_test(perspective_makes_far_things_small),
        cmocka_unit_test(borders),
        cmocka_unit_test(fine_patterns_do_not_alias),
        cmocka_unit_test(one_colour_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
