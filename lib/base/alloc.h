/* SPDX-License-Identifier: MIT */
/* All memory of the library. Every block is aligned to ASL__ALIGNMENT and starts zeroed. */
#ifndef ASL_BASE_ALLOC_H
#define ASL_BASE_ALLOC_H

#include <stddef.h>

#define ASL__ALIGNMENT 64

/* NULL when memory is short. Size 0 is treated as 1. */
void *asl__alloc(size_t size);
/* count * size, NULL also when the product overflows. */
void *asl__alloc_array(size_t count, size_t size);
/* A larger block with the first `used` bytes copied; frees the old one. On failure NULL, and the
 * old block stays. `memory` may be NULL. */
void *asl__grow(void *memory, size_t used, size_t count, size_t size);
/* NULL allowed. */
void asl__free(void *memory);
/* Copy of a string, or of its first `length` bytes. */
char *asl__strdup(const char *text);
char *asl__strndup(const char *text, size_t length);

#endif
