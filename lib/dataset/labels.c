/* SPDX-License-Identifier: MIT */
/* The classes of a data set among those of a model. */
#include "base/error.h"
#include "base/labels.h"
#include "dataset/view.h"

asl_status asl__dataset_map_labels(int32_t *map, const asl_dataset *dataset,
                                   const char *const *labels, int32_t label_count, asl_error *err)
{
    const asl__source *source = dataset->source;
    int32_t missing = source->class_count;

    for (int32_t i = 0; i < source->class_count; i++)
        map[i] = asl__label_find(source->classes[i], labels, label_count);
    for (int64_t i = 0; i < dataset->count; i++) {
        const int32_t label = asl__view_sample(dataset, i)->label;

        if (map[label] < 0 && label < missing)
            missing = label;
    }
    if (missing < source->class_count)
        return asl__fail_at(err, ASL_ERR_LABELS, missing,
                            "class '%s' of the data set is not among the model's %d classes",
                            source->classes[missing], (int)label_count);
    return ASL_OK;
}
