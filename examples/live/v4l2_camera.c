/* SPDX-License-Identifier: MIT */
/* A camera as a source: the newest frame wins, and faults pass as far as they can be borne. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/source_kind.h"
#include "live/v4l2_device.h"

/* So many failures in a row mean that the stream is broken. */
enum { MOST_FAILURES = 4 };

#define PAUSE_AFTER_FAILURE 10000000 /* ns */

struct camera {
    char *path;
    struct live_options options;
    struct device_stream stream;
    asl_image *image;     /* what the last frame showed */
    int64_t last_good;    /* when it came, or the stream was started */
    int64_t damaged_then; /* counts.damaged at that time */
    int failures;         /* in a row */
    bool fresh;           /* no good frame since the last start */
    int64_t sequence;     /* of the next frame */
    uint32_t driver_next; /* the driver's own number for it */
};

/* ---- Start and stop ---- */

static void name_camera(struct live_source *source)
{
    const struct camera *camera = source->state;
    const struct device_stream *s = &camera->stream;
    char format[6], rate[32] = "";

    if (s->fps > 0.0)
        snprintf(rate, sizeof rate, ", %.0f frames/s", s->fps);
    snprintf(source->name, sizeof source->name, "%s (%.120s): %dx%d %s%s", s->info.name,
             camera->path, (int)s->width, (int)s->height, device_format_name(s->fourcc, format),
             rate);
}

static bool start(struct live_source *source, struct live_error *error)
{
    struct camera *camera = source->state;
    if (!stream_open(&camera->stream, camera->path, &camera->options, error))
        return false;
    name_camera(source);
    camera->last_good = live_clock();
    camera->damaged_then = source->counts.damaged;
    camera->failures = 0;
    camera->fresh = true;
    camera->driver_next = 0;
    return true;
}

static void pause_camera(struct live_source *source)
{
    struct camera *camera = source->state;
    stream_close(&camera->stream);
}

static bool resume_camera(struct live_source *source, struct live_error *error)
{
    return start(source, error);
}

static void close_camera(struct live_source *source)
{
    struct camera *camera = source->state;
    stream_close(&camera->stream);
    asl_image_free(camera->image);
    free(camera->path);
    free(camera);
}

/* ---- Faults ---- */

static int unplugged(const struct camera *camera, struct live_error *error)
{
    live_fail(error, CLI_NO_DEVICE, "camera '%s' (%.80s) was unplugged; plug it in and start anew",
              camera->stream.info.name, camera->path);
    return LIVE_END;
}

static int restart(struct live_source *source, struct live_error *error)
{
    struct camera *camera = source->state;
    const struct device_info info = camera->stream.info;

    stream_close(&camera->stream);
    source->counts.restarts++;
    if (start(source, error))
        return LIVE_TIMEOUT;
    camera->stream.info = info;
    return access(camera->path, F_OK) != 0 ? unplugged(camera, error) : LIVE_ERROR;
}

/* A driver that fails once may go on; one that keeps failing gets one new start. */
static int fail_once(struct live_source *source, int problem, struct live_error *error)
{
    struct camera *camera = source->state;

    if (problem == ENODEV || problem == ENXIO)
        return unplugged(camera, error);
    source->counts.damaged++;
    if (++camera->failures < MOST_FAILURES) {
        live_sleep(PAUSE_AFTER_FAILURE);
        return LIVE_TIMEOUT;
    }
    if (!camera->fresh)
        return restart(source, error);
    live_fail(error, CLI_FAILED,
              "camera '%s' (%.80s) keeps failing: %s; unplug it, plug it in and start anew",
              camera->stream.info.name, camera->path, strerror(problem));
    return LIVE_ERROR;
}

/* Nothing to show for too long. */
static int check_stall(const struct live_source *source, struct live_error *error)
{
    const struct camera *camera = source->state;
    const int64_t damaged = source->counts.damaged - camera->damaged_then;
    const char *name = camera->stream.info.name;
    const double seconds = camera->options.stall_ms / 1000.0;

    if (live_clock() - camera->last_good < (int64_t)camera->options.stall_ms * 1000000)
        return LIVE_TIMEOUT;
    if (damaged > 0)
        live_fail(error, CLI_FAILED,
                  "camera '%s' (%.80s) sent only damaged pictures (%lld) for %g s; try another "
                  "cable, socket or format",
                  name, camera->path, (long long)damaged, seconds);
    else
        live_fail(error, CLI_FAILED,
                  "camera '%s' (%.80s) sent no picture for %g s; unplug it, plug it in and start "
                  "anew",
                  name, camera->path, seconds);
    return LIVE_ERROR;
}

/* ---- Frames ---- */

/* When a picture was taken, as the driver says, if that can be true. */
static int64_t stamp(const struct v4l2_buffer *buffer)
{
    const int64_t now = live_clock();
    const int64_t taken =
        (int64_t)buffer->timestamp.tv_sec * 1000000000 + (int64_t)buffer->timestamp.tv_usec * 1000;
    const bool monotonic =
        (buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return monotonic && taken <= now && now - taken < 1000000000 ? taken : now;
}

static void count_gap(struct live_source *source, uint32_t number)
{
    struct camera *camera = source->state;
    const uint32_t gap = number - camera->driver_next;
    /* Some drivers do not count, and counters wrap. */
    if (!camera->fresh && number > camera->driver_next && gap < 1000) {
        camera->sequence += gap;
        source->counts.dropped += gap;
    }
    camera->driver_next = number + 1;
}

/* Take all that is ready, keep the newest that is whole. @return 0, or why there is none. */
static int take_newest(struct v4l2_buffer *newest, struct live_source *source)
{
    struct camera *camera = source->state;
    struct v4l2_buffer buffer;
    bool found = false;
    int problem;

    while ((problem = stream_take(&camera->stream, &buffer)) == 0) {
        count_gap(source, buffer.sequence);
        const size_t size = camera->stream.buffer[buffer.index].size;
        if (buffer.flags & V4L2_BUF_FLAG_ERROR || buffer.bytesused == 0 ||
            buffer.bytesused > size) {
            source->counts.damaged++;
            camera->sequence++;
            problem = stream_give(&camera->stream, &buffer);
        } else {
            if (found) {
                source->counts.dropped++;
                camera->sequence++;
                problem = stream_give(&camera->stream, newest);
            }
            *newest = buffer;
            found = true;
        }
        if (problem != 0)
            break;
    }
    /* What went wrong after a good frame comes up again, or does not matter. */
    return found ? 0 : problem;
}

static bool show(struct live_frame *frame, struct live_source *source,
                 const struct v4l2_buffer *buffer)
{
    struct camera *camera = source->state;
    const uint8_t *data = camera->stream.buffer[buffer->index].data;
    asl_image *image = picture_read(&camera->stream, data, buffer->bytesused);

    frame->sequence = camera->sequence++;
    if (!image) {
        source->counts.damaged++;
        return false;
    }
    asl_image_free(camera->image);
    camera->image = image;
    frame->view = asl_image_get_view(image);
    frame->time_ns = stamp(buffer);
    camera->last_good = live_clock();
    camera->damaged_then = source->counts.damaged;
    camera->failures = 0;
    camera->fresh = false;
    return true;
}

/* Look at what is ready once. LIVE_TIMEOUT: nothing to show yet. */
static int look(struct live_frame *frame, struct live_source *source, short events,
                struct live_error *error)
{
    struct camera *camera = source->state;
    struct v4l2_buffer buffer;

    if (events & POLLPRI && stream_wants_restart(&camera->stream))
        return restart(source, error);
    int problem = take_newest(&buffer, source);
    if (problem == EAGAIN && !(events & (POLLERR | POLLHUP)))
        return LIVE_TIMEOUT;
    if (problem != 0)
        return fail_once(source, problem == EAGAIN ? EIO : problem, error);
    const bool shown = show(frame, source, &buffer);
    problem = stream_give(&camera->stream, &buffer);
    if (shown)
        return LIVE_FRAME; /* a failure shows up again at the next call */
    if (problem != 0)
        return fail_once(source, problem, error);
    return stream_changed(&camera->stream) ? restart(source, error) : LIVE_TIMEOUT;
}

static int read_camera(struct live_frame *frame, struct live_source *source, int timeout_ms,
                       struct live_error *error)
{
    struct camera *camera = source->state;
    const int64_t deadline = live_clock() + (int64_t)timeout_ms * 1000000;

    for (;;) {
        const int64_t left = (deadline - live_clock() + 999999) / 1000000;
        struct pollfd ready = {.fd = camera->stream.fd, .events = POLLIN | POLLPRI};
        const int count = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (count < 0 && errno == EINTR)
            return LIVE_TIMEOUT;
        int result = count > 0 ? look(frame, source, ready.revents, error) : LIVE_TIMEOUT;
        if (result == LIVE_TIMEOUT)
            result = check_stall(source, error);
        if (result != LIVE_TIMEOUT || live_clock() >= deadline)
            return result;
    }
}

bool source_open_camera(struct live_source *source, const char *path,
                        const struct live_options *options, struct live_error *error)
{
    static const struct source_kind kind = {read_camera, pause_camera, resume_camera, close_camera};
    struct camera *camera = cli_alloc(1, sizeof *camera);

    camera->path = cli_format("%s", path);
    camera->options = *options;
    source->kind = &kind;
    source->state = camera;
    if (start(source, error))
        return true;
    free(camera->path);
    free(camera);
    return false;
}
