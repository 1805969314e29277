/* SPDX-License-Identifier: MIT */
/* See place.h. Sides grow by half from one size to the next: 9.0 %, 13.5 %, ... 100 %. */
#include "place.h"

#include <math.h>
#include <stdio.h>

#define SMALLEST 0.09f
#define GROWTH   1.5f

static int nearest(float value, int count)
{
    const int index = (int)floorf(value);
    return index < 0 ? 0 : index < count ? index : count - 1;
}

void place_name(char name[PLACE_NAME], const struct place *place)
{
    if (!place->known) {
        snprintf(name, PLACE_NAME, "none");
        return;
    }
    const float step = logf(place->side / SMALLEST) / logf(GROWTH);
    const int size = nearest(step + 0.5f, PLACE_SIZES);
    const float x = ((float)nearest(place->x * PLACE_COLUMNS, PLACE_COLUMNS) + 0.5f);
    const float y = ((float)nearest(place->y * PLACE_COLUMNS, PLACE_COLUMNS) + 0.5f);
    const long side = lrintf(1000.0f * SMALLEST * powf(GROWTH, (float)size));
    snprintf(name, PLACE_NAME, "x%03dy%03ds%03d", (int)(1000.0f * x / PLACE_COLUMNS) % 1000,
             (int)(1000.0f * y / PLACE_COLUMNS) % 1000, (int)(side < 999 ? side : 999));
}
