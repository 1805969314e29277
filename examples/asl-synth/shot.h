/* SPDX-License-Identifier: MIT */
/* One picture: who shows what, where the camera stands, and what it sees. */
#ifndef ASL_SYNTH_SHOT_H
#define ASL_SYNTH_SHOT_H

#include "hand/film.h"
#include "hand/signer.h"

/* A joint in the picture. */
struct landmark {
    float x, y;  /* pixels */
    int visible; /* in the picture, and not behind other parts of the hand */
    int known;   /* 0 in pictures without a hand */
};

struct shot {
    struct scene scene;
    int has_hand;       /* 0: only the background */
    float wall, shadow; /* see render_shadow() */
    struct room room;
    struct cut cut;
    struct film film;
};

/* Memory to draw in, for pictures of one size. */
struct studio {
    int size;
    float *light, *behind;
    void *scratch;
    const struct film_curve *curve;
};

/* Plan picture `number` of a class; a pure function of its arguments. */
void shot_make(struct shot *shot, const struct signer *signer, int size, uint64_t seed,
               int class_index, int number);

/* Draw size x size pixels of RGB; `landmarks` (HAND_JOINTS of them) may be NULL. */
void shot_draw(uint8_t *rgb, struct landmark *landmarks, const struct shot *shot,
               struct studio *studio);

#endif
