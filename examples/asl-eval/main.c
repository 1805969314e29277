/* SPDX-License-Identifier: MIT */
/* asl-eval: how well a model does on one or several data sets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "asl/asl.h"
#include "calibrate.h"
#include "common/chart.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"
#include "report.h"
#include "table.h"

typedef struct settings {
    const char *model, *confusion, *trained_on, *calibrate;
    double min_accuracy; /* NaN = no gate. */
    bool details, json, force, quiet, verbose;
    asl_dataset_options data;
    asl_inferer_options inferer;
    asl_evaluate_options evaluate;
} settings;

static void report_skipped(const asl_evaluation *evaluation, bool verbose)
{
    enum { SHOWN = 5 };
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluation_get_info(&info, evaluation, NULL);
    for (int64_t i = 0; i < info.issue_count && (verbose || i < SHOWN); i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        if (asl_evaluation_get_issue(&issue, evaluation, i, NULL) == ASL_OK)
            cli_note("skipped '%s': %s", issue.path, issue.message);
    }
    if (!verbose && info.issue_count > SHOWN)
        cli_note("skipped %lld more (--verbose lists all)", (long long)(info.issue_count - SHOWN));
}

/* A data set with the model's classes, in whatever spelling it has them. */
static int open_data(asl_dataset **out, const asl_model *model, const char *path, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *found = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    asl_mix_options mix;
    asl_model_get_info(&info, model, NULL);
    if (asl_dataset_open(&found, path, &s->data, &err) < 0)
        return cli_fail(&err);
    const char **labels = cli_alloc((size_t)info.label_count, sizeof *labels);
    for (int32_t i = 0; i < info.label_count; i++)
        labels[i] = asl_model_label(model, i);
    asl_mix_options_init(&mix, sizeof mix);
    mix.count = 1;
    mix.labels = labels;
    mix.label_count = info.label_count;
    const asl_dataset *parts[] = {found};
    const asl_status status = asl_dataset_mix(out, parts, &mix, &err);
    free(labels);
    asl_dataset_free(found);
    if (status < 0)
        return cli_fail(&err);
    data_report_issues(*out, s->verbose);
    return CLI_OK;
}

static int evaluate(asl_evaluation **out, asl_inferer *inferer, const asl_model *model,
                    const char *path, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL;
    int code = open_data(&data, model, path, s);
    if (code != CLI_OK)
        return code;
    progress_begin("evaluating", asl_dataset_count(data));
    const asl_status status = asl_inferer_evaluate(out, inferer, data, &s->evaluate, &err);
    progress_end();
    if (status < 0)
        code = cli_fail(&err);
    else if (status == ASL_STOPPED)
        code = CLI_INTERRUPTED;
    else
        report_skipped(*out, s->verbose);
    asl_dataset_free(data);
    return code;
}

/* All that is known once the data sets went through the network. */
typedef struct results {
    const asl_model *model;
    asl_evaluation **evaluations;
    report *reports;
    int *rows; /* Rows of the table that each data set has. */
    int count;
    table table;
    calibration calibration;
} results;

static void print_text(const results *r, const settings *s)
{
    for (int i = 0; i < r->count && (r->count == 1 || s->details); i++) {
        report_print(&r->reports[i]);
        printf("\n");
    }
    table_print(&r->table);
    if (s->calibrate)
        calibration_print(&r->calibration);
}

static void print_json(const results *r, const settings *s)
{
    json_t *document = json_document(), *list = json_array();
    int first = 0;
    for (int i = 0; i < r->count; first += r->rows[i++]) {
        json_t *object = r->count == 1 ? document : json_object();
        report_json(object, &r->reports[i]);
        table_rows_json(object, &r->table, first, r->rows[i]);
        if (r->count > 1)
            json_add(list, object);
    }
    if (r->count > 1)
        json_put(document, "datasets", list);
    else
        json_decref(list);
    json_put(document, "model", json_text(model_name(s->model)));
    table_model_json(document, &r->table);
    table_means_json(document, &r->table);
    if (s->calibrate)
        json_put(document, "calibration", calibration_json(&r->calibration));
    json_print(document);
}

/* One picture of all data sets together. */
static int draw_confusion(const char *path, const report *reports, int count)
{
    const int32_t n = reports[0].info.label_count;
    const size_t cells = (size_t)n * (size_t)n;
    int64_t *sum = cli_alloc(cells, sizeof *sum);
    const char **labels = cli_alloc((size_t)n, sizeof *labels);
    int64_t pictures = 0, correct = 0;
    for (int i = 0; i < count; i++) {
        pictures += reports[i].info.count;
        correct += reports[i].info.correct;
        for (size_t j = 0; j < cells; j++)
            sum[j] += reports[i].confusion[j];
    }
    for (int32_t i = 0; i < n; i++)
        labels[i] = asl_model_label(reports[0].model, i);
    char *name = count == 1 ? files_base_name(reports[0].name) : cli_format("%d data sets", count);
    char *title =
        cli_format("%s: %.1f %% of %lld pictures right", name,
                   pictures ? 100.0 * (double)correct / (double)pictures : 0, (long long)pictures);
    const int code = chart_confusion(path, title, labels, n, sum);
    free(title);
    free(name);
    free(labels);
    free(sum);
    return code;
}

static int check_gate(const report *reports, int count, double minimum)
{
    int code = CLI_OK;
    for (int i = 0; i < count; i++) {
        if (reports[i].info.accuracy < minimum) {
            cli_error("accuracy %.4f on '%s' is below --min-accuracy %g", reports[i].info.accuracy,
                      reports[i].name, minimum);
            code = CLI_GATE;
        }
    }
    return code;
}

static int evaluate_all(results *r, asl_inferer *inferer, char **paths, const settings *s)
{
    int code = CLI_OK;
    for (int i = 0; i < r->count && code == CLI_OK; i++) {
        code = evaluate(&r->evaluations[i], inferer, r->model, paths[i], s);
        if (code != CLI_OK)
            return code;
        const int before = r->table.count;
        report_make(&r->reports[i], paths[i], r->model, r->evaluations[i]);
        table_add(&r->table, paths[i], r->evaluations[i]);
        r->rows[i] = r->table.count - before;
    }
    if (s->trained_on)
        table_mark(&r->table, s->trained_on);
    table_measure(&r->table);
    return s->calibrate ? calibrate(&r->calibration, s->calibrate, &r->table, &s->inferer) : CLI_OK;
}

static int run(const settings *s, const asl_model *model, char **paths, int count)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    if (asl_inferer_create(&inferer, model, &s->inferer, &err) < 0)
        return cli_fail(&err);
    cli_note("model: %s; backend: %s", model_name(s->model), asl_inferer_backend(inferer));

    results r = {
        .model = model,
        .evaluations = cli_alloc((size_t)count, sizeof *r.evaluations),
        .reports = cli_alloc((size_t)count, sizeof *r.reports),
        .rows = cli_alloc((size_t)count, sizeof *r.rows),
        .count = count,
    };
    table_begin(&r.table, model);
    int code = evaluate_all(&r, inferer, paths, s);
    if (code == CLI_OK) {
        if (s->json)
            print_json(&r, s);
        else
            print_text(&r, s);
        if (s->confusion)
            code = draw_confusion(s->confusion, r.reports, count);
        if (code == CLI_OK && !isnan(s->min_accuracy))
            code = check_gate(r.reports, count, s->min_accuracy);
    }
    table_end(&r.table);
    for (int i = 0; i < count; i++)
        asl_evaluation_free(r.evaluations[i]);
    free(r.rows);
    free(r.reports);
    free(r.evaluations);
    asl_inferer_free(inferer);
    return code;
}

int main(int argc, char **argv)
{
    settings s = {.min_accuracy = NAN};
    int32_t progress = PROGRESS_AUTO;
    asl_dataset_options_init(&s.data, sizeof s.data);
    asl_inferer_options_init(&s.inferer, sizeof s.inferer);
    asl_evaluate_options_init(&s.evaluate, sizeof s.evaluate);
    s.inferer.backend = s.inferer.isa = s.inferer.precision = "auto";
    s.inferer.batch_size = 32;
    s.evaluate.progress = progress_callback;
    const cli_option options[] = {
        CLI_MODEL(&s.model),
        CLI_TEXT('c', "confusion", "FILE", &s.confusion,
                 "draw the confusion matrix of all data sets together (.png)"),
        CLI_TEXT('t', "trained-on", "NAMES", &s.trained_on,
                 "the data sets that the model was trained on, parted by commas: their means stand "
                 "beside those of the others"),
        CLI_FLAG(0, "details", &s.details, "every table also when there are several data sets"),
        CLI_MIRROR(&s.inferer.mirror),
        CLI_LOOKS(&s.inferer.looks),
        CLI_CROPS(&s.inferer.crops),
        CLI_TEXT(0, "calibrate", "FILE", &s.calibrate,
                 "find temperature and letter threshold on the data sets that the model was not "
                 "trained on, each weighing the same, and write the model with them "
                 "(.safetensors)"),
        CLI_REAL(0, "min-accuracy", "X", &s.min_accuracy, 0, 1,
                 "exit with 5 unless each data set reaches this accuracy (0 to 1)"),
        CLI_INT('n', "per-class", "N", &s.data.per_class, 0, 1000000000,
                "look at no more than N pictures of each class; 0 takes all"),
        CLI_INT('b', "batch", "N", &s.inferer.batch_size, 1, 4096, "pictures in one pass"),
        CLI_SEED(&s.data.seed),
        CLI_FORCE(&s.force),
        CLI_HEADING("Engine"),
        CLI_BACKEND(&s.inferer.backend),
        CLI_ISA(&s.inferer.isa),
        CLI_PRECISION(&s.inferer.precision),
        CLI_THREADS(&s.inferer.threads),
        CLI_HEADING("General"),
        CLI_JSON(&s.json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&s.quiet),
        CLI_VERBOSE(&s.verbose),
    };
    const cli_program program = {
        .name = "asl-eval",
        .arguments = "DATA...",
        .summary = "Measure a model on data sets (folders with one folder per class, data.csv "
                   "files, packed files), and compare them. Of one data set: precision, recall "
                   "and f1 of each class, the most confused pairs, and the accuracy for each "
                   "group. Classes that a data set lacks are fine, and so are other spellings of "
                   "them.",
        .details = "An accuracy on pictures of people who are in the training data says little\n"
                   "about other people: measure on signers that the model has never seen.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 1,
        .max_arguments = -1,
    };
    char **paths;
    const int count = cli_parse(&program, argc, argv, &paths);
    cli_set_quiet(s.quiet);
    progress_mode(s.quiet ? PROGRESS_NEVER : progress);
    cli_catch_interrupt(NULL, NULL);
    s.evaluate.threads = s.inferer.threads;

    asl_model *model = NULL;
    int code = model_open(&model, s.model);
    if (code == CLI_OK && s.confusion)
        code = files_check_output(s.confusion, s.force);
    if (code == CLI_OK && s.calibrate)
        code = files_check_output(s.calibrate, s.force);
    if (code == CLI_OK)
        code = run(&s, model, paths, count);
    asl_model_free(model);
    return cli_finish(code);
}
