/* SPDX-License-Identifier: MIT */
/* Damaged and hostile packs: every truncation and every changed byte of a small one is noticed, and
 * wrong numbers behind a right checksum are rejected. */
#include "fixtures.h"

#include <stdlib.h>
#include <unistd.h>

#include "asl/image.h"
#include "dataset/dataset.h"
#include "dataset/little.h"
#include "dataset/pack.h"

enum { SAMPLES = 5, PICTURE = 2 * 2 * 3, PIXELS_END = ASL__PACK_HEADER + SAMPLES * PICTURE };

/* A pack of 5 samples in 2 classes and 2 groups with one issue; release with test_free(). */
static uint8_t *make_pack(size_t *size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *packed = NULL;
    asl_pack_options options;

    fixture_tree("tiny", 2, 3, 2);
    fixture_write_text("tiny/data.csv",
                       "image_path,target,group\nA/A1.png,A,x\nA/A2.png,A,y\nB/B1.png,B,x\n"
                       "B/B2.png,B,\nB/B3.png,B,y\nA/none.png,A,x\n");
    dataset = fixture_open("tiny", ASL_PARTIAL);
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 2;
    assert_status(asl_dataset_pack(&packed, dataset, "tiny.pack", &options, &err), ASL_PARTIAL,
                  &err);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
    return fixture_read(size, "tiny.pack");
}

static void every_truncation_is_noticed(void **state)
{
    size_t size = 0;
    uint8_t *data = make_pack(&size);

    (void)state;
    test_write_file("cut.pack", data, size);
    for (size_t length = size; length-- > 0;) {
        asl_error err = ASL_ERROR_INIT;
        asl_dataset *dataset = NULL;

        assert_int_equal(truncate("cut.pack", (off_t)length), 0);
        assert_status(asl_dataset_open(&dataset, "cut.pack", NULL, &err), ASL_ERR_TRUNCATED, &err);
        assert_null(dataset);
    }
    test_free(data);
}

static void bytes_behind_the_end_are_noticed(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    size_t size = 0;
    uint8_t *data = make_pack(&size), *longer = test_calloc(1, size + 1);

    (void)state;
    memcpy(longer, data, size);
    test_write_file("long.pack", longer, size + 1);
    assert_status(asl_dataset_open(&dataset, "long.pack", NULL, &err), ASL_ERR_PACK, &err);
    test_free(longer);
    test_free(data);
}

/* Loads all samples; returns how many are damaged. */
static int count_damaged(const asl_dataset *dataset)
{
    int damaged = 0;

    for (int64_t i = 0; i < asl_dataset_count(dataset); i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_image *image = NULL;
        const asl_status status = asl_dataset_load_image(&image, dataset, i, &err);

        if (status == ASL_OK) {
            asl_image_free(image);
            continue;
        }
        assert_int_equal(status, ASL_ERR_CHECKSUM);
        assert_null(image);
        damaged++;
    }
    return damaged;
}

static void every_changed_byte_is_noticed(void **state)
{
    size_t size = 0;
    uint8_t *data = make_pack(&size);
    FILE *file = NULL;

    (void)state;
    test_write_file("flip.pack", data, size);
    file = fopen("flip.pack", "r+b");
    assert_non_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            asl_error err = ASL_ERROR_INIT;
            asl_dataset *dataset = NULL;
            const uint8_t changed = (uint8_t)(data[i] ^ 1 << bit);
            asl_status status = ASL_OK;

            assert_int_equal(pwrite(fileno(file), &changed, 1, (off_t)i), 1);
            status = asl_dataset_open(&dataset, "flip.pack", NULL, &err);
            if (i >= ASL__PACK_HEADER && i < PIXELS_END) {
                assert_int_equal(status, ASL_PARTIAL);
                assert_status(asl__dataset_verify(dataset, 1, &err), ASL_ERR_CHECKSUM, &err);
                assert_int_equal(count_damaged(dataset), 1);
            } else if (status != ASL_ERR_CHECKSUM && status != ASL_ERR_PACK &&
                       status != ASL_ERR_TRUNCATED) {
                fail_msg("byte %zu, bit %d: %s", i, bit, asl_status_name(status));
            }
            asl_dataset_free(dataset);
        }
        assert_int_equal(pwrite(fileno(file), &data[i], 1, (off_t)i), 1);
    }
    fclose(file);
    print_message("count: %zu truncations and %zu flipped bits of a pack, all noticed\n", size,
                  8 * size);
    asl_dataset *dataset = fixture_open("flip.pack", ASL_PARTIAL);
    asl_error err = ASL_ERROR_INIT;
    assert_ok(asl__dataset_verify(dataset, 3, &err), &err);
    assert_int_equal(count_damaged(dataset), 0);
    asl_dataset_free(dataset);
    test_free(data);
}

/* Offsets of the tables. */
enum {
    AT_SAMPLES = PIXELS_END,
    AT_CLASSES = AT_SAMPLES + SAMPLES * ASL__PACK_SAMPLE,
    AT_GROUPS = AT_CLASSES + 2 * ASL__PACK_CLASS,
    AT_ISSUES = AT_GROUPS + 2 * ASL__PACK_GROUP,
    AT_TEXT = AT_ISSUES + ASL__PACK_ISSUE
};

typedef struct forgery {
    const char *name;
    size_t at;
    int bytes;
    uint64_t value;
    asl_status expected;
} forgery;

static const forgery forgeries[] = {
    {"nothing changed", ASL__PACK_AT_WIDTH, 4, 2, ASL_PARTIAL},
    {"version 0", ASL__PACK_AT_VERSION, 4, 0, ASL_ERR_PACK},
    {"version 2", ASL__PACK_AT_VERSION, 4, 2, ASL_ERR_PACK},
    {"smaller than it is", ASL__PACK_AT_SIZE, 8, 4096, ASL_ERR_PACK},
    {"larger than it is", ASL__PACK_AT_SIZE, 8, 1 << 20, ASL_ERR_TRUNCATED},
    {"largest", ASL__PACK_AT_SIZE, 8, UINT64_MAX, ASL_ERR_TRUNCATED},
    {"width 0", ASL__PACK_AT_WIDTH, 4, 0, ASL_ERR_PACK},
    {"width 3", ASL__PACK_AT_WIDTH, 4, 3, ASL_ERR_PACK},
    {"width 4097", ASL__PACK_AT_WIDTH, 4, 4097, ASL_ERR_PACK},
    {"width -1", ASL__PACK_AT_WIDTH, 4, UINT32_MAX, ASL_ERR_PACK},
    {"height 0", ASL__PACK_AT_HEIGHT, 4, 0, ASL_ERR_PACK},
    {"height -1", ASL__PACK_AT_HEIGHT, 4, UINT32_MAX, ASL_ERR_PACK},
    {"no samples", ASL__PACK_AT_SAMPLES, 8, 0, ASL_ERR_PACK},
    {"a sample more", ASL__PACK_AT_SAMPLES, 8, SAMPLES + 1, ASL_ERR_PACK},
    {"2^62 samples", ASL__PACK_AT_SAMPLES, 8, UINT64_C(1) << 62, ASL_ERR_PACK},
    {"all samples there are", ASL__PACK_AT_SAMPLES, 8, UINT64_MAX, ASL_ERR_PACK},
    {"samples whose size wraps", ASL__PACK_AT_SAMPLES, 8, UINT64_MAX / 28 + 6, ASL_ERR_PACK},
    {"2^31 issues", ASL__PACK_AT_ISSUES, 8, UINT64_C(1) << 31, ASL_ERR_PACK},
    {"no issues", ASL__PACK_AT_ISSUES, 8, 0, ASL_ERR_PACK},
    {"one class", ASL__PACK_AT_CLASSES, 4, 1, ASL_ERR_PACK},
    {"three classes", ASL__PACK_AT_CLASSES, 4, 3, ASL_ERR_PACK},
    {"4097 classes", ASL__PACK_AT_CLASSES, 4, 4097, ASL_ERR_PACK},
    {"2^31 groups", ASL__PACK_AT_GROUPS, 4, UINT32_C(1) << 31, ASL_ERR_PACK},
    {"three groups", ASL__PACK_AT_GROUPS, 4, 3, ASL_ERR_PACK},
    {"no text", ASL__PACK_AT_TEXT, 8, 0, ASL_ERR_PACK},
    {"all the text there is", ASL__PACK_AT_TEXT, 8, UINT64_MAX, ASL_ERR_PACK},
    {"another key", ASL__PACK_AT_KEY, 8, 1, ASL_PARTIAL},
    {"path behind the texts", AT_SAMPLES, 4, 1 << 20, ASL_ERR_PACK},
    {"path at -1", AT_SAMPLES, 4, UINT32_MAX, ASL_ERR_PACK},
    {"class 2", AT_SAMPLES + 4, 4, 2, ASL_ERR_PACK},
    {"class -1", AT_SAMPLES + 4, 4, UINT32_MAX, ASL_ERR_PACK},
    {"group 2", AT_SAMPLES + 8, 4, 2, ASL_ERR_PACK},
    {"group -2", AT_SAMPLES + 8, 4, UINT32_MAX - 1, ASL_ERR_PACK},
    {"group -1", AT_SAMPLES + 8, 4, UINT32_MAX, ASL_PARTIAL},
    {"class name behind the texts", AT_CLASSES + 4, 4, 1 << 20, ASL_ERR_PACK},
    {"group name behind the texts", AT_GROUPS + 4, 4, 1 << 20, ASL_ERR_PACK},
    {"issue's path behind the texts", AT_ISSUES, 4, 1 << 20, ASL_ERR_PACK},
    {"issue's message behind the texts", AT_ISSUES + 4, 4, 1 << 20, ASL_ERR_PACK},
    {"issue that is none", AT_ISSUES + 8, 4, 0, ASL_ERR_PACK},
    {"issue with a note", AT_ISSUES + 8, 4, 2, ASL_ERR_PACK},
};

/* Writes a pack with a right checksum and opens it. */
static void expect_forged(uint8_t *data, size_t size, asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;

    asl__put32(data + ASL__PACK_AT_CRC, asl__pack_crc(data, data + PIXELS_END, size - PIXELS_END));
    test_write_file("forged.pack", data, size);
    assert_status(asl_dataset_open(&dataset, "forged.pack", NULL, &err), expected, &err);
    if (expected >= 0)
        count_damaged(dataset);
    asl_dataset_free(dataset);
}

static void wrong_numbers_are_rejected(void **state)
{
    size_t size = 0;
    uint8_t *data = make_pack(&size), *forged = test_malloc(size);

    (void)state;
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        const forgery *f = &forgeries[i];

        print_message("%s\n", f->name);
        memcpy(forged, data, size);
        if (f->bytes == 4)
            asl__put32(forged + f->at, (uint32_t)f->value);
        else
            asl__put64(forged + f->at, f->value);
        expect_forged(forged, size, f->expected);
    }
    print_message("count: %zu packs with one wrong number\n", sizeof forgeries / sizeof *forgeries);
    test_free(forged);
    test_free(data);
}

static int texts;

/* Replaces a text of the pack by one of the same length. */
static void expect_text(const uint8_t *data, size_t size, const char *from, const char *to,
                        size_t length, asl_status expected)
{
    uint8_t *forged = test_malloc(size);
    size_t at = AT_TEXT;

    memcpy(forged, data, size);
    while (at + length < size && memcmp(forged + at, from, length) != 0)
        at++;
    assert_true(at + length < size);
    memcpy(forged + at, to, length);
    expect_forged(forged, size, expected);
    test_free(forged);
    texts++;
}

static void wrong_texts_are_rejected(void **state)
{
    size_t size = 0;
    uint8_t *data = make_pack(&size);

    (void)state;
    expect_text(data, size, "A/A1.png", "A/AA.png", 9, ASL_PARTIAL);
    expect_text(data, size, "A/A1.png", "..1/.png", 9, ASL_PARTIAL);
    expect_text(data, size, "A/A1.png", "../1.png", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "A/../1.p", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "A/A1/.._", 9, ASL_PARTIAL);
    expect_text(data, size, "A/A1.png", "A/A1p/..", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "/etc/pwd", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "A/A1\npng", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "A/A1\xffpng", 9, ASL_ERR_PACK);
    expect_text(data, size, "A/A1.png", "\0/A1.png", 9, ASL_ERR_PACK);
    expect_text(data, size, "\0A\0", "\0,\0", 3, ASL_ERR_PACK);
    expect_text(data, size, "\0A\0", "\0\x7f\0", 3, ASL_ERR_PACK);
    expect_text(data, size, "\0A\0", "\0\0\0", 3, ASL_ERR_PACK);
    expect_text(data, size, "\0x\0", "\0\x01\0", 3, ASL_ERR_PACK);
    expect_text(data, size, "A/none.png", "A/n\tne.png", 11, ASL_ERR_PACK);
    data[size - 1] = 'z';
    expect_forged(data, size, ASL_ERR_PACK);
    print_message("count: %d packs with one wrong text\n", texts);
    test_free(data);
}

/* Samples that share one long text would make opening take for ever. */
static void texts_are_not_shared(void **state)
{
    enum { MANY = 200000, LONG = 1 << 20, TABLES = ASL__PACK_HEADER + MANY * 3 };
    const size_t classes = TABLES + (size_t)MANY * ASL__PACK_SAMPLE, text = classes + 8;
    const size_t size = text + LONG;
    uint8_t *data = test_calloc(1, size);

    (void)state;
    memcpy(data, ASL__PACK_MAGIC, 8);
    asl__put32(data + ASL__PACK_AT_VERSION, ASL__PACK_VERSION);
    asl__put64(data + ASL__PACK_AT_SIZE, size);
    asl__put32(data + ASL__PACK_AT_WIDTH, 1);
    asl__put32(data + ASL__PACK_AT_HEIGHT, 1);
    asl__put64(data + ASL__PACK_AT_SAMPLES, MANY);
    asl__put32(data + ASL__PACK_AT_CLASSES, 2);
    asl__put64(data + ASL__PACK_AT_TEXT, LONG);
    memset(data + text, 'x', LONG - 1);
    for (int kind = 0; kind < 2; kind++) {
        asl_error err = ASL_ERROR_INIT;
        asl_dataset *dataset = NULL;

        for (uint32_t i = 0; i < MANY; i++) /* the same text, or each a byte less of it */
            asl__put32(data + TABLES + (size_t)i * ASL__PACK_SAMPLE, kind == 0 ? 0 : i);
        asl__put32(data + ASL__PACK_AT_CRC, asl__pack_crc(data, data + TABLES, size - TABLES));
        test_write_file("shared.pack", data, size);
        assert_status(asl_dataset_open(&dataset, "shared.pack", NULL, &err), ASL_ERR_PACK, &err);
        assert_non_null(strstr(err.message, "a sample's path"));
    }
    test_free(data);
}

static void other_files_are_no_packs(void **state)
{
    static const struct {
        const char *text;
        asl_status expected;
    } cases[] = {{"", ASL_ERR_TRUNCATED},
                 {"A", ASL_ERR_TRUNCATED},
                 {"ASLPACK\n", ASL_ERR_TRUNCATED},
                 {"ASLPACK\r\n", ASL_ERR_PACK},
                 {"B", ASL_ERR_PACK},
                 {"image_path,target\nA,B\n", ASL_ERR_PACK},
                 {"PK\x03\x04 a zip", ASL_ERR_PACK}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write_text("other.bin", cases[i].text);
        fixture_open("other.bin", cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(bytes_behind_the_end_are_noticed),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(wrong_numbers_are_rejected),
        cmocka_unit_test(wrong_texts_are_rejected),
        cmocka_unit_test(texts_are_not_shared),
        cmocka_unit_test(other_files_are_no_packs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
