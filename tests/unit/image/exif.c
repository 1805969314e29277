/* SPDX-License-Identifier: MIT */
/* EXIF orientation: eight ways to store one picture, and data that make no sense. */
#include "image/image.h"

#include "image/codec.h"
#include "pictures.h"

enum { W = 24, H = 16, TIFF_BYTES = 26 };

/* A TIFF structure of one directory with one entry. */
static void make_tiff(uint8_t out[TIFF_BYTES], bool big, uint8_t orientation)
{
    static const uint8_t motorola[TIFF_BYTES] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 1,
                                                 1,   0x12, 0, 3,  0, 0, 0, 1, 0, /* value */ 0,
                                                 0,   0,    0, 0,  0, 0};
    static const uint8_t intel[TIFF_BYTES] = {
        'I', 'I',           42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0,
        0,   /* value */ 0, 0,  0, 0, 0, 0, 0, 0};
    memcpy(out, big ? motorola : intel, TIFF_BYTES);
    out[big ? 19 : 18] = orientation;
}

/* Where the stored picture's row 0 and column 0 are seen, as the EXIF specification words it. */
enum { TOP, BOTTOM, LEFT, RIGHT };
static const int sides[9][2] = {{0, 0},          {TOP, LEFT},     {TOP, RIGHT},
                                {BOTTOM, RIGHT}, {BOTTOM, LEFT},  {LEFT, TOP},
                                {RIGHT, TOP},    {RIGHT, BOTTOM}, {LEFT, BOTTOM}};

/* How `upright` is stored under an orientation. */
static asl_image *store(const asl_image *upright, int orientation)
{
    const int row_side = sides[orientation][0], column_side = sides[orientation][1];
    const bool turned = row_side == LEFT || row_side == RIGHT;
    const asl_image_view view = asl_image_get_view(upright);
    const int32_t rows = turned ? view.width : view.height;
    const int32_t columns = turned ? view.height : view.width;
    asl_error err = ASL_ERROR_INIT;
    asl_image *stored = NULL;
    assert_ok(asl_image_create(&stored, columns, rows, ASL_FORMAT_RGB24, &err), &err);
    uint8_t *out = asl_image_pixels(stored);
    for (int32_t row = 0; row < rows; row++)
        for (int32_t column = 0; column < columns; column++, out += 3) {
            const int32_t from_row_side =
                row_side == BOTTOM || row_side == RIGHT ? rows - 1 - row : row;
            const int32_t from_column_side =
                column_side == BOTTOM || column_side == RIGHT ? columns - 1 - column : column;
            const int32_t x = turned ? from_row_side : from_column_side;
            const int32_t y = turned ? from_column_side : from_row_side;
            memcpy(out, view.pixels + view.stride * y + x * 3, 3);
        }
    return stored;
}

/* An eXIf chunk behind the header of a PNG file. */
static file_bytes tag_png(file_bytes file, const uint8_t *tiff, size_t size)
{
    uint8_t chunk[600];
    return insert_bytes(file, 8 + 25, chunk, write_chunk(chunk, "eXIf", tiff, size));
}

/* An APP1 segment behind the start of a JPEG file. */
static file_bytes tag_jpeg(file_bytes file, const uint8_t *tiff, size_t size)
{
    uint8_t segment[600] = {0xff, 0xe1, 0, 0, 'E', 'x', 'i', 'f', 0, 0};
    segment[2] = (uint8_t)((size + 8) >> 8);
    segment[3] = (uint8_t)(size + 8);
    memcpy(segment + 10, tiff, size);
    return insert_bytes(file, 2, segment, size + 10);
}

static void eight_ways_to_store_one_picture(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *upright = make_smooth_picture(W, H);
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int kind = 0; kind < 4; kind++) {
            const int32_t encoding = kind / 2 == 0 ? ASL_ENCODING_PNG : ASL_ENCODING_JPEG;
            asl_image *stored = store(upright, orientation), *seen = NULL, *raw = NULL;
            uint8_t tiff[TIFF_BYTES];
            make_tiff(tiff, kind % 2 == 0, (uint8_t)orientation);
            file_bytes file = make_file(stored, encoding, 100);
            file = encoding == ASL_ENCODING_PNG ? tag_png(file, tiff, sizeof tiff)
                                                : tag_jpeg(file, tiff, sizeof tiff);
            assert_ok(asl_image_decode(&seen, file.data, file.size, NULL, &err), &err);
            /* JPEG at quality 100 rounds each coefficient to a whole number. */
            assert_in_range(picture_distance(seen, upright), 0,
                            encoding == ASL_ENCODING_PNG ? 0 : 3);
            asl_decode_options options;
            asl_decode_options_init(&options, sizeof options);
            options.ignore_orientation = 1;
            assert_ok(asl_image_decode(&raw, file.data, file.size, &options, &err), &err);
            assert_in_range(picture_distance(raw, stored), 0, encoding == ASL_ENCODING_PNG ? 0 : 3);
            asl_free(file.data);
            asl_image_free(stored);
            asl_image_free(seen);
            asl_image_free(raw);
        }
    asl_image_free(upright);
    assert_no_memory_used();
}

static void nonsense_means_upright(void **state)
{
    uint8_t tiff[TIFF_BYTES];
    (void)state;
    assert_int_equal(asl__exif_orientation(NULL, 0), 1);
    for (int big = 0; big < 2; big++) {
        make_tiff(tiff, big, 6);
        assert_int_equal(asl__exif_orientation(tiff, sizeof tiff), 6);
        /* The value ends at byte 22; four bytes of link to the next directory follow. */
        for (size_t size = 0; size < 22; size++)
            assert_int_equal(asl__exif_orientation(tiff, size), 1);
        static const uint8_t values[] = {0, 9, 255};
        for (size_t i = 0; i < sizeof values; i++) {
            make_tiff(tiff, big, values[i]);
            assert_int_equal(asl__exif_orientation(tiff, sizeof tiff), 1);
        }
    }
    make_tiff(tiff, true, 6);
    static const struct {
        size_t offset;
        uint8_t value;
    } changes[] = {{0, 'X'}, {3, 43}, {4, 0xff}, {7, 25}, {7, 0},
                   {9, 0},   {13, 4}, {17, 2},   {18, 1}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        make_tiff(tiff, true, 6);
        tiff[changes[i].offset] = changes[i].value;
        assert_int_equal(asl__exif_orientation(tiff, sizeof tiff), 1);
    }
    /* More entries claimed than there are, and a next directory that is this one. */
    make_tiff(tiff, true, 6);
    memset(tiff + 8, 0xff, 2);
    tiff[25] = 8;
    assert_int_equal(asl__exif_orientation(tiff, sizeof tiff), 6);
}

static void garbage_does_no_harm(void **state)
{
    enum { BYTES = 512 };
    asl_error err = ASL_ERROR_INIT;
    asl_image *upright = make_smooth_picture(W, H);
    (void)state;
    for (int32_t round = 0; round < 50; round++) {
        uint8_t tiff[BYTES];
        asl_image *seen = NULL;
        for (int32_t i = 0; i < BYTES; i++)
            tiff[i] = make_pixel(i, round, 0);
        if (round % 2 == 0)
            make_tiff(tiff, round % 4 == 0, 0);
        file_bytes file = tag_jpeg(make_file(upright, ASL_ENCODING_JPEG, 100), tiff, BYTES);
        assert_ok(asl_image_decode(&seen, file.data, file.size, NULL, &err), &err);
        assert_in_range(picture_distance(seen, upright), 0, 3);
        asl_image_free(seen);
        asl_free(file.data);
    }
    asl_image_free(upright);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_ways_to_store_one_picture),
        cmocka_unit_test(nonsense_means_upright),
        cmocka_unit_test(garbage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
