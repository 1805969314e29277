/* SPDX-License-Identifier: MIT */
/* Files and folders for the programs. What can fail says why on stderr and returns an exit code of
 * cli.h, 0 for success. */
#ifndef EXAMPLES_FILES_H
#define EXAMPLES_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** "folder/name"; free() it. */
char *files_join(const char *folder, const char *name);
/** The part after the last slash (of "a/b/" it is "b"); free() it. */
char *files_base_name(const char *path);

bool files_exists(const char *path);
bool files_is_folder(const char *path);
/** True when there is no such folder, or nothing but hidden files in it. */
bool files_is_empty_folder(const char *path);

/** Make a folder and those above it. */
int files_make_folder(const char *path);
/** Refuse to replace @p path unless @p force: the message names --force. */
int files_check_output(const char *path, bool force);
/** Refuse a folder that holds anything unless @p mark is in it, the file that says how a program
 * made it. */
int files_check_folder(const char *folder, const char *mark);
/** Remove a file if it is there. */
int files_remove(const char *path);
/** Remove the files of a folder whose names end in @p ending, ".jpg", so that pictures of an
 * earlier run do not stay among new ones. A folder that is not there has none. */
int files_remove_ending(const char *folder, const char *ending);

/** Write a whole file: a reader sees the old or the new content, never a part. */
int files_write(const char *path, const void *data, size_t size);
/** As files_write() for text. */
int files_write_text(const char *path, const char *text);
/** As files_write_text() for a file of a folder; of the current one when that is "". */
int files_write_in(const char *folder, const char *name, const char *text);
/** Read a whole file, or standard input for "-", up to @p limit bytes; free() it. One NUL is
 * added after the end. */
int files_read(char **data, size_t *size, const char *path, size_t limit);

/** Text that is collected with fprintf() before it is written. */
typedef struct files_text {
    FILE *to;
    char *text;
    size_t size;
} files_text;

/** Start collecting. */
int files_text_start(files_text *text);
/** As files_write_in() with what was collected, which is forgotten. */
int files_text_save(files_text *text, const char *folder, const char *name);

/** Print a CSV field, quoted when it must be (RFC 4180). What a spreadsheet would take for a
 * formula gets an apostrophe in front, which the library leaves out when it reads. */
void files_print_csv(FILE *out, const char *field);
/** Print a comma and a number in tenths, without the decimal point of the locale. */
void files_print_tenths(FILE *out, float value);

#endif /* EXAMPLES_FILES_H */
