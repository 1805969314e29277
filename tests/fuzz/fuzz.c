/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

/* Sanitizers make everything several times slower; without them this is generous. */
#define MOST_SECONDS 1.0

static size_t bytes_before;
static double seconds_before;

void fuzz_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

bool fuzz_is_plain(const char *text)
{
    return asl__is_plain_utf8(text, strlen(text));
}

static bool is_listed(asl_status status, va_list allowed)
{
    for (;;) {
        const asl_status next = va_arg(allowed, asl_status);
        if (next == status || next == 0)
            return next != 0;
    }
}

bool fuzz_went(asl_status status, const asl_error *err, ...)
{
    va_list allowed;
    FUZZ_CHECK(err->struct_size == sizeof *err);
    FUZZ_CHECK(err->code == status || (status > 0 && err->code == 0));
    FUZZ_CHECK(memchr(err->message, '\0', sizeof err->message) != NULL);
    if (status >= 0) {
        FUZZ_CHECK(err->message[0] == '\0' || status > 0);
        return true;
    }
    FUZZ_CHECK(err->message[0] != '\0');
    for (const char *c = err->message; *c != '\0'; c++)
        FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
    va_start(allowed, err);
    const bool listed = is_listed(status, allowed);
    va_end(allowed);
    if (!listed)
        fprintf(stderr, "%s: %s\n", asl_status_name(status), err->message);
    FUZZ_CHECK(listed);
    return false;
}

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void fuzz_begin(void)
{
    asl_memory_usage(&bytes_before, NULL);
    seconds_before = processor_seconds();
}

void fuzz_end(size_t most_bytes)
{
    size_t now, peak;
    asl_memory_usage(&now, &peak);
    FUZZ_CHECK(now == bytes_before);
    FUZZ_CHECK(peak <= most_bytes);
    FUZZ_CHECK(processor_seconds() - seconds_before <= MOST_SECONDS);
}

void fuzz_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file != NULL);
    FUZZ_CHECK(fwrite(data, 1, size, file) == size);
    FUZZ_CHECK(fclose(file) == 0);
}

void *fuzz_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file != NULL);
    FUZZ_CHECK(fseek(file, 0, SEEK_END) == 0);
    const long length = ftell(file);
    FUZZ_CHECK(length >= 0);
    rewind(file);
    char *data = malloc((size_t)length + 1);
    FUZZ_CHECK(data != NULL);
    FUZZ_CHECK(fread(data, 1, (size_t)length, file) == (size_t)length);
    fclose(file);
    *size = (size_t)length;
    return data;
}

uint8_t fuzz_u8(fuzz_input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

uint32_t fuzz_u32(fuzz_input *in)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | fuzz_u8(in);
    return value;
}

uint64_t fuzz_hash(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}
