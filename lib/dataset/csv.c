/* SPDX-License-Identifier: MIT */
/* The CSV reader. Fields are unquoted where they lie, which only ever makes them shorter. */
#include "dataset/csv.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

static asl_status fail_row(const asl__csv *csv, const char *problem, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_CSV, csv->row, "%s, row %lld: %s", csv->what,
                        (long long)csv->row, problem);
}

static asl_status fail_limit(const asl__csv *csv, const char *limit, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_LIMIT, csv->row, "%s, row %lld: more than %s", csv->what,
                        (long long)csv->row, limit);
}

asl_status asl__csv_begin(asl__csv *csv, char *data, size_t size, const char *what, asl_error *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *nul = memchr(data, '\0', size);

    *csv = (asl__csv){.cursor = data, .end = data + size, .what = what, .row = 0};
    if (nul != NULL) {
        csv->row = 1;
        for (const char *c = data; c < nul; c++)
            csv->row += *c == '\n';
        return fail_row(csv, "there is a NUL byte in it", err);
    }
    if (size >= 3 && memcmp(data, mark, 3) == 0)
        csv->cursor += 3;
    return ASL_OK;
}

/* Moves over the separator after a field: '\0' ends the record, ',' does not. */
static asl_status take_separator(char *separator, asl__csv *csv, asl_error *err)
{
    char *at = csv->cursor;

    *separator = '\0';
    if (at == csv->end)
        return ASL_OK;
    if (*at == ',') {
        *separator = ',';
        csv->cursor = at + 1;
    } else if (*at == '\n') {
        csv->cursor = at + 1;
    } else if (*at == '\r' && at + 1 < csv->end && at[1] == '\n') {
        csv->cursor = at + 2;
    } else if (*at == '\r') {
        return fail_row(csv, "a carriage return without a line feed", err);
    } else {
        return fail_row(csv, "text after a closing quote", err);
    }
    return ASL_OK;
}

/* Reads a quoted field, the cursor on its opening quote, up to behind its closing one. */
static asl_status read_quoted(asl__csv *csv, const char *stop, asl_error *err)
{
    char *from = csv->cursor + 1, *to = csv->cursor;

    for (;;) {
        if (from >= stop)
            return stop == csv->end ? fail_row(csv, "a quote is never closed", err)
                                    : fail_limit(csv, "1 MiB", err);
        if (*from == '"') {
            from++;
            if (from == csv->end || *from != '"')
                break;
        }
        *to++ = *from++;
    }
    *to = '\0';
    csv->cursor = from;
    return ASL_OK;
}

static asl_status read_field(char *separator, asl__csv *csv, const char *stop, asl_error *err)
{
    asl_status status = ASL_OK;
    char *at = csv->cursor;

    if (csv->count == ASL__CSV_COLUMNS)
        return fail_limit(csv, "64 columns", err);
    csv->fields[csv->count++] = at;
    if (at < stop && *at == '"') {
        ASL__TRY(read_quoted(csv, stop, err));
        return take_separator(separator, csv, err);
    }
    while (at < stop && *at != ',' && *at != '\n' && *at != '\r' && *at != '"')
        at++;
    if (at == stop && stop != csv->end)
        return fail_limit(csv, "1 MiB", err);
    if (at < stop && *at == '"')
        return fail_row(csv, "a quote inside a field that does not begin with one", err);
    csv->cursor = at;
    ASL__TRY(take_separator(separator, csv, err));
    *at = '\0';
fail:
    return status;
}

/* Programs put an apostrophe before what a spreadsheet would take for a formula, and before such an
 * apostrophe another one (examples/common/files.c). */
static char *without_guard(char *field)
{
    const size_t marks = strspn(field, "'");

    return marks > 0 && field[marks] != '\0' && strchr("=+-@", field[marks]) ? field + 1 : field;
}

/* Moves to the next line that is not empty; false at the end. */
static bool skip_empty_lines(asl__csv *csv)
{
    while (csv->cursor < csv->end) {
        csv->row++;
        if (*csv->cursor == '\n')
            csv->cursor++;
        else if (*csv->cursor == '\r' && csv->cursor + 1 < csv->end && csv->cursor[1] == '\n')
            csv->cursor += 2;
        else
            return true;
    }
    return false;
}

asl_status asl__csv_next(asl__csv *csv, asl_error *err)
{
    asl_status status = ASL_OK;
    const char *stop = NULL;
    char separator = ',';

    csv->count = 0;
    if (!skip_empty_lines(csv))
        return ASL_OK;
    if (csv->row > ASL__CSV_ROWS)
        return fail_limit(csv, "10000000 rows", err);
    stop = csv->end - csv->cursor > ASL__CSV_LINE ? csv->cursor + ASL__CSV_LINE : csv->end;
    while (separator == ',')
        ASL__TRY(read_field(&separator, csv, stop, err));
    for (int32_t i = 0; i < csv->count; i++)
        csv->fields[i] = without_guard(csv->fields[i]);
fail:
    return status;
}
