/* SPDX-License-Identifier: MIT */
/* Decoding: what is read and to which pixels, what is refused as another kind, limits, files. */
#include "image/image.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "pictures.h"
#include "seeds.inc"

/* PNG is exact. JPEG decoders may differ in how they round the inverse DCT and spread chroma; two
 * good ones were seen to differ by 3 levels on photographs, by more across the sharp chroma edges
 * that 4:2:0 leaves, and these gradients have none. */
enum { JPEG_TOLERANCE = 4 };

static void seeds_give_their_pixels(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        const struct seed *seed = &seeds[i];
        const int32_t tolerance = strncmp(seed->name, "jpeg", 4) == 0 ? JPEG_TOLERANCE : 0;
        asl_image *image = NULL;
        if (asl_image_decode(&image, seed->data, seed->size, NULL, &err) != ASL_OK)
            fail_msg("%s: %s", seed->name, err.message);
        const asl_image_view view = asl_image_get_view(image);
        assert_int_equal(view.width, seed->width);
        assert_int_equal(view.height, seed->height);
        assert_int_equal(view.format, ASL_FORMAT_RGB24);
        for (int32_t j = 0; j < seed->width * seed->height * 3; j++)
            if (abs(view.pixels[j] - seed->pixels[j]) > tolerance)
                fail_msg("%s: byte %d is %d, not %d", seed->name, j, view.pixels[j],
                         seed->pixels[j]);
        asl_image_free(image);
    }
    assert_no_memory_used();
}

static void other_kinds_are_named(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof foreigns / sizeof *foreigns; i++) {
        const struct foreign *file = &foreigns[i];
        asl_image *image = NULL;
        assert_status(asl_image_decode(&image, file->data, file->size, NULL, &err),
                      ASL_ERR_UNSUPPORTED, &err);
        assert_null(image);
        if (strcmp(file->name, "TGA") == 0) /* has no mark to know it by */
            assert_non_null(strstr(err.message, "neither"));
        else
            assert_non_null(strstr(err.message, file->name));
    }
    assert_int_equal(decode_bad((const uint8_t *)"hello, world", 12), ASL_ERR_UNSUPPORTED);
    assert_int_equal(decode_bad((const uint8_t *)"", 0), ASL_ERR_TRUNCATED);
}

static void sniffing_needs_only_the_beginning(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_ok(asl__image_sniff("\xff\xd8\xff\xe0", 4, &err), &err);
    assert_ok(asl__image_sniff("\x89PNG\r\n\x1a\n", 8, &err), &err);
    assert_status(asl__image_sniff("\xff\xd8", 2, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(asl__image_sniff("\x89PNG", 4, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(asl__image_sniff("", 0, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(asl__image_sniff("GIF89a", 6, &err), ASL_ERR_UNSUPPORTED, &err);
    assert_status(asl__image_sniff("x", 1, &err), ASL_ERR_UNSUPPORTED, &err);
}

/* Variants of JPEG, made by changing what the frame header of a good file says. */
static void jpeg_variants_are_refused(void **state)
{
    static const uint8_t markers[] = {0xc3, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9,
                                      0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf};
    uint8_t copy[sizeof seed_jpeg_baseline];
    size_t frame = 2;
    (void)state;
    memcpy(copy, seed_jpeg_baseline, sizeof copy);
    while (copy[frame + 1] != 0xc0)
        frame += 2 + (size_t)(copy[frame + 2] << 8 | copy[frame + 3]);
    for (size_t i = 0; i < sizeof markers; i++) {
        copy[frame + 1] = markers[i];
        assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_UNSUPPORTED);
    }
    copy[frame + 1] = 0xc1;
    copy[frame + 4] = 12;
    assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_UNSUPPORTED);
    copy[frame + 4] = 8;
    copy[frame + 9] = 2;
    assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_UNSUPPORTED);
    copy[frame + 9] = 3;
    copy[frame + 11] = 0x31; /* luma 3x1 against chroma 2x1 */
    copy[frame + 14] = 0x21;
    assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_UNSUPPORTED);
    memcpy(copy + frame + 5, "\0\0\0\x13", 4);
    assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_IMAGE);
    memcpy(copy + frame + 5, "\0\x11\0\0", 4);
    assert_int_equal(decode_bad(copy, sizeof copy), ASL_ERR_IMAGE);
}

static void limits_hold(void **state)
{
    const struct {
        int32_t max_side;
        int64_t max_pixels, max_bytes;
        asl_status expected;
    } cases[] = {
        {11, 99, sizeof seed_png_rgb8, ASL_OK},
        {10, 99, sizeof seed_png_rgb8, ASL_ERR_LIMIT},
        {11, 98, sizeof seed_png_rgb8, ASL_ERR_LIMIT},
        {11, 99, sizeof seed_png_rgb8 - 1, ASL_ERR_LIMIT},
        {0, 99, 1000, ASL_ERR_ARG},
        {32769, 99, 1000, ASL_ERR_ARG},
        {11, 0, 1000, ASL_ERR_ARG},
        {11, INT64_MAX, 1000, ASL_ERR_ARG},
        {11, 99, 0, ASL_ERR_ARG},
        {11, 99, INT64_MAX, ASL_ERR_ARG},
    };
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    test_write_file("limits.png", seed_png_rgb8, sizeof seed_png_rgb8);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_decode_options options;
        asl_image *image = NULL;
        asl_decode_options_init(&options, sizeof options);
        options.max_side = cases[i].max_side;
        options.max_pixels = cases[i].max_pixels;
        options.max_bytes = cases[i].max_bytes;
        assert_int_equal(
            asl_image_decode(&image, seed_png_rgb8, sizeof seed_png_rgb8, &options, &err),
            cases[i].expected);
        asl_image_free(image);
        assert_int_equal(asl_image_load(&image, "limits.png", &options, &err), cases[i].expected);
        asl_image_free(image);
    }
    asl_decode_options jpeg;
    asl_image *image = NULL;
    asl_decode_options_init(&jpeg, sizeof jpeg);
    jpeg.max_side = 18;
    assert_status(
        asl_image_decode(&image, seed_jpeg_baseline, sizeof seed_jpeg_baseline, &jpeg, &err),
        ASL_ERR_LIMIT, &err);
}

static void options_are_checked(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    asl_decode_options options;
    (void)state;
    asl_decode_options_init(&options, sizeof options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_int_equal(options.max_side, 32768);
    assert_int_equal(options.max_pixels, 64 << 20);
    assert_int_equal(options.max_bytes, 256 << 20);
    options.ignore_orientation = 2;
    assert_status(asl_image_decode(&image, "x", 1, &options, &err), ASL_ERR_ARG, &err);
    options.ignore_orientation = 0;
    options.reserved = 1;
    assert_status(asl_image_decode(&image, "x", 1, &options, &err), ASL_ERR_ARG, &err);
    options.struct_size = 0;
    assert_status(asl_image_load(&image, "x", &options, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_decode(NULL, "x", 1, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_decode(&image, NULL, 1, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_decode(&image, NULL, 0, NULL, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(asl_image_load(NULL, "x", NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_image_load(&image, NULL, NULL, &err), ASL_ERR_ARG, &err);
}

/* A JPEG for a smaller use: what is left is above `side`, looks the same and is right way up. */
static void jpegs_shrink(void **state)
{
    static const struct {
        int32_t side, shrink;
    } cases[] = {{0, 1}, {83, 1}, {41, 1}, {40, 2}, {20, 2}, {19, 4}, {10, 4}, {9, 8}, {1, 8}};
    asl_error err = ASL_ERROR_INIT;
    asl_image *picture = make_smooth_picture(100, 83);
    file_bytes files[] = {make_file(picture, ASL_ENCODING_JPEG, 95),
                          make_file(picture, ASL_ENCODING_PNG, 0)};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t kind = 0; kind < 2; kind++) {
            const int32_t by = HAVE_LIBJPEG && kind == 0 ? cases[i].shrink : 1;
            asl_image *shrunk = NULL, *small[2];
            assert_ok(asl__image_decode_shrunk(&shrunk, files[kind].data, files[kind].size,
                                               cases[i].side, NULL, &err),
                      &err);
            const asl_image_view views[] = {asl_image_get_view(shrunk),
                                            asl_image_get_view(picture)};
            assert_int_equal(views[0].width, (100 + by - 1) / by);
            assert_int_equal(views[0].height, (83 + by - 1) / by);
            for (int32_t k = 0; k < 2; k++)
                assert_ok(asl_image_resize(&small[k], &views[k], NULL, 6, 5, &err), &err);
            /* By 8 the last of the 104 columns and 88 rows are made up. */
            assert_true(picture_distance(small[0], small[1]) <= (by == 8 ? 8 : JPEG_TOLERANCE));
            asl_image_free(small[0]);
            asl_image_free(small[1]);
            asl_image_free(shrunk);
        }
    asl_free(files[0].data);
    asl_free(files[1].data);
    asl_image_free(picture);
    assert_no_memory_used();
}

static void files(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    (void)state;
    test_write_file("a.jpg", seed_png_rgb8, sizeof seed_png_rgb8); /* content decides */
    test_write_file("empty.png", "", 0);
    test_make_folder("folder.png");
    assert_ok(asl_image_load(&image, "a.jpg", NULL, &err), &err);
    asl_image_free(image);
    assert_status(asl_image_load(&image, "empty.png", NULL, &err), ASL_ERR_TRUNCATED, &err);
    assert_status(asl_image_load(&image, "missing.png", NULL, &err), ASL_ERR_NOT_FOUND, &err);
    assert_non_null(strstr(err.message, "missing.png"));
    assert_status(asl_image_load(&image, "folder.png", NULL, &err), ASL_ERR_PATH, &err);
    assert_null(image);
    assert_no_memory_used();
}

static void a_fifo_does_not_block(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    (void)state;
    remove("fifo.png");
    assert_int_equal(mkfifo("fifo.png", 0600), 0);
    assert_status(asl_image_load(&image, "fifo.png", NULL, &err), ASL_ERR_PATH, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_give_their_pixels),
        cmocka_unit_test(other_kinds_are_named),
        cmocka_unit_test(sniffing_needs_only_the_beginning),
        cmocka_unit_test(jpeg_variants_are_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(jpegs_shrink),
        cmocka_unit_test(files),
        cmocka_unit_test(a_fifo_does_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
