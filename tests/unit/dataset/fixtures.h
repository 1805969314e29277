/* SPDX-License-Identifier: MIT */
/* Small data sets for the tests. */
#ifndef TESTS_DATASET_FIXTURES_H
#define TESTS_DATASET_FIXTURES_H

#include "asl/dataset.h"
#include "support/support.h"

/* Writes a picture whose pixels depend on `seed` alone; the kind follows the ending. */
void fixture_picture(const char *path, int seed, int width, int height);

/* A new folder `name` with class folders A, B, ... and pictures A/A1.png, A/A2.png, ... of
 * size x size pixels. */
void fixture_tree(const char *name, int classes, int per_class, int size);

/* Opens a data set, with `expected` as the exact status; NULL when that is a failure. */
asl_dataset *fixture_open(const char *path, asl_status expected);

/* Path of a sample. */
const char *fixture_path(const asl_dataset *dataset, int64_t index);

/* Fails unless the data set has exactly these issues, "STATUS path", in this order; ends with NULL.
 */
void fixture_expect_issues(const asl_dataset *dataset, const char *const *expected);

void fixture_write_text(const char *path, const char *text);

/* Reads a whole file; release with test_free(). */
uint8_t *fixture_read(size_t *size, const char *path);

/* The defaults for `count` data sets. */
asl_mix_options fixture_mix_options(int32_t count);

/* Mixes, with `expected` as the exact status; NULL when that is a failure. */
asl_dataset *fixture_mix(asl_dataset *const *parts, const asl_mix_options *options,
                         asl_status expected);
asl_dataset *fixture_mix_two(asl_dataset *first, asl_dataset *second, asl_status expected);

/* Packs at side x side pixels, with `expected` as the exact status. */
asl_dataset *fixture_pack(const asl_dataset *dataset, const char *path, int32_t side,
                          asl_status expected);

void fixture_free(asl_dataset **datasets, int count);

asl_sample fixture_sample(const asl_dataset *dataset, int64_t index);

/* Fails unless sample i of one is the same picture as sample j of the other, scaled too. */
void fixture_expect_same_picture(const asl_dataset *a, int64_t i, const asl_dataset *b, int64_t j);

#endif
