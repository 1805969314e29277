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
    float *parameters; /* float[network.parameter_count] */
    char *metrics;     /* free text about how it was trained and measured, or NULL */
};

/* A built-in network. */
typedef struct asl__preset {
    const char *name, *description, *architecture;
    int32_t width, height, bgr;
    float mean[3], std[3];
} asl__preset;

/* NULL when there is none of that name. */
const asl__preset *asl__preset_find(const char *name);

/* The classes of the ASL Alphabet: A..Z, del, nothing, space. */
#define ASL__DEFAULT_LABEL_COUNT 29
extern const char *const asl__default_labels[ASL__DEFAULT_LABEL_COUNT];

/* ASL_ERR_LABELS unless there are 2..1024 distinct, non-empty, plain names without commas, at most
 * 63 bytes each. `what` names the source in messages. */
asl_status asl__labels_check(const char *const *labels, int32_t count, const char *what,
                             asl_error *err);

/* Everything about a model but its weights; all borrowed. */
typedef struct asl__model_parts {
    const char *preset, *architecture;
    const char *metrics; /* may be NULL */
    const char *const *labels;
    int32_t label_count;
    int32_t width, height, bgr;
    float mean[3], std[3];
} asl__model_parts;

asl__model_parts asl__model_get_parts(const asl_model *model);

/* A model with all weights zero, to be filled by the caller before anybody else sees it. The
 * labels must have been checked. */
asl_status asl__model_assemble(asl_model **out, const asl__model_parts *parts, asl_error *err);

asl_model *asl__model_retain(const asl_model *model);

/* A copy with other weights and, when not NULL, another `metrics` text. */
asl_status asl__model_copy(asl_model **out, const asl_model *model, const float *parameters,
                           const char *metrics, asl_error *err);

/* The same function without batch norm and dropout, for inference: each batch norm is folded into
 * the convolution before it. Where a batch norm follows anything else it stays. Without anything to
 * fold or drop it is the same model. */
asl_status asl__model_fold(asl_model **out, const asl_model *model, asl_error *err);

/* Model <-> the metadata and tensors of a safetensors file; shared with checkpoints, whose model
 * tensors carry the prefix "model/". */
asl_status asl__model_to_file(asl__tensors_writer *file, const asl_model *model, const char *prefix,
                              asl_error *err);
asl_status asl__model_from_file(asl_model **out, const asl__tensors *file, const char *prefix,
                                asl_error *err);

#endif
