/* SPDX-License-Identifier: MIT */
/* What is behind the hand: walls, windows, shelves, furniture, gardens, people. */
#ifndef EXAMPLES_HAND_BACKDROP_H
#define EXAMPLES_HAND_BACKDROP_H

#include "geom.h"

enum { ROOM_THINGS = 12 };

/* A thing in a room: a rounded box or a disc in units of the picture. */
struct thing {
    float x, y, width, height, roundness;
    vec3 colour;
};

/* Somebody in the room, out of focus. Lengths are parts of the picture's side. */
struct person {
    float x, y, size; /* middle of the head, and its height; no size, no person */
    float hairline, slant, blur;
    vec3 skin, hair, shirt;
};

struct room {
    int kind;
    vec3 colour[3];
    float frequency, angle, horizon, softness;
    int things;
    struct thing thing[ROOM_THINGS];
    struct person person;
    uint64_t pattern;
};

/* How a picture cuts its background out of the room. */
struct cut {
    float x, y, zoom, turn;
    vec3 light;             /* multiplies all colours */
    float shade_x, shade_y; /* light falls off to one side */
};

void room_make(struct room *room, rng *random);
/* Put somebody with this skin into the room. */
void person_make(struct person *person, vec3 skin, rng *random);
/* Draw size x size pixels of three floats, linear light. */
void backdrop_draw(float *rgb, int size, const struct room *room, const struct cut *cut);

#endif
