/* SPDX-License-Identifier: MIT */
/** @file asl/backend.h
 * The engines that can run a network, and whether this machine can use them.
 */
#ifndef ASL_BACKEND_H
#define ASL_BACKEND_H

#include "asl/base.h"

ASL_BEGIN_DECLS

/** One engine. */
typedef struct asl_backend_info {
    uint32_t struct_size;    /**< Set by the caller. */
    int32_t available;       /**< 1 when it can run here. */
    const char *name;        /**< "reference", ...; what the `backend` options take. Static. */
    const char *description; /**< One line. Static. */
    char reason[160];        /**< Why it is not available, or what it would use. */
} asl_backend_info;

/** Number of engines, whether or not they can run here. Any thread. @since 1.0 */
ASL_API int32_t asl_backend_count(void);

/** Fill @p out for engine @p index, 0..count-1, in the order of "auto". Any thread.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_backend_get_info(asl_backend_info *out, int32_t index, asl_error *err);

ASL_END_DECLS
#endif /* ASL_BACKEND_H */
