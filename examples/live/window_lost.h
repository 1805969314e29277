/* SPDX-License-Identifier: MIT */
/* Outliving the display. Internal to window*.c. */
#ifndef EXAMPLES_LIVE_WINDOW_LOST_H
#define EXAMPLES_LIVE_WINDOW_LOST_H

#include <SDL.h>
#include <stdbool.h>

/** Set @p lost when the X server of @p w goes away, instead of ending the program as Xlib would.
 * Other kinds of display need nothing: SDL turns their end into SDL_QUIT. */
void live_window_watch(SDL_Window *w, bool *lost);

#endif /* EXAMPLES_LIVE_WINDOW_LOST_H */
