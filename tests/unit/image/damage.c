/* SPDX-License-Identifier: MIT */
/* Damaged and hostile files: each must be refused, in bounded time and memory. */
#include "image/image.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"
#include "pictures.h"
#include "seeds.inc"

static bool is_png(const struct seed *seed)
{
    return strncmp(seed->name, "png", 3) == 0;
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        for (size_t size = 0; size < seeds[i].size; size++) {
            const asl_status status = decode_bad(seeds[i].data, size);
            if (status != ASL_ERR_TRUNCATED && status != ASL_ERR_IMAGE)
                fail_msg("%zu bytes of %s: %s", size, seeds[i].name, asl_status_name(status));
        }
    assert_no_memory_used();
}

/* Every byte of a PNG file counts: the signature, or a CRC over it. Both a single bit and the
 * whole byte are tried. */
static void every_flip_in_a_png_is_refused(void **state)
{
    uint8_t copy[2048];
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        if (!is_png(&seeds[i]))
            continue;
        assert_true(seeds[i].size <= sizeof copy);
        memcpy(copy, seeds[i].data, seeds[i].size);
        for (size_t at = 0; at < seeds[i].size; at++) {
            copy[at] ^= (uint8_t)(1U << at % 8);
            decode_bad(copy, seeds[i].size);
            copy[at] = (uint8_t)~seeds[i].data[at];
            decode_bad(copy, seeds[i].size);
            copy[at] = seeds[i].data[at];
        }
    }
    assert_no_memory_used();
}

/* A JPEG has no checksum, so a flip may pass; it must do so cleanly, and never by half. */
static void flips_in_a_jpeg_do_no_harm(void **state)
{
    uint8_t copy[2048];
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        if (is_png(&seeds[i]))
            continue;
        assert_true(seeds[i].size <= sizeof copy);
        memcpy(copy, seeds[i].data, seeds[i].size);
        for (size_t at = 0; at < seeds[i].size * 16; at++) {
            asl_image *image = NULL;
            const int32_t side = at < seeds[i].size * 8 ? 0 : 2; /* whole, and shrunk */
            const size_t byte = at / 8 % seeds[i].size;
            copy[byte] ^= (uint8_t)(1U << at % 8);
            const asl_status status =
                asl__image_decode_shrunk(&image, copy, seeds[i].size, side, NULL, &err);
            assert_true((status == ASL_OK) == (image != NULL));
            test_check_error(status, &err);
            asl_image_free(image);
            copy[byte] = seeds[i].data[byte];
        }
    }
    assert_no_memory_used();
}

/* --- PNG --------------------------------------------------------------------------------- */

/* A good 2x2 file as chunks, to put together wrongly. */
enum { SIGNATURE, HEADER, DATA, END, PARTS };
static uint8_t parts[PARTS][64];
static size_t part_sizes[PARTS];

static int make_parts(void **state)
{
    static const uint8_t header[13] = {0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0};
    static const uint8_t raw[] = {0, 10, 20, 0, 30, 40};
    uint8_t packed[40];
    uLongf size = sizeof packed;
    (void)state;
    if (compress(packed, &size, raw, sizeof raw) != Z_OK)
        return 1;
    memcpy(parts[SIGNATURE], "\x89PNG\r\n\x1a\n", 8);
    part_sizes[SIGNATURE] = 8;
    part_sizes[HEADER] = write_chunk(parts[HEADER], "IHDR", header, sizeof header);
    part_sizes[DATA] = write_chunk(parts[DATA], "IDAT", packed, size);
    part_sizes[END] = write_chunk(parts[END], "IEND", NULL, 0);
    return 0;
}

static size_t append_part(uint8_t *out, size_t at, int part)
{
    memcpy(out + at, parts[part], part_sizes[part]);
    return at + part_sizes[part];
}

static size_t put_together(uint8_t *out, const int *order, size_t count)
{
    size_t size = append_part(out, 0, SIGNATURE);
    for (size_t i = 0; i < count; i++)
        size = append_part(out, size, order[i]);
    return size;
}

static void png_chunks_out_of_order(void **state)
{
    static const struct {
        int order[4];
        size_t count;
        asl_status expected;
    } cases[] = {
        {{HEADER, DATA, END}, 3, ASL_OK},
        {{DATA, END}, 2, ASL_ERR_IMAGE},
        {{HEADER, END}, 2, ASL_ERR_IMAGE},
        {{HEADER, HEADER, DATA, END}, 4, ASL_ERR_IMAGE},
        {{HEADER, DATA, HEADER, END}, 4, ASL_ERR_IMAGE},
        {{HEADER, DATA, DATA, END}, 4, ASL_ERR_IMAGE},
        {{HEADER, DATA, END, END}, 4, ASL_ERR_IMAGE},
        {{HEADER, DATA}, 2, ASL_ERR_TRUNCATED},
        {{HEADER}, 1, ASL_ERR_TRUNCATED},
        {{0}, 0, ASL_ERR_TRUNCATED},
    };
    asl_error err = ASL_ERROR_INIT;
    uint8_t file[400];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t size = put_together(file, cases[i].order, cases[i].count);
        asl_image *image = NULL;
        assert_int_equal(asl_image_decode(&image, file, size, NULL, &err), cases[i].expected);
        asl_image_free(image);
    }
}

/* One more chunk between the header and the data, or behind the data. */
static void png_chunks_that_do_not_belong(void **state)
{
    static const uint8_t bytes[800];
    static const struct {
        const char *type;
        size_t size;
        bool before;
        asl_status expected;
    } cases[] = {
        {"tEXt", 20, true, ASL_OK},        {"tEXt", 20, false, ASL_OK},
        {"IDAT", 0, true, ASL_OK},         {"IDAT", 0, false, ASL_OK},
        {"IDAT", 5, false, ASL_ERR_IMAGE}, {"ABCD", 0, true, ASL_ERR_UNSUPPORTED},
        {"1234", 0, true, ASL_ERR_IMAGE},  {"PLTE", 3, true, ASL_OK},
        {"PLTE", 3, false, ASL_ERR_IMAGE}, {"PLTE", 4, true, ASL_ERR_IMAGE},
        {"PLTE", 0, true, ASL_ERR_IMAGE},  {"PLTE", 771, true, ASL_ERR_IMAGE},
        {"tRNS", 1, true, ASL_ERR_IMAGE},  {"tRNS", 2, true, ASL_OK},
        {"tRNS", 2, false, ASL_ERR_IMAGE}, {"eXIf", 5, true, ASL_OK},
        {"IEND", 1, false, ASL_ERR_IMAGE},
    };
    asl_error err = ASL_ERROR_INIT;
    uint8_t file[1200];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_image *image = NULL;
        size_t size = append_part(file, append_part(file, 0, SIGNATURE), HEADER);
        if (!cases[i].before)
            size = append_part(file, size, DATA);
        size += write_chunk(file + size, cases[i].type, bytes, cases[i].size);
        if (cases[i].before)
            size = append_part(file, size, DATA);
        size = append_part(file, size, END);
        const asl_status status = asl_image_decode(&image, file, size, NULL, &err);
        if (status != cases[i].expected)
            fail_msg("%s of %zu bytes: %s %s", cases[i].type, cases[i].size,
                     asl_status_name(status), err.message);
        asl_image_free(image);
    }
}

/* Headers with a good checksum that say something impossible or refused. */
static void png_headers(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
        asl_status expected;
    } cases[] = {
        {3, 0, ASL_ERR_IMAGE},    {7, 0, ASL_ERR_IMAGE},  {0, 0x80, ASL_ERR_LIMIT},
        {4, 0xff, ASL_ERR_LIMIT}, {1, 1, ASL_ERR_LIMIT},  {8, 3, ASL_ERR_IMAGE},
        {8, 0, ASL_ERR_IMAGE},    {8, 32, ASL_ERR_IMAGE}, {8, 255, ASL_ERR_IMAGE},
        {9, 1, ASL_ERR_IMAGE},    {9, 5, ASL_ERR_IMAGE},  {9, 7, ASL_ERR_IMAGE},
        {9, 3, ASL_ERR_IMAGE},    {9, 2, ASL_ERR_IMAGE},  {10, 1, ASL_ERR_IMAGE},
        {11, 1, ASL_ERR_IMAGE},   {12, 2, ASL_ERR_IMAGE}, {3, 3, ASL_ERR_IMAGE},
        {3, 1, ASL_ERR_IMAGE},
    };
    uint8_t file[200];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t header[13];
        memcpy(header, parts[HEADER] + 8, sizeof header);
        header[cases[i].offset] = cases[i].value;
        size_t size = append_part(file, 0, SIGNATURE);
        size += write_chunk(file + size, "IHDR", header, sizeof header);
        size = append_part(file, append_part(file, size, DATA), END);
        assert_int_equal(decode_bad(file, size), cases[i].expected);
    }
}

static void png_data_that_lie(void **state)
{
    static const uint8_t too_short[] = {0, 10, 20, 0, 30};
    static const uint8_t too_long[] = {0, 10, 20, 0, 30, 40, 50};
    static const uint8_t bad_filter[] = {5, 10, 20, 0, 30, 40};
    file_bytes file = make_png(2, 2, 8, 0, too_short, sizeof too_short);
    (void)state;
    assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_IMAGE);
    asl_free(file.data);
    file = make_png(2, 2, 8, 0, too_long, sizeof too_long);
    assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_IMAGE);
    asl_free(file.data);
    file = make_png(2, 2, 8, 0, bad_filter, sizeof bad_filter);
    assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_IMAGE);
    asl_free(file.data);

    /* A wrong Adler-32 under a right CRC-32. */
    uint8_t data[64], out[200];
    const size_t bytes = part_sizes[DATA] - 12;
    memcpy(data, parts[DATA] + 8, bytes);
    data[bytes - 1] ^= 1;
    size_t size = append_part(out, append_part(out, 0, SIGNATURE), HEADER);
    size += write_chunk(out + size, "IDAT", data, bytes);
    size = append_part(out, size, END);
    assert_int_equal(decode_bad(out, size), ASL_ERR_IMAGE);
}

/* Peak memory of refusing a file, above what was in use. */
static size_t refusal_peak(const uint8_t *data, size_t size, asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    size_t before = 0, peak = 0;
    assert_status(asl_image_decode(&image, data, size, NULL, &err), expected, &err);
    asl_memory_usage(&before, &peak);
    return peak - before;
}

/* A small picture whose 64 MiB of data compress to 64 KiB, and a picture declared enormous. Both
 * are the first tests that take much memory, so the peak so far is theirs. */
static void png_bombs_are_cheap(void **state)
{
    enum { RAW = 64 << 20, MOST = 1 << 20 };
    uint8_t *raw = calloc(1, RAW);
    (void)state;
    assert_non_null(raw);
    file_bytes file = make_png(8, 8, 8, 2, raw, RAW);
    assert_true(refusal_peak(file.data, file.size, ASL_ERR_IMAGE) < MOST);
    asl_free(file.data);
    file = make_png(32768, 32768, 16, 6, raw, 1000);
    assert_true(refusal_peak(file.data, file.size, ASL_ERR_LIMIT) < MOST);
    asl_free(file.data);
    file = make_png(8192, 8192, 16, 6, raw, 1000); /* within the limits, but not true */
    assert_true(refusal_peak(file.data, file.size, ASL_ERR_IMAGE) < MOST);
    asl_free(file.data);
    free(raw);
}

/* Indices beyond the palette are black, not what happens to lie on the stack. */
static void png_index_beyond_the_palette(void **state)
{
    static const uint8_t header[13] = {0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0};
    static const uint8_t palette[3] = {9, 99, 199};
    static const uint8_t raw[] = {0, 0, 200};
    static const uint8_t expected[] = {9, 99, 199, 0, 0, 0};
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    uint8_t packed[40], file[200];
    uLongf packed_size = sizeof packed;
    (void)state;
    assert_int_equal(compress(packed, &packed_size, raw, sizeof raw), Z_OK);
    size_t size = append_part(file, 0, SIGNATURE);
    size += write_chunk(file + size, "IHDR", header, sizeof header);
    size += write_chunk(file + size, "PLTE", palette, sizeof palette);
    size += write_chunk(file + size, "IDAT", packed, packed_size);
    size = append_part(file, size, END);
    assert_ok(asl_image_decode(&image, file, size, NULL, &err), &err);
    assert_memory_equal(asl_image_pixels(image), expected, sizeof expected);
    asl_image_free(image);
}

/* --- JPEG -------------------------------------------------------------------------------- */

/* Offset of the first segment with this marker in the baseline seed. */
static size_t find_segment(uint8_t marker)
{
    const uint8_t *data = seed_jpeg_baseline;
    size_t at = 2;
    while (data[at + 1] != marker)
        at += 2 + (size_t)(data[at + 2] << 8 | data[at + 3]);
    return at;
}

static file_bytes copy_of_baseline(void)
{
    file_bytes out = {asl__alloc(sizeof seed_jpeg_baseline), sizeof seed_jpeg_baseline};
    assert_non_null(out.data);
    memcpy(out.data, seed_jpeg_baseline, out.size);
    return out;
}

/* The files on which stb_image 2.27 writes past the end of a table: more than 256 codes. */
static void jpeg_huffman_tables_that_overflow(void **state)
{
    const size_t table = find_segment(0xc4) + 5;
    uint8_t segment[2 + 2 + 17 + 16 * 255];
    (void)state;
    static const uint8_t counts[][16] = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255}, /* 510 codes */
        {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
        {3},          /* one bit has two codes */
        {2},          /* and not even the second may be used */
        {1, 1, 2},    /* all ones at three bits */
        {0, 0, 9, 0}, /* nine codes of three bits */
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        file_bytes file = copy_of_baseline();
        size_t symbols = 0;
        for (size_t j = 0; j < 16; j++)
            symbols += counts[i][j];
        const size_t length = 2 + 17 + symbols;
        memset(segment, 1, sizeof segment);
        segment[0] = 0xff;
        segment[1] = 0xc4;
        segment[2] = (uint8_t)(length >> 8);
        segment[3] = (uint8_t)length;
        segment[4] = 0x10;
        memcpy(segment + 5, counts[i], 16);
        file = insert_bytes(file, find_segment(0xda), segment, length + 2);
        assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_IMAGE);
        asl_free(file.data);
    }
    /* The same counts in place, in a segment too short for them. */
    file_bytes file = copy_of_baseline();
    memset(file.data + table, 15, 16);
    assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_IMAGE);
    asl_free(file.data);
}

static void jpeg_segments_that_lie(void **state)
{
    static const struct {
        uint8_t marker;
        size_t offset; /* from the marker */
        uint8_t value;
        asl_status expected;
    } cases[] = {
        {0xc4, 2, 0xff, ASL_ERR_TRUNCATED}, /* length beyond the file */
        {0xc4, 3, 1, ASL_ERR_IMAGE},        /* shorter than its own field */
        {0xc4, 3, 10, ASL_ERR_IMAGE},       /* cut inside the counts */
        {0xc4, 4, 0x20, ASL_ERR_IMAGE},     /* kind 2 */
        {0xc4, 4, 0x04, ASL_ERR_IMAGE},     /* table 4 */
        {0xc4, 4, 0x03, ASL_ERR_IMAGE},     /* table 3, so table 0 is missing */
        {0xc4, 21, 16, ASL_ERR_IMAGE},      /* DC difference of 16 bits */
        {0xdb, 4, 0x20, ASL_ERR_IMAGE},     /* quantisation table of 24 bits */
        {0xdb, 4, 0x04, ASL_ERR_IMAGE},     {0xdb, 4, 0x10, ASL_ERR_IMAGE},
        {0xdb, 4, 0x03, ASL_ERR_IMAGE}, /* table 0 is missing */
        {0xc0, 3, 16, ASL_ERR_IMAGE},   /* header of the wrong length */
        {0xc0, 3, 5, ASL_ERR_IMAGE},        {0xc0, 11, 0x01, ASL_ERR_IMAGE}, /* sampling 0 */
        {0xc0, 11, 0x51, ASL_ERR_IMAGE},    {0xc0, 12, 4, ASL_ERR_IMAGE},
        {0xc0, 13, 1, ASL_ERR_IMAGE},   /* two components of one name */
        {0xc0, 1, 0xfe, ASL_ERR_IMAGE}, /* no frame */
        {0xda, 3, 9, ASL_ERR_IMAGE},        {0xda, 4, 0, ASL_ERR_IMAGE},
        {0xda, 4, 4, ASL_ERR_IMAGE},        {0xda, 5, 9, ASL_ERR_IMAGE}, /* unknown component */
        {0xda, 6, 0x33, ASL_ERR_IMAGE},                                  /* missing tables */
        {0xda, 1, 0xfe, ASL_ERR_IMAGE},                                  /* no scan */
        {0xc4, 0, 0x00, ASL_ERR_IMAGE},                                  /* no marker */
        {0xc4, 1, 0xd8, ASL_ERR_IMAGE},     {0xc4, 1, 0x01, ASL_ERR_IMAGE},
        {0xc4, 1, 0xf0, ASL_ERR_IMAGE},     {0xc4, 1, 0xd3, ASL_ERR_IMAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file_bytes file = copy_of_baseline();
        file.data[find_segment(cases[i].marker) + cases[i].offset] = cases[i].value;
        const asl_status status = decode_bad(file.data, file.size);
        if (status != cases[i].expected)
            fail_msg("case %zu: %s", i, asl_status_name(status));
        asl_free(file.data);
    }
}

/* Progressive files may hold many scans, each as much work as a whole picture. */
static void jpeg_with_too_many_scans(void **state)
{
    const size_t scan = find_segment(0xda);
    const size_t length = sizeof seed_jpeg_baseline - 2 - scan; /* up to the end marker */
    file_bytes file = copy_of_baseline();
    (void)state;
    for (int i = 0; i < 100; i++)
        file = insert_bytes(file, scan, seed_jpeg_baseline + scan, length);
    assert_int_equal(decode_bad(file.data, file.size), ASL_ERR_LIMIT);
    asl_free(file.data);
}

/* Blocks of 32x32 pixels in a picture one pixel wide: its coefficients would take far more memory
 * than its size warrants. */
static void jpeg_with_more_padding_than_picture(void **state)
{
    uint8_t file[sizeof seed_jpeg_progressive];
    size_t frame = 2;
    (void)state;
    memcpy(file, seed_jpeg_progressive, sizeof file);
    while (file[frame + 1] != 0xc2)
        frame += 2 + (size_t)(file[frame + 2] << 8 | file[frame + 3]);
    memcpy(file + frame + 5, "\x80\0\0\1", 4);
    for (size_t i = 0; i < 3; i++)
        file[frame + 11 + 3 * i] = 0x44;
    assert_int_equal(decode_bad(file, sizeof file), ASL_ERR_LIMIT);
}

static void jpeg_without_all_components(void **state)
{
    const size_t scan = find_segment(0xda);
    file_bytes file = copy_of_baseline();
    (void)state;
    /* The scan of one component alone: 8 header bytes instead of 12. */
    static const uint8_t header[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0};
    memmove(file.data + scan + sizeof header, file.data + scan + 14, file.size - scan - 14);
    memcpy(file.data + scan, header, sizeof header);
    assert_int_equal(decode_bad(file.data, file.size - 14 + sizeof header), ASL_ERR_IMAGE);
    asl_free(file.data);
}

/* Half of the coded data gone, the end marker kept. libjpeg notices; stb_image may not, and shows
 * what there was. */
static void jpeg_with_lost_data(void **state)
{
    const size_t scan = find_segment(0xda) + 14;
    const size_t lost = (sizeof seed_jpeg_baseline - 2 - scan) / 2;
    file_bytes file = copy_of_baseline();
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    (void)state;
    memmove(file.data + scan + lost, file.data + file.size - 2, 2);
    const asl_status status = asl_image_decode(&image, file.data, scan + lost + 2, NULL, &err);
    if (HAVE_LIBJPEG)
        assert_int_equal(status, ASL_ERR_TRUNCATED);
    test_check_error(status, &err);
    asl_image_free(image);
    asl_free(file.data);
}

static void jpeg_tolerates_what_cameras_write(void **state)
{
    static const uint8_t comment[] = {0xff, 0xff, 0xff, 0xfe, 0, 4, 'h', 'i'};
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    file_bytes file = insert_bytes(copy_of_baseline(), 2, comment, sizeof comment);
    (void)state;
    file = insert_bytes(file, file.size, "appended", 8);
    assert_ok(asl_image_decode(&image, file.data, file.size, NULL, &err), &err);
    asl_image_free(image);
    asl_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_bombs_are_cheap),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flip_in_a_png_is_refused),
        cmocka_unit_test(flips_in_a_jpeg_do_no_harm),
        cmocka_unit_test(png_chunks_out_of_order),
        cmocka_unit_test(png_chunks_that_do_not_belong),
        cmocka_unit_test(png_headers),
        cmocka_unit_test(png_data_that_lie),
        cmocka_unit_test(png_index_beyond_the_palette),
        cmocka_unit_test(jpeg_huffman_tables_that_overflow),
        cmocka_unit_test(jpeg_segments_that_lie),
        cmocka_unit_test(jpeg_with_too_many_scans),
        cmocka_unit_test(jpeg_with_more_padding_than_picture),
        cmocka_unit_test(jpeg_without_all_components),
        cmocka_unit_test(jpeg_with_lost_data),
        cmocka_unit_test(jpeg_tolerates_what_cameras_write),
    };
    return cmocka_run_group_tests(tests, make_parts, NULL);
}
