/* SPDX-License-Identifier: MIT */
/* File names for the samples, and the threads that write them. See prepare.h. */
#include "prepare.h"

#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asl/finder.h"
#include "asl/image.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/progress.h"

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
    int64_t count;
    atomic_llong next, done;
    atomic_int running;
    atomic_bool stop;
    pthread_mutex_t lock; /* Of the two below. */
    asl_status failed;    /* First failure that is not the picture's fault. */
    char message[256];
} job;

/* The picture's own fault is a reason to skip it; anything else ends the job. */
static bool is_pictures_fault(asl_status status)
{
    return cli_exit_code(status) == CLI_BAD_INPUT || status == ASL_ERR_IO;
}

static void end_job(job *j, const asl_error *err)
{
    pthread_mutex_lock(&j->lock);
    if (j->failed == ASL_OK) {
        j->failed = err->code;
        memcpy(j->message, err->message, sizeof j->message);
    }
    pthread_mutex_unlock(&j->lock);
    atomic_store(&j->stop, true);
}

/* The part of a picture to keep: the hand, where it is looked for and found. */
static asl_status find_hand(asl_hand *hand, asl_finder *finder, const asl_image_view *view,
                            asl_error *err)
{
    *hand = (asl_hand){.struct_size = sizeof *hand};
    return finder ? asl_finder_find(hand, finder, view, NULL, err) : ASL_OK;
}

static void carry_out(job *j, asl_finder *finder, int64_t index)
{
    const settings *s = j->settings;
    task *t = &j->tasks[index];
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL, *scaled = NULL;
    char *path = files_join(s->out, t->file);
    if (!j->redo && files_exists(path))
        goto done;
    if (asl_dataset_load_image(&image, j->data, index, &err) < 0) {
        if (is_pictures_fault(err.code))
            t->reason = cli_format("%s", err.message);
        else
            end_job(j, &err);
        goto done;
    }
    asl_hand hand;
    asl_image_view view = asl_image_get_view(image);
    if (find_hand(&hand, finder, &view, &err) < 0 ||
        asl_image_resize(&scaled, &view, hand.found ? &hand.box : NULL, s->size, s->size, &err) <
            0) {
        end_job(j, &err);
        goto done;
    }
    view = asl_image_get_view(scaled);
    if (asl_image_save(&view, path, 95, &err) < 0)
        end_job(j, &err);
    else
        t->made = true;
done:
    free(path);
    asl_image_free(scaled);
    asl_image_free(image);
}

static void *work(void *user)
{
    job *j = user;
    asl_error err = ASL_ERROR_INIT;
    asl_finder *finder = NULL;
    asl_finder_options options;
    asl_inferer_options inferer;
    asl_finder_options_init(&options, sizeof options);
    asl_inferer_options_init(&inferer, sizeof inferer);
    inferer.threads = 1;
    options.inferer = &inferer;
    if (j->settings->hands && asl_finder_create(&finder, j->settings->hands, &options, &err) < 0)
        end_job(j, &err);
    while (!atomic_load(&j->stop)) {
        const int64_t index = atomic_fetch_add(&j->next, 1);
        if (index >= j->count)
            break;
        carry_out(j, finder, index);
        atomic_fetch_add(&j->done, 1);
    }
    asl_finder_free(finder);
    atomic_fetch_sub(&j->running, 1);
    return NULL;
}

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int plan_run(task *tasks, const asl_dataset *data, const settings *s, bool redo)
{
    enum { MAX_THREADS = 64 };
    pthread_t threads[MAX_THREADS];
    job j = {.tasks = tasks, .data = data, .settings = s, .redo = redo};
    int wanted = s->threads > 0 ? s->threads : cores(), started = 0;
    wanted = wanted < MAX_THREADS ? wanted : MAX_THREADS;
    j.count = asl_dataset_count(data);
    pthread_mutex_init(&j.lock, NULL);

    progress_begin("scaling", j.count);
    for (; started < wanted; started++) {
        atomic_fetch_add(&j.running, 1);
        if (pthread_create(&threads[started], NULL, work, &j) != 0) {
            atomic_fetch_sub(&j.running, 1);
            break;
        }
    }
    if (started == 0) {
        atomic_fetch_add(&j.running, 1);
        work(&j);
    }
    while (atomic_load(&j.running) > 0) {
        nanosleep(&(const struct timespec){.tv_nsec = 20000000}, NULL);
        progress_update(atomic_load(&j.done), NULL);
        if (cli_interrupted())
            atomic_store(&j.stop, true);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    progress_end();
    pthread_mutex_destroy(&j.lock);

    if (j.failed != ASL_OK) {
        cli_error("%s", j.message);
        return cli_exit_code(j.failed);
    }
    return cli_interrupted() ? CLI_INTERRUPTED : CLI_OK;
}
