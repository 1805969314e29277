/* SPDX-License-Identifier: MIT */
/* The window of the quiz: draws the game, and obeys the keys. */
#ifndef ASL_QUIZ_SCREEN_H
#define ASL_QUIZ_SCREEN_H

#include <stdbool.h>

#include "game.h"
#include "live/session.h"
#include "live/shown.h"
#include "live/window.h"

struct screen {
    struct live_session *session;
    struct game *game;
    const asl_model *model;
    const char *source, *backend;
    live_window *window;
    struct live_shot shot;
    struct live_grip grip;
    bool mirrored, help, lost; /**< lost: the display is gone. */
};

/** Show what is new. */
void screen_update(struct screen *screen);
/** Obey everything that the person at the window asked for. @return false to quit. */
bool screen_obey(struct screen *screen);

#endif /* ASL_QUIZ_SCREEN_H */
