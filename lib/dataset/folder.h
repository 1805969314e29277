/* SPDX-License-Identifier: MIT */
/* A folder that no path leads out of: where the pictures of a data set lie. Links inside it are
 * followed as long as they stay inside. Only regular files are read, and nothing ever blocks.
 * Messages name paths relative to the folder. Paths have no "." and ".." in them unless a call says
 * so, see asl__folder_relative(). */
#ifndef ASL_DATASET_FOLDER_H
#define ASL_DATASET_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

typedef struct asl__folder {
    int fd;     /* -1 when none; stays right when the process changes its working folder */
    char *path; /* resolved, absolute */
} asl__folder;

#define ASL__FOLDER_NONE ((asl__folder){-1, NULL})

/* ASL_ERR_NOT_FOUND, ASL_ERR_PATH (not a folder), ASL_ERR_IO, ASL_ERR_NOMEM. */
asl_status asl__folder_open(asl__folder *out, const char *path, asl_error *err);
/* A folder inside a folder. */
asl_status asl__folder_enter(asl__folder *out, const asl__folder *folder, const char *path,
                             asl_error *err);
void asl__folder_close(asl__folder *folder);

typedef enum asl__entry_kind {
    ASL__ENTRY_FILE,
    ASL__ENTRY_FOLDER,
    ASL__ENTRY_OTHER /* device, socket, FIFO */
} asl__entry_kind;

/* What lies at a path. Fails as asl__folder_open_file(). */
asl_status asl__folder_look(asl__entry_kind *kind, const asl__folder *folder, const char *path,
                            asl_error *err);

typedef struct asl__file_facts {
    int64_t bytes;
    int64_t modified; /* ns since 1970 */
} asl__file_facts;

/* Opens a regular file. ASL_ERR_NOT_FOUND; ASL_ERR_PATH (leads out of the folder, not a regular
 * file, a circle of links); ASL_ERR_IO; ASL_ERR_SYSTEM (no descriptor left); ASL_ERR_NOMEM. */
asl_status asl__folder_open_file(int *fd, asl__file_facts *facts, const asl__folder *folder,
                                 const char *path, asl_error *err);

/* Opens a folder for reading its names; path "." is the folder itself. */
asl_status asl__folder_open_dir(DIR **dir, const asl__folder *folder, const char *path,
                                asl_error *err);

/* Reads a regular file whole, plus one NUL byte not counted in *size. Also ASL_ERR_LIMIT (more than
 * max_bytes) and ASL_ERR_TRUNCATED (shrank while read). Release with asl__free(). */
asl_status asl__folder_read(void **data, size_t *size, const asl__folder *folder, const char *path,
                            int64_t max_bytes, asl_error *err);

/* The first bytes of an open file, at most `size`; *got says how many there were. */
asl_status asl__folder_peek(size_t *got, void *data, size_t size, int fd, const char *path,
                            asl_error *err);

/* Names in a folder, without those that begin with a dot. */
typedef struct asl__names {
    char *text;
    const char **items;
    int64_t count;
} asl__names;

/* Sorted by asl__natural_compare(), or else by strcmp(). path "." lists the folder itself. */
asl_status asl__folder_list(asl__names *out, const asl__folder *folder, const char *path,
                            bool natural, asl_error *err);
void asl__names_free(asl__names *names);

/* Runs of digits count as numbers, so that A2 comes before A10; everything else by bytes. Names
 * that differ only in leading zeros are ordered by bytes. */
int asl__natural_compare(const char *a, const char *b);

/* Whether a name ends so; `ending` is in small letters, the name in any. */
bool asl__has_ending(const char *name, const char *ending);

/* Turns a path as people write it into lists ('\' for '/', '.', '..') into one relative to the
 * folder; `out` holds `size` bytes. It may step out of the folder and back in, as
 * "../input/A/1.jpg" does in a list that lies in "input". ASL_ERR_PATH when it is absolute, ends up
 * outside or is too long. */
asl_status asl__folder_relative(char *out, size_t size, const asl__folder *folder, const char *path,
                                asl_error *err);

#endif
