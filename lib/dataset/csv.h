/* SPDX-License-Identifier: MIT */
/* RFC 4180 records out of a text in memory. Stricter than most readers, since a half-read list of
 * pictures would train a wrong model without a word. */
#ifndef ASL_DATASET_CSV_H
#define ASL_DATASET_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

#define ASL__CSV_COLUMNS   64
#define ASL__CSV_LINE      (1 << 20) /* bytes of one record */
#define ASL__CSV_ROWS      10000000
#define ASL__MAX_CSV_BYTES ((int64_t)4 << 30)

typedef struct asl__csv {
    char *cursor, *end;
    const char *what;               /* names the text in messages */
    int64_t row;                    /* of the record last read, from 1; empty lines count */
    char *fields[ASL__CSV_COLUMNS]; /* NUL-terminated, inside the text */
    int32_t count;                  /* of fields; 0 after the last record */
} asl__csv;

/* Reads from `data`, which is changed while reading and must hold one more byte after `size`. Skips
 * a byte order mark. ASL_ERR_CSV when there is a NUL byte in it. */
asl_status asl__csv_begin(asl__csv *csv, char *data, size_t size, const char *what, asl_error *err);

/* The next record; empty lines are skipped. ASL_ERR_CSV, or ASL_ERR_LIMIT beyond a limit above;
 * either carries the row. */
asl_status asl__csv_next(asl__csv *csv, asl_error *err);

#endif
