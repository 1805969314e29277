/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share. A target is one file with the two functions below; libFuzzer or
 * replay.c calls them. It aborts when something does not hold that must hold for every input. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

/* Prepares what every run needs. The current folder is a scratch folder. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* One input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, saying what did not hold. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))
__attribute__((noreturn)) void fuzz_failed(const char *file, int line, const char *condition);

/* Whether a call succeeded, after checking that `err` says what it must: the code that was
 * returned, one plain line on failure and nothing on success. The statuses that the call may fail
 * with follow, 0 at the end. */
bool fuzz_went(asl_status status, const asl_error *err, ...);

/* Whether a text of the library's is one plain line of UTF-8. */
bool fuzz_is_plain(const char *text);

/* Around one run: on end, checks that no memory of the library is in use that was not at the
 * begin, that it never took more than `most_bytes` and that the run took no more than a second of
 * processor time. */
void fuzz_begin(void);
void fuzz_end(size_t most_bytes);

/* Writes a file; reads a whole one into new memory, which free() releases. */
void fuzz_write(const char *path, const void *data, size_t size);
void *fuzz_read(const char *path, size_t *size);

/* The input as a stream: numbers are 0, and texts empty, once it has ended. */
typedef struct fuzz_input {
    const uint8_t *at, *end;
} fuzz_input;

uint8_t fuzz_u8(fuzz_input *in);
uint32_t fuzz_u32(fuzz_input *in);

/* FNV-1a. */
uint64_t fuzz_hash(const void *data, size_t size);

#endif
