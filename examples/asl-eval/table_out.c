/* SPDX-License-Identifier: MIT */
/* The table as text and as JSON, with the means below it. See table.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/cli.h"
#include "common/json.h"
#include "table.h"

/* Which rows a mean is over. */
enum { ALL, STRANGERS, TRAINED_ON };

static bool is_of(const row *r, int kind)
{
    return kind == ALL || r->trained_on == (kind == TRAINED_ON);
}

/* Means of the figures, each over the rows that have it; free() them. */
static double *make_means(int *rows, const table *t, int kind)
{
    const int32_t count = FIGURE_COUNT + t->class_count;
    double *means = cli_alloc((size_t)count, sizeof *means);
    *rows = 0;
    for (int i = 0; i < t->count; i++)
        *rows += is_of(&t->rows[i], kind);
    for (int32_t k = 0; k < count; k++) {
        double sum = 0;
        int known = 0;
        for (int i = 0; i < t->count; i++) {
            const row *r = &t->rows[i];
            if (is_of(r, kind) && !isnan(r->figures[k])) {
                sum += r->figures[k];
                known++;
            }
        }
        means[k] = known > 0 ? sum / known : NAN;
    }
    return means;
}

static bool is_movement(const char *label)
{
    return strcasecmp(label, "J") == 0 || strcasecmp(label, "Z") == 0;
}

/* The letter that is read worst, J and Z apart; -1 without any. */
static int32_t worst_letter(const table *t, const double *figures)
{
    const double *recall = figures + FIGURE_COUNT;
    int32_t worst = -1;
    for (int32_t i = 0; i < t->class_count; i++)
        if (i != t->nothing && !isnan(recall[i]) && !is_movement(asl_model_label(t->model, i)) &&
            (worst < 0 || recall[i] < recall[worst]))
            worst = i;
    return worst;
}

/* The row with the lowest accuracy, J and Z apart: among strangers when there are any. */
static const row *worst_row(const table *t)
{
    const row *worst = NULL;
    for (int kind = STRANGERS; kind <= TRAINED_ON && !worst; kind++)
        for (int i = 0; i < t->count; i++) {
            const row *r = &t->rows[i];
            if (is_of(r, kind) && !isnan(r->figures[FIGURE_STILL]) &&
                (!worst || r->figures[FIGURE_STILL] < worst->figures[FIGURE_STILL]))
                worst = r;
        }
    return worst;
}

/* ---- Text ---- */

static const char *percent(char text[16], double value)
{
    if (isnan(value))
        return "-";
    snprintf(text, 16, "%.1f %%", 100 * value);
    return text;
}

static void print_line(const table *t, const char *pictures, const double *figures,
                       const char *name, const char *remark)
{
    char text[6][16];
    const int32_t worst = worst_letter(t, figures);
    printf("%9s %9s %9s %9s  %8.8s %7s %8.4f %7.4f %8s %8s  %s%s\n", pictures,
           percent(text[0], figures[FIGURE_ACCURACY]), percent(text[1], figures[FIGURE_STILL]),
           percent(text[2], figures[FIGURE_BY_CLASS]),
           worst < 0 ? "" : asl_model_label(t->model, worst),
           percent(text[3], worst < 0 ? NAN : figures[FIGURE_COUNT + worst]), figures[FIGURE_LOSS],
           figures[FIGURE_ECE], percent(text[4], figures[FIGURE_RECALL]),
           percent(text[5], figures[FIGURE_FALSE]), name, remark);
}

static void print_mean(const table *t, int kind, const char *what)
{
    int rows = 0;
    double *means = make_means(&rows, t, kind);
    char *name = cli_format("mean of %d %s", rows, what);
    if (rows > 0)
        print_line(t, "", means, name, "");
    free(name);
    free(means);
}

void table_print(const table *t)
{
    bool marked = false;
    printf("%9s %9s %9s %9s  %16s %8s %7s %8s %8s  %s\n", "pictures", "accuracy", "no J, Z",
           "by class", "worst letter", "loss", "ECE", "letters", "false", "data set");
    for (int i = 0; i < t->count; i++) {
        const row *r = &t->rows[i];
        char count[24];
        snprintf(count, sizeof count, "%lld", (long long)r->set.count);
        print_line(t, count, r->figures, r->name, r->trained_on ? " (trained on)" : "");
        marked = marked || r->trained_on;
    }
    const row *worst = worst_row(t);
    if (t->count > 1 && !marked)
        print_mean(t, ALL, "data sets");
    if (marked) {
        print_mean(t, STRANGERS, "never seen");
        print_mean(t, TRAINED_ON, "trained on");
    }
    printf("\n");
    if (t->count > 1 && worst)
        printf("worst data set: %s, %.1f %% without J and Z\n", worst->name,
               100 * worst->figures[FIGURE_STILL]);
    if (t->nothing >= 0)
        printf(
            "letters, false: share of hands, and of nothing, whose letter score reaches %g, %s\n",
            t->threshold, t->threshold_found ? "as 95 % of the hands do" : "the model's threshold");
}

/* ---- JSON ---- */

static void put_figures(json_t *object, const table *t, const double *figures)
{
    static const char *const keys[FIGURE_COUNT] = {
        [FIGURE_ACCURACY] = "accuracy",
        [FIGURE_STILL] = "accuracy_without_jz",
        [FIGURE_BY_CLASS] = "mean_per_class",
        [FIGURE_LOSS] = "loss",
        [FIGURE_ECE] = "ece",
        [FIGURE_RECALL] = "letter_recall",
        [FIGURE_FALSE] = "false_letters",
        [FIGURE_FALSE_95] = "false_letters_at_95",
    };
    const int32_t worst = worst_letter(t, figures);
    json_t *letter = worst < 0 ? json_null() : json_object(), *recalls = json_object();
    for (int i = 0; i < FIGURE_COUNT; i++)
        json_put(object, keys[i], json_number(figures[i]));
    if (worst >= 0) {
        json_put(letter, "label", json_text(asl_model_label(t->model, worst)));
        json_put(letter, "recall", json_number(figures[FIGURE_COUNT + worst]));
    }
    for (int32_t i = 0; i < t->class_count; i++)
        json_put(recalls, asl_model_label(t->model, i), json_number(figures[FIGURE_COUNT + i]));
    json_put(object, "worst_letter", letter);
    json_put(object, "recall_by_class", recalls);
}

void table_model_json(json_t *object, const table *t)
{
    json_put(object, "temperature", json_number(t->temperature));
    json_put(object, "letter_threshold", t->nothing < 0 ? json_null() : json_number(t->threshold));
    json_put(object, "letter_threshold_found", json_boolean(t->threshold_found));
}

static void row_json(json_t *object, const table *t, const row *r)
{
    json_put(object, "trained_on", json_boolean(r->trained_on));
    put_figures(object, t, r->figures);
}

void table_rows_json(json_t *object, const table *t, int first, int count)
{
    if (count == 1) {
        row_json(object, t, &t->rows[first]);
        return;
    }
    json_t *sources = json_object();
    for (int i = first; i < first + count; i++) {
        json_t *source = json_object();
        json_put(source, "n", json_integer(t->rows[i].set.count));
        row_json(source, t, &t->rows[i]);
        json_put(sources, t->rows[i].name, source);
    }
    json_put(object, "sources", sources);
}

static json_t *mean_json(const table *t, int kind)
{
    int rows = 0;
    double *means = make_means(&rows, t, kind);
    json_t *object = rows > 0 ? json_object() : json_null();
    if (rows > 0) {
        json_put(object, "datasets", json_integer(rows));
        put_figures(object, t, means);
    }
    free(means);
    return object;
}

void table_means_json(json_t *object, const table *t)
{
    json_t *means = json_object(), *lowest = json_object();
    const row *worst = worst_row(t);
    json_put(means, "all", mean_json(t, ALL));
    json_put(means, "never_seen", mean_json(t, STRANGERS));
    json_put(means, "trained_on", mean_json(t, TRAINED_ON));
    json_put(object, "means", means);
    json_put(lowest, "name", worst ? json_text(worst->name) : json_null());
    json_put(lowest, "accuracy_without_jz",
             json_number(worst ? worst->figures[FIGURE_STILL] : NAN));
    json_put(object, "worst_dataset", lowest);
}
