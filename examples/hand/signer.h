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
    struct wear wear;
    struct cloth sleeve;
    float sleeve_start; /* millimetres from the wrist; negative for bare arms */
    int left_handed;
    uint64_t style; /* chooses between ways of signing a letter */
    float variety;  /* 0: signs by the book; 1: as people do */
    /* Habits, in degrees: how the hand is held, how far fingers are bent and spread. */
    float yaw, pitch, roll, curl, spread;
    struct room room[SIGNER_ROOMS];
    struct lights lights[SIGNER_LIGHTS];
};

/* Somebody of variety 1. */
void signer_make(struct signer *signer, uint64_t seed, int index);
/* Teach a signer the book: habits shrink, rare ways of signing go. */
void signer_school(struct signer *signer, float variety);

/* A pose as this person would hold it this time. */
struct pose signer_pose(const struct signer *signer, const struct pose *pose, rng *random);

/* A class as this person would sign it this time: mostly in their own way. */
struct pose signer_sign(const struct signer *signer, int class_index, rng *random);

#endif
