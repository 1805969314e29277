/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cli.h"

static int32_t find_class(const asl_model *model, const char *name, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (strcasecmp(asl_model_label(model, i), name) == 0)
            return i;
    return -1;
}

/** The class that takes from the letter score, whatever it is called, or -1. */
static int32_t find_nothing(const asl_model *model, int32_t count)
{
    float *scores = cli_alloc((size_t)count, sizeof *scores);
    int32_t found = -1;
    for (int32_t i = 0; i < count && found < 0; i++) {
        scores[i] = 1;
        if (asl_model_letter_score(model, scores, (size_t)count) < 1)
            found = i;
        scores[i] = 0;
    }
    free(scores);
    return found;
}

void table_begin(table *out, const asl_model *model)
{
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, model, NULL);
    *out = (table){
        .model = model,
        .class_count = info.label_count,
        .nothing = find_nothing(model, info.label_count),
        .temperature = info.temperature,
        .threshold = info.letter_threshold,
    };
}

void table_end(table *t)
{
    for (int i = 0; i < t->count; i++) {
        free(t->rows[i].name);
        free(t->rows[i].truth);
        free(t->rows[i].logits);
        free(t->rows[i].figures);
    }
    free(t->rows);
}

/* ---- Rows ---- */

static void add_row(table *t, const char *name, const asl_evaluation *evaluation, int32_t source)
{
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluation_result result = {.struct_size = sizeof result};
    asl_evaluation_get_info(&info, evaluation, NULL);
    row *r = &t->rows[t->count++];
    *r = (row){
        .name = cli_format("%s", name),
        .truth = cli_alloc((size_t)info.count, sizeof *r->truth),
        .logits = cli_alloc((size_t)info.count, sizeof *r->logits),
        .figures = cli_alloc(FIGURE_COUNT + (size_t)t->class_count, sizeof *r->figures),
    };
    int64_t count = 0;
    for (int64_t i = 0; i < info.count; i++) {
        asl_evaluation_get_result(&result, evaluation, i, NULL);
        if (result.source_index != source)
            continue;
        r->truth[count] = result.truth;
        r->logits[count++] = result.logits;
    }
    r->set = (measure_set){t->class_count, t->nothing, count, r->truth, r->logits};
}

void table_add(table *t, const char *path, const asl_evaluation *evaluation)
{
    asl_evaluation_info info = {.struct_size = sizeof info};
    asl_evaluation_get_info(&info, evaluation, NULL);
    row *rows = cli_alloc((size_t)t->count + (size_t)info.source_count, sizeof *rows);
    if (t->count > 0)
        memcpy(rows, t->rows, (size_t)t->count * sizeof *rows);
    free(t->rows);
    t->rows = rows;
    for (int32_t i = 0; i < info.source_count; i++) {
        const char *name = path;
        int64_t count = 0;
        asl_evaluation_get_source(info.source_count > 1 ? &name : NULL, &count, NULL, evaluation, i,
                                  NULL);
        if (count > 0)
            add_row(t, name, evaluation, i);
    }
}

/* The last component without slashes behind it, and without the ending of a packed or CSV file. */
static const char *bare_name(size_t *length, const char *name, size_t size)
{
    static const char *const endings[] = {".pack", ".csv"};
    while (size > 1 && name[size - 1] == '/')
        size--;
    size_t begin = size;
    while (begin > 0 && name[begin - 1] != '/')
        begin--;
    *length = size - begin;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t ending = strlen(endings[i]);
        if (*length > ending && memcmp(name + size - ending, endings[i], ending) == 0) {
            *length -= ending;
            break;
        }
    }
    return name + begin;
}

void table_mark(table *t, const char *names)
{
    for (const char *name = names; *name;) {
        const size_t size = strcspn(name, ",");
        size_t wanted_length, length;
        const char *wanted = bare_name(&wanted_length, name, size);
        bool found = wanted_length == 0;
        for (int i = 0; i < t->count; i++) {
            const char *own = bare_name(&length, t->rows[i].name, strlen(t->rows[i].name));
            if (wanted_length > 0 && length == wanted_length && memcmp(own, wanted, length) == 0)
                found = t->rows[i].trained_on = true;
        }
        if (!found)
            cli_note("--trained-on: none of the data sets is called '%.*s'", (int)size, name);
        name += size + (name[size] == ',');
    }
}

measure_set *table_sets(int *count, const table *t, bool strangers)
{
    measure_set *sets = cli_alloc((size_t)t->count, sizeof *sets);
    *count = 0;
    for (int i = 0; i < t->count; i++)
        if (!strangers || !t->rows[i].trained_on)
            sets[(*count)++] = t->rows[i].set;
    return sets;
}

/* ---- Figures ---- */

static int32_t top_class(const float *logits, int32_t count)
{
    int32_t top = 0;
    for (int32_t i = 1; i < count; i++)
        top = logits[i] > logits[top] ? i : top;
    return top;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

/* Accuracies, of all and by class. */
static void count_right(row *r, const table *t)
{
    const size_t classes = (size_t)t->class_count;
    const int32_t j = find_class(t->model, "J", t->class_count);
    const int32_t z = find_class(t->model, "Z", t->class_count);
    int64_t *pictures = cli_alloc(classes, sizeof *pictures),
            *right = cli_alloc(classes, sizeof *right);
    int64_t all_right = 0, still = 0, still_right = 0;
    double sum = 0;
    int present = 0;
    for (int64_t i = 0; i < r->set.count; i++) {
        const int32_t truth = r->truth[i];
        pictures[truth]++;
        right[truth] += top_class(r->logits[i], t->class_count) == truth;
    }
    for (int32_t i = 0; i < t->class_count; i++) {
        r->figures[FIGURE_COUNT + i] = share(right[i], pictures[i]);
        sum += pictures[i] > 0 ? r->figures[FIGURE_COUNT + i] : 0;
        present += pictures[i] > 0;
        all_right += right[i];
        still += i == j || i == z ? 0 : pictures[i];
        still_right += i == j || i == z ? 0 : right[i];
    }
    r->figures[FIGURE_ACCURACY] = share(all_right, r->set.count);
    r->figures[FIGURE_STILL] = share(still_right, still);
    r->figures[FIGURE_BY_CLASS] = sum / present;
    free(pictures);
    free(right);
}

static void measure_row(row *r, const table *t)
{
    double *figures = r->figures;
    count_right(r, t);
    figures[FIGURE_LOSS] = measure_loss(&r->set, t->temperature);
    figures[FIGURE_ECE] = measure_ece(&r->set, t->temperature);
    figures[FIGURE_RECALL] = figures[FIGURE_FALSE] = figures[FIGURE_FALSE_95] = NAN;
    if (t->nothing < 0)
        return;
    const measure_letters letters = measure_letters_at(&r->set, t->temperature, t->threshold);
    figures[FIGURE_RECALL] = letters.recall;
    figures[FIGURE_FALSE] = letters.false_share;
    if (isnan(letters.recall) || isnan(letters.false_share))
        return;
    const double own = measure_letter_threshold(&r->set, 1, t->temperature, LETTER_SHARE);
    figures[FIGURE_FALSE_95] = measure_letters_at(&r->set, t->temperature, own).false_share;
}

/* On strangers when there are any. */
static double find_threshold(const table *t)
{
    int count = 0;
    measure_set *sets = table_sets(&count, t, true);
    if (count == 0) {
        free(sets);
        sets = table_sets(&count, t, false);
    }
    const double threshold = measure_letter_threshold(sets, count, t->temperature, LETTER_SHARE);
    free(sets);
    return threshold;
}

void table_measure(table *t)
{
    if (t->nothing < 0) {
        t->threshold = 0;
    } else if (t->threshold <= 0) {
        t->threshold = find_threshold(t);
        t->threshold_found = true;
    }
    for (int i = 0; i < t->count; i++)
        measure_row(&t->rows[i], t);
}
