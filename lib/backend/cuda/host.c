/* SPDX-License-Identifier: MIT */
/* Passing calls on to libasl. See host.h. */
#include "backend/cuda/host.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

static const asl__host *services;

void asl__host_set(const asl__host *host)
{
    services = host;
}

void *asl__alloc(size_t size)
{
    return services->alloc(size);
}

void *asl__alloc_array(size_t count, size_t size)
{
    size_t bytes;
    return asl__mul_size(&bytes, count, size) ? services->alloc(bytes) : NULL;
}

void asl__free(void *memory)
{
    services->free(memory);
}

asl_status asl__fail(asl_error *err, asl_status code, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const asl_status status = services->fail(err, code, format, values);
    va_end(values);
    return status;
}

asl_status asl__fail_memory(asl_error *err, const char *what)
{
    return asl__fail(err, ASL_ERR_NOMEM, "out of memory for %s", what);
}

void asl__error_clear(asl_error *err)
{
    services->clear(err);
}
