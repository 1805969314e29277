/* SPDX-License-Identifier: MIT */
/* Things that carry the GPU module's name. FAKE says which: the behaviour of its entry point. */
#include <stdio.h>
#include <string.h>

#include "backend/cuda/module.h"

#define NO_ENTRY  1
#define REFUSES   2 /* as the true module does when the ABI numbers differ */
#define SILENT    3
#define OTHER_ABI 4
#define NO_DEVICE 5
#define LOST      6 /* can run, and then cannot */
#define UNDEFINED 7 /* a symbol that nobody has */
#define DEPENDENT 8 /* a library that is not there */

int fake_dependency(void);

#if FAKE == DEPENDENT || FAKE == UNDEFINED
ASL_API int fake_use(void);
int fake_use(void)
{
    return fake_dependency();
}
#endif

#if FAKE != NO_ENTRY
static const asl__host *services;

static int32_t probe(char *reason, size_t reason_size)
{
    snprintf(reason, reason_size, "%s", FAKE == LOST ? "a fake GPU" : "no fake GPU");
    return FAKE == LOST;
}

__attribute__((format(printf, 3, 4))) static asl_status fail(asl_error *err, asl_status code,
                                                             const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const asl_status status = services->fail(err, code, format, values);
    va_end(values);
    return status;
}

/* Uses all that libasl lends. */
static asl_status plan_create(asl__plan **out, const asl__network *network,
                              const asl__plan_options *options, asl_error *err)
{
    static const char zeros[100];
    char *memory = services->alloc(sizeof zeros);
    (void)network;
    *out = NULL;
    services->clear(err);
    if (memory == NULL || memcmp(memory, zeros, sizeof zeros) != 0)
        return fail(err, ASL_ERR_INTERNAL, "the host's memory is not zeroed");
    services->free(memory);
    return fail(err, ASL_ERR_DEVICE_LOST, "fake GPU %d is gone, batch %d", 7, options->max_batch);
}

static const asl__backend backend = {
    .abi = FAKE == OTHER_ABI ? ASL__BACKEND_ABI + 1 : ASL__BACKEND_ABI,
    .name = "cuda",
    .description = "a fake",
    .probe = probe,
    .plan_create = plan_create,
};

ASL_API asl__cuda_entry asl_cuda_backend;

const asl__backend *asl_cuda_backend(const asl__host *host, char *reason, size_t reason_size)
{
    services = host;
    if (FAKE == REFUSES)
        snprintf(reason, reason_size, "libasl_cuda.so is of another version of libasl (1, not %u)",
                 (unsigned)host->abi);
    return FAKE == REFUSES || FAKE == SILENT ? NULL : &backend;
}
#endif
