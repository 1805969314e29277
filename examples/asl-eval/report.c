/* SPDX-License-Identifier: MIT */
/* From a confusion matrix to a report. See report.h. Precision, recall, f1 and their averages are
 * those of scikit-learn's classification_report with zero_division=0. */
#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/json.h"

typedef struct scores {
    double precision, recall, f1;
    int64_t support;   /* Pictures that truly are of the class. */
    int64_t predicted; /* Pictures that the model gave to it. */
} scores;

void report_make(report *out, const char *name, const asl_model *model,
                 const asl_evaluation *evaluation)
{
    *out = (report){.name = name, .model = model, .evaluation = evaluation};
    out->info.struct_size = sizeof out->info;
    asl_evaluation_get_info(&out->info, evaluation, NULL);
    out->confusion = asl_evaluation_confusion(evaluation);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static scores class_scores(const report *r, int32_t class_index)
{
    const int32_t n = r->info.label_count;
    scores s = {0, 0, 0, 0, 0};
    for (int32_t i = 0; i < n; i++) {
        s.support += r->confusion[class_index * n + i];
        s.predicted += r->confusion[i * n + class_index];
    }
    const double hits = (double)r->confusion[class_index * n + class_index];
    s.precision = ratio(hits, (double)s.predicted);
    s.recall = ratio(hits, (double)s.support);
    s.f1 = ratio(2 * s.precision * s.recall, s.precision + s.recall);
    return s;
}

/* A class that neither occurs nor is ever named says nothing about the model. */
static bool counts(const scores *s)
{
    return s->support > 0 || s->predicted > 0;
}

static scores average(const report *r, bool weighted)
{
    scores sum = {0, 0, 0, 0, 0};
    double weights = 0;
    for (int32_t i = 0; i < r->info.label_count; i++) {
        const scores s = class_scores(r, i);
        if (!counts(&s))
            continue;
        const double weight = weighted ? (double)s.support : 1;
        sum.precision += weight * s.precision;
        sum.recall += weight * s.recall;
        sum.f1 += weight * s.f1;
        sum.support += s.support;
        weights += weight;
    }
    sum.precision = ratio(sum.precision, weights);
    sum.recall = ratio(sum.recall, weights);
    sum.f1 = ratio(sum.f1, weights);
    return sum;
}

static void print_scores(const char *name, const scores *s)
{
    printf("%12s  %10.3f%10.3f%10.3f%10lld\n", name, s->precision, s->recall, s->f1,
           (long long)s->support);
}

static void print_table(const report *r)
{
    printf("%12s  %10s%10s%10s%10s\n\n", "", "precision", "recall", "f1-score", "support");
    for (int32_t i = 0; i < r->info.label_count; i++) {
        const scores s = class_scores(r, i);
        if (counts(&s))
            print_scores(asl_model_label(r->model, i), &s);
    }
    printf("\n%12s  %10s%10s%10.3f%10lld\n", "accuracy", "", "", r->info.accuracy,
           (long long)r->info.count);
    const scores macro = average(r, false), weighted = average(r, true);
    print_scores("macro avg", &macro);
    print_scores("weighted avg", &weighted);
}

typedef struct confusion_pair {
    int32_t truth, named;
    int64_t count;
    double share; /* Of the true class. */
} confusion_pair;

static int by_count(const void *a, const void *b)
{
    const confusion_pair *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->truth != y->truth)
        return x->truth - y->truth;
    return x->named - y->named;
}

/* All mistakes, worst first. @return how many; free() the list. */
static size_t confused_pairs(confusion_pair **out, const report *r)
{
    const int32_t n = r->info.label_count;
    confusion_pair *pairs = cli_alloc((size_t)n * (size_t)n, sizeof *pairs);
    size_t count = 0;
    for (int32_t i = 0; i < n; i++) {
        const scores s = class_scores(r, i);
        for (int32_t j = 0; j < n; j++) {
            const int64_t mistakes = r->confusion[i * n + j];
            if (i != j && mistakes > 0)
                pairs[count++] =
                    (confusion_pair){i, j, mistakes, ratio((double)mistakes, (double)s.support)};
        }
    }
    qsort(pairs, count, sizeof *pairs, by_count);
    *out = pairs;
    return count;
}

enum { PAIRS_SHOWN = 10 };

static void print_pairs(const report *r)
{
    confusion_pair *pairs = NULL;
    const size_t count = confused_pairs(&pairs, r);
    if (count > 0)
        printf("\nMost confused\n");
    for (size_t i = 0; i < count && i < PAIRS_SHOWN; i++)
        printf("%12s  named %-10s %6lld times, %5.1f %% of its pictures\n",
               asl_model_label(r->model, pairs[i].truth), asl_model_label(r->model, pairs[i].named),
               (long long)pairs[i].count, 100 * pairs[i].share);
    free(pairs);
}

/* The name that the data set itself gives to a group: in asl_dataset_mix() its own comes before.
 * NULL when it has no group, or no pictures of it. */
static const char *find_group(int64_t *count, int64_t *correct, const report *r, int32_t index)
{
    const char *name = NULL, *source = NULL;
    asl_evaluation_get_group(&name, count, correct, r->evaluation, index, NULL);
    if (*count == 0 || r->info.source_count > 1)
        return *count > 0 ? name : NULL;
    asl_evaluation_get_source(&source, NULL, NULL, r->evaluation, 0, NULL);
    const size_t length = strlen(source);
    return strncmp(name, source, length) == 0 && name[length] == '/' ? name + length + 1 : NULL;
}

static void print_groups(const report *r)
{
    bool first = true;
    for (int32_t i = 0; i < r->info.group_count; i++) {
        int64_t count = 0, correct = 0;
        const char *name = find_group(&count, &correct, r, i);
        if (!name)
            continue;
        printf("%s%12s  %10.3f   %lld of %lld\n", first ? "\nAccuracy by group\n" : "", name,
               (double)correct / (double)count, (long long)correct, (long long)count);
        first = false;
    }
}

void report_print(const report *r)
{
    printf("%s: %lld of %lld pictures right, %.2f %%, loss %.4f\n\n", r->name,
           (long long)r->info.correct, (long long)r->info.count, 100 * r->info.accuracy,
           r->info.loss);
    print_table(r);
    print_pairs(r);
    print_groups(r);
}

static json_t *scores_json(const scores *s)
{
    json_t *object = json_object();
    json_put(object, "precision", json_number(s->precision));
    json_put(object, "recall", json_number(s->recall));
    json_put(object, "f1", json_number(s->f1));
    json_put(object, "support", json_integer(s->support));
    return object;
}

static json_t *pairs_json(const report *r)
{
    json_t *list = json_array();
    confusion_pair *pairs = NULL;
    const size_t count = confused_pairs(&pairs, r);
    for (size_t i = 0; i < count && i < PAIRS_SHOWN; i++) {
        json_t *pair = json_object();
        json_put(pair, "label", json_text(asl_model_label(r->model, pairs[i].truth)));
        json_put(pair, "predicted", json_text(asl_model_label(r->model, pairs[i].named)));
        json_put(pair, "count", json_integer(pairs[i].count));
        json_add(list, pair);
    }
    free(pairs);
    return list;
}

static json_t *groups_json(const report *r)
{
    json_t *groups = json_object();
    for (int32_t i = 0; i < r->info.group_count; i++) {
        int64_t count = 0, correct = 0;
        const char *name = find_group(&count, &correct, r, i);
        if (!name)
            continue;
        json_t *group = json_object();
        json_put(group, "n", json_integer(count));
        json_put(group, "correct", json_integer(correct));
        json_put(group, "accuracy", json_number((double)correct / (double)count));
        json_put(groups, name, group);
    }
    return groups;
}

void report_json(json_t *object, const report *r)
{
    const int32_t n = r->info.label_count;
    json_t *labels = json_array(), *per_class = json_object(), *confusion = json_array();
    for (int32_t i = 0; i < n; i++) {
        const scores s = class_scores(r, i);
        json_add(labels, json_text(asl_model_label(r->model, i)));
        json_put(per_class, asl_model_label(r->model, i), scores_json(&s));
        json_t *row = json_array();
        for (int32_t j = 0; j < n; j++)
            json_add(row, json_integer(r->confusion[i * n + j]));
        json_add(confusion, row);
    }
    const scores macro = average(r, false), weighted = average(r, true);
    json_put(object, "path", json_text(r->name));
    json_put(object, "n", json_integer(r->info.count));
    json_put(object, "correct", json_integer(r->info.correct));
    json_put(object, "accuracy", json_number(r->info.accuracy));
    json_put(object, "loss", json_number(r->info.loss));
    json_put(object, "skipped", json_integer(r->info.issue_count));
    json_put(object, "macro_avg", scores_json(&macro));
    json_put(object, "weighted_avg", scores_json(&weighted));
    json_put(object, "labels", labels);
    json_put(object, "per_class", per_class);
    json_put(object, "confusion", confusion);
    json_put(object, "most_confused", pairs_json(r));
    json_put(object, "groups", groups_json(r));
}
