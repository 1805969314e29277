/* SPDX-License-Identifier: MIT */
/* From a frame and a box on it to scores: which hand signs, and the network. */
#ifndef EXAMPLES_LIVE_RECOGNISER_H
#define EXAMPLES_LIVE_RECOGNISER_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/inferer.h"
#include "live/error.h"

/** The hand that signs. Models know the right one; a left one is shown to them as in a mirror. Auto
 * tries both while the first second of hand is seen, and keeps the one that scores higher. */
enum { LIVE_HAND_RIGHT, LIVE_HAND_LEFT, LIVE_HAND_AUTO };

struct live_recogniser {
    asl_inferer *inferer;
    int32_t label_count;
    int32_t nothing;          /**< The class without a hand, or -1. */
    int32_t hand;             /**< LIVE_HAND_RIGHT or _LEFT: what was taken last. */
    float *scores;            /**< Of the last frame. */
    bool undecided;           /**< Both hands are still tried. */
    double certainty[2];      /**< By hand: sum of the logarithms of the top scores. */
    int64_t seen_ns, last_ns; /**< How long a hand was seen; time of the last frame. */
    float *other;             /**< Scores of the other hand. */
    asl_image *mirror;        /**< The box, mirrored. */
};

/** @return true, or false with @p error filled. */
bool live_recogniser_open(struct live_recogniser *r, const asl_model *model,
                          const asl_inferer_options *options, int32_t hand,
                          struct live_error *error);
/** Release what it holds. */
void live_recogniser_close(struct live_recogniser *r);

/** Score what is in @p box, which lies inside the frame (RGB24).
 * @return true, or false with @p error filled. */
bool live_recognise(struct live_recogniser *r, const asl_image_view *frame, const asl_rect *box,
                    int64_t time_ns, struct live_error *error);

/** Fill a live_error from the library's. @return false. */
bool live_fail_asl(struct live_error *error, const asl_error *err);

#endif /* EXAMPLES_LIVE_RECOGNISER_H */
