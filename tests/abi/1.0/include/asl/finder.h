/* SPDX-License-Identifier: MIT */
#ifndef ASL_FINDER_H
#define ASL_FINDER_H

#include "asl/base.h"
#include "asl/image.h"
#include "asl/inferer.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

typedef struct asl_finder asl_finder;

typedef struct asl_finder_options {
    uint32_t struct_size;
    int32_t looks;
    double threshold;
    double margin;
    const asl_inferer_options *inferer;
} asl_finder_options;

ASL_API void asl_finder_options_init(asl_finder_options *options, size_t struct_size);

ASL_API asl_status asl_finder_create(asl_finder **out, const asl_model *model,
                                     const asl_finder_options *options, asl_error *err);

ASL_API void asl_finder_free(asl_finder *finder);

typedef struct asl_hand {
    uint32_t struct_size;
    int32_t found;
    double score;
    double x, y;
    double side;
    asl_rect box;
} asl_hand;

ASL_API asl_status asl_finder_find(asl_hand *out, asl_finder *finder, const asl_image_view *view,
                                   const asl_rect *region, asl_error *err);

ASL_API const char *asl_finder_backend(const asl_finder *finder);

ASL_END_DECLS
#endif
