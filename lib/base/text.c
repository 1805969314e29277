/* SPDX-License-Identifier: MIT */
/* Growing strings, numbers from and to text, and UTF-8, none of which follows the locale. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

/* Makes room for `size` more bytes and the NUL. */
static bool reserve(asl__buffer *buffer, size_t size)
{
    size_t needed = 0, capacity = 0;
    char *data = NULL;

    if (buffer->failed)
        return false;
    buffer->failed = true;
    if (!asl__add_size(&needed, buffer->size, size) || !asl__add_size(&needed, needed, 1))
        return false;
    if (needed > buffer->capacity) {
        if (!asl__mul_size(&capacity, buffer->capacity, 2) || capacity < needed)
            capacity = needed < 64 ? 64 : needed;
        data = asl__grow(buffer->data, buffer->size, capacity, 1);
        if (data == NULL)
            return false;
        buffer->data = data;
        buffer->capacity = capacity;
    }
    buffer->failed = false;
    return true;
}

void asl__buffer_append(asl__buffer *buffer, const void *data, size_t size)
{
    if (!reserve(buffer, size))
        return;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void asl__buffer_format(asl__buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int length = 0;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!reserve(buffer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
}

void asl__buffer_free(asl__buffer *buffer)
{
    asl__free(buffer->data);
    *buffer = (asl__buffer){0};
}

/* Appends the leading digits of `text`, at most `limit`, to *value; returns how many. */
static size_t read_digits(int64_t *value, const char *text, size_t length, size_t limit)
{
    size_t count = 0;

    while (count < length && count < limit && text[count] >= '0' && text[count] <= '9')
        *value = *value * 10 + (text[count++] - '0');
    return count;
}

bool asl__parse_i64(int64_t *out, const char *text, size_t length)
{
    const bool negative = length > 0 && text[0] == '-';
    int64_t value = 0;

    if (length == (negative ? 1 : 0))
        return false;
    for (size_t i = negative ? 1 : 0; i < length; i++) {
        const int64_t digit = text[i] - '0';

        if (digit < 0 || digit > 9 || !asl__mul_i64(&value, value, 10) ||
            !asl__add_i64(&value, value, negative ? -digit : digit))
            return false;
    }
    *out = value;
    return true;
}

/* Nine digits on each side of the point make an exact int64, and one division by a power of ten
 * leaves an error below one unit in the last place. */
bool asl__parse_decimal(double *out, const char *text, size_t length)
{
    const bool negative = length > 0 && text[0] == '-';
    size_t at = negative ? 1 : 0;
    double scale = 1;
    int64_t value = 0;
    size_t digits = read_digits(&value, text + at, length - at, 9);

    if (digits == 0)
        return false;
    at += digits;
    if (at < length && text[at] == '.') {
        at++;
        digits = read_digits(&value, text + at, length - at, 9);
        if (digits == 0)
            return false;
        at += digits;
        for (; digits > 0; digits--)
            scale *= 10;
    }
    if (at != length)
        return false;
    *out = (double)(negative ? -value : value) / scale;
    return true;
}

void asl__format_decimal(char *out, double value)
{
    enum { OUT_SIZE = 24 };
    const double size = value < 0 ? -value : value;
    char fraction[8];
    size_t digits = 6;

    if (!(size < 1e9)) {
        const char *text = value > 0 ? "inf" : value < 0 ? "-inf" : "nan";

        memcpy(out, text, strlen(text) + 1);
        return;
    }

    const int64_t millionths = (int64_t)(size * 1e6 + 0.5);

    snprintf(fraction, sizeof fraction, "%06d", (int)(millionths % 1000000));
    while (digits > 0 && fraction[digits - 1] == '0')
        digits--;
    snprintf(out, OUT_SIZE, "%s%lld%s%.*s", value < 0 && millionths > 0 ? "-" : "",
             (long long)(millionths / 1000000), digits > 0 ? "." : "", (int)digits, fraction);
}

/* RFC 3629: the second byte's range excludes overlong forms, surrogates and what lies beyond
 * U+10FFFF. */
size_t asl__utf8_sequence(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned low = 0x80, high = 0xbf;
    size_t bytes = 0;

    if (length == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        bytes = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        bytes = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        bytes = 4;
    if (bytes == 0 || bytes > length)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < bytes; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return bytes;
}

bool asl__is_control(const char *text, size_t bytes)
{
    const unsigned char *s = (const unsigned char *)text;

    return bytes == 1 ? s[0] < 0x20 || s[0] == 0x7f : s[0] == 0xc2 && s[1] < 0xa0;
}

bool asl__is_plain_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        const size_t bytes = asl__utf8_sequence(text + i, length - i);

        if (bytes == 0 || asl__is_control(text + i, bytes))
            return false;
        i += bytes;
    }
    return true;
}
