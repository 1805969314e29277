/* SPDX-License-Identifier: MIT */
/* What happens, as JSON: one object a line on standard output, in the order in which it happened.
 * docs/events.md lists the keys. Every call writes one line and flushes it, or does nothing while
 * `on` is false; false comes back once standard output cannot be written. */
#ifndef EXAMPLES_LIVE_EVENTS_H
#define EXAMPLES_LIVE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/image.h"
#include "asl/speller.h"
#include "live/error.h"
#include "live/view.h"

struct live_events {
    bool on;
    int64_t start_ns; /**< The time that the lines count from. */
};

/** What runs, for the first line. */
struct live_setup {
    const char *program, *source, *backend, *model;
    const char *const *labels;
    int32_t label_count;
};

/** What a person can change while it runs. */
struct live_state {
    bool paused, mirrored, left_handed, text_paused, speech_paused;
    bool follows, found; /**< The box is to follow the hand; there is one. */
    asl_rect box;
};

/** What it came to, for the last line. */
struct live_summary {
    int code; /**< The exit code. */
    int64_t frames, dropped, damaged;
    double fps, latency_p50_ms, latency_p95_ms; /**< NAN when there was no frame. */
};

bool live_events_start(const struct live_events *events, const struct live_setup *setup);
bool live_events_state(const struct live_events *events, int64_t time_ns,
                       const struct live_state *state);
/** The best scores of one frame; for those who want every frame. */
bool live_events_scores(const struct live_events *events, int64_t time_ns, int64_t sequence,
                        const live_view_score *top, int32_t count);
/** An event of @p speller. @param latency_ms  From capture to now. */
bool live_events_speller(const struct live_events *events, const asl_speller *speller,
                         const asl_speller_event *event, double latency_ms);
/** @param what  "recording" or "snapshot". @param state  "started", "ended" or "saved". */
bool live_events_file(const struct live_events *events, int64_t time_ns, const char *what,
                      const char *state, const char *path);
/** Something that the person should know; @p alarm: it went wrong. */
bool live_events_message(const struct live_events *events, int64_t time_ns, bool alarm,
                         const char *message);
bool live_events_end(const struct live_events *events, int64_t time_ns, const char *text,
                     const struct live_summary *summary);

#endif /* EXAMPLES_LIVE_EVENTS_H */
