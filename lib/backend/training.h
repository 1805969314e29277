/* SPDX-License-Identifier: MIT */
/* Loss and optimisers, which every backend that runs on the host shares: they are a thousandth of
 * the work, and PyTorch's own results check them. */
#ifndef ASL_BACKEND_TRAINING_H
#define ASL_BACKEND_TRAINING_H

#include "backend/backend.h"
#include "base/threads.h"

/* Softmax cross-entropy of one picture in a batch of `count`: its loss, whether the largest logit
 * is the label's, and the gradient of the batch's mean loss, float[classes]. */
void asl__loss(float *gradient, double *loss, int32_t *correct, const float *logits, int32_t label,
               int32_t classes, int32_t count, double label_smoothing);

/* One step: trained tensors go along `gradients`, running statistics move towards those of the
 * batch, which lie in their places. The pool's threads share the work. state is the three vectors
 * of backend.h. */
void asl__optimizer_step(float *const state[3], const float *gradients, const asl__network *network,
                         const asl__step_options *options, asl__pool *pool);

#endif
