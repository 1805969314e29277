/* SPDX-License-Identifier: MIT */
/* Small text helpers that do not depend on the locale. */
#ifndef ASL_BASE_TEXT_H
#define ASL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string that grows. Zero-initialise. After a failed append `failed` stays set, so one check at
 * the end is enough. */
typedef struct asl__buffer {
    char *data; /* NUL-terminated when not NULL */
    size_t size;
    size_t capacity;
    bool failed;
} asl__buffer;

void asl__buffer_append(asl__buffer *buffer, const void *data, size_t size);
/* Same formats as asl__fail(). */
__attribute__((format(printf, 2, 3))) void asl__buffer_format(asl__buffer *buffer,
                                                              const char *format, ...);
void asl__buffer_free(asl__buffer *buffer);

/* Whole-string decimal integer `-?[0-9]+` within int64; false otherwise. */
bool asl__parse_i64(int64_t *out, const char *text, size_t length);
/* Whole-string decimal number `-?[0-9]{1,9}(\.[0-9]{1,9})?`; false otherwise. */
bool asl__parse_decimal(double *out, const char *text, size_t length);
/* Writes `value` (|value| < 1e9) with at most six digits after the point, trailing zeros cut, such
 * that asl__parse_decimal() gives the value back to within 1e-6. What is not in that range becomes
 * "nan", "inf" or "-inf". out holds at least 24 bytes. */
void asl__format_decimal(char *out, double value);

/* Bytes of the valid UTF-8 character at the start of `text`, 1..4; 0 when there is none. */
size_t asl__utf8_sequence(const char *text, size_t length);
/* Whether a terminal would act on the UTF-8 character of that many bytes: C0, DEL and C1. */
bool asl__is_control(const char *text, size_t bytes);
/* True for valid UTF-8 without NUL and without control characters. */
bool asl__is_plain_utf8(const char *text, size_t length);

#endif
