/* SPDX-License-Identifier: MIT */
/* One frame: what a camera sees, with at most one hand in it, and where that is. */
#ifndef ASL_FRAMES_FRAME_H
#define ASL_FRAMES_FRAME_H

#include <stdbool.h>

#include "hand/film.h"
#include "hand/signer.h"
#include "photo.h"
#include "place.h"

/* What all frames have in common. */
struct frame_plan {
    int size;
    uint64_t seed;
    double empty, photos; /* shares of frames without a hand, and of those that are photographs */
    bool plain;           /* the frame alone, without a grey border */
    const struct signer *signers;
    int signer_count;
    const struct album *album;
    const struct film_curve *curve;
};

/* Memory to draw in. */
struct studio {
    float *light, *behind;
    void *scratch;
    uint8_t *rgb; /* size x size pixels; the frame is the part that is seen */
};

struct frame {
    asl_rect seen;    /* what is no border */
    struct area hand; /* its box, in pixels of the square */
    struct place place;
    int signer;
};

/* Draw frame `index`: a pure function of plan and index. @return false with `err` filled when a
 * photograph cannot be read. */
bool frame_draw(struct frame *frame, const struct studio *studio, const struct frame_plan *plan,
                int64_t index, asl_error *err);

#endif
