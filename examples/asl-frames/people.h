/* SPDX-License-Identifier: MIT */
/* What else skin-coloured and busy there is in front of a camera: heads, bodies, arms, drawn flat
 * but shaded round. A finder must learn that these are no hands. */
#ifndef ASL_FRAMES_PEOPLE_H
#define ASL_FRAMES_PEOPLE_H

#include "hand/signer.h"

/* Light to paint with: a square of size x size pixels of three floats, linear. */
struct canvas {
    float *light;
    int size;
    const struct lights *lights; /* as they fall on the picture, not mirrored */
};

/* An ellipsoid at (x, y) pixels, turned by an angle. `square` 0 is round, 1 nearly a box. */
void paint_lump(const struct canvas *canvas, float x, float y, float half_width, float half_height,
                float turn, float square, vec3 colour);
/* A limb from one point to another that grows from one radius to another. */
void paint_limb(const struct canvas *canvas, const float *from, float from_radius, const float *to,
                float to_radius, vec3 colour);

/* How somebody stands there. */
struct figure {
    float mm;          /* pixels a millimetre */
    float shoulder[2]; /* of the arm that signs, in pixels */
    float side;        /* -1: the body is to the left of that shoulder */
    vec3 skin, cloth;
};

/* Head, neck and body; what they look like is drawn anew from `random`. */
void paint_figure(const struct canvas *canvas, const struct figure *figure, rng *random);
/* A few lumps and limbs, some of them in the colour of the skin. */
void paint_clutter(const struct canvas *canvas, vec3 skin, rng *random);

#endif
