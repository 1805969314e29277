/* SPDX-License-Identifier: MIT */
/* Evaluating a data set: every number against one made by hand, and what may go wrong. */
#include "support/support.h"

#include <math.h>

#include "unit/train/blobs.h"

#define PER_CLASS 5
#define COUNT     (PER_CLASS * BLOBS_CLASSES)

static const char broken[] = "\x89PNG\r\n\x1a\n this is no picture at all";

typedef struct fixture {
    asl_dataset *dataset, *damaged;
} fixture;

static int setup(void **state)
{
    static fixture f;
    blobs_make("whole", PER_CLASS, 20, 1, true);
    blobs_make("damaged", PER_CLASS, 20, 1, true);
    test_write_file("damaged/green/01.png", broken, sizeof broken);
    test_write_file("damaged/red/04.png", broken, sizeof broken);
    f.dataset = blobs_open("whole");
    f.damaged = blobs_open("damaged");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    asl_dataset_free(f->dataset);
    asl_dataset_free(f->damaged);
    return 0;
}

static asl_inferer *create_with(const asl_model *model, int32_t mirror, int32_t batch_size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.mirror = mirror;
    options.batch_size = batch_size;
    assert_ok(asl_inferer_create(&inferer, model, &options, &err), &err);
    return inferer;
}

static asl_inferer *create(const char *const *labels, int32_t label_count, int32_t batch_size)
{
    asl_model *model = blobs_model_with(labels, label_count);
    asl_inferer *inferer = create_with(model, ASL_MIRROR_MODEL, batch_size);
    asl_model_free(model);
    return inferer;
}

static const char *const labels[] = {"black", "red", "green", "white", "blue"};
#define LABELS 5

static int32_t label_of(const char *name)
{
    for (int32_t i = 0; i < LABELS; i++) {
        if (strcmp(labels[i], name) == 0)
            return i;
    }
    fail_msg("no label %s", name);
    return -1;
}

/* The same numbers, picture by picture. */
typedef struct numbers {
    int64_t confusion[LABELS][LABELS], correct, group_count[2], group_correct[2], count;
    double loss;
} numbers;

static numbers count_by_hand(asl_inferer *inferer, const asl_dataset *dataset)
{
    asl_error err = ASL_ERROR_INIT;
    numbers n = {0};
    for (int64_t i = 0; i < asl_dataset_count(dataset); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        asl_image *image = NULL;
        float scores[LABELS];
        int32_t top = 0;
        assert_ok(asl_dataset_get_sample(&sample, dataset, i, &err), &err);
        if (asl_dataset_load_image(&image, dataset, i, &err) < 0)
            continue;
        const asl_image_view view = asl_image_get_view(image);
        assert_ok(asl_inferer_classify(scores, LABELS, inferer, &view, NULL, &err), &err);
        asl_image_free(image);
        const int32_t label = label_of(asl_dataset_class_name(dataset, sample.class_index));
        for (int32_t k = 1; k < LABELS; k++)
            top = scores[k] > scores[top] ? k : top;
        n.confusion[label][top]++;
        n.correct += top == label;
        n.loss -= log((double)scores[label]);
        n.count++;
        n.group_count[sample.group_index]++;
        n.group_correct[sample.group_index] += top == label;
    }
    n.loss /= (double)n.count;
    return n;
}

static void check(const asl_evaluation *evaluation, const numbers *expected, int64_t issues)
{
    asl_error err = ASL_ERROR_INIT;
    asl_evaluation_info info = {.struct_size = sizeof info};
    assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
    assert_int_equal(info.label_count, LABELS);
    assert_int_equal(info.count, expected->count);
    assert_int_equal(info.correct, expected->correct);
    assert_int_equal(info.issue_count, issues);
    assert_int_equal(info.group_count, 2);
    assert_int_equal(info.source_count, 1);
    assert_true(fabs(info.accuracy - (double)info.correct / (double)info.count) < 1e-15);
    assert_true(fabs(info.loss - expected->loss) < 1e-6); /* of float scores, rounded at 2^-24 */
    assert_memory_equal(asl_evaluation_confusion(evaluation), expected->confusion,
                        sizeof expected->confusion);
    for (int32_t g = 0; g < 2; g++) {
        const char *name;
        int64_t count, correct;
        assert_ok(asl_evaluation_get_group(&name, &count, &correct, evaluation, g, &err), &err);
        assert_string_equal(name, g == 0 ? "anna" : "ben");
        assert_int_equal(count, expected->group_count[g]);
        assert_int_equal(correct, expected->group_correct[g]);
    }
}

static void test_numbers(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    double loss = 0.0;
    for (int32_t batch = 1; batch <= COUNT + 1; batch += 5) {
        asl_inferer *inferer = create(labels, LABELS, batch);
        asl_evaluation *evaluation = NULL;
        asl_evaluation_info info = {.struct_size = sizeof info};
        const numbers expected = count_by_hand(inferer, f->dataset);
        assert_int_equal(expected.count, COUNT);
        assert_ok(asl_inferer_evaluate(&evaluation, inferer, f->dataset, NULL, &err), &err);
        check(evaluation, &expected, 0);
        assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
        assert_true(batch == 1 || memcmp(&info.loss, &loss, sizeof loss) == 0);
        loss = info.loss;
        asl_inferer_free(inferer); /* the result does not need it */
        check(evaluation, &expected, 0);
        asl_evaluation_free(evaluation);
    }
}

static void test_bad_pictures(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    static const char *const paths[] = {"green/01.png", "red/04.png"};
    asl_inferer *inferer = create(labels, LABELS, 4);
    asl_evaluation *evaluation = NULL;
    const numbers expected = count_by_hand(inferer, f->damaged);
    assert_int_equal(expected.count, COUNT - 2);
    assert_int_equal(asl_inferer_evaluate(&evaluation, inferer, f->damaged, NULL, &err),
                     ASL_PARTIAL);
    assert_int_equal(err.code, ASL_OK);
    check(evaluation, &expected, 2);
    for (int64_t i = 0; i < 2; i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        assert_ok(asl_evaluation_get_issue(&issue, evaluation, i, &err), &err);
        assert_string_equal(issue.path, paths[i]);
        assert_true(issue.code == ASL_ERR_IMAGE || issue.code == ASL_ERR_TRUNCATED);
        assert_true(issue.message[0] != '\0');
    }
    asl_issue issue = {.struct_size = sizeof issue};
    assert_status(asl_evaluation_get_issue(&issue, evaluation, 2, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_issue(&issue, evaluation, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_issue(NULL, evaluation, 0, &err), ASL_ERR_ARG, &err);
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
}

/* Scores and logits of every picture, in the data set's order, as single calls give them: with a
 * temperature, and on whichever side is read. */
static void test_results(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_calibration calibration;
    asl_model *plain = blobs_model_with(labels, LABELS), *model = NULL;
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.temperature = 0.5;
    assert_ok(asl_model_with_calibration(&model, plain, &calibration, &err), &err);
    for (int32_t mirror = ASL_MIRROR_OFF; mirror <= ASL_MIRROR_AUTO; mirror++) {
        asl_inferer *inferer = create_with(model, mirror, 4),
                    *single = create_with(model, mirror, 1);
        asl_evaluation *evaluation = NULL;
        asl_evaluation_info info = {.struct_size = sizeof info};
        double loss = 0.0;
        int64_t next = 0;
        assert_int_equal(asl_inferer_evaluate(&evaluation, inferer, f->damaged, NULL, &err),
                         ASL_PARTIAL);
        for (int64_t i = 0; i < COUNT; i++) {
            asl_sample sample = {.struct_size = sizeof sample};
            asl_evaluation_result result = {.struct_size = sizeof result};
            float scores[LABELS];
            asl_image *image = NULL;
            if (asl_dataset_load_image(&image, f->damaged, i, &err) < 0)
                continue;
            const asl_image_view view = asl_image_get_view(image);
            assert_ok(asl_inferer_classify(scores, LABELS, single, &view, NULL, &err), &err);
            asl_image_free(image);
            assert_ok(asl_dataset_get_sample(&sample, f->damaged, i, &err), &err);
            assert_ok(asl_evaluation_get_result(&result, evaluation, next++, &err), &err);
            assert_int_equal(result.sample, i);
            assert_string_equal(result.path, sample.path);
            assert_int_equal(result.group_index, sample.group_index);
            assert_int_equal(result.source_index, 0);
            assert_int_equal(result.truth,
                             label_of(asl_dataset_class_name(f->damaged, sample.class_index)));
            assert_memory_equal(result.scores, scores, sizeof scores);
            for (int32_t k = 0; k < LABELS; k++) {
                assert_true(scores[k] <= scores[result.predicted]);
                assert_true(fabs(log((double)scores[k] / (double)scores[0]) -
                                 2 * (double)(result.logits[k] - result.logits[0])) < 1e-4);
            }
            loss -= log((double)scores[result.truth]);
        }
        assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
        assert_int_equal(info.count, next);
        assert_true(fabs(info.loss - loss / (double)next) < 1e-6);
        asl_evaluation_free(evaluation);
        asl_inferer_free(inferer);
        asl_inferer_free(single);
    }
    asl_model_free(plain);
    asl_model_free(model);
}

/* The choice of AUTO on one data set says nothing about the next. */
static void test_auto_starts_over(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = blobs_model_with(labels, LABELS);
    asl_inferer *inferer = create_with(model, ASL_MIRROR_AUTO, 4);
    double losses[2];
    for (int32_t i = 0; i < 2; i++) {
        asl_evaluation *evaluation = NULL;
        asl_evaluation_info info = {.struct_size = sizeof info};
        assert_ok(asl_inferer_evaluate(&evaluation, inferer, f->dataset, NULL, &err), &err);
        assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
        losses[i] = info.loss;
        assert_int_equal(asl_inferer_mirror(inferer), ASL_MIRROR_AUTO); /* 15 pictures */
        asl_evaluation_free(evaluation);
    }
    assert_memory_equal(&losses[0], &losses[1], sizeof losses[0]);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

static void test_sources(void **state)
{
    const fixture *f = *state;
    static const char *const names[] = {"one", "two"};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *mix = NULL;
    asl_evaluation *evaluation = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_inferer *inferer = create(labels, LABELS, 4);
    const asl_dataset *parts[] = {f->dataset, f->damaged};
    asl_mix_options options;
    asl_mix_options_init(&options, sizeof options);
    options.count = 2;
    options.names = names;
    options.labels = labels;
    options.label_count = LABELS;
    assert_ok(asl_dataset_mix(&mix, parts, &options, &err), &err);
    assert_int_equal(asl_inferer_evaluate(&evaluation, inferer, mix, NULL, &err), ASL_PARTIAL);
    asl_dataset_free(mix);
    asl_inferer_free(inferer);
    assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
    assert_int_equal(info.source_count, 2);
    int64_t correct[2], seen[2] = {0}, right[2] = {0};
    for (int32_t i = 0; i < 2; i++) {
        const char *name;
        int64_t count;
        assert_ok(asl_evaluation_get_source(&name, &count, &correct[i], evaluation, i, &err), &err);
        assert_string_equal(name, names[i]);
        assert_int_equal(count, i == 0 ? COUNT : COUNT - 2);
    }
    for (int64_t i = 0; i < info.count; i++) {
        asl_evaluation_result result = {.struct_size = sizeof result};
        assert_ok(asl_evaluation_get_result(&result, evaluation, i, &err), &err);
        assert_int_equal(result.source_index, i >= COUNT);
        seen[result.source_index]++;
        right[result.source_index] += result.predicted == result.truth;
    }
    assert_int_equal(seen[0], COUNT);
    assert_memory_equal(right, correct, sizeof right);
    assert_status(asl_evaluation_get_source(NULL, NULL, NULL, evaluation, 2, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_evaluation_get_source(NULL, NULL, NULL, evaluation, -1, &err), ASL_ERR_ARG,
                  &err);
    asl_evaluation_result result = {.struct_size = sizeof result};
    assert_status(asl_evaluation_get_result(&result, evaluation, info.count, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_evaluation_get_result(&result, evaluation, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_result(NULL, evaluation, 0, &err), ASL_ERR_ARG, &err);
    asl_evaluation_free(evaluation);
}

static void test_no_picture_is_left(void **state)
{
    (void)state;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 2);
    asl_evaluation *evaluation = NULL;
    blobs_make("ruins", 1, 20, 1, false);
    test_write_file("ruins/blue/00.png", broken, sizeof broken);
    test_write_file("ruins/green/00.png", broken, sizeof broken);
    test_write_file("ruins/red/00.png", broken, sizeof broken);
    asl_dataset *dataset = blobs_open("ruins");
    assert_status(asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), ASL_ERR_DATASET,
                  &err);
    assert_null(evaluation);
    asl_dataset_free(dataset);
    asl_inferer_free(inferer);
}

static void test_labels(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    static const char *const fewer[] = {"red", "green"};
    asl_inferer *inferer = create(fewer, 2, 1);
    asl_evaluation *evaluation = NULL;
    assert_status(asl_inferer_evaluate(&evaluation, inferer, f->dataset, NULL, &err),
                  ASL_ERR_LABELS, &err);
    assert_null(evaluation);
    assert_non_null(strstr(err.message, "blue"));
    asl_inferer_free(inferer);
}

static void test_groups_may_be_unknown(void **state)
{
    (void)state;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 1);
    asl_evaluation *evaluation = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    blobs_make("plain", 2, 16, 1, false);
    asl_dataset *dataset = blobs_open("plain");
    assert_ok(asl_inferer_evaluate(&evaluation, inferer, dataset, NULL, &err), &err);
    asl_dataset_free(dataset);
    assert_ok(asl_evaluation_get_info(&info, evaluation, &err), &err);
    assert_int_equal(info.group_count, 0);
    assert_status(asl_evaluation_get_group(NULL, NULL, NULL, evaluation, 0, &err), ASL_ERR_ARG,
                  &err);
    asl_evaluation_free(evaluation);
    asl_inferer_free(inferer);
}

/* --- progress --------------------------------------------------------------------------- */

typedef struct watch {
    int32_t calls, stop_at;
    int64_t done, total;
} watch;

static int32_t see(int64_t done, int64_t total, void *user)
{
    watch *w = user;
    assert_true(done >= w->done && done <= total);
    w->done = done;
    w->total = total;
    return ++w->calls == w->stop_at;
}

static void test_progress(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 3);
    asl_evaluation *evaluation = NULL;
    watch w = {0};
    asl_evaluate_options options;
    asl_evaluate_options_init(&options, sizeof options);
    options.progress = see;
    options.user = &w;
    assert_ok(asl_inferer_evaluate(&evaluation, inferer, f->dataset, &options, &err), &err);
    assert_true(w.calls >= 2);
    assert_int_equal(w.done, COUNT);
    assert_int_equal(w.total, COUNT);
    asl_evaluation_free(evaluation);
    for (int32_t stop_at = 1; stop_at <= 2; stop_at++) { /* before the first, after the last */
        w = (watch){.stop_at = stop_at};
        assert_int_equal(asl_inferer_evaluate(&evaluation, inferer, f->dataset, &options, &err),
                         ASL_STOPPED);
        assert_null(evaluation);
        assert_int_equal(w.calls, stop_at);
    }
    asl_inferer_free(inferer);
}

static void test_wrong_calls(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 1);
    asl_evaluation *evaluation = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluate_options options;
    asl_evaluate_options_init(&options, sizeof options);
    options.threads = -1;
    assert_status(asl_inferer_evaluate(&evaluation, inferer, f->dataset, &options, &err),
                  ASL_ERR_ARG, &err);
    options.threads = 257;
    assert_status(asl_inferer_evaluate(&evaluation, inferer, f->dataset, &options, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_inferer_evaluate(NULL, inferer, f->dataset, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_evaluate(&evaluation, NULL, f->dataset, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_inferer_evaluate(&evaluation, inferer, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_null(evaluation);
    assert_status(asl_evaluation_get_info(&info, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_group(NULL, NULL, NULL, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_source(NULL, NULL, NULL, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_result(NULL, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_null(asl_evaluation_confusion(NULL));
    asl_evaluation_free(NULL);
    asl_inferer_free(inferer);
}

/* What is not there, and what nobody wants to know. */
static void test_getters(void **state)
{
    const fixture *f = *state;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 1);
    asl_evaluation *e = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluation_result result = {.struct_size = sizeof result};
    asl_issue issue = {.struct_size = sizeof issue};
    assert_int_equal(asl_inferer_evaluate(&e, inferer, f->damaged, NULL, &err), ASL_PARTIAL);
    assert_ok(asl_evaluation_get_info(&info, e, &err), &err);
    assert_ok(asl_evaluation_get_group(NULL, NULL, NULL, e, info.group_count - 1, &err), &err);
    assert_ok(asl_evaluation_get_source(NULL, NULL, NULL, e, info.source_count - 1, &err), &err);
    assert_ok(asl_evaluation_get_result(&result, e, info.count - 1, &err), &err);
    assert_ok(asl_evaluation_get_issue(&issue, e, info.issue_count - 1, &err), &err);
    for (int32_t past = 0; past < 2; past++) {
        const int32_t group = past ? info.group_count : -1, source = past ? info.source_count : -1;
        const int64_t picture = past ? info.count : -1, issues = past ? info.issue_count : -1;
        assert_status(asl_evaluation_get_group(NULL, NULL, NULL, e, group, &err), ASL_ERR_ARG,
                      &err);
        assert_status(asl_evaluation_get_source(NULL, NULL, NULL, e, source, &err), ASL_ERR_ARG,
                      &err);
        assert_status(asl_evaluation_get_result(&result, e, picture, &err), ASL_ERR_ARG, &err);
        assert_status(asl_evaluation_get_issue(&issue, e, issues, &err), ASL_ERR_ARG, &err);
    }
    assert_status(asl_evaluation_get_info(NULL, e, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_result(NULL, e, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_issue(NULL, e, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_result(&result, NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_evaluation_get_issue(&issue, NULL, 0, &err), ASL_ERR_ARG, &err);
    asl_evaluation_free(e);
    asl_inferer_free(inferer);
}

/* As many as it takes to ask for more memory. */
static void test_many_bad_pictures(void **state)
{
    enum { EACH = 12, BAD = 20 };
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = create(labels, LABELS, 4);
    asl_evaluation *e = NULL;
    asl_evaluation_info info = {.struct_size = sizeof info};
    (void)state;
    blobs_make("rotten", EACH, 20, 1, true);
    for (int32_t i = 0; i < BAD; i++) {
        char path[64];
        snprintf(path, sizeof path, "rotten/%s/%02d.png", i % 2 ? "red" : "green", (int)i / 2);
        test_write_file(path, broken, sizeof broken);
    }
    asl_dataset *rotten = blobs_open("rotten");
    assert_int_equal(asl_inferer_evaluate(&e, inferer, rotten, NULL, &err), ASL_PARTIAL);
    assert_ok(asl_evaluation_get_info(&info, e, &err), &err);
    assert_int_equal(info.issue_count, BAD);
    assert_int_equal(info.count, EACH * BLOBS_CLASSES - BAD);
    for (int64_t i = 0; i < BAD; i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        assert_ok(asl_evaluation_get_issue(&issue, e, i, &err), &err);
        assert_int_equal(issue.code, ASL_ERR_IMAGE);
    }
    asl_evaluation_free(e);
    asl_dataset_free(rotten);
    asl_inferer_free(inferer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_bad_pictures),
        cmocka_unit_test(test_results),  cmocka_unit_test(test_auto_starts_over),
        cmocka_unit_test(test_sources),  cmocka_unit_test(test_no_picture_is_left),
        cmocka_unit_test(test_labels),   cmocka_unit_test(test_groups_may_be_unknown),
        cmocka_unit_test(test_progress), cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_getters),  cmocka_unit_test(test_many_bad_pictures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
