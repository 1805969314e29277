/* SPDX-License-Identifier: MIT */
/* Tables of the names in a CSV list. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dataset/manifest.h"

struct asl__table_entry {
    const char *name;
    int32_t index;
};

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct asl__table_entry *)a)->name,
                  ((const struct asl__table_entry *)b)->name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void asl__table_free(asl__table *table)
{
    asl__free(table->names);
    asl__free(table->sorted);
}

asl_status asl__table_index(const char **twice, asl__table *table, asl_error *err)
{
    table->sorted = asl__alloc_array((size_t)table->count, sizeof *table->sorted);
    if (table->sorted == NULL)
        return asl__fail_memory(err, "a table of names");
    for (int32_t i = 0; i < table->count; i++)
        table->sorted[i] = (struct asl__table_entry){table->names[i], i};
    qsort(table->sorted, (size_t)table->count, sizeof *table->sorted, compare_entries);
    *twice = NULL;
    for (int32_t i = 1; i < table->count; i++) {
        if (strcmp(table->sorted[i - 1].name, table->sorted[i].name) == 0)
            *twice = table->sorted[i].name;
    }
    return ASL_OK;
}

asl_status asl__table_from_rows(asl__table *table, const asl__manifest *list, int column,
                                asl_error *err)
{
    const char *twice = NULL;
    int64_t count = 0, distinct = 0;

    table->names = asl__alloc_array((size_t)list->count, sizeof *table->names);
    if (table->names == NULL)
        return asl__fail_memory(err, "a table of names");
    for (int64_t i = 0; i < list->count; i++) {
        if (list->rows[i].fields[column][0] != '\0')
            table->names[count++] = list->rows[i].fields[column];
    }
    qsort(table->names, (size_t)count, sizeof *table->names, compare_texts);
    for (int64_t i = 0; i < count; i++) {
        if (distinct == 0 || strcmp(table->names[distinct - 1], table->names[i]) != 0)
            table->names[distinct++] = table->names[i];
    }
    table->count = (int32_t)distinct; /* at most ASL__CSV_ROWS */
    return asl__table_index(&twice, table, err);
}

int32_t asl__table_find(const asl__table *table, const char *name)
{
    const struct asl__table_entry key = {name, 0};
    const struct asl__table_entry *found =
        bsearch(&key, table->sorted, (size_t)table->count, sizeof key, compare_entries);

    return found == NULL ? -1 : found->index;
}
