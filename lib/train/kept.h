/* SPDX-License-Identifier: MIT */
/* Training on a set that the backend keeps: it gets all pixels once, and then several steps at a
 * time are asked for. The same bits as through the loader, step by step. */
#ifndef ASL_TRAIN_KEPT_H
#define ASL_TRAIN_KEPT_H

#include "train/trainer.h"

/* Hands the training set over, when backend and set allow it. Otherwise, also for want of memory,
 * trainer->chunk stays NULL and the loader is in use. Fails for a damaged picture. */
asl_status asl__kept_open(asl_trainer *trainer, asl_error *err);

/* Takes the next steps of the pass: as many as are done in a moment, or one when the trainer was
 * told to stop. The steps before a failure count. */
asl_status asl__kept_train(asl_trainer *trainer, asl__pass *pass, asl_error *err);

#endif
