/* SPDX-License-Identifier: MIT */
/* Between decode.c, encode.c and what they drive: the scans that check a file before any decoder
 * sees it, the decoders, and the writers. */
#ifndef ASL_IMAGE_CODEC_H
#define ASL_IMAGE_CODEC_H

#include "asl/image.h"
#include "base/text.h"

/* What a scan learns about a file. The pointer lies inside the file. */
typedef struct asl__picture {
    int32_t width, height;
    const uint8_t *exif; /* TIFF structure of the EXIF data, or NULL */
    size_t exif_size;
    size_t palette; /* PNG: offset of the PLTE chunk's length field, or 0 */
    int32_t shrink; /* set after the scan: how many pixels a side the decoder makes one of */
} asl__picture;

/* Checks a picture's declared size; the scans call it as soon as they know it. */
asl_status asl__picture_check_size(const char *kind, int64_t width, int64_t height,
                                   const asl_decode_options *limits, asl_error *err);

/* Check a whole file's structure, so that the decoders only ever meet well-formed input. */
asl_status asl__png_scan(asl__picture *out, const uint8_t *data, size_t size,
                         const asl_decode_options *limits, asl_error *err);
asl_status asl__jpeg_scan(asl__picture *out, const uint8_t *data, size_t size,
                          const asl_decode_options *limits, asl_error *err);

/* The most that the JPEG decoder can shrink a picture by while both sides stay above `side`: 1, 2,
 * 4 or 8. It then drops frequencies instead of pixels. */
int32_t asl__jpeg_shrink(const asl__picture *picture, int32_t side);

/* A side of the picture as it is decoded. */
static inline int32_t asl__shrunk(int32_t side, int32_t shrink)
{
    return (side + shrink - 1) / shrink;
}

/* Decode a scanned file into uint8[height][width][3], R,G,B, for JPEG shrunk by picture->shrink. */
asl_status asl__png_decode(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                           size_t size, asl_error *err);
asl_status asl__jpeg_decode(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                            size_t size, asl_error *err);
/* The same through stb_image, whatever the kind; `kind` is for messages. */
asl_status asl__stb_decode(uint8_t *rgb, const asl__picture *picture, const char *kind,
                           const uint8_t *data, size_t size, asl_error *err);

/* Bytes that decoding a file may take on top of its pixels: well above what any real picture needs,
 * far below what hostile ones ask for. */
static inline int64_t asl__decode_budget(const asl__picture *picture, size_t file_size)
{
    return 32 * (int64_t)picture->width * picture->height + 4 * (int64_t)file_size + (4 << 20);
}

/* Encodes packed pixels of 1 (grey), 3 (R,G,B) or 4 (R,G,B,A) channels through stb_image_write. */
asl_status asl__stb_encode(asl__buffer *out, const uint8_t *pixels, int32_t width, int32_t height,
                           int32_t channels, int32_t encoding, int32_t quality, asl_error *err);

/* The EXIF orientation 1..8 in a TIFF structure; 1 when there is none or it makes no sense. */
int32_t asl__exif_orientation(const uint8_t *tiff, size_t size);
/* Replaces an RGB24 picture by what it looks like upright. */
asl_status asl__exif_apply(asl_image **image, int32_t orientation, asl_error *err);

/* The allocator hooks of a z_stream. */
void *asl__zlib_alloc(void *opaque, unsigned count, unsigned size);
void asl__zlib_free(void *opaque, void *memory);

static inline uint32_t asl__be16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static inline uint32_t asl__be32(const uint8_t *bytes)
{
    return asl__be16(bytes) << 16 | asl__be16(bytes + 2);
}

#endif
