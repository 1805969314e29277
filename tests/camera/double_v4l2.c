/* SPDX-License-Identifier: MIT */
/* The camera double's side of V4L2. See double.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "double.h"

static const uint32_t sizes[][2] = {{640, 480}, {320, 240}};

enum { SIZES = sizeof sizes / sizeof *sizes };

/* ---- What it is and offers ---- */

static int query_capability(const struct camera_double *camera, struct v4l2_capability *c,
                            bool metadata)
{
    memset(c, 0, sizeof *c);
    snprintf((char *)c->driver, sizeof c->driver, "double");
    snprintf((char *)c->card, sizeof c->card, "%s", camera->name);
    snprintf((char *)c->bus_info, sizeof c->bus_info, "usb-double-1");
    c->version = 0x060000;
    c->device_caps = metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE;
    c->device_caps |= V4L2_CAP_STREAMING;
    c->capabilities = c->device_caps | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static bool offers(const struct camera_double *camera, uint32_t fourcc)
{
    for (int i = 0; i < camera->format_count; i++)
        if (camera->formats[i] == fourcc)
            return true;
    return false;
}

static int list_formats(const struct camera_double *camera, struct v4l2_fmtdesc *f)
{
    if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || f->index >= (uint32_t)camera->format_count)
        return EINVAL;
    f->pixelformat = camera->formats[f->index];
    f->flags = f->pixelformat == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
    return 0;
}

static int list_sizes(const struct camera_double *camera, struct v4l2_frmsizeenum *f)
{
    if (!offers(camera, f->pixel_format) || f->index >= SIZES)
        return EINVAL;
    f->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    f->discrete.width = sizes[f->index][0];
    f->discrete.height = sizes[f->index][1];
    return 0;
}

/* Like most webcams, slow at large sizes that are not compressed. */
static double best_rate(const struct camera_double *camera, uint32_t fourcc, uint32_t width)
{
    const bool slow = camera->format_count > 1 && fourcc != V4L2_PIX_FMT_MJPEG && width > 320;
    return slow ? 10.0 : camera->fps;
}

static int list_rates(const struct camera_double *camera, struct v4l2_frmivalenum *f)
{
    if (!offers(camera, f->pixel_format) || f->index >= 1)
        return EINVAL;
    f->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    f->discrete.numerator = 1000;
    f->discrete.denominator = (uint32_t)(1000.0 * best_rate(camera, f->pixel_format, f->width));
    return 0;
}

static uint32_t size_image(uint32_t fourcc, uint32_t width, uint32_t height)
{
    return fourcc == V4L2_PIX_FMT_NV12 ? width * height * 3 / 2 : width * height * 2;
}

static int describe_format(const struct camera_double *camera, struct v4l2_format *f)
{
    if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return EINVAL;
    struct v4l2_pix_format *p = &f->fmt.pix;
    *p = (struct v4l2_pix_format){.width = camera->width,
                                  .height = camera->height,
                                  .pixelformat = camera->fourcc,
                                  .field = V4L2_FIELD_NONE,
                                  .colorspace = V4L2_COLORSPACE_SRGB};
    p->bytesperline = p->pixelformat == V4L2_PIX_FMT_YUYV   ? 2 * p->width
                      : p->pixelformat == V4L2_PIX_FMT_NV12 ? p->width
                                                            : 0;
    p->sizeimage = size_image(p->pixelformat, p->width, p->height);
    return 0;
}

/* The nearest format there is; `keep` makes it the camera's own. */
static int choose_format(struct camera_double *camera, struct v4l2_format *f, uint64_t owner,
                         bool keep)
{
    struct camera_double chosen = {.fourcc = camera->formats[0]};
    if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return EINVAL;
    if (keep && camera->buffer_count > 0)
        return EBUSY;
    if (keep && camera->owner && camera->owner != owner)
        return EBUSY;
    if (offers(camera, f->fmt.pix.pixelformat))
        chosen.fourcc = f->fmt.pix.pixelformat;
    const bool small = f->fmt.pix.width <= 480;
    chosen.width = sizes[small][0];
    chosen.height = sizes[small][1];
    if (keep) {
        camera->fourcc = chosen.fourcc;
        camera->width = chosen.width;
        camera->height = chosen.height;
    }
    return describe_format(&chosen, f);
}

static int set_rate(const struct camera_double *camera, struct v4l2_streamparm *p)
{
    if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return EINVAL;
    p->parm.capture = (struct v4l2_captureparm){.capability = V4L2_CAP_TIMEPERFRAME};
    p->parm.capture.timeperframe.numerator = 1000;
    p->parm.capture.timeperframe.denominator =
        (uint32_t)(1000.0 * best_rate(camera, camera->fourcc, camera->width));
    return 0;
}

/* ---- Buffers ---- */

static void drop_buffers(struct camera_double *camera)
{
    for (int i = 0; i < DOUBLE_BUFFERS; i++)
        camera->buffers[i].state = BUFFER_IDLE;
    camera->broken = false; /* a new start heals it */
    camera->event_waiting = false;
}

static int request_buffers(struct camera_double *camera, struct v4l2_requestbuffers *r,
                           uint64_t owner)
{
    if (r->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || r->memory != V4L2_MEMORY_MMAP)
        return EINVAL;
    if (camera->owner && camera->owner != owner)
        return EBUSY;
    if (double_strikes(&camera->refused))
        return EIO;
    drop_buffers(camera);
    camera->streaming = false;
    if (r->count > DOUBLE_BUFFERS)
        r->count = DOUBLE_BUFFERS;
    camera->buffer_count = (int)r->count;
    camera->owner = r->count ? owner : 0;
    for (int i = 0; i < camera->buffer_count; i++)
        camera->buffers[i].info = (struct v4l2_buffer){
            .index = (uint32_t)i,
            .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
            .memory = V4L2_MEMORY_MMAP,
            .m.offset = (uint32_t)i * DOUBLE_SLOT,
            .length = size_image(camera->fourcc, camera->width, camera->height)};
    return 0;
}

static struct double_buffer *find_buffer(struct camera_double *camera, const struct v4l2_buffer *b,
                                         uint64_t owner)
{
    const bool ok = camera->owner == owner && b->index < (uint32_t)camera->buffer_count;
    return ok ? &camera->buffers[b->index] : NULL;
}

static int queue(struct camera_double *camera, struct v4l2_buffer *b, uint64_t owner)
{
    struct double_buffer *buffer = find_buffer(camera, b, owner);
    if (!buffer || buffer->state != BUFFER_IDLE)
        return EINVAL;
    buffer->state = BUFFER_QUEUED;
    buffer->turn = camera->turns++;
    return 0;
}

/* The buffer that has been in a state for longest, or -1. */
static int oldest(const struct camera_double *camera, int state)
{
    int found = -1;
    for (int i = 0; i < camera->buffer_count; i++)
        if ((int)camera->buffers[i].state == state &&
            (found < 0 || camera->buffers[i].turn < camera->buffers[found].turn))
            found = i;
    return found;
}

static int dequeue(struct camera_double *camera, struct v4l2_buffer *b, uint64_t owner)
{
    const int i = oldest(camera, BUFFER_DONE);
    if (camera->owner != owner || !camera->streaming)
        return EINVAL;
    if (camera->broken || double_strikes(&camera->eio))
        return EIO;
    if (i < 0)
        return EAGAIN;
    camera->buffers[i].state = BUFFER_IDLE;
    *b = camera->buffers[i].info;
    return 0;
}

static int stream_on(struct camera_double *camera, uint64_t owner)
{
    if (camera->owner != owner || camera->buffer_count == 0)
        return EINVAL;
    camera->streaming = true;
    printf("streamon %ux%u\n", camera->width, camera->height);
    return 0;
}

static int stream_off(struct camera_double *camera, uint64_t owner)
{
    if (camera->owner != owner)
        return EBUSY;
    if (camera->streaming)
        printf("streamoff\n");
    camera->streaming = false;
    drop_buffers(camera);
    return 0;
}

void double_release(struct camera_double *camera, uint64_t owner)
{
    if (camera->owner != owner)
        return;
    stream_off(camera, owner);
    camera->buffer_count = 0;
    camera->owner = 0;
}

/* ---- Calls ---- */

static int subscribe(struct camera_double *camera, const struct v4l2_event_subscription *s)
{
    if (s->type != V4L2_EVENT_SOURCE_CHANGE)
        return EINVAL;
    camera->event_wanted = true;
    return 0;
}

static int next_event(struct camera_double *camera, struct v4l2_event *e)
{
    if (!camera->event_waiting)
        return ENOENT;
    camera->event_waiting = false;
    *e = (struct v4l2_event){.type = V4L2_EVENT_SOURCE_CHANGE};
    return 0;
}

static int query_buffer(struct camera_double *camera, struct v4l2_buffer *b, uint64_t owner)
{
    const struct double_buffer *buffer = find_buffer(camera, b, owner);
    if (!buffer)
        return EINVAL;
    *b = buffer->info;
    return 0;
}

int double_ioctl(struct camera_double *camera, unsigned request, void *argument, uint64_t owner,
                 bool metadata)
{
    if (camera->unplugged)
        return ENODEV;
    if (request == VIDIOC_QUERYCAP)
        return query_capability(camera, argument, metadata);
    if (metadata)
        return ENOTTY;
    switch (request) {
    case VIDIOC_ENUM_FMT:
        return list_formats(camera, argument);
    case VIDIOC_ENUM_FRAMESIZES:
        return list_sizes(camera, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return list_rates(camera, argument);
    case VIDIOC_G_FMT:
        return describe_format(camera, argument);
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT:
        return choose_format(camera, argument, owner, request == VIDIOC_S_FMT);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
        return set_rate(camera, argument);
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_REQBUFS:
        return request_buffers(camera, argument, owner);
    case VIDIOC_QUERYBUF:
        return query_buffer(camera, argument, owner);
    case VIDIOC_QBUF:
        return queue(camera, argument, owner);
    case VIDIOC_DQBUF:
        return dequeue(camera, argument, owner);
    case VIDIOC_STREAMON:
        return stream_on(camera, owner);
    case VIDIOC_STREAMOFF:
        return stream_off(camera, owner);
    case VIDIOC_SUBSCRIBE_EVENT:
        return subscribe(camera, argument);
    case VIDIOC_DQEVENT:
        return next_event(camera, argument);
    default:
        return ENOTTY;
    }
}

unsigned double_poll(const struct camera_double *camera)
{
    if (camera->unplugged)
        return POLLERR | POLLHUP;
    if (!camera->streaming || camera->broken || camera->eio < 0)
        return POLLERR;
    unsigned events = camera->event_waiting ? POLLPRI : 0;
    if (oldest(camera, BUFFER_DONE) >= 0 || camera->eio > 0)
        events |= POLLIN | POLLRDNORM;
    return events;
}

/* ---- Frames ---- */

static void damage(struct camera_double *camera, struct v4l2_buffer *b, uint8_t *data)
{
    b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    if (double_strikes(&camera->flagged))
        b->flags |= V4L2_BUF_FLAG_ERROR;
    if (double_strikes(&camera->cut))
        b->bytesused /= 2;
    if (double_strikes(&camera->empty))
        b->bytesused = 0;
    if (double_strikes(&camera->garbled))
        for (uint32_t i = 0; i < b->bytesused; i++)
            data[i] = (uint8_t)(i * i + 7 * i);
}

int double_expose(struct camera_double *camera)
{
    struct timespec now;

    if (!camera->streaming)
        return -1;
    double_play_faults(camera);
    camera->frame++;
    const uint32_t sequence = camera->sequence++;
    const int i = oldest(camera, BUFFER_QUEUED);
    if (i < 0 || camera->stalled || camera->broken || camera->unplugged || camera->eio != 0)
        return -1;
    struct v4l2_buffer *b = &camera->buffers[i].info;
    uint8_t *data = camera->memory + b->m.offset;
    /* A new format: nothing was drawn ahead. */
    if (!double_is_drawn(camera, camera->fourcc, camera->width, camera->height))
        double_draw(camera, camera->fourcc, camera->width, camera->height);
    clock_gettime(CLOCK_MONOTONIC, &now);
    memcpy(data, camera->picture, camera->picture_size);
    b->bytesused = (uint32_t)camera->picture_size;
    b->sequence = sequence;
    b->timestamp.tv_sec = now.tv_sec;
    b->timestamp.tv_usec = now.tv_nsec / 1000;
    b->field = V4L2_FIELD_NONE;
    damage(camera, b, data);
    return i;
}

void double_finish(struct camera_double *camera, int buffer)
{
    if (camera->buffers[buffer].state != BUFFER_QUEUED || !camera->streaming)
        return;
    camera->buffers[buffer].state = BUFFER_DONE;
    camera->buffers[buffer].turn = camera->turns++;
}
