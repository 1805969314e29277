/* SPDX-License-Identifier: MIT */
/* Between the session and the window: what the screen takes from a shot, and the box that is moved
 * with keys and mouse. */
#ifndef EXAMPLES_LIVE_SHOWN_H
#define EXAMPLES_LIVE_SHOWN_H

#include "live/session.h"
#include "live/view.h"
#include "live/window.h"

/** Fill in what @p shot knows: all but the picture's mirror and what the program adds.
 * @param picture  Memory for view->picture. */
void live_shown_shot(live_view *view, asl_image_view *picture, const struct live_shot *shot,
                     const asl_model *model);

/** Where on the true picture the mouse holds. */
struct live_grip {
    double x, y;
};

/** Answer an event that is about the box; others are left alone.
 * @param view  What was drawn last: its picture, mirror and layout count. */
void live_shown_move(struct live_grip *grip, struct live_session *session, live_window *window,
                     const live_view *view, const live_window_event *event);

#endif /* EXAMPLES_LIVE_SHOWN_H */
