/* SPDX-License-Identifier: MIT */
/* The handshapes of the 29 classes. */
#ifndef EXAMPLES_HAND_POSES_H
#define EXAMPLES_HAND_POSES_H

#include "hand.h"

enum { POSE_CLASSES = 29, POSE_NOTHING = 27 };

/* Class names in the order of bytes: A..Z, del, nothing, space. */
extern const char *const pose_class_name[POSE_CLASSES];

/* Ways of signing a class; at least 1. For `nothing` these are hands at rest. */
int pose_variant_count(int class_index);
const struct pose *pose_variant(int class_index, int variant);

#endif
