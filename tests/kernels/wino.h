/* SPDX-License-Identifier: MIT */
/* Shapes of Winograd convolutions for the checks of their transforms and of the whole. */
#ifndef TESTS_KERNELS_WINO_H
#define TESTS_KERNELS_WINO_H

#include "kernels/check.h"

/* A convolution of a picture that is no larger than that; without its pointers. With `pool` the
 * output may leave out a row and a column that pooling drops. */
asl__wino random_wino(int32_t kernel, int32_t most_height, int32_t most_width);
int32_t tile_count(const asl__wino *w);

/* Floats of the input, and of the output after any pooling. */
int64_t in_size(const asl__wino *w);
int64_t out_size(const asl__wino *w);

#endif
