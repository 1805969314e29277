/* SPDX-License-Identifier: MIT */
#ifndef ASL_MODEL_H
#define ASL_MODEL_H

#include "asl/base.h"

ASL_BEGIN_DECLS

typedef struct asl_model asl_model;

typedef struct asl_model_options {
    uint32_t struct_size;
    int32_t width, height;
    int32_t label_count;
    const char *const *labels;
    const char *architecture;
    uint64_t seed;
} asl_model_options;

ASL_API void asl_model_options_init(asl_model_options *options, size_t struct_size);

ASL_API int32_t asl_preset_count(void);
ASL_API const char *asl_preset_name(int32_t index);
ASL_API const char *asl_preset_description(int32_t index);

ASL_API asl_status asl_model_create(asl_model **out, const char *preset,
                                    const asl_model_options *options, asl_error *err);

ASL_API asl_status asl_model_load(asl_model **out, const char *path, asl_error *err);

ASL_API asl_status asl_model_load_memory(asl_model **out, const void *data, size_t size,
                                         asl_error *err);

ASL_API asl_status asl_model_save(const asl_model *model, const char *path, asl_error *err);

enum {
    ASL_WEIGHTS_F32 = 0,
    ASL_WEIGHTS_F16 = 1,
    ASL_WEIGHTS_I8 = 2
};

typedef struct asl_save_options {
    uint32_t struct_size;
    int32_t weights;
} asl_save_options;

ASL_API void asl_save_options_init(asl_save_options *options, size_t struct_size);

ASL_API asl_status asl_model_save_as(const asl_model *model, const char *path,
                                     const asl_save_options *options, asl_error *err);

enum {
    ASL_BUILTIN_LETTERS = 0,
    ASL_BUILTIN_HANDS = 1
};

ASL_API asl_status asl_model_builtin(asl_model **out, int32_t which, asl_error *err);

ASL_API void asl_model_free(asl_model *model);

enum {
    ASL_MIRROR_MODEL = 0,
    ASL_MIRROR_OFF = 1,
    ASL_MIRROR_ON = 2,
    ASL_MIRROR_BOTH = 3,
    ASL_MIRROR_AUTO = 4
};

typedef struct asl_model_info {
    uint32_t struct_size;
    int32_t label_count;
    int32_t width, height, channels;
    int32_t layer_count;
    int64_t parameter_count;
    int64_t mac_count;
    const char *preset;
    const char *architecture;
    const char *channel_order;
    double temperature;
    double letter_threshold;
    int32_t mirror;
    int32_t looks;
    int32_t crops;
    int32_t reserved;
} asl_model_info;

ASL_API asl_status asl_model_get_info(asl_model_info *out, const asl_model *model, asl_error *err);

ASL_API const char *asl_model_label(const asl_model *model, int32_t index);

typedef struct asl_layer_info {
    uint32_t struct_size;
    int32_t channels, height, width;
    int64_t parameter_count;
    int64_t mac_count;
    const char *kind;
    const char *text;
} asl_layer_info;

ASL_API asl_status asl_model_get_layer(asl_layer_info *out, const asl_model *model, int32_t index,
                                       asl_error *err);

ASL_API const char *asl_model_metadata(const asl_model *model, const char *key);

ASL_API const float *asl_model_parameters(size_t *count, const asl_model *model);

ASL_API asl_status asl_model_with_parameters(asl_model **out, const asl_model *model,
                                             const float *parameters, size_t count, asl_error *err);

typedef struct asl_calibration {
    uint32_t struct_size;
    int32_t mirror;
    double temperature;
    double letter_threshold;
    int32_t looks;
    int32_t crops;
} asl_calibration;

ASL_API void asl_calibration_init(asl_calibration *calibration, size_t struct_size);

ASL_API asl_status asl_model_with_calibration(asl_model **out, const asl_model *model,
                                              const asl_calibration *calibration, asl_error *err);

ASL_API float asl_model_letter_score(const asl_model *model, const float *scores, size_t count);

ASL_END_DECLS
#endif
