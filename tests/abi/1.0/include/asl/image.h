/* SPDX-License-Identifier: MIT */
#ifndef ASL_IMAGE_H
#define ASL_IMAGE_H

#include "asl/base.h"

ASL_BEGIN_DECLS

enum {
    ASL_FORMAT_RGB24 = 0,
    ASL_FORMAT_BGR24 = 1,
    ASL_FORMAT_RGBA32 = 2,
    ASL_FORMAT_BGRA32 = 3,
    ASL_FORMAT_GRAY8 = 4,
    ASL_FORMAT_YUYV = 5,
    ASL_FORMAT_NV12 = 6,
    ASL_FORMAT_I420 = 7
};

typedef struct asl_image_view {
    const uint8_t *pixels;
    int32_t width;
    int32_t height;
    int64_t stride;
    int32_t format;
    int32_t reserved;
} asl_image_view;

typedef struct asl_rect {
    int32_t x, y, width, height;
} asl_rect;

typedef struct asl_image asl_image;

typedef struct asl_decode_options {
    uint32_t struct_size;
    int32_t ignore_orientation;
    int32_t max_side;
    int32_t reserved;
    int64_t max_pixels;
    int64_t max_bytes;
} asl_decode_options;

ASL_API void asl_decode_options_init(asl_decode_options *options, size_t struct_size);

ASL_API asl_status asl_image_decode(asl_image **out, const void *data, size_t size,
                                    const asl_decode_options *options, asl_error *err);

ASL_API asl_status asl_image_load(asl_image **out, const char *path,
                                  const asl_decode_options *options, asl_error *err);

ASL_API asl_status asl_image_create(asl_image **out, int32_t width, int32_t height, int32_t format,
                                    asl_error *err);

ASL_API asl_status asl_image_convert(asl_image **out, const asl_image_view *view,
                                     const asl_rect *region, int32_t format, asl_error *err);

ASL_API asl_status asl_image_resize(asl_image **out, const asl_image_view *view,
                                    const asl_rect *region, int32_t width, int32_t height,
                                    asl_error *err);

ASL_API asl_image_view asl_image_get_view(const asl_image *image);

ASL_API uint8_t *asl_image_pixels(asl_image *image);

enum {
    ASL_ENCODING_PNG = 0,
    ASL_ENCODING_JPEG = 1
};

ASL_API asl_status asl_image_encode(void **data, size_t *size, const asl_image_view *view,
                                    int32_t encoding, int32_t quality, asl_error *err);

ASL_API asl_status asl_image_save(const asl_image_view *view, const char *path, int32_t quality,
                                  asl_error *err);

ASL_API void asl_image_free(asl_image *image);

ASL_END_DECLS
#endif
