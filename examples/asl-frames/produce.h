/* SPDX-License-Identifier: MIT */
/* Draws and writes all frames, on as many threads as there are cores: a frame depends on the seed
 * and its own number only, so they may come in any order. */
#ifndef ASL_FRAMES_PRODUCE_H
#define ASL_FRAMES_PRODUCE_H

#include "frame.h"

struct settings {
    const char *out, *contact;
    int32_t count, size, signers, threads;
    uint64_t seed;
    double empty, photos;
    bool plain, force, json, quiet;
};

/* Path of a frame below OUT, in the folder of its class; free() it. */
char *produce_name(const struct frame *frame, int64_t index);

/* Write all frames into the class folders of OUT; `frames` receives what is known of each.
 * Returns an exit code of cli.h. */
int produce_frames(struct frame *frames, const struct settings *settings,
                   const struct album *album);

#endif
