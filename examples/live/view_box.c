/* SPDX-License-Identifier: MIT */
/* The box that the network looks through: where it begins, and how it moves. See view.h. */
#include "live/view.h"

enum { DEFAULT_SIDE = 224, SMALLEST_SIDE = 32 };

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : smaller(value, high);
}

asl_rect live_box_default(int32_t picture_width, int32_t picture_height)
{
    const int32_t side = smaller(DEFAULT_SIDE, smaller(picture_width, picture_height));
    return (asl_rect){(picture_width - side) / 2, (picture_height - side) / 2, side, side};
}

void live_box_move(asl_rect *box, int32_t dx, int32_t dy, int32_t picture_width,
                   int32_t picture_height)
{
    box->width = smaller(box->width, picture_width);
    box->height = smaller(box->height, picture_height);
    box->x = clamp(box->x + dx, 0, picture_width - box->width);
    box->y = clamp(box->y + dy, 0, picture_height - box->height);
}

void live_box_resize(asl_rect *box, int32_t growth, int32_t picture_width, int32_t picture_height)
{
    /* One and the same change for both sides, so that the box keeps its form where it can. */
    const int32_t shorter = smaller(box->width, box->height);
    const int32_t room = smaller(picture_width - box->width, picture_height - box->height);
    const int32_t change = clamp(growth, smaller(SMALLEST_SIDE - shorter, 0), room > 0 ? room : 0);
    box->width += change;
    box->height += change;
    live_box_move(box, -change / 2, -change / 2, picture_width, picture_height);
}
