/* SPDX-License-Identifier: MIT */
/* Pixels to the network's input: planes instead of pixels, channel order, normalisation. */
#include "backend/reference/reference.h"

typedef struct task {
    float *out;
    const asl__network *network;
    const uint8_t *images;
} task;

static void convert_picture(void *context, int64_t picture)
{
    const task *t = context;
    const asl__network *network = t->network;
    const size_t plane = (size_t)network->input.height * (size_t)network->input.width;
    const uint8_t *pixels = t->images + (size_t)picture * plane * 3;
    float *out = t->out + (size_t)picture * plane * 3;

    for (size_t c = 0; c < 3; c++) {
        const size_t source = network->bgr ? 2 - c : c;
        const double mean = (double)network->mean[c];
        const double std = (double)network->std[c];
        for (size_t i = 0; i < plane; i++)
            out[c * plane + i] = (float)(((double)pixels[i * 3 + source] - mean) / std);
    }
}

void asl__reference_input(float *out, asl__pool *pool, const asl__network *network,
                          const uint8_t *images, int32_t count)
{
    task t = {out, network, images};
    asl__pool_run(pool, convert_picture, &t, count);
}
