/* SPDX-License-Identifier: MIT */
/* The classes of a CSV list: from classes.txt, from the names in it, or from the numbers that the
 * tutorial writes. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/labels.h"
#include "base/text.h"
#include "dataset/manifest.h"

/* Cuts the text of classes.txt into names, one a line. */
static asl_status split_lines(asl__table *table, char *text, size_t size, asl_error *err)
{
    int64_t line = 0;
    char *at = text;

    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < text + size) {
        char *end = memchr(at, '\n', (size_t)(text + size - at));
        char *next = end == NULL ? text + size : end + 1;

        end = end == NULL ? text + size : end;
        line++;
        if (end > at && end[-1] == '\r')
            end--;
        *end = '\0';
        if (table->count == ASL__MAX_CLASSES)
            return asl__fail_at(err, ASL_ERR_LIMIT, line, "classes.txt: more than %d classes",
                                ASL__MAX_CLASSES);
        if (strlen(at) != (size_t)(end - at) || !asl__is_class_name(at))
            return asl__fail_at(err, ASL_ERR_CSV, line,
                                "classes.txt, line %lld: '%s' cannot be a class name: expected 1 "
                                "to %d bytes of UTF-8 without ','",
                                (long long)line, at, ASL__MAX_CLASS_NAME);
        table->names[table->count++] = at;
        at = next;
    }
    if (table->count == 0)
        return asl__fail_at(err, ASL_ERR_CSV, 1, "classes.txt is empty");
    return ASL_OK;
}

/* Reads classes.txt, if there is one. */
static asl_status read_classes(asl__manifest *list, const asl__folder *folder, asl_error *err)
{
    enum { MAX_BYTES = 1 << 20 };
    asl_error why = ASL_ERROR_INIT;
    asl_status status = ASL_OK;
    const char *twice = NULL;
    void *text = NULL;
    size_t size = 0;

    status = asl__folder_read(&text, &size, folder, "classes.txt", MAX_BYTES, &why);
    if (status == ASL_ERR_NOT_FOUND)
        return ASL_OK;
    if (status < 0) {
        asl__error_copy(err, &why);
        return status;
    }
    list->class_text = text;
    list->listed = true;
    list->classes.names = asl__alloc_array(ASL__MAX_CLASSES, sizeof *list->classes.names);
    if (list->classes.names == NULL)
        return asl__fail_memory(err, "class names");
    ASL__TRY(split_lines(&list->classes, text, size, err));
    ASL__TRY(asl__table_index(&twice, &list->classes, err));
    if (twice != NULL)
        return asl__fail(err, ASL_ERR_CSV, "classes.txt: '%s' is there twice", twice);
fail:
    return status;
}

/* Without classes.txt the first row decides whether targets are numbers or names. */
static asl_status guess_classes(asl__manifest *list, asl_error *err)
{
    const char *first = list->rows[0].fields[ASL__TARGET], *twice = NULL;
    asl_status status = ASL_OK;
    double number = 0;

    list->numbered = asl__parse_decimal(&number, first, strlen(first));
    if (list->numbered) {
        list->classes.count = ASL__ALPHABET_COUNT; /* which the tutorial's lists number */
        list->classes.names = asl__alloc(sizeof asl__alphabet);
        if (list->classes.names == NULL)
            return asl__fail_memory(err, "class names");
        memcpy(list->classes.names, asl__alphabet, sizeof asl__alphabet);
        return asl__table_index(&twice, &list->classes, err);
    }
    ASL__TRY(asl__table_from_rows(&list->classes, list, ASL__TARGET, err));
    if (list->classes.count > ASL__MAX_CLASSES)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: %d different targets, at most %d are allowed",
                         list->csv.what, (int)list->classes.count, ASL__MAX_CLASSES);
fail:
    return status;
}

static asl_status fail_target(const asl__manifest *list, const asl__row *at, const char *problem,
                              asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_CSV, at->number, "%s, row %lld: target '%s' %s",
                        list->csv.what, (long long)at->number, at->fields[ASL__TARGET], problem);
}

/* The class of one row. A name of classes.txt goes before a number. */
static asl_status find_label(asl__row *at, const asl__manifest *list, asl_error *err)
{
    const char *target = at->fields[ASL__TARGET];
    double number = 0;
    const bool is_number = asl__parse_decimal(&number, target, strlen(target));

    at->label = list->numbered ? -1 : asl__table_find(&list->classes, target);
    if (!list->listed && list->numbered != is_number)
        return fail_target(list, at, "mixes numbers with names; list the classes in classes.txt",
                           err);
    if (at->label < 0) {
        if (!is_number)
            return fail_target(list, at, "is not in classes.txt", err);
        if (!(number >= 0 && number < list->classes.count) || number != (double)(int32_t)number)
            return fail_target(list, at,
                               list->listed ? "is no line of classes.txt, counted from 0"
                                            : "is not one of the 29 classes 0..28",
                               err);
        at->label = (int32_t)number;
    }
    if (!asl__is_class_name(list->classes.names[at->label]))
        return fail_target(list, at,
                           "cannot be a class name: expected at most 63 bytes of UTF-8 "
                           "without ','",
                           err);
    return ASL_OK;
}

/* Labels every row, and gives the source the classes that have rows, in the table's order. */
static asl_status set_classes(asl__source *source, asl__manifest *list, asl_error *err)
{
    int32_t *map = asl__alloc_array((size_t)list->classes.count, sizeof *map);
    asl_status status = ASL_OK;

    source->classes = asl__alloc_array((size_t)list->classes.count, sizeof *source->classes);
    if (map == NULL || source->classes == NULL) {
        status = asl__fail_memory(err, "class names");
        goto fail;
    }
    for (int64_t i = 0; i < list->count; i++) {
        ASL__TRY(find_label(&list->rows[i], list, err));
        map[list->rows[i].label] = 1;
    }
    for (int32_t i = 0; i < list->classes.count; i++) {
        if (map[i] == 0)
            continue;
        map[i] = source->class_count;
        source->classes[source->class_count] = asl__source_text(source, list->classes.names[i]);
        if (source->classes[source->class_count++] == NULL) {
            status = asl__fail_memory(err, "class names");
            goto fail;
        }
    }
    for (int64_t i = 0; i < list->count; i++)
        list->rows[i].label = map[list->rows[i].label];
fail:
    asl__free(map);
    return status;
}

asl_status asl__manifest_classes(asl__source *source, asl__manifest *list, asl_error *err)
{
    asl_status status = ASL_OK;

    ASL__TRY(read_classes(list, &source->folder, err));
    if (!list->listed)
        ASL__TRY(guess_classes(list, err));
    ASL__TRY(set_classes(source, list, err));
fail:
    return status;
}
