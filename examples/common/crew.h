/* SPDX-License-Identifier: MIT */
/* Threads that make numbered things, with a bar that shows how far they are. A thing depends on
 * its number only, so they may come in any order. */
#ifndef EXAMPLES_CREW_H
#define EXAMPLES_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/base.h"

/** What is to be made. The functions are called on several threads at once, open() and close()
 * once on each; one that returns false, with @p err set, ends the work. */
typedef struct crew_work {
    const char *label; /**< Of the bar. */
    int64_t count;
    int32_t threads; /**< 0: one for each processor. Never more than CREW_MOST. */
    void *shared;    /**< Given to all three. */
    /** What one thread works with. What it has made when it fails is still given to close(). */
    bool (*open)(void **tools, const void *shared, asl_error *err);
    bool (*make)(void *tools, void *shared, int64_t index, asl_error *err);
    void (*close)(void *tools);
} crew_work;

enum { CREW_MOST = 64 };

/** Make all things, or those before Ctrl-C. Says what failed first, and returns an exit code of
 * cli.h. */
int crew_run(const crew_work *work);

/** Processors that this process may use, at least 1. */
int32_t crew_processors(void);

#endif /* EXAMPLES_CREW_H */
