/* SPDX-License-Identifier: MIT */
/* libasl's side of the GPU module: opening libasl_cuda.so, which lies in libasl's own folder. */
#ifndef ASL_BACKEND_CUDA_MODULE_LOADER_H
#define ASL_BACKEND_CUDA_MODULE_LOADER_H

#include "backend/backend.h"

/* The module's backend, or NULL and why there is none. The first call opens it, and what came of
 * that stays. Any thread. */
const asl__backend *asl__cuda_module(char *reason, size_t reason_size);

#endif
