/* SPDX-License-Identifier: MIT */
/* One evaluated data set: precision, recall and f1 from its confusion matrix, as text and JSON. */
#ifndef ASL_EVAL_REPORT_H
#define ASL_EVAL_REPORT_H

#include <jansson.h>

#include "asl/inferer.h"
#include "asl/model.h"

/** Borrowed facts about one evaluated data set. */
typedef struct report {
    const char *name; /**< The path as it was given. */
    const asl_model *model;
    const asl_evaluation *evaluation;
    asl_evaluation_info info;
    const int64_t *confusion; /**< Row = true class, column = predicted. */
} report;

/** Fill @p out for an evaluation, which must outlive it. */
void report_make(report *out, const char *name, const asl_model *model,
                 const asl_evaluation *evaluation);

/** Print the table in the shape of scikit-learn's classification_report, the most confused pairs,
 * and the accuracy for each group. */
void report_print(const report *r);
/** Write the facts into a JSON object. */
void report_json(json_t *object, const report *r);

#endif /* ASL_EVAL_REPORT_H */
