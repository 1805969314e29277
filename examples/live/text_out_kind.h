/* SPDX-License-Identifier: MIT */
/* What every target of text implements. Internal to text_out*.c and its test. */
#ifndef EXAMPLES_LIVE_TEXT_OUT_KIND_H
#define EXAMPLES_LIVE_TEXT_OUT_KIND_H

#include <stddef.h>

#include "live/text_out.h"

struct text_kind {
    bool (*append)(live_text *text, const char *utf8, size_t bytes, struct live_error *error);
    bool (*erase)(live_text *text, int32_t count, struct live_error *error);
    bool (*poll)(live_text *text, struct live_error *error);           /* optional */
    const char *(*status)(const live_text *text);                      /* optional */
    bool (*close)(live_text *text, bool ok, struct live_error *error); /* releases the state;
        after a failure that was told already (not ok) it only does that */
};

struct live_text {
    const struct text_kind *kind;
    void *state;
    char *target; /* as it was given, for messages */
    bool paused;
    bool failed;
    bool wrote; /* and so owes a newline at the end */
};

/* Each fills kind and state, or `error`. */
bool text_open_file(live_text *text, const char *path, struct live_error *error);
bool text_open_fifo(live_text *text, const char *path, struct live_error *error);
bool text_open_exec(live_text *text, const char *command, struct live_error *error);
bool text_open_keys(live_text *text, struct live_error *error);

/* A key of a US keyboard. */
struct text_key {
    int code; /* KEY_* of linux/input-event-codes.h; 0: there is no such key */
    bool shift;
};
struct text_key text_key_of(char character);
/* Write the events of pressing and releasing it. */
bool text_key_strike(int fd, struct text_key key);

/* "cannot write text to 'TARGET': REASON". Always false. */
bool text_fail(const live_text *text, int problem, struct live_error *error);

#endif /* EXAMPLES_LIVE_TEXT_OUT_KIND_H */
