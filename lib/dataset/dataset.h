/* SPDX-License-Identifier: MIT */
/* The data set behind its handle: one shared, immutable source and the samples a handle shows. */
#ifndef ASL_DATASET_INTERNAL_H
#define ASL_DATASET_INTERNAL_H

#include "asl/dataset.h"

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

/* Where the pixels lie when the data set is packed at this size, otherwise NULL: those of sample i
 * are the uint8[height][width][3] number (*places)[i] from there on. Valid while it lives; not
 * checked, see asl__dataset_verify(). */
const uint8_t *asl__dataset_pixels(const int64_t **places, const asl_dataset *dataset,
                                   int32_t width, int32_t height);

/* Checks all samples of a packed data set that have not been read yet; fails as
 * asl__dataset_read() of the first that is damaged. ASL_ERR_NOMEM. */
asl_status asl__dataset_verify(const asl_dataset *dataset, int32_t threads, asl_error *err);

/* Another handle on the same samples. */
asl_status asl__dataset_share(asl_dataset **out, const asl_dataset *dataset, asl_error *err);

/* map[i] = index of data set class i in `labels`. ASL_ERR_LABELS naming the first class that has
 * samples and is not among them; classes without samples map to -1 then. */
asl_status asl__dataset_map_labels(int32_t *map, const asl_dataset *dataset,
                                   const char *const *labels, int32_t label_count, asl_error *err);

#endif
