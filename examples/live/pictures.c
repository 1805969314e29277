/* SPDX-License-Identifier: MIT */
/* Pictures as a source: each is shown for a while, as a camera before a still hand would show it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/files.h"
#include "live/source_kind.h"

struct slides {
    char **paths;
    size_t count, capacity, next; /* to be loaded */
    asl_image *image;             /* shown now */
    int64_t ticks;                /* frames for each picture */
    int64_t left;                 /* of the picture shown now */
    int64_t tick;                 /* the next frame */
    double fps;
    struct pacer pacer;
};

static void add_path(struct slides *slides, char *path)
{
    if (slides->count == slides->capacity) {
        slides->capacity = slides->capacity ? 2 * slides->capacity : 64;
        char **more = cli_alloc(slides->capacity, sizeof *more);
        if (slides->count)
            memcpy(more, slides->paths, slides->count * sizeof *more);
        free(slides->paths);
        slides->paths = more;
    }
    slides->paths[slides->count++] = path;
}

bool source_is_picture(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 ||
                   strcasecmp(dot, ".jpeg") == 0);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && source_is_picture(entry->d_name);
}

/* Names in the order in which people count: 2 before 10. */
static int by_version(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static bool add_folder(struct slides *slides, const char *path, struct live_error *error)
{
    struct dirent **entries = NULL;
    const int found = scandir(path, &entries, is_shown, by_version);

    if (found < 0)
        return live_fail(error, CLI_BAD_INPUT, "cannot read the folder '%.120s': %s", path,
                         strerror(errno));
    for (int i = 0; i < found; i++) {
        add_path(slides, files_join(path, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    if (found == 0)
        return live_fail(error, CLI_BAD_INPUT,
                         "there is no picture (.png, .jpg, .jpeg) in the folder '%.120s'; name "
                         "one that has some",
                         path);
    return true;
}

/* What the library says of a picture, which names it only when it could not be opened. */
static void explain(struct live_error *error, const char *path, const asl_error *err)
{
    const int code = cli_exit_code(err->code);
    if (strstr(err->message, path))
        live_fail(error, code, "%s", err->message);
    else
        live_fail(error, code, "'%.120s': %.120s", path, err->message);
}

/* Load the next picture that can be. @return false, with what was wrong with the last, at the end.
 */
static bool advance(struct live_source *source, struct live_error *error)
{
    struct slides *slides = source->state;
    asl_error err = ASL_ERROR_INIT;

    asl_image_free(slides->image);
    slides->image = NULL;
    while (slides->next < slides->count) {
        const char *path = slides->paths[slides->next++];
        if (asl_image_load(&slides->image, path, NULL, &err) >= 0) {
            slides->left = slides->ticks;
            return true;
        }
        source->counts.damaged++;
        explain(error, path, &err);
        if (slides->count > 1)
            cli_error("skipping %s", error->message);
    }
    return false;
}

/* Frames that nobody had time for are dropped, but the last one of every picture is shown. */
static void catch_up(struct live_source *source)
{
    struct slides *slides = source->state;
    int64_t skip = pacer_frames_late(&slides->pacer, slides->tick, slides->fps);

    if (skip >= slides->left) {
        skip = slides->left - 1;
        pacer_forgive(&slides->pacer, frame_time(slides->tick + skip, slides->fps));
    }
    slides->tick += skip;
    slides->left -= skip;
    source->counts.dropped += skip;
}

static int read_slides(struct live_frame *frame, struct live_source *source, int timeout_ms,
                       struct live_error *error)
{
    struct slides *slides = source->state;
    struct live_error problem;

    (void)error;
    if (slides->left == 0 && !advance(source, &problem))
        return LIVE_END;
    if (!pacer_wait(&slides->pacer, frame_time(slides->tick, slides->fps), timeout_ms))
        return LIVE_TIMEOUT;
    catch_up(source);
    frame->view = asl_image_get_view(slides->image);
    frame->time_ns = slides->pacer.start + frame_time(slides->tick, slides->fps);
    frame->sequence = slides->tick++;
    slides->left--;
    return LIVE_FRAME;
}

static void pause_slides(struct live_source *source)
{
    struct slides *slides = source->state;
    pacer_pause(&slides->pacer);
}

static bool resume_slides(struct live_source *source, struct live_error *error)
{
    struct slides *slides = source->state;
    (void)error;
    pacer_resume(&slides->pacer);
    return true;
}

static void close_slides(struct live_source *source)
{
    struct slides *slides = source->state;
    asl_image_free(slides->image);
    for (size_t i = 0; i < slides->count; i++)
        free(slides->paths[i]);
    free(slides->paths);
    free(slides);
}

static bool add_all(struct slides *slides, const char *const *paths, int count,
                    struct live_error *error)
{
    for (int i = 0; i < count; i++) {
        if (!files_is_folder(paths[i]))
            add_path(slides, cli_format("%s", paths[i]));
        else if (!add_folder(slides, paths[i], error))
            return false;
    }
    return true;
}

bool source_open_pictures(struct live_source *source, const char *const *paths, int count,
                          const struct live_options *options, struct live_error *error)
{
    static const struct source_kind kind = {read_slides, pause_slides, resume_slides, close_slides};
    struct slides *slides = cli_alloc(1, sizeof *slides);

    slides->fps = options->fps;
    slides->pacer.fast = options->fast;
    slides->ticks = (int64_t)(options->picture_ms * options->fps / 1000.0 + 0.5);
    if (slides->ticks < 1)
        slides->ticks = 1;
    source->kind = &kind;
    source->state = slides;
    bool ok = add_all(slides, paths, count, error);
    if (ok && !advance(source, error)) {
        ok = false;
        if (slides->count > 1)
            live_fail(error, CLI_BAD_INPUT, "none of the %zu pictures can be read", slides->count);
    }
    if (!ok) {
        close_slides(source);
        return false;
    }
    if (slides->count == 1)
        snprintf(source->name, sizeof source->name, "%.200s", slides->paths[0]);
    else
        snprintf(source->name, sizeof source->name, "%.200s: %zu pictures", paths[0],
                 slides->count);
    return true;
}
