/* SPDX-License-Identifier: MIT */
/* The data set behind its handle: one shared, immutable source and the samples a handle shows. */
#ifndef ASL_DATASET_INTERNAL_H
#define ASL_DATASET_INTERNAL_H

#include "asl/dataset.h"
#include "image/augment.h"

typedef struct asl__source asl__source; /* dataset/source.h */

struct asl_dataset {
    asl__source *source;
    int64_t *members; /* indices into source->samples */
    int64_t count;
};

/* One sample as uint8[height][width][3], R,G,B, decoded and scaled as needed. Any thread. A picture
 * of a packed data set is checked against its checksum the first time it is read. */
asl_status asl__dataset_read(uint8_t *out, const asl_dataset *dataset, int64_t index, int32_t width,
                             int32_t height, asl_error *err);

/* How a picture is varied when it is read; the numbers are those of asl_augmentation_apply(). */
typedef struct asl__variation {
    const asl_augmentation *augmentation; /* NULL: it is only scaled */
    uint64_t seed;
    int64_t epoch, sample;
    asl__augment_scratch *scratch; /* the calling thread's; kept from picture to picture */
} asl__variation;

/* asl__dataset_read() of a varied picture; *negative as from asl_augmentation_apply(). */
asl_status asl__dataset_read_varied(uint8_t *out, int32_t *negative, const asl_dataset *dataset,
                                    int64_t index, int32_t width, int32_t height,
                                    const asl__variation *variation, asl_error *err);

/* An order says which pictures come after each other in an epoch. Each entry is the index of a
 * sample, and in its upper half the turn: 0, or more when the picture comes again in the epoch. A
 * plain index is an entry of turn 0. */
#define ASL__TURN_SHIFT 32

static inline int64_t asl__order_index(int64_t entry)
{
    return entry & (((int64_t)1 << ASL__TURN_SHIFT) - 1);
}

/* The order of epoch `epoch`, 0 or more, of `pictures` drawn pictures, 1..2^31-1, with turns (see
 * above: indices come out of it by asl__order_index()). Each source gets its weight's share of the
 * epoch, and within a source each class it has gets as much as the others, to the picture; what
 * rounding leaves over changes from epoch to epoch and comes out even. Each class of a source is
 * gone through in full, newly shuffled every time, before a picture comes again; an epoch goes on
 * where the one before ended, if both had `pictures`. Everything is shuffled together at the end.
 * A pure function of its arguments. ASL_ERR_ARG; ASL_ERR_NOMEM. */
asl_status asl__dataset_draw(int64_t *order, const asl_dataset *dataset, int64_t pictures,
                             uint64_t seed, int64_t epoch, asl_error *err);

/* Where the pixels lie when the data set is packed at this size and no mix, otherwise NULL: those
 * of sample i are the uint8[height][width][3] number (*places)[i] from there on. Valid while it
 * lives; not checked, see asl__dataset_verify(). */
const uint8_t *asl__dataset_pixels(const int64_t **places, const asl_dataset *dataset,
                                   int32_t width, int32_t height);

/* Checks all samples of a packed data set that have not been read yet; fails as
 * asl__dataset_read() of the first that is damaged. ASL_ERR_NOMEM. */
asl_status asl__dataset_verify(const asl_dataset *dataset, int32_t threads, asl_error *err);

/* Another handle on the same samples. */
asl_status asl__dataset_share(asl_dataset **out, const asl_dataset *dataset, asl_error *err);

/* map[i] = index of data set class i in `labels`, found by asl__label_find(). ASL_ERR_LABELS naming
 * the first class that has samples and is not among them; classes without samples map to -1 then.
 */
asl_status asl__dataset_map_labels(int32_t *map, const asl_dataset *dataset,
                                   const char *const *labels, int32_t label_count, asl_error *err);

#endif
