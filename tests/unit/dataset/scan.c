/* SPDX-License-Identifier: MIT */
/* Folders with one subfolder per class. */
#include "fixtures.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asl/image.h"

static void classes_and_files_come_in_order(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_sample sample = {.struct_size = sizeof sample};

    (void)state;
    fixture_tree("tree", 3, 11, 4);
    dataset = fixture_open("tree", ASL_OK);
    assert_int_equal(asl_dataset_count(dataset), 33);
    assert_int_equal(asl_dataset_class_count(dataset), 3);
    assert_int_equal(asl_dataset_group_count(dataset), 0);
    assert_string_equal(asl_dataset_class_name(dataset, 0), "A");
    assert_string_equal(asl_dataset_class_name(dataset, 2), "C");
    assert_null(asl_dataset_class_name(dataset, 3));
    assert_null(asl_dataset_class_name(dataset, -1));
    assert_null(asl_dataset_group_name(dataset, 0));
    assert_string_equal(fixture_path(dataset, 1), "A/A2.png");
    assert_string_equal(fixture_path(dataset, 9), "A/A10.png");
    assert_ok(asl_dataset_get_sample(&sample, dataset, 22, &err), &err);
    assert_string_equal(sample.path, "C/C1.png");
    assert_int_equal(sample.class_index, 2);
    assert_int_equal(sample.group_index, -1);
    assert_status(asl_dataset_get_sample(&sample, dataset, 33, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_get_sample(&sample, dataset, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_get_sample(NULL, dataset, 0, &err), ASL_ERR_ARG, &err);
    asl_dataset_free(dataset);
}

static void pictures_load_at_their_own_size(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_image *image = NULL;
    asl_image_view view;

    (void)state;
    fixture_tree("tree", 2, 1, 5);
    dataset = fixture_open("tree", ASL_OK);
    assert_ok(asl_dataset_load_image(&image, dataset, 1, &err), &err);
    view = asl_image_get_view(image);
    assert_int_equal(view.width, 5);
    assert_int_equal(view.pixels[0], (uint8_t)(1001 * 37));
    asl_image_free(image);
    assert_status(asl_dataset_load_image(&image, dataset, 2, &err), ASL_ERR_ARG, &err);
    assert_null(image);
    assert_int_equal(remove("tree/B/B1.png"), 0);
    assert_status(asl_dataset_load_image(&image, dataset, 1, &err), ASL_ERR_NOT_FOUND, &err);
    assert_null(image);
    fixture_write_text("tree/B/B1.png", "\x89PNG\r\n\x1a\nand then nonsense");
    assert_true(asl_dataset_load_image(&image, dataset, 1, &err) < 0);
    assert_non_null(strstr(err.message, "B/B1.png"));
    asl_dataset_free(dataset);
}

static void order_follows_neither_creation_nor_locale(void **state)
{
    static const char *const locales[] = {"C", "C.UTF-8", ""};
    static const char *const files[] = {"a10.png", "B.png", "a9.png", "b.png", "\xc3\xa9.png"};
    uint64_t fingerprints[2] = {0, 0};
    char path[64];

    (void)state;
    for (int reversed = 0; reversed < 2; reversed++) {
        test_make_folder("order");
        test_make_folder("order/z");
        test_make_folder("order/Y");
        for (int i = 0; i < 5; i++) {
            snprintf(path, sizeof path, "order/%s/%s", i % 2 == 0 ? "z" : "Y",
                     files[reversed ? 4 - i : i]);
            fixture_picture(path, 1, 4, 4);
            snprintf(path, sizeof path, "order/%s/%s", i % 2 == 0 ? "Y" : "z",
                     files[reversed ? 4 - i : i]);
            fixture_picture(path, 1, 4, 4);
        }
        for (int i = 0; i < 3; i++) {
            setlocale(LC_ALL, locales[i]);
            asl_dataset *dataset = fixture_open("order", ASL_OK);
            assert_string_equal(asl_dataset_class_name(dataset, 0), "Y");
            assert_string_equal(fixture_path(dataset, 0), "Y/B.png");
            assert_string_equal(fixture_path(dataset, 1), "Y/a9.png");
            assert_string_equal(fixture_path(dataset, 2), "Y/a10.png");
            fingerprints[reversed] = asl_dataset_fingerprint(dataset);
            asl_dataset_free(dataset);
        }
        setlocale(LC_ALL, "C");
    }
    assert_true(fingerprints[0] == fingerprints[1]);
}

static void the_fingerprint_tells_changes_apart(void **state)
{
    asl_dataset *dataset = NULL;
    uint64_t before = 0, moved = 0, renamed = 0, resized = 0, fewer = 0;

    (void)state;
    fixture_tree("print", 2, 3, 4);
    before = asl_dataset_fingerprint(dataset = fixture_open("print", ASL_OK));
    asl_dataset_free(dataset);
    test_make_folder("elsewhere");
    assert_int_equal(rename("print", "elsewhere/print"), 0);
    moved = asl_dataset_fingerprint(dataset = fixture_open("elsewhere/print", ASL_OK));
    asl_dataset_free(dataset);
    assert_int_equal(rename("elsewhere/print/B/B3.png", "elsewhere/print/B/B4.png"), 0);
    renamed = asl_dataset_fingerprint(dataset = fixture_open("elsewhere/print", ASL_OK));
    asl_dataset_free(dataset);
    fixture_picture("elsewhere/print/B/B4.png", 9, 7, 7);
    resized = asl_dataset_fingerprint(dataset = fixture_open("elsewhere/print", ASL_OK));
    asl_dataset_free(dataset);
    assert_int_equal(remove("elsewhere/print/B/B4.png"), 0);
    fewer = asl_dataset_fingerprint(dataset = fixture_open("elsewhere/print", ASL_OK));
    asl_dataset_free(dataset);
    assert_true(before == moved);
    assert_true(before != renamed && renamed != resized && resized != fewer && before != fewer);
    assert_true(asl_dataset_fingerprint(NULL) == 0);
}

static void a_wrapping_folder_is_looked_through(void **state)
{
    asl_dataset *dataset = NULL;
    uint64_t plain = 0;

    (void)state;
    fixture_tree("asl_alphabet_train", 3, 2, 4);
    dataset = fixture_open("asl_alphabet_train", ASL_OK);
    plain = asl_dataset_fingerprint(dataset);
    asl_dataset_free(dataset);

    /* The only subfolder, beside files. */
    test_make_folder("archive");
    assert_int_equal(rename("asl_alphabet_train", "archive/asl_alphabet_train"), 0);
    fixture_write_text("archive/README.txt", "hello");
    fixture_write_text("archive/cover.jpg", "not in a class folder, so not looked at");
    test_make_folder("archive/.git");
    dataset = fixture_open("archive", ASL_OK);
    assert_true(asl_dataset_fingerprint(dataset) == plain);
    asl_dataset_free(dataset);

    /* Called like the folder itself, beside others. */
    assert_int_equal(rename("archive", "asl_alphabet_train"), 0);
    test_make_folder("asl_alphabet_train/__MACOSX");
    dataset = fixture_open("asl_alphabet_train/", ASL_OK);
    assert_true(asl_dataset_fingerprint(dataset) == plain);
    asl_dataset_free(dataset);

    /* Two levels are one too many. */
    test_make_folder("outer");
    assert_int_equal(rmdir("asl_alphabet_train/__MACOSX"), 0);
    assert_int_equal(rename("asl_alphabet_train", "outer/middle"), 0);
    fixture_open("outer", ASL_ERR_DATASET);
}

static void a_wrapped_manifest_is_found(void **state)
{
    asl_dataset *dataset = NULL;

    (void)state;
    test_make_folder("wrap");
    fixture_tree("wrap/set", 2, 2, 4);
    fixture_write_text("wrap/set/data.csv",
                       "image_path,target,group\nA/A1.png,A,x\nB/B1.png,B,y\n");
    dataset = fixture_open("wrap", ASL_OK);
    assert_int_equal(asl_dataset_count(dataset), 2);
    assert_int_equal(asl_dataset_group_count(dataset), 2);
    asl_dataset_free(dataset);
}

static void what_is_no_picture_becomes_an_issue(void **state)
{
    static const char *const expected[] = {"ASL_ERR_TRUNCATED A/empty.jpg",
                                           "ASL_ERR_PATH A/fifo.png",
                                           "ASL_ERR_PATH A/folder.png",
                                           "ASL_ERR_UNSUPPORTED A/gif.jpg",
                                           "ASL_ERR_NOT_FOUND A/gone.jpeg",
                                           "ASL_ERR_PATH A/more",
                                           "ASL_ERR_PATH A/outer.png",
                                           "ASL_ERR_UNSUPPORTED A/text.PNG",
                                           "ASL_ERR_PATH A/tw?o.jpg",
                                           "ASL_ERR_PATH A/\?\?.jpg",
                                           "ASL_ERR_PATH pipe",
                                           "ASL_ERR_PATH way_out",
                                           NULL};
    asl_error err = ASL_ERROR_INIT;
    asl_issue issue = {.struct_size = sizeof issue};
    asl_dataset *dataset = NULL;

    (void)state;
    fixture_tree("mixed", 2, 2, 4);
    fixture_write_text("mixed/A/notes.txt", "ignored");
    fixture_write_text("mixed/A/.hidden.jpg", "ignored");
    fixture_write_text("mixed/A/png", "ignored");
    fixture_write_text("mixed/A/empty.jpg", "");
    fixture_write_text("mixed/A/gif.jpg", "GIF89a and so on");
    fixture_write_text("mixed/A/text.PNG", "just text");
    fixture_write_text("mixed/A/tw\no.jpg", "\xff\xd8\xff");
    fixture_write_text("mixed/A/\xff\xfe.jpg", "\xff\xd8\xff");
    fixture_write_text("mixed/file", "ignored");
    assert_int_equal(mkfifo("mixed/A/fifo.png", 0666), 0);
    assert_int_equal(mkfifo("mixed/pipe", 0666), 0);
    assert_int_equal(mkdir("mixed/A/folder.png", 0777), 0);
    assert_int_equal(mkdir("mixed/A/more", 0777), 0);
    assert_int_equal(symlink("nowhere", "mixed/A/gone.jpeg"), 0);
    assert_int_equal(symlink("/dev/zero", "mixed/A/outer.png"), 0);
    assert_int_equal(symlink("..", "mixed/way_out"), 0);
    assert_int_equal(symlink("../B/B1.png", "mixed/A/inner.png"), 0);
    dataset = fixture_open("mixed", ASL_PARTIAL);
    assert_int_equal(asl_dataset_count(dataset), 5);
    assert_string_equal(fixture_path(dataset, 2), "A/inner.png");
    fixture_expect_issues(dataset, expected);
    assert_status(asl_dataset_get_issue(&issue, dataset, 12, &err), ASL_ERR_ARG, &err);
    asl_dataset_free(dataset);
}

static void picture_kind_is_decided_by_content(void **state)
{
    asl_dataset *dataset = NULL;

    (void)state;
    fixture_tree("kinds", 2, 1, 4);
    fixture_picture("kinds/A/x.jpg", 1, 8, 8);
    assert_int_equal(rename("kinds/A/A1.png", "kinds/A/A1.JPEG"), 0);
    assert_int_equal(rename("kinds/A/x.jpg", "kinds/A/x.PNG"), 0);
    dataset = fixture_open("kinds", ASL_OK);
    assert_int_equal(asl_dataset_count(dataset), 3);
    asl_dataset_free(dataset);
}

static void expect_failure(const char *path, asl_status status, const char *part)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = (asl_dataset *)&err;

    assert_status(asl_dataset_open(&dataset, path, NULL, &err), status, &err);
    assert_null(dataset);
    if (strstr(err.message, part) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, part);
}

static void unusable_folders_say_why(void **state)
{
    char name[80];

    (void)state;
    expect_failure("nowhere", ASL_ERR_NOT_FOUND, "nowhere");
    test_make_folder("bad");
    expect_failure("bad", ASL_ERR_DATASET, "one folder per class");
    fixture_write_text("bad/A1.jpg", "flat");
    expect_failure("bad", ASL_ERR_DATASET, "one folder per class");
    fixture_tree("bad", 1, 2, 4);
    expect_failure("bad", ASL_ERR_DATASET, "only one class, 'A'");
    fixture_tree("bad", 3, 1, 4);
    assert_int_equal(remove("bad/B/B1.png"), 0);
    expect_failure("bad", ASL_ERR_DATASET, "class 'B'");
    fixture_write_text("bad/B/B1.png", "not a picture");
    expect_failure("bad", ASL_ERR_DATASET, "class 'B'");
    fixture_tree("bad", 2, 0, 4);
    fixture_write_text("bad/B/B1.png", "not a picture");
    expect_failure("bad", ASL_ERR_DATASET, "B/B1.png");
    fixture_tree("bad", 2, 1, 4);
    memset(name, 'n', sizeof name);
    memcpy(name, "bad/", 4);
    name[4 + 64] = '\0';
    assert_int_equal(mkdir(name, 0777), 0);
    expect_failure("bad", ASL_ERR_DATASET, "63 bytes");
    fixture_tree("bad", 2, 1, 4);
    assert_int_equal(mkdir("bad/x,y", 0777), 0);
    expect_failure("bad", ASL_ERR_DATASET, "x,y");
    assert_int_equal(mkfifo("bad/fifo", 0666), 0);
    expect_failure("bad/fifo", ASL_ERR_PATH, "fifo");
    expect_failure("bad/fifo/more", ASL_ERR_NOT_FOUND, "fifo/more");
}

static void an_unreadable_class_folder_fails(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* root reads everything */
    fixture_tree("closed", 3, 1, 4);
    assert_int_equal(chmod("closed/B", 0), 0);
    fixture_open("closed", ASL_ERR_IO);
    assert_int_equal(chmod("closed/B", 0777), 0);
}

static void arguments_are_checked(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_dataset_options options;
    asl_decode_options decode;

    (void)state;
    fixture_tree("args", 2, 1, 4);
    asl_dataset_options_init(&options, sizeof options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_int_equal(options.per_class, 0);
    assert_status(asl_dataset_open(NULL, "args", NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_open(&dataset, NULL, NULL, &err), ASL_ERR_ARG, &err);
    options.per_class = -1;
    assert_status(asl_dataset_open(&dataset, "args", &options, &err), ASL_ERR_ARG, &err);
    options.per_class = 0;
    asl_decode_options_init(&decode, sizeof decode);
    decode.max_side = 0;
    options.decode = &decode;
    assert_status(asl_dataset_open(&dataset, "args", &options, &err), ASL_ERR_ARG, &err);
    decode.max_side = 3;
    assert_ok(asl_dataset_open(&dataset, "args", &options, &err), &err);
    asl_image *image = NULL;
    assert_status(asl_dataset_load_image(&image, dataset, 0, &err), ASL_ERR_LIMIT, &err);
    asl_dataset_free(dataset);
    options.struct_size = 2;
    assert_status(asl_dataset_open(&dataset, "args", &options, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_dataset_count(NULL), 0);
    assert_int_equal(asl_dataset_class_count(NULL), 0);
    assert_int_equal(asl_dataset_issue_count(NULL), 0);
    asl_dataset_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_and_files_come_in_order),
        cmocka_unit_test(pictures_load_at_their_own_size),
        cmocka_unit_test(order_follows_neither_creation_nor_locale),
        cmocka_unit_test(the_fingerprint_tells_changes_apart),
        cmocka_unit_test(a_wrapping_folder_is_looked_through),
        cmocka_unit_test(a_wrapped_manifest_is_found),
        cmocka_unit_test(what_is_no_picture_becomes_an_issue),
        cmocka_unit_test(picture_kind_is_decided_by_content),
        cmocka_unit_test(unusable_folders_say_why),
        cmocka_unit_test(an_unreadable_class_folder_fails),
        cmocka_unit_test(arguments_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
