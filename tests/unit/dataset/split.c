/* SPDX-License-Identifier: MIT */
/* Drawing subsets and parting data sets. */
#include "fixtures.h"

#include <math.h>
#include <sys/stat.h>

#include "dataset/dataset.h"

static asl_dataset *open_subset(const char *path, int32_t per_class, uint64_t seed)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_dataset_options options;

    asl_dataset_options_init(&options, sizeof options);
    options.per_class = per_class;
    options.seed = seed;
    assert_ok(asl_dataset_open(&dataset, path, &options, &err), &err);
    return dataset;
}

static int32_t label_of(const asl_dataset *dataset, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_sample sample = {.struct_size = sizeof sample};

    assert_ok(asl_dataset_get_sample(&sample, dataset, index, &err), &err);
    return sample.class_index;
}

static void subsets_are_drawn_without_replacement_in_order(void **state)
{
    asl_dataset *all = NULL, *some = NULL, *again = NULL, *other = NULL;
    int differences = 0;

    (void)state;
    fixture_tree("tree", 3, 12, 4);
    all = fixture_open("tree", ASL_OK);
    some = open_subset("tree", 5, 7);
    again = open_subset("tree", 5, 7);
    other = open_subset("tree", 5, 8);
    assert_int_equal(asl_dataset_count(some), 15);
    for (int64_t i = 0; i < 15; i++) {
        assert_int_equal(label_of(some, i), i / 5);
        if (i > 0)
            assert_true(some->members[i - 1] < some->members[i]);
        assert_true(some->members[i] == again->members[i]);
        differences += some->members[i] != other->members[i];
    }
    assert_true(differences > 0);
    assert_true(asl_dataset_fingerprint(some) == asl_dataset_fingerprint(again));
    assert_true(asl_dataset_fingerprint(some) != asl_dataset_fingerprint(other));
    asl_dataset_free(other);
    asl_dataset_free(again);
    asl_dataset_free(some);
    some = open_subset("tree", 100, 7);
    assert_true(asl_dataset_fingerprint(some) == asl_dataset_fingerprint(all));
    asl_dataset_free(some);
    asl_dataset_free(all);
}

/* Splits and checks that every sample lands on exactly one side, in order, twice alike. */
static void split(asl_dataset **train, asl_dataset **validation, const asl_dataset *dataset,
                  int32_t kind, double fraction, uint64_t seed, int32_t expected_kind)
{
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_dataset *again[2] = {NULL, NULL};
    int32_t used = -1;

    asl_split_options_init(&options, sizeof options);
    options.kind = kind;
    options.fraction = fraction;
    options.seed = seed;
    assert_ok(asl_dataset_split(train, validation, &used, dataset, &options, &err), &err);
    assert_int_equal(used, expected_kind);
    assert_true((*train)->count > 0 && (*validation)->count > 0);
    assert_int_equal((*train)->count + (*validation)->count, dataset->count);
    for (int64_t i = 0, t = 0, v = 0; i < dataset->count; i++) {
        if (t < (*train)->count && (*train)->members[t] == dataset->members[i])
            t++;
        else if (v < (*validation)->count && (*validation)->members[v] == dataset->members[i])
            v++;
        else
            fail_msg("sample %d is lost", (int)i);
    }
    assert_ok(asl_dataset_split(&again[0], &again[1], NULL, dataset, &options, &err), &err);
    assert_true(asl_dataset_fingerprint(again[1]) == asl_dataset_fingerprint(*validation));
    asl_dataset_free(again[0]);
    asl_dataset_free(again[1]);
}

static void random_and_block_take_their_share_of_every_class(void **state)
{
    static const struct {
        int per_class;
        double fraction;
        int expected;
    } cases[] = {{2, 0.15, 1}, {2, 0.99, 1},  {10, 0.15, 2}, {10, 0.14, 1},
                 {7, 0.5, 4},  {20, 0.15, 3}, {5, 0.001, 1}, {5, 0.999, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_dataset *dataset = NULL, *train = NULL, *validation = NULL;

        fixture_tree("tree", 2, cases[i].per_class, 4);
        dataset = fixture_open("tree", ASL_OK);
        for (int32_t kind = ASL_SPLIT_RANDOM; kind <= ASL_SPLIT_BLOCK; kind++) {
            split(&train, &validation, dataset, kind, cases[i].fraction, 3, kind);
            assert_int_equal(asl_dataset_class_count(validation), 2);
            assert_int_equal(asl_dataset_count(validation), 2 * cases[i].expected);
            assert_int_equal(label_of(validation, cases[i].expected - 1), 0);
            assert_int_equal(label_of(validation, cases[i].expected), 1);
            asl_dataset_free(train);
            asl_dataset_free(validation);
        }
        asl_dataset_free(dataset);
    }
}

static void random_follows_the_seed_and_outlives_its_parent(void **state)
{
    asl_dataset *dataset = NULL, *train[2], *validation[2];

    (void)state;
    fixture_tree("tree", 2, 20, 4);
    dataset = fixture_open("tree", ASL_OK);
    split(&train[0], &validation[0], dataset, ASL_SPLIT_RANDOM, 0.5, 1, ASL_SPLIT_RANDOM);
    split(&train[1], &validation[1], dataset, ASL_SPLIT_RANDOM, 0.5, 2, ASL_SPLIT_RANDOM);
    asl_dataset_free(dataset);
    assert_true(asl_dataset_fingerprint(validation[0]) != asl_dataset_fingerprint(validation[1]));
    assert_string_equal(asl_dataset_class_name(train[0], 1), "B");
    for (int i = 0; i < 2; i++) {
        asl_dataset_free(train[i]);
        asl_dataset_free(validation[i]);
    }
}

/* Marks which of A1..A60 lie in `part`. */
static void mark_first_class(bool *marks, const asl_dataset *part)
{
    memset(marks, 0, 60 * sizeof *marks);
    for (int64_t i = 0; i < part->count; i++) {
        int number;

        if (sscanf(fixture_path(part, i), "A/A%d.png", &number) == 1)
            marks[number - 1] = true;
    }
}

static void block_takes_whole_runs_in_capture_order(void **state)
{
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL;
    bool marks[4][60];
    int changes = 0;

    (void)state;
    fixture_tree("tree", 2, 60, 4);
    dataset = fixture_open("tree", ASL_OK);
    for (uint64_t seed = 0; seed < 4; seed++) {
        split(&train, &validation, dataset, ASL_SPLIT_AUTO, 0.15, seed, ASL_SPLIT_BLOCK);
        assert_int_equal(asl_dataset_count(validation), 2 * 9);
        mark_first_class(marks[seed], validation);
        for (int i = 0; i < 60; i++) /* 20 runs of 3 */
            assert_true(marks[seed][i] == marks[seed][i / 3 * 3]);
        changes += seed > 0 && memcmp(marks[seed], marks[0], sizeof *marks) != 0;
        asl_dataset_free(train);
        asl_dataset_free(validation);
    }
    assert_true(changes > 0);

    /* A share that is no whole number of runs cuts the last one short. */
    split(&train, &validation, dataset, ASL_SPLIT_BLOCK, 0.117, 0, ASL_SPLIT_BLOCK);
    assert_int_equal(asl_dataset_count(validation), 2 * 7);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(dataset);
}

static void block_does_not_depend_on_the_order_of_a_list(void **state)
{
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL;
    bool tree[60], list[60];
    char text[4096];
    size_t used = (size_t)sprintf(text, "image_path,target\n");

    (void)state;
    fixture_tree("tree", 2, 60, 4);
    dataset = fixture_open("tree", ASL_OK);
    split(&train, &validation, dataset, ASL_SPLIT_BLOCK, 0.15, 0, ASL_SPLIT_BLOCK);
    mark_first_class(tree, validation);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(dataset);
    for (int i = 60; i > 0; i--)
        used += (size_t)sprintf(text + used, "A/A%d.png,A\nB/B%d.png,B\n", i, i);
    fixture_write_text("tree/data.csv", text);
    dataset = fixture_open("tree", ASL_OK);
    split(&train, &validation, dataset, ASL_SPLIT_BLOCK, 0.15, 0, ASL_SPLIT_BLOCK);
    mark_first_class(list, validation);
    assert_memory_equal(tree, list, sizeof tree);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(dataset);
}

/* A list with sizes[g] pictures of group g, classes taking turns; group 0 is "unknown". */
static asl_dataset *open_groups(const int *sizes, int groups)
{
    char text[8192];
    size_t used = (size_t)sprintf(text, "image_path,target,group\n");
    int picture = 0;

    fixture_tree("groups", 2, 60, 4);
    for (int g = 0; g < groups; g++) {
        for (int i = 0; i < sizes[g]; i++, picture++) {
            used += (size_t)sprintf(text + used, "%c/%c%d.png,%c,", 'A' + picture % 2,
                                    'A' + picture % 2, picture / 2 + 1, 'A' + picture % 2);
            if (g > 0)
                used += (size_t)sprintf(text + used, "s%d", g);
            used += (size_t)sprintf(text + used, "\n");
        }
    }
    fixture_write_text("groups/data.csv", text);
    return fixture_open("groups", ASL_OK);
}

static void groups_stay_whole(void **state)
{
    static const struct {
        int sizes[6];
        double fraction;
        int least, most; /* of validation, over the seeds */
    } cases[] = {
        {{0, 10, 10, 10, 10, 10}, 0.2, 10, 10},  {{0, 10, 10, 10, 10, 10}, 0.01, 10, 10},
        {{0, 10, 10, 10, 10, 10}, 0.99, 40, 40}, {{0, 50, 4, 0, 0, 0}, 0.15, 4, 4},
        {{0, 30, 70, 0, 0, 0}, 0.15, 30, 30},    {{20, 10, 10, 10, 10, 10}, 0.5, 30, 40},
        {{0, 1, 2, 4, 8, 16}, 0.5, 8, 23},       {{90, 5, 5, 0, 0, 0}, 0.5, 5, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_dataset *dataset = open_groups(cases[i].sizes, 6), *train = NULL, *validation = NULL;

        for (uint64_t seed = 0; seed < 8; seed++) {
            asl_error err = ASL_ERROR_INIT;
            int sides[6] = {0};

            split(&train, &validation, dataset, ASL_SPLIT_AUTO, cases[i].fraction, seed,
                  ASL_SPLIT_GROUP);
            if (validation->count < cases[i].least || validation->count > cases[i].most)
                fail_msg("case %zu, seed %d: %d", i, (int)seed, (int)validation->count);
            for (int64_t k = 0; k < dataset->count; k++) {
                asl_sample sample = {.struct_size = sizeof sample};
                const bool here = k < train->count;

                assert_ok(asl_dataset_get_sample(&sample, here ? train : validation,
                                                 here ? k : k - train->count, &err),
                          &err);
                sides[sample.group_index + 1] |= here ? 1 : 2;
            }
            assert_true(sides[0] <= 1); /* unknown signers stay in training */
            for (int g = 0; g < 6; g++)
                assert_true(sides[g] != 3);
            asl_dataset_free(train);
            asl_dataset_free(validation);
        }
        asl_dataset_free(dataset);
    }
}

static void children_split_by_what_they_show(void **state)
{
    static const int sizes[] = {0, 10, 10};
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_dataset *dataset = open_groups(sizes, 3), *train, *validation, *inner[2] = {NULL, NULL};

    (void)state;
    split(&train, &validation, dataset, ASL_SPLIT_AUTO, 0.5, 0, ASL_SPLIT_GROUP);
    split(&inner[0], &inner[1], train, ASL_SPLIT_AUTO, 0.5, 0, ASL_SPLIT_BLOCK);
    asl_dataset_free(inner[0]);
    asl_dataset_free(inner[1]);
    inner[0] = inner[1] = dataset;
    asl_split_options_init(&options, sizeof options);
    options.kind = ASL_SPLIT_GROUP;
    assert_status(asl_dataset_split(&inner[0], &inner[1], NULL, train, &options, &err),
                  ASL_ERR_DATASET, &err);
    assert_null(inner[0]);
    assert_null(inner[1]);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    asl_dataset_free(dataset);
}

static void impossible_splits_say_why(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_dataset *dataset = NULL, *train = NULL, *validation = NULL;
    const double bad[] = {0, 1, -0.1, 1.5, (double)NAN, (double)INFINITY};

    (void)state;
    fixture_tree("tree", 2, 3, 4);
    assert_int_equal(remove("tree/B/B1.png"), 0);
    assert_int_equal(remove("tree/B/B2.png"), 0);
    dataset = fixture_open("tree", ASL_OK);
    asl_split_options_init(&options, sizeof options);
    assert_int_equal(options.kind, ASL_SPLIT_AUTO);
    assert_true(options.fraction == 0.15);
    assert_status(asl_dataset_split(&train, &validation, NULL, dataset, NULL, &err),
                  ASL_ERR_DATASET, &err);
    assert_non_null(strstr(err.message, "'B'"));
    options.kind = ASL_SPLIT_GROUP;
    assert_status(asl_dataset_split(&train, &validation, NULL, dataset, &options, &err),
                  ASL_ERR_DATASET, &err);
    for (int32_t kind = -1; kind <= 4; kind += 5) {
        options.kind = kind;
        assert_status(asl_dataset_split(&train, &validation, NULL, dataset, &options, &err),
                      ASL_ERR_ARG, &err);
    }
    options.kind = ASL_SPLIT_AUTO;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.fraction = bad[i];
        assert_status(asl_dataset_split(&train, &validation, NULL, dataset, &options, &err),
                      ASL_ERR_ARG, &err);
    }
    assert_status(asl_dataset_split(NULL, &validation, NULL, dataset, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_dataset_split(&train, NULL, NULL, dataset, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_split(&train, &train, NULL, dataset, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_dataset_split(&train, &validation, NULL, NULL, NULL, &err), ASL_ERR_ARG,
                  &err);
    asl_dataset_free(dataset);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(asl_split_name(ASL_SPLIT_AUTO), "auto");
    assert_string_equal(asl_split_name(ASL_SPLIT_RANDOM), "random");
    assert_string_equal(asl_split_name(ASL_SPLIT_BLOCK), "block");
    assert_string_equal(asl_split_name(ASL_SPLIT_GROUP), "group");
    assert_null(asl_split_name(-1));
    assert_null(asl_split_name(4));
}

static void labels_are_mapped_by_name(void **state)
{
    static const char *const labels[] = {"C", "x", "A", "B"};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *shared = NULL;
    int32_t map[3] = {9, 9, 9};

    (void)state;
    fixture_tree("tree", 3, 2, 4);
    dataset = fixture_open("tree", ASL_OK);
    assert_ok(asl__dataset_share(&shared, dataset, &err), &err);
    asl_dataset_free(dataset);
    assert_ok(asl__dataset_map_labels(map, shared, labels, 4, &err), &err);
    assert_int_equal(map[0], 2);
    assert_int_equal(map[1], 3);
    assert_int_equal(map[2], 0);
    assert_status(asl__dataset_map_labels(map, shared, labels, 2, &err), ASL_ERR_LABELS, &err);
    assert_non_null(strstr(err.message, "'A'"));

    /* A class that this view lacks does not matter. */
    shared->members[0] = shared->members[1] = shared->members[2];
    err = (asl_error)ASL_ERROR_INIT;
    assert_ok(asl__dataset_map_labels(map, shared, (const char *const[]){"B", "C"}, 2, &err), &err);
    assert_int_equal(map[0], -1);
    assert_int_equal(map[1], 0);
    asl_dataset_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subsets_are_drawn_without_replacement_in_order),
        cmocka_unit_test(random_and_block_take_their_share_of_every_class),
        cmocka_unit_test(random_follows_the_seed_and_outlives_its_parent),
        cmocka_unit_test(block_takes_whole_runs_in_capture_order),
        cmocka_unit_test(block_does_not_depend_on_the_order_of_a_list),
        cmocka_unit_test(groups_stay_whole),
        cmocka_unit_test(children_split_by_what_they_show),
        cmocka_unit_test(impossible_splits_say_why),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(labels_are_mapped_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
