/* SPDX-License-Identifier: MIT */
/* The quiz while it runs: what the session reads goes to the rules, and what comes of it is
 * printed, as lines or as JSON. The session tells on a thread of its own; the screen looks from
 * another. */
#ifndef ASL_QUIZ_GAME_H
#define ASL_QUIZ_GAME_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "live/events.h"
#include "live/session.h"
#include "quiz.h"

struct game {
    pthread_mutex_t lock;
    struct live_events events; /**< As JSON where it is on. */
    struct quiz quiz;
    char remark[96]; /**< On the latest letter or word, for the screen. */
    bool full;       /**< Standard output cannot be written any more. */
    int64_t frames, frame_ns;
};

/** What the screen shows of it: a copy. */
struct game_look {
    struct quiz quiz;
    char remark[96];
    bool full;
};

/** Begin with the first word; @p fast: times count from 0. */
void game_begin(struct game *game, const struct quiz_list *list, int32_t rounds, double patience,
                bool json, bool fast);
/** A live_event_fn and a live_frame_fn; @p game is a struct game. */
void game_event(const asl_speller *speller, const asl_speller_event *event, int64_t latency_ns,
                void *game);
void game_frame(const struct live_shot *shot, void *game);
struct game_look game_get_look(struct game *game);
/** One sentence, or two, on how it went. */
void game_verdict(char text[160], const struct quiz *quiz);
/** Sum up and release. @param shot  The last one. @param code  The exit code so far.
 * @return the exit code. */
int game_end(struct game *game, const struct live_shot *shot, struct live_counts counts, int code);

#endif /* ASL_QUIZ_GAME_H */
