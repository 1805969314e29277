/* SPDX-License-Identifier: MIT */
/* What the rest of the library needs of pictures beyond asl/image.h. */
#ifndef ASL_IMAGE_INTERNAL_H
#define ASL_IMAGE_INTERNAL_H

#include "asl/image.h"

/* Checks sizes, stride, format and region (NULL allowed); the messages name the bad field. */
asl_status asl__view_check(const asl_image_view *view, const asl_rect *region, asl_error *err);

/* asl_image_decode() for a caller that scales the picture down anyway: a JPEG may come out smaller
 * by 2, 4 or 8, which is several times faster, but larger than `side` both ways. */
asl_status asl__image_decode_shrunk(asl_image **out, const void *data, size_t size, int32_t side,
                                    const asl_decode_options *options, asl_error *err);

/* asl_image_resize() into memory of the caller: out is uint8[height][width][3] in R,G,B. */
asl_status asl__resize_rgb(uint8_t *out, int32_t width, int32_t height, const asl_image_view *view,
                           const asl_rect *region, asl_error *err);

/* The same without taking memory again and again: what scaling works in grows when a wider picture
 * comes and is kept for the next. Begins as {0}, ends with asl__free(memory). */
typedef struct asl__scratch {
    void *memory;
    size_t size;
} asl__scratch;
asl_status asl__resize_rgb_in(asl__scratch *scratch, uint8_t *out, int32_t width, int32_t height,
                              const asl_image_view *view, const asl_rect *region, asl_error *err);

/* ASL_OK when the bytes begin like a JPEG or PNG file; otherwise ASL_ERR_UNSUPPORTED (or
 * ASL_ERR_TRUNCATED for an empty file), naming what it is when known (GIF, WebP, ...). */
asl_status asl__image_sniff(const void *data, size_t size, asl_error *err);

#endif
