/* SPDX-License-Identifier: MIT */
/* A CSV list of pictures while it is being read: its rows, and the tables of names in them. */
#ifndef ASL_DATASET_MANIFEST_H
#define ASL_DATASET_MANIFEST_H

#include <stdbool.h>

#include "dataset/csv.h"
#include "dataset/source.h"

enum { ASL__PATH, ASL__TARGET, ASL__GROUP, ASL__COLUMNS };

typedef struct asl__row {
    const char *fields[ASL__COLUMNS]; /* the path is NULL once the row is skipped */
    int64_t number;                   /* in the file */
    int32_t label, group;
} asl__row;

/* Names in their order, and sorted for looking them up. */
typedef struct asl__table {
    const char **names;
    int32_t count;
    struct asl__table_entry *sorted;
} asl__table;

typedef struct asl__manifest {
    asl__csv csv;
    int32_t column[ASL__COLUMNS]; /* of the CSV; -1 when absent */
    int32_t column_count;
    asl__row *rows;
    int64_t count, capacity;
    asl__table classes, groups;
    char *class_text; /* of classes.txt */
    bool numbered;    /* targets are indices into the classes */
    bool listed;      /* the classes come from classes.txt */
} asl__manifest;

/* Builds `sorted`; *twice receives a name that is there more than once, or NULL. */
asl_status asl__table_index(const char **twice, asl__table *table, asl_error *err);
/* The distinct texts of a column in order of bytes, empty ones left out. */
asl_status asl__table_from_rows(asl__table *table, const asl__manifest *list, int column,
                                asl_error *err);
/* The index of a name, or -1. */
int32_t asl__table_find(const asl__table *table, const char *name);
void asl__table_free(asl__table *table);

/* Finds out the classes and the label of every row, and gives the source those classes that have
 * rows. */
asl_status asl__manifest_classes(asl__source *source, asl__manifest *list, asl_error *err);

#endif
