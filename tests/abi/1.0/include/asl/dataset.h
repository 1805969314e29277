/* SPDX-License-Identifier: MIT */
#ifndef ASL_DATASET_H
#define ASL_DATASET_H

#include "asl/base.h"
#include "asl/image.h"

ASL_BEGIN_DECLS

typedef struct asl_dataset asl_dataset;

typedef struct asl_dataset_options {
    uint32_t struct_size;
    int32_t per_class;
    uint64_t seed;
    const asl_decode_options *decode;
} asl_dataset_options;

ASL_API void asl_dataset_options_init(asl_dataset_options *options, size_t struct_size);

ASL_API asl_status asl_dataset_open(asl_dataset **out, const char *path,
                                    const asl_dataset_options *options, asl_error *err);

ASL_API void asl_dataset_free(asl_dataset *dataset);

ASL_API int64_t asl_dataset_count(const asl_dataset *dataset);
ASL_API int32_t asl_dataset_class_count(const asl_dataset *dataset);
ASL_API const char *asl_dataset_class_name(const asl_dataset *dataset, int32_t class_index);
ASL_API int32_t asl_dataset_group_count(const asl_dataset *dataset);
ASL_API const char *asl_dataset_group_name(const asl_dataset *dataset, int32_t group_index);

ASL_API int32_t asl_dataset_source_count(const asl_dataset *dataset);
ASL_API const char *asl_dataset_source_name(const asl_dataset *dataset, int32_t source_index);
ASL_API double asl_dataset_source_weight(const asl_dataset *dataset, int32_t source_index);

typedef struct asl_sample {
    uint32_t struct_size;
    int32_t class_index;
    int32_t group_index;
    int32_t source_index;
    const char *path;
} asl_sample;

ASL_API asl_status asl_dataset_get_sample(asl_sample *out, const asl_dataset *dataset,
                                          int64_t index, asl_error *err);

ASL_API asl_status asl_dataset_load_image(asl_image **out, const asl_dataset *dataset,
                                          int64_t index, asl_error *err);

typedef struct asl_issue {
    uint32_t struct_size;
    int32_t code;
    const char *path;
    const char *message;
} asl_issue;

ASL_API int64_t asl_dataset_issue_count(const asl_dataset *dataset);
ASL_API asl_status asl_dataset_get_issue(asl_issue *out, const asl_dataset *dataset, int64_t index,
                                         asl_error *err);

typedef struct asl_mix_options {
    uint32_t struct_size;
    int32_t count;
    const char *const *names;
    const double *weights;
    const char *const *labels;
    int32_t label_count;
    int32_t reserved;
} asl_mix_options;

ASL_API void asl_mix_options_init(asl_mix_options *options, size_t struct_size);

ASL_API asl_status asl_dataset_mix(asl_dataset **out, const asl_dataset *const *datasets,
                                   const asl_mix_options *options, asl_error *err);

ASL_API uint64_t asl_dataset_fingerprint(const asl_dataset *dataset);

enum {
    ASL_SPLIT_AUTO = 0,
    ASL_SPLIT_RANDOM = 1,
    ASL_SPLIT_BLOCK = 2,
    ASL_SPLIT_GROUP = 3
};

typedef struct asl_split_options {
    uint32_t struct_size;
    int32_t kind;
    double fraction;
    uint64_t seed;
} asl_split_options;

ASL_API void asl_split_options_init(asl_split_options *options, size_t struct_size);

ASL_API asl_status asl_dataset_split(asl_dataset **train, asl_dataset **validation,
                                     int32_t *kind_used, const asl_dataset *dataset,
                                     const asl_split_options *options, asl_error *err);

ASL_API const char *asl_split_name(int32_t kind);

typedef int32_t (*asl_progress_fn)(int64_t done, int64_t total, void *user);

typedef struct asl_pack_options {
    uint32_t struct_size;
    int32_t width, height;
    int32_t threads;
    int32_t reuse;
    int32_t reserved;
    asl_progress_fn progress;
    void *user;
} asl_pack_options;

ASL_API void asl_pack_options_init(asl_pack_options *options, size_t struct_size);

ASL_API asl_status asl_dataset_pack(asl_dataset **out, const asl_dataset *dataset, const char *path,
                                    const asl_pack_options *options, asl_error *err);

ASL_END_DECLS
#endif
