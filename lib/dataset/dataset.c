/* SPDX-License-Identifier: MIT */
/* The handle: opening a data set and asking for what it holds. */
#include "dataset/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/system.h"
#include "dataset/little.h"
#include "dataset/source.h"
#include "dataset/view.h"

static const asl_dataset_options defaults = {.struct_size = sizeof(asl_dataset_options)};

void asl_dataset_options_init(asl_dataset_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

static asl_status read_options(asl_dataset_options *options, asl_decode_options *decode,
                               const asl_dataset_options *given, asl_error *err)
{
    asl_status status = ASL_OK;

    *options = defaults;
    asl_decode_options_init(decode, sizeof *decode);
    ASL__TRY(asl__options_read(options, sizeof *options, given, "asl_dataset_options", err));
    ASL__TRY(asl__options_read(decode, sizeof *decode, options->decode, "asl_decode_options", err));
    if (options->per_class < 0)
        return asl__fail(err, ASL_ERR_ARG, "per_class is %d; expected 0 for all, or more",
                         (int)options->per_class);
    if (decode->max_side < 1 || decode->max_side > 32768 || decode->max_pixels < 1 ||
        decode->max_bytes < 1)
        return asl__fail(err, ASL_ERR_ARG, "a limit of asl_decode_options is out of its range");
fail:
    return status;
}

static asl_status fill_source(asl__source *source, const char *path, asl_error *err)
{
    struct stat info;

    if (asl__sys->fstatat(AT_FDCWD, path, &info, 0) != 0) {
        const int number = errno;

        return asl__fail_errno(
            err, number == ENOENT || number == ENOTDIR ? ASL_ERR_NOT_FOUND : ASL_ERR_IO, number,
            "cannot open '%s'", path);
    }
    if (S_ISDIR(info.st_mode))
        return asl__source_from_folder(source, path, err);
    if (asl__has_ending(path, ".csv"))
        return asl__source_from_csv(source, path, err);
    return asl__source_from_pack(source, path, err);
}

asl_status asl_dataset_open(asl_dataset **out, const char *path, const asl_dataset_options *options,
                            asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl_dataset_options chosen;
    asl_decode_options decode;
    asl__source *source = NULL;
    asl_dataset *dataset = NULL;

    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(path != NULL, err);
    ASL__TRY(read_options(&chosen, &decode, options, err));
    ASL__TRY(asl__source_create(&source, &decode, err));
    ASL__TRY(fill_source(source, path, err));
    ASL__TRY(asl__source_set_name(source, path, err));
    ASL__TRY(asl__view_create(&dataset, source, source->sample_count, err));
    if (chosen.per_class > 0)
        ASL__TRY(asl__view_draw(dataset, chosen.per_class, chosen.seed, err));
    status = source->issue_count > 0 ? ASL_PARTIAL : ASL_OK;
    *out = dataset;
    dataset = NULL;
fail:
    asl_dataset_free(dataset);
    asl__source_release(source);
    return status;
}

asl_status asl__view_create(asl_dataset **out, asl__source *source, int64_t count, asl_error *err)
{
    asl_dataset *dataset = asl__alloc(sizeof *dataset);

    *out = NULL;
    if (dataset != NULL)
        dataset->members = asl__alloc_array((size_t)count, sizeof *dataset->members);
    if (dataset == NULL || dataset->members == NULL) {
        asl__free(dataset);
        return asl__fail_memory(err, "the samples of a data set");
    }
    for (int64_t i = 0; i < count; i++)
        dataset->members[i] = i;
    dataset->count = count;
    dataset->source = asl__source_retain(source);
    *out = dataset;
    return ASL_OK;
}

asl_status asl__dataset_share(asl_dataset **out, const asl_dataset *dataset, asl_error *err)
{
    asl_status status = ASL_OK;

    ASL__TRY(asl__view_create(out, dataset->source, dataset->count, err));
    memcpy((*out)->members, dataset->members, (size_t)dataset->count * sizeof *dataset->members);
fail:
    return status;
}

void asl_dataset_free(asl_dataset *dataset)
{
    if (dataset == NULL)
        return;
    asl__source_release(dataset->source);
    asl__free(dataset->members);
    asl__free(dataset);
}

int64_t asl_dataset_count(const asl_dataset *dataset)
{
    return dataset == NULL ? 0 : dataset->count;
}

int32_t asl_dataset_class_count(const asl_dataset *dataset)
{
    return dataset == NULL ? 0 : dataset->source->class_count;
}

const char *asl_dataset_class_name(const asl_dataset *dataset, int32_t class_index)
{
    if (class_index < 0 || class_index >= asl_dataset_class_count(dataset))
        return NULL;
    return dataset->source->classes[class_index];
}

int32_t asl_dataset_group_count(const asl_dataset *dataset)
{
    return dataset == NULL ? 0 : dataset->source->group_count;
}

const char *asl_dataset_group_name(const asl_dataset *dataset, int32_t group_index)
{
    if (group_index < 0 || group_index >= asl_dataset_group_count(dataset))
        return NULL;
    return dataset->source->groups[group_index];
}

int32_t asl_dataset_source_count(const asl_dataset *dataset)
{
    if (dataset == NULL)
        return 0;
    return dataset->source->parts == NULL ? 1 : dataset->source->part_count;
}

const char *asl_dataset_source_name(const asl_dataset *dataset, int32_t source_index)
{
    if (source_index < 0 || source_index >= asl_dataset_source_count(dataset))
        return NULL;
    return dataset->source->parts == NULL ? dataset->source->name
                                          : dataset->source->parts[source_index].name;
}

double asl_dataset_source_weight(const asl_dataset *dataset, int32_t source_index)
{
    if (source_index < 0 || source_index >= asl_dataset_source_count(dataset))
        return 0.0;
    return dataset->source->parts == NULL ? 1.0 : dataset->source->parts[source_index].weight;
}

asl_status asl_dataset_get_sample(asl_sample *out, const asl_dataset *dataset, int64_t index,
                                  asl_error *err)
{
    asl_sample facts = {0};
    const asl__sample *sample = NULL;

    asl__error_clear(err);
    ASL__CHECK_ARG(dataset != NULL, err);
    ASL__CHECK_ARG(index >= 0 && index < dataset->count, err);
    sample = asl__view_sample(dataset, index);
    facts.class_index = sample->label;
    facts.group_index = sample->group;
    facts.source_index = sample->part;
    facts.path = sample->path;
    return asl__struct_write(out, &facts, sizeof facts, "asl_sample", err);
}

int64_t asl_dataset_issue_count(const asl_dataset *dataset)
{
    return dataset == NULL ? 0 : dataset->source->issue_count;
}

asl_status asl_dataset_get_issue(asl_issue *out, const asl_dataset *dataset, int64_t index,
                                 asl_error *err)
{
    asl_issue facts = {0};

    asl__error_clear(err);
    ASL__CHECK_ARG(dataset != NULL, err);
    ASL__CHECK_ARG(index >= 0 && index < dataset->source->issue_count, err);
    facts.code = dataset->source->issues[index].code;
    facts.path = dataset->source->issues[index].path;
    facts.message = dataset->source->issues[index].message;
    return asl__struct_write(out, &facts, sizeof facts, "asl_issue", err);
}

/* The upper half covers names and labels, the lower one contents. */
uint64_t asl_dataset_fingerprint(const asl_dataset *dataset)
{
    const asl__source *source = dataset == NULL ? NULL : dataset->source;
    uLong names = crc32(0, NULL, 0), contents = names;
    uint8_t bytes[8];

    if (source == NULL)
        return 0;
    for (int32_t i = 0; i < source->class_count; i++)
        names = asl__crc_text(names, source->classes[i]);
    asl__put32(bytes, (uint32_t)source->width);
    asl__put32(bytes + 4, (uint32_t)source->height);
    contents = crc32(contents, bytes, 8);
    for (int32_t i = 0; i < source->part_count; i++) {
        asl__put_double(bytes, source->parts[i].weight);
        contents = crc32(contents, bytes, 8);
    }
    for (int64_t i = 0; i < dataset->count; i++) {
        const asl__sample *sample = asl__view_sample(dataset, i);

        asl__put32(bytes, (uint32_t)sample->label);
        names = asl__crc_text(crc32(names, bytes, 4), sample->path);
        asl__put64(bytes, sample->crc + (uint64_t)sample->bytes); /* either is 0 */
        contents = crc32(contents, bytes, 8);
    }
    return (uint64_t)names << 32 | contents;
}
