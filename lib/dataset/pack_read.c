/* SPDX-License-Identifier: MIT */
/* Opening a packed data set: a map, and tables of which every number is checked before use. */
#include "dataset/pack.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/text.h"
#include "dataset/little.h"
#include "dataset/view.h"

/* The header's numbers, and where the tables lie in the map. */
typedef struct layout {
    const char *path; /* of the file, for messages */
    uint64_t samples, issues, text_size;
    uint32_t classes, groups, width, height;
    size_t tables_size, pixels_size;
    const uint8_t *tables;
    const char *text;
    size_t unread; /* of the texts: each belongs to one record, so that none is read twice */
} layout;

uint32_t asl__pack_crc(const uint8_t *header, const void *tables, size_t size)
{
    static const uint8_t zero[4];
    uLong crc = crc32_z(0, header, ASL__PACK_AT_CRC);

    crc = crc32_z(crc, zero, sizeof zero);
    crc = crc32_z(crc, header + ASL__PACK_AT_CRC + 4, ASL__PACK_HEADER - ASL__PACK_AT_CRC - 4);
    return (uint32_t)crc32_z(crc, tables, size);
}

static asl_status fail_pack(const layout *pack, const char *problem, asl_error *err)
{
    return asl__fail(err, ASL_ERR_PACK, "'%s': %s; pack again", pack->path, problem);
}

/* Adds count * size to *total; false when that overflows. */
static bool add_table(size_t *total, uint64_t count, uint64_t size)
{
    uint64_t bytes = 0;

    return !__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX &&
           asl__add_size(total, *total, (size_t)bytes);
}

/* Sizes of pixels and tables, which must fill the file to the byte. */
static asl_status check_sizes(layout *pack, size_t file_size, asl_error *err)
{
    size_t total = ASL__PACK_HEADER;

    if (pack->width < 1 || pack->width > ASL__PACK_MAX_SIDE || pack->height < 1 ||
        pack->height > ASL__PACK_MAX_SIDE)
        return fail_pack(pack, "impossible picture size", err);
    if (pack->samples < 1 || pack->classes < 2 || pack->classes > ASL__MAX_CLASSES ||
        pack->groups > INT32_MAX || pack->issues > INT32_MAX)
        return fail_pack(pack, "impossible counts", err);
    if (!add_table(&total, pack->samples, (uint64_t)pack->width * pack->height * 3))
        return fail_pack(pack, "impossible counts", err);
    pack->pixels_size = total - ASL__PACK_HEADER;
    if (!add_table(&total, pack->samples, ASL__PACK_SAMPLE) ||
        !add_table(&total, pack->classes, ASL__PACK_CLASS) ||
        !add_table(&total, pack->groups, ASL__PACK_GROUP) ||
        !add_table(&total, pack->issues, ASL__PACK_ISSUE) ||
        !add_table(&total, pack->text_size, 1) || total != file_size)
        return fail_pack(pack, "the tables do not fill the file", err);
    pack->tables_size = file_size - ASL__PACK_HEADER - pack->pixels_size;
    return ASL_OK;
}

static asl_status read_header(layout *pack, const asl__map *map, asl_error *err)
{
    const uint8_t *header = map->data;
    asl_status status = ASL_OK;

    if (map->size < ASL__PACK_USED ||
        memcmp(header, ASL__PACK_MAGIC, strlen(ASL__PACK_MAGIC)) != 0) {
        const size_t seen = map->size < strlen(ASL__PACK_MAGIC) ? map->size : 8;

        if (memcmp(header, ASL__PACK_MAGIC, seen) == 0)
            return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)map->size, "'%s' ends early",
                                pack->path);
        return asl__fail(err, ASL_ERR_PACK,
                         "'%s' is neither a folder nor a .csv file nor a packed data set",
                         pack->path);
    }
    if (asl__get32(header + ASL__PACK_AT_VERSION) != ASL__PACK_VERSION)
        return asl__fail(err, ASL_ERR_PACK, "'%s' is of version %u, this library reads %d",
                         pack->path, (unsigned)asl__get32(header + ASL__PACK_AT_VERSION),
                         ASL__PACK_VERSION);
    if (asl__get64(header + ASL__PACK_AT_SIZE) > map->size || map->size < ASL__PACK_HEADER)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)map->size, "'%s' ends early",
                            pack->path);
    pack->samples = asl__get64(header + ASL__PACK_AT_SAMPLES);
    pack->issues = asl__get64(header + ASL__PACK_AT_ISSUES);
    pack->text_size = asl__get64(header + ASL__PACK_AT_TEXT);
    pack->classes = asl__get32(header + ASL__PACK_AT_CLASSES);
    pack->groups = asl__get32(header + ASL__PACK_AT_GROUPS);
    pack->width = asl__get32(header + ASL__PACK_AT_WIDTH);
    pack->height = asl__get32(header + ASL__PACK_AT_HEIGHT);
    ASL__TRY(check_sizes(pack, map->size, err));
    pack->tables = header + ASL__PACK_HEADER + pack->pixels_size;
    if (ASL__CHECKSUMS_COUNT && asl__pack_crc(header, pack->tables, pack->tables_size) !=
                                    asl__get32(header + ASL__PACK_AT_CRC))
        return asl__fail(err, ASL_ERR_CHECKSUM, "the tables of '%s' are damaged; pack again",
                         pack->path);
    if (asl__get64(header + ASL__PACK_AT_SIZE) != map->size)
        return fail_pack(pack, "the file has another size than it says", err);
    pack->text = (const char *)pack->tables + pack->tables_size - pack->text_size;
    pack->unread = (size_t)pack->text_size;
    if (pack->text_size < 1 || pack->text[pack->text_size - 1] != '\0')
        return fail_pack(pack, "the texts do not end", err);
fail:
    return status;
}

/* A text of the pack, or NULL when the offset is wrong, the text is not plain, or the texts until
 * now would not have fitted beside it. */
static const char *get_text(layout *pack, const uint8_t *offset)
{
    const uint32_t at = asl__get32(offset);
    size_t length = 0;

    if (at >= pack->text_size)
        return NULL;
    length = strnlen(pack->text + at, pack->unread);
    if (length == 0 || length == pack->unread || !asl__is_plain_utf8(pack->text + at, length))
        return NULL;
    pack->unread -= length + 1;
    return pack->text + at;
}

/* Programs write files under these names, so they must not lead anywhere else. */
static bool is_inner_path(const char *path)
{
    if (path == NULL || path[0] == '/')
        return false;
    while (path != NULL) {
        const char *slash = strchr(path, '/');
        const size_t length = slash == NULL ? strlen(path) : (size_t)(slash - path);

        if (length == 2 && memcmp(path, "..", 2) == 0)
            return false;
        path = slash == NULL ? NULL : slash + 1;
    }
    return true;
}

static asl_status allocate(asl__source *source, const layout *pack, asl_error *err)
{
    source->samples = asl__alloc_array((size_t)pack->samples, sizeof *source->samples);
    source->verified = asl__alloc_array((size_t)pack->samples, sizeof *source->verified);
    source->classes = asl__alloc_array(pack->classes, sizeof *source->classes);
    source->groups = asl__alloc_array(pack->groups, sizeof *source->groups);
    source->issues = asl__alloc_array((size_t)pack->issues, sizeof *source->issues);
    if (source->samples == NULL || source->verified == NULL || source->classes == NULL ||
        source->groups == NULL || source->issues == NULL)
        return asl__fail_memory(err, "the tables of a packed data set");
    return ASL_OK;
}

static asl_status read_samples(asl__source *source, layout *pack, const uint8_t *record,
                               asl_error *err)
{
    for (uint64_t i = 0; i < pack->samples; i++, record += ASL__PACK_SAMPLE) {
        const uint32_t label = asl__get32(record + 4), group = asl__get32(record + 8);
        asl__sample *sample = &source->samples[i];

        sample->path = get_text(pack, record);
        if (!is_inner_path(sample->path) || label >= pack->classes ||
            (group >= pack->groups && group != UINT32_MAX))
            return fail_pack(pack, "a sample's path, class or group is wrong", err);
        sample->label = (int32_t)label;
        sample->group = group == UINT32_MAX ? -1 : (int32_t)group;
        sample->crc = asl__get32(record + 12);
    }
    source->sample_count = (int64_t)pack->samples;
    return ASL_OK;
}

static asl_status read_issues(asl__source *source, layout *pack, const uint8_t *record,
                              asl_error *err)
{
    for (uint64_t i = 0; i < pack->issues; i++, record += ASL__PACK_ISSUE) {
        asl__issue *issue = &source->issues[i];

        issue->path = get_text(pack, record);
        issue->message = get_text(pack, record + 4);
        issue->code = (asl_status)asl__get32(record + 8);
        if (issue->path == NULL || issue->message == NULL || issue->code >= 0)
            return fail_pack(pack, "a skipped file's entry is wrong", err);
    }
    source->issue_count = (int64_t)pack->issues;
    return ASL_OK;
}

static asl_status read_tables(asl__source *source, layout *pack, asl_error *err)
{
    const uint8_t *samples = pack->tables;
    const uint8_t *classes = samples + pack->samples * ASL__PACK_SAMPLE;
    const uint8_t *groups = classes + (size_t)pack->classes * ASL__PACK_CLASS;
    const uint8_t *issues = groups + (size_t)pack->groups * ASL__PACK_GROUP;
    asl_status status = ASL_OK;

    ASL__TRY(read_samples(source, pack, samples, err));
    for (uint32_t i = 0; i < pack->classes; i++) {
        source->classes[i] = get_text(pack, classes + (size_t)i * ASL__PACK_CLASS);
        if (source->classes[i] == NULL || !asl__is_class_name(source->classes[i]))
            return fail_pack(pack, "a class name is wrong", err);
    }
    for (uint32_t i = 0; i < pack->groups; i++) {
        source->groups[i] = get_text(pack, groups + (size_t)i * ASL__PACK_GROUP);
        if (source->groups[i] == NULL || strlen(source->groups[i]) > ASL__PACK_MAX_GROUP)
            return fail_pack(pack, "a group name is wrong", err);
    }
    source->class_count = (int32_t)pack->classes;
    source->group_count = (int32_t)pack->groups;
    ASL__TRY(read_issues(source, pack, issues, err));
fail:
    return status;
}

asl_status asl__source_from_pack(asl__source *source, const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    layout pack = {.path = path};

    ASL__TRY(asl__map_open(&source->pack, path, err));
    ASL__TRY(read_header(&pack, &source->pack, err));
    ASL__TRY(allocate(source, &pack, err));
    ASL__TRY(read_tables(source, &pack, err));
    source->pixels = source->pack.data + ASL__PACK_HEADER;
    source->width = (int32_t)pack.width;
    source->height = (int32_t)pack.height;
fail:
    return status;
}

asl_status asl__pack_open(asl_dataset **out, const char *path, const asl_decode_options *decode,
                          const uint64_t *key, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__source *source = NULL;

    *out = NULL;
    ASL__TRY(asl__source_create(&source, decode, err));
    ASL__TRY(asl__source_from_pack(source, path, err));
    ASL__TRY(asl__source_set_name(source, path, err));
    if (key != NULL && asl__get64(source->pack.data + ASL__PACK_AT_KEY) != *key) {
        status = asl__fail(err, ASL_ERR_DATASET_CHANGED, "'%s' was made from other pictures", path);
        goto fail;
    }
    ASL__TRY(asl__view_create(out, source, source->sample_count, err));
    status = source->issue_count > 0 ? ASL_PARTIAL : ASL_OK;
fail:
    asl__source_release(source);
    return status;
}
