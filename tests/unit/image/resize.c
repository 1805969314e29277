/* SPDX-License-Identifier: MIT */
/* Scaling against OpenCV's results (tests/golden/resize_golden.py), formats and regions. */
#include "image/image.h"

#include <stdlib.h>

#include "pictures.h"
#include "resize_golden.inc"

static asl_image *resized(const asl_image_view *view, const asl_rect *region, int32_t width,
                          int32_t height)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *out = NULL;
    assert_ok(asl_image_resize(&out, view, region, width, height, &err), &err);
    return out;
}

/* The bilinear path repeats OpenCV's integer steps; areas are exact here and float there, which
 * may round a half the other way. The interface promises one level for both. */
static void agrees_with_opencv(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const struct golden *golden = &goldens[i];
        asl_image *from = make_picture(golden->from_width, golden->from_height);
        const asl_image_view view = asl_image_get_view(from);
        asl_image *to = resized(&view, NULL, golden->width, golden->height);
        const size_t row_bytes = (size_t)golden->width * 3;
        const int32_t tolerance =
            golden->from_width > 2 * golden->width && golden->from_height > 2 * golden->height ? 1
                                                                                               : 0;
        const uint8_t *expected = golden->rows;
        for (int32_t y = 0; y < golden->height; y += golden->row_step, expected += row_bytes) {
            const uint8_t *row = asl_image_pixels(to) + (size_t)y * row_bytes;
            for (size_t j = 0; j < row_bytes; j++)
                if (abs(row[j] - expected[j]) > tolerance)
                    fail_msg("%dx%d to %dx%d: row %d byte %zu is %d, not %d", golden->from_width,
                             golden->from_height, golden->width, golden->height, y, j, row[j],
                             expected[j]);
        }
        asl_image_free(from);
        asl_image_free(to);
    }
    assert_no_memory_used();
}

static void same_size_is_a_copy(void **state)
{
    asl_image *from = make_picture(33, 21);
    const asl_image_view view = asl_image_get_view(from);
    asl_image *to = resized(&view, NULL, 33, 21);
    (void)state;
    assert_int_equal(picture_distance(from, to), 0);
    asl_image_free(from);
    asl_image_free(to);
}

/* Every way of scaling one colour gives that colour, at sizes that stress the weights. */
static void one_colour_stays(void **state)
{
    static const int32_t sides[] = {1, 2, 3, 7, 31, 64, 97, 255, 256};
    (void)state;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t j = 0; j < sizeof sides / sizeof *sides; j++) {
            asl_error err = ASL_ERROR_INIT;
            asl_image *from = NULL;
            assert_ok(asl_image_create(&from, sides[i], sides[i], ASL_FORMAT_RGB24, &err), &err);
            memset(asl_image_pixels(from), 255, (size_t)(sides[i] * sides[i] * 3));
            const asl_image_view view = asl_image_get_view(from);
            asl_image *to = resized(&view, NULL, sides[j], sides[j]);
            for (int32_t k = 0; k < sides[j] * sides[j] * 3; k++)
                assert_int_equal(asl_image_pixels(to)[k], 255);
            asl_image_free(from);
            asl_image_free(to);
        }
}

/* A region scales as a picture of its own would, for any format and both methods. */
static void regions_and_formats(void **state)
{
    static const int32_t sizes[][2] = {{50, 40}, {30, 25}, {9, 7}, {36, 26}};
    const asl_rect region = {13, 6, 36, 26};
    asl_image *colour = make_picture(64, 48);
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_I420; format++) {
        asl_image *owned = NULL, *cut = NULL;
        const asl_image_view plain = asl_image_get_view(colour);
        asl_image_view view = {plain.pixels, 64, 48, 64, format, 0}; /* noise as planes */
        if (format <= ASL_FORMAT_GRAY8) {
            assert_ok(asl_image_convert(&owned, &plain, NULL, format, &err), &err);
            view = asl_image_get_view(owned);
        } else if (format == ASL_FORMAT_YUYV) {
            view.stride = 128;
        }
        assert_ok(asl_image_convert(&cut, &view, &region, ASL_FORMAT_RGB24, &err), &err);
        const asl_image_view alone = asl_image_get_view(cut);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            asl_image *a = resized(&view, &region, sizes[i][0], sizes[i][1]);
            asl_image *b = resized(&alone, NULL, sizes[i][0], sizes[i][1]);
            assert_int_equal(picture_distance(a, b), 0);
            asl_image_free(a);
            asl_image_free(b);
        }
        asl_image_free(owned);
        asl_image_free(cut);
    }
    asl_image_free(colour);
    assert_no_memory_used();
}

/* The largest sides there are, where the arithmetic is nearest to its limits. */
static void extreme_sides(void **state)
{
    static uint8_t white[32768];
    memset(white, 255, sizeof white);
    const asl_image_view wide = {white, 32768, 1, 32768, ASL_FORMAT_GRAY8, 0};
    const asl_image_view tall = {white, 1, 32768, 1, ASL_FORMAT_GRAY8, 0};
    const asl_image_view both = {white, 128, 256, 128, ASL_FORMAT_GRAY8, 0};
    const struct {
        const asl_image_view *view;
        int32_t width, height;
    } cases[] = {{&wide, 16383, 1}, {&wide, 1, 1}, {&tall, 1, 32767}, {&tall, 3, 16383},
                 {&both, 63, 127},  {&both, 1, 1}, {&both, 32768, 1}, {&both, 1, 32768}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_image *to = resized(cases[i].view, NULL, cases[i].width, cases[i].height);
        for (int32_t k = 0; k < cases[i].width * cases[i].height * 3; k++)
            assert_int_equal(asl_image_pixels(to)[k], 255);
        asl_image_free(to);
    }
}

static void into_memory_of_the_caller(void **state)
{
    enum { W = 20, H = 10 };
    uint8_t out[W * H * 3 + 1];
    asl_image *from = make_picture(33, 21);
    const asl_image_view view = asl_image_get_view(from);
    asl_error err = ASL_ERROR_INIT;
    asl_image *expected = resized(&view, NULL, W, H);
    (void)state;
    out[W * H * 3] = 0x5a;
    assert_ok(asl__resize_rgb(out, W, H, &view, NULL, &err), &err);
    assert_memory_equal(out, asl_image_pixels(expected), W * H * 3);
    assert_int_equal(out[W * H * 3], 0x5a);
    asl_image_free(from);
    asl_image_free(expected);
}

static void bad_arguments(void **state)
{
    static const uint8_t pixels[12];
    const asl_image_view view = {pixels, 2, 2, 6, ASL_FORMAT_RGB24, 0};
    const asl_rect outside = {0, 0, 3, 2};
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = (asl_image *)&err;
    (void)state;
    assert_status(asl_image_resize(NULL, &view, NULL, 4, 4, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_resize(&image, NULL, NULL, 4, 4, &err), ASL_ERR_ARG, &err);
    assert_null(image);
    assert_status(asl_image_resize(&image, &view, &outside, 4, 4, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_resize(&image, &view, NULL, 0, 4, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_resize(&image, &view, NULL, 4, 32769, &err), ASL_ERR_ARG, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_opencv), cmocka_unit_test(same_size_is_a_copy),
        cmocka_unit_test(one_colour_stays),   cmocka_unit_test(regions_and_formats),
        cmocka_unit_test(extreme_sides),      cmocka_unit_test(into_memory_of_the_caller),
        cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
