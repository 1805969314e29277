/* SPDX-License-Identifier: MIT */
/* The two kinds of picture that the programs publish: curves over epochs, and a confusion matrix.
 */
#ifndef EXAMPLES_CHART_H
#define EXAMPLES_CHART_H

#include <stdint.h>

/** One curve; values that are not finite are left out, a curve of only such ones altogether. */
typedef struct chart_series {
    const char *name;
    const double *values; /**< One per epoch. */
} chart_series;

typedef struct chart {
    const char *title;
    const char *unit;       /**< "%" or "", written behind values. */
    double y_max;           /**< Upper end of the axis; 0 = from the values. */
    int32_t count;          /**< Epochs finished, at least 1. */
    int32_t epochs;         /**< Epochs planned: how far the axis goes. */
    chart_series series[2]; /**< Training and validation. */
} chart;

/** Draw @p chart as an 800x500 PNG. @return an exit code of cli.h. */
int chart_curves(const char *path, const chart *chart);

/** Draw int64[count][count], row = true class, as a heat map with its counts.
 * @param title  One line. @return an exit code of cli.h. */
int chart_confusion(const char *path, const char *title, const char *const *labels, int32_t count,
                    const int64_t *matrix);

#endif /* EXAMPLES_CHART_H */
