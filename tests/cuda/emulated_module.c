/* SPDX-License-Identifier: MIT */
/* The cuda backend linked into a test, on the emulation, in place of the module that libasl would
 * open (lib/backend/cuda_module.c). */
#include <stdio.h>

#include "backend/cuda/plan.h"
#include "backend/cuda_module.h"

const asl__backend *asl__cuda_module(char *reason, size_t reason_size)
{
    snprintf(reason, reason_size, "emulated");
    return &asl__backend_cuda;
}
