/* SPDX-License-Identifier: MIT */
/* Building a source, whichever reader fills it, and letting go of it. */
#include "dataset/source.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/system.h"
#include "base/text.h"
#include "image/image.h"

/* Strings come in blocks, since a data set has many short ones. */
struct asl__text_block {
    struct asl__text_block *next;
    size_t used, size;
    char data[];
};

asl_status asl__source_create(asl__source **out, const asl_decode_options *decode, asl_error *err)
{
    asl__source *source = asl__alloc(sizeof *source);

    *out = NULL;
    if (source == NULL)
        return asl__fail_memory(err, "a data set");
    atomic_init(&source->references, 1);
    source->folder = ASL__FOLDER_NONE;
    source->decode = *decode;
    *out = source;
    return ASL_OK;
}

asl__source *asl__source_retain(asl__source *source)
{
    atomic_fetch_add_explicit(&source->references, 1, memory_order_relaxed);
    return source;
}

void asl__source_release(asl__source *source)
{
    if (source == NULL ||
        atomic_fetch_sub_explicit(&source->references, 1, memory_order_acq_rel) > 1)
        return;
    while (source->texts != NULL) {
        struct asl__text_block *next = source->texts->next;

        asl__free(source->texts);
        source->texts = next;
    }
    for (int32_t i = 0; i < source->part_count; i++)
        asl__source_release(source->parts[i].source);
    asl__free(source->parts);
    asl__folder_close(&source->folder);
    asl__map_close(&source->pack);
    asl__free(source->verified);
    asl__free(source->samples);
    asl__free(source->classes);
    asl__free(source->groups);
    asl__free(source->issues);
    asl__free(source);
}

/* Room for a text of `size` bytes with its NUL; NULL when memory is short. */
static char *take_text(asl__source *source, size_t size)
{
    enum { BLOCK = 64 * 1024 - 128 };
    struct asl__text_block *block = source->texts;
    char *text = NULL;

    if (block == NULL || block->size - block->used < size) {
        const size_t room = size > BLOCK ? size : BLOCK;

        block = asl__alloc(sizeof *block + room);
        if (block == NULL)
            return NULL;
        block->size = room;
        block->next = source->texts;
        source->texts = block;
    }
    text = block->data + block->used;
    block->used += size;
    return text;
}

char *asl__source_text(asl__source *source, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = take_text(source, size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *asl__source_join(asl__source *source, const char *folder, const char *name)
{
    const size_t first = strlen(folder), size = strlen(name) + 1;
    char *joined = take_text(source, first + 1 + size);

    if (joined == NULL)
        return NULL;
    memcpy(joined, folder, first);
    joined[first] = '/';
    memcpy(joined + first + 1, name, size);
    return joined;
}

/* Makes room for one more item. */
static bool reserve(void **items, int64_t count, int64_t *capacity, size_t size)
{
    const int64_t larger = *capacity < 64 ? 64 : *capacity * 2;
    void *moved = NULL;

    if (count < *capacity)
        return true;
    moved = asl__grow(*items, (size_t)count * size, (size_t)larger, size);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

asl_status asl__source_add_sample(asl__source *source, const asl__sample *sample, asl_error *err)
{
    void *items = source->samples;

    if (!reserve(&items, source->sample_count, &source->sample_capacity, sizeof *sample))
        return asl__fail_memory(err, "the samples of a data set");
    source->samples = items;
    source->samples[source->sample_count++] = *sample;
    return ASL_OK;
}

static void make_plain(char *text)
{
    if (asl__is_plain_utf8(text, strlen(text)))
        return;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            *text = '?';
    }
}

/* The last component of a path: its first byte, and in *length how many there are. */
static const char *last_component(size_t *length, const char *path)
{
    size_t end = strlen(path), start = 0;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    *length = end - start;
    return path + start;
}

asl_status asl__source_set_name(asl__source *source, const char *path, asl_error *err)
{
    size_t length = 0;
    const char *last = last_component(&length, path);
    char *name = NULL;

    if (length <= 2 && strncmp(last, "..", length) == 0) /* only folders are called so */
        last = last_component(&length, source->folder.path);
    if (length == 0) {
        last = "root";
        length = strlen(last);
    }
    name = take_text(source, length + 1);
    if (name == NULL)
        return asl__fail_memory(err, "the name of a data set");
    memcpy(name, last, length);
    name[length] = '\0';
    make_plain(name);
    source->name = name;
    return ASL_OK;
}

asl_status asl__source_add_issue(asl__source *source, const char *path, const asl_error *why,
                                 asl_error *err)
{
    void *items = source->issues;
    char *name = asl__source_text(source, path);
    const char *message = asl__source_text(source, why->message);

    if (name == NULL || message == NULL ||
        !reserve(&items, source->issue_count, &source->issue_capacity, sizeof *source->issues))
        return asl__fail_memory(err, "the issues of a data set");
    make_plain(name);
    source->issues = items;
    source->issues[source->issue_count++] = (asl__issue){name, message, why->code};
    return ASL_OK;
}

bool asl__is_issue(asl_status status)
{
    switch (status) {
    case ASL_ERR_IO:
    case ASL_ERR_PATH:
    case ASL_ERR_LIMIT:
    case ASL_ERR_NOT_FOUND:
    case ASL_ERR_EXISTS:
    case ASL_ERR_TRUNCATED:
    case ASL_ERR_CHECKSUM:
    case ASL_ERR_IMAGE:
    case ASL_ERR_UNSUPPORTED:
        return true;
    default:
        return false;
    }
}

bool asl__is_class_name(const char *name)
{
    const size_t length = strlen(name);

    return length >= 1 && length <= ASL__MAX_CLASS_NAME && strchr(name, ',') == NULL &&
           asl__is_plain_utf8(name, length);
}

static asl_status look_at_file(asl__file_facts *facts, const asl__source *source, const char *path,
                               asl_error *err)
{
    asl_error sniffed = ASL_ERROR_INIT;
    asl_status status = ASL_OK;
    uint8_t head[64];
    size_t size = 0;
    int fd = -1;

    if (!asl__is_plain_utf8(path, strlen(path)))
        return asl__fail(err, ASL_ERR_PATH, "the name '%s' is not plain UTF-8", path);
    ASL__TRY(asl__folder_open_file(&fd, facts, &source->folder, path, err));
    ASL__TRY(asl__folder_peek(&size, head, sizeof head, fd, path, err));
    if (asl__image_sniff(head, size, &sniffed) < 0)
        status = asl__fail(err, sniffed.code, "'%s': %s", path, sniffed.message);
fail:
    if (fd >= 0)
        asl__sys->close(fd);
    return status;
}

asl_status asl__source_probe(asl__source *source, const char *path, int32_t label, int32_t group,
                             asl_error *err)
{
    asl_error why = ASL_ERROR_INIT;
    asl__sample sample = {.path = path, .label = label, .group = group};
    asl__file_facts facts = {0};
    const asl_status status = look_at_file(&facts, source, path, &why);

    if (status < 0) {
        if (asl__is_issue(status))
            return asl__source_add_issue(source, path, &why, err);
        asl__error_copy(err, &why);
        return status;
    }
    sample.bytes = facts.bytes;
    sample.modified = facts.modified;
    return asl__source_add_sample(source, &sample, err);
}

static asl_status fail_empty(const asl__source *source, const char *path, asl_error *err)
{
    if (source->issue_count > 0)
        return asl__fail(err, ASL_ERR_DATASET, "no usable picture in '%s'; %lld skipped, first: %s",
                         path, (long long)source->issue_count, source->issues[0].message);
    return asl__fail(err, ASL_ERR_DATASET,
                     "no pictures in '%s': expected one folder per class with .jpg or .png files "
                     "in it, or a data.csv",
                     path);
}

asl_status asl__source_check(const asl__source *source, const char *path, asl_error *err)
{
    int64_t *counts = NULL;
    int32_t empty = 0;

    if (source->sample_count == 0)
        return fail_empty(source, path, err);
    if (source->class_count == 1)
        return asl__fail(err, ASL_ERR_DATASET, "'%s' has only one class, '%s'; two are needed",
                         path, source->classes[0]);
    counts = asl__alloc_array((size_t)source->class_count, sizeof *counts);
    if (counts == NULL)
        return asl__fail_memory(err, "counting classes");
    for (int64_t i = 0; i < source->sample_count; i++)
        counts[source->samples[i].label]++;
    while (empty < source->class_count && counts[empty] > 0)
        empty++;
    asl__free(counts);
    if (empty < source->class_count)
        return asl__fail(err, ASL_ERR_DATASET,
                         "class '%s' of '%s' has no usable picture; add some or remove the class",
                         source->classes[empty], path);
    return ASL_OK;
}
