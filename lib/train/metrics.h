/* SPDX-License-Identifier: MIT */
/* Loss and accuracy: per picture from logits, and per epoch from the sums of its passes. */
#ifndef ASL_TRAIN_METRICS_H
#define ASL_TRAIN_METRICS_H

#include "train/trainer.h"

/* Adds one batch: float[count][classes] logits against the true classes, by plain cross-entropy
 * (without label smoothing). */
void asl__pass_add(asl__pass *pass, const float *logits, const int32_t *labels, int32_t count,
                   int32_t classes);

/* Means over the pictures seen; NaN when there are none. */
double asl__pass_loss(const asl__pass *pass);
double asl__pass_accuracy(const asl__pass *pass);

/* The row of the epoch that the trainer has just ended, compared with the rows before it; the
 * accuracies of its sources go into trainer->sources. */
asl_epoch_metrics asl__epoch_metrics(asl_trainer *trainer);

/* Mean accuracy of the sources that have pictures, in a finished epoch. */
double asl__sources_mean(const asl__sources *sources, int32_t epoch);

/* Index of the best finished epoch, or -1. */
int32_t asl__best_epoch(const asl_trainer *trainer);

/* One line for a model's metadata about the epoch that its weights come from, or about the number
 * of steps alone when `row` is NULL. In new memory, or NULL when that is short. */
char *asl__metrics_text(const asl_epoch_metrics *row, int64_t step);

#endif
