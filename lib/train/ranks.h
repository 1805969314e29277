/* SPDX-License-Identifier: MIT */
/* Several processes, the ranks, that train one model together. All that passes between them are
 * sums by the caller's all_reduce, which every rank calls as often and with the same counts; so a
 * rank that cannot go on says so in its next sum, and all end together instead of waiting for it.
 * With one rank nothing here does anything. */
#ifndef ASL_TRAIN_RANKS_H
#define ASL_TRAIN_RANKS_H

#include "train/trainer.h"

/* The part of a batch that this rank takes. */
typedef struct asl__share {
    int32_t first, count;
} asl__share;

/* Of a batch of `pictures`: as even as can be, and never more than of a larger batch. */
asl__share asl__share_of(const asl_trainer *trainer, int32_t pictures);

/* Floats that trainer->exchange needs for a network of so many parameters and as many sources. */
size_t asl__exchange_size(size_t parameters, int32_t sources, int32_t ranks);

/* Adds up `sums` and the first `count` floats of trainer->exchange over all ranks, and finds out
 * whether any was asked to stop. `status` tells how this rank fared until now: when it failed, that
 * is returned, and ASL_ERR_SYSTEM on the other ranks. */
asl_status asl__ranks_add(asl_trainer *trainer, size_t count, asl__pass *sums, asl_status status,
                          asl_error *err);

/* As asl__ranks_add(), with nothing to add up. */
asl_status asl__ranks_meet(asl_trainer *trainer, asl_status status, asl_error *err);

/* As asl__ranks_meet(), and fails with ASL_ERR_STATE unless all ranks stand at the same place with
 * the same weights, data and settings. trainer->vectors are a fresh snapshot. */
asl_status asl__ranks_check(asl_trainer *trainer, asl_status status, asl_error *err);

/* Whether all ranks are to stop here. */
bool asl__ranks_stopping(const asl_trainer *trainer);

#endif
