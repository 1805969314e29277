/* SPDX-License-Identifier: MIT */
/* Smooth noise (value noise) in 0..1 with cells of size 1. */
#ifndef EXAMPLES_HAND_NOISE_H
#define EXAMPLES_HAND_NOISE_H

#include "geom.h"

float noise2(float x, float y, uint64_t pattern);
float noise3(vec3 p);

#endif
