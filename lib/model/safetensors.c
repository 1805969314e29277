/* SPDX-License-Identifier: MIT */
/* What the reader and the writer of safetensors share, and looking things up in a parsed file. */
#include "model/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers go to and from files as they lie in memory: little-endian");

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [ASL__DTYPE_F32] = {"F32", 4}, [ASL__DTYPE_F64] = {"F64", 8}, [ASL__DTYPE_I64] = {"I64", 8},
    [ASL__DTYPE_F16] = {"F16", 2}, [ASL__DTYPE_U8] = {"U8", 1},   [ASL__DTYPE_I8] = {"I8", 1},
};
enum { DTYPE_END = sizeof dtypes / sizeof dtypes[0] };

size_t asl__dtype_size(int32_t dtype)
{
    return dtype > 0 && dtype < DTYPE_END ? dtypes[dtype].size : 0;
}

const char *asl__dtype_name(int32_t dtype)
{
    return dtype > 0 && dtype < DTYPE_END ? dtypes[dtype].name : NULL;
}

int32_t asl__dtype_find(const char *name)
{
    for (int32_t i = 1; i < DTYPE_END; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return i;
    return 0;
}

bool asl__tensors_name_ok(const char *name, size_t limit)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789._/-";
    const size_t length = strlen(name);
    return length > 0 && length <= limit && strspn(name, allowed) == length;
}

bool asl__file_tensor_measure(asl__file_tensor *tensor)
{
    tensor->count = 1;
    for (int32_t i = 0; i < tensor->dims; i++)
        if (tensor->shape[i] < 1 || tensor->shape[i] > INT32_MAX ||
            !asl__mul_size(&tensor->count, tensor->count, (size_t)tensor->shape[i]))
            return false;
    return asl__mul_size(&tensor->bytes, tensor->count, asl__dtype_size(tensor->dtype)) &&
           tensor->bytes > 0;
}

void asl__tensors_free(asl__tensors *file)
{
    for (int32_t i = 0; i < file->tensor_count; i++)
        asl__free(file->tensors[i].name);
    for (int32_t i = 0; i < file->entry_count; i++) {
        asl__free(file->entries[i].key);
        asl__free(file->entries[i].value);
    }
    asl__free(file->tensors);
    asl__free(file->entries);
    asl__free(file->bytes);
    *file = (asl__tensors){0};
}

static int compare_tensor_name(const void *key, const void *item)
{
    const asl__file_tensor *tensor = item;
    return strcmp(key, tensor->name);
}

const asl__file_tensor *asl__tensors_find(const asl__tensors *file, const char *name)
{
    if (file->tensor_count == 0)
        return NULL;
    return bsearch(name, file->tensors, (size_t)file->tensor_count, sizeof *file->tensors,
                   compare_tensor_name);
}

static int compare_entry_key(const void *key, const void *item)
{
    const asl__file_entry *entry = item;
    return strcmp(key, entry->key);
}

const char *asl__tensors_entry(const asl__tensors *file, const char *key)
{
    if (file->entry_count == 0)
        return NULL;
    const asl__file_entry *entry = bsearch(key, file->entries, (size_t)file->entry_count,
                                           sizeof *file->entries, compare_entry_key);
    return entry ? entry->value : NULL;
}
