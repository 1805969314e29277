/* SPDX-License-Identifier: MIT */
/* The handshapes of the 29 classes, and how hands that make them are held. */
#ifndef EXAMPLES_HAND_POSES_H
#define EXAMPLES_HAND_POSES_H

#include "hand.h"

enum { POSE_CLASSES = 29, POSE_NOTHING = 27 };

/* Class names in the order of bytes: A..Z, del, nothing, space. */
extern const char *const pose_class_name[POSE_CLASSES];

/* People sign a letter in different shapes and hold each shape differently. Numbers from 0 up to 1
 * choose: more of them lead to common ways, and 0 to what charts of the alphabet show. */
struct pose pose_make(int class_index, float shape, float view);

/* From pose a (t = 0) to pose b (t = 1). */
struct pose pose_mix(const struct pose *a, const struct pose *b, float t);

/* How far the fingers are from those of any letter, in degrees a joint. */
float pose_strangeness(const struct pose *pose);

#endif
