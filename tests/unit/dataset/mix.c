/* SPDX-License-Identifier: MIT */
/* Mixed data sets: what they hold, and how it is named. mix_use.c uses them. */
#include <math.h>
#include <sys/stat.h>

#include "dataset/dataset.h"
#include "fixtures.h"

static const char *message_of(const asl_dataset *dataset, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_issue issue = {.struct_size = sizeof issue};

    assert_ok(asl_dataset_get_issue(&issue, dataset, index, &err), &err);
    return issue.message;
}

static void pictures_stay_with_their_parts(void **state)
{
    asl_dataset *parts[2] = {NULL}, *tree = NULL, *mix = NULL;

    (void)state;
    fixture_tree("one", 3, 3, 8);
    fixture_tree("two", 2, 2, 4);
    parts[0] = fixture_open("one/", ASL_OK);
    tree = fixture_open("two", ASL_OK);
    parts[1] = fixture_pack(tree, "two.pack", 6, ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_OK);
    assert_int_equal(asl_dataset_count(mix), 13);
    assert_int_equal(asl_dataset_class_count(mix), 3);
    assert_string_equal(asl_dataset_class_name(mix, 2), "C");
    assert_int_equal(asl_dataset_group_count(mix), 2);
    assert_string_equal(asl_dataset_group_name(mix, 0), "one");
    assert_string_equal(asl_dataset_group_name(mix, 1), "two.pack");
    assert_int_equal(asl_dataset_source_count(mix), 2);
    assert_string_equal(asl_dataset_source_name(mix, 0), "one");
    assert_string_equal(asl_dataset_source_name(mix, 1), "two.pack");
    assert_null(asl_dataset_source_name(mix, 2));
    assert_null(asl_dataset_source_name(mix, -1));
    assert_true(asl_dataset_source_weight(mix, 1) == 1.0);
    assert_true(asl_dataset_source_weight(mix, 2) == 0.0);
    for (int64_t i = 0; i < 13; i++) {
        const int64_t place = i < 9 ? i : i - 9;
        const asl_dataset *part = parts[i < 9 ? 0 : 1];
        const asl_sample sample = fixture_sample(mix, i), own = fixture_sample(part, place);

        assert_int_equal(sample.source_index, i < 9 ? 0 : 1);
        assert_int_equal(sample.group_index, sample.source_index);
        assert_int_equal(sample.class_index, own.class_index);
        assert_int_equal(own.source_index, 0);
        assert_int_equal(strncmp(sample.path, i < 9 ? "one/" : "two.pack/", i < 9 ? 4 : 9), 0);
        assert_string_equal(sample.path + (i < 9 ? 4 : 9), own.path);
        fixture_expect_same_picture(mix, i, part, place);
    }
    asl_dataset_free(parts[0]); /* the mix keeps what it needs */
    asl_dataset_free(parts[1]);
    fixture_expect_same_picture(mix, 9, mix, 9);
    fixture_expect_same_picture(mix, 0, mix, 0);
    asl_dataset_free(mix);
    asl_dataset_free(tree);
}

static void a_data_set_is_its_own_source(void **state)
{
    static const struct {
        const char *path, *name;
    } cases[] = {{"home/one", "one"},
                 {"home/one//", "one"},
                 {"home/one/.", "one"},
                 {"home/one/A/..", "one"},
                 {"home/one/data.csv", "data.csv"},
                 {"home/x.pack", "x.pack"}};
    asl_dataset *dataset = NULL;

    (void)state;
    test_make_folder("home");
    fixture_tree("home/one", 2, 1, 4);
    dataset = fixture_open("home/one", ASL_OK);
    asl_dataset_free(fixture_pack(dataset, "home/x.pack", 4, ASL_OK));
    asl_dataset_free(dataset);
    fixture_write_text("home/one/data.csv", "image_path,target\nA/A1.png,A\nB/B1.png,B\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dataset = fixture_open(cases[i].path, ASL_OK);
        assert_int_equal(asl_dataset_source_count(dataset), 1);
        assert_string_equal(asl_dataset_source_name(dataset, 0), cases[i].name);
        assert_null(asl_dataset_source_name(dataset, 1));
        assert_true(asl_dataset_source_weight(dataset, 0) == 1.0);
        asl_dataset_free(dataset);
    }
    assert_int_equal(asl_dataset_source_count(NULL), 0);
    assert_null(asl_dataset_source_name(NULL, 0));
    assert_true(asl_dataset_source_weight(NULL, 0) == 0.0);
}

static void make_classes(const char *name, const char *const *classes)
{
    char path[256];

    test_make_folder(name);
    for (int i = 0; classes[i] != NULL; i++) {
        snprintf(path, sizeof path, "%s/%s", name, classes[i]);
        assert_int_equal(mkdir(path, 0777), 0);
        for (int k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "%s/%s/%d.png", name, classes[i], k);
            fixture_picture(path, i * 10 + k, 4, 4);
        }
    }
}

static void classes_are_found_in_any_spelling(void **state)
{
    static const char *const words[] = {"Background", "DEL", "Space", "a", "blank", NULL};
    static const char *const digits[] = {"0", "7", "F", "W", NULL};
    static const char *const expected[] = {"A", "F", "W", "del", "nothing", "space"};
    asl_dataset *parts[2] = {NULL}, *mix = NULL;
    const char *const issues[] = {"ASL_ERR_LABELS digits", "ASL_ERR_LABELS digits", NULL};

    (void)state;
    make_classes("words", words);
    make_classes("digits", digits);
    parts[0] = fixture_open("words", ASL_OK);
    parts[1] = fixture_open("digits", ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_PARTIAL);
    assert_int_equal(asl_dataset_class_count(mix), 6);
    for (int32_t i = 0; i < 6; i++)
        assert_string_equal(asl_dataset_class_name(mix, i), expected[i]);
    assert_int_equal(asl_dataset_count(mix), 14);
    assert_int_equal(fixture_sample(mix, 0).class_index, 4); /* Background */
    assert_int_equal(fixture_sample(mix, 9).class_index, 4); /* blank */
    assert_int_equal(fixture_sample(mix, 6).class_index, 0); /* a */
    assert_string_equal(fixture_sample(mix, 10).path, "digits/F/0.png");
    fixture_expect_issues(mix, issues);
    assert_string_equal(
        message_of(mix, 1),
        "source 'digits': class '7' is none of the model's 29: 2 pictures left out");
    fixture_expect_same_picture(mix, 10, parts[1], 4); /* places are those of the part */
    asl_dataset_free(mix);
    fixture_free(parts, 2);
}

static void one_data_set_gets_the_classes_of_a_model(void **state)
{
    static const char *const labels[] = {"C", "X", "A"};
    asl_mix_options options = fixture_mix_options(1);
    asl_dataset *part = NULL, *mix = NULL;

    (void)state;
    fixture_tree("tree", 4, 1, 4);
    part = fixture_open("tree", ASL_OK);
    options.labels = labels;
    options.label_count = 3;
    mix = fixture_mix(&part, &options, ASL_PARTIAL);
    assert_int_equal(asl_dataset_class_count(mix), 2);
    assert_string_equal(asl_dataset_class_name(mix, 0), "C");
    assert_string_equal(asl_dataset_class_name(mix, 1), "A");
    assert_int_equal(asl_dataset_count(mix), 2);
    assert_int_equal(asl_dataset_issue_count(mix), 2);
    assert_string_equal(message_of(mix, 0),
                        "source 'tree': class 'B' is none of the model's 3: 1 picture left out");
    asl_dataset_free(mix);
    asl_dataset_free(part);
}

static void expect_failure(asl_dataset *const *parts, const asl_mix_options *options,
                           asl_status expected, const char *message)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *mix = (asl_dataset *)&err;

    assert_status(asl_dataset_mix(&mix, (const asl_dataset *const *)parts, options, &err), expected,
                  &err);
    assert_null(mix);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, err.message);
}

static void what_is_left_without_pictures_is_named(void **state)
{
    static const char *const digits[] = {"0", "1", NULL};
    static const char *const letters[] = {"a", "7", NULL};
    asl_dataset *parts[2] = {NULL};
    asl_mix_options options = fixture_mix_options(2);

    (void)state;
    fixture_tree("tree", 2, 1, 4);
    make_classes("digits", digits);
    parts[0] = fixture_open("tree", ASL_OK);
    parts[1] = fixture_open("digits", ASL_OK);
    expect_failure(parts, &options, ASL_ERR_DATASET,
                   "source 'digits' has no class that is among the model's 29: '0' is none");
    asl_dataset_free(parts[0]);
    make_classes("letters", letters);
    parts[0] = fixture_open("letters", ASL_OK);
    options.count = 1;
    expect_failure(parts, &options, ASL_ERR_DATASET, "all pictures are of class 'A'");
    fixture_free(parts, 2);
}

static void groups_are_those_of_their_source(void **state)
{
    static const char *const names[] = {"x", "y"};
    static const char *const groups[] = {"x/ann", "x/bob", "x", "y"};
    asl_dataset *parts[2] = {NULL}, *mix = NULL;
    asl_mix_options options = fixture_mix_options(2);

    (void)state;
    fixture_tree("tree", 3, 3, 4);
    fixture_write_text("list.csv", "image_path,target,group\ntree/A/A1.png,A,bob\n"
                                   "tree/A/A2.png,A,ann\ntree/B/B1.png,B,\n"
                                   "tree/B/B2.png,seven,carol\n");
    parts[0] = fixture_open("list.csv", ASL_OK);
    parts[1] = fixture_open("tree", ASL_OK);
    options.names = names;
    mix = fixture_mix(parts, &options, ASL_PARTIAL); /* seven, and carol with it, is left out */
    assert_int_equal(asl_dataset_group_count(mix), 4);
    for (int32_t i = 0; i < 4; i++)
        assert_string_equal(asl_dataset_group_name(mix, i), groups[i]);
    assert_int_equal(fixture_sample(mix, 0).group_index, 1);
    assert_int_equal(fixture_sample(mix, 1).group_index, 0);
    assert_int_equal(fixture_sample(mix, 2).group_index, 2);
    assert_int_equal(fixture_sample(mix, 3).group_index, 3);
    assert_string_equal(fixture_sample(mix, 3).path, "y/A/A1.png");
    asl_dataset_free(mix);
    fixture_free(parts, 2);
}

static void issues_come_along(void **state)
{
    static const char *const issues[] = {"ASL_ERR_UNSUPPORTED one/A/no.png", NULL};
    static const char *const deeper[] = {"ASL_ERR_UNSUPPORTED all/one/A/no.png", NULL};
    static const char *const name = "all";
    asl_dataset *parts[2] = {NULL}, *mix = NULL, *outer = NULL;
    asl_mix_options options = fixture_mix_options(1);

    (void)state;
    fixture_tree("one", 2, 1, 4);
    fixture_tree("two", 2, 1, 4);
    fixture_write_text("one/A/no.png", "no picture");
    parts[0] = fixture_open("one", ASL_PARTIAL);
    parts[1] = fixture_open("two", ASL_OK);
    mix = fixture_mix_two(parts[0], parts[1], ASL_PARTIAL);
    fixture_expect_issues(mix, issues);
    assert_int_equal(strncmp(message_of(mix, 0), "source 'one': 'A/no.png'", 24), 0);
    options.names = &name;
    outer = fixture_mix(&mix, &options, ASL_PARTIAL);
    fixture_expect_issues(outer, deeper);
    assert_string_equal(message_of(outer, 0), message_of(mix, 0));
    asl_dataset_free(outer);
    asl_dataset_free(mix);
    fixture_free(parts, 2);
}

static void expect_sources(const asl_dataset *dataset, const char *const *names,
                           const double *weights, int32_t count)
{
    assert_int_equal(asl_dataset_source_count(dataset), count);
    for (int32_t i = 0; i < count; i++) {
        assert_string_equal(asl_dataset_source_name(dataset, i), names[i]);
        if (fabs(asl_dataset_source_weight(dataset, i) - weights[i]) > 1e-15)
            fail_msg("the weight of '%s' is %f", names[i], asl_dataset_source_weight(dataset, i));
    }
}

static void mixes_are_taken_apart(void **state)
{
    static const double weights[] = {1, 3}, outer_weights[] = {8, 2};
    static const char *const names[] = {"in", "three"};
    static const char *const expected[] = {"in/one", "in/two", "three"};
    static const double shares[] = {2, 6, 2}, kept_shares[] = {0.25, 0.75, 1};
    static const char *const kept[] = {"one", "two", "three"};
    asl_dataset *parts[3] = {NULL}, *inner = NULL, *outer = NULL, *plain = NULL;
    asl_dataset *train = NULL, *validation = NULL;
    asl_mix_options options = fixture_mix_options(2);
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    fixture_tree("one", 2, 3, 4);
    fixture_tree("two", 3, 2, 4);
    fixture_tree("three", 2, 1, 4);
    parts[0] = fixture_open("one", ASL_OK);
    parts[1] = fixture_open("two", ASL_OK);
    parts[2] = fixture_open("three", ASL_OK);
    options.weights = weights;
    inner = fixture_mix(parts, &options, ASL_OK);
    options.names = names;
    options.weights = outer_weights;
    outer = fixture_mix((asl_dataset *[]){inner, parts[2]}, &options, ASL_OK);
    expect_sources(outer, expected, shares, 3);
    assert_string_equal(asl_dataset_group_name(outer, 0), "in/one");
    assert_string_equal(fixture_sample(outer, 0).path, "in/one/A/A1.png");
    assert_int_equal(fixture_sample(outer, 6).source_index, 1);
    fixture_expect_same_picture(outer, 7, parts[1], 1);
    plain = fixture_mix_two(inner, parts[2], ASL_OK);
    expect_sources(plain, kept, kept_shares, 3);
    assert_string_equal(fixture_sample(plain, 6).path, "two/A/A1.png");

    /* A view without one of the sources. */
    assert_ok(asl_dataset_split(&train, &validation, NULL, inner, NULL, &err), &err);
    assert_int_equal(asl_dataset_count(train), 6);
    asl_dataset_free(outer);
    asl_dataset_free(inner); /* the part is not kept, but its parts are */
    options = fixture_mix_options(2);
    outer = fixture_mix((asl_dataset *[]){train, parts[2]}, &options, ASL_OK);
    assert_int_equal(asl_dataset_source_count(outer), 2);
    assert_true(asl_dataset_source_weight(outer, 0) == 1.0);
    asl_dataset_free(train);
    asl_dataset_free(validation);
    fixture_free(parts, 3);
    fixture_expect_same_picture(outer, 7, plain, asl_dataset_count(plain) - 1);
    asl_dataset_free(outer);
    asl_dataset_free(plain);
}

static void wrong_options_are_rejected(void **state)
{
    static const char *const slash[] = {"a/b", "c"}, *const empty[] = {"a", ""},
                             *const dots[] = {"..", "a"}, *const missing[] = {"a", NULL},
                             *const same[] = {"a", "a"}, *const control[] = {"a\n", "b"};
    static const double zero[] = {1, 0}, negative[] = {-1, 1}, huge[] = {1, 1000001},
                        nan[] = {NAN, 1}, inf[] = {1, INFINITY};
    static const char *const comma[] = {"A", "B,C"}, *const hole[] = {NULL, "A"};
    const struct {
        asl_mix_options options;
        const char *message;
    } cases[] = {
        {{.count = 0}, "count is 0"},
        {{.count = -1}, "count is -1"},
        {{.count = 1025}, "count is 1025"},
        {{.count = 2, .names = slash}, "name 0 is 'a/b'"},
        {{.count = 2, .names = empty}, "name 1 is ''"},
        {{.count = 2, .names = dots}, "name 0 is '..'"},
        {{.count = 2, .names = missing}, "name 1 is '(null)'"},
        {{.count = 2, .names = control}, "name 0 is 'a?'"},
        {{.count = 2, .names = same}, "two sources are called 'a'"},
        {{.count = 2, .weights = zero}, "weight 1 is 0;"},
        {{.count = 2, .weights = negative}, "weight 0 is -1;"},
        {{.count = 2, .weights = huge}, "weight 1 is 1000001;"},
        {{.count = 2, .weights = nan}, "weight 0 is nan;"},
        {{.count = 2, .weights = inf}, "weight 1 is inf;"},
        {{.count = 2, .label_count = 2}, "label_count is 2; expected 0 without labels"},
        {{.count = 2, .labels = comma}, "label_count is 0; expected 1..4096"},
        {{.count = 2, .labels = comma, .label_count = 4097}, "label_count is 4097"},
        {{.count = 2, .labels = comma, .label_count = 2}, "label 1 is 'B,C'"},
        {{.count = 2, .labels = hole, .label_count = 2}, "label 0 is '(null)'"},
        {{.count = 3}, "data set 2 to mix is NULL"},
    };
    asl_dataset *parts[3] = {NULL}, *mix = NULL;
    struct {
        asl_mix_options known;
        uint64_t more;
    } newer = {.known = fixture_mix_options(2), .more = 1};
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    fixture_tree("one", 2, 1, 4);
    fixture_tree("two", 2, 1, 4);
    parts[0] = fixture_open("one", ASL_OK);
    parts[1] = fixture_open("two", ASL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asl_mix_options options = cases[i].options;

        options.struct_size = sizeof options;
        expect_failure(parts, &options, ASL_ERR_ARG, cases[i].message);
    }
    expect_failure(parts, NULL, ASL_ERR_ARG, "count is 0");
    newer.known.struct_size = sizeof newer;
    expect_failure(parts, &newer.known, ASL_ERR_TOO_NEW, "asl_mix_options");
    assert_status(asl_dataset_mix(NULL, (const asl_dataset *const *)parts, &newer.known, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_dataset_mix(&mix, NULL, &newer.known, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_dataset_count(parts[0]), 2);
    fixture_free(parts, 2);
}

static void sources_have_a_limit(void **state)
{
    enum { ALL = 1024 };
    static char texts[ALL][8];
    static const char *names[ALL];
    static asl_dataset *parts[ALL];
    asl_mix_options options = fixture_mix_options(ALL);
    asl_dataset *mix = NULL;

    (void)state;
    fixture_tree("one", 2, 1, 4);
    parts[0] = fixture_open("one", ASL_OK);
    for (int i = 0; i < ALL; i++) {
        snprintf(texts[i], sizeof texts[i], "s%d", i);
        names[i] = texts[i];
        parts[i] = parts[0];
    }
    options.names = names;
    mix = fixture_mix(parts, &options, ASL_OK); /* one data set may come several times */
    assert_int_equal(asl_dataset_source_count(mix), ALL);
    assert_int_equal(asl_dataset_count(mix), 2 * ALL);
    options = fixture_mix_options(2);
    expect_failure((asl_dataset *[]){mix, parts[0]}, &options, ASL_ERR_LIMIT, "1025 sources");
    asl_dataset_free(mix);
    asl_dataset_free(parts[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_stay_with_their_parts),
        cmocka_unit_test(a_data_set_is_its_own_source),
        cmocka_unit_test(classes_are_found_in_any_spelling),
        cmocka_unit_test(one_data_set_gets_the_classes_of_a_model),
        cmocka_unit_test(what_is_left_without_pictures_is_named),
        cmocka_unit_test(groups_are_those_of_their_source),
        cmocka_unit_test(issues_come_along),
        cmocka_unit_test(mixes_are_taken_apart),
        cmocka_unit_test(wrong_options_are_rejected),
        cmocka_unit_test(sources_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
