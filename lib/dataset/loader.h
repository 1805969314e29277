/* SPDX-License-Identifier: MIT */
/* Batches of pixels in a given order, prepared ahead by threads of its own. */
#ifndef ASL_DATASET_LOADER_H
#define ASL_DATASET_LOADER_H

#include "asl/augment.h"
#include "asl/dataset.h"

typedef struct asl__loader asl__loader;

typedef struct asl__loader_options {
    int32_t width, height; /* of the batches */
    int32_t batch_size;
    int32_t threads; /* decoding threads, 1..256; with a packed data set of this size one is
                        enough, since a sample is a copy */
    const asl_augmentation *augmentation; /* NULL: pictures are only scaled. Borrowed */
    uint64_t seed;                        /* of the augmentation */
} asl__loader_options;

/* One batch, valid until the next call on the loader. */
typedef struct asl__batch {
    const uint8_t *images;    /* uint8[count][height][width][3], R,G,B */
    const int64_t *positions; /* which data set samples, in the order asked for, without turns */
    int32_t count;            /* 0 after the last */
    const int32_t *negative;  /* per position: 1 when augmentation left no letter in it, else 0 */
    const asl_status *status; /* per position; < 0: the picture is black and must not be used */
    const asl_error *errors;  /* per position, what was wrong */
} asl__batch;

/* The loader keeps the data set alive. All its memory is allocated here; from then on only decoding
 * allocates, and each thread for the first pictures that it varies. ASL_ERR_NOMEM; ASL_ERR_SYSTEM
 * when not one thread can be started. */
asl_status asl__loader_create(asl__loader **out, const asl_dataset *dataset,
                              const asl__loader_options *options, asl_error *err);
/* Abandons a running pass. NULL allowed. */
void asl__loader_free(asl__loader *loader);

/* Begins a pass over `order` (entries as asl__dataset_draw() makes them, or plain indices; borrowed
 * until the pass ends). A pass still running is abandoned. Pictures are varied by the loader's
 * seed, `epoch` and their entry, which is their index unless they come again in the epoch: so it
 * does not matter where in its epoch a pass begins, nor who else takes part of the epoch.
 * ASL_ERR_ARG for an index that the data set does not have; ASL_ERR_STATE in a forked child, which
 * has none of the threads. */
asl_status asl__loader_start(asl__loader *loader, const int64_t *order, int64_t count,
                             int64_t epoch, asl_error *err);

/* Changes the size of the pictures for the passes to come; one still running is abandoned. A size
 * of no more pixels than that it was made with needs no memory. ASL_ERR_ARG; ASL_ERR_NOMEM, and the
 * size stays; ASL_ERR_STATE as above. */
asl_status asl__loader_resize(asl__loader *loader, int32_t width, int32_t height, asl_error *err);

/* The next batch, in order; waits for it. */
asl_status asl__loader_next(asl__batch *out, asl__loader *loader, asl_error *err);

#endif
