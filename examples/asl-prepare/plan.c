/* SPDX-License-Identifier: MIT */
/* File names for the samples, and the threads that write them. See prepare.h. */
#include "prepare.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "asl/finder.h"
#include "asl/image.h"
#include "common/cli.h"
#include "common/crew.h"
#include "common/files.h"

/* ---- Names ---- */

/* Class names become folders, so they must not lead anywhere else. */
static int check_class_names(const asl_dataset *data)
{
    for (int32_t i = 0; i < asl_dataset_class_count(data); i++) {
        const char *name = asl_dataset_class_name(data, i);
        if (name[0] == '.' || strchr(name, '/')) {
            cli_error("class '%s' cannot be a folder's name", name);
            return CLI_BAD_INPUT;
        }
    }
    return CLI_OK;
}

/* "A/A12.jpg", or "A/A12-2.jpg" and so on when that is taken. */
static char *unused_name(json_t *used, const char *class_name, const char *path, int32_t format)
{
    char *base = files_base_name(path);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = '\0';
    const char *ending = format == FORMAT_PNG ? "png" : "jpg";
    char *name = cli_format("%s/%s.%s", class_name, base, ending);
    for (int copy = 2; json_object_get(used, name); copy++) {
        free(name);
        name = cli_format("%s/%s-%d.%s", class_name, base, copy, ending);
    }
    free(base);
    if (json_object_set_new_nocheck(used, name, json_true()) != 0) {
        free(name);
        return NULL;
    }
    return name;
}

int plan_make(task **tasks, const asl_dataset *data, int32_t format)
{
    const int64_t count = asl_dataset_count(data);
    int code = check_class_names(data);
    if (code != CLI_OK)
        return code;
    json_t *used = json_object(); /* jansson's hash table serves as the set of names. */
    *tasks = cli_alloc((size_t)count, sizeof **tasks);
    for (int64_t i = 0; i < count && code == CLI_OK; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_sample sample = {.struct_size = sizeof sample};
        if (asl_dataset_get_sample(&sample, data, i, &err) < 0) {
            code = cli_fail(&err);
            break;
        }
        (*tasks)[i].file = unused_name(used, asl_dataset_class_name(data, sample.class_index),
                                       sample.path, format);
        if (!(*tasks)[i].file) {
            cli_error("out of memory");
            code = CLI_FAILED;
        }
    }
    json_decref(used);
    return code;
}

void plan_free(task *tasks, int64_t count)
{
    for (int64_t i = 0; tasks && i < count; i++) {
        free(tasks[i].file);
        free(tasks[i].reason);
    }
    free(tasks);
}

/* ---- Work ---- */

typedef struct job {
    task *tasks;
    const asl_dataset *data;
    const settings *settings;
    bool redo;
} job;

/* The picture's own fault is a reason to skip it; anything else ends the job. */
static bool is_pictures_fault(asl_status status)
{
    return cli_exit_code(status) == CLI_BAD_INPUT || status == ASL_ERR_IO;
}

/* The part of a picture to keep: the hand, where it is looked for and found. */
static asl_status find_hand(asl_hand *hand, asl_finder *finder, const asl_image_view *view,
                            asl_error *err)
{
    *hand = (asl_hand){.struct_size = sizeof *hand};
    return finder ? asl_finder_find(hand, finder, view, NULL, err) : ASL_OK;
}

static bool carry_out(void *tools, void *shared, int64_t index, asl_error *err)
{
    const job *j = shared;
    const settings *s = j->settings;
    task *t = &j->tasks[index];
    asl_image *image = NULL, *scaled = NULL;
    char *path = files_join(s->out, t->file);
    bool done = !j->redo && files_exists(path);
    if (done)
        goto end;
    if (asl_dataset_load_image(&image, j->data, index, err) < 0) {
        done = is_pictures_fault(err->code);
        if (done)
            t->reason = cli_format("%s", err->message);
        goto end;
    }
    asl_hand hand;
    asl_image_view view = asl_image_get_view(image);
    if (find_hand(&hand, tools, &view, err) < 0 ||
        asl_image_resize(&scaled, &view, hand.found ? &hand.box : NULL, s->size, s->size, err) < 0)
        goto end;
    view = asl_image_get_view(scaled);
    done = t->made = asl_image_save(&view, path, 95, err) >= 0;
end:
    free(path);
    asl_image_free(scaled);
    asl_image_free(image);
    return done;
}

/* A thread's own finder, where hands are looked for. */
static bool open_finder(void **tools, const void *shared, asl_error *err)
{
    const asl_model *hands = ((const job *)shared)->settings->hands;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_inferer_options inferer;
    asl_finder_options_init(&options, sizeof options);
    asl_inferer_options_init(&inferer, sizeof inferer);
    inferer.threads = 1;
    options.inferer = &inferer;
    const bool opened = !hands || asl_finder_create(&finder, hands, &options, err) >= 0;
    *tools = finder;
    return opened;
}

static void close_finder(void *tools)
{
    asl_finder_free(tools);
}

int plan_run(task *tasks, const asl_dataset *data, const settings *s, bool redo)
{
    job j = {.tasks = tasks, .data = data, .settings = s, .redo = redo};
    return crew_run(&(const crew_work){.label = "scaling",
                                       .count = asl_dataset_count(data),
                                       .threads = s->threads,
                                       .shared = &j,
                                       .open = open_finder,
                                       .make = carry_out,
                                       .close = close_finder});
}
