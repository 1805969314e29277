/* SPDX-License-Identifier: MIT */
/* JPEG through stb_image, for builds without libjpeg. The scan has refused what it would trip over;
 * damage inside the coded data may still pass as odd pixels. */
#include "image/codec.h"

int32_t asl__jpeg_shrink(const asl__picture *picture, int32_t side)
{
    (void)picture;
    (void)side;
    return 1;
}

asl_status asl__jpeg_decode(uint8_t *rgb, const asl__picture *picture, const uint8_t *data,
                            size_t size, asl_error *err)
{
    return asl__stb_decode(rgb, picture, "JPEG", data, size, err);
}
