/* SPDX-License-Identifier: MIT */
/* Reading a CSV list of pictures: columns image_path, target and optionally group; classes.txt
 * beside it names and orders the classes (classes.c). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "dataset/manifest.h"

/* The header: which column is which. */
static asl_status read_header(asl__manifest *list, asl_error *err)
{
    static const char *const names[ASL__COLUMNS] = {"image_path", "target", "group"};
    asl__csv *csv = &list->csv;
    asl_status status = ASL_OK;

    ASL__TRY(asl__csv_next(csv, err));
    list->column_count = csv->count;
    if (csv->count == 0)
        return asl__fail_at(err, ASL_ERR_CSV, 1,
                            "%s is empty; it begins with the line "
                            "image_path,target",
                            csv->what);
    for (int column = 0; column < ASL__COLUMNS; column++) {
        list->column[column] = -1;
        for (int32_t i = 0; i < csv->count; i++) {
            if (strcmp(csv->fields[i], names[column]) == 0)
                list->column[column] = i;
        }
        if (list->column[column] < 0 && column != ASL__GROUP)
            return asl__fail_at(err, ASL_ERR_CSV, csv->row,
                                "%s, row %lld: no column '%s'; expected image_path,target[,group]",
                                csv->what, (long long)csv->row, names[column]);
    }
    for (int32_t i = 1; i < csv->count; i++) {
        for (int32_t k = 0; k < i; k++) {
            if (strcmp(csv->fields[i], csv->fields[k]) == 0)
                return asl__fail_at(err, ASL_ERR_CSV, csv->row,
                                    "%s, row %lld: column '%s' is there twice", csv->what,
                                    (long long)csv->row, csv->fields[i]);
        }
    }
fail:
    return status;
}

static asl_status add_row(asl__manifest *list, asl_error *err)
{
    static const char *const empty[ASL__COLUMNS] = {"image_path is empty", "target is empty", NULL};
    const asl__csv *csv = &list->csv;
    const int64_t larger = list->capacity < 256 ? 256 : list->capacity * 2;
    asl__row *next = NULL;

    if (csv->count != list->column_count)
        return asl__fail_at(err, ASL_ERR_CSV, csv->row, "%s, row %lld: %d columns instead of %d",
                            csv->what, (long long)csv->row, (int)csv->count,
                            (int)list->column_count);
    if (list->count == list->capacity) {
        next =
            asl__grow(list->rows, (size_t)list->count * sizeof *next, (size_t)larger, sizeof *next);
        if (next == NULL)
            return asl__fail_memory(err, "the rows of a list");
        list->rows = next;
        list->capacity = larger;
    }
    next = &list->rows[list->count++];
    next->number = csv->row;
    for (int column = 0; column < ASL__COLUMNS; column++) {
        next->fields[column] = list->column[column] < 0 ? "" : csv->fields[list->column[column]];
        if (next->fields[column][0] == '\0' && empty[column] != NULL)
            return asl__fail_at(err, ASL_ERR_CSV, csv->row, "%s, row %lld: %s", csv->what,
                                (long long)csv->row, empty[column]);
    }
    return ASL_OK;
}

static asl_status read_rows(asl__manifest *list, asl_error *err)
{
    asl_status status = ASL_OK;

    ASL__TRY(asl__csv_next(&list->csv, err));
    while (list->csv.count > 0) {
        ASL__TRY(add_row(list, err));
        ASL__TRY(asl__csv_next(&list->csv, err));
    }
fail:
    return status;
}

static asl_status set_groups(asl__source *source, asl__manifest *list, asl_error *err)
{
    asl_status status = ASL_OK;

    for (int64_t i = 0; i < list->count; i++) {
        const char *group = list->rows[i].fields[ASL__GROUP];

        if (!asl__is_plain_utf8(group, strlen(group)))
            return asl__fail_at(err, ASL_ERR_CSV, list->rows[i].number,
                                "%s, row %lld: group '%s' is not plain UTF-8", list->csv.what,
                                (long long)list->rows[i].number, group);
        if (strlen(group) > ASL__MAX_GROUP_NAME)
            return asl__fail_at(err, ASL_ERR_CSV, list->rows[i].number,
                                "%s, row %lld: a group of %zu bytes; at most %d are read",
                                list->csv.what, (long long)list->rows[i].number, strlen(group),
                                ASL__MAX_GROUP_NAME);
    }
    ASL__TRY(asl__table_from_rows(&list->groups, list, ASL__GROUP, err));
    source->groups = asl__alloc_array((size_t)list->groups.count, sizeof *source->groups);
    if (source->groups == NULL)
        return asl__fail_memory(err, "group names");
    for (int32_t i = 0; i < list->groups.count; i++) {
        source->groups[i] = asl__source_text(source, list->groups.names[i]);
        if (source->groups[i] == NULL)
            return asl__fail_memory(err, "group names");
        source->group_count++;
    }
    for (int64_t i = 0; i < list->count; i++)
        list->rows[i].group = asl__table_find(&list->groups, list->rows[i].fields[ASL__GROUP]);
fail:
    return status;
}

/* Makes an issue of a row and takes it out. */
static asl_status skip_row(asl__source *source, asl__row *at, const asl_error *why, asl_error *err)
{
    const char *path = at->fields[ASL__PATH];

    at->fields[ASL__PATH] = NULL;
    return asl__source_add_issue(source, path, why, err);
}

static asl_status resolve_paths(asl__source *source, asl__manifest *list, asl_error *err)
{
    asl_status status = ASL_OK;

    for (int64_t i = 0; i < list->count; i++) {
        asl__row *at = &list->rows[i];
        asl_error why = ASL_ERROR_INIT;
        char path[PATH_MAX];

        if (asl__folder_relative(path, sizeof path, &source->folder, at->fields[ASL__PATH], &why) <
            0) {
            ASL__TRY(skip_row(source, at, &why, err));
            continue;
        }
        at->fields[ASL__PATH] = asl__source_text(source, path);
        if (at->fields[ASL__PATH] == NULL)
            return asl__fail_memory(err, "file names");
    }
fail:
    return status;
}

static int compare_rows(const void *a, const void *b)
{
    const asl__row *x = *(asl__row *const *)a, *y = *(asl__row *const *)b;
    const int order = strcmp(x->fields[ASL__PATH], y->fields[ASL__PATH]);

    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* A picture that is listed twice would land on both sides of a split. */
static asl_status skip_repeats(asl__source *source, asl__manifest *list, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__row **sorted = asl__alloc_array((size_t)list->count, sizeof(asl__row *));
    const asl__row *first = NULL;
    int64_t count = 0;

    if (sorted == NULL)
        return asl__fail_memory(err, "the rows of a list");
    for (int64_t i = 0; i < list->count; i++) {
        if (list->rows[i].fields[ASL__PATH] != NULL)
            sorted[count++] = &list->rows[i];
    }
    qsort(sorted, (size_t)count, sizeof(asl__row *), compare_rows);
    for (int64_t i = 0; i < count; i++) {
        asl_error why = ASL_ERROR_INIT;

        if (first == NULL || strcmp(first->fields[ASL__PATH], sorted[i]->fields[ASL__PATH]) != 0) {
            first = sorted[i];
            continue;
        }
        asl__fail_at(&why, ASL_ERR_EXISTS, sorted[i]->number,
                     "'%s' is listed in row %lld and again in row %lld", first->fields[ASL__PATH],
                     (long long)first->number, (long long)sorted[i]->number);
        ASL__TRY(skip_row(source, sorted[i], &why, err));
    }
fail:
    asl__free(sorted);
    return status;
}

asl_status asl__source_from_manifest(asl__source *source, char *data, size_t size, const char *path,
                                     asl_error *err)
{
    asl__manifest list = {0};
    asl_status status = ASL_OK;

    ASL__TRY(asl__csv_begin(&list.csv, data, size, path, err));
    ASL__TRY(read_header(&list, err));
    ASL__TRY(read_rows(&list, err));
    if (list.count == 0) {
        status = asl__fail(err, ASL_ERR_DATASET, "%s lists no pictures", path);
        goto fail;
    }
    ASL__TRY(asl__manifest_classes(source, &list, err));
    ASL__TRY(set_groups(source, &list, err));
    ASL__TRY(resolve_paths(source, &list, err));
    ASL__TRY(skip_repeats(source, &list, err));
    for (int64_t i = 0; i < list.count; i++) {
        const asl__row *at = &list.rows[i];

        if (at->fields[ASL__PATH] != NULL)
            ASL__TRY(asl__source_probe(source, at->fields[ASL__PATH], at->label, at->group, err));
    }
    status = asl__source_check(source, path, err);
fail:
    asl__table_free(&list.groups);
    asl__table_free(&list.classes);
    asl__free(list.class_text);
    asl__free(list.rows);
    return status;
}

asl_status asl__source_from_csv(asl__source *source, const char *path, asl_error *err)
{
    const char *slash = strrchr(path, '/');
    asl_status status = ASL_OK;
    char *folder = NULL;
    void *data = NULL;
    size_t size = 0;

    folder = slash == NULL ? asl__strdup(".") : asl__strndup(path, (size_t)(slash - path) + 1);
    if (folder == NULL)
        return asl__fail_memory(err, "a folder's name");
    ASL__TRY(asl__file_read(&data, &size, path, ASL__MAX_CSV_BYTES, err));
    ASL__TRY(asl__folder_open(&source->folder, folder, err));
    status = asl__source_from_manifest(source, data, size, path, err);
fail:
    asl__free(data);
    asl__free(folder);
    return status;
}
