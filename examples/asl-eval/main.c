/* SPDX-License-Identifier: MIT */
/* asl-eval: how well a model does on one or several data sets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "asl/asl.h"
#include "common/chart.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"
#include "report.h"

typedef struct settings {
    const char *model, *confusion;
    double min_accuracy; /* NaN = no gate. */
    bool json, force, quiet, verbose;
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

static int evaluate(asl_evaluation **out, asl_inferer *inferer, const char *path, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL;
    int code = data_open(&data, path, &s->data, s->verbose);
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

static void print_reports(const report *reports, int count)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            printf("\n");
        report_print(&reports[i]);
    }
    if (count > 1) {
        printf("\n");
        report_print_row(NULL);
        for (int i = 0; i < count; i++)
            report_print_row(&reports[i]);
    }
}

static void print_json(const report *reports, int count)
{
    json_t *document = json_document();
    if (count == 1) {
        report_json(document, &reports[0]);
    } else {
        json_t *list = json_array();
        for (int i = 0; i < count; i++) {
            json_t *object = json_object();
            report_json(object, &reports[i]);
            json_add(list, object);
        }
        json_put(document, "datasets", list);
    }
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

static int run(const settings *s, const asl_model *model, char **paths, int count)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    if (asl_inferer_create(&inferer, model, &s->inferer, &err) < 0)
        return cli_fail(&err);
    cli_note("backend: %s", asl_inferer_backend(inferer));

    asl_evaluation **evaluations = cli_alloc((size_t)count, sizeof *evaluations);
    report *reports = cli_alloc((size_t)count, sizeof *reports);
    int code = CLI_OK;
    for (int i = 0; i < count && code == CLI_OK; i++) {
        code = evaluate(&evaluations[i], inferer, paths[i], s);
        if (code == CLI_OK)
            report_make(&reports[i], paths[i], model, evaluations[i]);
    }
    if (code == CLI_OK) {
        if (s->json)
            print_json(reports, count);
        else
            print_reports(reports, count);
        if (s->confusion)
            code = draw_confusion(s->confusion, reports, count);
        if (code == CLI_OK && !isnan(s->min_accuracy))
            code = check_gate(reports, count, s->min_accuracy);
    }
    for (int i = 0; i < count; i++)
        asl_evaluation_free(evaluations[i]);
    free(reports);
    free(evaluations);
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
        .arguments = "-m MODEL DATA...",
        .summary = "Measure a model on data sets (folders with one folder per class, data.csv "
                   "files, packed files): precision, recall and f1 of each class, the most "
                   "confused pairs, and the accuracy for each group. Classes that a data set "
                   "lacks are fine.",
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
    if (code == CLI_OK)
        code = run(&s, model, paths, count);
    asl_model_free(model);
    return cli_finish(code);
}
