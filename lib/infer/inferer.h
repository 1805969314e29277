/* SPDX-License-Identifier: MIT */
/* The inferer behind its handle. */
#ifndef ASL_INFER_INFERER_H
#define ASL_INFER_INFERER_H

#include "asl/finder.h"
#include "asl/inferer.h"
#include "backend/backend.h"
#include "image/image.h"
#include "infer/sides.h"
#include "model/model.h"

struct asl_inferer {
    asl_model *model; /* folded; the plan borrows its network */
    const asl__backend *backend;
    char chosen[256];
    asl__plan *plan;
    int32_t batch_size;
    asl_finder *finder; /* NULL: whole pictures only */
    int32_t pass_count; /* pictures of the pass to come */
    int32_t pass_crops; /* 2 when a hand was found in one of them, so all come twice; else 1 */
    asl__sides sides;
    double temperature;
    size_t image_bytes; /* of one picture at the network's size */
    uint8_t *images;    /* uint8[sides][looks][crops][batch_size][height][width][3] */
    float *logits;      /* float[sides][looks][crops][batch_size][classes] */
    asl__scratch scaling;
};

/* Resolves and checks a `threads` option: 0 is one per core, 256 the most. `what` names the call.
 */
asl_status asl__resolve_threads(int32_t *threads, const char *what, asl_error *err);

/* A pass of at most batch_size pictures begins; then each is taken, at its place 0..count-1. */
void asl__begin_pass(asl_inferer *inferer, int32_t count);
/* Scales the picture, and the hand in it where there is one and the inferer looks for it. */
asl_status asl__take_picture(asl_inferer *inferer, int32_t place, const asl_image_view *view,
                             const asl_rect *region, asl_error *err);

/* The scores of these logits: softmax(logits / temperature). Returns log(sum(exp(.))) of the same,
 * from which the cross-entropy is this - logit / temperature. */
double asl__scores(float *scores, const float *logits, const asl_inferer *inferer);

#endif
