/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation in turn, once and for good: the call says so, leaves nothing
 * behind (the allocator checks), and works when memory is back. */
#include "asl/augment.h"
#include "asl/image.h"

#include "pictures.h"
#include "seeds.inc"

typedef asl_status (*action)(asl_error *err);

static asl_status decode_all(asl_error *err)
{
    asl_status status = ASL_OK;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds && status == ASL_OK; i++) {
        asl_image *image = NULL;
        status = asl_image_decode(&image, seeds[i].data, seeds[i].size, NULL, err);
        assert_true((status == ASL_OK) == (image != NULL));
        asl_image_free(image);
    }
    return status;
}

static asl_status load(asl_error *err)
{
    asl_image *image = NULL;
    const asl_status status = asl_image_load(&image, "faults.png", NULL, err);
    assert_true((status == ASL_OK) == (image != NULL));
    asl_image_free(image);
    return status;
}

static asl_status orient(asl_error *err)
{
    /* The smallest EXIF data that turn a picture, in front of the baseline seed. */
    static const uint8_t exif[] = {0xff, 0xd8, 0xff, 0xe1, 0,  30, 'E', 'x', 'i', 'f', 0,
                                   0,    'M',  'M',  0,    42, 0,  0,   0,   8,   0,   1,
                                   1,    0x12, 0,    3,    0,  0,  0,   1,   0,   6};
    uint8_t file[sizeof exif + 2 + sizeof seed_jpeg_baseline] = {0};
    asl_image *image = NULL;
    memcpy(file, exif, sizeof exif);
    memcpy(file + sizeof exif + 2, seed_jpeg_baseline + 2, sizeof seed_jpeg_baseline - 2);
    const asl_status status = asl_image_decode(&image, file, sizeof file - 2, NULL, err);
    if (status == ASL_OK)
        assert_int_equal(asl_image_get_view(image).width, 17); /* as high as it was stored */
    asl_image_free(image);
    return status;
}

static uint8_t pixels[64 * 64 * 2];

static asl_status convert(asl_error *err)
{
    const asl_image_view view = {pixels, 64, 64, 128, ASL_FORMAT_YUYV, 0};
    asl_image *image = NULL;
    const asl_status status = asl_image_convert(&image, &view, NULL, ASL_FORMAT_BGRA32, err);
    assert_true((status == ASL_OK) == (image != NULL));
    asl_image_free(image);
    return status;
}

static asl_status resize(asl_error *err)
{
    static const int32_t sides[] = {100, 40, 20, 64};
    const asl_image_view view = {pixels, 64, 64, 128, ASL_FORMAT_YUYV, 0};
    asl_status status = ASL_OK;
    for (size_t i = 0; i < sizeof sides / sizeof *sides && status == ASL_OK; i++) {
        asl_image *image = NULL;
        status = asl_image_resize(&image, &view, NULL, sides[i], sides[i], err);
        assert_true((status == ASL_OK) == (image != NULL));
        asl_image_free(image);
    }
    return status;
}

static asl_status encode(asl_error *err)
{
    static const int32_t formats[] = {ASL_FORMAT_GRAY8, ASL_FORMAT_YUYV, ASL_FORMAT_RGBA32};
    asl_status status = ASL_OK;
    for (int32_t i = 0; i < 6 && status == ASL_OK; i++) {
        const asl_image_view view = {pixels, 32, 32, 128, formats[i / 2], 0};
        void *data = NULL;
        size_t size = 0;
        status = asl_image_encode(&data, &size, &view, i % 2, 0, err);
        assert_true((status == ASL_OK) == (data != NULL));
        asl_free(data);
    }
    return status;
}

static asl_status vary(asl_error *err)
{
    static uint8_t out[40 * 40 * 3];
    const asl_image_view view = {pixels, 64, 64, 128, ASL_FORMAT_YUYV, 0};
    asl_augmentation *made = NULL;
    asl_status status = asl_augmentation_create(&made,
                                                "{\"base\": \"strong\", \"blur\": 1, \"motion\": 1,"
                                                " \"texture\": 1, \"rescale\": 1}",
                                                err);
    assert_true((status == ASL_OK) == (made != NULL));
    for (int64_t i = 0; i < 6 && status == ASL_OK; i++)
        status = asl_augmentation_apply(out, NULL, made, &view, 40, 40, 0, 0, i, err);
    asl_augmentation_free(made);
    return status;
}

/* Before a wall, so that something is put behind it. */
static asl_status change_background(asl_error *err)
{
    static uint8_t square[64 * 64 * 3], out[40 * 40 * 3];
    const asl_image_view view = {square, 64, 64, 192, ASL_FORMAT_RGB24, 0};
    asl_augmentation *made = NULL;
    memset(square, 200, sizeof square);
    for (int32_t y = 16; y < 48; y++)
        memset(square + (64 * y + 16) * 3, 60, 32 * 3);
    asl_status status = asl_augmentation_create(&made, "{\"background\": 1}", err);
    for (int64_t i = 0; i < 6 && status == ASL_OK; i++) {
        status = asl_augmentation_apply(out, NULL, made, &view, 40, 40, 0, 0, i, err);
        assert_true(status != ASL_OK || out[0] != 200 || out[1] != 200 || out[2] != 200);
    }
    asl_augmentation_free(made);
    return status;
}

static asl_status save(asl_error *err)
{
    const asl_image_view view = {pixels, 32, 32, 64, ASL_FORMAT_YUYV, 0};
    return asl_image_save(&view, "faults_out.png", 0, err);
}

static void fail_each_allocation(void **state)
{
    const action *act = *state;
    for (int for_good = 0; for_good < 2; for_good++) {
        int64_t fail_at = 1;
        for (bool done = false; !done; fail_at++) {
            asl_error err = ASL_ERROR_INIT;
            test_allocator_install(fail_at, for_good != 0);
            const asl_status status = (*act)(&err);
            done = test_allocator_count() < fail_at;
            test_allocator_remove();
            if (status != (done ? ASL_OK : ASL_ERR_NOMEM))
                fail_msg("allocation %lld: %s %s", (long long)fail_at, asl_status_name(status),
                         err.message);
            test_check_error(status, &err);
        }
        assert_true(fail_at > 2); /* something was allocated */
        print_message("%lld allocations\n", (long long)fail_at - 2);
    }
}

int main(void)
{
    static action actions[] = {decode_all, load, orient, convert,          resize,
                               encode,     save, vary,   change_background};
    const struct CMUnitTest tests[] = {
        {"decode", fail_each_allocation, NULL, NULL, &actions[0]},
        {"load", fail_each_allocation, NULL, NULL, &actions[1]},
        {"orient", fail_each_allocation, NULL, NULL, &actions[2]},
        {"convert", fail_each_allocation, NULL, NULL, &actions[3]},
        {"resize", fail_each_allocation, NULL, NULL, &actions[4]},
        {"encode", fail_each_allocation, NULL, NULL, &actions[5]},
        {"save", fail_each_allocation, NULL, NULL, &actions[6]},
        {"vary", fail_each_allocation, NULL, NULL, &actions[7]},
        {"change_background", fail_each_allocation, NULL, NULL, &actions[8]},
    };
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7);
    test_write_file("faults.png", seed_png_palette4, sizeof seed_png_palette4);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
