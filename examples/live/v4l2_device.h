/* SPDX-License-Identifier: MIT */
/* V4L2 from the inside: what a device is and offers, its stream of buffers, and what went wrong
 * with it, in words. The policy (which faults are forgiven, how often) is in v4l2_camera.c. */
#ifndef EXAMPLES_LIVE_V4L2_DEVICE_H
#define EXAMPLES_LIVE_V4L2_DEVICE_H

#include <linux/videodev2.h>
#include <stddef.h>

#include "live/source.h"

/* ---- Devices (v4l2_list.c) ---- */

struct device_info {
    char name[33]; /* "HD Webcam C525" */
    char bus[33];
};

/* Open a node and ask what it is. @return a descriptor, or -1 with errno: ENOTTY or EINVAL when it
 * is no V4L2 device, ENOTSUP when it is one that captures no pictures (a metadata node, a radio).
 */
int device_open(struct device_info *info, const char *path);
/* ioctl() that is not ended by signals. */
int device_ioctl(int fd, unsigned long request, void *argument);

/* ---- What a device offers (v4l2_modes.c) ---- */

struct device_mode {
    uint32_t fourcc;
    int32_t width, height;
    double fps; /* the highest; 0 is unknown */
};

/* Every format and size of the device itself; free() them. */
size_t device_modes(struct device_mode **modes, int fd, const struct live_options *options);
/* The mode that serves the options best, or NULL when none can be read without libv4l2. */
const struct device_mode *device_choose(const struct device_mode *modes, size_t count,
                                        const struct live_options *options);
/* "MJPEG", or the four characters; `text` holds 6 bytes and is returned. */
const char *device_format_name(uint32_t fourcc, char *text);

/* ---- The stream (v4l2_stream.c) ---- */

enum { STREAM_BUFFERS = 4 };

struct device_stream {
    int fd; /* -1 when closed */
    struct device_info info;
    uint32_t fourcc;
    int32_t width, height;
    int64_t stride;      /* bytes a row; 0 for JPEG */
    uint32_t size_image; /* as the driver reported it */
    double fps;          /* 0 is unknown */
    int count;           /* of buffers */
    struct stream_buffer {
        uint8_t *data;
        size_t size;
    } buffer[STREAM_BUFFERS];
};

/* Open the device, agree on a format, and start. On failure the stream is closed. */
bool stream_open(struct device_stream *stream, const char *path, const struct live_options *options,
                 struct live_error *error);
/* The next filled buffer. @return 0 or an errno value: EAGAIN when none is ready. */
int stream_take(struct device_stream *stream, struct v4l2_buffer *buffer);
/* Hand a buffer back to the driver. @return 0 or an errno value. */
int stream_give(struct device_stream *stream, struct v4l2_buffer *buffer);
/* Whether the driver now says another format than when the stream was opened. */
bool stream_changed(const struct device_stream *stream);
/* Whether an event is waiting that asks for a new start; takes all events. */
bool stream_wants_restart(struct device_stream *stream);
void stream_close(struct device_stream *stream);

/* ---- Pictures (v4l2_picture.c) ---- */

/* Bytes of a frame to RGB24. @return NULL when they are damaged or too few. */
asl_image *picture_read(const struct device_stream *stream, const uint8_t *data, size_t size);

/* ---- Faults in words (v4l2_problem.c) ---- */

/* Say what `problem` (an errno value) of a camera means and what to do. `doing` is what failed, as
 * "start". Always false. */
bool camera_problem(struct live_error *error, const char *path, const char *doing, int problem);

#endif /* EXAMPLES_LIVE_V4L2_DEVICE_H */
