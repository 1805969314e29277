/* SPDX-License-Identifier: MIT */
/* Whole files in, atomic files out, read-only maps. Only regular files are ever opened. */
#ifndef ASL_BASE_FILE_H
#define ASL_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

/* Reads a regular file whole, plus one NUL byte not counted in *size. Release with asl__free().
 * ASL_ERR_NOT_FOUND, ASL_ERR_PATH (not a regular file; never blocks on a FIFO), ASL_ERR_LIMIT
 * (larger than max_bytes), ASL_ERR_IO, ASL_ERR_TRUNCATED (shrank while read), ASL_ERR_NOMEM. */
asl_status asl__file_read(void **data, size_t *size, const char *path, int64_t max_bytes,
                          asl_error *err);

/* A file in the making: written under a temporary name in the target's own folder, then synced
 * and renamed, so that readers see the old file or the new one whole. A target that is a symbolic
 * link is followed once and its target replaced; an existing file's mode is kept. */
typedef struct asl__writer asl__writer;

asl_status asl__writer_open(asl__writer **out, const char *path, asl_error *err);
/* Removes what writers of the same file left behind when they were killed; those that live hold
 * theirs by a lock. Looks through the folder, so not for files that share it with thousands. */
void asl__writer_sweep(const asl__writer *writer);
/* Appends. */
asl_status asl__writer_write(asl__writer *writer, const void *data, size_t size, asl_error *err);
/* Overwrites bytes already written, or extends the file; leaves the append position alone. Several
 * threads may call it at once on disjoint ranges. */
asl_status asl__writer_write_at(asl__writer *writer, int64_t offset, const void *data, size_t size,
                                asl_error *err);
/* fsync, rename, fsync of the folder; frees the writer whether it succeeds or not. */
asl_status asl__writer_commit(asl__writer *writer, asl_error *err);
/* Drops the temporary file; frees the writer. NULL allowed. */
void asl__writer_abort(asl__writer *writer);

/* Open, write, commit. */
asl_status asl__file_write(const char *path, const void *data, size_t size, asl_error *err);

/* A read-only map of a regular file. */
typedef struct asl__map {
    const uint8_t *data;
    size_t size;
} asl__map;

asl_status asl__map_open(asl__map *out, const char *path, asl_error *err);
void asl__map_close(asl__map *map);

/* "folder/name" in new memory, or NULL. */
char *asl__path_join(const char *folder, const char *name);

/* Monotonic clock in seconds. */
double asl__clock_seconds(void);

#endif
