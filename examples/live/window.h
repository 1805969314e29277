/* SPDX-License-Identifier: MIT */
/* A window (SDL2): a surface to draw on, and what the person at it wants. It knows nothing of what
 * is shown. One window at a time; all calls but live_window_wake() from the thread that opened it.
 */
#ifndef EXAMPLES_LIVE_WINDOW_H
#define EXAMPLES_LIVE_WINDOW_H

#include <cairo.h>
#include <stdbool.h>

#include "live/error.h"

typedef struct live_window live_window;

enum live_window_action {
    WINDOW_NOTHING,    /**< Nothing more has happened. */
    WINDOW_REDRAW,     /**< The surface changed its size, or lost its content. */
    WINDOW_QUIT,       /**< q, Esc, or the window was closed. */
    WINDOW_LOST,       /**< The display is gone, and the window with it; said once. */
    WINDOW_PAUSE,      /**< Space. */
    WINDOW_DELETE,     /**< Backspace; repeats while held. */
    WINDOW_CLEAR,      /**< c */
    WINDOW_RECORD,     /**< r */
    WINDOW_MIRROR,     /**< m */
    WINDOW_SNAPSHOT,   /**< s */
    WINDOW_HELP,       /**< ? or F1 */
    WINDOW_OUTPUT,     /**< t: key strokes and voice on and off. */
    WINDOW_SUGGESTION, /**< 1 to 3: `number`. */
    WINDOW_MOVE,       /**< Arrows: `dx`, `dy` to the right and down on the screen; repeats. */
    WINDOW_RESIZE,     /**< + - or the wheel: `number` is 1 or -1; repeats. */
    WINDOW_GRAB,       /**< The mouse button went down at `x`, `y`. */
    WINDOW_DRAG,       /**< The mouse moved to `x`, `y` with the button held. */
    WINDOW_KEY         /**< Any other key; one that writes a sign (+) can be told as both. */
};

typedef struct live_window_event {
    enum live_window_action action;
    int number;
    int dx, dy; /**< Large steps are 10, with Shift 1. */
    double x, y;
} live_window_event;

/** Open a resizable window of at least 480x360. SDL's drivers without a screen (dummy, offscreen)
 * are taken only when SDL_VIDEODRIVER names them, and SDL's signal handlers stay off.
 * @return true, or false with @p error filled: CLI_NO_DEVICE where there is no display. */
bool live_window_open(live_window **out, const char *title, int width, int height,
                      struct live_error *error);
/** Release; NULL is allowed. */
void live_window_close(live_window *w);

/** Name of SDL's driver: "x11", "wayland", "dummy". */
const char *live_window_driver(const live_window *w);

/** Whether key strokes go to this window. Text must not be typed (uinput) while they do. */
bool live_window_has_focus(const live_window *w);

/** The surface to draw on, as large as the window is now: 32-bit pixels. Owned by the window, valid
 * until the next call with it. NULL once the display is lost or memory is out. */
cairo_surface_t *live_window_surface(live_window *w);
/** Show what is on the surface. Does nothing once the display is lost. */
void live_window_present(live_window *w);

/** What happened next; never waits. The key f (full screen) is answered by the window itself. */
live_window_event live_window_poll(live_window *w);
/** Sleep until something happens, live_window_wake() is called or @p milliseconds have passed. */
void live_window_wait(live_window *w, int milliseconds);
/** End the sleep of live_window_wait(), from any thread: there is a new picture. */
void live_window_wake(live_window *w);

#endif /* EXAMPLES_LIVE_WINDOW_H */
