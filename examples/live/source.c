/* SPDX-License-Identifier: MIT */
/* Finds out what kind of source is meant, and passes calls on to it. See source.h. */
#include "live/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cli.h"
#include "live/source_kind.h"

#define SYNTH_PREFIX "synth:"

void live_options_init(struct live_options *options)
{
    *options = (struct live_options){
        .camera_folder = "/dev",
        .width = 640,
        .height = 480,
        .fps = 30.0,
        .stall_ms = 5000,
        .picture_ms = 1000,
        .letters = 2.0,
        .noise = 3.0,
    };
}

/* ---- What is meant ---- */

/* `what` says what it is when no camera has that name. */
static bool open_camera_named(struct live_source *source, const char *name, const char *what,
                              int code, const struct live_options *options,
                              struct live_error *error)
{
    char *path = source_find_camera(name, options, error);
    const bool ok = path && source_open_camera(source, path, options, error);
    free(path);
    if (!ok && error->message[0] == '\0')
        live_fail(error, code, "'%.100s' is %s; --list-cameras shows the cameras", name, what);
    return ok;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool open_file(struct live_source *source, const char *path,
                      const struct live_options *options, struct live_error *error)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return live_fail(error, CLI_BAD_INPUT, "cannot open '%.120s': %s", path,
                             strerror(errno));
        return open_camera_named(source, path, "neither a file, a folder nor a camera",
                                 CLI_BAD_INPUT, options, error);
    }
    if (S_ISDIR(info.st_mode) || source_is_picture(path))
        return source_open_pictures(source, &path, 1, options, error);
    if (!S_ISREG(info.st_mode))
        return live_fail(error, CLI_BAD_INPUT, "'%.120s' is not a regular file", path);
    return source_open_video(source, path, options, error);
}

static bool open_one(struct live_source *source, const char *spec,
                     const struct live_options *options, struct live_error *error)
{
    if (source_is_camera(spec, options) || (options->camera_only && strchr(spec, '/')))
        return source_open_camera(source, spec, options, error);
    if (options->camera_only || is_number(spec))
        return open_camera_named(source, spec, "not the name of a camera", CLI_NO_DEVICE, options,
                                 error);
    if (strncmp(spec, SYNTH_PREFIX, strlen(SYNTH_PREFIX)) == 0)
        return source_open_synth(source, spec + strlen(SYNTH_PREFIX), options, error);
    return open_file(source, spec, options, error);
}

static bool open_first_camera(struct live_source *source, const struct live_options *options,
                              struct live_error *error)
{
    char *path = source_find_camera(NULL, options, error);
    const bool ok = path && source_open_camera(source, path, options, error);
    free(path);
    return ok;
}

bool live_source_open(struct live_source **out, const char *const *specs, int count,
                      const struct live_options *options, struct live_error *error)
{
    struct live_source *source = cli_alloc(1, sizeof *source);
    bool ok = false;

    *out = NULL;
    *error = (struct live_error){0};
    if (count == 0 || (count == 1 && specs[0][0] == '\0'))
        ok = open_first_camera(source, options, error);
    else if (count == 1)
        ok = open_one(source, specs[0], options, error);
    else
        ok = source_open_pictures(source, specs, count, options, error);
    if (!ok) {
        free(source);
        return false;
    }
    *out = source;
    return true;
}

/* ---- The calls ---- */

int live_source_read(struct live_frame *frame, struct live_source *source, int timeout_ms,
                     struct live_error *error)
{
    *error = (struct live_error){0};
    *frame = (struct live_frame){0};
    if (source->paused) {
        live_sleep((int64_t)timeout_ms * 1000000);
        return LIVE_TIMEOUT;
    }
    const int result = source->kind->read(frame, source, timeout_ms, error);
    if (result == LIVE_FRAME)
        source->counts.frames++;
    return result;
}

void live_source_pause(struct live_source *source)
{
    if (!source->paused)
        source->kind->pause(source);
    source->paused = true;
}

bool live_source_resume(struct live_source *source, struct live_error *error)
{
    *error = (struct live_error){0};
    if (source->paused && !source->kind->resume(source, error))
        return false;
    source->paused = false;
    return true;
}

const char *live_source_name(const struct live_source *source)
{
    return source->name;
}

struct live_counts live_source_counts(const struct live_source *source)
{
    return source->counts;
}

void live_source_close(struct live_source *source)
{
    if (!source)
        return;
    source->kind->close(source);
    free(source);
}
