/* SPDX-License-Identifier: MIT */
/* Pictures that the library owns: one block that holds the view and, behind it, the pixels. */
#include "image/image.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "image/convert.h"

struct asl_image {
    asl_image_view view;
};

_Static_assert(sizeof(struct asl_image) <= ASL__ALIGNMENT, "the pixels start one step further on");

asl_status asl_image_create(asl_image **out, int32_t width, int32_t height, int32_t format,
                            asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(width >= 1 && width <= 32768, err);
    ASL__CHECK_ARG(height >= 1 && height <= 32768, err);
    const int32_t pixel_bytes = asl__packed_bytes(format);
    if (pixel_bytes == 0)
        return asl__fail(err, ASL_ERR_ARG, "format %d is not a packed one (RGB24 .. GRAY8)",
                         format);

    const size_t stride = (size_t)width * (size_t)pixel_bytes;
    size_t bytes = 0;
    asl_image *image = NULL;
    if (asl__mul_size(&bytes, stride, (size_t)height) &&
        asl__add_size(&bytes, bytes, ASL__ALIGNMENT))
        image = asl__alloc(bytes);
    if (image == NULL)
        return asl__fail_memory(err, "a picture");
    image->view = (asl_image_view){.pixels = (const uint8_t *)image + ASL__ALIGNMENT,
                                   .width = width,
                                   .height = height,
                                   .stride = (int64_t)stride,
                                   .format = format};
    *out = image;
    return ASL_OK;
}

void asl_image_free(asl_image *image)
{
    asl__free(image);
}

asl_image_view asl_image_get_view(const asl_image *image)
{
    return image == NULL ? (asl_image_view){0} : image->view;
}

uint8_t *asl_image_pixels(asl_image *image)
{
    return image == NULL ? NULL : (uint8_t *)image + ASL__ALIGNMENT;
}
