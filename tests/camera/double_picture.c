/* SPDX-License-Identifier: MIT */
/* What the camera double sees. See double.h. */
#include <stdlib.h>
#include <string.h>

#include "asl/image.h"
#include "double.h"

static const uint8_t quarters[4][3] = {
    {200, 40, 40}, {40, 180, 60}, {50, 70, 210}, {120, 120, 120}};

static const uint8_t *color_at(const struct camera_double *camera, uint32_t x, uint32_t y)
{
    const asl_image_view *scene = &camera->scene_view;
    const uint32_t width = camera->picture_width, height = camera->picture_height;
    if (scene->width > 0)
        return scene->pixels + y * (uint32_t)scene->height / height * scene->stride +
               x * (uint32_t)scene->width / width * 3;
    return quarters[(x >= width / 2) + 2 * (y >= height / 2)];
}

static uint8_t luma(const uint8_t *c)
{
    return (uint8_t)(16.5 + 0.257 * c[0] + 0.504 * c[1] + 0.098 * c[2]);
}

static uint8_t blue(const uint8_t *c)
{
    return (uint8_t)(128.5 - 0.148 * c[0] - 0.291 * c[1] + 0.439 * c[2]);
}

static uint8_t red(const uint8_t *c)
{
    return (uint8_t)(128.5 + 0.439 * c[0] - 0.368 * c[1] - 0.071 * c[2]);
}

static size_t draw_yuyv(const struct camera_double *camera, uint8_t *data)
{
    const uint32_t width = camera->picture_width, height = camera->picture_height;
    uint8_t *to = data;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            const uint8_t *c = color_at(camera, x, y);
            *to++ = luma(c);
            *to++ = x % 2 ? red(c) : blue(c);
        }
    }
    return (size_t)(to - data);
}

static size_t draw_nv12(const struct camera_double *camera, uint8_t *data)
{
    const uint32_t width = camera->picture_width, height = camera->picture_height;
    uint8_t *to = data;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            *to++ = luma(color_at(camera, x, y));
    for (uint32_t y = 0; y < height; y += 2) {
        for (uint32_t x = 0; x < width; x += 2) {
            *to++ = blue(color_at(camera, x, y));
            *to++ = red(color_at(camera, x, y));
        }
    }
    return (size_t)(to - data);
}

/* Take out the segments with Huffman tables, as cameras do. */
static size_t strip_tables(uint8_t *data, size_t size)
{
    size_t at = 2;
    while (at + 4 <= size && data[at + 1] != 0xda) {
        const size_t length = 2 + ((size_t)data[at + 2] << 8 | data[at + 3]);
        if (data[at + 1] == 0xc4) {
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
        } else {
            at += length;
        }
    }
    return size;
}

static size_t draw_mjpeg(const struct camera_double *camera, uint8_t *data)
{
    const uint32_t width = camera->picture_width, height = camera->picture_height;
    asl_image *image = NULL;
    void *file = NULL;
    size_t size = 0;

    if (asl_image_create(&image, (int32_t)width, (int32_t)height, ASL_FORMAT_RGB24, NULL) < 0)
        return 0;
    uint8_t *to = asl_image_pixels(image);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++, to += 3)
            memcpy(to, color_at(camera, x, y), 3);
    const asl_image_view view = asl_image_get_view(image);
    if (asl_image_encode(&file, &size, &view, ASL_ENCODING_JPEG, 90, NULL) >= 0 &&
        size <= DOUBLE_SLOT) {
        memcpy(data, file, size);
        size = strip_tables(data, size);
    }
    asl_free(file);
    asl_image_free(image);
    return size;
}

void double_draw(struct camera_double *camera, uint32_t fourcc, uint32_t width, uint32_t height)
{
    struct live_frame frame;
    struct live_error error;

    /* The next moment of what it sees; at the end the last one stays. */
    if (camera->scene && !camera->scene_over)
        camera->scene_over = live_source_read(&frame, camera->scene, 0, &error) != LIVE_FRAME;
    if (camera->scene && !camera->scene_over)
        camera->scene_view = frame.view;
    else if (double_is_drawn(camera, fourcc, width, height))
        return;
    camera->picture_fourcc = fourcc;
    camera->picture_width = width;
    camera->picture_height = height;
    switch (fourcc) {
    case V4L2_PIX_FMT_MJPEG:
        camera->picture_size = draw_mjpeg(camera, camera->picture);
        break;
    case V4L2_PIX_FMT_NV12:
        camera->picture_size = draw_nv12(camera, camera->picture);
        break;
    default:
        camera->picture_size = draw_yuyv(camera, camera->picture);
    }
}

bool double_is_drawn(const struct camera_double *camera, uint32_t fourcc, uint32_t width,
                     uint32_t height)
{
    return camera->picture_fourcc == fourcc && camera->picture_width == width &&
           camera->picture_height == height;
}
