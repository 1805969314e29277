/* SPDX-License-Identifier: MIT */
/* A data set and a network that are as small as can be. */
#ifndef TESTS_FUZZ_SMALL_H
#define TESTS_FUZZ_SMALL_H

#include "asl/dataset.h"
#include "asl/model.h"

#define SMALL_SIDE    4
#define SMALL_CLASSES 3

/* Made in the current folder: three classes of two pictures each, packed. The same everywhere. */
asl_dataset *small_dataset(void);
/* Of every kind of layer. */
asl_model *small_model(void);

#endif
