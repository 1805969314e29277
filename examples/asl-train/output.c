/* SPDX-License-Identifier: MIT */
/* What a run shows and leaves behind: bars and lines, metrics.csv, the two charts, the models, the
 * closing words. See train.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/chart.h"
#include "common/files.h"
#include "common/progress.h"
#include "train.h"

/* ---- While it runs ---- */

/* The names of the groups that went to validation, as far as they fit in. */
static void validation_groups(char *text, size_t size, const run *r)
{
    const int32_t groups = asl_dataset_group_count(r->validation);
    bool *held = cli_alloc((size_t)groups, sizeof *held);
    for (int64_t i = 0; i < asl_dataset_count(r->validation); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        if (asl_dataset_get_sample(&sample, r->validation, i, NULL) == ASL_OK &&
            sample.group_index >= 0)
            held[sample.group_index] = true;
    }
    size_t length = 0;
    text[0] = '\0';
    for (int32_t i = 0; i < groups && length < size; i++)
        if (held[i])
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "",
                                       asl_dataset_group_name(r->validation, i));
    if (length >= size && size > 4)
        memcpy(text + size - 4, "...", 4);
    free(held);
}

void run_print_split(const run *r)
{
    FILE *out = r->json ? stderr : stdout;
    const long long train = (long long)asl_dataset_count(r->train);
    if (!r->validation) {
        fprintf(out, "split: none, %lld pictures to learn from\n", train);
        return;
    }
    char why[160];
    if (r->split_used < 0) {
        snprintf(why, sizeof why, "%.150s", r->select_on);
    } else if (r->split_used == ASL_SPLIT_GROUP) {
        char names[100];
        validation_groups(names, sizeof names, r);
        snprintf(why, sizeof why, "whole groups, held out: %s", names);
    } else if (r->split_used == ASL_SPLIT_BLOCK) {
        snprintf(why, sizeof why, "whole stretches of each class in capture order%s",
                 r->split == ASL_SPLIT_AUTO ? "; no groups known" : "");
    } else {
        snprintf(why, sizeof why, "flatters: near-identical neighbours land on both sides");
    }
    fprintf(out, "split: %s (%s)\n       %lld pictures to learn from, %lld to validate on\n",
            run_split_name(r), why, train, (long long)asl_dataset_count(r->validation));
}

void run_on_progress(const asl_train_progress *p, void *user)
{
    static int32_t shown_pass = -1;
    (void)user;
    const int32_t pass = 2 * p->epoch + p->validating;
    if (pass != shown_pass) {
        char label[40];
        snprintf(label, sizeof label, "%s %d/%d", p->validating ? "check" : "epoch", (int)p->epoch,
                 (int)p->epochs);
        progress_begin(label, p->total);
        shown_pass = pass;
    }
    char note[64];
    snprintf(note, sizeof note, "loss %.3f  acc %.1f %%", p->loss, 100 * p->accuracy);
    progress_update_eta(p->done, note, p->eta_seconds);
}

static void print_epoch(const run *r, const asl_epoch_metrics *m)
{
    FILE *out = r->json ? stderr : stdout;
    char spent[24], val_loss[24] = "-", val_accuracy[24] = "-";
    progress_duration(spent, m->seconds);
    if (isfinite(m->val_loss)) {
        snprintf(val_loss, sizeof val_loss, "%.4f", m->val_loss);
        snprintf(val_accuracy, sizeof val_accuracy, "%.2f %%", 100 * m->val_source_accuracy);
    }
    fprintf(out, "epoch %*d/%d  loss %.4f  acc %6.2f %%  val loss %s  val acc %s  %s%s\n",
            snprintf(NULL, 0, "%d", (int)r->epochs), (int)m->epoch, (int)r->epochs, m->train_loss,
            100 * m->train_accuracy, val_loss, val_accuracy, spent, m->is_best ? "  best" : "");
    fflush(out);
}

void run_on_epoch(const asl_epoch_metrics *metrics, void *user)
{
    run *r = user;
    progress_end();
    if (r->epoch_count < r->epochs)
        r->history[r->epoch_count++] = *metrics;
    if (!r->quiet)
        print_epoch(r, metrics);
    run_write_curves(r);
}

void run_on_warning(asl_status code, const char *message, void *user)
{
    (void)code;
    (void)user;
    cli_error("warning: %s", message);
}

/* ---- Files ---- */

static void print_value(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputc(',', out);
}

/* Columns of a validation set that is a mix. */
static void print_source_names(FILE *out, const run *r, int32_t sources)
{
    if (sources > 0)
        fputs(",val_source_accuracy", out);
    for (int32_t i = 0; i < sources; i++) {
        char *name = cli_format("val_%s", asl_dataset_source_name(r->validation, i));
        fputc(',', out);
        files_print_csv(out, name);
        free(name);
    }
    fputc('\n', out);
}

static int write_metrics(const run *r)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    FILE *out = text.to;
    const int32_t sources = run_source_count(r);
    fprintf(out, "epoch,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,seconds");
    print_source_names(out, r, sources);
    for (int32_t i = 0; i < r->epoch_count; i++) {
        const asl_epoch_metrics *m = &r->history[i];
        fprintf(out, "%d", (int)m->epoch);
        print_value(out, m->train_loss);
        print_value(out, m->train_accuracy);
        print_value(out, m->val_loss);
        print_value(out, m->val_accuracy);
        print_value(out, m->learning_rate);
        fprintf(out, ",%.3f", m->seconds);
        if (sources > 0)
            print_value(out, m->val_source_accuracy);
        for (int32_t k = 0; k < sources; k++)
            print_value(out, asl_trainer_source_accuracy(r->trainer, i, k));
        fputc('\n', out);
    }
    return files_text_save(&text, r->folder, "metrics.csv");
}

static int write_charts(const run *r)
{
    const size_t count = (size_t)r->epoch_count;
    double *values = cli_alloc(4 * count, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = 100 * r->history[i].train_accuracy;
        values[count + i] = 100 * r->history[i].val_source_accuracy;
        values[2 * count + i] = r->history[i].train_loss;
        values[3 * count + i] = r->history[i].val_loss;
    }
    chart c = {.count = r->epoch_count, .epochs = r->epochs};
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, r->start, NULL);
    char *title =
        cli_format("Accuracy: %s, %s split", info.preset, r->validation ? run_split_name(r) : "no");
    char *path = run_path(r, "accuracy.png");
    c.title = title;
    c.unit = "%";
    c.y_max = 100;
    c.series[0] = (chart_series){"training", values};
    c.series[1] = (chart_series){"validation", values + count};
    int code = chart_curves(path, &c);
    free(path);
    free(title);

    path = run_path(r, "loss.png");
    title = cli_format("Loss: %s, %s split", info.preset, r->validation ? run_split_name(r) : "no");
    c.title = title;
    c.unit = "";
    c.y_max = 0;
    c.series[0].values = values + 2 * count;
    c.series[1].values = values + 3 * count;
    if (code == CLI_OK)
        code = chart_curves(path, &c);
    free(path);
    free(title);
    free(values);
    return code;
}

int run_write_curves(const run *r)
{
    const int code = write_metrics(r);
    return code == CLI_OK && r->epoch_count > 0 ? write_charts(r) : code;
}

static int save_model(const run *r, const asl_model *model, const char *name)
{
    asl_error err = ASL_ERROR_INIT;
    char *path = run_path(r, name);
    const int code = asl_model_save(model, path, &err) < 0 ? cli_fail(&err) : CLI_OK;
    free(path);
    return code;
}

int run_write_models(const run *r, bool finished)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *best = NULL, *last = NULL;
    int code = CLI_OK;
    if (r->epoch_count > 0) {
        if (asl_trainer_get_best_model(&best, r->trainer, &err) < 0)
            code = cli_fail(&err);
        else
            code = save_model(r, best, "best.safetensors");
    }
    if (code == CLI_OK && finished) {
        if (asl_trainer_get_model(&last, r->trainer, &err) < 0)
            code = cli_fail(&err);
        else
            code = save_model(r, last, "model.safetensors");
    }
    asl_model_free(last);
    asl_model_free(best);
    return code;
}
