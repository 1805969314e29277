/* SPDX-License-Identifier: MIT */
/* asl-train from the inside: one run, its folder, and what is written there. */
#ifndef ASL_TRAIN_TRAIN_H
#define ASL_TRAIN_TRAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "asl/asl.h"
#include "common/cli.h"
#include "ranks.h"

typedef struct run {
    const char *data_path, *folder;
    bool resume, force, dry_run, json, quiet, verbose;
    /* The command line, to be read again over recorded settings. */
    const cli_program *program;
    int argc;
    char **argv;

    /* Of the processes that train together, rank 0 talks and writes. */
    int32_t rank, ranks;

    /* Settings that shape the result: `settings` holds their rows of the option table. */
    const char *preset;
    int32_t size, epochs, batch, optimizer, schedule, split, per_class;
    double learning_rate, momentum, weight_decay, label_smoothing, validation_share;
    uint64_t seed;
    const cli_option *settings;
    size_t setting_count;

    /* Settings that do not. */
    int32_t threads, checkpoint_steps;
    const char *backend, *isa, *precision;

    json_t *recorded; /* run.json as found by --resume; the settings' texts point into it. */
    asl_model *start; /* Fresh weights. */
    asl_dataset *data, *packed, *train, *validation;
    int32_t split_used;
    asl_trainer *trainer;
    asl_epoch_metrics *history; /* Finished epochs; room for all. */
    int32_t epoch_count;
} run;

/* ---- folder.c: what lies in RUN ---- */

/** RUN/name; free() it. */
char *run_path(const run *r, const char *name);
/** Make RUN ready for a fresh start or for --resume, and lock it against a second asl-train.
 * @return an exit code of cli.h. */
int run_enter(const run *r);
/** Whether there is a checkpoint in RUN to go on from. */
bool run_has_checkpoint(const run *r);
/** Undo run_enter() after a start that failed, so that the next try finds no half-made run. */
void run_leave(const run *r);
/** Read run.json, if there is one, into `recorded` and the settings. @return an exit code. */
int run_recall_settings(run *r);
/** Compare the settings with the recorded ones: only more epochs are allowed. @return an exit
 * code. */
int run_check_settings(const run *r);
/** Write run.json with all that is known by now. @return an exit code. */
int run_write_facts(const run *r);

/* ---- output.c: what is shown and drawn ---- */

/** Say how the data are parted, and why so. */
void run_print_split(const run *r);
/** The callbacks of the trainer; `user` is the run. */
void run_on_progress(const asl_train_progress *progress, void *user);
void run_on_epoch(const asl_epoch_metrics *metrics, void *user);
void run_on_warning(asl_status code, const char *message, void *user);
/** Write metrics.csv, accuracy.png and loss.png from the history. @return an exit code. */
int run_write_curves(const run *r);
/** Write the models: the best, and the last one when @p finished. @return an exit code. */
int run_write_models(const run *r, bool finished);
/** The best epoch of the history, or NULL. */
const asl_epoch_metrics *run_best_epoch(const run *r);
/** Print the closing lines, or the JSON document. */
void run_print_result(const run *r);

#endif /* ASL_TRAIN_TRAIN_H */
