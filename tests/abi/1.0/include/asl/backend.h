/* SPDX-License-Identifier: MIT */
#ifndef ASL_BACKEND_H
#define ASL_BACKEND_H

#include "asl/base.h"

ASL_BEGIN_DECLS

typedef struct asl_backend_info {
    uint32_t struct_size;
    int32_t available;
    const char *name;
    const char *description;
    char reason[160];
} asl_backend_info;

ASL_API int32_t asl_backend_count(void);

ASL_API asl_status asl_backend_get_info(asl_backend_info *out, int32_t index, asl_error *err);

ASL_END_DECLS
#endif
