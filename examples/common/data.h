/* SPDX-License-Identifier: MIT */
/* What the programs share in dealing with data sets and models: opening with remarks about what
 * was skipped, and a summary of a network's layers. */
#ifndef EXAMPLES_DATA_H
#define EXAMPLES_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "asl/dataset.h"
#include "asl/model.h"

/** Open a data set; says on stderr what was skipped. @return an exit code of cli.h. */
int data_open(asl_dataset **out, const char *path, const asl_dataset_options *options,
              bool verbose);

/** Say how many files were skipped and why: a few of them, or all when @p verbose. */
void data_report_issues(const asl_dataset *dataset, bool verbose);

/** Load a model; NULL for @p path is the built-in one for letters. @return an exit code of cli.h.
 */
int model_open(asl_model **out, const char *path);

/** Load a hand finder's model; NULL for @p path is the built-in one. @return an exit code of cli.h.
 */
int finder_open(asl_model **out, const char *path);

/** What to call the model that model_open() makes of @p path: the path itself, or "built-in". */
const char *model_name(const char *path);

/** The word for an ASL_MIRROR_*, or NULL for what says nothing. */
const char *mirror_name(int32_t mirror);

/** Print the layers of a network with output shapes and parameters, in the shape of torchsummary.
 */
void model_print_summary(FILE *out, const asl_model *model);

/** The facts about a model as JSON: preset, labels, input, parameters, layers. */
json_t *model_json(const asl_model *model);

/** A whole number with its thousands parted: 277,949. */
void format_count(char text[32], int64_t value);

#endif /* EXAMPLES_DATA_H */
