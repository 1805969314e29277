/* SPDX-License-Identifier: MIT */
/* Encoding and saving: what comes back is what went in. */
#include "asl/image.h"

#include <dirent.h>

#include "pictures.h"

static asl_image *decoded(file_bytes file)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    assert_ok(asl_image_decode(&image, file.data, file.size, NULL, &err), &err);
    asl_free(file.data);
    return image;
}

static void png_round_trip_is_exact(void **state)
{
    static const int32_t sizes[][2] = {{1, 1}, {1, 40}, {40, 1}, {13, 7}, {200, 200}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        asl_image *image = make_picture(sizes[i][0], sizes[i][1]);
        asl_image *back = decoded(make_file(image, ASL_ENCODING_PNG, 0));
        assert_int_equal(picture_distance(image, back), 0);
        asl_image_free(image);
        asl_image_free(back);
    }
    assert_no_memory_used();
}

/* Gradients lose little: 6 levels at the default of 90 with halved chroma, 2 at 100. */
static void jpeg_round_trip_is_close(void **state)
{
    static const struct {
        int32_t quality, tolerance;
    } cases[] = {{0, 6}, {90, 6}, {100, 2}, {50, 12}, {1, 90}};
    asl_image *image = make_smooth_picture(61, 47);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_image *back = decoded(make_file(image, ASL_ENCODING_JPEG, cases[i].quality));
        const int32_t distance = picture_distance(image, back);
        if (distance > cases[i].tolerance)
            fail_msg("quality %d: off by %d", cases[i].quality, distance);
        asl_image_free(back);
    }
    asl_image_free(image);
}

/* Every format can be written; the file shows what the conversion to R,G,B shows. */
static void every_format_can_be_written(void **state)
{
    static const uint8_t pixels[] = {200, 100, 50, 255, 120, 130, 140, 128, 20,  90, 70,  0,
                                     60,  150, 30, 77,  90,  200, 160, 40,  110, 70, 220, 10};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (int32_t format = ASL_FORMAT_RGB24; format <= ASL_FORMAT_I420; format++) {
        const asl_image_view view = {pixels, 2, 2, 8, format, 0};
        asl_image *expected = NULL;
        assert_ok(asl_image_convert(&expected, &view, NULL, ASL_FORMAT_RGB24, &err), &err);
        for (int32_t encoding = ASL_ENCODING_PNG; encoding <= ASL_ENCODING_JPEG; encoding++) {
            file_bytes file = {NULL, 0};
            void *data = NULL;
            assert_ok(asl_image_encode(&data, &file.size, &view, encoding, 100, &err), &err);
            file.data = data;
            asl_image *back = decoded(file);
            if (encoding == ASL_ENCODING_PNG)
                assert_int_equal(picture_distance(expected, back), 0);
            asl_image_free(back);
        }
        asl_image_free(expected);
    }
    assert_no_memory_used();
}

static int32_t entries(const char *folder)
{
    int32_t count = 0;
    DIR *handle = opendir(folder);
    assert_non_null(handle);
    while (readdir(handle) != NULL)
        count++;
    closedir(handle);
    return count - 2;
}

static void the_ending_decides(void **state)
{
    static const struct {
        const char *path;
        const char *magic; /* NULL: refused */
    } cases[] = {{"out/a.png", "\x89PNG"},      {"out/b.PNG", "\x89PNG"},
                 {"out/c.jpg", "\xff\xd8\xff"}, {"out/d.JPeG", "\xff\xd8\xff"},
                 {"out/e.gif", NULL},           {"out/png", NULL},
                 {"out/f.png ", NULL},          {"", NULL}};
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = make_picture(5, 4);
    const asl_image_view view = asl_image_get_view(image);
    (void)state;
    test_make_folder("out");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].magic == NULL) {
            assert_status(asl_image_save(&view, cases[i].path, 0, &err), ASL_ERR_UNSUPPORTED, &err);
            continue;
        }
        char head[4] = {0};
        assert_ok(asl_image_save(&view, cases[i].path, 0, &err), &err);
        FILE *file = fopen(cases[i].path, "rb");
        assert_non_null(file);
        assert_int_equal(fread(head, 1, 3, file), 3);
        fclose(file);
        assert_memory_equal(head, cases[i].magic, 3);
    }
    assert_int_equal(entries("out"), 4);
    asl_image_free(image);
}

static void a_failed_save_leaves_nothing(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = make_picture(5, 4);
    const asl_image_view view = asl_image_get_view(image);
    asl_image_view bad = view;
    (void)state;
    bad.stride = 1;
    test_make_folder("out");
    assert_status(asl_image_save(&bad, "out/a.png", 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_save(&view, "out/a.jpg", 101, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_save(&view, "missing/a.png", 0, &err), ASL_ERR_NOT_FOUND, &err);
    assert_int_equal(entries("out"), 0);
    asl_image_free(image);
    assert_no_memory_used();
}

static void bad_arguments(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = make_picture(5, 4);
    const asl_image_view view = asl_image_get_view(image);
    void *data = &err;
    size_t size = 1;
    (void)state;
    assert_status(asl_image_encode(NULL, &size, &view, 0, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_encode(&data, NULL, &view, 0, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_encode(&data, &size, NULL, 0, 0, &err), ASL_ERR_ARG, &err);
    assert_null(data);
    assert_int_equal(size, 0);
    assert_status(asl_image_encode(&data, &size, &view, 2, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_encode(&data, &size, &view, -1, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_encode(&data, &size, &view, 1, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_encode(&data, &size, &view, 1, 101, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_save(&view, NULL, 0, &err), ASL_ERR_ARG, &err);
    const asl_image_view huge = {view.pixels, 32768, 32768, 32768 * 3, ASL_FORMAT_RGB24, 0};
    assert_status(asl_image_encode(&data, &size, &huge, 0, 0, &err), ASL_ERR_ARG, &err);
    asl_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_round_trip_is_exact),      cmocka_unit_test(jpeg_round_trip_is_close),
        cmocka_unit_test(every_format_can_be_written),  cmocka_unit_test(the_ending_decides),
        cmocka_unit_test(a_failed_save_leaves_nothing), cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
