/* SPDX-License-Identifier: MIT */
/* asl_augmentation_apply(): a pure function of its arguments, with known answers where there are.
 */
#include "image/augment.h"

#include <stdlib.h>

#include "pictures.h"

enum { SIDE = 48, BYTES = SIDE * SIDE * 3 };

/* Every ingredient, so that nothing can hide. */
static const char everything[] =
    "{\"rotation\": 20, \"rotation_limit\": 40, \"scale\": [0.5, 1.5], \"shift\": 0.2, \"shear\": "
    "12,"
    " \"aspect\": 1.2, \"perspective\": 0.2, \"mirror\": 0.5, \"border_reflect\": 0.3,"
    " \"border_fill\": 0.3, \"background\": 0.5, \"texture\": 0.5, \"brightness\": [0.5, 2], "
    "\"contrast\": [0.5, 2],"
    " \"saturation\": [0, 2], \"hue\": 60, \"gain\": [0.7, 1.4], \"gamma\": [0.5, 2], \"grey\": "
    "0.1,"
    " \"low_light\": 0.3, \"noise\": 0.5, \"erase\": 0.5, \"blur\": 0.5, \"motion\": 0.5,"
    " \"rescale\": 0.5, \"jpeg\": 0.5, \"negative\": 0.3}";

static asl_augmentation *make(const char *text)
{
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *made = NULL;
    assert_ok(asl_augmentation_create(&made, text, &err), &err);
    return made;
}

/* Something before a wall, which can be replaced. */
static asl_image *make_square(int32_t width, int32_t height)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *out = NULL;
    assert_ok(asl_image_create(&out, width, height, ASL_FORMAT_RGB24, &err), &err);
    uint8_t *pixel = asl_image_pixels(out);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++, pixel += 3) {
            const bool square = abs(4 * x - 2 * width) < width && abs(4 * y - 2 * height) < height;
            for (int32_t c = 0; c < 3; c++)
                pixel[c] = (uint8_t)((square ? 60 : 180) + x / 4 + 10 * c);
        }
    return out;
}

static int32_t apply(uint8_t *out, const asl_augmentation *a, const asl_image_view *view,
                     int32_t width, int32_t height, int64_t sample)
{
    asl_error err = ASL_ERROR_INIT;
    int32_t negative = -1;
    assert_ok(asl_augmentation_apply(out, &negative, a, view, width, height, 7, 3, sample, &err),
              &err);
    return negative;
}

static void same_arguments_give_the_same_bits(void **state)
{
    enum { COUNT = 60 };
    static uint8_t forwards[COUNT][BYTES], backwards[COUNT][BYTES];
    asl_augmentation *a = make(everything);
    asl_image *picture = make_smooth_picture(90, 70);
    const asl_image_view view = asl_image_get_view(picture);
    asl__augment_scratch scratch = {0};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t i = 0; i < COUNT; i++)
        apply(forwards[i], a, &view, SIDE, SIDE, i);
    for (int32_t i = COUNT - 1; i >= 0; i--) /* in memory that others have used */
        assert_ok(
            asl__augment_in(&scratch, backwards[i], NULL, a, &view, SIDE, SIDE, 7, 3, i, &err),
            &err);
    assert_memory_equal(forwards, backwards, sizeof forwards);
    for (int32_t i = 1; i < COUNT; i++)
        assert_memory_not_equal(forwards[0], forwards[i], BYTES);
    asl__augment_scratch_free(&scratch);
    asl_image_free(picture);
    asl_augmentation_free(a);
    assert_no_memory_used();
}

/* The bits of this machine are those of every other. The number changes with the work, never with
 * the compiler, its options or the processor. */
static void all_machines_agree(void **state)
{
    static uint8_t out[BYTES];
    asl_augmentation *a = make(everything);
    asl_image *pictures[] = {make_smooth_picture(90, 70), make_picture(150, 130),
                             make_square(100, 80)};
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    (void)state;
    for (int64_t i = 0; i < 300; i++) {
        const asl_image_view view = asl_image_get_view(pictures[i % 3]);
        apply(out, a, &view, SIDE, SIDE, i);
        for (int32_t j = 0; j < BYTES; j++)
            hash = (hash ^ out[j]) * 0x100000001b3u;
    }
    if (hash != 0x1dc4189ea1b5dc37u)
        fail_msg("the bits have changed: %016llx", (unsigned long long)hash);
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        asl_image_free(pictures[i]);
    asl_augmentation_free(a);
}

static void each_number_counts(void **state)
{
    static uint8_t first[BYTES], other[BYTES];
    static const struct {
        uint64_t seed;
        int64_t epoch, sample;
    } numbers[] = {{8, 3, 5}, {7, 4, 5}, {7, 3, 6}, {7 + ((uint64_t)1 << 40), 3, 5}};
    asl_augmentation *a = make("strong");
    asl_image *picture = make_smooth_picture(60, 60);
    const asl_image_view view = asl_image_get_view(picture);
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    apply(first, a, &view, SIDE, SIDE, 5);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_ok(asl_augmentation_apply(other, NULL, a, &view, SIDE, SIDE, numbers[i].seed,
                                         numbers[i].epoch, numbers[i].sample, &err),
                  &err);
        assert_memory_not_equal(first, other, BYTES);
    }
    asl_image_free(picture);
    asl_augmentation_free(a);
}

static void none_is_a_plain_resize(void **state)
{
    static const int32_t sizes[][2] = {{48, 48}, {20, 70}, {100, 9}, {1, 1}, {90, 70}};
    static uint8_t out[100 * 100 * 3];
    asl_augmentation *a = make("none");
    asl_image *picture = make_picture(90, 70);
    const asl_image_view view = asl_image_get_view(picture);
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        asl_image *plain = NULL;
        assert_int_equal(apply(out, a, &view, sizes[i][0], sizes[i][1], (int64_t)i), 0);
        assert_ok(asl_image_resize(&plain, &view, NULL, sizes[i][0], sizes[i][1], &err), &err);
        assert_memory_equal(out, asl_image_pixels(plain), (size_t)(sizes[i][0] * sizes[i][1] * 3));
        asl_image_free(plain);
    }
    asl_image_free(picture);
    asl_augmentation_free(a);
}

/* However small or narrow a picture is, or the result, and in every format: nothing is read or
 * written outside (the sanitizers look), and all formats of one picture give one result. */
static void any_size_and_format(void **state)
{
    static const int32_t from[][2] = {{1, 1}, {2, 2}, {1, 40}, {300, 2}, {64, 64}, {500, 380}};
    static const int32_t to[][2] = {{1, 1}, {3, 2}, {33, 47}, {130, 65}};
    asl_augmentation *a = make(everything);
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof from / sizeof *from * (sizeof to / sizeof *to); i++) {
        const int32_t *size = to[i % 4];
        const size_t bytes = (size_t)(size[0] * size[1] * 3);
        asl_image *picture = make_picture(from[i / 4][0], from[i / 4][1]), *bgr = NULL;
        const asl_image_view view = asl_image_get_view(picture);
        uint8_t *one = malloc(bytes), *two = malloc(bytes); /* exactly, for the sanitizers */
        assert_ok(asl_image_convert(&bgr, &view, NULL, ASL_FORMAT_BGRA32, &err), &err);
        const asl_image_view other = asl_image_get_view(bgr);
        for (int64_t sample = 0; sample < 12; sample++) {
            apply(one, a, &view, size[0], size[1], sample);
            apply(two, a, &other, size[0], size[1], sample);
            assert_memory_equal(one, two, bytes);
        }
        free(one);
        free(two);
        asl_image_free(picture);
        asl_image_free(bgr);
    }
    asl_augmentation_free(a);
    assert_no_memory_used();
}

/* So a network may be trained at one size and then at another: the small result is the large one
 * made smaller, but for what depends on single pixels. */
static void the_size_is_free(void **state)
{
    static uint8_t large[96 * 96 * 3], small[BYTES], shrunk[BYTES];
    asl_augmentation *a = make("{\"base\": \"strong\", \"noise\": 0, \"low_light\": 0, \"jpeg\": 0,"
                               " \"texture\": 0, \"rescale\": 0}");
    asl_image *picture = make_smooth_picture(160, 160);
    const asl_image_view view = asl_image_get_view(picture);
    const asl_image_view whole = {large, 96, 96, 96 * 3, ASL_FORMAT_RGB24, 0};
    asl_error err = ASL_ERROR_INIT;
    int64_t far = 0, total = 0;
    (void)state;
    for (int64_t sample = 0; sample < 60; sample++) {
        apply(large, a, &view, 96, 96, sample);
        apply(small, a, &view, SIDE, SIDE, sample);
        assert_ok(asl__resize_rgb(shrunk, SIDE, SIDE, &whole, NULL, &err), &err);
        for (int32_t i = 0; i < BYTES; i++, total++)
            far += abs(small[i] - shrunk[i]) > 12;
    }
    assert_true(far * 25 < total); /* 4 %: the outlines of what was erased and of the border */
    asl_image_free(picture);
    asl_augmentation_free(a);
}

static void negatives_are_told(void **state)
{
    static uint8_t out[BYTES], other[BYTES];
    asl_augmentation *never = make("strong");
    asl_augmentation *always = make("{\"base\": \"strong\", \"negative\": 1}");
    asl_image *picture = make_smooth_picture(60, 60);
    const asl_image_view view = asl_image_get_view(picture);
    (void)state;
    assert_false(asl__augmentation_makes_negatives(never));
    assert_true(asl__augmentation_makes_negatives(always));
    for (int64_t sample = 0; sample < 20; sample++) {
        assert_int_equal(apply(out, never, &view, SIDE, SIDE, sample), 0);
        assert_int_equal(apply(other, always, &view, SIDE, SIDE, sample), 1);
        assert_memory_not_equal(out, other, BYTES);
    }
    asl_image_free(picture);
    asl_augmentation_free(never);
    asl_augmentation_free(always);
}

static void refuses_bad_arguments(void **state)
{
    static uint8_t out[BYTES], source[12];
    asl_augmentation *a = make("strong");
    const asl_image_view view = {source, 2, 2, 6, ASL_FORMAT_RGB24, 0}, no_view = {0};
    asl_error err = ASL_ERROR_INIT;
    int32_t negative = 9;
    (void)state;
    const struct {
        uint8_t *out;
        const asl_augmentation *a;
        const asl_image_view *view;
        int32_t width, height;
        int64_t epoch, sample;
    } bad[] = {
        {NULL, a, &view, 4, 4, 0, 0}, {out, NULL, &view, 4, 4, 0, 0},
        {out, a, NULL, 4, 4, 0, 0},   {out, a, &no_view, 4, 4, 0, 0},
        {out, a, &view, 0, 4, 0, 0},  {out, a, &view, 4, 4097, 0, 0},
        {out, a, &view, 4, 4, -1, 0}, {out, a, &view, 4, 4, 0, -1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        negative = 9;
        assert_status(asl_augmentation_apply(bad[i].out, &negative, bad[i].a, bad[i].view,
                                             bad[i].width, bad[i].height, 0, bad[i].epoch,
                                             bad[i].sample, &err),
                      ASL_ERR_ARG, &err);
        assert_int_equal(negative, 0);
    }
    assert_null(asl_augmentation_text(NULL));
    asl_augmentation_free(NULL);
    asl_augmentation_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_arguments_give_the_same_bits),
        cmocka_unit_test(all_machines_agree),
        cmocka_unit_test(each_number_counts),
        cmocka_unit_test(none_is_a_plain_resize),
        cmocka_unit_test(any_size_and_format),
        cmocka_unit_test(the_size_is_free),
        cmocka_unit_test(negatives_are_told),
        cmocka_unit_test(refuses_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
