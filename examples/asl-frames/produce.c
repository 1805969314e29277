/* SPDX-License-Identifier: MIT */
/* See produce.h. */
#include "produce.h"

#include <stdlib.h>
#include <string.h>

#include "asl/image.h"
#include "common/cli.h"
#include "common/crew.h"
#include "common/files.h"
#include "contact.h"
#include "hand/render.h"

enum { JPEG_QUALITY = 92 };

/* What all threads share. */
struct job {
    const struct settings *settings;
    struct frame_plan plan;
    struct frame *frames;
    struct contact *contact; /* or NULL */
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

static bool make_frame(void *tools, void *shared, int64_t index, asl_error *err)
{
    const struct studio *studio = tools;
    const struct job *job = shared;
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

static bool open_studio(void **tools, const void *shared, asl_error *err)
{
    const int size = ((const struct job *)shared)->plan.size;
    const size_t pixels = (size_t)size * (size_t)size;
    struct studio *studio = *tools = cli_alloc(1, sizeof *studio);
    (void)err;
    studio->rgb = cli_alloc(pixels, 3);
    studio->light = cli_alloc(pixels, 3 * sizeof(float));
    studio->behind = cli_alloc(pixels, 3 * sizeof(float));
    studio->scratch = cli_alloc(1, render_scratch_size(size, size));
    return true;
}

static void close_studio(void *tools)
{
    struct studio *studio = tools;
    free(studio->scratch);
    free(studio->behind);
    free(studio->light);
    free(studio->rgb);
    free(studio);
}

int produce_frames(struct frame *frames, const struct settings *s, const struct album *album)
{
    struct job job = {.settings = s, .frames = frames};
    struct signer *signers = cli_alloc((size_t)s->signers, sizeof *signers);
    struct film_curve *curve = cli_alloc(1, sizeof *curve);

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
    int code = crew_run(&(const crew_work){.label = "drawing",
                                           .count = s->count,
                                           .threads = s->threads,
                                           .shared = &job,
                                           .open = open_studio,
                                           .make = make_frame,
                                           .close = close_studio});
    if (code == CLI_OK && job.contact)
        code = contact_write(job.contact, s->contact);
    contact_free(job.contact);
    free(curve);
    free(signers);
    return code;
}
