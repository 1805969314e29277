/* SPDX-License-Identifier: MIT */
/* Size arithmetic that says when it overflows, and whether checksums count. */
#ifndef ASL_BASE_CHECKED_H
#define ASL_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A fuzzer cannot guess a checksum, so in its build they are not looked at, and what lies behind
 * them is reached. */
#ifdef ASL_FUZZING
#define ASL__CHECKSUMS_COUNT false
#else
#define ASL__CHECKSUMS_COUNT true
#endif

static inline bool asl__mul_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool asl__add_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool asl__mul_i64(int64_t *out, int64_t a, int64_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool asl__add_i64(int64_t *out, int64_t a, int64_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

#endif
