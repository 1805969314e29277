/* SPDX-License-Identifier: MIT */
/* How what is live fails: not fatally, and with a line that is printed and shown on the screen. */
#ifndef EXAMPLES_LIVE_ERROR_H
#define EXAMPLES_LIVE_ERROR_H

#include <stdbool.h>

/** Why something failed, or why a stream ended; empty when there is nothing to say. */
struct live_error {
    int code;          /**< An exit code of cli.h. */
    char message[256]; /**< One line that names the bad value and what to do. */
};

/** Fill @p error, which may be NULL. @return false. */
bool live_fail(struct live_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* EXAMPLES_LIVE_ERROR_H */
