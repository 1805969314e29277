/* SPDX-License-Identifier: MIT */
/* Batches of pixels in a given order, prepared ahead by threads of its own. */
#ifndef ASL_DATASET_LOADER_H
#define ASL_DATASET_LOADER_H

#include "asl/dataset.h"

typedef struct asl__loader asl__loader;

typedef struct asl__loader_options {
    int32_t width, height; /* of the batches */
    int32_t batch_size;
    int32_t threads; /* decoding threads, 1..256; with a packed data set of this size one is
                        enough, since a sample is a copy */
} asl__loader_options;

/* One batch, valid until the next call on the loader. */
typedef struct asl__batch {
    const uint8_t *images;    /* uint8[count][height][width][3], R,G,B */
    const int64_t *positions; /* which data set samples, in the order asked for */
    int32_t count;            /* 0 after the last */
    const asl_status *status; /* per position; < 0: the picture is black and must not be used */
    const asl_error *errors;  /* per position, what was wrong */
} asl__batch;

/* The loader keeps the data set alive. All its memory is allocated here; from then on only decoding
 * allocates. ASL_ERR_NOMEM; ASL_ERR_SYSTEM when not one thread can be started. */
asl_status asl__loader_create(asl__loader **out, const asl_dataset *dataset,
                              const asl__loader_options *options, asl_error *err);
/* Abandons a running pass. NULL allowed. */
void asl__loader_free(asl__loader *loader);

/* Begins a pass over `order` (indices into the data set; borrowed until the pass ends). A pass
 * still running is abandoned. ASL_ERR_ARG for an index that the data set does not have;
 * ASL_ERR_STATE in a forked child, which has none of the threads. */
asl_status asl__loader_start(asl__loader *loader, const int64_t *order, int64_t count,
                             asl_error *err);

/* The next batch, in order; waits for it. */
asl_status asl__loader_next(asl__batch *out, asl__loader *loader, asl_error *err);

#endif
