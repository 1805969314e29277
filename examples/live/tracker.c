/* SPDX-License-Identifier: MIT */
/* See tracker.h. Smoothing is the 1 euro filter (Casiez, Roussel & Vogel 2012): the faster the hand
 * moves, the less. Lengths count in sides of the hand, so that near and far hands behave alike. */
#include "live/tracker.h"

#include <math.h>

#include "common/cli.h"
#include "live/recogniser.h"

enum { LOST_MS = 400, WHOLE_MS = 500 };

/* Sides of the hand to look at around the last place, and of the box around the hand. */
#define AROUND 2.6
#define MARGIN 1.3
/* Hertz below which movements pass a filter, and how much more a second and side. */
#define SLOWEST   1.2
#define QUICKER   3.0
#define SIZE_RATE 0.8
/* The box stays while the hand is off its middle by less than this many sides, or octaves. */
#define STILL      0.05
#define STILL_SIZE 0.1
/* A hand elsewhere must be this much more certain than the one that is followed. */
#define SURER 0.25

bool live_tracker_open(struct live_tracker *t, const asl_model *model,
                       const asl_inferer_options *options, struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    asl_finder_options finder;
    *t = (struct live_tracker){0};
    asl_finder_options_init(&finder, sizeof finder);
    finder.margin = MARGIN;
    finder.inferer = options;
    return asl_finder_create(&t->finder, model, &finder, &err) >= 0 || live_fail_asl(error, &err);
}

void live_tracker_close(struct live_tracker *t)
{
    asl_finder_free(t->finder);
    *t = (struct live_tracker){0};
}

/* ---- Looking ---- */

static int32_t clamp(double value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : (int32_t)value;
}

/* A square around a spot, as far as it is inside the frame. */
static asl_rect around(const struct live_spot *spot, const asl_image_view *frame)
{
    const double half = 0.5 * AROUND * exp2(spot->octave);
    const int32_t left = clamp(spot->x - half, 0, frame->width - 1);
    const int32_t top = clamp(spot->y - half, 0, frame->height - 1);
    return (asl_rect){left, top, clamp(spot->x + half, left + 1, frame->width) - left,
                      clamp(spot->y + half, top + 1, frame->height) - top};
}

/* First where it was, and now and then, or when it is not there, everywhere. */
static bool look(asl_hand *hand, struct live_tracker *t, const asl_image_view *frame,
                 int64_t time_ns, asl_error *err)
{
    asl_hand other = {.struct_size = sizeof other};
    hand->found = 0;
    if (t->follows) {
        const asl_rect region = around(&t->smooth, frame);
        if (asl_finder_find(hand, t->finder, frame, &region, err) < 0)
            return false;
        if (hand->found && time_ns - t->whole_ns < (int64_t)WHOLE_MS * 1000000)
            return true;
    }
    if (asl_finder_find(&other, t->finder, frame, NULL, err) < 0)
        return false;
    t->whole_ns = time_ns;
    if (other.found && (!hand->found || other.score > hand->score + SURER))
        *hand = other;
    return true;
}

/* ---- Smoothing ---- */

/* Share of a new value that a low-pass filter takes up in this time. */
static double share(double hertz, double seconds)
{
    const double t = 6.283185307 * hertz * seconds;
    return t / (1.0 + t);
}

static void smooth(struct live_tracker *t, const struct live_spot *now, double seconds)
{
    const double side = exp2(t->smooth.octave);
    const double dx = now->x - t->smooth.x, dy = now->y - t->smooth.y;
    const double distance = sqrt(dx * dx + dy * dy) / side;
    if (!t->follows || distance > 1.0 || seconds <= 0.0) { /* somewhere else: go there at once */
        t->smooth = t->held = *now;
        return;
    }
    const double speed = distance / seconds;
    const double taken = share(SLOWEST + QUICKER * speed, seconds);
    t->smooth.x += taken * dx;
    t->smooth.y += taken * dy;
    t->smooth.octave += share(SIZE_RATE, seconds) * (now->octave - t->smooth.octave);
}

/* Drawn along once `to` is further away than the slack. */
static void drag(double *held, double to, double slack)
{
    if (*held < to - slack)
        *held = to - slack;
    else if (*held > to + slack)
        *held = to + slack;
}

static asl_rect box_around(const struct live_spot *spot, const asl_image_view *frame)
{
    const int32_t most = frame->width < frame->height ? frame->width : frame->height;
    const int32_t side = clamp(MARGIN * exp2(spot->octave), 1, most);
    return (asl_rect){clamp(spot->x - 0.5 * side, 0, frame->width - side),
                      clamp(spot->y - 0.5 * side, 0, frame->height - side), side, side};
}

bool live_track(asl_rect *box, struct live_tracker *t, const asl_image_view *frame, int64_t time_ns,
                struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    asl_hand hand = {.struct_size = sizeof hand};
    if (!look(&hand, t, frame, time_ns, &err))
        return live_fail_asl(error, &err);
    if (hand.found) {
        const struct live_spot now = {hand.x, hand.y, log2(hand.side)};
        smooth(t, &now, 1e-9 * (double)(time_ns - t->last_ns));
        const double slack = STILL * exp2(t->smooth.octave);
        drag(&t->held.x, t->smooth.x, slack);
        drag(&t->held.y, t->smooth.y, slack);
        drag(&t->held.octave, t->smooth.octave, STILL_SIZE);
        t->follows = true;
        t->seen_ns = time_ns;
    } else if (time_ns - t->seen_ns > (int64_t)LOST_MS * 1000000) {
        t->follows = false;
    }
    t->last_ns = time_ns;
    if (t->follows)
        *box = box_around(&t->held, frame);
    return true;
}
