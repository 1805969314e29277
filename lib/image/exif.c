/* SPDX-License-Identifier: MIT */
/* EXIF orientation: read it from a TIFF structure, and turn the picture upright. Only the first
 * directory is looked at, so nothing in the file can make it loop (TIFF 6.0, EXIF 2.32 4.6.4). */
#include <stdbool.h>
#include <string.h>

#include "image/codec.h"

static uint32_t read16(const uint8_t *bytes, bool big)
{
    return big ? asl__be16(bytes) : (uint32_t)bytes[1] << 8 | bytes[0];
}

static uint32_t read32(const uint8_t *bytes, bool big)
{
    return big ? asl__be32(bytes) : read16(bytes + 2, big) << 16 | read16(bytes, big);
}

int32_t asl__exif_orientation(const uint8_t *tiff, size_t size)
{
    enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };
    if (tiff == NULL || size < 8 ||
        (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    const bool big = tiff[0] == 'M';
    const size_t directory = read32(tiff + 4, big);
    if (directory > size - 2)
        return 1;
    const size_t room = (size - directory - 2) / ENTRY_BYTES;
    const size_t entries = read16(tiff + directory, big);
    for (size_t i = 0; i < entries && i < room; i++) {
        const uint8_t *entry = tiff + directory + 2 + i * ENTRY_BYTES;
        if (read16(entry, big) != TAG_ORIENTATION)
            continue;
        const uint32_t value = read16(entry + 8, big);
        const bool good = read16(entry + 2, big) == TYPE_SHORT && read32(entry + 4, big) == 1 &&
                          value >= 1 && value <= 8;
        return good ? (int32_t)value : 1;
    }
    return 1;
}

asl_status asl__exif_apply(asl_image **image, int32_t orientation, asl_error *err)
{
    if (orientation == 1)
        return ASL_OK;
    /* How the upright picture (x, y) reads the stored one: first mirrored, then along columns. */
    const bool mirror_x =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirror_y =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool transpose = orientation >= 5;

    const asl_image_view from = asl_image_get_view(*image);
    const int64_t along_x = mirror_x ? -3 : 3;
    const int64_t along_y = mirror_y ? -from.stride : from.stride;
    const uint8_t *start = from.pixels + (mirror_x ? (int64_t)(from.width - 1) * 3 : 0) +
                           (mirror_y ? from.stride * (from.height - 1) : 0);
    const int64_t step = transpose ? along_y : along_x;
    const int64_t row_step = transpose ? along_x : along_y;
    const int32_t width = transpose ? from.height : from.width;
    const int32_t height = transpose ? from.width : from.height;

    asl_image *upright = NULL;
    const asl_status status = asl_image_create(&upright, width, height, ASL_FORMAT_RGB24, err);
    if (status < 0)
        return status;
    uint8_t *out = asl_image_pixels(upright);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++, out += 3)
            memcpy(out, start + row_step * y + step * x, 3);
    asl_image_free(*image);
    *image = upright;
    return ASL_OK;
}
