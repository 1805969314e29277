/* SPDX-License-Identifier: MIT */
/* Reading rows of any pixel format. */
#ifndef ASL_IMAGE_CONVERT_H
#define ASL_IMAGE_CONVERT_H

#include "asl/image.h"

/* Pixels x..x+count-1 of row y as R,G,B. The view and the range have been checked. */
void asl__rgb_row(uint8_t *rgb, const asl_image_view *view, int32_t x, int32_t y, int32_t count);

/* Bytes a pixel of a packed format; 0 for the others. */
int32_t asl__packed_bytes(int32_t format);

#endif
