/* SPDX-License-Identifier: MIT */
/* Colour and defects one by one: what each does to pictures whose answer is known. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "image/augment.h"
#include "pictures.h"

enum { SIDE = 96, BYTES = SIDE * SIDE * 3 };

static const asl__recipe neutral = {
    .brightness = 1, .contrast = 1, .saturation = 1, .gain = {1, 1, 1}, .gamma = 1, .light = 1};

static uint8_t pixels[BYTES];
static const asl__canvas canvas = {pixels, SIDE, SIDE};

static void fill(uint8_t red, uint8_t green, uint8_t blue)
{
    for (int32_t i = 0; i < BYTES; i += 3) {
        pixels[i] = red;
        pixels[i + 1] = green;
        pixels[i + 2] = blue;
    }
}

static void fill_smooth(void)
{
    asl_image *smooth = make_smooth_picture(SIDE, SIDE);
    memcpy(pixels, asl_image_pixels(smooth), BYTES);
    asl_image_free(smooth);
}

static void assert_pixel(size_t at, int32_t red, int32_t green, int32_t blue)
{
    const uint8_t *p = pixels + at * 3;
    if (abs(p[0] - red) > 1 || abs(p[1] - green) > 1 || abs(p[2] - blue) > 1)
        fail_msg("pixel %zu is %d %d %d, not %d %d %d", at, p[0], p[1], p[2], red, green, blue);
}

static double mean(void)
{
    double sum = 0;
    for (int32_t i = 0; i < BYTES; i++)
        sum += pixels[i];
    return sum / BYTES;
}

static double deviation(void)
{
    const double middle = mean();
    double sum = 0;
    for (int32_t i = 0; i < BYTES; i++)
        sum += (pixels[i] - middle) * (pixels[i] - middle);
    return sqrt(sum / BYTES);
}

/* --- colour ------------------------------------------------------------------------------ */

static void colour(const asl__recipe *recipe)
{
    float log2_table[256] = {0};
    for (int32_t i = 1; i < 256; i++)
        log2_table[i] = (float)asl__log2(i / 255.0);
    asl__augment_colour(&canvas, recipe, log2_table);
}

static void colours_change_as_told(void **state)
{
    asl__recipe r = neutral;
    (void)state;
    fill(100, 150, 60);
    colour(&r);
    assert_int_equal(pixels[0], 100); /* exactly */
    assert_int_equal(pixels[1], 150);
    assert_int_equal(pixels[2], 60);
    r.brightness = 0.75F;
    colour(&r);
    assert_pixel(0, 75, 113, 45);
    r = neutral;
    fill(100, 150, 60);
    r.saturation = 0;
    colour(&r);
    assert_pixel(7, 125, 125, 125); /* 0.299 R + 0.587 G + 0.114 B */
    r = neutral;
    fill(100, 150, 60);
    r.hue = 2.0943951F; /* a third of a turn takes each colour to the next */
    colour(&r);
    assert_pixel(SIDE * SIDE - 1, 60, 100, 150);
    r = neutral;
    fill(100, 150, 60);
    r.gain[0] = 1.2F;
    r.gain[2] = 0.5F;
    colour(&r);
    assert_pixel(3, 120, 150, 30);
    r = neutral;
    fill(100, 150, 60);
    r.gamma = 1.5F;
    colour(&r);
    assert_pixel(3, 63, 115, 29); /* 255 (v / 255)^1.5 */
    r = neutral;
    fill(100, 150, 60);
    r.light = 0.5F;
    colour(&r);
    assert_pixel(3, 50, 75, 30);
}

static void contrast_keeps_the_mean(void **state)
{
    asl__recipe r = neutral;
    (void)state;
    fill_smooth();
    const double spread = deviation(), middle = mean();
    r.contrast = 0.5F;
    colour(&r);
    assert_true(fabs(deviation() - spread / 2) < 0.6);
    assert_true(fabs(mean() - middle) < 8); /* it is the mean brightness that stays */
}

/* Too dark or too bright to see is brought back, but no farther than it was before. */
static void exposure_is_bounded(void **state)
{
    asl__recipe r = neutral;
    (void)state;
    fill(100, 100, 100);
    r.brightness = 0.2F;
    r.gamma = 1.5F;
    colour(&r);
    assert_pixel(0, 46, 46, 46);
    r = neutral;
    fill(180, 180, 180);
    r.brightness = 3;
    colour(&r);
    assert_pixel(0, 209, 209, 209);
    r = neutral;
    fill(20, 20, 20);
    r.brightness = 0.5F;
    colour(&r);
    assert_pixel(0, 20, 20, 20);
    fill(0, 0, 0);
    r.gamma = 2;
    colour(&r);
    assert_pixel(0, 0, 0, 0);
}

/* The farthest values that the keys allow, on every level: nothing wraps around. */
static void extremes_do_not_wrap(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 32; i++) {
        asl__recipe r = neutral;
        r.brightness = i & 1 ? 4.0F : 0.1F;
        r.contrast = i & 2 ? 4.0F : 0.1F;
        r.saturation = i & 4 ? 3.0F : 0.0F;
        r.gain[0] = i & 8 ? 4.0F : 0.25F;
        r.hue = i & 16 ? 3.14159265F : 0;
        for (int32_t j = 0; j < BYTES; j++)
            pixels[j] = (uint8_t)(j / 3 % 256); /* all greys: they keep their order, but for
                                                    the rounding */
        colour(&r);
        for (int32_t j = 3; j < 256 * 3; j++)
            assert_true(pixels[j] + 1 >= pixels[j - 3]);
    }
}

/* --- noise, erasing, fewer pixels -------------------------------------------------------- */

static void noise_has_its_size(void **state)
{
    asl__draw grain = {1};
    (void)state;
    fill(128, 128, 128);
    asl__augment_noise(&canvas, 0.05F, 0, &grain);
    assert_true(fabs(mean() - 128) < 0.3);
    assert_true(fabs(deviation() - 12.75) < 0.2);
    uint8_t first[32];
    memcpy(first, pixels, sizeof first);
    fill(128, 128, 128);
    asl__augment_noise(&canvas, 0.05F, 0, &grain); /* goes on, and does not repeat */
    assert_memory_not_equal(first, pixels, sizeof first);
    double together = 0; /* neighbours in a row, and 64 apart, know nothing of each other */
    for (int32_t i = 64; i < BYTES; i++)
        together += (pixels[i] - 128) * (pixels[i - 1] + pixels[i - 64] - 256);
    assert_true(fabs(together / BYTES) < 4); /* of 163 */
}

/* Shot noise grows with the root of the light, and black stays black. */
static void bright_light_is_noisier(void **state)
{
    asl__draw grain = {2};
    (void)state;
    fill(32, 32, 32);
    asl__augment_noise(&canvas, 0, 0.05F, &grain);
    const double dark = deviation();
    fill(128, 128, 128);
    asl__augment_noise(&canvas, 0, 0.05F, &grain);
    assert_true(fabs(deviation() / dark - 2) < 0.06);
    assert_true(fabs(deviation() - 0.05 * 255 * sqrt(128 / 255.0)) < 0.2);
    fill(0, 0, 0);
    asl__augment_noise(&canvas, 0, 0.5F, &grain);
    assert_true(mean() < 1e-9);
}

/* Covers that reach over the edge lose a part, and three may overlap. */
static void erases_its_area(void **state)
{
    asl__draw grain = {3};
    double changed = 0;
    (void)state;
    for (int32_t i = 0; i < 400; i++) {
        int32_t now = 0;
        fill(128, 128, 128);
        asl__augment_erase(&canvas, 0.1F, &grain);
        for (int32_t j = 0; j < BYTES; j += 3)
            now += pixels[j] != 128 || pixels[j + 1] != 128 || pixels[j + 2] != 128;
        assert_in_range(now, 1, 0.11 * SIDE * SIDE);
        changed += now;
    }
    changed /= 400.0 * SIDE * SIDE;
    assert_true(changed > 0.06 && changed < 0.1);
}

static void rescaling_loses_detail(void **state)
{
    asl__augment_scratch scratch = {0};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t i = 0; i < BYTES; i++)
        pixels[i] = (i / 3 + i / 3 / SIDE) % 2 ? 255 : 0;
    assert_ok(asl__augment_rescale(&canvas, &scratch, 4, &err), &err);
    for (int32_t i = 0; i < BYTES; i++)
        assert_in_range(pixels[i], 127, 128);
    asl__augment_scratch_free(&scratch);
    assert_no_memory_used();
}

/* --- sums over neighbours ---------------------------------------------------------------- */

static void dot(void)
{
    fill(0, 0, 0);
    memset(pixels + (48 * SIDE + 48) * 3, 255, 3);
}

/* Mean square distance of the light from the dot, along x and y; and all of the light. */
static double spread(double *across, double *down)
{
    double sum = 0;
    *across = *down = 0;
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++) {
            const double light = pixels[(y * SIDE + x) * 3] / 255.0;
            sum += light;
            *across += light * (x - 48) * (x - 48);
            *down += light * (y - 48) * (y - 48);
        }
    *across /= sum;
    *down /= sum;
    return sum;
}

static void blur_has_its_width(void **state)
{
    asl__scratch scratch = {0};
    asl_error err = ASL_ERROR_INIT;
    double across, down;
    (void)state;
    for (int32_t i = 1; i <= 4; i++) {
        const double sigma = 0.5 * i;
        for (int32_t j = 0; j < BYTES; j++) /* a white bar, to see more than 8 bits of a dot */
            pixels[j] = j / 3 % SIDE == 48 ? 255 : 0;
        assert_ok(asl__augment_blur(&canvas, &scratch, (float)sigma, &err), &err);
        const double light = spread(&across, &down);
        assert_true(fabs(light / SIDE - 1) < 0.04);
        assert_true(fabs(sqrt(across) / sigma - 1) < 0.12);
    }
    dot();
    assert_ok(asl__augment_blur(&canvas, &scratch, 1, &err), &err);
    spread(&across, &down);
    assert_true(fabs(across - down) < 0.02);
    fill(9, 99, 255);
    assert_ok(asl__augment_blur(&canvas, &scratch, 50, &err), &err); /* as far as it goes */
    assert_pixel(0, 9, 99, 255);
    assert_pixel(SIDE * SIDE - 1, 9, 99, 255);
    asl__free(scratch.memory);
}

static void motion_draws_a_line(void **state)
{
    asl__scratch scratch = {0};
    asl_error err = ASL_ERROR_INIT;
    double across, down;
    (void)state;
    dot();
    assert_ok(asl__augment_motion(&canvas, &scratch, 5, 0, &err), &err);
    for (int32_t x = -3; x <= 3; x++) /* 128 / 5 is 25 or 26 */
        assert_in_range(pixels[(48 * SIDE + 48 + x) * 3], x * x <= 4 ? 50 : 0, x * x <= 4 ? 52 : 0);
    dot();
    assert_ok(asl__augment_motion(&canvas, &scratch, 9, 0.78539816F, &err), &err);
    spread(&across, &down);
    assert_true(across > 3 && fabs(across - down) < 0.2);
    dot();
    assert_ok(asl__augment_motion(&canvas, &scratch, 1000, 1.57079633F, &err), &err);
    spread(&across, &down);
    assert_true(across < 1e-9 && down > 40); /* 25 pixels at most */
    asl__free(scratch.memory);
}

static void texture_keeps_flat_colours(void **state)
{
    asl__scratch scratch = {0};
    asl_error err = ASL_ERROR_INIT;
    asl__draw grain = {4};
    static uint8_t before[BYTES];
    (void)state;
    for (int32_t i = 0; i < 100; i++) {
        fill(255, 128, 3);
        assert_ok(asl__augment_texture(&canvas, &scratch, (float)i / 99, &grain, &err), &err);
        assert_pixel(SIDE + 1, 255, 128, 3);
        for (int32_t j = 0; j < BYTES; j++) /* black and white, the most that sums can be */
            pixels[j] = j / 3 % 7 < 3 ? 255 : 0;
        memcpy(before, pixels, BYTES);
        const double middle = mean();
        assert_ok(asl__augment_texture(&canvas, &scratch, (float)i / 99, &grain, &err), &err);
        assert_true(fabs(mean() - middle) < 45); /* what was cut off at black and white */
        if (i == 0)
            assert_memory_equal(before, pixels, BYTES);
        if (i > 30)
            assert_memory_not_equal(before, pixels, BYTES);
    }
    asl__free(scratch.memory);
}

/* --- JPEG -------------------------------------------------------------------------------- */

static double distance(const uint8_t *a, const uint8_t *b, int32_t count)
{
    double sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += abs(a[i] - b[i]);
    return sum / count;
}

/* Hands have both: soft shades, and here and there an edge. */
static void fill_hand(void)
{
    fill_smooth();
    for (int32_t y = 20; y < 70; y++)
        memset(pixels + (y * SIDE + 25 + y / 3) * 3, 210, 20 * 3);
}

static void compares_with_the_real_thing(void **state)
{
    static uint8_t before[BYTES];
    double last = 100;
    (void)state;
    fill_hand();
    memcpy(before, pixels, BYTES);
    for (int32_t quality = 15; quality <= 95; quality += 20) {
        asl_error err = ASL_ERROR_INIT;
        const asl_image_view view = {before, SIDE, SIDE, SIDE * 3, ASL_FORMAT_RGB24, 0};
        asl_image *real = NULL;
        void *data = NULL;
        size_t size = 0;
        assert_ok(asl_image_encode(&data, &size, &view, ASL_ENCODING_JPEG, quality, &err), &err);
        assert_ok(asl_image_decode(&real, data, size, NULL, &err), &err);
        memcpy(pixels, before, BYTES);
        asl__augment_jpeg(&canvas, quality);
        const double ours = distance(pixels, before, BYTES);
        const double theirs = distance(asl_image_pixels(real), before, BYTES);
        const double apart = distance(pixels, asl_image_pixels(real), BYTES);
        print_message("quality %d: loses %.2f levels, a file %.2f, %.2f apart\n", quality, ours,
                      theirs, apart);
        assert_true(ours < last);
        assert_true(apart < 0.6 * theirs + 1.0); /* a decoder smooths the colours of neighbours */
        last = ours;
        asl_image_free(real);
        asl_free(data);
    }
}

static void jpeg_of_any_size(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 20; i++) {
        const asl__canvas part = {pixels, 1 + i, 37 - i};
        const size_t bytes = (size_t)(part.width * part.height * 3);
        fill(200, 90, 40);
        pixels[bytes] = 1;
        asl__augment_jpeg(&part, 100);
        for (int32_t j = 0; j < part.width * part.height; j++)
            assert_pixel((size_t)j, 200, 90, 40);
        assert_int_equal(pixels[bytes], 1);
        asl__augment_jpeg(&part, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_change_as_told),
        cmocka_unit_test(contrast_keeps_the_mean),
        cmocka_unit_test(exposure_is_bounded),
        cmocka_unit_test(extremes_do_not_wrap),
        cmocka_unit_test(noise_has_its_size),
        cmocka_unit_test(bright_light_is_noisier),
        cmocka_unit_test(erases_its_area),
        cmocka_unit_test(rescaling_loses_detail),
        cmocka_unit_test(blur_has_its_width),
        cmocka_unit_test(motion_draws_a_line),
        cmocka_unit_test(texture_keeps_flat_colours),
        cmocka_unit_test(compares_with_the_real_thing),
        cmocka_unit_test(jpeg_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
