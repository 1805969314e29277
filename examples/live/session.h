/* SPDX-License-Identifier: MIT */
/* What a live program does with each frame: read it, recognise it, spell with it, and tell of every
 * event; and what may be asked of it meanwhile. All calls from any thread, but live_session_step(),
 * which belongs to one at a time: the program's only one, or that of live_session_start(). */
#ifndef EXAMPLES_LIVE_SESSION_H
#define EXAMPLES_LIVE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/inferer.h"
#include "asl/speller.h"
#include "live/recogniser.h"
#include "live/source.h"
#include "live/tracker.h"

enum { LIVE_SHOT_TOP = 3, LIVE_SHOT_WORDS = 8, LIVE_SHOT_WORD = 64, LIVE_SHOT_TEXT = 512 };

/** A box that stays where it was put; one that is to be around the hand, and is; one that is to be,
 * but there is no hand: it waits where it was put. */
enum { LIVE_BOX_FIXED, LIVE_BOX_FOLLOWS, LIVE_BOX_SEARCHES };

/** What there is to know about the newest frame: a copy, which nothing else changes. */
struct live_shot {
    asl_image *picture; /**< RGB24, or NULL before the first. */
    int64_t number;     /**< Frames so far. */
    int64_t time_ns;
    asl_rect box;
    int32_t box_is;              /**< LIVE_BOX_*. */
    int32_t letter;              /**< Class that is being shown, or -1. */
    double progress;             /**< Of it, 0..1. */
    int64_t committed_ns;        /**< Time of the last letter that was written; 0 before. */
    int32_t top[LIVE_SHOT_TOP];  /**< Classes that score best. */
    float scores[LIVE_SHOT_TOP]; /**< What they score. */
    int32_t top_count;           /**< How many there are. */
    char text[LIVE_SHOT_TEXT];   /**< The end of the text. */
    char words[LIVE_SHOT_WORDS][LIVE_SHOT_WORD]; /**< Suggestions. */
    int32_t word_count;
    double fps;        /**< Frames a second, lately; 0 is unknown. */
    double latency_ms; /**< From a frame to its events, lately; 0 is unknown. */
    int32_t hand;      /**< LIVE_HAND_RIGHT, _LEFT, or _AUTO while both are tried. */
    bool paused;
    int state;               /**< LIVE_FRAME while it goes on, or LIVE_END or LIVE_ERROR. */
    struct live_error error; /**< Why it does not, or stays paused; empty: nothing to say. */
};

/** Told of every event, in order, on the thread that causes it; the session is locked meanwhile.
 * @param latency_ns  From the frame to now; 0 for edits. */
typedef void live_event_fn(const asl_speller *speller, const asl_speller_event *event,
                           int64_t latency_ns, void *user);
/** Told of every frame once all is known about it; the same rules. */
typedef void live_frame_fn(const struct live_shot *shot, void *user);
/** Told that there is something new to look at, on the thread that steps. */
typedef void live_news_fn(void *user);

struct live_session_options {
    asl_inferer_options inferer;
    asl_speller_options speller;
    int32_t hand;           /**< LIVE_HAND_*. */
    asl_rect box;           /**< width 0: live_box_default() of the first frame. */
    const asl_model *hands; /**< A finder's model: the box follows the hand, and is `box` only while
                                 there is none. NULL: it stays. Borrowed while opening. */
    const char *words;      /**< File with words to suggest, or NULL. */
    bool timed;             /**< Frames come in real time, so that latency can be measured. */
    live_event_fn *on_event;
    live_frame_fn *on_frame;
    live_news_fn *on_news; /**< May be NULL. */
    void *news_user;       /**< Handed to it. */
    void *user;            /**< Handed to on_event and on_frame. */
};

struct live_session;

void live_session_options_init(struct live_session_options *options);

/** Ready for the first frame. Source and model are borrowed.
 * @return true, or false with @p error filled. */
bool live_session_open(struct live_session **out, struct live_source *source,
                       const asl_model *model, const struct live_session_options *options,
                       struct live_error *error);
/** Stops the thread, if there is one. NULL is allowed. */
void live_session_close(struct live_session *s);

/** Read and work on one frame, waiting for at most @p timeout_ms.
 * @return as live_source_read(). */
int live_session_step(struct live_session *s, int timeout_ms);
/** Step on a thread of its own until the end. @return true, or false with @p error filled. */
bool live_session_start(struct live_session *s, struct live_error *error);

/** Copy what is new. @p shot: all zeros at first; release its picture with asl_image_free().
 * @return false when nothing is new since the last call with it. */
bool live_session_look(struct live_shot *shot, struct live_session *s);

/** Let go of the source, or go on with it. */
void live_session_pause(struct live_session *s, bool paused);
/** Edits of the text, told as events. */
void live_session_backspace(struct live_session *s);
void live_session_clear(struct live_session *s);
void live_session_suggestion(struct live_session *s, int32_t index);
/** Move the box on the true picture, or grow it. */
void live_session_move_box(struct live_session *s, int32_t dx, int32_t dy);
void live_session_grow_box(struct live_session *s, int32_t growth);

/** One line on what computes. */
const char *live_session_backend(const struct live_session *s);
/** The whole text; free() it. */
char *live_session_text(struct live_session *s);

#endif /* EXAMPLES_LIVE_SESSION_H */
