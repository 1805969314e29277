/* SPDX-License-Identifier: MIT */
/* Finding a model's temperature and letter threshold, and writing the model with them. */
#ifndef ASL_EVAL_CALIBRATE_H
#define ASL_EVAL_CALIBRATE_H

#include "table.h"

typedef struct calibration {
    const char *path; /**< Of the model that was written. */
    double temperature, letter_threshold;
    double loss[2], ece[2];  /**< Before and after; means over the data sets. */
    measure_letters letters; /**< Means. */
    int count;               /**< Data sets it was found on. */
} calibration;

/** Find them on those of the data sets that the model was not trained on, and write a copy of the
 * model. @param read  How the copy is to be read: mirror, looks and crops; what is left
 * to the model stays what it says. @return an exit code of cli.h. */
int calibrate(calibration *out, const char *path, const table *t, const asl_inferer_options *read);

void calibration_print(const calibration *c);
json_t *calibration_json(const calibration *c);

#endif /* ASL_EVAL_CALIBRATE_H */
