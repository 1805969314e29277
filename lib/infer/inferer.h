/* SPDX-License-Identifier: MIT */
/* The inferer behind its handle. */
#ifndef ASL_INFER_INFERER_H
#define ASL_INFER_INFERER_H

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
    asl__sides sides;
    double temperature;
    size_t image_bytes; /* of one picture at the network's size */
    uint8_t *images;    /* uint8[sides][looks][batch_size][height][width][3] */
    float *logits;      /* float[sides][looks][batch_size][classes] */
    asl__scratch scaling;
};

/* Resolves and checks a `threads` option: 0 is one per core, 256 the most. `what` names the call.
 */
asl_status asl__resolve_threads(int32_t *threads, const char *what, asl_error *err);

/* The scores of these logits: softmax(logits / temperature). Returns log(sum(exp(.))) of the same,
 * from which the cross-entropy is this - logit / temperature. */
double asl__scores(float *scores, const float *logits, const asl_inferer *inferer);

#endif
