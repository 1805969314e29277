/* SPDX-License-Identifier: MIT */
/* Writing safetensors: header and data in one order only, so that the same content always gives
 * the same bytes. */
#include "model/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { DATA_ALIGNMENT = 64, LENGTH_SIZE = 8, DIGITS = 8 };

struct asl__tensors_writer {
    asl__file_tensor *tensors; /* names owned, data borrowed */
    size_t tensor_count, tensor_capacity;
    asl__file_entry *entries;
    size_t entry_count, entry_capacity;
};

asl_status asl__tensors_writer_create(asl__tensors_writer **out, asl_error *err)
{
    asl_status status;
    asl__tensors_writer *writer = asl__alloc(sizeof *writer);
    *out = NULL;
    if (!writer)
        return asl__fail_memory(err, "a model file");
    ASL__TRY(asl__tensors_writer_entry(writer, "asl.crc32", "00000000", err));
    ASL__TRY(asl__tensors_writer_entry(writer, "asl.format", "1.0", err));
    char program[48];
    snprintf(program, sizeof program, "libasl %s", asl_version());
    ASL__TRY(asl__tensors_writer_entry(writer, "asl.writer", program, err));
    *out = writer;
    return ASL_OK;
fail:
    asl__tensors_writer_free(writer);
    return status;
}

void asl__tensors_writer_free(asl__tensors_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; i < writer->tensor_count; i++)
        asl__free(writer->tensors[i].name);
    for (size_t i = 0; i < writer->entry_count; i++) {
        asl__free(writer->entries[i].key);
        asl__free(writer->entries[i].value);
    }
    asl__free(writer->tensors);
    asl__free(writer->entries);
    asl__free(writer);
}

/* Makes room for one more item of an array. */
static asl_status reserve(void **items, size_t count, size_t *capacity, size_t size, size_t limit,
                          const char *what, asl_error *err)
{
    if (count >= limit)
        return asl__fail(err, ASL_ERR_LIMIT, "a file holds at most %zu %s", limit, what);
    if (count < *capacity)
        return ASL_OK;
    const size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = asl__grow(*items, count * size, wanted, size);
    if (!grown)
        return asl__fail_memory(err, what);
    *items = grown;
    *capacity = wanted;
    return ASL_OK;
}

asl_status asl__tensors_writer_entry(asl__tensors_writer *writer, const char *key,
                                     const char *value, asl_error *err)
{
    void *items = writer->entries;
    if (!asl__tensors_name_ok(key, ASL__TENSORS_MAX_KEY))
        return asl__fail(err, ASL_ERR_ARG, "'%.80s' is not a metadata key", key);
    if (strlen(value) > ASL__TENSORS_MAX_VALUE || !asl__is_plain_utf8(value, strlen(value)))
        return asl__fail(err, ASL_ERR_ARG,
                         "metadata '%s' is longer than %d bytes, or not UTF-8 without control "
                         "characters",
                         key, ASL__TENSORS_MAX_VALUE);
    const asl_status status =
        reserve(&items, writer->entry_count, &writer->entry_capacity, sizeof *writer->entries,
                ASL__TENSORS_MAX_ENTRIES, "metadata entries", err);
    if (status < 0)
        return status;
    writer->entries = items;
    const asl__file_entry entry = {asl__strdup(key), asl__strdup(value)};
    writer->entries[writer->entry_count++] = entry;
    return entry.key && entry.value ? ASL_OK : asl__fail_memory(err, "metadata");
}

asl_status asl__tensors_writer_tensor(asl__tensors_writer *writer, const char *name, int32_t dtype,
                                      const int64_t *shape, int32_t dims, const void *data,
                                      asl_error *err)
{
    void *items = writer->tensors;
    asl__file_tensor tensor = {.dtype = dtype, .dims = dims, .data = data};
    if (!asl__tensors_name_ok(name, ASL__TENSORS_MAX_NAME))
        return asl__fail(err, ASL_ERR_ARG, "'%.140s' is not a tensor name", name);
    if (dims < 0 || dims > ASL__TENSORS_MAX_DIMS)
        return asl__fail(err, ASL_ERR_ARG, "tensor '%s' has %d dimensions", name, dims);
    for (int32_t i = 0; i < dims; i++)
        tensor.shape[i] = shape[i];
    if (!asl__file_tensor_measure(&tensor))
        return asl__fail(err, ASL_ERR_ARG, "tensor '%s' has an impossible shape or type", name);
    const asl_status status = reserve(&items, writer->tensor_count, &writer->tensor_capacity,
                                      sizeof tensor, ASL__TENSORS_MAX_COUNT, "tensors", err);
    if (status < 0)
        return status;
    writer->tensors = items;
    tensor.name = asl__strdup(name);
    if (!tensor.name)
        return asl__fail_memory(err, "a tensor's name");
    writer->tensors[writer->tensor_count++] = tensor;
    return ASL_OK;
}

/* Wide elements first, so that every tensor is aligned to its element; then by name. */
static int compare_tensors(const void *left, const void *right)
{
    const asl__file_tensor *a = left, *b = right;
    const size_t sizes[2] = {asl__dtype_size(a->dtype), asl__dtype_size(b->dtype)};
    return sizes[0] != sizes[1] ? (sizes[0] < sizes[1] ? 1 : -1) : strcmp(a->name, b->name);
}

static int compare_entries(const void *left, const void *right)
{
    const asl__file_entry *a = left, *b = right;
    return strcmp(a->key, b->key);
}

/* A text without control characters as a JSON string. */
static void append_json(asl__buffer *header, const char *text)
{
    asl__buffer_append(header, "\"", 1);
    for (const char *at = text; *at;) {
        const size_t plain = strcspn(at, "\"\\");
        asl__buffer_append(header, at, plain);
        at += plain;
        if (*at) {
            const char escaped[2] = {'\\', *at++};
            asl__buffer_append(header, escaped, 2);
        }
    }
    asl__buffer_append(header, "\"", 1);
}

static asl_status append_entries(asl__buffer *header, size_t *digits_at,
                                 const asl__file_entry *entries, size_t count, asl_error *err)
{
    asl__buffer_format(header, "{\"__metadata__\":{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(entries[i - 1].key, entries[i].key) == 0)
            return asl__fail(err, ASL_ERR_ARG, "metadata '%s' given twice", entries[i].key);
        asl__buffer_format(header, "%s\"%s\":", i == 0 ? "" : ",", entries[i].key);
        if (strcmp(entries[i].key, "asl.crc32") == 0)
            *digits_at = LENGTH_SIZE + header->size + 1;
        append_json(header, entries[i].value);
    }
    asl__buffer_append(header, "}", 1);
    return ASL_OK;
}

/* Lays the tensors out one after the other; *end receives the length of the data. */
static asl_status append_tensors(asl__buffer *header, size_t *end, const asl__file_tensor *tensors,
                                 size_t count, asl_error *err)
{
    *end = 0;
    for (size_t i = 0; i < count; i++) {
        const asl__file_tensor *tensor = &tensors[i];
        const size_t begin = *end;
        for (size_t j = 0; j < i; j++)
            if (strcmp(tensors[j].name, tensor->name) == 0)
                return asl__fail(err, ASL_ERR_ARG, "tensor '%s' given twice", tensor->name);
        if (!asl__add_size(end, begin, tensor->bytes))
            return asl__fail(err, ASL_ERR_LIMIT, "the file would be too large");
        asl__buffer_format(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", tensor->name,
                           asl__dtype_name(tensor->dtype));
        for (int32_t d = 0; d < tensor->dims; d++)
            asl__buffer_format(header, "%s%lld", d == 0 ? "" : ",", (long long)tensor->shape[d]);
        asl__buffer_format(header, "],\"data_offsets\":[%zu,%zu]}", begin, *end);
    }
    return ASL_OK;
}

/* The header with its padding, from sorted tensors and entries. */
static asl_status build_header(asl__buffer *header, size_t *digits_at, size_t *data_size,
                               const asl__tensors_writer *sorted, asl_error *err)
{
    asl_status status;
    ASL__TRY(append_entries(header, digits_at, sorted->entries, sorted->entry_count, err));
    ASL__TRY(append_tensors(header, data_size, sorted->tensors, sorted->tensor_count, err));
    asl__buffer_append(header, "}", 1);
    while (!header->failed && (LENGTH_SIZE + header->size) % DATA_ALIGNMENT != 0)
        asl__buffer_append(header, " ", 1);
    if (header->failed)
        return asl__fail_memory(err, "a file's header");
    if (header->size > ASL__TENSORS_MAX_HEADER ||
        *data_size > (size_t)ASL__TENSORS_MAX_FILE - LENGTH_SIZE - ASL__TENSORS_MAX_HEADER)
        return asl__fail(err, ASL_ERR_LIMIT, "the file would be too large: header %zu, data %zu",
                         header->size, *data_size);
fail:
    return status;
}

/* Joins length, header and data, and fills in the checksum. */
static asl_status join(void **out, size_t *size, const asl__buffer *header, size_t digits_at,
                       size_t data_size, const asl__tensors_writer *sorted, asl_error *err)
{
    const uint64_t length = header->size;
    const size_t total = LENGTH_SIZE + header->size + data_size;
    char digits[DIGITS + 1];
    uint8_t *bytes = asl__alloc(total);
    if (!bytes)
        return asl__fail_memory(err, "a file's content");
    memcpy(bytes, &length, LENGTH_SIZE);
    memcpy(bytes + LENGTH_SIZE, header->data, header->size);
    uint8_t *at = bytes + LENGTH_SIZE + header->size;
    for (size_t i = 0; i < sorted->tensor_count; i++) {
        memcpy(at, sorted->tensors[i].data, sorted->tensors[i].bytes);
        at += sorted->tensors[i].bytes;
    }
    snprintf(digits, sizeof digits, "%08x", (unsigned)crc32_z(0, bytes, total));
    memcpy(bytes + digits_at, digits, DIGITS);
    *out = bytes;
    *size = total;
    return ASL_OK;
}

asl_status asl__tensors_writer_encode(void **data, size_t *size, const asl__tensors_writer *writer,
                                      asl_error *err)
{
    asl_status status;
    asl__tensors_writer sorted = *writer;
    asl__buffer header = {0};
    size_t digits_at = 0, data_size = 0;
    *data = NULL;
    *size = 0;
    sorted.tensors = asl__alloc_array(writer->tensor_count, sizeof *sorted.tensors);
    sorted.entries = asl__alloc_array(writer->entry_count, sizeof *sorted.entries);
    if (!sorted.tensors || !sorted.entries)
        ASL__TRY(asl__fail_memory(err, "a file's header"));
    if (writer->tensor_count > 0)
        memcpy(sorted.tensors, writer->tensors, writer->tensor_count * sizeof *sorted.tensors);
    memcpy(sorted.entries, writer->entries, writer->entry_count * sizeof *sorted.entries);
    qsort(sorted.tensors, sorted.tensor_count, sizeof *sorted.tensors, compare_tensors);
    qsort(sorted.entries, sorted.entry_count, sizeof *sorted.entries, compare_entries);
    ASL__TRY(build_header(&header, &digits_at, &data_size, &sorted, err));
    ASL__TRY(join(data, size, &header, digits_at, data_size, &sorted, err));
fail:
    asl__buffer_free(&header);
    asl__free(sorted.tensors);
    asl__free(sorted.entries);
    return status;
}

asl_status asl__tensors_writer_save(const asl__tensors_writer *writer, const char *path,
                                    asl_error *err)
{
    asl__writer *file = NULL;
    void *data = NULL;
    size_t size;
    asl_status status;
    ASL__TRY(asl__tensors_writer_encode(&data, &size, writer, err));
    ASL__TRY(asl__writer_open(&file, path, err));
    asl__writer_sweep(file);
    ASL__TRY(asl__writer_write(file, data, size, err));
    status = asl__writer_commit(file, err);
    file = NULL;
fail:
    asl__writer_abort(file);
    asl__free(data);
    return status;
}
