/* SPDX-License-Identifier: MIT */
/* Bytes to the network's own numbers, (byte - mean) / std in its channel order. */
#include <string.h>

#include "backend/cpu/plan.h"

/* Byte of a pixel that holds network channel c. */
static int32_t byte_of(const asl__network *network, int32_t c)
{
    return network->bgr ? 2 - c : c;
}

/* One row of one channel into its four planes; the border is zero from the beginning. */
static void put_planes(const asl__job *job, const uint8_t *row, int32_t y, int32_t c)
{
    const asl__planes *planes = &job->plan->planes;
    const int32_t border = job->op->out.border, width = job->op->out.width - 2 * border;
    const size_t plane = (size_t)planes->rows * (size_t)planes->stride;
    const float *levels = job->plan->levels[c];
    for (int32_t x = 0; x < 4; x++) {
        const int32_t column = x + border;
        float *out = job->slot->values + job->op->planes + (size_t)(4 * c + column % 4) * plane +
                     (size_t)(y + border) * (size_t)planes->stride + (size_t)(column / 4);
        const uint8_t *in = row + 3 * x + byte_of(job->plan->network, c);
        for (int32_t i = 0; 4 * i + x < width; i++)
            out[i] = levels[in[12 * i]];
    }
}

static void put_pixels(const asl__job *job, const uint8_t *row, int32_t y)
{
    const asl__map2d *map = &job->op->out;
    const int32_t width = map->width - 2 * map->border;
    float *out = job->out + ((ptrdiff_t)(y + map->border) * map->width + map->border) * map->stride;
    for (int32_t x = 0; x < width; x++)
        for (int32_t c = 0; c < 3; c++)
            out[x * map->stride + c] =
                job->plan->levels[c][row[3 * x + byte_of(job->plan->network, c)]];
}

void asl__cpu_input(const asl__job *job, const uint8_t *image)
{
    const asl__map2d *map = &job->op->out;
    const int32_t width = map->width - 2 * map->border, height = map->height - 2 * map->border;
    const bool planes = job->plan->planes.rows > 0;
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *row = image + (size_t)y * 3 * (size_t)width;
        for (int32_t c = 0; planes && c < 3 && y + map->border < job->plan->planes.rows; c++)
            put_planes(job, row, y, c);
        if (!planes || job->plan->training)
            put_pixels(job, row, y);
    }
}
