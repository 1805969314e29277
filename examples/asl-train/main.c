/* SPDX-License-Identifier: MIT */
/* asl-train: train a network on a data set, with everything about the run kept in one folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/data.h"
#include "common/json.h"
#include "common/progress.h"
#include "train.h"

/* Words of --optimizer: those of the library, and one more. */
enum { NESTEROV = ASL_OPTIMIZER_SGD + 1 };

static int create_trainer(run *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    char *checkpoint = run_path(r, "last.ckpt");
    options.epochs = r->epochs;
    options.batch_size = r->batch;
    options.optimizer = r->optimizer == NESTEROV ? ASL_OPTIMIZER_SGD : r->optimizer;
    options.nesterov = r->optimizer == NESTEROV;
    options.schedule = r->schedule;
    options.learning_rate = r->learning_rate;
    options.momentum = r->momentum;
    options.weight_decay = r->weight_decay;
    options.label_smoothing = r->label_smoothing;
    options.seed = r->seed;
    options.augmentation = r->augmentation;
    options.average = r->average;
    options.epoch_pictures = r->epoch_pictures;
    options.start_size = r->start_size;
    options.start_share = r->start_size > 0 ? r->start_share : 0;
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
    if (r->data_path) {
        print_word(stderr, r->data_path);
        fputc(' ', stderr);
    }
    fprintf(stderr, "-o ");
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
        return asl_trainer_run(r->trainer, err); /* only clears away what a killed run has left */
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
    const int code = run_open_data(r);
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
        code = run_open_check(r);
    if (code == CLI_OK)
        code = run_split(r, r->data);
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
        code = run_keep_init(r);
    if (code == CLI_OK)
        code = check_engine(r);
    if (code == CLI_OK)
        code = run_pack(r);
    if (code == CLI_INTERRUPTED)
        return stopped(r);
    if (code == CLI_OK)
        code = run_split(r, r->packed);
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
    int code = run_open_packed(r);
    if (code == CLI_OK)
        code = run_split(r, r->packed);
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
    return CLI_OK;
}

/* All settings, from wherever they come. */
static int settle(run *r)
{
    int code = r->resume ? recall(r) : CLI_OK;
    if (code == CLI_OK)
        code = run_complete_settings(r);
    return code == CLI_OK && r->resume ? run_check_settings(r) : code;
}

static int preview(run *r)
{
    const int code = run_open_data(r);
    return code == CLI_OK ? run_preview(r) : code;
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
    code = in_turns(r, settle);
    cli_catch_interrupt(NULL, NULL);
    if (code == CLI_OK && (r->preview || r->dry_run))
        return r->rank > 0 ? CLI_OK : r->preview ? preview(r) : dry_run(r);
    if (code == CLI_OK)
        code = in_turns(r, prepare);
    return code == CLI_OK ? train(r) : code;
}

static int check_usage(const run *r)
{
    if (!r->folder && !r->dry_run && !r->preview)
        return cli_usage_error("where to? give --out RUN");
    if (r->resume && r->force)
        return cli_usage_error("--resume goes on and --force starts over: give only one");
    return CLI_OK;
}

static void release(run *r)
{
    asl_trainer_free(r->trainer);
    if (r->train != r->packed && r->train != r->data)
        asl_dataset_free(r->train);
    asl_dataset_free(r->validation);
    if (r->sources) { /* otherwise they belong to the one part */
        asl_dataset_free(r->packed);
        asl_dataset_free(r->data);
    }
    parts_free(&r->check_parts);
    parts_free(&r->train_parts);
    asl_model_free(r->start);
    asl_augmentation_free(r->augmentation);
    json_decref(r->recorded);
    json_decref(r->defaults);
    free(r->sources_text);
    free(r->select_text);
    free(r->init_path);
    free(r->init_text);
    free(r->augment_text);
    free(r->history);
}

/* Rows of the table above the heading "Run". */
static size_t count_settings(const cli_option *options, size_t count)
{
    size_t settings = 0;
    while (settings < count && (options[settings].kind != CLI_KIND_HEADING ||
                                strcmp(options[settings].help, "Run") != 0))
        settings++;
    return settings;
}

int main(int argc, char **argv)
{
    run r = {.preset = "seed",
             .augment = "none",
             .epochs = 10,
             .batch = 32,
             .learning_rate = 1e-3,
             .momentum = 0.9,
             .validation_share = 0.15,
             .start_share = 0.6,
             .backend = "auto",
             .isa = "auto",
             .precision = "auto"};
    int32_t progress = PROGRESS_AUTO;
    const cli_option options[] = {
        /* What stands above the heading "Run" shapes the result; run.json records it. */
        CLI_HEADING("Pictures"),
        CLI_TEXT(0, "sources", "SOURCES", &r.sources,
                 "instead of DATA: several, as PATH:WEIGHT,PATH:WEIGHT; without weights they "
                 "count alike"),
        CLI_TEXT(0, "select-on", "DATA", &r.select_on,
                 "validate on these pictures, of people that are in no other; several with commas"),
        CLI_REAL(0, "val", "X", &r.validation_share, 0, 0.9,
                 "otherwise, share of the pictures to validate on; 0 learns from all"),
        CLI_CHOICE(
            0, "split", "auto|random|block|group", &r.split,
            "which pictures to validate on: single ones (random), stretches in capture order "
            "(block) or whole signers (group); auto takes group when the data name signers, "
            "else block"),
        CLI_INT('n', "per-class", "N", &r.per_class, 0, 1000000000,
                "use no more than N pictures of each class of a source; 0 uses all"),
        CLI_TEXT(0, "augment", "HOW", &r.augment,
                 "vary the pictures in each epoch: none, light, strong, or a file of keys (.json)"),
        CLI_INT(0, "epoch-pictures", "N", &r.epoch_pictures, 0, INT32_MAX,
                "draw N pictures for each epoch, by the weights of sources and alike for the "
                "classes of each; 0 takes every picture once"),
        CLI_HEADING("Network"),
        CLI_TEXT('p', "preset", "NAME", &r.preset, "network: a name that asl-info lists"),
        CLI_INT('s', "size", "N", &r.size, 0, 4096, "input of N x N pixels; 0 is the preset's own"),
        CLI_TEXT(0, "init", "MODEL", &r.init,
                 "start from a trained network, instead of a new one of a preset: a file "
                 "(.safetensors), or built-in"),
        CLI_HEADING("Learning"),
        CLI_INT('e', "epochs", "N", &r.epochs, 1, 100000, "times to go through the pictures"),
        CLI_INT('b', "batch", "N", &r.batch, 1, 65536, "pictures in one step"),
        CLI_REAL(0, "lr", "X", &r.learning_rate, 1e-12, 1e6, "learning rate"),
        CLI_CHOICE(0, "optimizer", "adam|adamw|sgd|nesterov", &r.optimizer,
                   "how the weights are updated"),
        CLI_CHOICE(0, "schedule", "constant|one-cycle", &r.schedule,
                   "how the learning rate goes over the run"),
        CLI_REAL(0, "momentum", "X", &r.momentum, 0, 1, "momentum of sgd and nesterov"),
        CLI_REAL(0, "weight-decay", "X", &r.weight_decay, 0, 1e6, "pull of the weights towards 0"),
        CLI_REAL(0, "label-smoothing", "X", &r.label_smoothing, 0, 1,
                 "share of the target spread over all classes"),
        CLI_REAL(0, "average", "X", &r.average, 0, 0.999999,
                 "decay of a running mean of the weights, such as 0.999; 0 takes them as they are"),
        CLI_INT(0, "start-size", "N", &r.start_size, 0, 4096,
                "take smaller pictures of N x N pixels at first; 0 does not"),
        CLI_REAL(0, "start-share", "X", &r.start_share, 0.01, 1,
                 "share of all steps that --start-size is for"),
        CLI_PRECISION(&r.precision),
        CLI_SEED(&r.seed),
        CLI_HEADING("Run"),
        CLI_TEXT('o', "out", "RUN", &r.folder, "folder of the run"),
        CLI_FLAG(0, "resume", &r.resume, "go on with the run in RUN, settings and all"),
        CLI_FORCE(&r.force),
        CLI_INT(0, "checkpoint-steps", "N", &r.checkpoint_steps, 0, 1000000000,
                "also save the state every N steps; 0 saves after each epoch"),
        CLI_FLAG(0, "dry-run", &r.dry_run, "only show the network and the split"),
        CLI_TEXT(0, "preview-augment", "FILE", &r.preview,
                 "only draw what --augment makes of some pictures (.png)"),
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
        .arguments = "[DATA] -o RUN",
        .summary = "Train a network on DATA: a folder with one folder per class, a data.csv, or a "
                   "packed file. Or on several such, see --sources.",
        .details =
            "RUN receives model.safetensors (after the last epoch), best.safetensors,\n"
            "last.ckpt (to go on from), metrics.csv, accuracy.png, loss.png, run.json (all\n"
            "settings) and cache*.pack (the pixels). Ctrl-C saves the state and stops; a run\n"
            "that was stopped or killed ends with the same bits after --resume.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 0,
        .max_arguments = 1,
    };
    r.settings = options;
    r.setting_count = count_settings(options, sizeof options / sizeof *options);
    r.defaults = run_settings_json(&r);
    char **paths;
    if (cli_parse(&program, argc, argv, &paths) > 0)
        r.data_path = paths[0];
    r.program = &program;
    r.argc = argc;
    r.argv = argv;
    int code = check_usage(&r);
    if (code == CLI_OK)
        code = start(&r, progress);
    release(&r);
    return ranks_part(cli_finish(code));
}
