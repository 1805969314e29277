/* SPDX-License-Identifier: MIT */
/* People: what stays the same in all pictures of one signer. */
#ifndef EXAMPLES_HAND_SIGNER_H
#define EXAMPLES_HAND_SIGNER_H

#include "backdrop.h"
#include "render.h"

enum { SIGNER_ROOMS = 3, SIGNER_LIGHTS = 2 };

struct signer {
    struct physique physique;
    struct skin skin;
    struct cloth sleeve;
    float sleeve_start; /* millimetres from the wrist; negative for bare arms */
    int left_handed;
    uint64_t style;               /* chooses between ways of signing a letter */
    float yaw, pitch, roll, curl; /* habits, in degrees */
    struct room room[SIGNER_ROOMS];
    struct lights lights[SIGNER_LIGHTS];
};

void signer_make(struct signer *signer, uint64_t seed, int index);

/* A pose as this person would hold it this time. */
struct pose signer_pose(const struct signer *signer, const struct pose *pose, rng *random);

#endif
