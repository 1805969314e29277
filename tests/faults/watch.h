/* SPDX-License-Identifier: MIT */
/* A system that is watched: what is to be called before and after every file call of the
 * library's, with what the call was about. */
#ifndef TESTS_FAULTS_WATCH_H
#define TESTS_FAULTS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WATCH_OTHER, WATCH_OPEN, WATCH_WRITE, WATCH_SYNC, WATCH_RENAME, WATCH_LINK, WATCH_UNLINK };

typedef struct watched {
    int32_t kind;
    int fd;           /* of a write or sync; the result of an open */
    int folder;       /* of `path` */
    const char *path; /* opened, removed, or the new name */
    int flags;        /* of an open */
    const void *data; /* of a write */
    size_t size;
    int64_t offset;
    bool went; /* afterwards: the call has succeeded */
} watched;

typedef void (*watch_fn)(const watched *call);

/* Either may be NULL. With `links` false there are no hard links, as on FAT. */
void watch_install(watch_fn before, watch_fn after, bool links);
void watch_remove(void);

#endif
