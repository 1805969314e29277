/* SPDX-License-Identifier: MIT */
/* Draws and writes the pictures of a data set. Picture `index` counts through the classes, all
 * pictures of one before those of the next. */
#ifndef ASL_SYNTH_PRODUCE_H
#define ASL_SYNTH_PRODUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "sheet.h"
#include "shot.h"

struct settings {
    const char *out;
    int32_t per_class, size, signers, threads;
    double variety;
    uint64_t seed;
    const char *landmarks; /* file, or NULL */
    const char *sheet;     /* file, or NULL */
    bool force, json, quiet;
};

int produce_signer(const struct settings *settings, int64_t index);
/* Path of a picture below OUT; free() it. */
char *produce_name(const struct settings *settings, int64_t index);

/* Write all pictures into the class folders of OUT.
 * `landmarks` receives HAND_JOINTS for each picture, `sheet` small copies; both may be NULL.
 * Returns an exit code of cli.h. */
int produce_pictures(struct landmark *landmarks, struct sheet *sheet,
                     const struct settings *settings);

#endif
