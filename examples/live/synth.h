/* SPDX-License-Identifier: MIT */
/* A drawn hand that spells: when it does what (synth_script.c), and how that looks (synth_draw.c).
 */
#ifndef EXAMPLES_LIVE_SYNTH_H
#define EXAMPLES_LIVE_SYNTH_H

#include "hand/poses.h"
#include "hand/signer.h"
#include "live/source.h"

/* ---- When ---- */

/* What there is to see at one time. */
struct script_moment {
    struct pose pose;
    vec3 place; /* of the wrist, in millimetres from the middle of the box */
};

struct script;

/* The options have a box. Plan how `text` is signed; NULL, with `error` filled, when something in
 * it cannot be. */
struct script *script_make(const char *text, const struct signer *signer,
                           const struct live_options *options, struct live_error *error);
/* Seconds from the first frame to the last. */
double script_length(const struct script *script);
/* @return false when there is no hand to be seen. */
bool script_at(struct script_moment *moment, const struct script *script, double seconds);
void script_free(struct script *script);

/* ---- What it looks like ---- */

/* About the height of a hand, in millimetres. */
#define HAND_TALL 210.0f

/* Millimetres a pixel in the plane of the hand. */
float easel_mm(const struct live_options *options);

struct easel;

struct easel *easel_make(const struct signer *signer, const struct live_options *options);
/* Draw frame `number` at a time; `moment` is NULL for an empty room. */
void easel_draw(struct easel *easel, const struct script_moment *moment, double seconds,
                int64_t number);
asl_image_view easel_view(const struct easel *easel);
void easel_free(struct easel *easel);

#endif /* EXAMPLES_LIVE_SYNTH_H */
