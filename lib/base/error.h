/* SPDX-License-Identifier: MIT */
/* Filling asl_error, and passing statuses on. The lowest level that knows the bad value writes the
 * message; everybody above only returns the status. */
#ifndef ASL_BASE_ERROR_H
#define ASL_BASE_ERROR_H

#include <stdarg.h>

#include "asl/base.h"

/* Fills `err` (NULL allowed) and returns `code`, so that callers can `return asl__fail(...)`.
 * Control characters in the formatted text are replaced by '?' and it is cut at 255 bytes.
 * Formats: only %s %d %u %x %zu %lld and the like; never a float (they depend on the locale). */
__attribute__((format(printf, 3, 4))) asl_status asl__fail(asl_error *err, asl_status code,
                                                           const char *format, ...);

/* As asl__fail(), with the values of a caller's `...`. */
__attribute__((format(printf, 3, 0))) asl_status
asl__fail_values(asl_error *err, asl_status code, const char *format, va_list values);

/* As asl__fail(), with the byte, row or item the error is about. */
__attribute__((format(printf, 4, 5))) asl_status
asl__fail_at(asl_error *err, asl_status code, int64_t offset, const char *format, ...);

/* As asl__fail(), with errno `number`; its text is appended after ": ". */
__attribute__((format(printf, 4, 5))) asl_status
asl__fail_errno(asl_error *err, asl_status code, int number, const char *format, ...);

/* ASL_ERR_NOMEM without needing memory. `what` names what the memory was for. */
asl_status asl__fail_memory(asl_error *err, const char *what);

/* Resets `err` (NULL allowed) to success; every public call begins with it. */
void asl__error_clear(asl_error *err);

/* Copies what another asl_error says, cut to what `err` can hold. */
void asl__error_copy(asl_error *err, const asl_error *from);

/* Runs a call inside a function with `asl_status status` and a `fail:` label. */
#define ASL__TRY(call)                                                                             \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto fail;                                                                             \
    } while (0)

/* Checks an argument of a public call, in every build. */
#define ASL__CHECK_ARG(condition, err)                                                             \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return asl__fail((err), ASL_ERR_ARG, "%s: expected %s", __func__, #condition);         \
    } while (0)

#endif
