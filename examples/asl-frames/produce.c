/* SPDX-License-Identifier: MIT */
/* See produce.h. */
#include "produce.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asl/image.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/progress.h"
#include "contact.h"
#include "hand/render.h"

enum { JPEG_QUALITY = 92, MOST_THREADS = 64 };

/* What all threads share. */
struct job {
    const struct settings *settings;
    struct frame_plan plan;
    struct frame *frames;
    struct contact *contact; /* or NULL */
    atomic_llong next, done;
    atomic_int running;
    atomic_bool stop;
    pthread_mutex_t lock; /* of the message */
    int code;             /* CLI_OK, or that of what failed first */
    char message[256];    /* why */
};

char *produce_name(const struct frame *frame, int64_t index)
{
    char name[PLACE_NAME];
    place_name(name, &frame->place);
    return cli_format("%s/s%03d_%06lld.jpg", name, frame->signer, (long long)index);
}

static bool write_frame(const struct job *job, const asl_image_view *view,
                        const struct frame *frame, int64_t index, asl_error *err)
{
    char *name = produce_name(frame, index), *path = files_join(job->settings->out, name);
    char *folder = cli_format("%.*s", (int)(strrchr(path, '/') - path), path);
    const bool made = files_is_folder(folder) || files_make_folder(folder) == CLI_OK;
    const bool ok = made && asl_image_save(view, path, JPEG_QUALITY, err) >= 0;
    if (!made)
        *err = (asl_error){.code = ASL_ERR_IO, .message = "a folder for a class is missing"};
    free(folder);
    free(path);
    free(name);
    return ok;
}

static bool make_frame(struct job *job, const struct studio *studio, int64_t index, asl_error *err)
{
    struct frame *frame = &job->frames[index];
    const int size = job->plan.size;
    if (!frame_draw(frame, studio, &job->plan, index, err))
        return false;
    const asl_rect *seen = &frame->seen;
    asl_image_view view = {studio->rgb, size, size, 3 * (int64_t)size, ASL_FORMAT_RGB24, 0};
    if (job->contact)
        contact_put(job->contact, &view, frame, (int)index);
    if (job->plan.plain) {
        view.pixels += 3 * ((size_t)seen->y * (size_t)size + (size_t)seen->x);
        view.width = seen->width;
        view.height = seen->height;
    }
    return write_frame(job, &view, frame, index, err);
}

static void end_job(struct job *job, const asl_error *err)
{
    pthread_mutex_lock(&job->lock);
    if (job->code == CLI_OK) {
        job->code = cli_exit_code(err->code);
        memcpy(job->message, err->message, sizeof job->message);
    }
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->stop, true);
}

static void *work(void *shared)
{
    struct job *job = shared;
    const size_t pixels = (size_t)job->plan.size * (size_t)job->plan.size;
    struct studio studio = {.rgb = cli_alloc(pixels, 3)};

    studio.light = cli_alloc(pixels, 3 * sizeof(float));
    studio.behind = cli_alloc(pixels, 3 * sizeof(float));
    studio.scratch = cli_alloc(1, render_scratch_size(job->plan.size, job->plan.size));
    while (!atomic_load(&job->stop)) {
        asl_error err = ASL_ERROR_INIT;
        const int64_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->settings->count)
            break;
        if (!make_frame(job, &studio, index, &err))
            end_job(job, &err);
        atomic_fetch_add(&job->done, 1);
    }
    free(studio.scratch);
    free(studio.behind);
    free(studio.light);
    free(studio.rgb);
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

    progress_begin("drawing", job->settings->count);
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

int produce_frames(struct frame *frames, const struct settings *s, const struct album *album)
{
    struct job job = {.settings = s, .frames = frames};
    struct signer *signers = cli_alloc((size_t)s->signers, sizeof *signers);
    struct film_curve *curve = cli_alloc(1, sizeof *curve);
    int code = CLI_OK;

    for (int i = 0; i < s->signers; i++)
        signer_make(&signers[i], s->seed, i);
    film_curve_make(curve);
    job.plan = (struct frame_plan){.size = s->size,
                                   .seed = s->seed,
                                   .empty = s->empty,
                                   .photos = s->photos,
                                   .plain = s->plain,
                                   .signers = signers,
                                   .signer_count = s->signers,
                                   .album = album,
                                   .curve = curve};
    job.contact = s->contact ? contact_create() : NULL;
    pthread_mutex_init(&job.lock, NULL);
    run(&job);
    pthread_mutex_destroy(&job.lock);
    if (job.code != CLI_OK) {
        cli_error("%s", job.message);
        code = job.code;
    } else if (cli_interrupted()) {
        code = CLI_INTERRUPTED;
    } else if (job.contact) {
        code = contact_write(job.contact, s->contact);
    }
    contact_free(job.contact);
    free(curve);
    free(signers);
    return code;
}
