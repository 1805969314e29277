/* SPDX-License-Identifier: MIT */
/* Files to pictures: what kind it is, then the scan of that kind, its decoder, and the orientation.
 */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/file.h"
#include "base/options.h"
#include "image/codec.h"
#include "image/image.h"

/* More would overflow the int arithmetic of the decoders at 16 bits a sample. */
#define MOST_PIXELS (INT64_C(128) << 20)

static const asl_decode_options defaults = {
    .struct_size = sizeof(asl_decode_options),
    .max_side = 32768,
    .max_pixels = INT64_C(64) << 20,
    .max_bytes = INT64_C(256) << 20,
};

void asl_decode_options_init(asl_decode_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

static asl_status read_options(asl_decode_options *out, const asl_decode_options *options,
                               asl_error *err)
{
    *out = defaults;
    const asl_status status =
        asl__options_read(out, sizeof *out, options, "asl_decode_options", err);
    if (status < 0)
        return status;
    if (out->ignore_orientation < 0 || out->ignore_orientation > 1)
        return asl__fail(err, ASL_ERR_ARG,
                         "asl_decode_options: ignore_orientation %d is not 0 or 1",
                         out->ignore_orientation);
    if (out->max_side < 1 || out->max_side > 32768)
        return asl__fail(err, ASL_ERR_ARG, "asl_decode_options: max_side %d is not 1..32768",
                         out->max_side);
    if (out->reserved != 0)
        return asl__fail(err, ASL_ERR_ARG, "asl_decode_options: reserved is %d, not 0",
                         out->reserved);
    if (out->max_pixels < 1 || out->max_pixels > MOST_PIXELS)
        return asl__fail(err, ASL_ERR_ARG, "asl_decode_options: max_pixels %lld is not 1..%lld",
                         (long long)out->max_pixels, (long long)MOST_PIXELS);
    if (out->max_bytes < 1 || out->max_bytes > INT_MAX)
        return asl__fail(err, ASL_ERR_ARG, "asl_decode_options: max_bytes %lld is not 1..%d",
                         (long long)out->max_bytes, INT_MAX);
    return ASL_OK;
}

asl_status asl__picture_check_size(const char *kind, int64_t width, int64_t height,
                                   const asl_decode_options *limits, asl_error *err)
{
    if (width == 0 || height == 0)
        return asl__fail(err, ASL_ERR_IMAGE, "%s: %lldx%lld pixels, nothing to see", kind,
                         (long long)width, (long long)height);
    if (width > limits->max_side || height > limits->max_side)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: %lldx%lld pixels, over the limit of %d a side",
                         kind, (long long)width, (long long)height, limits->max_side);
    if (width * height > limits->max_pixels)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: %lldx%lld pixels, over the limit of %lld in all",
                         kind, (long long)width, (long long)height, (long long)limits->max_pixels);
    return ASL_OK;
}

/* --- kinds of file ----------------------------------------------------------------------- */

typedef struct codec {
    const char *magic;
    size_t magic_bytes;
    asl_status (*scan)(asl__picture *out, const uint8_t *data, size_t size,
                       const asl_decode_options *limits, asl_error *err);
    asl_status (*decode)(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                         size_t size, asl_error *err);
    int32_t (*shrink)(const asl__picture *picture, int32_t side); /* NULL: cannot */
} codec;

static const codec codecs[] = {
    {"\xff\xd8\xff", 3, asl__jpeg_scan, asl__jpeg_decode, asl__jpeg_shrink},
    {"\x89PNG\r\n\x1a\n", 8, asl__png_scan, asl__png_decode, NULL},
};

/* Kinds that we can name but not read. */
static const char *foreign_kind(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        size_t offset, bytes;
        const char *magic;
    } kinds[] = {
        {"GIF", 0, 4, "GIF8"},         {"WebP", 8, 4, "WEBP"},       {"HEIF or AVIF", 4, 4, "ftyp"},
        {"TIFF", 0, 4, "II*\0"},       {"TIFF", 0, 4, "MM\0*"},      {"BMP", 0, 2, "BM"},
        {"PDF", 0, 5, "%PDF-"},        {"SVG or XML", 0, 4, "<svg"}, {"SVG or XML", 0, 5, "<?xml"},
        {"JPEG XL", 0, 2, "\xff\x0a"}, {"QOI", 0, 4, "qoif"},        {"Photoshop", 0, 4, "8BPS"},
        {"PPM", 0, 3, "P6\n"},         {"PGM", 0, 3, "P5\n"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size >= kinds[i].offset + kinds[i].bytes &&
            memcmp(data + kinds[i].offset, kinds[i].magic, kinds[i].bytes) == 0)
            return kinds[i].name;
    return NULL;
}

static asl_status find_codec(const codec **out, const uint8_t *data, size_t size, asl_error *err)
{
    if (size == 0)
        return asl__fail(err, ASL_ERR_TRUNCATED, "the picture is empty");
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        const size_t bytes = codecs[i].magic_bytes;
        if (memcmp(data, codecs[i].magic, size < bytes ? size : bytes) != 0)
            continue;
        if (size < bytes)
            return asl__fail(err, ASL_ERR_TRUNCATED, "the picture ends after %zu bytes", size);
        *out = &codecs[i];
        return ASL_OK;
    }
    const char *kind = foreign_kind(data, size);
    if (kind != NULL)
        return asl__fail(err, ASL_ERR_UNSUPPORTED, "a %s file; only JPEG and PNG are read", kind);
    return asl__fail(err, ASL_ERR_UNSUPPORTED, "neither a JPEG nor a PNG file");
}

asl_status asl__image_sniff(const void *data, size_t size, asl_error *err)
{
    const codec *unused = NULL;
    return find_codec(&unused, data, size, err);
}

/* --- decoding ---------------------------------------------------------------------------- */

/* `side` is what asl__image_decode_shrunk() may come down to, or 0 for the whole picture. */
static asl_status decode(asl_image **out, const uint8_t *data, size_t size,
                         const asl_decode_options *limits, int32_t side, asl_error *err)
{
    asl_status status = ASL_OK;
    const codec *kind = NULL;
    asl__picture picture = {0};
    asl_image *image = NULL;
    if (size > (size_t)limits->max_bytes)
        return asl__fail(err, ASL_ERR_LIMIT, "the picture has %zu bytes, over the limit of %lld",
                         size, (long long)limits->max_bytes);
    ASL__TRY(find_codec(&kind, data, size, err));
    ASL__TRY(kind->scan(&picture, data, size, limits, err));
    picture.shrink = side > 0 && kind->shrink != NULL ? kind->shrink(&picture, side) : 1;
    ASL__TRY(asl_image_create(&image, asl__shrunk(picture.width, picture.shrink),
                              asl__shrunk(picture.height, picture.shrink), ASL_FORMAT_RGB24, err));
    ASL__TRY(kind->decode(asl_image_pixels(image), &picture, data, size, err));
    if (!limits->ignore_orientation)
        ASL__TRY(
            asl__exif_apply(&image, asl__exif_orientation(picture.exif, picture.exif_size), err));
    *out = image;
    return ASL_OK;
fail:
    asl_image_free(image);
    return status;
}

asl_status asl__image_decode_shrunk(asl_image **out, const void *data, size_t size, int32_t side,
                                    const asl_decode_options *options, asl_error *err)
{
    asl_status status = ASL_OK;
    asl_decode_options limits;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(data != NULL || size == 0, err);
    ASL__TRY(read_options(&limits, options, err));
    ASL__TRY(decode(out, data, size, &limits, side, err));
fail:
    return status;
}

asl_status asl_image_decode(asl_image **out, const void *data, size_t size,
                            const asl_decode_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    return asl__image_decode_shrunk(out, data, size, 0, options, err);
}

asl_status asl_image_load(asl_image **out, const char *path, const asl_decode_options *options,
                          asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl_decode_options limits;
    void *data = NULL;
    size_t size = 0;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(path != NULL, err);
    ASL__TRY(read_options(&limits, options, err));
    ASL__TRY(asl__file_read(&data, &size, path, limits.max_bytes, err));
    ASL__TRY(decode(out, data, size, &limits, 0, err));
fail:
    asl__free(data);
    return status;
}
