/* SPDX-License-Identifier: MIT */
/* See produce.h. */
#include "produce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/image.h"
#include "common/cli.h"
#include "common/crew.h"
#include "common/files.h"
#include "hand/poses.h"

enum { JPEG_QUALITY = 92 };

/* What all threads share. */
struct job {
    const struct settings *settings;
    struct signer *signers; /* NULL: a new one for each picture */
    struct film_curve *curve;
    struct landmark *landmarks; /* HAND_JOINTS for each picture, or NULL */
    struct sheet *sheet;        /* or NULL */
};

/* What one thread draws with. */
struct desk {
    struct studio studio;
    uint8_t *rgb;
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
    if (!ok) {
        err->code = ASL_ERR_IO;
        snprintf(err->message, sizeof err->message, "cannot write '%.150s': %s", path,
                 strerror(problem));
    }
    return ok;
}

static bool make_picture(void *tools, void *shared, int64_t index, asl_error *err)
{
    struct desk *desk = tools;
    const struct job *job = shared;
    const struct settings *s = job->settings;
    const int class_index = (int)(index / s->per_class), number = (int)(index % s->per_class);
    const asl_image_view view = {desk->rgb,        s->size, s->size, 3 * (int64_t)s->size,
                                 ASL_FORMAT_RGB24, 0};
    const int who = produce_signer(s, index);
    struct signer stranger;
    struct shot shot;
    void *data = NULL;
    size_t size = 0;

    if (!job->signers)
        make_signer(&stranger, s, who);
    shot_make(&shot, job->signers ? &job->signers[who] : &stranger, s->size, s->seed, class_index,
              number);
    shot_draw(desk->rgb, job->landmarks ? job->landmarks + index * HAND_JOINTS : NULL, &shot,
              &desk->studio);
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

static bool open_desk(void **tools, const void *shared, asl_error *err)
{
    const struct job *job = shared;
    const int size = job->settings->size;
    const size_t pixels = (size_t)size * (size_t)size;
    struct desk *desk = *tools = cli_alloc(1, sizeof *desk);
    (void)err;
    desk->rgb = cli_alloc(pixels, 3);
    desk->studio = (struct studio){.size = size,
                                   .curve = job->curve,
                                   .light = cli_alloc(pixels, 3 * sizeof(float)),
                                   .behind = cli_alloc(pixels, 3 * sizeof(float)),
                                   .scratch = cli_alloc(1, render_scratch_size(size, size))};
    return true;
}

static void close_desk(void *tools)
{
    struct desk *desk = tools;
    free(desk->studio.scratch);
    free(desk->studio.behind);
    free(desk->studio.light);
    free(desk->rgb);
    free(desk);
}

int produce_pictures(struct landmark *landmarks, struct sheet *sheet, const struct settings *s)
{
    struct job job = {.settings = s, .landmarks = landmarks, .sheet = sheet};

    if (s->signers > 0)
        job.signers = cli_alloc((size_t)s->signers, sizeof *job.signers);
    for (int i = 0; i < s->signers; i++)
        make_signer(&job.signers[i], s, i);
    job.curve = cli_alloc(1, sizeof *job.curve);
    film_curve_make(job.curve);
    const int code = crew_run(&(const crew_work){.label = "drawing",
                                                 .count = (int64_t)POSE_CLASSES * s->per_class,
                                                 .threads = s->threads,
                                                 .shared = &job,
                                                 .open = open_desk,
                                                 .make = make_picture,
                                                 .close = close_desk});
    free(job.curve);
    free(job.signers);
    return code;
}
