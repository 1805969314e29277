/* SPDX-License-Identifier: MIT */
/* A data set through the network: confusion matrix, loss, groups, and what could not be read. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/file.h"
#include "base/options.h"
#include "dataset/dataset.h"
#include "dataset/loader.h"
#include "infer/inferer.h"

#define REPORT_SECONDS 0.1

typedef struct tally {
    int64_t count, correct;
} tally;

typedef struct issue {
    const char *path; /* belongs to the data set */
    char *message;
    asl_status code;
} issue;

/* One picture; what else there is to know about it the data set says. */
typedef struct picture {
    int64_t sample;
    int32_t truth, predicted;
} picture;

struct asl_evaluation {
    asl_dataset *dataset; /* names of groups, sources and pictures live there */
    int32_t label_count;
    int64_t *confusion; /* int64[label_count][label_count] */
    picture *pictures;  /* picture[total.count] */
    float *scores;      /* float[total.count][label_count] */
    float *logits;      /* the same */
    tally total;
    double loss_sum;
    tally *groups, *sources;
    int32_t group_count, source_count;
    issue *issues;
    int64_t issue_count;
    int64_t issue_capacity;
};

/* One run of asl_inferer_evaluate(). */
typedef struct evaluator {
    asl_evaluation *result;
    asl_inferer *inferer;
    const asl_dataset *dataset;
    asl_evaluate_options options;
    asl__loader *loader; /* NULL when the inferer wants whole pictures at their own size */
    asl_status *status;  /* then, of one batch */
    asl_error *errors;
    int64_t *order;
    int32_t *label_map;
    int64_t done;
    double reported;
} evaluator;

void asl_evaluate_options_init(asl_evaluate_options *options, size_t struct_size)
{
    const asl_evaluate_options defaults = {.struct_size = sizeof defaults};
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

void asl_evaluation_free(asl_evaluation *evaluation)
{
    if (!evaluation)
        return;
    for (int64_t i = 0; i < evaluation->issue_count; i++)
        asl__free(evaluation->issues[i].message);
    asl__free(evaluation->issues);
    asl__free(evaluation->sources);
    asl__free(evaluation->groups);
    asl__free(evaluation->logits);
    asl__free(evaluation->scores);
    asl__free(evaluation->pictures);
    asl__free(evaluation->confusion);
    asl_dataset_free(evaluation->dataset);
    asl__free(evaluation);
}

static asl_status add_issue(asl_evaluation *result, const asl_sample *sample, asl_status code,
                            const asl_error *why, asl_error *err)
{
    if (result->issue_count == result->issue_capacity) {
        const int64_t capacity = result->issue_capacity > 0 ? 2 * result->issue_capacity : 16;
        issue *issues = asl__grow(result->issues, (size_t)result->issue_count * sizeof *issues,
                                  (size_t)capacity, sizeof *issues);
        if (!issues)
            return asl__fail_memory(err, "the list of skipped pictures");
        result->issues = issues;
        result->issue_capacity = capacity;
    }
    char *message = asl__strdup(why->message);
    if (!message)
        return asl__fail_memory(err, "the list of skipped pictures");
    result->issues[result->issue_count++] =
        (issue){.path = sample->path, .message = message, .code = code};
    return ASL_OK;
}

static void add(tally *to, int64_t correct)
{
    to->count++;
    to->correct += correct;
}

static void count_picture(evaluator *run, int64_t position, const asl_sample *sample,
                          const float *logits)
{
    asl_evaluation *out = run->result;
    const int32_t label = run->label_map[sample->class_index];
    const size_t classes = (size_t)out->label_count;
    const size_t at = (size_t)out->total.count * classes;
    int32_t top = 0;
    for (int32_t i = 1; i < out->label_count; i++)
        top = logits[i] > logits[top] ? i : top;
    out->pictures[out->total.count] =
        (picture){.sample = position, .truth = label, .predicted = top};
    memcpy(out->logits + at, logits, classes * sizeof *logits);
    out->loss_sum += asl__scores(out->scores + at, logits, run->inferer) -
                     (double)logits[label] / run->inferer->temperature;
    out->confusion[(size_t)label * classes + (size_t)top]++;
    add(&out->total, top == label);
    add(&out->sources[sample->source_index], top == label);
    if (sample->group_index >= 0)
        add(&out->groups[sample->group_index], top == label);
}

static asl_status count_batch(evaluator *run, const asl__batch *batch, asl_error *err)
{
    asl_sample sample = {.struct_size = sizeof sample};
    asl_status status;
    ASL__TRY(asl__sides_run(run->inferer, batch->images, batch->count, err));
    for (int32_t i = 0; i < batch->count; i++) {
        ASL__TRY(asl_dataset_get_sample(&sample, run->dataset, batch->positions[i], err));
        if (batch->status[i] == ASL_ERR_NOMEM)
            return asl__fail_memory(err, "a picture"); /* says nothing about the picture */
        if (batch->status[i] < 0)
            ASL__TRY(add_issue(run->result, &sample, batch->status[i], &batch->errors[i], err));
        else
            count_picture(run, batch->positions[i], &sample, asl__sides_logits(run->inferer, i));
    }
    return ASL_OK;
fail:
    return status;
}

/* Whether the caller wants to go on. */
static bool report(evaluator *run)
{
    const int64_t total = asl_dataset_count(run->dataset);
    const double now = asl__clock_seconds();
    if (!run->options.progress || (run->done < total && now - run->reported < REPORT_SECONDS))
        return true;
    run->reported = now;
    return run->options.progress(run->done, total, run->options.user) == 0;
}

static asl_status allocate(evaluator *run, asl_error *err)
{
    const asl_dataset *dataset = run->dataset;
    const size_t classes = (size_t)run->inferer->model->network.classes;
    const size_t count = (size_t)asl_dataset_count(dataset);
    asl_evaluation *out = run->result = asl__alloc(sizeof *out);
    if (!out)
        return asl__fail_memory(err, "the evaluation");
    out->label_count = (int32_t)classes;
    out->group_count = asl_dataset_group_count(dataset);
    out->source_count = asl_dataset_source_count(dataset);
    out->confusion = asl__alloc_array(classes * classes, sizeof *out->confusion);
    out->pictures = asl__alloc_array(count, sizeof *out->pictures);
    out->scores = asl__alloc_array(count, classes * sizeof *out->scores);
    out->logits = asl__alloc_array(count, classes * sizeof *out->logits);
    out->groups = asl__alloc_array((size_t)out->group_count, sizeof *out->groups);
    out->sources = asl__alloc_array((size_t)out->source_count, sizeof *out->sources);
    run->label_map = asl__alloc_array((size_t)asl_dataset_class_count(dataset), sizeof(int32_t));
    run->order = asl__alloc_array(count, sizeof(int64_t));
    const bool whole = out->confusion && out->pictures && out->scores && out->logits &&
                       out->groups && out->sources && run->label_map && run->order;
    return whole ? ASL_OK : asl__fail_memory(err, "the evaluation");
}

/* Pictures of the network's size come ahead of time from threads; those in which a hand is to be
 * found are decoded as they are wanted. */
static asl_status prepare_pictures(evaluator *run, asl_error *err)
{
    const asl__network *network = &run->inferer->model->network;
    const asl__loader_options loader = {
        .width = network->input.width,
        .height = network->input.height,
        .batch_size = run->inferer->batch_size,
        .threads = run->options.threads,
    };
    const size_t count = (size_t)run->inferer->batch_size;
    asl_status status;
    if (run->inferer->finder) {
        run->status = asl__alloc_array(count, sizeof *run->status);
        run->errors = asl__alloc_array(count, sizeof *run->errors);
        return run->status && run->errors ? ASL_OK : asl__fail_memory(err, "the evaluation");
    }
    ASL__TRY(asl__loader_create(&run->loader, run->dataset, &loader, err));
    ASL__TRY(asl__loader_start(run->loader, run->order, asl_dataset_count(run->dataset), 0, err));
fail:
    return status;
}

static asl_status take_sample(evaluator *run, int32_t place, asl_error *err)
{
    asl_image *image = NULL;
    asl_status status =
        asl_dataset_load_image(&image, run->dataset, run->order[run->done + place], err);
    if (status >= 0) {
        const asl_image_view view = asl_image_get_view(image);
        status = asl__take_picture(run->inferer, place, &view, NULL, err);
    }
    asl_image_free(image);
    return status;
}

static asl_status next_batch(asl__batch *out, evaluator *run, asl_error *err)
{
    if (run->loader)
        return asl__loader_next(out, run->loader, err);
    const int64_t left = asl_dataset_count(run->dataset) - run->done;
    const int32_t most = run->inferer->batch_size, count = left < most ? (int32_t)left : most;
    asl__begin_pass(run->inferer, count);
    for (int32_t i = 0; i < count; i++)
        run->status[i] = take_sample(run, i, &run->errors[i]);
    *out = (asl__batch){.images = run->inferer->images,
                        .positions = run->order + run->done,
                        .count = count,
                        .status = run->status,
                        .errors = run->errors};
    return ASL_OK;
}

static asl_status prepare(evaluator *run, asl_error *err)
{
    const asl_dataset *dataset = run->dataset;
    const asl__network *network = &run->inferer->model->network;
    asl_status status;
    ASL__TRY(allocate(run, err));
    for (int64_t i = 0; i < asl_dataset_count(dataset); i++)
        run->order[i] = i;
    ASL__TRY(asl__dataset_map_labels(run->label_map, dataset,
                                     (const char *const *)run->inferer->model->labels,
                                     network->classes, err));
    ASL__TRY(asl__dataset_share(&run->result->dataset, dataset, err));
    ASL__TRY(prepare_pictures(run, err));
fail:
    return status;
}

/* ASL_OK, ASL_STOPPED, or what went wrong. */
static asl_status evaluate(evaluator *run, asl_error *err)
{
    asl_status status;
    asl__batch batch;
    ASL__TRY(prepare(run, err));
    asl_inferer_reset(run->inferer);
    if (!report(run))
        return ASL_STOPPED;
    while (run->done < asl_dataset_count(run->dataset)) {
        ASL__TRY(next_batch(&batch, run, err));
        ASL__TRY(count_batch(run, &batch, err));
        run->done += batch.count;
        if (!report(run))
            return ASL_STOPPED;
    }
    if (run->result->total.count == 0)
        return asl__fail(err, ASL_ERR_DATASET, "none of %lld pictures could be read; the first: %s",
                         (long long)run->done, run->result->issues[0].message);
    return ASL_OK;
fail:
    return status;
}

asl_status asl_inferer_evaluate(asl_evaluation **out, asl_inferer *inferer,
                                const asl_dataset *dataset, const asl_evaluate_options *options,
                                asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(inferer != NULL, err);
    ASL__CHECK_ARG(dataset != NULL, err);
    asl_status status;
    evaluator run = {.inferer = inferer, .dataset = dataset, .reported = -1.0};
    asl_evaluate_options_init(&run.options, sizeof run.options);
    ASL__TRY(
        asl__options_read(&run.options, sizeof run.options, options, "asl_evaluate_options", err));
    ASL__TRY(asl__resolve_threads(&run.options.threads, __func__, err));
    status = evaluate(&run, err);
    if (status == ASL_OK) {
        status = run.result->issue_count > 0 ? ASL_PARTIAL : ASL_OK;
        *out = run.result;
        run.result = NULL;
    }
    asl__loader_free(run.loader);
    asl__free(run.status);
    asl__free(run.errors);
    asl__free(run.order);
    asl__free(run.label_map);
    asl_evaluation_free(run.result);
fail:
    return status;
}

asl_status asl_evaluation_get_info(asl_evaluation_info *out, const asl_evaluation *evaluation,
                                   asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(evaluation != NULL, err);
    const double count = (double)evaluation->total.count;
    const asl_evaluation_info info = {
        .struct_size = sizeof info,
        .label_count = evaluation->label_count,
        .count = evaluation->total.count,
        .correct = evaluation->total.correct,
        .accuracy = (double)evaluation->total.correct / count,
        .loss = evaluation->loss_sum / count,
        .issue_count = evaluation->issue_count,
        .group_count = evaluation->group_count,
        .source_count = evaluation->source_count,
    };
    return asl__struct_write(out, &info, sizeof info, "asl_evaluation_info", err);
}

const int64_t *asl_evaluation_confusion(const asl_evaluation *evaluation)
{
    return evaluation ? evaluation->confusion : NULL;
}

asl_status asl_evaluation_get_group(const char **name, int64_t *count, int64_t *correct,
                                    const asl_evaluation *evaluation, int32_t index, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(evaluation != NULL, err);
    if (index < 0 || index >= evaluation->group_count)
        return asl__fail(err, ASL_ERR_ARG, "%s: no group %d, there are %d", __func__, index,
                         evaluation->group_count);
    if (name)
        *name = asl_dataset_group_name(evaluation->dataset, index);
    if (count)
        *count = evaluation->groups[index].count;
    if (correct)
        *correct = evaluation->groups[index].correct;
    return ASL_OK;
}

asl_status asl_evaluation_get_source(const char **name, int64_t *count, int64_t *correct,
                                     const asl_evaluation *evaluation, int32_t index,
                                     asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(evaluation != NULL, err);
    if (index < 0 || index >= evaluation->source_count)
        return asl__fail(err, ASL_ERR_ARG, "%s: no source %d, there are %d", __func__, index,
                         evaluation->source_count);
    if (name)
        *name = asl_dataset_source_name(evaluation->dataset, index);
    if (count)
        *count = evaluation->sources[index].count;
    if (correct)
        *correct = evaluation->sources[index].correct;
    return ASL_OK;
}

asl_status asl_evaluation_get_result(asl_evaluation_result *out, const asl_evaluation *evaluation,
                                     int64_t index, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(evaluation != NULL, err);
    if (index < 0 || index >= evaluation->total.count)
        return asl__fail(err, ASL_ERR_ARG, "%s: no result %lld, there are %lld", __func__,
                         (long long)index, (long long)evaluation->total.count);
    const picture *found = &evaluation->pictures[index];
    const size_t at = (size_t)index * (size_t)evaluation->label_count;
    asl_status status;
    asl_sample sample = {.struct_size = sizeof sample};
    ASL__TRY(asl_dataset_get_sample(&sample, evaluation->dataset, found->sample, err));
    const asl_evaluation_result copy = {
        .struct_size = sizeof copy,
        .truth = found->truth,
        .predicted = found->predicted,
        .group_index = sample.group_index,
        .source_index = sample.source_index,
        .sample = found->sample,
        .path = sample.path,
        .scores = evaluation->scores + at,
        .logits = evaluation->logits + at,
    };
    status = asl__struct_write(out, &copy, sizeof copy, "asl_evaluation_result", err);
fail:
    return status;
}

asl_status asl_evaluation_get_issue(asl_issue *out, const asl_evaluation *evaluation, int64_t index,
                                    asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(evaluation != NULL, err);
    if (index < 0 || index >= evaluation->issue_count)
        return asl__fail(err, ASL_ERR_ARG, "%s: no issue %lld, there are %lld", __func__,
                         (long long)index, (long long)evaluation->issue_count);
    const issue *found = &evaluation->issues[index];
    const asl_issue copy = {
        .struct_size = sizeof copy,
        .code = found->code,
        .path = found->path,
        .message = found->message,
    };
    return asl__struct_write(out, &copy, sizeof copy, "asl_issue", err);
}
