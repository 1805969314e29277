/* SPDX-License-Identifier: MIT */
/* Draws a posed hand over a background: rays against blended cones, soft shadows, skin. */
#ifndef EXAMPLES_HAND_RENDER_H
#define EXAMPLES_HAND_RENDER_H

#include "field.h"

#include <stddef.h>

/* Colours are linear light. */
struct skin {
    vec3 back, palm, nail;
    float freckles; /* strength of blotches, 0..1 */
    float gloss;
    float age; /* depth of lines and wrinkles; 1 is average */
};

/* What a hand wears. */
struct wear {
    int ring;                /* finger from 0, the index; -1 for none */
    float strap, strap_wide; /* a watch or bracelet: millimetres from the wrist up the arm; its
                                width, 0 for none */
    vec3 metal, strap_colour;
};

struct lights {
    vec3 key_way, key; /* towards the light; colour */
    vec3 fill_way, fill;
    vec3 sky, ground; /* light from above and below */
    float softness;   /* tangent of the key light's half angle */
};

/* A pinhole at (0, 0, distance) that looks along -z. */
struct camera {
    float distance;
    float focal;  /* in pixels */
    float x, y;   /* pixel that the axis meets */
    float mirror; /* -1 shows a left hand */
};

struct cloth {
    vec3 colour;
    float stripes; /* strength of knitting, 0..1 */
};

struct scene {
    struct hand hand;
    struct skin skin;
    struct wear wear;
    struct cloth sleeve;
    struct lights lights;
    struct camera camera;
};

/* Bytes of scratch memory that render_hand() needs. */
size_t render_scratch_size(int width, int height);

/* Draw width x height pixels of three floats; `behind` is the background. */
void render_hand(float *rgb, const float *behind, int width, int height, const struct scene *scene,
                 void *scratch);

/* Distance from the camera to what the last render_hand() saw at a pixel; FIELD_FAR: the
 * background. */
float render_depth(const void *scratch, int width, int x, int y);

/* Darken what is behind the hand where its shadow falls: on a wall `wall` millimetres behind it, of
 * whose light the part `share` comes from the key light. */
void render_shadow(float *behind, int width, int height, const struct scene *scene, float wall,
                   float share);

/* How much of the key light the cones in `casters` leave at p. */
float light_left(const struct field *casters, vec3 p, const struct lights *lights);

/* The colour that the camera sees at a point of the surface. `casters` holds the cones that throw
 * shadows. */
vec3 shade(const struct scene *scene, const struct field *casters, const struct surface *surface);

/* Pixel of a point in space. */
void camera_project(const struct camera *camera, vec3 point, float *x, float *y);

#endif
