/* SPDX-License-Identifier: MIT */
/* The inferer behind its handle. */
#ifndef ASL_INFER_INFERER_H
#define ASL_INFER_INFERER_H

#include "asl/inferer.h"
#include "backend/backend.h"
#include "image/image.h"
#include "model/model.h"

struct asl_inferer {
    asl_model *model; /* folded; the plan borrows its network */
    const asl__backend *backend;
    char chosen[256];
    asl__plan *plan;
    int32_t batch_size;
    size_t image_bytes; /* of one picture at the network's size */
    uint8_t *images;    /* uint8[batch_size][height][width][3] */
    float *logits;      /* float[batch_size][classes] */
    asl__scratch scaling;
};

/* Resolves and checks a `threads` option: 0 is one per core, 256 the most. `what` names the call.
 */
asl_status asl__resolve_threads(int32_t *threads, const char *what, asl_error *err);

/* log(sum(exp(logits))): softmax is exp(logit - this), and cross-entropy this - logit. */
double asl__log_sum_exp(const float *logits, int32_t count);

#endif
