/* SPDX-License-Identifier: MIT */
/* PNG through stb_image, with the one thing that its own checks leave open closed first. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "image/codec.h"

enum { FULL_PALETTE = 256 * 3 };

/* stb_image looks colours up without asking how many there are, and would show bytes of its stack
 * for an index beyond the palette. A full palette, black where the file has none, gives such an
 * index the colour it has in libpng. Checksums may be stale afterwards: stb_image reads none. */
static uint8_t *fill_palette(size_t *out_size, const uint8_t *data, size_t size, size_t palette)
{
    const size_t present = asl__be32(data + palette);
    const size_t head = palette + 8 + present;
    const size_t missing = FULL_PALETTE - present;
    uint8_t *copy = asl__alloc(size + missing);
    if (copy == NULL)
        return NULL;
    memcpy(copy, data, head);
    memcpy(copy + head + missing, data + head, size - head);
    copy[palette + 2] = FULL_PALETTE >> 8;
    copy[palette + 3] = FULL_PALETTE & 0xff;
    *out_size = size + missing;
    return copy;
}

asl_status asl__png_decode(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                           size_t size, asl_error *err)
{
    if (picture->palette == 0)
        return asl__stb_decode(rgb, picture, "PNG", data, size, err);
    size_t filled_size = 0;
    uint8_t *filled = fill_palette(&filled_size, data, size, picture->palette);
    if (filled == NULL)
        return asl__fail_memory(err, "a PNG palette");
    const asl_status status = asl__stb_decode(rgb, picture, "PNG", filled, filled_size, err);
    asl__free(filled);
    return status;
}
