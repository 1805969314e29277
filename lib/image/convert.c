/* SPDX-License-Identifier: MIT */
/* Pixel formats into one another, by integer arithmetic that is the same on every machine:
 * - YUV is BT.601 in limited range (Y 16..235, U and V 16..240), coefficients in 1/65536, rounded
 *   to nearest; the pixels that share a chroma sample all use it as it is.
 * - Grey is BT.601 luma, (19595 R + 38470 G + 7471 B) / 65536, rounded to nearest.
 * - Dropping alpha composes over black, c * a / 255, rounded to nearest. */
#include "image/convert.h"

#include <string.h>

#include "base/error.h"
#include "base/floats.h"
#include "image/image.h"

int32_t asl__packed_bytes(int32_t format)
{
    switch (format) {
    case ASL_FORMAT_RGB24:
    case ASL_FORMAT_BGR24:
        return 3;
    case ASL_FORMAT_RGBA32:
    case ASL_FORMAT_BGRA32:
        return 4;
    case ASL_FORMAT_GRAY8:
        return 1;
    default:
        return 0;
    }
}

/* Also turns R,G,B into B,G,R. */
static void rgb_from_bgr(uint8_t *rgb, const uint8_t *bgr, int32_t count)
{
    for (int32_t i = 0; i < count; i++, rgb += 3, bgr += 3) {
        rgb[0] = bgr[2];
        rgb[1] = bgr[1];
        rgb[2] = bgr[0];
    }
}

static uint8_t over_black(uint8_t value, uint8_t alpha)
{
    return (uint8_t)((value * alpha + 127) / 255);
}

/* `red` is the place of red among the four bytes, 0 or 2; blue has the other one. */
static void rgb_from_alpha(uint8_t *rgb, const uint8_t *pixel, int32_t red, int32_t count)
{
    for (int32_t i = 0; i < count; i++, rgb += 3, pixel += 4) {
        rgb[0] = over_black(pixel[red], pixel[3]);
        rgb[1] = over_black(pixel[1], pixel[3]);
        rgb[2] = over_black(pixel[2 - red], pixel[3]);
    }
}

static void rgb_from_gray(uint8_t *rgb, const uint8_t *gray, int32_t count)
{
    for (int32_t i = 0; i < count; i++, rgb += 3)
        rgb[0] = rgb[1] = rgb[2] = gray[i];
}

static uint8_t from_fixed(int32_t value)
{
    const int32_t rounded = value + 32768;
    if (rounded < 0)
        return 0;
    return rounded >> 16 > 255 ? 255 : (uint8_t)(rounded >> 16);
}

static void rgb_from_yuv(uint8_t *rgb, int32_t y, int32_t u, int32_t v)
{
    const int32_t light = 76309 * (y - 16); /* 255/219 */
    rgb[0] = from_fixed(light + 104597 * (v - 128));
    rgb[1] = from_fixed(light - 25675 * (u - 128) - 53279 * (v - 128));
    rgb[2] = from_fixed(light + 132201 * (u - 128));
}

static void rgb_from_yuyv(uint8_t *rgb, const uint8_t *row, int32_t x, int32_t count)
{
    for (int32_t i = x; i < x + count; i++, rgb += 3) {
        const uint8_t *pair = row + (size_t)(i / 2) * 4;
        rgb_from_yuv(rgb, pair[i % 2 * 2], pair[1], pair[3]);
    }
}

/* Planar formats: chroma samples of a row lie `step` bytes apart from u and v on. */
static void rgb_from_planes(uint8_t *rgb, const uint8_t *luma, const uint8_t *u, const uint8_t *v,
                            int32_t step, int32_t x, int32_t count)
{
    for (int32_t i = x; i < x + count; i++, rgb += 3)
        rgb_from_yuv(rgb, luma[i], u[i / 2 * step], v[i / 2 * step]);
}

void asl__rgb_row(uint8_t *rgb, const asl_image_view *view, int32_t x, int32_t y, int32_t count)
{
    const uint8_t *row = view->pixels + view->stride * y;
    const uint8_t *chroma = view->pixels + view->stride * view->height;
    const int64_t half = view->stride / 2;
    switch (view->format) {
    case ASL_FORMAT_RGB24:
        memcpy(rgb, row + (size_t)x * 3, (size_t)count * 3);
        break;
    case ASL_FORMAT_BGR24:
        rgb_from_bgr(rgb, row + (size_t)x * 3, count);
        break;
    case ASL_FORMAT_RGBA32:
        rgb_from_alpha(rgb, row + (size_t)x * 4, 0, count);
        break;
    case ASL_FORMAT_BGRA32:
        rgb_from_alpha(rgb, row + (size_t)x * 4, 2, count);
        break;
    case ASL_FORMAT_GRAY8:
        rgb_from_gray(rgb, row + x, count);
        break;
    case ASL_FORMAT_YUYV:
        rgb_from_yuyv(rgb, row, x, count);
        break;
    case ASL_FORMAT_NV12:
        chroma += view->stride * (y / 2);
        rgb_from_planes(rgb, row, chroma, chroma + 1, 2, x, count);
        break;
    case ASL_FORMAT_I420:
        chroma += half * (y / 2);
        rgb_from_planes(rgb, row, chroma, chroma + half * (view->height / 2), 1, x, count);
        break;
    }
}

static void packed_from_rgb(uint8_t *out, int32_t format, const uint8_t *rgb, int32_t count)
{
    const int32_t red = format == ASL_FORMAT_BGRA32 ? 2 : 0;
    switch (format) {
    case ASL_FORMAT_RGB24:
        memcpy(out, rgb, (size_t)count * 3);
        break;
    case ASL_FORMAT_BGR24:
        rgb_from_bgr(out, rgb, count);
        break;
    case ASL_FORMAT_GRAY8:
        for (int32_t i = 0; i < count; i++, rgb += 3)
            out[i] = (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
        break;
    default:
        for (int32_t i = 0; i < count; i++, rgb += 3, out += 4) {
            out[red] = rgb[0];
            out[1] = rgb[1];
            out[2 - red] = rgb[2];
            out[3] = 255;
        }
    }
}

static void swap_red_and_blue(uint8_t *out, const uint8_t *pixel, int32_t count)
{
    for (int32_t i = 0; i < count; i++, out += 4, pixel += 4) {
        out[0] = pixel[2];
        out[1] = pixel[1];
        out[2] = pixel[0];
        out[3] = pixel[3];
    }
}

static void convert_row(uint8_t *out, int32_t format, const asl_image_view *view, int32_t x,
                        int32_t y, int32_t count)
{
    const int32_t bytes = asl__packed_bytes(format);
    /* Alpha survives only between formats that have it, so these do not pass through R,G,B. */
    if (bytes == asl__packed_bytes(view->format) && (bytes == 4 || format == view->format)) {
        const uint8_t *from = view->pixels + view->stride * y + (size_t)x * (size_t)bytes;
        if (format == view->format)
            memcpy(out, from, (size_t)count * (size_t)bytes);
        else
            swap_red_and_blue(out, from, count);
        return;
    }
    uint8_t rgb[256 * 3];
    while (count > 0) {
        const int32_t part = count < 256 ? count : 256;
        asl__rgb_row(rgb, view, x, y, part);
        packed_from_rgb(out, format, rgb, part);
        out += (size_t)part * (size_t)bytes;
        x += part;
        count -= part;
    }
}

asl_status asl_image_convert(asl_image **out, const asl_image_view *view, const asl_rect *region,
                             int32_t format, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__TRY(asl__view_check(view, region, err));
    const asl_rect all = {0, 0, view->width, view->height};
    const asl_rect area = region != NULL ? *region : all;
    ASL__TRY(asl_image_create(out, area.width, area.height, format, err));
    uint8_t *row = asl_image_pixels(*out);
    for (int32_t y = 0; y < area.height; y++) {
        convert_row(row, format, view, area.x, area.y + y, area.width);
        row += (size_t)area.width * (size_t)asl__packed_bytes(format);
    }
fail:
    return status;
}
