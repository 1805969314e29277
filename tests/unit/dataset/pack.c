/* SPDX-License-Identifier: MIT */
/* Packing data sets, opening packs, and using them again. */
#include "fixtures.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asl/image.h"
#include "dataset/dataset.h"

static asl_dataset *pack_at(const asl_dataset *dataset, const char *path, int32_t size,
                            int32_t threads, int32_t reuse, asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *packed = NULL;
    asl_pack_options options;

    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = size;
    options.threads = threads;
    options.reuse = reuse;
    assert_status(asl_dataset_pack(&packed, dataset, path, &options, &err), expected, &err);
    assert_true((packed != NULL) == (expected == ASL_OK || expected == ASL_PARTIAL));
    return packed;
}

/* Entries of a folder, "." and ".." left out. */
static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = -2;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void a_pack_holds_what_reading_gives(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *packed = NULL, *opened = NULL;
    uint8_t wanted[8 * 6 * 3], got[8 * 6 * 3], other[4 * 4 * 3];
    asl_image *image = NULL;
    asl_pack_options options;

    (void)state;
    fixture_tree("tree", 3, 11, 16);
    fixture_write_text("tree/data.csv", "image_path,target,group\nA/A2.png,A,x\nB/B1.png,B,y\n"
                                        "A/A1.png,A,\nC/C7.png,C,x\n");
    dataset = fixture_open("tree", ASL_OK);
    asl_pack_options_init(&options, sizeof options);
    assert_int_equal(options.width, 224);
    assert_int_equal(options.height, 224);
    assert_int_equal(options.reuse, 1);
    options.width = 8;
    options.height = 6;
    assert_ok(asl_dataset_pack(&packed, dataset, "tree.pack", &options, &err), &err);
    asl_dataset_free(packed);
    opened = fixture_open("tree.pack", ASL_OK);
    assert_int_equal(asl_dataset_count(opened), 4);
    assert_int_equal(asl_dataset_class_count(opened), 3);
    assert_int_equal(asl_dataset_group_count(opened), 2);
    assert_string_equal(asl_dataset_group_name(opened, 1), "y");
    const int64_t *places = NULL;
    assert_null(asl__dataset_pixels(&places, dataset, 8, 6));
    assert_null(asl__dataset_pixels(&places, opened, 6, 8));
    const uint8_t *pixels = asl__dataset_pixels(&places, opened, 8, 6);
    assert_non_null(pixels);
    for (int64_t i = 0; i < 4; i++) {
        asl_sample before = {.struct_size = sizeof before}, after = before;

        assert_ok(asl_dataset_get_sample(&before, dataset, i, &err), &err);
        assert_ok(asl_dataset_get_sample(&after, opened, i, &err), &err);
        assert_string_equal(after.path, before.path);
        assert_int_equal(after.class_index, before.class_index);
        assert_int_equal(after.group_index, before.group_index);
        assert_ok(asl__dataset_read(wanted, dataset, i, 8, 6, &err), &err);
        for (int k = 0; k < 2; k++) {
            assert_ok(asl__dataset_read(got, opened, i, 8, 6, &err), &err);
            assert_memory_equal(got, wanted, sizeof wanted);
        }
        assert_memory_equal(pixels + (size_t)places[i] * sizeof wanted, wanted, sizeof wanted);
        assert_ok(asl_dataset_load_image(&image, opened, i, &err), &err);
        assert_int_equal(asl_image_get_view(image).width, 8);
        assert_int_equal(asl_image_get_view(image).height, 6);
        assert_memory_equal(asl_image_pixels(image), wanted, sizeof wanted);
        asl_image_free(image);
    }
    assert_ok(asl__dataset_read(other, opened, 0, 4, 4, &err), &err);
    asl_dataset_free(opened);
    asl_dataset_free(dataset);
}

/* Large JPEG files are decoded only as far as their use needs, and the pixels stay what they are:
 * photographs were seen to differ by 7 levels at most, and this one is all edges. */
static void large_pictures_are_read_as_well(void **state)
{
    enum { WIDTH = 30, HEIGHT = 20, MOST = 8 };
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_image *whole = NULL, *wanted = NULL;
    asl_image_view view;
    uint8_t got[WIDTH * HEIGHT * 3];

    (void)state;
    fixture_tree("large", 2, 1, 16);
    fixture_picture("large/A/A1.jpg", 5, 601, 397);
    dataset = fixture_open("large", ASL_OK);
    assert_string_equal(fixture_path(dataset, 0), "A/A1.jpg");
    assert_ok(asl_dataset_load_image(&whole, dataset, 0, &err), &err);
    view = asl_image_get_view(whole);
    assert_int_equal(view.width, 601);
    assert_int_equal(view.height, 397);
    assert_ok(asl_image_resize(&wanted, &view, NULL, WIDTH, HEIGHT, &err), &err);
    assert_ok(asl__dataset_read(got, dataset, 0, WIDTH, HEIGHT, &err), &err);
    for (size_t i = 0; i < sizeof got; i++)
        assert_in_range(got[i] + MOST - asl_image_pixels(wanted)[i], 0, 2 * MOST);
    asl_image_free(wanted);
    asl_image_free(whole);
    asl_dataset_free(dataset);
}

static void threads_and_time_do_not_change_the_file(void **state)
{
    size_t size = 0, again = 0;
    asl_dataset *dataset = NULL;
    uint8_t *first = NULL, *second = NULL;
    uint64_t fingerprint = 0;

    (void)state;
    fixture_tree("tree", 3, 30, 8);
    dataset = fixture_open("tree", ASL_OK);
    asl_dataset_free(pack_at(dataset, "one.pack", 8, 1, 1, ASL_OK));
    first = fixture_read(&size, "one.pack");
    for (int threads = 2; threads <= 4; threads += 2) {
        asl_dataset_free(pack_at(dataset, "two.pack", 8, threads, 0, ASL_OK));
        second = fixture_read(&again, "two.pack");
        assert_int_equal(size, again);
        assert_memory_equal(first, second, size);
        test_free(second);
    }
    test_free(first);
    asl_dataset_free(dataset);

    /* Sources touched: another key, so another file, but the same samples. */
    dataset = fixture_open("one.pack", ASL_OK);
    fingerprint = asl_dataset_fingerprint(dataset);
    asl_dataset_free(dataset);
    fixture_tree("tree", 3, 30, 8);
    dataset = fixture_open("tree", ASL_OK);
    asl_dataset *packed = pack_at(dataset, "two.pack", 8, 0, 1, ASL_OK);
    assert_true(asl_dataset_fingerprint(packed) == fingerprint);
    asl_dataset_free(packed);
    packed = pack_at(dataset, "two.pack", 7, 0, 1, ASL_OK);
    assert_true(asl_dataset_fingerprint(packed) != fingerprint);
    asl_dataset_free(packed);
    asl_dataset_free(dataset);
}

static ino_t inode(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

static void a_pack_is_used_again_while_it_fits(void **state)
{
    asl_dataset *dataset = NULL;
    ino_t before = 0;
    FILE *file = NULL;

    (void)state;
    fixture_tree("tree", 2, 3, 8);
    remove("again.pack");
    dataset = fixture_open("tree", ASL_OK);
    asl_dataset_free(pack_at(dataset, "again.pack", 8, 1, 1, ASL_OK));
    before = inode("again.pack");
    asl_dataset_free(pack_at(dataset, "again.pack", 8, 1, 1, ASL_OK));
    assert_true(inode("again.pack") == before);
    asl_dataset_free(pack_at(dataset, "again.pack", 8, 1, 0, ASL_OK));
    assert_true(inode("again.pack") != before);
    before = inode("again.pack");
    asl_dataset_free(pack_at(dataset, "again.pack", 9, 1, 1, ASL_OK));
    assert_true(inode("again.pack") != before);
    before = inode("again.pack");
    asl_dataset_free(dataset);

    fixture_picture("tree/A/A2.png", 77, 8, 8);
    dataset = fixture_open("tree", ASL_OK);
    asl_dataset_free(pack_at(dataset, "again.pack", 9, 1, 1, ASL_OK));
    assert_true(inode("again.pack") != before);
    before = inode("again.pack");

    /* What is no pack, or a damaged one, is made again. */
    file = fopen("again.pack", "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -3, SEEK_END), 0);
    assert_true(fputc('?', file) == '?');
    fclose(file);
    asl_dataset_free(pack_at(dataset, "again.pack", 9, 1, 1, ASL_OK));
    assert_true(inode("again.pack") != before);
    fixture_write_text("again.pack", "not a pack");
    asl_dataset_free(pack_at(dataset, "again.pack", 9, 1, 1, ASL_OK));
    asl_dataset_free(dataset);
}

static void bad_pictures_are_listed_now_and_later(void **state)
{
    static const char *const expected[] = {"ASL_ERR_UNSUPPORTED A/note.png",
                                           "ASL_ERR_IMAGE A/A2.png", "ASL_ERR_TRUNCATED B/B1.png",
                                           NULL};
    asl_dataset *dataset = NULL, *packed = NULL;
    size_t size = 0;
    uint8_t *data = NULL;

    (void)state;
    fixture_tree("bad", 2, 3, 16);
    remove("bad.pack");
    data = fixture_read(&size, "bad/A/A2.png");
    data[size - 20] ^= 0x55; /* inside the pixels, so that their checksum is wrong */
    test_write_file("bad/A/A2.png", data, size);
    test_free(data);
    data = fixture_read(&size, "bad/B/B1.png");
    test_write_file("bad/B/B1.png", data, size / 2);
    test_free(data);
    fixture_write_text("bad/A/note.png", "text");
    dataset = fixture_open("bad", ASL_PARTIAL);
    assert_int_equal(asl_dataset_count(dataset), 6);
    for (int i = 0; i < 2; i++) { /* made, then used again */
        packed = pack_at(dataset, "bad.pack", 4, 2, 1, ASL_PARTIAL);
        assert_int_equal(asl_dataset_count(packed), 4);
        fixture_expect_issues(packed, expected);
        asl_dataset_free(packed);
    }
    packed = fixture_open("bad.pack", ASL_PARTIAL);
    fixture_expect_issues(packed, expected);
    asl_dataset_free(packed);

    /* Nothing left of a class: no file at all. */
    fixture_write_text("bad/B/B2.png", "\x89PNG\r\n\x1a\n");
    fixture_write_text("bad/B/B3.png", "\x89PNG\r\n\x1a\n");
    asl_dataset_free(dataset);
    dataset = fixture_open("bad", ASL_PARTIAL);
    test_make_folder("none");
    pack_at(dataset, "none/x.pack", 4, 1, 1, ASL_ERR_DATASET);
    assert_int_equal(count_entries("none"), 0);
    asl_dataset_free(dataset);
}

static void splits_and_packs_go_together(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL, *packed = NULL, *small = NULL;
    uint8_t wanted[4 * 4 * 3], got[4 * 4 * 3];

    (void)state;
    fixture_tree("tree", 3, 10, 8);
    dataset = fixture_open("tree", ASL_OK);
    packed = pack_at(dataset, "all.pack", 8, 1, 0, ASL_OK);
    assert_ok(asl_dataset_split(&train, &small, NULL, dataset, NULL, &err), &err);
    asl_dataset_free(train);
    assert_ok(asl_dataset_split(&train, &validation, NULL, packed, NULL, &err), &err);
    assert_int_equal(asl_dataset_count(validation), asl_dataset_count(small));
    for (int64_t i = 0; i < asl_dataset_count(small); i++)
        assert_string_equal(fixture_path(validation, i), fixture_path(small, i));
    asl_dataset_free(small);
    asl_dataset_free(dataset);
    asl_dataset_free(packed);

    /* A pack of one side of a pack, at another size. */
    small = pack_at(validation, "side.pack", 4, 2, 1, ASL_OK);
    assert_int_equal(asl_dataset_count(small), asl_dataset_count(validation));
    assert_ok(asl__dataset_read(wanted, validation, 3, 4, 4, &err), &err);
    assert_ok(asl__dataset_read(got, small, 3, 4, 4, &err), &err);
    assert_memory_equal(got, wanted, sizeof wanted);
    asl_dataset_free(small);

    /* Packing over the file that is being read. */
    small = pack_at(validation, "all.pack", 4, 2, 1, ASL_OK);
    assert_ok(asl__dataset_read(got, train, 0, 4, 4, &err), &err);
    asl_dataset_free(small);
    asl_dataset_free(train);
    asl_dataset_free(validation);
}

static void a_side_that_lacks_a_class_can_be_packed(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL, *packed = NULL;

    (void)state;
    fixture_tree("tree", 3, 3, 8);
    fixture_write_text("tree/data.csv", "image_path,target,group\nA/A1.png,A,x\nB/B1.png,B,x\n"
                                        "A/A2.png,A,y\nB/B2.png,B,y\nC/C1.png,C,y\nC/C2.png,C,y\n");
    dataset = fixture_open("tree", ASL_OK);
    asl_split_options_init(&options, sizeof options);
    options.fraction = 0.3;
    assert_ok(asl_dataset_split(&train, &validation, NULL, dataset, &options, &err), &err);
    packed = pack_at(validation, "lacks.pack", 4, 1, 0, ASL_OK);
    assert_int_equal(asl_dataset_class_count(packed), 3);
    asl_dataset_free(packed);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(dataset);
}

typedef struct watch {
    int64_t stop_at, last, total;
    int calls;
} watch;

static int32_t on_progress(int64_t done, int64_t total, void *user)
{
    watch *seen = user;

    assert_true(done > seen->last && done <= total);
    seen->last = done;
    seen->total = total;
    seen->calls++;
    return done >= seen->stop_at;
}

static void progress_is_told_and_can_stop(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *packed = NULL;
    asl_pack_options options;
    watch seen = {.stop_at = 1000};

    (void)state;
    fixture_tree("tree", 3, 110, 2);
    dataset = fixture_open("tree", ASL_OK);
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 2;
    options.progress = on_progress;
    options.user = &seen;
    test_make_folder("progress");
    assert_ok(asl_dataset_pack(&packed, dataset, "progress/x", &options, &err), &err);
    assert_int_equal(seen.last, 330);
    assert_int_equal(seen.total, 330);
    assert_true(seen.calls >= 2);
    asl_dataset_free(packed);

    assert_int_equal(remove("progress/x"), 0);
    seen = (watch){.stop_at = 1};
    assert_status(asl_dataset_pack(&packed, dataset, "progress/x", &options, &err), ASL_STOPPED,
                  &err);
    assert_null(packed);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(count_entries("progress"), 0);
    asl_dataset_free(dataset);
}

static void wrong_calls_fail(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *packed = NULL;
    asl_pack_options options;
    const int32_t sizes[][2] = {{0, 8}, {8, 0}, {-1, 8}, {4097, 8}, {8, 4097}};

    (void)state;
    fixture_tree("tree", 2, 2, 4);
    dataset = fixture_open("tree", ASL_OK);
    asl_pack_options_init(&options, sizeof options);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        options.width = sizes[i][0];
        options.height = sizes[i][1];
        assert_status(asl_dataset_pack(&packed, dataset, "x.pack", &options, &err), ASL_ERR_ARG,
                      &err);
    }
    options.width = options.height = 4;
    options.threads = -1;
    assert_status(asl_dataset_pack(&packed, dataset, "x.pack", &options, &err), ASL_ERR_ARG, &err);
    options.threads = 1;
    assert_status(asl_dataset_pack(NULL, dataset, "x.pack", &options, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_pack(&packed, NULL, "x.pack", &options, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_pack(&packed, dataset, NULL, &options, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_pack(&packed, dataset, "no/such/folder", &options, &err),
                  ASL_ERR_NOT_FOUND, &err);
    assert_status(asl_dataset_pack(&packed, dataset, "tree", &options, &err), ASL_ERR_PATH, &err);
    assert_null(packed);
    asl_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_holds_what_reading_gives),
        cmocka_unit_test(large_pictures_are_read_as_well),
        cmocka_unit_test(threads_and_time_do_not_change_the_file),
        cmocka_unit_test(a_pack_is_used_again_while_it_fits),
        cmocka_unit_test(bad_pictures_are_listed_now_and_later),
        cmocka_unit_test(splits_and_packs_go_together),
        cmocka_unit_test(a_side_that_lacks_a_class_can_be_packed),
        cmocka_unit_test(progress_is_told_and_can_stop),
        cmocka_unit_test(wrong_calls_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
