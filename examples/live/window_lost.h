/* SPDX-License-Identifier: MIT */
/* Outliving the display. Internal to window*.c. */
#ifndef EXAMPLES_LIVE_WINDOW_LOST_H
#define EXAMPLES_LIVE_WINDOW_LOST_H

#include <SDL.h>
#include <stdbool.h>

/** Go on when an X server refuses a request, instead of ending the program as Xlib would. To be
 * called before SDL opens the display, since SDL puts back what it found when it closes it. */
void live_window_forgive(void);

/** Set @p lost when the X server of @p w goes away, instead of ending the program as Xlib would.
 * Wayland needs nothing: SDL turns its end into an SDL_QUIT without a window that was closed. */
void live_window_watch(SDL_Window *w, bool *lost);

#endif /* EXAMPLES_LIVE_WINDOW_LOST_H */
