/* SPDX-License-Identifier: MIT */
/* Filling the caller's asl_error: no memory is taken, nothing outside struct_size is touched, and
 * whatever a file name holds, the message stays one line of valid UTF-8. */
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Room for twice the message, since cleaning a text may halve it. */
enum { MESSAGE_SIZE = sizeof(((asl_error *)NULL)->message), TEXT_SIZE = 2 * MESSAGE_SIZE + 8 };

/* Bytes of the message that the caller's struct holds; 0 when it has no room for the fields. */
static size_t message_room(const asl_error *err)
{
    const size_t head = offsetof(asl_error, message);

    if (err == NULL || err->struct_size <= head)
        return 0;
    return err->struct_size - head < MESSAGE_SIZE ? err->struct_size - head : MESSAGE_SIZE;
}

/* Appends the whole characters of `text` that fit before `limit`, '?' for what is not printable. */
static void append_clean(char *message, size_t limit, const char *text)
{
    size_t used = strlen(message);
    const size_t length = strlen(text);

    for (size_t i = 0; i < length;) {
        const size_t bytes = asl__utf8_sequence(text + i, length - i);
        const bool bad = bytes == 0 || asl__is_control(text + i, bytes);

        if (used + (bad ? 1 : bytes) > limit)
            break;
        if (bad)
            message[used++] = '?';
        else
            memcpy(message + used, text + i, bytes);
        used += bad ? 0 : bytes;
        i += bytes == 0 ? 1 : bytes;
    }
    message[used] = '\0';
}

/* `reason` follows the text after ": " and is what survives when both are too long. */
__attribute__((format(printf, 6, 0))) static void fill(asl_error *err, asl_status code, int number,
                                                       int64_t offset, const char *reason,
                                                       const char *format, va_list arguments)
{
    const size_t room = message_room(err);
    const size_t tail = reason == NULL ? 0 : strlen(reason) + 2;
    char text[TEXT_SIZE] = "";

    if (room == 0)
        return;
    err->code = code;
    err->sys_errno = number;
    err->reserved = 0;
    err->offset = offset;
    err->message[0] = '\0';
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    append_clean(err->message, tail < room ? room - 1 - tail : 0, text);
    if (reason != NULL) {
        append_clean(err->message, room - 1, ": ");
        append_clean(err->message, room - 1, reason);
    }
}

asl_status asl__fail(asl_error *err, asl_status code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(err, code, 0, -1, NULL, format, arguments);
    va_end(arguments);
    return code;
}

asl_status asl__fail_values(asl_error *err, asl_status code, const char *format, va_list values)
{
    fill(err, code, 0, -1, NULL, format, values);
    return code;
}

asl_status asl__fail_at(asl_error *err, asl_status code, int64_t offset, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(err, code, 0, offset, NULL, format, arguments);
    va_end(arguments);
    return code;
}

asl_status asl__fail_errno(asl_error *err, asl_status code, int number, const char *format, ...)
{
    /* strerror() may translate its text and share its buffer; this does neither. */
    const char *reason = strerrordesc_np(number);
    va_list arguments;

    va_start(arguments, format);
    fill(err, code, number, -1, reason == NULL ? "unknown error" : reason, format, arguments);
    va_end(arguments);
    return code;
}

asl_status asl__fail_memory(asl_error *err, const char *what)
{
    return asl__fail(err, ASL_ERR_NOMEM, "out of memory for %s", what);
}

void asl__error_clear(asl_error *err)
{
    const size_t room = message_room(err);

    if (room == 0)
        return;
    err->code = ASL_OK;
    err->sys_errno = 0;
    err->reserved = 0;
    err->offset = -1;
    memset(err->message, 0, room);
}

void asl__error_copy(asl_error *err, const asl_error *from)
{
    const size_t room = message_room(err);

    if (room == 0)
        return;
    err->code = from->code;
    err->sys_errno = from->sys_errno;
    err->reserved = 0;
    err->offset = from->offset;
    err->message[0] = '\0';
    append_clean(err->message, room - 1, from->message);
}
