/* SPDX-License-Identifier: MIT */
/* The folder that the frames go into, and the tables beside them. */
#ifndef ASL_FRAMES_OUTPUT_H
#define ASL_FRAMES_OUTPUT_H

#include "produce.h"

/* Both return an exit code of cli.h. */

/* Make OUT, or clear that of an earlier run when --force says so. */
int output_start(const struct settings *settings);
/* Write the table, which says that all is there. */
int output_finish(const struct frame *frames, const struct settings *settings);

#endif
