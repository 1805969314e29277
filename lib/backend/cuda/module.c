/* SPDX-License-Identifier: MIT */
/* The module's one exported function. See module.h. */
#include "backend/cuda/module.h"

#include <stdio.h>

#include "backend/cuda/host.h"
#include "backend/cuda/plan.h"

ASL_API asl__cuda_entry asl_cuda_backend;

const asl__backend *asl_cuda_backend(const asl__host *host, char *reason, size_t reason_size)
{
    if (host->abi != ASL__BACKEND_ABI) {
        snprintf(reason, reason_size,
                 ASL__CUDA_MODULE " is of another version of libasl (%u, not %u)",
                 (unsigned)ASL__BACKEND_ABI, (unsigned)host->abi);
        return NULL;
    }
    asl__host_set(host);
    return &asl__backend_cuda;
}
