/* SPDX-License-Identifier: MIT */
/* Mixed data sets wherever other data sets are used: split, packed, read and damaged. */
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/dataset.h"
#include "dataset/loader.h"
#include "fixtures.h"

enum { MOST = 8 };

/* Samples of a view by source. */
static void count_sources(int64_t *counts, const asl_dataset *dataset)
{
    memset(counts, 0, MOST * sizeof *counts);
    for (int64_t i = 0; i < asl_dataset_count(dataset); i++)
        counts[fixture_sample(dataset, i).source_index]++;
}

static void splits_part_every_source(void **state)
{
    asl_dataset *parts[2] = {NULL}, *mix = NULL, *train = NULL, *validation = NULL;
    asl_split_options options;
    asl_error err = ASL_ERROR_INIT;
    int64_t counts[MOST];
    int32_t kind = 0;

    (void)state;
    fixture_tree("large", 2, 40, 2);
    fixture_tree("small", 3, 10, 2);
    parts[0] = fixture_open("large", ASL_OK);
    parts[1] = fixture_open("small", ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_OK);
    asl_split_options_init(&options, sizeof options);
    options.fraction = 0.2;
    for (options.kind = ASL_SPLIT_RANDOM; options.kind <= ASL_SPLIT_BLOCK; options.kind++) {
        assert_ok(asl_dataset_split(&train, &validation, &kind, mix, &options, &err), &err);
        count_sources(counts, validation);
        assert_true(counts[0] == 16 && counts[1] == 6);
        count_sources(counts, train);
        assert_true(counts[0] == 64 && counts[1] == 24);
        asl_dataset_free(train);
        asl_dataset_free(validation);
    }
    options.kind = ASL_SPLIT_AUTO; /* sources are groups */
    assert_ok(asl_dataset_split(&train, &validation, &kind, mix, &options, &err), &err);
    assert_int_equal(kind, ASL_SPLIT_GROUP);
    count_sources(counts, validation);
    assert_true(counts[0] == 0 && counts[1] == 30);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(mix);
    fixture_free(parts, 2);
}

static void single_pictures_of_a_mix_stay_in_training(void **state)
{
    asl_dataset *parts[3] = {NULL}, *mix = NULL, *train = NULL, *validation = NULL;
    asl_split_options options;
    asl_error err = ASL_ERROR_INIT;
    int64_t counts[MOST];

    (void)state;
    fixture_tree("large", 2, 10, 2);
    fixture_tree("small", 3, 1, 2);
    fixture_tree("tiny", 3, 1, 2);
    parts[0] = fixture_open("large", ASL_OK);
    parts[1] = fixture_open("small", ASL_OK);
    parts[2] = fixture_open("tiny", ASL_OK);
    asl_split_options_init(&options, sizeof options);
    options.kind = ASL_SPLIT_RANDOM;
    mix = fixture_mix_two(parts[0], parts[1], ASL_OK);
    assert_ok(asl_dataset_split(&train, &validation, NULL, mix, &options, &err), &err);
    count_sources(counts, validation);
    assert_true(counts[0] == 4 && counts[1] == 0);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(mix);
    mix = fixture_mix_two(parts[1], parts[2], ASL_OK);
    assert_status(asl_dataset_split(&train, &validation, NULL, mix, &options, &err),
                  ASL_ERR_DATASET, &err);
    asl_dataset_free(mix);
    fixture_free(parts, 3);
}

static void a_mix_is_packed(void **state)
{
    static const char *const labels[] = {"A", "B"};
    asl_dataset *parts[2] = {NULL}, *mix = NULL, *pack = NULL, *again = NULL;
    asl_mix_options options = fixture_mix_options(2);
    struct stat before, after;
    const int64_t *places = NULL;

    (void)state;
    fixture_tree("one", 3, 2, 6);
    fixture_tree("two", 2, 2, 4);
    parts[0] = fixture_open("one", ASL_OK);
    again = fixture_open("two", ASL_OK);
    parts[1] = fixture_pack(again, "two.pack", 4, ASL_OK);
    asl_dataset_free(again);
    options.labels = labels;
    options.label_count = 2;
    mix = fixture_mix(parts, &options, ASL_PARTIAL);
    assert_null(asl__dataset_pixels(&places, mix, 4, 4)); /* they are in several places */
    pack = fixture_pack(mix, "mix.pack", 4, ASL_PARTIAL);
    assert_int_equal(stat("mix.pack", &before), 0);
    again = fixture_pack(mix, "mix.pack", 4, ASL_PARTIAL);
    assert_int_equal(stat("mix.pack", &after), 0);
    assert_true(before.st_ino == after.st_ino); /* not made again */
    assert_int_equal(asl_dataset_count(pack), asl_dataset_count(mix));
    assert_int_equal(asl_dataset_source_count(pack), 1);
    assert_int_equal(asl_dataset_group_count(pack), 2);
    assert_int_equal(asl_dataset_issue_count(pack), 1);
    for (int64_t i = 0; i < asl_dataset_count(mix); i++) {
        uint8_t pixels[2][4 * 4 * 3];
        asl_error err = ASL_ERROR_INIT;

        assert_string_equal(fixture_sample(mix, i).path, fixture_sample(pack, i).path);
        assert_int_equal(fixture_sample(mix, i).class_index, fixture_sample(pack, i).class_index);
        assert_int_equal(fixture_sample(mix, i).group_index, fixture_sample(pack, i).group_index);
        assert_ok(asl__dataset_read(pixels[0], mix, i, 4, 4, &err), &err);
        assert_ok(asl__dataset_read(pixels[1], pack, i, 4, 4, &err), &err);
        assert_memory_equal(pixels[0], pixels[1], sizeof pixels[0]);
    }
    asl_dataset_free(again);
    asl_dataset_free(pack);
    asl_dataset_free(mix);
    fixture_free(parts, 2);
}

static void the_fingerprint_is_of_pictures_names_and_weights(void **state)
{
    static const double weights[] = {1, 2};
    static const char *const names[] = {"one", "zwei"};
    asl_dataset *parts[2] = {NULL}, *mixes[4] = {NULL};
    asl_mix_options options = fixture_mix_options(2);

    (void)state;
    fixture_tree("one", 2, 2, 4);
    fixture_tree("two", 2, 2, 4);
    parts[0] = fixture_open("one", ASL_OK);
    parts[1] = fixture_open("two", ASL_OK);
    mixes[0] = fixture_mix(parts, &options, ASL_OK);
    mixes[1] = fixture_mix(parts, &options, ASL_OK);
    options.weights = weights;
    mixes[2] = fixture_mix(parts, &options, ASL_OK);
    options.weights = NULL;
    options.names = names;
    mixes[3] = fixture_mix(parts, &options, ASL_OK);
    assert_true(asl_dataset_fingerprint(mixes[0]) == asl_dataset_fingerprint(mixes[1]));
    assert_true(asl_dataset_fingerprint(mixes[0]) != asl_dataset_fingerprint(mixes[2]));
    assert_true(asl_dataset_fingerprint(mixes[0]) != asl_dataset_fingerprint(mixes[3]));
    fixture_free(mixes, 4);
    fixture_free(parts, 2);
}

static void damage_is_told_with_its_source(void **state)
{
    asl_dataset *parts[2] = {NULL}, *tree = NULL, *mix = NULL;
    asl_error err = ASL_ERROR_INIT;
    uint8_t pixels[4 * 4 * 3], *data = NULL;
    asl_image *image = NULL;
    size_t size = 0;

    (void)state;
    fixture_tree("one", 2, 2, 4);
    fixture_tree("two", 2, 2, 4);
    parts[0] = fixture_open("one", ASL_OK);
    tree = fixture_open("two", ASL_OK);
    asl_dataset_free(fixture_pack(tree, "two.pack", 4, ASL_OK));
    data = fixture_read(&size, "two.pack");
    data[4096 + 5] ^= 1;
    test_write_file("two.pack", data, size);
    test_free(data);
    parts[1] = fixture_open("two.pack", ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_OK);
    assert_int_equal(unlink("one/A/A2.png"), 0);
    assert_ok(asl__dataset_read(pixels, mix, 0, 4, 4, &err), &err);
    assert_status(asl__dataset_read(pixels, mix, 1, 4, 4, &err), ASL_ERR_NOT_FOUND, &err);
    assert_int_equal(strncmp(err.message, "source 'one': ", 14), 0);
    assert_non_null(strstr(err.message, "'A/A2.png'"));
    assert_true(err.sys_errno != 0);
    assert_status(asl_dataset_load_image(&image, mix, 4, &err), ASL_ERR_CHECKSUM, &err);
    assert_int_equal(strncmp(err.message, "source 'two.pack': ", 19), 0);
    assert_null(image);
    assert_status(asl__dataset_read(pixels, parts[0], 1, 4, 4, &err), ASL_ERR_NOT_FOUND, &err);
    assert_null(strstr(err.message, "source"));
    asl_dataset_free(mix);
    asl_dataset_free(tree);
    fixture_free(parts, 2);
}

static void a_loader_reads_from_all_parts(void **state)
{
    const asl__loader_options options = {4, 4, 5, 4, NULL, 0};
    asl_dataset *parts[2] = {NULL}, *tree = NULL, *mix = NULL;
    asl_error err = ASL_ERROR_INIT;
    asl__loader *loader = NULL;
    int64_t order[18], done = 0;
    asl__batch batch;

    (void)state;
    fixture_tree("one", 3, 4, 6);
    fixture_tree("two", 2, 3, 4);
    parts[0] = fixture_open("one", ASL_OK);
    tree = fixture_open("two", ASL_OK);
    parts[1] = fixture_pack(tree, "two.pack", 4, ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_OK);
    asl_dataset_free(tree);
    fixture_free(parts, 2);
    for (int64_t i = 0; i < 18; i++)
        order[i] = i * 7 % 18;
    assert_ok(asl__loader_create(&loader, mix, &options, &err), &err);
    assert_ok(asl__loader_start(loader, order, 18, 0, &err), &err);
    for (;;) {
        assert_ok(asl__loader_next(&batch, loader, &err), &err);
        if (batch.count == 0)
            break;
        for (int32_t i = 0; i < batch.count; i++) {
            uint8_t pixels[48];

            assert_true(batch.positions[i] == order[done]);
            assert_ok(asl__dataset_read(pixels, mix, order[done++], 4, 4, &err), &err);
            assert_memory_equal(batch.images + i * 48, pixels, 48);
        }
    }
    assert_int_equal(done, 18);
    asl__loader_free(loader);
    asl_dataset_free(mix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_part_every_source),
        cmocka_unit_test(single_pictures_of_a_mix_stay_in_training),
        cmocka_unit_test(a_mix_is_packed),
        cmocka_unit_test(the_fingerprint_is_of_pictures_names_and_weights),
        cmocka_unit_test(damage_is_told_with_its_source),
        cmocka_unit_test(a_loader_reads_from_all_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
