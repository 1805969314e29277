/* SPDX-License-Identifier: MIT */
/* The frame of the embedding tests: a program of an accessibility tool's shape, run part by part.
 * Each part is a process of its own whose output and error output are files, which must be empty
 * when it ends: the library writes to neither, and the parts report elsewhere. */
#ifndef TESTS_EMBED_HOST_H
#define TESTS_EMBED_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/asl.h"

#if defined(__has_feature)
#define HOST_HAS(feature) __has_feature(feature)
#else
#define HOST_HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HOST_HAS(address_sanitizer)
#define HOST_ASAN 1
#else
#define HOST_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || HOST_HAS(thread_sanitizer)
#define HOST_TSAN 1
#else
#define HOST_TSAN 0
#endif

typedef struct part {
    const char *name;
    void (*run)(void);
} part;

/* A main() with these parts: `PROGRAM NAME` runs one of them. */
int host_main(int argc, char **argv, const part *parts, int count);

/* A line of the report. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* End the part: passed over, or failed. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define REQUIRE(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__FILE__, __LINE__, __VA_ARGS__);                                                 \
    } while (0)
/* A call of the library that must not fail. */
#define CALL(call, err)                                                                            \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail(__FILE__, __LINE__, "%s: %s: %s", #call, asl_status_name((err)->code),            \
                 (err)->message);                                                                  \
    } while (0)

/* Entries of a folder such as /proc/self/task or /proc/self/fd. */
int host_count(const char *folder);
/* Waits until /proc/self/task has this many entries: a joined thread may be seen a little longer.
 */
bool host_settles(int threads);
/* Waits for a child and requires that it ended with 0 within 20 seconds. */
void host_wait(int child, const char *what);

#endif
