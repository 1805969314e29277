/* SPDX-License-Identifier: MIT */
/* A box that follows the hand: finds it, smooths where it is, and keeps still when the hand does.
 */
#ifndef EXAMPLES_LIVE_TRACKER_H
#define EXAMPLES_LIVE_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/finder.h"
#include "live/error.h"

/** A hand: its centre in pixels of the frame, and log2 of its side. */
struct live_spot {
    double x, y, octave;
};

struct live_tracker {
    asl_finder *finder;       /**< NULL: there is nothing to follow. */
    bool follows;             /**< A hand was seen a moment ago. */
    struct live_spot smooth;  /**< Where it is, without the trembling. */
    struct live_spot held;    /**< What the box is around. */
    int64_t seen_ns, last_ns; /**< Times of the last frame with a hand, and of the last one. */
    int64_t whole_ns;         /**< Time of the last look at a whole frame. */
};

/** @param model  A finder's. @return true, or false with @p error filled. */
bool live_tracker_open(struct live_tracker *t, const asl_model *model,
                       const asl_inferer_options *options, struct live_error *error);
/** Release what it holds. */
void live_tracker_close(struct live_tracker *t);

/** Look at a frame (RGB24). @p box receives the square to recognise when t->follows afterwards;
 * otherwise it is left alone. @return true, or false with @p error filled. */
bool live_track(asl_rect *box, struct live_tracker *t, const asl_image_view *frame, int64_t time_ns,
                struct live_error *error);

#endif /* EXAMPLES_LIVE_TRACKER_H */
