/* SPDX-License-Identifier: MIT */
/* Reading safetensors from anybody: every rule of docs/model-format.md is checked before a tensor
 * is handed out. The order is: frame, text of the header, JSON, metadata, tensors, checksum. */
#include "model/safetensors.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { LENGTH_SIZE = 8, DIGITS = 8, MAX_DEPTH = 3 };

/* The header as text and the data behind it. */
typedef struct frame {
    const char *header;
    size_t header_size;
    const uint8_t *data;
    size_t data_size;
} frame;

/* Keeps the end of a long name: that is the file's, and the start its folders'. */
static void name_file(asl__tensors *file, const char *what)
{
    const size_t length = strlen(what), room = sizeof file->what - 4;
    if (length <= room)
        snprintf(file->what, sizeof file->what, "%s", what);
    else
        snprintf(file->what, sizeof file->what, "...%s", what + length - room);
}

static asl_status find_frame(frame *out, const asl__tensors *file, size_t size, asl_error *err)
{
    const uint8_t *bytes = file->bytes;
    uint64_t length;
    if (size > LENGTH_SIZE && bytes[LENGTH_SIZE] != '{')
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: not a model file (a published .pth must be converted first: "
                         "python3 -m libasl.convert)",
                         file->what);
    if (size <= LENGTH_SIZE)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)size, "%s: ends after %zu bytes",
                            file->what, size);
    memcpy(&length, bytes, LENGTH_SIZE);
    if (length > ASL__TENSORS_MAX_HEADER)
        return asl__fail(err, ASL_ERR_LIMIT,
                         "%s: its header claims %llu bytes; at most %d are read", file->what,
                         (unsigned long long)length, ASL__TENSORS_MAX_HEADER);
    if (length < 2)
        return asl__fail(err, ASL_ERR_MODEL, "%s: its header has %d bytes", file->what,
                         (int)length);
    if (length > size - LENGTH_SIZE)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)size,
                            "%s: ends after %zu bytes, inside its header of %d", file->what, size,
                            (int)length);
    *out = (frame){.header = (const char *)bytes + LENGTH_SIZE,
                   .header_size = (size_t)length,
                   .data = bytes + LENGTH_SIZE + length,
                   .data_size = size - LENGTH_SIZE - (size_t)length};
    while (out->header[out->header_size - 1] == ' ') /* ends at '{' at the latest */
        out->header_size--;
    return ASL_OK;
}

/* Bounds what the JSON parser will see: plain UTF-8 that is one object, no deeper than needed, and
 * without the minus that readers of whole numbers disagree about in -0. */
static asl_status check_header_text(const frame *f, const asl__tensors *file, asl_error *err)
{
    int depth = 0;
    bool in_string = false;
    if (f->header[f->header_size - 1] != '}')
        return asl__fail(err, ASL_ERR_MODEL, "%s: only spaces may follow its header", file->what);
    if (!asl__is_plain_utf8(f->header, f->header_size))
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: its header is not UTF-8 without control characters", file->what);
    for (size_t i = 0; i < f->header_size; i++) {
        const char c = f->header[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
        else if (!in_string && c == '-')
            return asl__fail_at(err, ASL_ERR_MODEL, (int64_t)(LENGTH_SIZE + i),
                                "%s: its header holds a number with a sign", file->what);
        if (depth > MAX_DEPTH)
            return asl__fail_at(err, ASL_ERR_MODEL, (int64_t)(LENGTH_SIZE + i),
                                "%s: its header is nested deeper than %d levels", file->what,
                                MAX_DEPTH);
    }
    return ASL_OK;
}

static asl_status parse_json(json_t **out, const frame *f, const asl__tensors *file, asl_error *err)
{
    json_error_t problem;
    *out = json_loadb(f->header, f->header_size, JSON_REJECT_DUPLICATES, &problem);
    if (*out)
        return ASL_OK;
    if (json_error_code(&problem) == json_error_out_of_memory)
        return asl__fail_memory(err, "a file's header");
    return asl__fail_at(err, ASL_ERR_MODEL, LENGTH_SIZE + problem.position,
                        "%s: its header is not valid: %s", file->what, problem.text);
}

static asl_status read_entry(asl__tensors *file, const char *key, const json_t *value,
                             asl_error *err)
{
    const char *text = json_string_value(value);
    if (!asl__tensors_name_ok(key, ASL__TENSORS_MAX_KEY))
        return asl__fail(err, ASL_ERR_MODEL, "%s: '%.80s' is not a metadata key", file->what, key);
    if (!text)
        return asl__fail(err, ASL_ERR_MODEL, "%s: metadata '%s' is not a string", file->what, key);
    if (strlen(text) > ASL__TENSORS_MAX_VALUE)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: metadata '%s' is longer than %d bytes",
                         file->what, key, ASL__TENSORS_MAX_VALUE);
    if (!asl__is_plain_utf8(text, strlen(text)))
        return asl__fail(err, ASL_ERR_MODEL, "%s: metadata '%s' holds control characters",
                         file->what, key);
    asl__file_entry *entry = &file->entries[file->entry_count++];
    entry->key = asl__strdup(key);
    entry->value = asl__strdup(text);
    return entry->key && entry->value ? ASL_OK : asl__fail_memory(err, "metadata");
}

static int compare_entries(const void *left, const void *right)
{
    const asl__file_entry *a = left, *b = right;
    return strcmp(a->key, b->key);
}

static asl_status read_metadata(asl__tensors *file, json_t *root, asl_error *err)
{
    json_t *metadata = json_object_get(root, "__metadata__"), *value;
    const size_t count = json_object_size(metadata);
    const char *key;
    if (!json_is_object(metadata))
        return asl__fail(err, ASL_ERR_MODEL, "%s: has no metadata, so it is not a model of libasl",
                         file->what);
    if (count > ASL__TENSORS_MAX_ENTRIES)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: has %zu metadata entries; at most %d are read",
                         file->what, count, ASL__TENSORS_MAX_ENTRIES);
    file->entries = asl__alloc_array(count, sizeof *file->entries);
    if (!file->entries)
        return asl__fail_memory(err, "metadata");
    json_object_foreach(metadata, key, value)
    {
        const asl_status status = read_entry(file, key, value, err);
        if (status < 0)
            return status;
    }
    qsort(file->entries, count, sizeof *file->entries, compare_entries);
    return ASL_OK;
}

/* The dimensions of one tensor, and its element and byte counts. */
static asl_status read_shape(asl__file_tensor *tensor, const asl__tensors *file,
                             const json_t *shape, asl_error *err)
{
    const size_t dims = json_array_size(shape);
    if (dims > ASL__TENSORS_MAX_DIMS)
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: tensor '%s' has %zu dimensions; at most %d are "
                         "read",
                         file->what, tensor->name, dims, ASL__TENSORS_MAX_DIMS);
    tensor->dims = (int32_t)dims;
    for (size_t i = 0; i < dims; i++) {
        const json_t *side = json_array_get(shape, i);
        tensor->shape[i] = json_is_integer(side) ? json_integer_value(side) : 0;
    }
    if (!asl__file_tensor_measure(tensor))
        return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' has an impossible shape", file->what,
                         tensor->name);
    return ASL_OK;
}

static asl_status read_tensor(asl__tensors *file, const char *name, json_t *value, asl_error *err)
{
    const char *dtype;
    json_t *shape;
    json_int_t begin, end;
    if (!asl__tensors_name_ok(name, ASL__TENSORS_MAX_NAME))
        return asl__fail(err, ASL_ERR_MODEL, "%s: '%.60s' is not a tensor name", file->what, name);
    asl__file_tensor *tensor = &file->tensors[file->tensor_count++];
    tensor->name = asl__strdup(name);
    if (!tensor->name)
        return asl__fail_memory(err, "a tensor's name");
    if (json_unpack_ex(value, NULL, JSON_STRICT, "{s:s, s:o, s:[I,I]}", "dtype", &dtype, "shape",
                       &shape, "data_offsets", &begin, &end) != 0 ||
        !json_is_array(shape))
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: tensor '%s' does not have exactly dtype, shape and data_offsets",
                         file->what, name);
    tensor->dtype = asl__dtype_find(dtype);
    if (tensor->dtype == 0)
        return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' has the unknown type '%.20s'",
                         file->what, name, dtype);
    const asl_status status = read_shape(tensor, file, shape, err);
    if (status < 0)
        return status;
    if (end < begin || (uint64_t)(end - begin) != tensor->bytes) /* neither has a sign */
        return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' of %zu bytes lies at %lld..%lld",
                         file->what, name, tensor->bytes, (long long)begin, (long long)end);
    tensor->offset = (size_t)begin;
    return ASL_OK;
}

static asl_status read_tensors(asl__tensors *file, json_t *root, asl_error *err)
{
    const size_t count = json_object_size(root) - 1; /* all but the metadata */
    const char *name;
    json_t *value;
    if (count > ASL__TENSORS_MAX_COUNT)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: has %zu tensors; at most %d are read", file->what,
                         count, ASL__TENSORS_MAX_COUNT);
    file->tensors = asl__alloc_array(count, sizeof *file->tensors);
    if (!file->tensors)
        return asl__fail_memory(err, "tensors");
    json_object_foreach(root, name, value)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        const asl_status status = read_tensor(file, name, value, err);
        if (status < 0)
            return status;
    }
    return ASL_OK;
}

static int compare_offsets(const void *left, const void *right)
{
    const asl__file_tensor *a = left, *b = right;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static int compare_names(const void *left, const void *right)
{
    const asl__file_tensor *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* The tensors must tile the data: no gap, no overlap, nothing behind them. */
static asl_status place_tensors(asl__tensors *file, const frame *f, asl_error *err)
{
    size_t end = 0;
    const size_t count = (size_t)file->tensor_count;
    qsort(file->tensors, count, sizeof *file->tensors, compare_offsets);
    for (size_t i = 0; i < count; i++) {
        const asl__file_tensor *tensor = &file->tensors[i];
        if (tensor->offset != end)
            return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' begins at %zu, not at %zu",
                             file->what, tensor->name, tensor->offset, end);
        if (!asl__add_size(&end, end, tensor->bytes))
            return asl__fail(err, ASL_ERR_MODEL, "%s: its tensors are impossibly large",
                             file->what);
    }
    if (end > f->data_size)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)f->data_size,
                            "%s: has %zu bytes of data where its header needs %zu", file->what,
                            f->data_size, end);
    if (end < f->data_size)
        return asl__fail(err, ASL_ERR_MODEL, "%s: %zu bytes follow the last tensor", file->what,
                         f->data_size - end);
    for (size_t i = 0; i < count; i++)
        file->tensors[i].data = f->data + file->tensors[i].offset;
    qsort(file->tensors, count, sizeof *file->tensors, compare_names);
    return ASL_OK;
}

/* The checksum is that of the whole file with its own eight digits taken as '0'. */
static asl_status check_checksum(const asl__tensors *file, const frame *f, size_t size,
                                 asl_error *err)
{
    static const char key[] = "\"asl.crc32\":\"";
    char digits[DIGITS + 1];
    const uint8_t *bytes = file->bytes;
    const char *stored = asl__tensors_entry(file, "asl.crc32");
    const char *place = memmem(f->header, f->header_size, key, sizeof key - 1);
    if (!stored || !place)
        return asl__fail(err, ASL_ERR_MODEL, "%s: has no asl.crc32", file->what);
    place += sizeof key - 1;
    if (strlen(stored) != DIGITS || memcmp(stored, place, DIGITS) != 0)
        return asl__fail(err, ASL_ERR_MODEL, "%s: asl.crc32 is not eight digits", file->what);
    const size_t before = (size_t)((const uint8_t *)place - bytes);
    uLong crc = crc32_z(0, bytes, before);
    crc = crc32_z(crc, (const Bytef *)"00000000", DIGITS);
    crc = crc32_z(crc, bytes + before + DIGITS, size - before - DIGITS);
    snprintf(digits, sizeof digits, "%08x", (unsigned)crc);
    if (ASL__CHECKSUMS_COUNT && strcmp(digits, stored) != 0)
        return asl__fail(err, ASL_ERR_CHECKSUM, "%s: damaged: checksum %s, recorded %.8s",
                         file->what, digits, stored);
    return ASL_OK;
}

/* "MAJOR.MINOR". A newer major may mean anything, so nothing else is looked at; but a single bit
 * makes 3.0 of 1.0, so that a checksum, where there is one, must be right. */
static asl_status check_format(const asl__tensors *file, const frame *f, size_t size,
                               asl_error *err)
{
    const char *format = asl__tensors_entry(file, "asl.format");
    int64_t major, minor;
    const char *point = format ? strchr(format, '.') : NULL;
    if (!point || !asl__parse_i64(&major, format, (size_t)(point - format)) ||
        !asl__parse_i64(&minor, point + 1, strlen(point + 1)) || major < 1 || minor < 0)
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: asl.format is missing or not a version, so it is not a model of "
                         "libasl",
                         file->what);
    if (major > 1 && check_checksum(file, f, size, err) == ASL_ERR_CHECKSUM)
        return ASL_ERR_CHECKSUM;
    if (major > 1)
        return asl__fail(err, ASL_ERR_MODEL_TOO_NEW,
                         "%s: has format %.20s, this library reads 1.x; use a newer library",
                         file->what, format);
    return ASL_OK;
}

static asl_status parse(asl__tensors *file, size_t size, asl_error *err)
{
    asl_status status;
    frame f = {0};
    json_t *root = NULL;
    ASL__TRY(find_frame(&f, file, size, err));
    ASL__TRY(check_header_text(&f, file, err));
    ASL__TRY(parse_json(&root, &f, file, err));
    ASL__TRY(read_metadata(file, root, err));
    ASL__TRY(check_format(file, &f, size, err));
    ASL__TRY(read_tensors(file, root, err));
    ASL__TRY(place_tensors(file, &f, err));
    ASL__TRY(check_checksum(file, &f, size, err));
fail:
    json_decref(root);
    return status;
}

asl_status asl__tensors_parse(asl__tensors *out, void *bytes, size_t size, const char *what,
                              asl_error *err)
{
    *out = (asl__tensors){.bytes = bytes};
    name_file(out, what);
    const asl_status status = parse(out, size, err);
    if (status < 0)
        asl__tensors_free(out);
    return status;
}

asl_status asl__tensors_read(asl__tensors *out, const char *path, asl_error *err)
{
    void *bytes;
    size_t size;
    *out = (asl__tensors){0};
    const asl_status status = asl__file_read(&bytes, &size, path, ASL__TENSORS_MAX_FILE, err);
    return status < 0 ? status : asl__tensors_parse(out, bytes, size, path, err);
}
