/* SPDX-License-Identifier: MIT */
/* See squares.h. */
#include "unit/infer/squares.h"

#include "support/support.h"

#include <math.h>
#include <stdlib.h>

/* A grid of places in a small input. */
enum { INPUT = 31, GRID = 16, SIZES = 3, PLACES = GRID * GRID * SIZES, CLASSES = PLACES + 1 };
enum { TEMPLATE = 3 * INPUT * INPUT, PARAMETERS = CLASSES * (TEMPLATE + CLASSES + 1) };

static const double sizes[SIZES] = {0.2, 0.4, 0.8};
static char names[CLASSES][16];
static const char *labels[CLASSES];

static void name_classes(void)
{
    for (int32_t i = 0; i < CLASSES; i++) {
        const int32_t cell = (i - 1) % (GRID * GRID), size = (i - 1) / (GRID * GRID);
        if (i == 0)
            strcpy(names[i], "none");
        else
            snprintf(names[i], sizeof names[i], "x%03dy%03ds%03d",
                     1000 * (cell % GRID) / GRID + 500 / GRID,
                     1000 * (cell / GRID) / GRID + 500 / GRID, (int)lrint(1000 * sizes[size]));
        labels[i] = names[i];
    }
}

/* 1 for a pixel inside the square of this place, -1 around it, 0 elsewhere. */
static int32_t side_of(int32_t class_index, int32_t x, int32_t y)
{
    const int32_t cell = (class_index - 1) % (GRID * GRID);
    const double half = 0.5 * INPUT * sizes[(class_index - 1) / (GRID * GRID)];
    const double dx = fabs(x + 0.5 - INPUT * (cell % GRID + 0.5) / GRID);
    const double dy = fabs(y + 0.5 - INPUT * (cell / GRID + 0.5) / GRID);
    return fmax(dx, dy) < half ? 1 : fmax(dx, dy) < 1.6 * half ? -1 : 0;
}

/* Weights that give the mean inside less the mean around, in three channels. */
static void compare(float *weights, int32_t class_index)
{
    int32_t counts[3] = {0};
    for (int32_t k = 0; k < INPUT * INPUT; k++)
        counts[1 + side_of(class_index, k % INPUT, k / INPUT)]++;
    for (int32_t k = 0; k < TEMPLATE; k++) {
        const int32_t side = side_of(class_index, k % INPUT, k / INPUT % INPUT);
        weights[k] = side == 0 ? 0.0f : (float)side / (float)counts[1 + side];
    }
}

/* The first layer compares with the squares of all places, the second scores them. */
asl_model *squares_model(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *blank = NULL, *model = NULL;
    asl_model_options options;
    char architecture[64];
    float *values = calloc(PARAMETERS, sizeof *values);
    name_classes();
    snprintf(architecture, sizeof architecture, "conv2d %d k31; dense classes", CLASSES);
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = INPUT;
    options.labels = labels;
    options.label_count = CLASSES;
    options.architecture = architecture;
    assert_ok(asl_model_create(&blank, "tiny", &options, &err), &err);
    for (int32_t i = 1; i < CLASSES; i++)
        compare(values + (ptrdiff_t)i * TEMPLATE, i);
    float *at = values + CLASSES * TEMPLATE;
    for (int32_t i = 0; i < CLASSES; i++, at += CLASSES)
        at[i] = 3.0f;
    *at = 9.0f; /* of "none"; a square that fits scores 18 */
    assert_ok(asl_model_with_parameters(&model, blank, values, PARAMETERS, &err), &err);
    asl_model_free(blank);
    free(values);
    return model;
}
