/* SPDX-License-Identifier: MIT */
/* asl-prepare: from any collection of pictures to an even, small, scaled one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/asl.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "common/progress.h"
#include "prepare.h"

/* How a folder was made; also the mark of a folder that --force may clear. */
#define RECIPE "prepare.json"

static const char *const format_names[] = {"jpg", "png", "pack"};

typedef struct totals {
    int64_t *per_class; /* Usable pictures of each class. */
    int64_t usable, made, skipped;
} totals;

/* ---- What lies in OUT ---- */

/* What a folder was made from and how. A rerun goes on only where it would do the same. */
static char *recipe_text(const asl_dataset *data, const settings *s)
{
    char fingerprint[24];
    snprintf(fingerprint, sizeof fingerprint, "%016llx",
             (unsigned long long)asl_dataset_fingerprint(data));
    char *name = files_base_name(s->source);
    json_t *document = json_document();
    json_put(document, "source", json_text(name));
    json_put(document, "fingerprint", json_text(fingerprint));
    json_put(document, "pictures", json_integer(asl_dataset_count(data)));
    json_put(document, "per_class", json_integer(s->data.per_class));
    json_put(document, "seed", json_integer((json_int_t)s->data.seed));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "format", json_text(format_names[s->format]));
    if (s->find)
        json_put(document, "finder", json_text(model_name(s->finder)));
    free(name);
    return json_file_text(document);
}

/* An absolute path without links, also for what does not exist yet; free() it. */
static char *real_path(const char *path)
{
    char *head = cli_format("%s%s", path[0] == '/' ? "" : "./", path);
    char *real = realpath(head, NULL), *slash = NULL;
    for (char *cut; !real && (cut = strrchr(head, '/')) && cut != head; slash = cut) {
        *cut = '\0';
        real = realpath(head, NULL);
        if (slash)
            *slash = '/';
    }
    /* What was cut off does not exist: it goes behind the real folder as it was written. */
    char *whole = cli_format("%s%s%s", real ? real : "", slash ? "/" : "", slash ? slash + 1 : "");
    free(real);
    free(head);
    return whole;
}

static bool lies_in(const char *path, const char *folder)
{
    const size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* OUT is cleared by --force, and inside SRC it would be read as a class: keep the two apart. */
static int check_apart(const settings *s)
{
    char *source = real_path(s->source), *out = real_path(s->out);
    bool clash = files_is_folder(source) && lies_in(out, source);
    if (!files_is_folder(source)) { /* A table or a packed file: its folder holds the pictures. */
        *strrchr(source, '/') = '\0';
        clash = strcmp(out, source) == 0;
    }
    free(out);
    free(source);
    return clash ? cli_usage_error("OUT '%s' lies in SRC '%s'; choose a folder outside", s->out,
                                   s->source)
                 : CLI_OK;
}

/* @param redo  Receives whether pictures that are there must be made again. */
static int check_folder(bool *redo, const settings *s, const char *recipe)
{
    enum { LARGEST_RECIPE = 65536 };
    *redo = s->force && !files_is_empty_folder(s->out);
    int code = files_check_folder(s->out, RECIPE);
    if (code != CLI_OK || s->force || files_is_empty_folder(s->out))
        return code;
    char *path = files_join(s->out, RECIPE), *found = NULL;
    size_t size = 0;
    code = files_read(&found, &size, path, LARGEST_RECIPE);
    if (code == CLI_OK && strcmp(found, recipe) != 0) {
        cli_error("'%s' was made from other pictures or with other settings; use --force to "
                  "make it again",
                  s->out);
        code = CLI_FAILED;
    }
    free(found);
    free(path);
    return code;
}

static int make_class_folders(const asl_dataset *data, const settings *s, bool redo)
{
    int code = CLI_OK;
    for (int32_t i = 0; i < asl_dataset_class_count(data) && code == CLI_OK; i++) {
        char *folder = files_join(s->out, asl_dataset_class_name(data, i));
        code = files_make_folder(folder);
        if (code == CLI_OK && redo)
            code = files_remove_ending(folder, ".jpg");
        if (code == CLI_OK && redo)
            code = files_remove_ending(folder, ".png");
        free(folder);
    }
    return code;
}

/* ---- Tables ---- */

static int write_classes(const asl_dataset *data, const settings *s)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    for (int32_t i = 0; i < asl_dataset_class_count(data); i++)
        fprintf(text.to, "%s\n", asl_dataset_class_name(data, i));
    return files_text_save(&text, s->out, "classes.txt");
}

static int write_samples(const task *tasks, const asl_dataset *data, const settings *s)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    const bool grouped = asl_dataset_group_count(data) > 0;
    fprintf(text.to, "image_path,target%s\n", grouped ? ",group" : "");
    for (int64_t i = 0; i < asl_dataset_count(data); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        if (tasks[i].reason || asl_dataset_get_sample(&sample, data, i, NULL) < 0)
            continue;
        files_print_csv(text.to, tasks[i].file);
        fputc(',', text.to);
        files_print_csv(text.to, asl_dataset_class_name(data, sample.class_index));
        if (grouped) {
            const char *group = asl_dataset_group_name(data, sample.group_index);
            fputc(',', text.to);
            files_print_csv(text.to, group ? group : "");
        }
        fputc('\n', text.to);
    }
    return files_text_save(&text, s->out, "data.csv");
}

static void print_skipped(FILE *out, const char *path, const char *reason)
{
    files_print_csv(out, path);
    fputc(',', out);
    files_print_csv(out, reason);
    fputc('\n', out);
}

static int write_skipped(const task *tasks, const asl_dataset *data, const settings *s)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    fprintf(text.to, "path,reason\n");
    for (int64_t i = 0; i < asl_dataset_issue_count(data); i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        if (asl_dataset_get_issue(&issue, data, i, NULL) == ASL_OK)
            print_skipped(text.to, issue.path, issue.message);
    }
    for (int64_t i = 0; i < asl_dataset_count(data); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        if (tasks[i].reason && asl_dataset_get_sample(&sample, data, i, NULL) == ASL_OK)
            print_skipped(text.to, sample.path, tasks[i].reason);
    }
    return files_text_save(&text, s->out, "skipped.csv");
}

/* ---- Closing ---- */

static void count_up(totals *t, const task *tasks, const asl_dataset *data)
{
    t->per_class = cli_alloc((size_t)asl_dataset_class_count(data), sizeof *t->per_class);
    t->skipped = asl_dataset_issue_count(data);
    for (int64_t i = 0; i < asl_dataset_count(data); i++) {
        asl_sample sample = {.struct_size = sizeof sample};
        if (asl_dataset_get_sample(&sample, data, i, NULL) < 0)
            continue;
        const bool usable = !tasks || !tasks[i].reason;
        t->usable += usable;
        t->skipped += !usable;
        t->made += tasks && tasks[i].made;
        t->per_class[sample.class_index] += usable;
    }
}

static int check_classes(const totals *t, const asl_dataset *data)
{
    int code = CLI_OK;
    for (int32_t i = 0; i < asl_dataset_class_count(data); i++) {
        if (t->per_class[i] == 0) {
            cli_error("class '%s' has no usable picture", asl_dataset_class_name(data, i));
            code = CLI_BAD_INPUT;
        }
    }
    return code;
}

static void print_result(const totals *t, const asl_dataset *data, const settings *s)
{
    if (!s->json) {
        printf("%s: %lld pictures of %d classes at %dx%d (%lld new, %lld skipped)\n", s->out,
               (long long)t->usable, (int)asl_dataset_class_count(data), (int)s->size, (int)s->size,
               (long long)t->made, (long long)t->skipped);
        return;
    }
    json_t *document = json_document(), *classes = json_object();
    for (int32_t i = 0; i < asl_dataset_class_count(data); i++)
        json_put(classes, asl_dataset_class_name(data, i), json_integer(t->per_class[i]));
    json_put(document, "out", json_text(s->out));
    json_put(document, "format", json_text(format_names[s->format]));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "n", json_integer(t->usable));
    json_put(document, "made", json_integer(t->made));
    json_put(document, "skipped", json_integer(t->skipped));
    json_put(document, "classes", classes);
    json_print(document);
}

/* ---- The two ways ---- */

static int prepare_folder(const asl_dataset *data, const settings *s)
{
    task *tasks = NULL;
    totals t = {0};
    bool redo = false;
    char *recipe = recipe_text(data, s);
    int code = check_apart(s);
    if (code == CLI_OK)
        code = check_folder(&redo, s, recipe);
    if (code == CLI_OK)
        code = plan_make(&tasks, data, s->format);
    if (code == CLI_OK)
        code = files_make_folder(s->out);
    if (code == CLI_OK)
        code = files_write_in(s->out, RECIPE, recipe);
    if (code == CLI_OK)
        code = write_classes(data, s);
    if (code == CLI_OK)
        code = make_class_folders(data, s, redo);
    if (code == CLI_OK)
        code = plan_run(tasks, data, s, redo);
    if (code == CLI_INTERRUPTED)
        cli_error("stopped; the same command goes on from here%s",
                  s->force ? " (without --force)" : "");
    if (code == CLI_OK)
        code = write_skipped(tasks, data, s);
    if (code == CLI_OK) {
        count_up(&t, tasks, data);
        code = check_classes(&t, data);
    }
    if (code == CLI_OK)
        code = write_samples(tasks, data, s);
    if (code == CLI_OK)
        print_result(&t, data, s);
    free(t.per_class);
    plan_free(tasks, asl_dataset_count(data));
    free(recipe);
    return code;
}

static int prepare_pack(const asl_dataset *data, const settings *s)
{
    int code = files_check_output(s->out, s->force);
    if (code != CLI_OK)
        return code;
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pack = NULL;
    asl_pack_options options;
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = s->size;
    options.threads = s->threads;
    options.progress = progress_callback;
    progress_begin("packing", asl_dataset_count(data));
    const asl_status status = asl_dataset_pack(&pack, data, s->out, &options, &err);
    progress_end();
    if (status < 0)
        return cli_fail(&err);
    if (status == ASL_STOPPED)
        return CLI_INTERRUPTED;
    data_report_issues(pack, s->verbose);
    totals t = {0};
    count_up(&t, NULL, pack);
    t.made = t.usable;
    code = check_classes(&t, pack);
    if (code == CLI_OK)
        print_result(&t, pack, s);
    free(t.per_class);
    asl_dataset_free(pack);
    return code;
}

int main(int argc, char **argv)
{
    settings s = {.size = 224};
    int32_t progress = PROGRESS_AUTO;
    asl_dataset_options_init(&s.data, sizeof s.data);
    s.data.per_class = 1200;
    const cli_option options[] = {
        CLI_INT('n', "per-class", "N", &s.data.per_class, 0, 1000000000,
                "keep N pictures of each class, drawn without replacement; 0 keeps all"),
        CLI_INT('s', "size", "N", &s.size, 1, 4096, "scale to N x N pixels"),
        CLI_CHOICE(0, "format", "jpg|png|pack", &s.format,
                   "pictures in class folders, or one packed file that opens at once"),
        CLI_FLAG(0, "find", &s.find,
                 "find the hand in each picture and keep only that, where there is one"),
        CLI_TEXT(0, "finder", "MODEL", &s.finder,
                 "model that finds it (.safetensors); the built-in one when none is named"),
        CLI_SEED(&s.data.seed),
        CLI_THREADS(&s.threads),
        CLI_FORCE(&s.force),
        CLI_JSON(&s.json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&s.quiet),
        CLI_VERBOSE(&s.verbose),
    };
    const cli_program program = {
        .name = "asl-prepare",
        .arguments = "SRC OUT",
        .summary = "Make a small, even data set from a collection of pictures: the same number of "
                   "each class, at the size that a network wants.",
        .details =
            "SRC is a folder with one folder per class, a data.csv, or a packed file. OUT\n"
            "becomes a folder with CLASS/*.jpg (or .png), data.csv (image_path, target and,\n"
            "when known, group), classes.txt, skipped.csv (path, reason) and prepare.json\n"
            "(how it was made); with --format pack it becomes one file. An interrupted run\n"
            "goes on where it stopped.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 2,
        .max_arguments = 2,
    };
    char **paths;
    cli_parse(&program, argc, argv, &paths);
    s.source = paths[0];
    s.out = paths[1];
    cli_set_quiet(s.quiet);
    progress_mode(s.quiet ? PROGRESS_NEVER : progress);
    cli_catch_interrupt(NULL, NULL);

    if (s.find && s.format == FORMAT_PACK)
        return cli_usage_error("--find makes pictures; give --format jpg or png");
    if (s.finder && !s.find)
        return cli_usage_error("--finder is for --find");
    asl_dataset *data = NULL;
    asl_model *hands = NULL;
    int code = s.find ? finder_open(&hands, s.finder) : CLI_OK;
    s.hands = hands;
    if (code == CLI_OK)
        code = data_open(&data, s.source, &s.data, s.verbose);
    if (code == CLI_OK)
        code = s.format == FORMAT_PACK ? prepare_pack(data, &s) : prepare_folder(data, &s);
    asl_dataset_free(data);
    asl_model_free(hands);
    return cli_finish(code);
}
