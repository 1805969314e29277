/* SPDX-License-Identifier: MIT */
/* See shown.h. */
#include "live/shown.h"

enum { FLASH_MS = 400, GROWTH = 16 };

void live_shown_shot(live_view *view, asl_image_view *picture, const struct live_shot *shot,
                     const asl_model *model)
{
    const int64_t since_ns = shot->time_ns - shot->committed_ns;
    view->box = shot->box;
    view->searching = shot->box_is == LIVE_BOX_SEARCHES;
    view->letter = shot->letter >= 0 ? asl_model_label(model, shot->letter) : NULL;
    view->progress = shot->progress;
    view->committed = shot->committed_ns > 0 && since_ns < (int64_t)FLASH_MS * 1000000;
    view->top_count = shot->top_count;
    for (int32_t i = 0; i < shot->top_count; i++)
        view->top[i] =
            (live_view_score){asl_model_label(model, shot->top[i]), (double)shot->scores[i]};
    view->fps = shot->fps;
    view->latency_ms = shot->latency_ms;
    view->paused = shot->paused;
    if (shot->picture) {
        *picture = asl_image_get_view(shot->picture);
        view->picture = picture;
    }
}

/* The pixel of the true picture under the mouse. */
static bool locate(live_window *window, const live_view *view, const live_window_event *event,
                   double *x, double *y)
{
    cairo_surface_t *surface = live_window_surface(window);
    return surface &&
           live_view_locate(view, cairo_image_surface_get_width(surface),
                            cairo_image_surface_get_height(surface), event->x, event->y, x, y);
}

static void drag(struct live_grip *grip, struct live_session *session,
                 const live_window_event *event, double x, double y)
{
    const int32_t dx = (int32_t)(x - grip->x), dy = (int32_t)(y - grip->y);
    const bool grabs = event->action == WINDOW_GRAB;
    if (!grabs)
        live_session_move_box(session, dx, dy);
    /* What is less than a pixel waits for more. */
    if (grabs || dx != 0)
        grip->x = x;
    if (grabs || dy != 0)
        grip->y = y;
}

void live_shown_move(struct live_grip *grip, struct live_session *session, live_window *window,
                     const live_view *view, const live_window_event *event)
{
    double x, y;
    if (event->action == WINDOW_MOVE)
        live_session_move_box(session, view->mirrored ? -event->dx : event->dx, event->dy);
    else if (event->action == WINDOW_RESIZE)
        live_session_grow_box(session, GROWTH * event->number);
    else if ((event->action == WINDOW_GRAB || event->action == WINDOW_DRAG) &&
             locate(window, view, event, &x, &y))
        drag(grip, session, event, x, y);
}
