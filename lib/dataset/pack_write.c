/* SPDX-License-Identifier: MIT */
/* Packing: pictures are decoded in waves by a pool of threads and written in order by the caller;
 * header and tables follow once it is known which pictures could be read. */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/text.h"
#include "base/threads.h"
#include "dataset/little.h"
#include "dataset/pack.h"
#include "dataset/view.h"

static const asl_pack_options defaults = {
    .struct_size = sizeof(asl_pack_options), .width = 224, .height = 224, .reuse = 1};

void asl_pack_options_init(asl_pack_options *options, size_t struct_size)
{
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

typedef struct packer {
    const asl_dataset *dataset;
    asl_pack_options options;
    asl__writer *writer;
    asl__pool *pool;
    size_t picture; /* bytes */

    int64_t first; /* of the running wave, which has room for `room` pictures */
    int64_t room;
    uint8_t *pixels;
    uint32_t *crcs;
    asl_error *errors; /* code 0: the picture is there */

    asl__buffer samples, issues, text; /* growing tables */
    int64_t sample_count, issue_count;
    uint8_t *filled; /* per class: 1 once a picture of it could be read */
} packer;

static uLong add_decode(uLong crc, const asl_decode_options *decode)
{
    uint8_t bytes[24];

    asl__put32(bytes, (uint32_t)decode->ignore_orientation);
    asl__put32(bytes + 4, (uint32_t)decode->max_side);
    asl__put64(bytes + 8, (uint64_t)decode->max_pixels);
    asl__put64(bytes + 16, (uint64_t)decode->max_bytes);
    return crc32(crc, bytes, sizeof bytes);
}

uint64_t asl__pack_key(const asl_dataset *dataset, int32_t width, int32_t height)
{
    const asl__source *source = dataset->source;
    uLong names = crc32(0, NULL, 0), facts = names;
    uint8_t bytes[24];

    asl__put32(bytes, (uint32_t)width);
    asl__put32(bytes + 4, (uint32_t)height);
    facts = add_decode(crc32(facts, bytes, 8), &source->decode);
    for (int32_t i = 0; i < source->part_count; i++)
        facts = add_decode(facts, &source->parts[i].source->decode);
    for (int32_t i = 0; i < source->class_count; i++)
        names = asl__crc_text(names, source->classes[i]);
    for (int64_t i = 0; i < dataset->count; i++) {
        const asl__sample *sample = asl__view_sample(dataset, i);

        names = asl__crc_text(names, sample->path);
        names = asl__crc_text(names, sample->group < 0 ? "" : source->groups[sample->group]);
        asl__put32(bytes, (uint32_t)sample->label);
        asl__put32(bytes + 4, sample->crc);
        asl__put64(bytes + 8, (uint64_t)sample->bytes);
        asl__put64(bytes + 16, (uint64_t)sample->modified);
        facts = crc32(facts, bytes, 24);
    }
    for (int64_t i = 0; i < source->issue_count; i++)
        names = asl__crc_text(names, source->issues[i].path);
    return (uint64_t)names << 32 | facts;
}

/* The offset of a text, which is appended. */
static uint32_t put_text(packer *pack, const char *text)
{
    const uint32_t at = (uint32_t)pack->text.size;

    if (pack->text.size > UINT32_MAX - strlen(text) - 1)
        pack->text.failed = true;
    asl__buffer_append(&pack->text, text, strlen(text) + 1);
    return at;
}

static void put_issue(packer *pack, const char *path, const char *message, asl_status code)
{
    uint8_t record[ASL__PACK_ISSUE];

    asl__put32(record, put_text(pack, path));
    asl__put32(record + 4, put_text(pack, message));
    asl__put32(record + 8, (uint32_t)code);
    asl__buffer_append(&pack->issues, record, sizeof record);
    pack->issue_count++;
}

static void put_sample(packer *pack, const asl__sample *sample, uint32_t crc)
{
    uint8_t record[ASL__PACK_SAMPLE];

    asl__put32(record, put_text(pack, sample->path));
    asl__put32(record + 4, (uint32_t)sample->label);
    asl__put32(record + 8, (uint32_t)sample->group);
    asl__put32(record + 12, crc);
    asl__buffer_append(&pack->samples, record, sizeof record);
    pack->sample_count++;
    pack->filled[sample->label] = 1;
}

/* Loop body: decodes one picture of the wave. */
static void decode_one(void *context, int64_t index)
{
    packer *pack = context;
    uint8_t *pixels = pack->pixels + (size_t)index * pack->picture;
    asl_error *error = &pack->errors[index];

    *error = (asl_error)ASL_ERROR_INIT;
    if (asl__dataset_read(pixels, pack->dataset, pack->first + index, pack->options.width,
                          pack->options.height, error) == ASL_OK)
        pack->crcs[index] = (uint32_t)crc32_z(0, pixels, pack->picture);
}

static asl_status write_wave(packer *pack, int64_t count, asl_error *err)
{
    asl_status status = ASL_OK;

    for (int64_t i = 0; i < count; i++) {
        const asl__sample *sample = asl__view_sample(pack->dataset, pack->first + i);
        const asl_error *error = &pack->errors[i];

        if (error->code == ASL_OK) {
            put_sample(pack, sample, pack->crcs[i]);
            ASL__TRY(asl__writer_write(pack->writer, pack->pixels + (size_t)i * pack->picture,
                                       pack->picture, err));
        } else if (asl__is_issue(error->code)) {
            put_issue(pack, sample->path, error->message, error->code);
        } else {
            asl__error_copy(err, error);
            return error->code;
        }
    }
fail:
    return status;
}

/* ASL_STOPPED when the caller's progress function says so. */
static asl_status write_pixels(packer *pack, asl_error *err)
{
    const asl_pack_options *options = &pack->options;
    const int64_t total = pack->dataset->count;
    asl_status status = ASL_OK;

    for (pack->first = 0; pack->first < total;) {
        const int64_t left = total - pack->first;
        const int64_t count = left < pack->room ? left : pack->room;

        asl__pool_run(pack->pool, decode_one, pack, count);
        ASL__TRY(write_wave(pack, count, err));
        pack->first += count;
        if (options->progress != NULL && options->progress(pack->first, total, options->user) != 0)
            return ASL_STOPPED;
    }
fail:
    return status;
}

/* Every class that had samples must have kept some. */
static asl_status check_classes(const packer *pack, asl_error *err)
{
    const asl__source *source = pack->dataset->source;

    for (int64_t i = 0; i < pack->dataset->count; i++) {
        const int32_t label = asl__view_sample(pack->dataset, i)->label;

        if (!pack->filled[label])
            return asl__fail(err, ASL_ERR_DATASET,
                             "no picture of class '%s' can be read; %lld skipped",
                             source->classes[label], (long long)pack->issue_count);
    }
    return ASL_OK;
}

static asl_status write_tables(packer *pack, asl_error *err)
{
    const asl__source *source = pack->dataset->source;
    uint8_t header[ASL__PACK_HEADER] = {0}, name[4];
    asl_status status = ASL_OK;
    asl__buffer *tables = &pack->samples; /* the others are appended to it */
    uint64_t size = ASL__PACK_HEADER + (uint64_t)pack->sample_count * pack->picture;

    for (int32_t i = 0; i < source->class_count; i++) {
        asl__put32(name, put_text(pack, source->classes[i]));
        asl__buffer_append(tables, name, sizeof name);
    }
    for (int32_t i = 0; i < source->group_count; i++) {
        asl__put32(name, put_text(pack, source->groups[i]));
        asl__buffer_append(tables, name, sizeof name);
    }
    asl__buffer_append(tables, pack->issues.data, pack->issues.size);
    asl__buffer_append(tables, pack->text.data, pack->text.size);
    if (tables->failed || pack->issues.failed || pack->text.failed)
        return asl__fail_memory(err, "the tables of a packed data set");
    size += tables->size;

    memcpy(header, ASL__PACK_MAGIC, strlen(ASL__PACK_MAGIC));
    asl__put32(header + ASL__PACK_AT_VERSION, ASL__PACK_VERSION);
    asl__put64(header + ASL__PACK_AT_SIZE, size);
    asl__put64(header + ASL__PACK_AT_KEY,
               asl__pack_key(pack->dataset, pack->options.width, pack->options.height));
    asl__put32(header + ASL__PACK_AT_WIDTH, (uint32_t)pack->options.width);
    asl__put32(header + ASL__PACK_AT_HEIGHT, (uint32_t)pack->options.height);
    asl__put64(header + ASL__PACK_AT_SAMPLES, (uint64_t)pack->sample_count);
    asl__put64(header + ASL__PACK_AT_ISSUES, (uint64_t)pack->issue_count);
    asl__put32(header + ASL__PACK_AT_CLASSES, (uint32_t)source->class_count);
    asl__put32(header + ASL__PACK_AT_GROUPS, (uint32_t)source->group_count);
    asl__put64(header + ASL__PACK_AT_TEXT, pack->text.size);
    asl__put32(header + ASL__PACK_AT_CRC, asl__pack_crc(header, tables->data, tables->size));
    ASL__TRY(asl__writer_write(pack->writer, tables->data, tables->size, err));
    status = asl__writer_write_at(pack->writer, 0, header, sizeof header, err);
fail:
    return status;
}

/* Room for a wave: enough pictures to keep all threads busy, within 64 MiB when possible. */
static asl_status allocate(packer *pack, asl_error *err)
{
    const asl_pack_options *options = &pack->options;
    const int64_t threads = asl__pool_threads(pack->pool), most = 256;

    pack->picture = (size_t)options->width * (size_t)options->height * 3;
    pack->room = (64 << 20) / (int64_t)pack->picture;
    pack->room = pack->room > most ? most : pack->room < threads ? threads : pack->room;
    pack->pixels = asl__alloc_array((size_t)pack->room, pack->picture);
    pack->crcs = asl__alloc_array((size_t)pack->room, sizeof *pack->crcs);
    pack->errors = asl__alloc_array((size_t)pack->room, sizeof *pack->errors);
    pack->filled = asl__alloc((size_t)pack->dataset->source->class_count);
    if (pack->pixels == NULL || pack->crcs == NULL || pack->errors == NULL || pack->filled == NULL)
        return asl__fail_memory(err, "packing pictures");
    return ASL_OK;
}

/* Writes the whole file; ASL_STOPPED leaves none. */
static asl_status write_pack(packer *pack, const char *path, asl_error *err)
{
    static const uint8_t header[ASL__PACK_HEADER];
    const asl__source *source = pack->dataset->source;
    asl__writer *writer = NULL;
    asl_status status = ASL_OK;

    ASL__TRY(asl__pool_create(&pack->pool, pack->options.threads, err));
    ASL__TRY(allocate(pack, err));
    ASL__TRY(asl__writer_open(&pack->writer, path, err));
    asl__writer_sweep(pack->writer);
    ASL__TRY(asl__writer_write(pack->writer, header, sizeof header, err));
    for (int64_t i = 0; i < source->issue_count; i++)
        put_issue(pack, source->issues[i].path, source->issues[i].message, source->issues[i].code);
    ASL__TRY(write_pixels(pack, err));
    if (status == ASL_STOPPED)
        goto fail;
    ASL__TRY(check_classes(pack, err));
    ASL__TRY(write_tables(pack, err));
    writer = pack->writer;
    pack->writer = NULL;
    status = asl__writer_commit(writer, err);
fail:
    asl__writer_abort(pack->writer);
    asl__pool_free(pack->pool);
    asl__buffer_free(&pack->samples);
    asl__buffer_free(&pack->issues);
    asl__buffer_free(&pack->text);
    asl__free(pack->filled);
    asl__free(pack->errors);
    asl__free(pack->crcs);
    asl__free(pack->pixels);
    return status;
}

static asl_status read_options(asl_pack_options *options, const asl_pack_options *given,
                               asl_error *err)
{
    asl_status status = ASL_OK;

    *options = defaults;
    ASL__TRY(asl__options_read(options, sizeof *options, given, "asl_pack_options", err));
    if (options->width < 1 || options->width > ASL__PACK_MAX_SIDE || options->height < 1 ||
        options->height > ASL__PACK_MAX_SIDE)
        return asl__fail(err, ASL_ERR_ARG, "pack size is %dx%d; expected 1..%d each",
                         (int)options->width, (int)options->height, ASL__PACK_MAX_SIDE);
    if (options->threads < 0)
        return asl__fail(err, ASL_ERR_ARG,
                         "pack threads is %d; expected 0 for one per core, or "
                         "more",
                         (int)options->threads);
fail:
    return status;
}

asl_status asl_dataset_pack(asl_dataset **out, const asl_dataset *dataset, const char *path,
                            const asl_pack_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    const asl_decode_options *decode = NULL;
    asl_status status = ASL_OK;
    packer pack = {.dataset = dataset};

    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(dataset != NULL, err);
    ASL__CHECK_ARG(path != NULL, err);
    ASL__TRY(read_options(&pack.options, options, err));
    decode = &dataset->source->decode;
    if (pack.options.reuse) {
        const uint64_t key = asl__pack_key(dataset, pack.options.width, pack.options.height);

        status = asl__pack_open(out, path, decode, &key, NULL);
        if (status >= 0)
            return status;
    }
    ASL__TRY(write_pack(&pack, path, err));
    if (status == ASL_OK)
        status = asl__pack_open(out, path, decode, NULL, err);
fail:
    return status;
}
