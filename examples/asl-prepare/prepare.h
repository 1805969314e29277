/* SPDX-License-Identifier: MIT */
/* asl-prepare from the inside: a plan of which sample becomes which file, and the threads that
 * carry it out. */
#ifndef ASL_PREPARE_PREPARE_H
#define ASL_PREPARE_PREPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/dataset.h"
#include "asl/model.h"

enum { FORMAT_JPG = 0, FORMAT_PNG = 1, FORMAT_PACK = 2 };

typedef struct settings {
    const char *source, *out;
    asl_dataset_options data;
    int32_t size, format, threads;
    bool force, json, quiet, verbose, find;
    const char *finder;     /**< File, or NULL for the built-in one. */
    const asl_model *hands; /**< Of the finder; NULL without --find. */
} settings;

/** What became of one sample. */
typedef struct task {
    char *file;   /**< Relative to OUT: "A/A12.jpg". */
    char *reason; /**< Why it was skipped, or NULL. */
    bool made;    /**< Written now; otherwise it was there already. */
} task;

/** One task a sample, with file names that do not collide. @return an exit code of cli.h. */
int plan_make(task **tasks, const asl_dataset *data, int32_t format);
void plan_free(task *tasks, int64_t count);

/** Scale and write every picture, on several threads, with a progress bar.
 * @param redo  Also those that are there already. @return an exit code of cli.h. */
int plan_run(task *tasks, const asl_dataset *data, const settings *s, bool redo);

#endif /* ASL_PREPARE_PREPARE_H */
