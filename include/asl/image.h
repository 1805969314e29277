/* SPDX-License-Identifier: MIT */
/** @file asl/image.h
 * Pictures: borrowed views of the host's pixels, and pictures that the library owns.
 */
#ifndef ASL_IMAGE_H
#define ASL_IMAGE_H

#include "asl/base.h"

ASL_BEGIN_DECLS

/** Pixel formats. Sizes are per row of `width` pixels. */
enum {
    ASL_FORMAT_RGB24 = 0,  /**< R,G,B bytes; 3 bytes a pixel. */
    ASL_FORMAT_BGR24 = 1,  /**< B,G,R bytes (OpenCV). */
    ASL_FORMAT_RGBA32 = 2, /**< R,G,B,A bytes; alpha is composed over black when dropped. */
    ASL_FORMAT_BGRA32 = 3, /**< B,G,R,A bytes. */
    ASL_FORMAT_GRAY8 = 4,  /**< One byte a pixel. */
    ASL_FORMAT_YUYV = 5,   /**< Y0 U Y1 V, 2 bytes a pixel, even width; BT.601 limited range. */
    ASL_FORMAT_NV12 = 6,   /**< Y plane, then interleaved U,V at half size with the same stride. */
    ASL_FORMAT_I420 = 7    /**< Y plane, then U, then V at half size with half the stride. */
};

/** Pixels that belong to the host, read during a call and never kept. The struct is frozen.
 * NV12 and I420 need even sizes and, for I420, an even stride; their chroma planes follow the Y
 * plane (`stride * height` bytes) without a gap. */
typedef struct asl_image_view {
    const uint8_t *pixels; /**< First byte of the top row. */
    int32_t width;         /**< Pixels, 1..32768. */
    int32_t height;        /**< Pixels, 1..32768. */
    int64_t stride;        /**< Bytes from one row to the next, at least the row's own bytes. */
    int32_t format;        /**< ASL_FORMAT_*. */
    int32_t reserved;      /**< 0. */
} asl_image_view;

/** A rectangle in pixels of the picture it is used with, all of it inside. The struct is frozen. */
typedef struct asl_rect {
    int32_t x, y, width, height; /**< Left and top edge from the top left corner, and size. */
} asl_rect;

/** A picture owned by the library. Any number of threads may read one; whoever writes its pixels
 * does so alone. */
typedef struct asl_image asl_image;

/** Limits and behaviour of decoding. */
typedef struct asl_decode_options {
    uint32_t struct_size;       /**< Set by asl_decode_options_init(). */
    int32_t ignore_orientation; /**< 1 leaves the EXIF orientation unapplied; default 0. */
    int32_t max_side;           /**< Largest width or height, 1..32768; default 32768. */
    int32_t reserved;           /**< 0. */
    int64_t max_pixels;         /**< Largest width x height, 1..128 Mi; default 64 Mi. */
    int64_t max_bytes;          /**< Largest file, 1..2^31-1; default 256 MiB. */
} asl_decode_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_decode_options_init(asl_decode_options *options, size_t struct_size);

/** Decode a JPEG or PNG picture from memory to RGB24. The kind is decided by content. 16-bit
 * samples keep their high byte, grey becomes R=G=B, alpha is composed over black, and the EXIF
 * orientation is applied. On top of the pixels, decoding takes at most 32 bytes a pixel, four times
 * the file's size and 4 MiB; a progressive JPEG may have 100 scans, from 10 Mi pixels on fewer, but
 * always 16. What needs more is refused.
 * @param data  @p size bytes.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_IMAGE damaged;
 *   ASL_ERR_TRUNCATED ends early; ASL_ERR_UNSUPPORTED another kind of file or a JPEG/PNG variant
 *   that is not read (CMYK, arithmetic, 12-bit, lossless); ASL_ERR_LIMIT beyond a limit of the
 *   options or one of those above. @since 1.0 */
ASL_API asl_status asl_image_decode(asl_image **out, const void *data, size_t size,
                                    const asl_decode_options *options, asl_error *err);

/** Read the file @p path and decode it as asl_image_decode() does.
 * @return ASL_OK; ASL_ERR_NOT_FOUND; ASL_ERR_PATH no regular file; ASL_ERR_IO; otherwise as
 *   asl_image_decode(). @since 1.0 */
ASL_API asl_status asl_image_load(asl_image **out, const char *path,
                                  const asl_decode_options *options, asl_error *err);

/** A black picture (alpha 0) of @p width x @p height pixels, 1..32768 each, rows without gaps.
 * @param format  A packed one: RGB24, BGR24, RGBA32, BGRA32 or GRAY8.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_image_create(asl_image **out, int32_t width, int32_t height, int32_t format,
                                    asl_error *err);

/** Convert any @p view, or the part of it inside @p region (NULL: all of it), to a packed
 * @p format. Alpha is kept between formats that have it, composed over black where it is dropped,
 * and 255 where it is new; grey is BT.601 luma.
 * @return ASL_OK; ASL_ERR_ARG (also a region that leaves the picture); ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_image_convert(asl_image **out, const asl_image_view *view,
                                     const asl_rect *region, int32_t format, asl_error *err);

/** Scale a @p view, or a @p region of it (NULL: all of it), to @p width x @p height pixels,
 * 1..32768 each, in RGB24. Bilinear with half-pixel centres and 11-bit fixed-point weights, within
 * one level of OpenCV's INTER_LINEAR; when both sides shrink by more than 2, each source pixel
 * counts by the area it covers instead (INTER_AREA).
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_image_resize(asl_image **out, const asl_image_view *view,
                                    const asl_rect *region, int32_t width, int32_t height,
                                    asl_error *err);

/** View of an owned picture, valid while the picture lives; all zero for NULL. @since 1.0 */
ASL_API asl_image_view asl_image_get_view(const asl_image *image);

/** Pixels of an owned picture for writing, laid out as its view says and valid as long; NULL for
 * NULL. Not while others read it. @since 1.0 */
ASL_API uint8_t *asl_image_pixels(asl_image *image);

/** Kinds of file that can be written. */
enum {
    ASL_ENCODING_PNG = 0, /**< Without loss; keeps alpha. */
    ASL_ENCODING_JPEG = 1 /**< With loss. */
};

/** Encode a @p view, at most 2^30 bytes of pixels.
 * @param data      Receives the file's bytes, to be released with asl_free(); NULL on failure.
 * @param size      Receives their number.
 * @param encoding  ASL_ENCODING_*.
 * @param quality   1..100 for JPEG, without effect for PNG; 0 means 90.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_image_encode(void **data, size_t *size, const asl_image_view *view,
                                    int32_t encoding, int32_t quality, asl_error *err);

/** Encode a @p view and write the file @p path whole or not at all; the kind follows the name's
 * ending (.png, .jpg, .jpeg, in any case).
 * @param quality  As in asl_image_encode().
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_UNSUPPORTED for another ending;
 *   ASL_ERR_NOT_FOUND (missing folder); ASL_ERR_PATH (no file, as a folder or device);
 *   ASL_ERR_IO. @since 1.0 */
ASL_API asl_status asl_image_save(const asl_image_view *view, const char *path, int32_t quality,
                                  asl_error *err);

/** Release an @p image; NULL is allowed. @since 1.0 */
ASL_API void asl_image_free(asl_image *image);

ASL_END_DECLS
#endif /* ASL_IMAGE_H */
