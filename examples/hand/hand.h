/* SPDX-License-Identifier: MIT */
/* The hand: a skeleton of 21 joints moved by angles, and the rounded cones that give it flesh.
 *
 * In the hand's own frame the wrist is the origin, y runs towards the middle finger, z out of the
 * palm and x towards the thumb, which makes it a right hand. */
#ifndef EXAMPLES_HAND_HAND_H
#define EXAMPLES_HAND_HAND_H

#include "geom.h"

/* Joints are numbered as MediaPipe numbers them: the wrist, then four for each finger from the
 * thumb. */
enum { HAND_JOINTS = 21, HAND_MAX_CONES = 64 };

/* Length of arm below the wrist. */
#define HAND_ARM 520.0f

/* Cones of one group blend into each other; groups only touch, which keeps creases between them. */
enum {
    GROUP_PALM,
    GROUP_THUMB,
    GROUP_INDEX,
    GROUP_MIDDLE,
    GROUP_RING,
    GROUP_PINKY,
    GROUP_SLEEVE,
    GROUP_COUNT
};

/* Degrees. Flexion bends towards the palm; abduction is positive towards the thumb. */
struct finger_pose {
    float mcp, abduction, pip, dip;
};

/* `abduction` moves the first thumb bone away from the index finger in the plane of the palm,
 * `elevation` lifts it out of that plane, `roll` turns the plane in which MCP and IP bend. */
struct thumb_pose {
    float abduction, elevation, roll, mcp, ip;
};

struct pose {
    struct thumb_pose thumb;
    float yaw, pitch, roll;       /* of the hand before the camera; 0: palm to it, fingers up */
    float flexion, deviation;     /* of the wrist, which only moves the forearm */
    struct finger_pose finger[4]; /* index to little finger */
};

/* What differs from person to person; 1 is average. */
struct physique {
    float finger_length[5], finger_width[5];
    float palm_width, palm_length, thickness, forearm;
};

/* A sphere that rolls from `a` along `axis` for `length` while its radius shrinks by `slope` per
 * millimetre. `palmar` and `side` complete the frame of the bone. */
struct cone {
    vec3 a, axis, palmar, side;
    float length, radius, slope, tangent;
    int group;
    int bone;   /* 0 nearest the palm, 2 at the tip; -1 outside fingers */
    int detail; /* 1: too small to cast shadows */
};

struct hand {
    vec3 joint[HAND_JOINTS];
    float joint_radius[HAND_JOINTS];
    struct cone cone[HAND_MAX_CONES]; /* ordered by group */
    int count;
    mat3 frame;  /* of the palm */
    vec3 arm;    /* from the wrist towards the elbow */
    vec3 origin; /* the wrist */
};

/* Pose a hand with its wrist at the origin; `sleeve` is where a sleeve starts, in millimetres from
 * the wrist, or negative for a bare arm. */
void hand_build(struct hand *hand, const struct physique *physique, const struct pose *pose,
                float sleeve);

/* Move everything by `offset`. */
void hand_move(struct hand *hand, vec3 offset);

#endif
