/* SPDX-License-Identifier: MIT */
/* Pictures to files: a view in a packed format that the encoder takes, then stb_image_write. */
#include <string.h>

#include "base/error.h"
#include "base/floats.h"
#include "base/file.h"
#include "image/codec.h"
#include "image/image.h"

/* The encoder counts bytes in int and needs some room above the pixels' own. */
#define MOST_BYTES (INT64_C(1) << 30)

static asl_status encode(asl__buffer *out, const asl_image_view *view, int32_t encoding,
                         int32_t quality, asl_error *err)
{
    asl_status status = ASL_OK;
    asl_image *image = NULL;
    int32_t format = ASL_FORMAT_RGB24;
    int32_t channels = 3;
    ASL__TRY(asl__view_check(view, NULL, err));
    if (encoding != ASL_ENCODING_PNG && encoding != ASL_ENCODING_JPEG)
        return asl__fail(err, ASL_ERR_ARG, "encoding %d is not 0 (PNG) or 1 (JPEG)", encoding);
    if (quality < 0 || quality > 100)
        return asl__fail(err, ASL_ERR_ARG, "quality %d is not 0..100", quality);
    if (view->format == ASL_FORMAT_GRAY8) {
        format = ASL_FORMAT_GRAY8;
        channels = 1;
    } else if (encoding == ASL_ENCODING_PNG &&
               (view->format == ASL_FORMAT_RGBA32 || view->format == ASL_FORMAT_BGRA32)) {
        format = ASL_FORMAT_RGBA32;
        channels = 4;
    }
    if (((int64_t)view->width * channels + 1) * view->height > MOST_BYTES)
        return asl__fail(err, ASL_ERR_ARG, "%dx%d pixels are too many for one file", view->width,
                         view->height);
    ASL__TRY(asl_image_convert(&image, view, NULL, format, err));
    ASL__TRY(asl__stb_encode(out, asl_image_pixels(image), view->width, view->height, channels,
                             encoding, quality == 0 ? 90 : quality, err));
fail:
    asl_image_free(image);
    return status;
}

asl_status asl_image_encode(void **data, size_t *size, const asl_image_view *view, int32_t encoding,
                            int32_t quality, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__buffer file = {0};
    asl__error_clear(err);
    ASL__CHECK_ARG(data != NULL, err);
    *data = NULL;
    ASL__CHECK_ARG(size != NULL, err);
    *size = 0;
    const asl_status status = encode(&file, view, encoding, quality, err);
    if (status < 0) {
        asl__buffer_free(&file);
        return status;
    }
    *data = file.data;
    *size = file.size;
    return ASL_OK;
}

/* ASCII case is ignored whatever the locale. */
static int ends_with(const char *text, const char *ending)
{
    const size_t length = strlen(text);
    const size_t end = strlen(ending);
    if (length < end)
        return 0;
    for (size_t i = 0; i < end; i++) {
        const char byte = text[length - end + i];
        if ((byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte) != ending[i])
            return 0;
    }
    return 1;
}

asl_status asl_image_save(const asl_image_view *view, const char *path, int32_t quality,
                          asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl__buffer file = {0};
    int32_t encoding = ASL_ENCODING_PNG;
    asl__error_clear(err);
    ASL__CHECK_ARG(path != NULL, err);
    if (ends_with(path, ".jpg") || ends_with(path, ".jpeg"))
        encoding = ASL_ENCODING_JPEG;
    else if (!ends_with(path, ".png"))
        return asl__fail(err, ASL_ERR_UNSUPPORTED, "'%s' does not end in .png, .jpg or .jpeg",
                         path);
    ASL__TRY(encode(&file, view, encoding, quality, err));
    ASL__TRY(asl__file_write(path, file.data, file.size, err));
fail:
    asl__buffer_free(&file);
    return status;
}
