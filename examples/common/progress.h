/* SPDX-License-Identifier: MIT */
/* One progress bar at a time on stderr, drawn only where someone can see it. cli_error() and
 * cli_note() hide it first, so messages never mix with it. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_AUTO = 0, PROGRESS_ALWAYS = 1, PROGRESS_NEVER = 2 };

/** Choose when bars are drawn; AUTO (the start) means on a terminal that can. */
void progress_mode(int32_t mode);

/** Start a bar such as "reading  42 % [====    ]  420/1000  0:12". @p label is copied. */
void progress_begin(const char *label, int64_t total);
/** Redraw, at most every 100 ms. @param note  Shown at the end of the line; may be NULL. */
void progress_update(int64_t done, const char *note);
/** As progress_update(), with the time left known better than by extrapolation. */
void progress_update_eta(int64_t done, const char *note, double eta_seconds);
/** Remove the bar; nothing stays on the screen. Allowed without a bar. */
void progress_end(void);
/** Take the bar off the line for a message; the next update draws it again. */
void progress_hide(void);

/** An asl_progress_fn for asl_dataset_pack() and the like: updates the bar, and says stop after
 * Ctrl-C. */
int32_t progress_callback(int64_t done, int64_t total, void *user);

/** Seconds on a clock that only goes forward. */
double progress_clock(void);
/** "0:07", "12:34" or "1:02:03", for people. */
void progress_duration(char text[24], double seconds);

#endif /* EXAMPLES_PROGRESS_H */
