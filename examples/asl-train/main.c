/* SPDX-License-Identifier: MIT */
/* asl-train: train a network on a data set, with everything about the run kept in one folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"
#include "train.h"

static int create_model(run *r, const asl_dataset *data)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    const int32_t count = asl_dataset_class_count(data);
    const char **labels = cli_alloc((size_t)count, sizeof *labels);
    for (int32_t i = 0; i < count; i++)
        labels[i] = asl_dataset_class_name(data, i);
    options.width = options.height = r->size;
    options.label_count = count;
    options.labels = labels;
    options.seed = r->seed;
    const asl_status status = asl_model_create(&r->start, r->preset, &options, &err);
    free(labels);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

/* The pixels at the network's size in one file, so that every epoch reads them at full speed. */
static int pack(run *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    asl_model_get_info(&info, r->start, NULL);
    options.width = info.width;
    options.height = info.height;
    options.threads = r->threads;
    options.progress = progress_callback;
    char *path = run_path(r, "cache.pack");
    progress_begin("packing", asl_dataset_count(r->data));
    const asl_status status = asl_dataset_pack(&r->packed, r->data, path, &options, &err);
    progress_end();
    free(path);
    if (status < 0)
        return cli_fail(&err);
    if (status == ASL_STOPPED)
        return CLI_INTERRUPTED;
    if (asl_dataset_issue_count(r->packed) > asl_dataset_issue_count(r->data))
        data_report_issues(r->packed, r->verbose);
    return CLI_OK;
}

/* @param whole  What to part: the packed data set, or for --dry-run the one on disk. */
static int split(run *r, asl_dataset **whole)
{
    if (r->validation_share <= 0) {
        r->train = *whole;
        return CLI_OK;
    }
    asl_error err = ASL_ERROR_INIT;
    asl_split_options options;
    asl_split_options_init(&options, sizeof options);
    options.kind = r->split;
    options.fraction = r->validation_share;
    options.seed = r->seed;
    if (asl_dataset_split(&r->train, &r->validation, &r->split_used, *whole, &options, &err) < 0)
        return cli_fail(&err);
    return CLI_OK;
}

static int create_trainer(run *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    char *checkpoint = run_path(r, "last.ckpt");
    options.epochs = r->epochs;
    options.batch_size = r->batch;
    options.optimizer = r->optimizer;
    options.schedule = r->schedule;
    options.learning_rate = r->learning_rate;
    options.momentum = r->momentum;
    options.weight_decay = r->weight_decay;
    options.label_smoothing = r->label_smoothing;
    options.seed = r->seed;
    options.threads = r->threads;
    options.checkpoint_steps = r->checkpoint_steps;
    options.backend = r->backend;
    options.isa = r->isa;
    options.precision = r->precision;
    options.checkpoint = checkpoint;
    options.rank = r->rank;
    options.ranks = r->ranks;
    options.all_reduce = ranks_sum;
    options.user = r;
    if (r->rank == 0) {
        options.on_progress = run_on_progress;
        options.on_epoch = run_on_epoch;
        options.on_warning = run_on_warning;
    }
    const asl_status status =
        run_has_checkpoint(r)
            ? asl_trainer_resume(&r->trainer, checkpoint, r->train, r->validation, &options, &err)
            : asl_trainer_create(&r->trainer, r->start, r->train, r->validation, &options, &err);
    free(checkpoint);
    if (status < 0)
        return cli_fail(&err);

    r->epoch_count = asl_trainer_epoch_count(r->trainer);
    if (r->epoch_count > r->epochs)
        r->epochs = r->epoch_count;
    r->history = cli_alloc((size_t)r->epochs, sizeof *r->history);
    for (int32_t i = 0; i < r->epoch_count; i++) {
        r->history[i].struct_size = sizeof r->history[i];
        asl_trainer_get_epoch(&r->history[i], r->trainer, i, NULL);
    }
    return CLI_OK;
}

/* Words in single quotes where a shell would otherwise take them apart. */
static void print_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./+=:,@%";
    if (word[0] && !word[strspn(word, plain)]) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, out);
    fputc('\'', out);
}

static int stopped(const run *r)
{
    cli_error("stopped; go on with:");
    fprintf(stderr, "  asl-train ");
    print_word(stderr, r->data_path);
    fprintf(stderr, " -o ");
    print_word(stderr, r->folder);
    fprintf(stderr, " --resume\n");
    return CLI_INTERRUPTED;
}

static void request_stop(void *trainer)
{
    asl_trainer_request_stop(trainer);
}

/* To the end of the last epoch. ASL_OK also when nothing was left to do. */
static asl_status run_trainer(run *r, asl_error *err)
{
    if (r->epoch_count >= r->epochs) {
        cli_note("'%s' has all its %d epochs; nothing to train", r->folder, (int)r->epochs);
        return ASL_OK;
    }
    if (run_has_checkpoint(r))
        cli_note("going on in epoch %d of %d", (int)r->epoch_count + 1, (int)r->epochs);
    cli_note("backend: %s", asl_trainer_backend(r->trainer));
    if (r->ranks > 1)
        cli_note("processes: %d", (int)r->ranks);
    cli_catch_interrupt(request_stop, r->trainer);
    const asl_status status = asl_trainer_run(r->trainer, err);
    cli_catch_interrupt(NULL, NULL);
    progress_end();
    return status;
}

static int train(run *r)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_status status = run_trainer(r, &err);
    if (status < 0) {
        const int code = cli_fail(&err);
        if (status == ASL_ERR_DIVERGED)
            cli_error("a smaller --lr may help");
        return code;
    }
    if (r->rank > 0)
        return cli_exit_code(status);
    if (status == ASL_STOPPED) {
        run_write_models(r, false);
        return stopped(r);
    }
    int code = run_write_curves(r);
    if (code == CLI_OK)
        code = run_write_models(r, true);
    if (code == CLI_OK)
        code = run_write_facts(r);
    if (code == CLI_OK)
        run_print_result(r);
    return code;
}

static int show_plan(run *r)
{
    asl_dataset_options options;
    asl_dataset_options_init(&options, sizeof options);
    options.per_class = r->per_class;
    options.seed = r->seed;
    int code = data_open(&r->data, r->data_path, &options, r->verbose);
    if (code == CLI_OK)
        code = create_model(r, r->data);
    if (code == CLI_OK && !r->quiet && !r->json)
        model_print_summary(stdout, r->start);
    return code;
}

/* An engine that cannot run here is told now, not after an hour of packing. */
static int check_engine(const run *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = r->threads;
    options.backend = r->backend;
    options.isa = r->isa;
    options.precision = r->precision;
    const asl_status status = asl_inferer_create(&inferer, r->start, &options, &err);
    asl_inferer_free(inferer);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

static int dry_run(run *r)
{
    int code = show_plan(r);
    if (code == CLI_OK)
        code = split(r, &r->data);
    if (code != CLI_OK)
        return code;
    if (r->json) {
        json_t *document = json_document();
        json_put(document, "model", model_json(r->start));
        json_put(document, "pictures", json_integer(asl_dataset_count(r->data)));
        json_put(document, "train", json_integer(asl_dataset_count(r->train)));
        json_print(document);
    } else {
        run_print_split(r);
    }
    return CLI_OK;
}

/* Rank 0's way to a trainer: through the pictures, with everything written and said. */
static int lead(run *r)
{
    if (r->ranks > r->batch)
        return cli_usage_error("--batch %d is too small for %d processes", (int)r->batch,
                               (int)r->ranks);
    int code = run_enter(r);
    if (code != CLI_OK)
        return code;
    /* The settings come first: a run that is killed while packing can then be resumed. */
    if (!r->recorded)
        code = run_write_facts(r);
    if (code == CLI_OK)
        code = show_plan(r);
    if (code == CLI_OK)
        code = check_engine(r);
    if (code == CLI_OK)
        code = pack(r);
    if (code == CLI_INTERRUPTED)
        return stopped(r);
    if (code == CLI_OK)
        code = split(r, &r->packed);
    if (code == CLI_OK && !r->quiet)
        run_print_split(r);
    if (code == CLI_OK)
        code = create_trainer(r);
    if (code == CLI_OK)
        code = run_write_facts(r);
    if (code != CLI_OK && !r->resume)
        run_leave(r);
    return code;
}

/* The other ranks': what they need lies in RUN by now. */
static int follow(run *r)
{
    char *path = run_path(r, "cache.pack");
    int code = data_open(&r->packed, path, NULL, false);
    free(path);
    if (code == CLI_OK)
        code = create_model(r, r->packed);
    if (code == CLI_OK)
        code = split(r, &r->packed);
    return code == CLI_OK ? create_trainer(r) : code;
}

static int prepare(run *r)
{
    return r->rank == 0 ? lead(r) : follow(r);
}

/* The recorded settings become the defaults, and the command line is read over them. */
static int recall(run *r)
{
    char **paths;
    const int code = run_recall_settings(r);
    if (code != CLI_OK)
        return code;
    cli_parse(r->program, r->argc, r->argv, &paths);
    return run_check_settings(r);
}

/* Rank 0 goes first, so that what stops them all is said once. */
static int in_turns(run *r, int (*work)(run *r))
{
    int code = ranks_largest(r->rank == 0 ? work(r) : CLI_OK);
    if (code == CLI_OK && r->rank > 0)
        code = work(r);
    return ranks_largest(code);
}

static int start(run *r, int32_t progress)
{
    int code = ranks_join(&r->rank, &r->ranks);
    if (code != CLI_OK)
        return code;
    r->quiet = r->quiet || r->rank > 0;
    cli_set_quiet(r->quiet);
    progress_mode(r->quiet ? PROGRESS_NEVER : progress);
    if (r->resume)
        code = in_turns(r, recall);
    cli_catch_interrupt(NULL, NULL);
    if (code == CLI_OK && r->dry_run)
        return r->rank == 0 ? dry_run(r) : CLI_OK;
    if (code == CLI_OK)
        code = in_turns(r, prepare);
    return code == CLI_OK ? train(r) : code;
}

static void release(run *r)
{
    asl_trainer_free(r->trainer);
    if (r->train != r->packed && r->train != r->data)
        asl_dataset_free(r->train);
    asl_dataset_free(r->validation);
    asl_dataset_free(r->packed);
    asl_dataset_free(r->data);
    asl_model_free(r->start);
    json_decref(r->recorded);
    free(r->history);
}

int main(int argc, char **argv)
{
    enum { SETTINGS = 15 };
    run r = {.preset = "seed",
             .epochs = 10,
             .batch = 32,
             .learning_rate = 1e-3,
             .momentum = 0.9,
             .validation_share = 0.15,
             .backend = "auto",
             .isa = "auto",
             .precision = "auto"};
    int32_t progress = PROGRESS_AUTO;
    const cli_option options[] = {
        /* The SETTINGS rows below this heading shape the result; run.json records them. */
        CLI_HEADING("Learning"),
        CLI_TEXT('p', "preset", "NAME", &r.preset, "network: a name that asl-info lists"),
        CLI_INT('s', "size", "N", &r.size, 0, 4096, "input of N x N pixels; 0 is the preset's own"),
        CLI_INT('e', "epochs", "N", &r.epochs, 1, 100000, "times to go through the pictures"),
        CLI_INT('b', "batch", "N", &r.batch, 1, 65536, "pictures in one step"),
        CLI_REAL(0, "lr", "X", &r.learning_rate, 1e-12, 1e6, "learning rate"),
        CLI_CHOICE(0, "optimizer", "adam|adamw|sgd", &r.optimizer, "how the weights are updated"),
        CLI_CHOICE(0, "schedule", "constant|one-cycle", &r.schedule,
                   "how the learning rate goes over the run"),
        CLI_REAL(0, "momentum", "X", &r.momentum, 0, 1, "momentum of --optimizer sgd"),
        CLI_REAL(0, "weight-decay", "X", &r.weight_decay, 0, 1e6, "pull of the weights towards 0"),
        CLI_REAL(0, "label-smoothing", "X", &r.label_smoothing, 0, 1,
                 "share of the target spread over all classes"),
        CLI_REAL(0, "val", "X", &r.validation_share, 0, 0.9,
                 "share of the pictures to validate on; 0 learns from all"),
        CLI_CHOICE(
            0, "split", "auto|random|block|group", &r.split,
            "which pictures to validate on: single ones (random), stretches in capture order "
            "(block) or whole signers (group); auto takes group when the data name signers, "
            "else block"),
        CLI_INT('n', "per-class", "N", &r.per_class, 0, 1000000000,
                "use no more than N pictures of each class; 0 uses all"),
        CLI_PRECISION(&r.precision),
        CLI_SEED(&r.seed),
        /* The others do not. */
        CLI_HEADING("Run"),
        CLI_TEXT('o', "out", "RUN", &r.folder, "folder of the run"),
        CLI_FLAG(0, "resume", &r.resume, "go on with the run in RUN, settings and all"),
        CLI_FORCE(&r.force),
        CLI_INT(0, "checkpoint-steps", "N", &r.checkpoint_steps, 0, 1000000000,
                "also save the state every N steps; 0 saves after each epoch"),
        CLI_FLAG(0, "dry-run", &r.dry_run, "only show the network and the split"),
        CLI_HEADING("Engine"),
        CLI_BACKEND(&r.backend),
        CLI_ISA(&r.isa),
        CLI_THREADS(&r.threads),
        CLI_HEADING("General"),
        CLI_JSON(&r.json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&r.quiet),
        CLI_VERBOSE(&r.verbose),
    };
    const cli_program program = {
        .name = "asl-train",
        .arguments = "DATA -o RUN",
        .summary = "Train a network on DATA: a folder with one folder per class, a data.csv, or a "
                   "packed file.",
        .details =
            "RUN receives model.safetensors (after the last epoch), best.safetensors,\n"
            "last.ckpt (to go on from), metrics.csv, accuracy.png, loss.png, run.json (all\n"
            "settings) and cache.pack (the pixels). Ctrl-C saves the state and stops; a run\n"
            "that was stopped or killed ends with the same bits after --resume.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 1,
        .max_arguments = 1,
    };
    r.settings = options + 1;
    r.setting_count = SETTINGS;
    char **paths;
    cli_parse(&program, argc, argv, &paths);
    r.data_path = paths[0];
    if (!r.folder && !r.dry_run)
        return cli_usage_error("where to? give --out RUN");
    if (r.resume && r.force)
        return cli_usage_error("--resume goes on and --force starts over: give only one");
    r.program = &program;
    r.argc = argc;
    r.argv = argv;
    const int code = start(&r, progress);
    release(&r);
    return ranks_part(cli_finish(code));
}
