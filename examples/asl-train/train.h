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

/** A data set that pictures come from. */
typedef struct part {
    char *path; /**< NULL: only its file of pixels in RUN is known. */
    char *name; /**< Last component of the path. */
    double weight;
    asl_dataset *data, *packed; /**< As found, and as file of pixels. */
} part;

typedef struct part_list {
    part *items;
    int32_t count;
} part_list;

typedef struct run {
    const char *data_path, *folder, *preview;
    bool resume, force, dry_run, json, quiet, verbose;
    /* The command line, to be read again over recorded settings. */
    const cli_program *program;
    int argc;
    char **argv;

    /* Of the processes that train together, rank 0 talks and writes. */
    int32_t rank, ranks;

    /* Settings that shape the result: `settings` holds their rows of the option table. */
    const char *sources, *select_on, *preset, *init, *augment;
    int32_t size, epochs, batch, optimizer, schedule, split, per_class, epoch_pictures, start_size;
    double learning_rate, momentum, weight_decay, label_smoothing, validation_share, average,
        start_share;
    uint64_t seed;
    const cli_option *settings;
    size_t setting_count;
    /* What run_complete_settings() makes of some, and the texts that are recorded for them. */
    part_list train_parts, check_parts;
    asl_augmentation *augmentation; /* NULL: none */
    char *sources_text, *select_text, *init_path, *init_text, *augment_text;

    /* Settings that do not. */
    int32_t threads, checkpoint_steps;
    const char *backend, *isa, *precision;

    json_t *defaults; /* of the settings */
    json_t *recorded; /* run.json as found by --resume; the settings' texts point into it. */
    asl_model *start; /* The weights to start from. */
    asl_dataset *data, *packed, *train, *validation;
    int32_t split_used; /* -1: chosen by --select-on */
    asl_trainer *trainer;
    asl_epoch_metrics *history; /* Finished epochs; room for all. */
    int32_t epoch_count;
} run;

/* ---- settings.c ---- */

/** Settings as JSON, for run.json. */
json_t *run_settings_json(const run *r);
/** Read run.json, if there is one, into `recorded` and the settings. @return an exit code. */
int run_recall_settings(run *r);
/** Take apart and read what settings name: lists of sources, the augmentation. In their place come
 * texts that say the same on every machine. @return an exit code. */
int run_complete_settings(run *r);
/** Compare the settings with the recorded ones: only more epochs are allowed. @return an exit
 * code. */
int run_check_settings(const run *r);

/* ---- pictures.c: where pictures come from, and on which side of the run they land ---- */

/** Parse "PATH[:WEIGHT],...", or "PATH,..." when not @p weighted. @return an exit code. */
int parts_parse(part_list *parts, const char *text, bool weighted, const char *option);
/** "NAME:WEIGHT,..." or "NAME,..."; free() it. */
char *parts_text(const part_list *parts, bool weighted);
void parts_free(part_list *parts);

/** Open what to learn from, as it lies on disk, as `data`, and make `start` for it. @return an exit
 * code. */
int run_open_data(run *r);
/** For a dry run: open what --select-on names, as `validation`. @return an exit code. */
int run_open_check(run *r);
/** The pixels at the right size in files of RUN, so that every epoch reads them at full speed:
 * `packed`, and what --select-on names. @return an exit code. */
int run_pack(run *r);
/** Open what run_pack() left, without looking at the originals, and make `start`. @return an exit
 * code. */
int run_open_packed(run *r);
/** Pictures of each source; free() it. */
int64_t *count_by_source(const asl_dataset *data);
/** Part @p whole, which is `packed` or for a dry run `data`, into `train` and `validation`.
 * @return an exit code. */
int run_split(run *r, asl_dataset *whole);
/** Remove the files of pixels. */
void run_remove_packed(const run *r);

/* ---- start.c: the network to start from ---- */

/** Make `start` for the classes of @p data, or load what --init names, for which @p data is not
 * needed. @return an exit code. */
int run_make_model(run *r, const asl_dataset *data);
/** Keep the weights that --init named in RUN. @return an exit code. */
int run_keep_init(const run *r);

/* ---- preview.c ---- */

/** Draw what the augmentation makes of some pictures of `data`. @return an exit code. */
int run_preview(const run *r);

/* ---- folder.c: what lies in RUN ---- */

/** RUN/name; free() it. */
char *run_path(const run *r, const char *name);
/** Whether there is a file of that name in RUN. */
bool run_has(const run *r, const char *name);
/** Make RUN ready for a fresh start or for --resume, and lock it against a second asl-train.
 * @return an exit code of cli.h. */
int run_enter(const run *r);
/** Whether there is a checkpoint in RUN to go on from. */
bool run_has_checkpoint(const run *r);
/** Undo run_enter() after a start that failed, so that the next try finds no half-made run. */
void run_leave(const run *r);
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

/* ---- result.c: the end ---- */

/** How validation pictures were chosen: the kind of split, "selected" or "none". */
const char *run_split_name(const run *r);
/** The best epoch of the history, or its first. */
const asl_epoch_metrics *run_best_epoch(const run *r);
/** Sources of the validation set, 0 when it is no mix of several. */
int32_t run_source_count(const run *r);
/** Name and pictures of each of them and the accuracy after the best epoch. */
json_t *run_sources_json(const run *r);
/** Print the closing lines, or the JSON document. */
void run_print_result(const run *r);

#endif /* ASL_TRAIN_TRAIN_H */
