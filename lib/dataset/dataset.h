/* SPDX-License-Identifier: MIT */
/* The data set behind its handle: one shared, immutable source and the samples a handle shows. */
#ifndef ASL_DATASET_INTERNAL_H
#define ASL_DATASET_INTERNAL_H

#include <stdatomic.h>

#include "asl/dataset.h"
#include "base/file.h"

typedef struct asl__sample {
    char *path;       /* relative to the root, '/' separated */
    int32_t label;    /* class index */
    int32_t group;    /* group index or -1 */
    int64_t bytes;    /* file size; 0 when packed */
    int64_t modified; /* file modification time in ns; 0 when packed */
    uint32_t crc;     /* CRC-32 of the packed pixels; 0 otherwise */
} asl__sample;

typedef struct asl__issue {
    char *path;
    char *message;
    asl_status code;
} asl__issue;

/* Everything found at a path. Shared by reference count between a data set and its children. */
typedef struct asl__source {
    atomic_int references;
    char *root;             /* folder that sample paths are relative to; NULL when packed */
    asl__sample *samples;
    int64_t sample_count;
    char **classes;
    int32_t class_count;
    char **groups;
    int32_t group_count;
    asl__issue *issues;
    int64_t issue_count;
    asl_decode_options decode;
    asl__map pack;          /* data NULL unless packed */
    const uint8_t *pixels;  /* packed: uint8[sample_count][height][width][3], R,G,B */
    int32_t width, height;  /* packed only, else 0 */
} asl__source;

struct asl_dataset {
    asl__source *source;
    int64_t *members; /* indices into source->samples */
    int64_t count;
};

/* One sample as uint8[height][width][3], R,G,B, decoded and scaled as needed. Any thread. */
asl_status asl__dataset_read(uint8_t *out, const asl_dataset *dataset, int64_t index, int32_t width,
                             int32_t height, asl_error *err);

/* Another handle on the same samples. */
asl_status asl__dataset_share(asl_dataset **out, const asl_dataset *dataset, asl_error *err);

/* map[i] = index of data set class i in `labels`. ASL_ERR_LABELS naming the first class that has
 * samples and is not among them; classes without samples map to -1 then. */
asl_status asl__dataset_map_labels(int32_t *map, const asl_dataset *dataset,
                                   const char *const *labels, int32_t label_count, asl_error *err);

#endif
