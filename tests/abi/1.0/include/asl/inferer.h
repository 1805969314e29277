/* SPDX-License-Identifier: MIT */
#ifndef ASL_INFERER_H
#define ASL_INFERER_H

#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/image.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

typedef struct asl_inferer asl_inferer;

typedef struct asl_inferer_options {
    uint32_t struct_size;
    int32_t threads;
    int32_t batch_size;
    int32_t mirror;
    const char *backend;
    const char *isa;
    const char *precision;
    int32_t looks;
    int32_t crops;
} asl_inferer_options;

ASL_API void asl_inferer_options_init(asl_inferer_options *options, size_t struct_size);

ASL_API asl_status asl_inferer_create(asl_inferer **out, const asl_model *model,
                                      const asl_inferer_options *options, asl_error *err);

ASL_API void asl_inferer_free(asl_inferer *inferer);

ASL_API int32_t asl_inferer_mirror(const asl_inferer *inferer);

ASL_API void asl_inferer_reset(asl_inferer *inferer);

ASL_API asl_status asl_inferer_classify(float *scores, size_t score_count, asl_inferer *inferer,
                                        const asl_image_view *view, const asl_rect *region,
                                        asl_error *err);

ASL_API asl_status asl_inferer_logits(float *logits, size_t logit_count, asl_inferer *inferer,
                                      const asl_image_view *view, const asl_rect *region,
                                      asl_error *err);

ASL_API asl_status asl_inferer_classify_batch(float *scores, size_t score_count,
                                              asl_inferer *inferer, const asl_image_view *views,
                                              size_t view_count, asl_error *err);

ASL_API const char *asl_inferer_backend(const asl_inferer *inferer);

typedef struct asl_profile asl_profile;

ASL_API asl_status asl_inferer_profile(asl_profile **out, asl_inferer *inferer,
                                       const asl_image_view *view, int32_t runs, asl_error *err);

ASL_API void asl_profile_free(asl_profile *profile);

typedef struct asl_layer_time {
    uint32_t struct_size;
    int32_t layer_count;
    int64_t mac_count;
    double nanoseconds;
    const char *name;
    const char *method;
} asl_layer_time;

ASL_API int32_t asl_profile_count(const asl_profile *profile);

ASL_API asl_status asl_profile_get(asl_layer_time *out, const asl_profile *profile, int32_t index,
                                   asl_error *err);

typedef struct asl_evaluation asl_evaluation;

typedef struct asl_evaluate_options {
    uint32_t struct_size;
    int32_t threads;
    asl_progress_fn progress;
    void *user;
} asl_evaluate_options;

ASL_API void asl_evaluate_options_init(asl_evaluate_options *options, size_t struct_size);

ASL_API asl_status asl_inferer_evaluate(asl_evaluation **out, asl_inferer *inferer,
                                        const asl_dataset *dataset,
                                        const asl_evaluate_options *options, asl_error *err);

ASL_API void asl_evaluation_free(asl_evaluation *evaluation);

typedef struct asl_evaluation_info {
    uint32_t struct_size;
    int32_t label_count;
    int64_t count;
    int64_t correct;
    double accuracy;
    double loss;
    int64_t issue_count;
    int32_t group_count;
    int32_t source_count;
} asl_evaluation_info;

ASL_API asl_status asl_evaluation_get_info(asl_evaluation_info *out,
                                           const asl_evaluation *evaluation, asl_error *err);

ASL_API const int64_t *asl_evaluation_confusion(const asl_evaluation *evaluation);

ASL_API asl_status asl_evaluation_get_group(const char **name, int64_t *count, int64_t *correct,
                                            const asl_evaluation *evaluation, int32_t index,
                                            asl_error *err);

ASL_API asl_status asl_evaluation_get_source(const char **name, int64_t *count, int64_t *correct,
                                             const asl_evaluation *evaluation, int32_t index,
                                             asl_error *err);

typedef struct asl_evaluation_result {
    uint32_t struct_size;
    int32_t truth;
    int32_t predicted;
    int32_t group_index;
    int32_t source_index;
    int32_t reserved;
    int64_t sample;
    const char *path;
    const float *scores;
    const float *logits;
} asl_evaluation_result;

ASL_API asl_status asl_evaluation_get_result(asl_evaluation_result *out,
                                             const asl_evaluation *evaluation, int64_t index,
                                             asl_error *err);

ASL_API asl_status asl_evaluation_get_issue(asl_issue *out, const asl_evaluation *evaluation,
                                            int64_t index, asl_error *err);

ASL_END_DECLS
#endif
