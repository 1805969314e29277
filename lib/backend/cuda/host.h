/* SPDX-License-Identifier: MIT */
/* libasl's memory and error texts inside the module. host.c defines asl__alloc() and its kin, so
 * that the module's code calls them as the rest of the library does. */
#ifndef ASL_BACKEND_CUDA_HOST_H
#define ASL_BACKEND_CUDA_HOST_H

#include "backend/cuda/module.h"

/* Before anything else of the module is called. */
void asl__host_set(const asl__host *host);

#endif
