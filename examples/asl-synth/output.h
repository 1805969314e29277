/* SPDX-License-Identifier: MIT */
/* The folder that a data set goes into, and the tables beside the pictures. */
#ifndef ASL_SYNTH_OUTPUT_H
#define ASL_SYNTH_OUTPUT_H

#include "produce.h"

/* Both return an exit code of cli.h. */

/* Make OUT and its class folders, or clear those of an earlier run when --force says so. */
int output_start(const struct settings *settings);
/* Write the tables; data.csv comes last and says that all is there. */
int output_finish(const struct landmark *landmarks, const struct settings *settings);

#endif
