/* SPDX-License-Identifier: MIT */
/* See error.h. */
#include "live/error.h"

#include <stdarg.h>
#include <stdio.h>

bool live_fail(struct live_error *error, int code, const char *format, ...)
{
    va_list arguments;
    if (!error)
        return false;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}
