/* SPDX-License-Identifier: MIT */
/* Pictures, turned ones and their mirror images: which of them the network sees, and which answer
 * counts. Between making the picture and asking the backend, so that none costs a scaling of its
 * own. */
#ifndef ASL_INFER_SIDES_H
#define ASL_INFER_SIDES_H

#include <stdbool.h>

#include "asl/inferer.h"

/* What an inferer knows about sides. */
typedef struct asl__sides {
    int32_t asked;       /* ASL_MIRROR_*, but not MODEL */
    int32_t read;        /* the same, or what AUTO has come to */
    int32_t ahead;       /* of AUTO so far: OFF or ON */
    int32_t hands;       /* pictures with a hand on them that AUTO has seen */
    double certainty[2]; /* sums over those of the top letter logit: as it is, mirrored */
    int32_t nothing;     /* the class without a hand, or -1 */
    int32_t looks;       /* 1, or ASL__MANY_LOOKS */
    int32_t shown;       /* images of one side in the last pass */
    bool pass_both;      /* it had both sides of them */
} asl__sides;

/* `looks` 0 is as the model says. */
void asl__sides_init(asl__sides *sides, const asl_model *model, int32_t mirror, int32_t looks);

/* Most images that the backend sees for one picture. */
int32_t asl__sides_most(const asl__sides *sides);

/* Shows `count` pictures of the network's size to the network, at most batch_size: those of the
 * pass that began, in inferer->images, or others, which stay as they are. */
asl_status asl__sides_run(asl_inferer *inferer, const uint8_t *images, int32_t count,
                          asl_error *err);

/* The answer for picture `index` of the last pass, float[classes], valid until the next. To be
 * asked once, in order, for those that are pictures: AUTO learns from them. */
const float *asl__sides_logits(asl_inferer *inferer, int32_t index);

#endif
