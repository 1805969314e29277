/* SPDX-License-Identifier: MIT */
/* The model behind its handle. */
#ifndef ASL_MODEL_INTERNAL_H
#define ASL_MODEL_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "asl/model.h"
#include "model/network.h"
#include "model/safetensors.h"

/* What asl_calibration says, as the model keeps it. */
typedef struct asl__calibration {
    double temperature, letter_threshold;
    int32_t mirror; /* ASL_MIRROR_* */
    int32_t looks;  /* 0: says nothing */
    int32_t crops;  /* the same */
} asl__calibration;
/* Looks at a picture when there are several: as it is, and turned to either side. */
enum { ASL__MANY_LOOKS = 3 };
bool asl__is_look_count(int32_t looks);
#define ASL__NO_CALIBRATION ((asl__calibration){.temperature = 1})

struct asl_model {
    atomic_int references;
    char *preset;
    char *architecture;
    char **labels;
    asl__network network;
    float *parameters; /* float[network.parameter_count] */
    char *metrics;     /* free text about how it was trained and measured, or NULL */
    asl__calibration calibration;
};

/* A built-in network. */
typedef struct asl__preset {
    const char *name, *description, *architecture;
    int32_t width, height, bgr;
    float mean[3], std[3];
} asl__preset;

/* NULL when there is none of that name. */
const asl__preset *asl__preset_find(const char *name);

/* ASL_ERR_LABELS unless there are 2..1024 distinct, non-empty, plain names without commas, at most
 * 63 bytes each. `what` names the source in messages. */
asl_status asl__labels_check(const char *const *labels, int32_t count, const char *what,
                             asl_error *err);

/* The class of that name by the rule of asl__label_find(), or -1. */
int32_t asl__model_find_label(const asl_model *model, const char *name);

/* Everything about a model but its weights; all borrowed. */
typedef struct asl__model_parts {
    const char *preset, *architecture;
    const char *metrics; /* may be NULL */
    const char *const *labels;
    int32_t label_count;
    int32_t width, height, bgr;
    float mean[3], std[3];
    asl__calibration calibration;
} asl__model_parts;

asl__model_parts asl__model_get_parts(const asl_model *model);

/* A model without weights, and the weights, all zero. The labels must have been checked. */
asl_status asl__model_outline(asl_model **out, const asl__model_parts *parts, asl_error *err);
asl_status asl__model_take_weights(asl_model *model, asl_error *err);
/* Both: a model to be filled by the caller before anybody else sees it. */
asl_status asl__model_assemble(asl_model **out, const asl__model_parts *parts, asl_error *err);

asl_model *asl__model_retain(const asl_model *model);

/* A copy with other weights, without calibration, and with another `metrics` text unless NULL. */
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

/* Numbers to write instead of float32 weights, in place of parameters[offset...]; all NULL for
 * float32. */
typedef struct asl__narrow {
    uint16_t *halves; /* F16 */
    int8_t *steps;    /* I8 */
    float *scales;    /* I8: of the output channels, from the tensor's offset on */
} asl__narrow;

/* For ASL_WEIGHTS_*. ASL_ERR_LIMIT names the tensor that is too large for them. */
asl_status asl__narrow_create(asl__narrow *out, const asl_model *model, int32_t weights,
                              asl_error *err);
void asl__narrow_free(asl__narrow *narrow);

/* A model's tensors to a file, and from it into one without weights. */
asl_status asl__weights_to_file(asl__tensors_writer *file, const asl_model *model,
                                const asl__narrow *narrow, const char *prefix, asl_error *err);
asl_status asl__weights_from_file(asl_model *model, const asl__tensors *file, const char *prefix,
                                  asl_error *err);

/* The metadata about a model's calibration; refused when out of range (ASL_ERR_MODEL). */
asl_status asl__calibration_to_file(asl__tensors_writer *file, const asl__calibration *calibration,
                                    asl_error *err);
asl_status asl__calibration_from_file(asl__calibration *out, const asl__tensors *file,
                                      asl_error *err);

#endif
