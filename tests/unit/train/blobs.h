/* SPDX-License-Identifier: MIT */
/* A data set that takes no time to make or to learn: coloured blobs on grey noise. */
#ifndef TESTS_BLOBS_H
#define TESTS_BLOBS_H

#include "asl/asl.h"

/* "blue", "green", "red". */
#define BLOBS_CLASSES 3

/* Writes folder/CLASS/NN.png, each side x side, per_class of each, and folder/data.csv with two
 * groups, "anna" (even numbers) and "ben", when `grouped`. */
void blobs_make(const char *folder, int32_t per_class, int32_t side, uint64_t seed, bool grouped);

/* Opens a data set; fails the test otherwise. */
asl_dataset *blobs_open(const char *folder);

/* A small network of every kind of layer for 16x16 pictures. Labels in another order than the data
 * set's. */
asl_model *blobs_model(void);

/* As asl_model_create() with these labels. */
asl_model *blobs_model_with(const char *const *labels, int32_t label_count);

/* Checksum of a model's weights. */
uint64_t blobs_hash(const asl_model *model);

#endif
