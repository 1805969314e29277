/* SPDX-License-Identifier: MIT */
/* asl-camera from the inside. The session reads, recognises and spells, with a window on a thread
 * of its own; sinks.c takes its events there and then; screen.c shows, records and obeys the keys.
 * Functions that return an int return an exit code of cli.h, and have said what went wrong. */
#ifndef ASL_CAMERA_CAMERA_H
#define ASL_CAMERA_CAMERA_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cli.h"
#include "live/events.h"
#include "live/record.h"
#include "live/session.h"
#include "live/shown.h"
#include "live/speech.h"
#include "live/text_out.h"
#include "live/view.h"
#include "live/window.h"

enum { SPEAK_NOTHING, SPEAK_LETTERS, SPEAK_WORDS };

/* ---- sinks.c: where text and events go ---- */

/** Shared by the thread that steps and the one that shows; the lock is for both. */
struct sinks {
    pthread_mutex_t lock;
    struct live_events events;
    bool every_frame; /**< Also the scores of each frame. */
    int64_t frame_ns; /**< Time of the last frame where frames have a time of their own; else 0. */
    struct {
        live_text *text;
        bool types; /**< Key strokes, which the person turns on and off. */
    } texts[CLI_LIST_MOST];
    int text_count;
    const asl_model *model;
    live_speech *speech; /**< NULL without --speak. */
    int32_t speak;       /**< SPEAK_*. */
    bool muted;          /**< Key strokes and voice are off. */
    bool focused;        /**< Key strokes would come back to our own window. */
    bool full;           /**< Standard output cannot be written any more. */
    int code;            /**< CLI_OK, or that of what failed first. */
    char message[256];   /**< What failed last, for the screen; empty when nothing did. */
    int64_t *latencies;  /**< How many frames took 0, 0.1, 0.2 ... ms. */
    int64_t frames;
};

int sinks_open(struct sinks *sinks, const asl_model *model, const cli_list *texts, int32_t speak,
               bool json, bool every_frame);
/** An event of the session's; a live_event_fn. */
void sinks_event(const asl_speller *speller, const asl_speller_event *event, int64_t latency_ns,
                 void *sinks);
/** A frame of the session's; a live_frame_fn. */
void sinks_frame(const struct live_shot *shot, void *sinks);
/** The time for what is no frame's. */
int64_t sinks_now(const struct sinks *sinks);
/** Push on what waits; call it a few times a second. */
void sinks_poll(struct sinks *sinks);
/** Turn key strokes and voice on or off; they begin off. @return whether there are any. */
bool sinks_mute(struct sinks *sinks, bool muted);
/** Key strokes wait while our own window has the focus: they are not meant for it. */
void sinks_focus(struct sinks *sinks, bool focused);
/** Something of the caller's failed: remember its exit code, if it is the first. */
void sinks_fail(struct sinks *sinks, int code);
/** What failed last, or NULL; @p line is memory for it. */
const char *sinks_failure(struct sinks *sinks, char line[256]);
/** Whether standard output cannot be written any more. */
bool sinks_are_full(struct sinks *sinks);
/** A few words on where text goes, or NULL; @p line is memory for them. */
const char *sinks_status(struct sinks *sinks, char line[128]);
/** What the person can change, and what became of a file (see events.h): to JSON. */
void sinks_state(struct sinks *sinks, const struct live_state *state);
void sinks_file(struct sinks *sinks, const char *what, const char *state, const char *path);
/** Something the person should know: to JSON, and on the screen when it is an @p alarm. */
void sinks_message(struct sinks *sinks, bool alarm, const char *message);
/** Milliseconds that this share of the frames took at most; NAN without frames. */
double sinks_latency(const struct sinks *sinks, double share);
/** Finish all. @return the exit code of the first that failed, or CLI_OK. */
int sinks_close(struct sinks *sinks);

/* ---- screen.c: what is seen, recorded, and asked for ---- */

struct screen {
    struct live_session *session;
    struct sinks *sinks;
    const asl_model *model;
    const char *source, *backend;
    const char *snapshots; /**< Folder. */
    const char *record_to; /**< File of the first recording; NULL: asl-TIME.mp4 by the r key. */
    live_window *window;   /**< NULL when headless. */
    live_record *record;
    cairo_surface_t *film; /**< What is recorded, never mirrored. */
    int64_t record_begun_ns;
    char *recording_path;
    struct live_shot shot;
    bool mirrored, help, ended, is_timed;
    char message[256]; /**< The latest remark of the screen's own. */
    int64_t message_ns;
    bool message_alarm;
    struct live_grip grip;
};

/** Look at what is new in the session, show and record it. @return whether there was anything. */
bool screen_update(struct screen *screen);
/** Obey everything that the person at the window asked for. @return false to quit. */
bool screen_obey(struct screen *screen);
int screen_start_record(struct screen *screen);
/** @return CLI_OK, or CLI_FAILED when the file could not be finished. */
int screen_stop_record(struct screen *screen);
/** Release what is there; the window too. */
void screen_close(struct screen *screen);

#endif /* ASL_CAMERA_CAMERA_H */
