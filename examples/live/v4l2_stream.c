/* SPDX-License-Identifier: MIT */
/* A V4L2 stream through libv4l2: format, buffers, and the queue between us and the driver. Formats
 * that we read ourselves pass through libv4l2 untouched; it converts what else there is to RGB24.
 * See v4l2_device.h. */
#include <errno.h>
#include <libv4l2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cli.h"
#include "live/source_kind.h"
#include "live/v4l2_device.h"

static int stream_ioctl(const struct device_stream *stream, unsigned long request, void *argument)
{
    int result;
    do {
        result = v4l2_ioctl(stream->fd, request, argument);
    } while (result != 0 && errno == EINTR);
    return result;
}

static bool is_jpeg(uint32_t fourcc)
{
    return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

static int32_t pixel_size(uint32_t fourcc)
{
    return fourcc == V4L2_PIX_FMT_YUYV ? 2 : 3;
}

/* What the driver settled for is what counts, if it makes sense. */
static bool accept_format(struct device_stream *stream, const struct v4l2_pix_format *format)
{
    const int64_t row = (int64_t)format->width * pixel_size(format->pixelformat);

    if (format->width < 1 || format->height < 1 || format->width > 32768 ||
        format->height > 32768 || format->pixelformat != stream->fourcc)
        return false;
    stream->width = (int32_t)format->width;
    stream->height = (int32_t)format->height;
    stream->size_image = format->sizeimage;
    stream->stride = 0;
    if (!is_jpeg(stream->fourcc))
        stream->stride = format->bytesperline ? (int64_t)format->bytesperline : row;
    return is_jpeg(stream->fourcc) || stream->stride >= row;
}

static int set_format(struct device_stream *stream, const struct device_mode *mode)
{
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

    format.fmt.pix.width = (uint32_t)mode->width;
    format.fmt.pix.height = (uint32_t)mode->height;
    format.fmt.pix.pixelformat = mode->fourcc;
    format.fmt.pix.field = V4L2_FIELD_ANY;
    stream->fourcc = mode->fourcc;
    if (stream_ioctl(stream, VIDIOC_S_FMT, &format) != 0)
        return errno;
    return accept_format(stream, &format.fmt.pix) ? 0 : EPROTO;
}

/* Many cameras start at their slowest, and some have one rate and no such call. */
static void set_rate(struct device_stream *stream, double fps)
{
    struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_fract *interval = &parameters.parm.capture.timeperframe;

    interval->numerator = 1000;
    interval->denominator = (uint32_t)(fps * 1000.0 + 0.5);
    if (stream_ioctl(stream, VIDIOC_S_PARM, &parameters) == 0 && interval->numerator > 0)
        stream->fps = (double)interval->denominator / interval->numerator;
}

static int map_buffers(struct device_stream *stream)
{
    struct v4l2_requestbuffers request = {
        .count = STREAM_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};

    if (stream_ioctl(stream, VIDIOC_REQBUFS, &request) != 0)
        return errno;
    if (request.count < 2)
        return ENOMEM;
    while (stream->count < STREAM_BUFFERS && stream->count < (int)request.count) {
        struct v4l2_buffer buffer = {.index = (uint32_t)stream->count,
                                     .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                     .memory = V4L2_MEMORY_MMAP};
        if (stream_ioctl(stream, VIDIOC_QUERYBUF, &buffer) != 0)
            return errno;
        void *data = v4l2_mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, stream->fd,
                               buffer.m.offset);
        if (data == MAP_FAILED)
            return errno;
        stream->buffer[stream->count].data = data;
        stream->buffer[stream->count++].size = buffer.length;
        if (stream_ioctl(stream, VIDIOC_QBUF, &buffer) != 0)
            return errno;
    }
    return 0;
}

static int start(struct device_stream *stream)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    struct v4l2_event_subscription subscription = {.type = V4L2_EVENT_SOURCE_CHANGE};

    /* Webcams have no such event; whatever comes of it is fine. */
    stream_ioctl(stream, VIDIOC_SUBSCRIBE_EVENT, &subscription);
    return stream_ioctl(stream, VIDIOC_STREAMON, &type) == 0 ? 0 : errno;
}

/* Find the best mode that we can read ourselves, or let libv4l2 make RGB24 of what there is. */
static bool pick_mode(struct device_mode *mode, int fd, const char *path,
                      const struct live_options *options, struct live_error *error)
{
    struct device_mode *modes = NULL;
    const size_t count = device_modes(&modes, fd, options);
    const struct device_mode *best = device_choose(modes, count, options);

    *mode = (struct device_mode){V4L2_PIX_FMT_RGB24, options->width, options->height, 0.0};
    if (best)
        *mode = *best;
    free(modes);
    if (best || options->format == LIVE_FORMAT_AUTO)
        return true;
    return live_fail(error, CLI_NO_DEVICE,
                     "camera '%.80s' has no %s; leave the format to the program, or see "
                     "--list-cameras",
                     path, options->format == LIVE_FORMAT_MJPEG ? "MJPEG" : "YUYV");
}

/* libv4l2 reports on standard error also what is no error, as that no frame is ready yet. */
static void hush_library(void)
{
    if (!v4l2_log_file && !getenv("LIBV4L2_LOG_FILENAME"))
        v4l2_log_file = fopen("/dev/null", "we");
}

bool stream_open(struct device_stream *stream, const char *path, const struct live_options *options,
                 struct live_error *error)
{
    struct device_mode mode;
    int problem;

    hush_library();
    *stream = (struct device_stream){.fd = -1};
    const int fd = device_open(&stream->info, path);
    if (fd < 0)
        return camera_problem(error, path, "open", errno);
    if (!pick_mode(&mode, fd, path, options, error)) {
        close(fd);
        return false;
    }
    if (v4l2_fd_open(fd, 0) < 0) {
        problem = errno;
        close(fd);
        return camera_problem(error, path, "open", problem);
    }
    stream->fd = fd;
    stream->fps = mode.fps;
    problem = set_format(stream, &mode);
    if (problem == 0) {
        set_rate(stream, options->fps);
        problem = map_buffers(stream);
    }
    if (problem == 0)
        problem = start(stream);
    if (problem == 0)
        return true;
    stream_close(stream);
    return camera_problem(error, path, "start", problem);
}

int stream_take(struct device_stream *stream, struct v4l2_buffer *buffer)
{
    *buffer = (struct v4l2_buffer){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (stream_ioctl(stream, VIDIOC_DQBUF, buffer) != 0)
        return errno;
    return buffer->index < (uint32_t)stream->count ? 0 : EPROTO;
}

int stream_give(struct device_stream *stream, struct v4l2_buffer *buffer)
{
    return stream_ioctl(stream, VIDIOC_QBUF, buffer) == 0 ? 0 : errno;
}

bool stream_changed(const struct device_stream *stream)
{
    /* Not through libv4l2, which would answer from memory. */
    struct v4l2_format now = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    return device_ioctl(stream->fd, VIDIOC_G_FMT, &now) == 0 &&
           (now.fmt.pix.width != (uint32_t)stream->width ||
            now.fmt.pix.height != (uint32_t)stream->height);
}

bool stream_wants_restart(struct device_stream *stream)
{
    bool wanted = false;
    struct v4l2_event event;
    do {
        memset(&event, 0, sizeof event);
        if (stream_ioctl(stream, VIDIOC_DQEVENT, &event) != 0)
            break;
        wanted = wanted || event.type == V4L2_EVENT_SOURCE_CHANGE;
    } while (event.pending > 0);
    return wanted;
}

void stream_close(struct device_stream *stream)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    struct v4l2_requestbuffers none = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                       .memory = V4L2_MEMORY_MMAP};
    if (stream->fd < 0)
        return;
    stream_ioctl(stream, VIDIOC_STREAMOFF, &type);
    for (int i = 0; i < stream->count; i++)
        v4l2_munmap(stream->buffer[i].data, stream->buffer[i].size);
    stream_ioctl(stream, VIDIOC_REQBUFS, &none);
    v4l2_close(stream->fd);
    stream->fd = -1;
    stream->count = 0;
}
