/* SPDX-License-Identifier: MIT */
/* The model behind its handle. */
#ifndef ASL_MODEL_INTERNAL_H
#define ASL_MODEL_INTERNAL_H

#include <stdatomic.h>

#include "asl/model.h"
#include "model/network.h"
#include "model/safetensors.h"

struct asl_model {
    atomic_int references;
    char *preset;
    char *architecture;
    char **labels;
    asl__network network;
    float *parameters;      /* float[network.parameter_count] */
    char *metrics;          /* free text about how it was trained and measured, or NULL */
};

asl_model *asl__model_retain(const asl_model *model);

/* A copy with other weights and, when not NULL, another `metrics` text. */
asl_status asl__model_copy(asl_model **out, const asl_model *model, const float *parameters,
                           const char *metrics, asl_error *err);

/* The same function without batch norm and dropout, for inference: each batch norm is folded into
 * the convolution before it. Where a batch norm follows anything else it stays. */
asl_status asl__model_fold(asl_model **out, const asl_model *model, asl_error *err);

/* Model <-> the metadata and tensors of a safetensors file; shared with checkpoints, whose model
 * tensors carry the prefix "model/". */
asl_status asl__model_to_file(asl__tensors_writer *file, const asl_model *model,
                              const char *prefix, asl_error *err);
asl_status asl__model_from_file(asl_model **out, const asl__tensors *file, const char *prefix,
                                asl_error *err);

#endif
