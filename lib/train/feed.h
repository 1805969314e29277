/* SPDX-License-Identifier: MIT */
/* A data set as the trainer reads it: the order of each pass, this rank's part of it, pixels
 * through the loader, and classes in the model's numbers. */
#ifndef ASL_TRAIN_FEED_H
#define ASL_TRAIN_FEED_H

#include "train/trainer.h"

/* Opens an empty feed: trainer->train or trainer->validation. After a failure it is half open, for
 * asl__feed_close(). */
asl_status asl__feed_open(asl__feed *feed, const asl_trainer *trainer, const asl_dataset *dataset,
                          asl_error *err);
void asl__feed_close(asl__feed *feed);

/* Hands the loader what is left of a pass, or nothing when it is `kept`, at the size that the next
 * step wants. */
asl_status asl__feed_start(asl__feed *feed, const asl_trainer *trainer, const asl__pass *pass,
                           bool kept, asl_error *err);

/* The next batch, and its classes into trainer->labels. Fails on the first picture that could not
 * be read. */
asl_status asl__feed_next(asl__batch *batch, const asl__feed *feed, asl_trainer *trainer,
                          asl_error *err);

#endif
