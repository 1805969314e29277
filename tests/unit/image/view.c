/* SPDX-License-Identifier: MIT */
/* Views, regions, and pictures that the library owns. */
#include "image/image.h"

#include "pictures.h"

static const uint8_t some_pixels[4096];

static asl_image_view make_view(int32_t format, int32_t width, int32_t height, int64_t stride)
{
    return (asl_image_view){some_pixels, width, height, stride, format, 0};
}

static void every_format_has_its_least_stride(void **state)
{
    static const int32_t bytes[] = {3, 3, 4, 4, 1, 2, 1, 1};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_I420; format++) {
        const int64_t least = 6 * bytes[format];
        asl_image_view view = make_view(format, 6, 4, least);
        assert_ok(asl__view_check(&view, NULL, &err), &err);
        view.stride = least + 10;
        assert_ok(asl__view_check(&view, NULL, &err), &err);
        view.stride = least - 1;
        assert_status(asl__view_check(&view, NULL, &err), ASL_ERR_ARG, &err);
        view.stride = -least;
        assert_status(asl__view_check(&view, NULL, &err), ASL_ERR_ARG, &err);
        view.stride = INT64_MAX;
        assert_status(asl__view_check(&view, NULL, &err), ASL_ERR_ARG, &err);
    }
}

static void chroma_needs_even_sizes(void **state)
{
    static const struct {
        int32_t format, width, height;
        int64_t stride;
        asl_status expected;
    } cases[] = {
        {ASL_FORMAT_YUYV, 5, 3, 10, ASL_ERR_ARG}, {ASL_FORMAT_YUYV, 4, 3, 9, ASL_OK},
        {ASL_FORMAT_NV12, 5, 4, 6, ASL_ERR_ARG},  {ASL_FORMAT_NV12, 4, 3, 4, ASL_ERR_ARG},
        {ASL_FORMAT_NV12, 4, 4, 5, ASL_OK},       {ASL_FORMAT_I420, 4, 3, 4, ASL_ERR_ARG},
        {ASL_FORMAT_I420, 4, 4, 5, ASL_ERR_ARG},  {ASL_FORMAT_I420, 4, 4, 6, ASL_OK},
        {ASL_FORMAT_GRAY8, 5, 3, 5, ASL_OK},
    };
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const asl_image_view view =
            make_view(cases[i].format, cases[i].width, cases[i].height, cases[i].stride);
        assert_int_equal(asl__view_check(&view, NULL, &err), cases[i].expected);
    }
}

static void bad_views_are_refused(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view good = make_view(ASL_FORMAT_RGB24, 6, 4, 18);
    asl_image_view bad = good;
    (void)state;
    assert_status(asl__view_check(NULL, NULL, &err), ASL_ERR_ARG, &err);
    bad.pixels = NULL;
    assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
    bad = good;
    bad.format = 8;
    assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
    bad.format = -1;
    assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
    bad = good;
    bad.reserved = 1;
    assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
    static const int32_t sides[] = {0, -1, 32769, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        bad = make_view(ASL_FORMAT_GRAY8, sides[i], 1, 32769);
        assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
        bad = make_view(ASL_FORMAT_GRAY8, 1, sides[i], 1);
        assert_status(asl__view_check(&bad, NULL, &err), ASL_ERR_ARG, &err);
    }
    assert_non_null(strstr(err.message, "height"));
}

static void regions_stay_inside(void **state)
{
    static const asl_rect good[] = {{0, 0, 6, 4}, {5, 3, 1, 1}, {2, 1, 3, 2}};
    static const asl_rect bad[] = {
        {0, 0, 0, 1},
        {0, 0, 1, 0},
        {-1, 0, 2, 2},
        {0, -1, 2, 2},
        {0, 0, 7, 4},
        {0, 0, 6, 5},
        {6, 0, 1, 1},
        {0, 4, 1, 1},
        {1, 0, INT32_MAX, 1},
        {0, 1, 1, INT32_MAX},
        {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX},
        {INT32_MIN, 0, 1, 1},
        {0, 0, -1, -1},
    };
    const asl_image_view view = make_view(ASL_FORMAT_RGB24, 6, 4, 18);
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(asl__view_check(&view, &good[i], &err), &err);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status(asl__view_check(&view, &bad[i], &err), ASL_ERR_ARG, &err);
}

static void new_pictures_are_black(void **state)
{
    static const int32_t bytes[] = {3, 3, 4, 4, 1};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_GRAY8; format++) {
        asl_image *image = NULL;
        assert_ok(asl_image_create(&image, 5, 7, format, &err), &err);
        const asl_image_view view = asl_image_get_view(image);
        assert_ok(asl__view_check(&view, NULL, &err), &err);
        assert_ptr_equal(view.pixels, asl_image_pixels(image));
        assert_int_equal(view.stride, 5 * bytes[format]);
        for (int64_t i = 0; i < view.stride * view.height; i++)
            assert_int_equal(view.pixels[i], 0);
        asl_image_free(image);
    }
    assert_no_memory_used();
}

static void impossible_pictures_are_refused(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = (asl_image *)&err;
    (void)state;
    assert_status(asl_image_create(NULL, 1, 1, ASL_FORMAT_RGB24, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_create(&image, 0, 1, ASL_FORMAT_RGB24, &err), ASL_ERR_ARG, &err);
    assert_null(image);
    assert_status(asl_image_create(&image, 1, 32769, ASL_FORMAT_RGB24, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_create(&image, 2, 2, ASL_FORMAT_YUYV, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_create(&image, 2, 2, 99, &err), ASL_ERR_ARG, &err);
    assert_null(asl_image_pixels(NULL));
    assert_null(asl_image_get_view(NULL).pixels);
    asl_image_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_has_its_least_stride),
        cmocka_unit_test(chroma_needs_even_sizes),
        cmocka_unit_test(bad_views_are_refused),
        cmocka_unit_test(regions_stay_inside),
        cmocka_unit_test(new_pictures_are_black),
        cmocka_unit_test(impossible_pictures_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
