/* SPDX-License-Identifier: MIT */
#ifndef ASL_AUGMENT_H
#define ASL_AUGMENT_H

#include "asl/base.h"
#include "asl/image.h"

ASL_BEGIN_DECLS

typedef struct asl_augmentation asl_augmentation;

ASL_API asl_status asl_augmentation_create(asl_augmentation **out, const char *text,
                                           asl_error *err);

ASL_API const char *asl_augmentation_text(const asl_augmentation *augmentation);

ASL_API asl_status asl_augmentation_apply(uint8_t *out, int32_t *negative,
                                          const asl_augmentation *augmentation,
                                          const asl_image_view *view, int32_t width, int32_t height,
                                          uint64_t seed, int64_t epoch, int64_t sample,
                                          asl_error *err);

ASL_API void asl_augmentation_free(asl_augmentation *augmentation);

ASL_END_DECLS
#endif
