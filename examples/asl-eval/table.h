/* SPDX-License-Identifier: MIT */
/* Data sets side by side: how many pictures are right, how far scores can be believed, how well
 * letters are told from no letter. Means are over data sets, each of which weighs the same. */
#ifndef ASL_EVAL_TABLE_H
#define ASL_EVAL_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "asl/inferer.h"
#include "asl/model.h"
#include "common/measure.h"

/** Of the pictures with a hand: those that a letter threshold is to keep. */
#define LETTER_SHARE 0.95

enum {
    FIGURE_ACCURACY,
    FIGURE_STILL,    /**< Accuracy on all but J and Z, which are movements. */
    FIGURE_BY_CLASS, /**< Mean over classes of their recall. */
    FIGURE_LOSS,
    FIGURE_ECE,
    FIGURE_RECALL,   /**< Share of pictures with a hand that reach the letter threshold. */
    FIGURE_FALSE,    /**< Share of those of "nothing" that do. */
    FIGURE_FALSE_95, /**< The same at the threshold that 95 % of its own hands reach. */
    FIGURE_COUNT
};

/** A data set, or one source of it. */
typedef struct row {
    char *name;
    bool trained_on;
    measure_set set;
    int32_t *truth;       /**< Those of the set. */
    const float **logits; /**< Those of the set; the evaluation's. */
    double *figures;      /**< FIGURE_*, and behind them the recall of each class; NaN: unknown. */
} row;

typedef struct table {
    const asl_model *model;
    int32_t class_count, nothing;
    double temperature;
    double threshold;     /**< 0: there is no class "nothing". */
    bool threshold_found; /**< From these pictures, since the model does not say. */
    row *rows;
    int count;
} table;

void table_begin(table *out, const asl_model *model);
/** Add a data set: one row, or one for each source. The evaluation must outlive the table. */
void table_add(table *t, const char *path, const asl_evaluation *evaluation);
/** Mark what the model was trained on. @param names  Names of data sets, parted by commas. */
void table_mark(table *t, const char *names);
/** Fill in the figures, once all rows are there. */
void table_measure(table *t);
void table_end(table *t);

/** The pictures of all rows, or of those only that the model was not trained on; free() it. */
measure_set *table_sets(int *count, const table *t, bool strangers);

/** Print it, with means and the worst data set below. */
void table_print(const table *t);

/** How scores are made of logits, and when there is a letter. */
void table_model_json(json_t *object, const table *t);
/** The figures of @p count rows from @p first on, all of one data set; several are its sources. */
void table_rows_json(json_t *object, const table *t, int first, int count);
/** Means, and the worst data set. */
void table_means_json(json_t *object, const table *t);

#endif /* ASL_EVAL_TABLE_H */
