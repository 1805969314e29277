/* SPDX-License-Identifier: MIT */
/* Strict safetensors, the container of model files and checkpoints (docs/model-format.md). */
#ifndef ASL_MODEL_SAFETENSORS_H
#define ASL_MODEL_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

enum {
    ASL__DTYPE_F32 = 1,
    ASL__DTYPE_F64 = 2,
    ASL__DTYPE_I64 = 3,
    ASL__DTYPE_F16 = 4,
    ASL__DTYPE_U8 = 5,
    ASL__DTYPE_I8 = 6
};

/* Limits of reader and writer alike. */
#define ASL__TENSORS_MAX_FILE    ((int64_t)2 << 30)
#define ASL__TENSORS_MAX_HEADER  (1 << 20)
#define ASL__TENSORS_MAX_COUNT   4096
#define ASL__TENSORS_MAX_ENTRIES 64
#define ASL__TENSORS_MAX_DIMS    6
#define ASL__TENSORS_MAX_NAME    128
#define ASL__TENSORS_MAX_KEY     64
#define ASL__TENSORS_MAX_VALUE   (64 << 10)

typedef struct asl__file_tensor {
    char *name;
    int32_t dtype;
    int32_t dims;
    int64_t shape[ASL__TENSORS_MAX_DIMS];
    size_t count;     /* elements */
    size_t offset;    /* of the first byte in the file's data */
    const void *data; /* little-endian elements inside the parsed bytes; may be unaligned for
                         files not written by us, so copy with memcpy */
    size_t bytes;
} asl__file_tensor;

typedef struct asl__file_entry {
    char *key, *value;
} asl__file_entry;

/* A parsed file: tensors and metadata, both sorted by name. */
typedef struct asl__tensors {
    void *bytes;    /* owned */
    char what[112]; /* names the file in messages */
    asl__file_tensor *tensors;
    int32_t tensor_count;
    asl__file_entry *entries;
    int32_t entry_count;
} asl__tensors;

/* Parses and verifies (structure, limits, checksum, `asl.format`). Takes ownership of `bytes`
 * (from asl__alloc) whether it succeeds or not. `what` names the file in messages. */
asl_status asl__tensors_parse(asl__tensors *out, void *bytes, size_t size, const char *what,
                              asl_error *err);
asl_status asl__tensors_read(asl__tensors *out, const char *path, asl_error *err);
void asl__tensors_free(asl__tensors *file);

/* Bytes of one element; 0 for a dtype that does not exist. */
size_t asl__dtype_size(int32_t dtype);
/* As the file spells it, or NULL. */
const char *asl__dtype_name(int32_t dtype);
/* The ASL__DTYPE_* of that name, or 0. */
int32_t asl__dtype_find(const char *name);
/* Fills count and bytes from dtype, dims and shape; false when a dimension is not in 1..2^31-1 or
 * the size overflows. */
bool asl__file_tensor_measure(asl__file_tensor *tensor);
/* Whether a tensor name or metadata key is 1..limit characters of A-Z a-z 0-9 . _ / - */
bool asl__tensors_name_ok(const char *name, size_t limit);

/* NULL when absent. */
const asl__file_tensor *asl__tensors_find(const asl__tensors *file, const char *name);
const char *asl__tensors_entry(const asl__tensors *file, const char *key);

/* Building a file. Tensor data is borrowed until the write. asl.format, asl.writer and the
 * checksum are added by the writer itself; names and keys must be new. */
typedef struct asl__tensors_writer asl__tensors_writer;

asl_status asl__tensors_writer_create(asl__tensors_writer **out, asl_error *err);
void asl__tensors_writer_free(asl__tensors_writer *writer);
asl_status asl__tensors_writer_entry(asl__tensors_writer *writer, const char *key,
                                     const char *value, asl_error *err);
asl_status asl__tensors_writer_tensor(asl__tensors_writer *writer, const char *name, int32_t dtype,
                                      const int64_t *shape, int32_t dims, const void *data,
                                      asl_error *err);
/* Bytes of the file, in memory (asl__free) or atomically to a path. Same content, same bytes. */
asl_status asl__tensors_writer_encode(void **data, size_t *size, const asl__tensors_writer *writer,
                                      asl_error *err);
asl_status asl__tensors_writer_save(const asl__tensors_writer *writer, const char *path,
                                    asl_error *err);

#endif
