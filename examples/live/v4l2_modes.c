/* SPDX-License-Identifier: MIT */
/* Formats, sizes and rates: what a device offers and which of it to take. See v4l2_device.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "live/v4l2_device.h"

/* A device that never ends a list is broken. */
enum { MOST_ENTRIES = 64 };

struct mode_list {
    struct device_mode *modes;
    size_t count, capacity;
    int fd;
};

const char *device_format_name(uint32_t fourcc, char *text)
{
    if (fourcc == V4L2_PIX_FMT_MJPEG)
        return strcpy(text, "MJPEG");
    for (int i = 0; i < 4; i++) {
        const char c = (char)(fourcc >> (8 * i) & 127);
        text[i] = c > ' ' && c < 127 ? c : '?';
    }
    text[4] = '\0';
    return text;
}

static double rate(struct v4l2_fract interval)
{
    return interval.numerator ? (double)interval.denominator / interval.numerator : 0.0;
}

/* The highest rate at a size; 0 when the device does not say. */
static double best_rate(int fd, uint32_t fourcc, uint32_t width, uint32_t height)
{
    double best = 0.0;
    for (uint32_t i = 0; i < MOST_ENTRIES; i++) {
        struct v4l2_frmivalenum entry = {
            .index = i, .pixel_format = fourcc, .width = width, .height = height};
        if (device_ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &entry) != 0)
            break;
        if (entry.type != V4L2_FRMIVAL_TYPE_DISCRETE)
            return rate(entry.stepwise.min);
        best = fmax(best, rate(entry.discrete));
    }
    return best;
}

static void add_mode(struct mode_list *list, uint32_t fourcc, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > 32768 || height > 32768)
        return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        struct device_mode *more = cli_alloc(list->capacity, sizeof *more);
        if (list->count)
            memcpy(more, list->modes, list->count * sizeof *more);
        free(list->modes);
        list->modes = more;
    }
    list->modes[list->count++] = (struct device_mode){fourcc, (int32_t)width, (int32_t)height,
                                                      best_rate(list->fd, fourcc, width, height)};
}

static bool fits(uint32_t value, uint32_t low, uint32_t high, uint32_t step)
{
    return value >= low && value <= high && (step == 0 || (value - low) % step == 0);
}

/* Of a range of sizes, those that people use, and the one that is wanted. */
static void add_range(struct mode_list *list, uint32_t fourcc,
                      const struct v4l2_frmsize_stepwise *s, const struct live_options *options)
{
    const uint32_t sizes[][2] = {{320, 240},
                                 {640, 480},
                                 {1280, 720},
                                 {1920, 1080},
                                 {(uint32_t)options->width, (uint32_t)options->height}};
    const size_t before = list->count, known = sizeof sizes / sizeof *sizes;

    for (size_t i = 0; i < known; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || (sizes[k][0] == sizes[i][0] && sizes[k][1] == sizes[i][1]);
        if (!again && fits(sizes[i][0], s->min_width, s->max_width, s->step_width) &&
            fits(sizes[i][1], s->min_height, s->max_height, s->step_height))
            add_mode(list, fourcc, sizes[i][0], sizes[i][1]);
    }
    if (list->count == before)
        add_mode(list, fourcc, s->max_width, s->max_height);
}

static void add_format(struct mode_list *list, uint32_t fourcc, const struct live_options *options)
{
    uint32_t i = 0;
    for (; i < MOST_ENTRIES; i++) {
        struct v4l2_frmsizeenum entry = {.index = i, .pixel_format = fourcc};
        if (device_ioctl(list->fd, VIDIOC_ENUM_FRAMESIZES, &entry) != 0)
            break;
        if (entry.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
            add_range(list, fourcc, &entry.stepwise, options);
            return;
        }
        add_mode(list, fourcc, entry.discrete.width, entry.discrete.height);
    }
    /* Old drivers have no list of sizes: ask for the wanted one and see. */
    if (i == 0)
        add_mode(list, fourcc, (uint32_t)options->width, (uint32_t)options->height);
}

size_t device_modes(struct device_mode **modes, int fd, const struct live_options *options)
{
    struct mode_list list = {.fd = fd};
    for (uint32_t i = 0; i < MOST_ENTRIES; i++) {
        struct v4l2_fmtdesc entry = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
        if (device_ioctl(fd, VIDIOC_ENUM_FMT, &entry) != 0)
            break;
        add_format(&list, entry.pixelformat, options);
    }
    *modes = list.modes;
    return list.count;
}

static bool readable(uint32_t fourcc, int32_t format)
{
    const bool jpeg = fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
    const bool yuyv = fourcc == V4L2_PIX_FMT_YUYV;
    switch (format) {
    case LIVE_FORMAT_MJPEG:
        return jpeg;
    case LIVE_FORMAT_YUYV:
        return yuyv;
    default:
        return jpeg || yuyv || fourcc == V4L2_PIX_FMT_RGB24;
    }
}

/* Octaves of pixels too many or too few count once, octaves of rate that are missing twice; all
 * else equal, pixels that were never compressed are better and cheaper. */
static double cost(const struct device_mode *mode, const struct live_options *options)
{
    const double area = (double)mode->width * mode->height;
    const double wanted = (double)options->width * options->height;
    const bool raw = mode->fourcc == V4L2_PIX_FMT_YUYV || mode->fourcc == V4L2_PIX_FMT_RGB24;
    const double slow = mode->fps > 0.0 ? fmax(log2(options->fps / mode->fps), 0.0) : 0.0;
    return fabs(log2(area / wanted)) + 2.0 * slow + (raw ? 0.0 : 0.1);
}

const struct device_mode *device_choose(const struct device_mode *modes, size_t count,
                                        const struct live_options *options)
{
    const struct device_mode *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (readable(modes[i].fourcc, options->format) &&
            (!best || cost(&modes[i], options) < cost(best, options)))
            best = &modes[i];
    return best;
}
