/* SPDX-License-Identifier: MIT */
/* From a frame and a box on it to scores: which hand signs, and the network. */
#ifndef EXAMPLES_LIVE_RECOGNISER_H
#define EXAMPLES_LIVE_RECOGNISER_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/inferer.h"
#include "live/error.h"

/** The hand that signs. Models know the right one; a left one is shown to them as in a mirror. Auto
 * is what the model says about mirroring, or else tries both on the first frames with a hand; and
 * starts over when there was none for a while: the next hand may be another signer's. */
enum { LIVE_HAND_RIGHT, LIVE_HAND_LEFT, LIVE_HAND_AUTO };

struct live_recogniser {
    asl_inferer *inferer;
    const asl_model *model; /**< Borrowed. */
    double threshold;       /**< Of the letter score, below which a frame shows nothing. */
    int32_t label_count;
    int32_t nothing; /**< The class without a hand, or -1. */
    int32_t hand;    /**< LIVE_HAND_RIGHT or _LEFT: what was taken last. */
    bool undecided;  /**< Both hands are still tried. */
    float *scores;   /**< Of the last frame. */
    int64_t hand_ns; /**< Time of the last frame with a hand. */
};

/** @return true, or false with @p error filled. */
bool live_recogniser_open(struct live_recogniser *r, const asl_model *model,
                          const asl_inferer_options *options, int32_t hand,
                          struct live_error *error);
/** Release what it holds. */
void live_recogniser_close(struct live_recogniser *r);

/** Score what is in @p box, which lies inside the frame (RGB24). Where the model is not sure enough
 * that there is a letter, it is nothing.
 * @return true, or false with @p error filled. */
bool live_recognise(struct live_recogniser *r, const asl_image_view *frame, const asl_rect *box,
                    int64_t time_ns, struct live_error *error);

/** Fill a live_error from the library's. @return false. */
bool live_fail_asl(struct live_error *error, const asl_error *err);

#endif /* EXAMPLES_LIVE_RECOGNISER_H */
