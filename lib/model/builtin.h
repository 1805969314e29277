/* SPDX-License-Identifier: MIT */
/* The model files that are part of the library. */
#ifndef ASL_MODEL_BUILTIN_H
#define ASL_MODEL_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

enum { ASL__BUILTIN_COUNT = 2 };

typedef struct asl__builtin {
    const uint8_t *data;
    size_t size; /* 0 when the library was built without it */
} asl__builtin;

/* For an ASL_BUILTIN_*. */
asl__builtin asl__builtin_file(int32_t which);

#endif
