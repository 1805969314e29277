/* SPDX-License-Identifier: MIT */
/* Where spelled text goes beside the screen: `--text-to` of the live programs. Edits come as they
 * are made: text is appended, or the last characters are deleted. Nothing here waits for whoever
 * reads. The process must ignore SIGPIPE, as it does after cli_parse().
 *
 *   stdout     as it is spelled; a deleted character is "\b \b" on a terminal and "\b" elsewhere
 *   FILE       the text so far: added to what is there, deleted characters are gone from it
 *   fifo:PATH  a named pipe, made when missing; text waits until someone opens it for reading
 *   exec:CMD   the standard input of a shell command
 *   uinput     key strokes for whichever window has the focus, by a virtual keyboard. It starts
 *              paused; pause it while the focus is on a window of our own, whose keys mean
 *              something else
 *
 * To a pipe a deleted character is "\b" (0x08), unless it had not left yet. At the end all but
 * uinput get a newline when there was any text. */
#ifndef EXAMPLES_LIVE_TEXT_OUT_H
#define EXAMPLES_LIVE_TEXT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "live/error.h"

typedef struct live_text live_text;

/** Get ready for @p target. @return true, or false with @p error filled: CLI_USAGE for a target
 * that means nothing, CLI_NO_DEVICE without uinput, CLI_FAILED otherwise. */
bool live_text_open(live_text **out, const char *target, struct live_error *error);

/** Add UTF-8 text, or delete @p count characters. Dropped while paused. @return true, or false with
 * @p error filled; then only live_text_close() makes sense. */
bool live_text_append(live_text *text, const char *utf8, struct live_error *error);
bool live_text_delete(live_text *text, int32_t count, struct live_error *error);

/** Push on what waits, and look whether the command still runs: call it a few times a second.
 * @return as live_text_append(). */
bool live_text_poll(live_text *text, struct live_error *error);

void live_text_pause(live_text *text, bool paused);
bool live_text_is_paused(const live_text *text);

/** A few words for the screen when there is something to know, as "typing is off" or "nobody reads
 * the pipe"; NULL otherwise. */
const char *live_text_status(const live_text *text);

/** Finish and release; NULL is allowed. A command gets the end of its input and two seconds.
 * @return true, or false with @p error filled: the command failed, or text was lost. */
bool live_text_close(live_text *text, struct live_error *error);

#endif /* EXAMPLES_LIVE_TEXT_OUT_H */
