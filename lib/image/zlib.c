/* SPDX-License-Identifier: MIT */
/* zlib on the library's memory. */
#include "base/alloc.h"
#include "image/codec.h"

void *asl__zlib_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return asl__alloc_array(count, size);
}

void asl__zlib_free(void *opaque, void *memory)
{
    (void)opaque;
    asl__free(memory);
}
