/* SPDX-License-Identifier: MIT */
/* From light to bytes: lens blur, vignetting, exposure, sRGB, sensor noise. */
#ifndef EXAMPLES_HAND_FILM_H
#define EXAMPLES_HAND_FILM_H

#include "geom.h"

enum { FILM_STEPS = 4096 };

struct film {
    vec3 exposure;  /* per channel, so white balance too */
    float blur;     /* 0..1: how much of a 3x3 binomial blur */
    float vignette; /* light lost in the corners, 0..1 */
    float noise;    /* deviation in levels of 255 */
    uint64_t seed;
};

/* Light 0..1 to sRGB levels 0..255. */
struct film_curve {
    float level[FILM_STEPS + 1];
};

void film_curve_make(struct film_curve *curve);

/* `light` is width x height pixels of three floats and is used up. */
void film_develop(uint8_t *rgb, float *light, int width, int height, const struct film *film,
                  const struct film_curve *curve);

#endif
