/* SPDX-License-Identifier: MIT */
/* Names of classes. They are written into model files separated by commas. */
#include <string.h>

#include "base/error.h"
#include "base/labels.h"
#include "base/text.h"
#include "model/model.h"

#define MAX_LENGTH 63

static asl_status check_one(const char *label, int32_t index, const char *what, asl_error *err)
{
    const size_t length = label ? strlen(label) : 0;
    if (length == 0)
        return asl__fail_at(err, ASL_ERR_LABELS, index, "%s: the name of class %d is empty", what,
                            index);
    if (length > MAX_LENGTH)
        return asl__fail_at(err, ASL_ERR_LABELS, index,
                            "%s: the name of class %d has %zu bytes; at most %d are allowed", what,
                            index, length, MAX_LENGTH);
    if (!asl__is_plain_utf8(label, length) || strchr(label, ','))
        return asl__fail_at(err, ASL_ERR_LABELS, index,
                            "%s: class name '%s' holds a comma, a control character or invalid "
                            "UTF-8",
                            what, label);
    return ASL_OK;
}

asl_status asl__labels_check(const char *const *labels, int32_t count, const char *what,
                             asl_error *err)
{
    if (count < 2 || count > ASL__MAX_CLASSES)
        return asl__fail(err, ASL_ERR_LABELS, "%s: %d classes; 2..%d are allowed", what, count,
                         ASL__MAX_CLASSES);
    for (int32_t i = 0; i < count; i++) {
        const asl_status status = check_one(labels[i], i, what, err);
        if (status < 0)
            return status;
        for (int32_t j = 0; j < i; j++)
            if (strcmp(labels[i], labels[j]) == 0)
                return asl__fail_at(err, ASL_ERR_LABELS, i, "%s: classes %d and %d are both '%s'",
                                    what, j, i, labels[i]);
    }
    return ASL_OK;
}

int32_t asl__model_find_label(const asl_model *model, const char *name)
{
    return asl__label_find(name, (const char *const *)model->labels, model->network.classes);
}
