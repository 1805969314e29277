/* SPDX-License-Identifier: MIT */
/* What every kind of source implements, and the clock that those without a camera run by. */
#ifndef EXAMPLES_LIVE_SOURCE_KIND_H
#define EXAMPLES_LIVE_SOURCE_KIND_H

#include "live/source.h"

/* The calls of a kind of source; each works on source->state, which its open call made. */
struct source_kind {
    int (*read)(struct live_frame *frame, struct live_source *source, int timeout_ms,
                struct live_error *error);
    void (*pause)(struct live_source *source);
    bool (*resume)(struct live_source *source, struct live_error *error);
    void (*close)(struct live_source *source);
};

struct live_source {
    const struct source_kind *kind;
    void *state;
    bool paused;
    char name[256];
    struct live_counts counts;
};

/* Each fills kind, state and name of `source`, or `error`. */
bool source_open_camera(struct live_source *source, const char *path,
                        const struct live_options *options, struct live_error *error);
bool source_open_synth(struct live_source *source, const char *text,
                       const struct live_options *options, struct live_error *error);
bool source_open_pictures(struct live_source *source, const char *const *paths, int count,
                          const struct live_options *options, struct live_error *error);
bool source_open_video(struct live_source *source, const char *path,
                       const struct live_options *options, struct live_error *error);

/* Whether a name ends as those of pictures do. */
bool source_is_picture(const char *path);
/* Whether a path is that of a camera, there or not. */
bool source_is_camera(const char *path, const struct live_options *options);
/* The path of the camera that has this number or (in part) this name, or of the first one for
 * NULL; free() it. NULL when none has that name (`error` stays empty), when several have, or when
 * there is none at all. */
char *source_find_camera(const char *name, const struct live_options *options,
                         struct live_error *error);

/* Frames without a camera have a time from the start; a pacer says when that has come. */
struct pacer {
    bool fast;
    int64_t start;  /* on CLOCK_MONOTONIC; 0 when fast, and until the first wait */
    int64_t paused; /* since when */
};

/* When frame `number` is due. */
static inline int64_t frame_time(int64_t number, double fps)
{
    return (int64_t)((double)number * 1e9 / fps);
}

/* Wait for the frame that is `due` ns from the start, `timeout_ms` at most. False: not yet. */
bool pacer_wait(struct pacer *pacer, int64_t due, int timeout_ms);
/* How long ago a frame was due; 0 when fast. */
int64_t pacer_late(const struct pacer *pacer, int64_t due);
/* How many frames should have come since `number`. */
int64_t pacer_frames_late(const struct pacer *pacer, int64_t number, double fps);
/* Do not catch up with what is late: a frame due at `due` is due now. */
void pacer_forgive(struct pacer *pacer, int64_t due);
void pacer_pause(struct pacer *pacer);
void pacer_resume(struct pacer *pacer);

#endif /* EXAMPLES_LIVE_SOURCE_KIND_H */
