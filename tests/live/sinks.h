/* SPDX-License-Identifier: MIT */
/* What the parts of live_sinks share. */
#ifndef TESTS_LIVE_SINKS_H
#define TESTS_LIVE_SINKS_H

#include "live/error.h"

/* Print an error as a program does. @return its exit code. */
int sinks_fail(const struct live_error *error);

/* live_sinks window [WIDTH HEIGHT]: prints a line for each event, until it is told to quit. */
int sinks_window(int argc, char **argv);

#endif
