/* SPDX-License-Identifier: MIT */
/* The samples of a view by source and class: what splits and draws work on. */
#include "base/alloc.h"
#include "base/error.h"
#include "dataset/view.h"

static int64_t list_of(const asl_dataset *dataset, int64_t index)
{
    const asl__sample *sample = asl__view_sample(dataset, index);

    return (int64_t)sample->part * dataset->source->class_count + sample->label;
}

asl_status asl__lists_sort(asl__lists *out, const asl_dataset *dataset, asl_error *err)
{
    out->count = (int64_t)asl_dataset_source_count(dataset) * dataset->source->class_count;
    /* Two more entries, so that the end of one list can be counted up as the next one is filled. */
    out->start = asl__alloc_array((size_t)out->count + 2, sizeof *out->start);
    out->order = asl__alloc_array((size_t)dataset->count, sizeof *out->order);
    if (out->start == NULL || out->order == NULL)
        return asl__fail_memory(err, "sorting samples into classes");
    for (int64_t i = 0; i < dataset->count; i++)
        out->start[list_of(dataset, i) + 2]++;
    for (int64_t k = 2; k < out->count + 2; k++)
        out->start[k] += out->start[k - 1];
    for (int64_t i = 0; i < dataset->count; i++)
        out->order[out->start[list_of(dataset, i) + 1]++] = i;
    return ASL_OK;
}

void asl__lists_free(asl__lists *lists)
{
    asl__free(lists->order);
    asl__free(lists->start);
}
