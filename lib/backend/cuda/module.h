/* SPDX-License-Identifier: MIT */
/* What libasl and its GPU module agree on. The module is a library of its own, libasl_cuda.so
 * beside libasl, so that libasl itself never needs CUDA. It has one entry point, gets memory and
 * error texts from libasl, and is never closed once it was opened: CUDA does not survive that. */
#ifndef ASL_BACKEND_CUDA_MODULE_H
#define ASL_BACKEND_CUDA_MODULE_H

#include <stdarg.h>

#include "backend/backend.h"

#define ASL__CUDA_MODULE "libasl_cuda.so"
#define ASL__CUDA_ENTRY  "asl_cuda_backend"

/* What libasl lends to the module; both have the same ASL__BACKEND_ABI, or the module is refused.
 */
typedef struct asl__host {
    uint32_t abi;
    void *(*alloc)(size_t size); /* as asl__alloc() */
    void (*free)(void *memory);
    asl_status (*fail)(asl_error *err, asl_status code, const char *format, va_list values);
    void (*clear)(asl_error *err); /* as asl__error_clear() */
} asl__host;

/* The module's entry point: its backend, or NULL and why not when the ABI numbers differ. It starts
 * nothing; probe() looks for driver and device. The host is borrowed for ever. */
typedef const asl__backend *asl__cuda_entry(const asl__host *host, char *reason,
                                            size_t reason_size);

#endif
