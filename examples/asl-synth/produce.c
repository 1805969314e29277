/* SPDX-License-Identifier: MIT */
/* The threads that draw pictures and write them. A picture depends on the seed and its own number
 * only, so they take them in any order. */
#include "produce.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asl/image.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/progress.h"
#include "hand/poses.h"

enum { JPEG_QUALITY = 92, MOST_THREADS = 64 };

/* What all threads share. */
struct job {
    const struct settings *settings;
    struct signer *signers; /* NULL: a new one for each picture */
    struct film_curve *curve;
    struct landmark *landmarks; /* HAND_JOINTS for each picture, or NULL */
    struct sheet *sheet;        /* or NULL */
    int64_t total;
    atomic_llong next, done;
    atomic_int running;
    atomic_bool stop;
    pthread_mutex_t lock; /* of the message */
    char message[256];    /* why the job failed; empty when it did not */
};

int produce_signer(const struct settings *s, int64_t index)
{
    const int64_t number = index % s->per_class;

    if (s->signers == 0)
        return (int)(number * POSE_CLASSES + index / s->per_class);
    return (int)(number % s->signers);
}

static void make_signer(struct signer *signer, const struct settings *s, int number)
{
    signer_make(signer, s->seed, number);
    signer_school(signer, (float)s->variety);
}

char *produce_name(const struct settings *s, int64_t index)
{
    return cli_format("%s/s%02d_%04lld.jpg", pose_class_name[index / s->per_class],
                      produce_signer(s, index), (long long)(index % s->per_class));
}

static bool write_file(const char *path, const void *data, size_t size, asl_error *err)
{
    FILE *file = fopen(path, "wbe");
    bool ok = file && fwrite(data, 1, size, file) == size;
    int problem = errno;
    if (file && fclose(file) != 0 && ok) {
        ok = false;
        problem = errno;
    }
    if (!ok)
        snprintf(err->message, sizeof err->message, "cannot write '%.150s': %s", path,
                 strerror(problem));
    return ok;
}

static bool make_picture(struct job *job, struct studio *studio, uint8_t *rgb, int64_t index,
                         asl_error *err)
{
    const struct settings *s = job->settings;
    const int class_index = (int)(index / s->per_class), number = (int)(index % s->per_class);
    const asl_image_view view = {rgb, s->size, s->size, 3 * (int64_t)s->size, ASL_FORMAT_RGB24, 0};
    const int who = produce_signer(s, index);
    struct signer stranger;
    struct shot shot;
    void *data = NULL;
    size_t size = 0;

    if (!job->signers)
        make_signer(&stranger, s, who);
    shot_make(&shot, job->signers ? &job->signers[who] : &stranger, s->size, s->seed, class_index,
              number);
    shot_draw(rgb, job->landmarks ? job->landmarks + index * HAND_JOINTS : NULL, &shot, studio);
    if (job->sheet && sheet_put(job->sheet, &view, class_index, number, err) < 0)
        return false;
    if (asl_image_encode(&data, &size, &view, ASL_ENCODING_JPEG, JPEG_QUALITY, err) < 0)
        return false;
    char *name = produce_name(s, index), *path = files_join(s->out, name);
    const bool ok = write_file(path, data, size, err);
    free(path);
    free(name);
    asl_free(data);
    return ok;
}

static void end_job(struct job *job, const asl_error *err)
{
    pthread_mutex_lock(&job->lock);
    if (job->message[0] == '\0')
        memcpy(job->message, err->message, sizeof job->message);
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->stop, true);
}

static void *work(void *shared)
{
    struct job *job = shared;
    const size_t pixels = (size_t)job->settings->size * (size_t)job->settings->size;
    struct studio studio = {.size = job->settings->size, .curve = job->curve};
    uint8_t *rgb = cli_alloc(pixels, 3);

    studio.light = cli_alloc(pixels, 3 * sizeof(float));
    studio.behind = cli_alloc(pixels, 3 * sizeof(float));
    studio.scratch = cli_alloc(1, render_scratch_size(studio.size, studio.size));
    while (!atomic_load(&job->stop)) {
        asl_error err = ASL_ERROR_INIT;
        const int64_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->total)
            break;
        if (!make_picture(job, &studio, rgb, index, &err))
            end_job(job, &err);
        atomic_fetch_add(&job->done, 1);
    }
    free(studio.scratch);
    free(studio.behind);
    free(studio.light);
    free(rgb);
    atomic_fetch_sub(&job->running, 1);
    return NULL;
}

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void run(struct job *job)
{
    const int asked = job->settings->threads > 0 ? job->settings->threads : cores();
    const int wanted = asked < MOST_THREADS ? asked : MOST_THREADS;
    pthread_t threads[MOST_THREADS];
    int started = 0;

    progress_begin("drawing", job->total);
    for (; started < wanted; started++) {
        atomic_fetch_add(&job->running, 1);
        if (pthread_create(&threads[started], NULL, work, job) != 0) {
            atomic_fetch_sub(&job->running, 1);
            break;
        }
    }
    if (started == 0) {
        atomic_fetch_add(&job->running, 1);
        work(job);
    }
    while (atomic_load(&job->running) > 0) {
        nanosleep(&(const struct timespec){.tv_nsec = 20000000}, NULL);
        progress_update(atomic_load(&job->done), NULL);
        if (cli_interrupted())
            atomic_store(&job->stop, true);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    progress_end();
}

int produce_pictures(struct landmark *landmarks, struct sheet *sheet, const struct settings *s)
{
    struct job job = {.settings = s, .landmarks = landmarks, .sheet = sheet};

    job.total = (int64_t)POSE_CLASSES * s->per_class;
    if (s->signers > 0)
        job.signers = cli_alloc((size_t)s->signers, sizeof *job.signers);
    for (int i = 0; i < s->signers; i++)
        make_signer(&job.signers[i], s, i);
    job.curve = cli_alloc(1, sizeof *job.curve);
    film_curve_make(job.curve);
    pthread_mutex_init(&job.lock, NULL);
    run(&job);
    pthread_mutex_destroy(&job.lock);
    free(job.curve);
    free(job.signers);
    if (job.message[0] != '\0') {
        cli_error("%s", job.message);
        return CLI_FAILED;
    }
    return cli_interrupted() ? CLI_INTERRUPTED : CLI_OK;
}
