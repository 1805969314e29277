/* SPDX-License-Identifier: MIT */
/* The screen of the live programs: one struct that says what is to be seen, one routine that draws
 * it. The window, the recorded video and the snapshot all show what this file draws. */
#ifndef EXAMPLES_LIVE_VIEW_H
#define EXAMPLES_LIVE_VIEW_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "asl/image.h"

enum { LIVE_VIEW_TOP = 3, LIVE_VIEW_SUGGESTIONS = 3 };

typedef struct live_view_score {
    const char *label;
    double score; /**< 0..1. */
} live_view_score;

/** Everything on the screen. All zeros is a screen that waits for its first picture. Texts are
 * UTF-8 and borrowed; what is NULL is not shown. */
typedef struct live_view {
    const asl_image_view *picture; /**< True, never mirrored; any format of the library. */
    bool mirrored;                 /**< Show the picture, and the box on it, as in a mirror. */
    asl_rect box;                  /**< What the network sees, in true pixels; width 0: no box. */
    bool searching;                /**< It is to be around a hand, and there is none: dashed. */

    const char *letter; /**< The model's label for what is being shown: "A", "del", "space". */
    double progress;    /**< How far it has settled, 0..1. */
    bool committed;     /**< It has just been typed. */
    live_view_score top[LIVE_VIEW_TOP];
    int32_t top_count;

    const char *text;
    bool cursor;          /**< The cursor is in the visible half of its blinking. */
    bool has_suggestions; /**< Keep room for suggestions. */
    const char *suggestions[LIVE_VIEW_SUGGESTIONS];
    int32_t suggestion_count;
    const char *prompt; /**< A word to spell, in capitals; shown in place of the text. */
    const char *marks;  /**< Of its letters: '+' done, '-' missed, ' ' to come; the first of these
                             is the next. As long as the word. */
    const char *round;  /**< Beside it: "3 of 10". */

    double fps;        /**< Frames per second; 0 is unknown. */
    double latency_ms; /**< From capture to event; 0 is unknown. */
    const char *backend;
    const char *source; /**< The camera's or the file's name. */
    const char *output; /**< Where text goes and whether it does: "typing is off". */

    bool recording;
    double recording_s; /**< Seconds recorded so far. */
    bool paused;
    bool help;           /**< Show the keys. */
    const char *message; /**< Something the person should know, one sentence or two. */
    bool alarm;          /**< The message is about something that went wrong. */
} live_view;

/** A surface to draw on, opaque, or NULL when memory is out or the size is beyond cairo's.
 * Release with cairo_surface_destroy(). */
cairo_surface_t *live_view_surface(int width, int height);

/** Draw @p view over the whole of @p target, an image surface of 32-bit pixels and any size.
 * @return false when memory ran out. */
bool live_view_draw(cairo_surface_t *target, const live_view *view);

/** The pixels of a surface, valid until it changes. */
asl_image_view live_view_pixels(cairo_surface_t *surface);

/** Which pixel of the true picture lies at x, y of a screen of this size; it may lie outside of the
 * picture. @return false when there is no picture. */
bool live_view_locate(const live_view *view, int width, int height, double x, double y,
                      double *picture_x, double *picture_y);

/** Where the box begins: the tutorial's 224x224, in the middle of the picture, or as large as a
 * smaller picture allows. */
asl_rect live_box_default(int32_t picture_width, int32_t picture_height);
/** Move the box by dx, dy true pixels, and keep it inside the picture. */
void live_box_move(asl_rect *box, int32_t dx, int32_t dy, int32_t picture_width,
                   int32_t picture_height);
/** Grow (or shrink) the box by @p growth pixels around its centre; it stays inside the picture and
 * at least 32 pixels wide and high where the picture is. */
void live_box_resize(asl_rect *box, int32_t growth, int32_t picture_width, int32_t picture_height);

#endif /* EXAMPLES_LIVE_VIEW_H */
