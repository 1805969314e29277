/* SPDX-License-Identifier: MIT */
/* Model files with one defect each. Every case is a small valid file with one piece of its header
 * replaced (' stands for "), and a checksum made right again, so that the check meant is the one
 * that refuses. */
#ifndef TESTS_MODEL_DEFECTS_H
#define TESTS_MODEL_DEFECTS_H

#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

typedef struct valid_file {
    uint8_t *bytes;
    size_t size;
    char *header; /* NUL-terminated, without padding */
    const uint8_t *data;
    size_t data_size;
} valid_file;

/* "conv2d 2 k1; batch_norm; relu; global_pool avg; dense classes" on 3x4x4, with ASL_WEIGHTS_*. */
valid_file make_valid(int32_t weights);
void free_valid(valid_file *file);

/* Frames a header and data, makes the checksum right where there is one, and loads it. */
asl_status load(const char *header, size_t header_size, const void *data, size_t data_size,
                asl_error *err);
/* A copy of `text` with ' turned into ". */
char *quote(const char *text);
/* The header with the only occurrence of `find` replaced. */
char *edit(const char *header, const char *find, const char *replace);

typedef struct defect {
    const char *find, *replace;
    int data_change; /* bytes more or less behind the header */
    asl_status status;
    const char *says;
} defect;

/* Puts each defect into the valid file with those weights. */
void check_defects(const defect *defects, size_t count, int32_t weights);

#endif
