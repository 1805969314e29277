/* SPDX-License-Identifier: MIT */
/* Handles as views: which samples of a source they show, and how they are drawn and parted. */
#ifndef ASL_DATASET_VIEW_H
#define ASL_DATASET_VIEW_H

#include "dataset/source.h"

/* A handle on the first `count` samples; the members may then be changed. Retains the source. */
asl_status asl__view_create(asl_dataset **out, asl__source *source, int64_t count, asl_error *err);

/* Keeps `per_class` of each class, drawn without replacement, in their order. */
asl_status asl__view_draw(asl_dataset *dataset, int32_t per_class, uint64_t seed, asl_error *err);

/* Positions in a view by source and class, each list in the view's order: those of class c of
 * source s are order[start[k]..start[k + 1]) with k = s * class_count + c. */
typedef struct asl__lists {
    int64_t *order, *start;
    int64_t count;
} asl__lists;

/* Fills an empty one, which is to be freed also after a failure. ASL_ERR_NOMEM. */
asl_status asl__lists_sort(asl__lists *out, const asl_dataset *dataset, asl_error *err);
void asl__lists_free(asl__lists *lists);

static inline const asl__sample *asl__view_sample(const asl_dataset *dataset, int64_t index)
{
    return &dataset->source->samples[dataset->members[index]];
}

#endif
