/* SPDX-License-Identifier: MIT */
/* Models to and from files, and the asl.* metadata in them; weights.c has the tensors. The page on
 * the format is docs/model-format.md. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/options.h"
#include "base/text.h"
#include "model/builtin.h"
#include "model/model.h"

enum { TRIPLE_SIZE = 3 * 24 };

/* Three values joined by `separator`, as parts of one text. */
typedef struct triple {
    const char *at[3];
    size_t length[3];
} triple;

static bool split_triple(triple *out, const char *text, char separator)
{
    for (int i = 0; i < 3; i++) {
        const char *end = i < 2 ? strchr(text, separator) : text + strlen(text);
        if (!end)
            return false;
        out->at[i] = text;
        out->length[i] = (size_t)(end - text);
        text = end + 1;
    }
    return true;
}

static void format_triple(char *out, const float *values)
{
    char parts[3][24];
    for (int i = 0; i < 3; i++)
        asl__format_decimal(parts[i], (double)values[i]);
    snprintf(out, TRIPLE_SIZE, "%s,%s,%s", parts[0], parts[1], parts[2]);
}

/* "3xHEIGHTxWIDTH" */
static bool parse_input(asl__model_parts *parts, const char *text)
{
    triple t;
    int64_t side[3];
    if (!split_triple(&t, text, 'x'))
        return false;
    for (int i = 0; i < 3; i++)
        if (!asl__parse_i64(&side[i], t.at[i], t.length[i]) || side[i] < 1 ||
            side[i] > ASL__MAX_SIDE)
            return false;
    parts->height = (int32_t)side[1];
    parts->width = (int32_t)side[2];
    return side[0] == 3;
}

/* Three decimals; pixels are 0..255, so nothing sensible lies outside the limits. */
static bool parse_decimals(float *values, const char *text, double min, double max)
{
    triple t;
    double value;
    if (!split_triple(&t, text, ','))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!asl__parse_decimal(&value, t.at[i], t.length[i]) || value < min || value > max)
            return false;
        values[i] = (float)value;
    }
    return true;
}

/* The names in a text separated by commas: pointers and bytes in one block. */
static asl_status split_labels(const char ***out, int32_t *count, const char *text, asl_error *err)
{
    const size_t size = strlen(text) + 1;
    size_t labels = 1;
    for (const char *at = text; *at; at++)
        labels += *at == ',';
    const char **list = asl__alloc(labels * sizeof *list + size);
    if (!list)
        return asl__fail_memory(err, "class names");
    char *at = memcpy(list + labels, text, size);
    for (size_t i = 0; i < labels; i++) {
        list[i] = at;
        at += strcspn(at, ",");
        *at++ = '\0';
    }
    *out = list;
    *count = (int32_t)labels;
    return ASL_OK;
}

static asl_status join_labels(char **out, const asl_model *model, asl_error *err)
{
    asl__buffer text = {0};
    for (int32_t i = 0; i < model->network.classes; i++)
        asl__buffer_format(&text, "%s%s", i == 0 ? "" : ",", model->labels[i]);
    *out = text.data;
    if (!text.failed)
        return ASL_OK;
    asl__buffer_free(&text);
    *out = NULL;
    return asl__fail_memory(err, "class names");
}

static asl_status write_model(asl__tensors_writer *file, const asl_model *model,
                              const asl__narrow *narrow, const char *prefix, asl_error *err)
{
    const asl__network *network = &model->network;
    char input[48], mean[TRIPLE_SIZE], std[TRIPLE_SIZE];
    char *labels = NULL;
    asl_status status;
    snprintf(input, sizeof input, "%dx%dx%d", network->input.channels, network->input.height,
             network->input.width);
    format_triple(mean, network->mean);
    format_triple(std, network->std);
    ASL__TRY(join_labels(&labels, model, err));
    const asl__file_entry entries[] = {
        {"asl.architecture", model->architecture},
        {"asl.channel_order", network->bgr ? "bgr" : "rgb"},
        {"asl.input", input},
        {"asl.kind", *prefix ? "checkpoint" : "model"},
        {"asl.labels", labels},
        {"asl.mean", mean},
        {"asl.preset", model->preset},
        {"asl.std", std},
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        ASL__TRY(asl__tensors_writer_entry(file, entries[i].key, entries[i].value, err));
    if (model->metrics)
        ASL__TRY(asl__tensors_writer_entry(file, "asl.metrics", model->metrics, err));
    ASL__TRY(asl__calibration_to_file(file, &model->calibration, err));
    ASL__TRY(asl__weights_to_file(file, model, narrow, prefix, err));
fail:
    asl__free(labels);
    return status;
}

asl_status asl__model_to_file(asl__tensors_writer *file, const asl_model *model, const char *prefix,
                              asl_error *err)
{
    return write_model(file, model, &(asl__narrow){0}, prefix, err);
}

/* All required metadata as texts. */
typedef struct texts {
    const char *kind, *preset, *architecture, *labels, *input, *channel_order, *mean, *std;
} texts;

static asl_status find_texts(texts *out, const asl__tensors *file, asl_error *err)
{
    const struct {
        const char *key;
        const char **value;
    } required[] = {
        {"asl.kind", &out->kind},
        {"asl.preset", &out->preset},
        {"asl.architecture", &out->architecture},
        {"asl.labels", &out->labels},
        {"asl.input", &out->input},
        {"asl.channel_order", &out->channel_order},
        {"asl.mean", &out->mean},
        {"asl.std", &out->std},
    };
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        *required[i].value = asl__tensors_entry(file, required[i].key);
        if (!*required[i].value)
            return asl__fail(err, ASL_ERR_MODEL, "%s: has no %s", file->what, required[i].key);
    }
    return ASL_OK;
}

static asl_status fail_value(const asl__tensors *file, const char *key, const char *value,
                             const char *expected, asl_error *err)
{
    return asl__fail(err, ASL_ERR_MODEL, "%s: %s is '%.40s', not %s", file->what, key, value,
                     expected);
}

/* Everything but the labels. */
static asl_status read_parts(asl__model_parts *parts, const texts *t, const asl__tensors *file,
                             const char *prefix, asl_error *err)
{
    if (!*prefix && strcmp(t->kind, "checkpoint") == 0)
        return asl__fail(
            err, ASL_ERR_MODEL,
            "%s: is a training checkpoint; resume it, or load the model file beside it",
            file->what);
    if (strcmp(t->kind, *prefix ? "checkpoint" : "model") != 0)
        return fail_value(file, "asl.kind", t->kind, *prefix ? "'checkpoint'" : "'model'", err);
    if (!asl__tensors_name_ok(t->preset, 31))
        return fail_value(file, "asl.preset", t->preset, "a name", err);
    if (!parse_input(parts, t->input))
        return fail_value(file, "asl.input", t->input, "3xHEIGHTxWIDTH with sides 1..4096", err);
    if (!parse_decimals(parts->mean, t->mean, -1000, 1000))
        return fail_value(file, "asl.mean", t->mean, "three decimals in -1000..1000", err);
    if (!parse_decimals(parts->std, t->std, 0.001, 1000))
        return fail_value(file, "asl.std", t->std, "three decimals in 0.001..1000", err);
    parts->bgr = strcmp(t->channel_order, "bgr") == 0;
    if (!parts->bgr && strcmp(t->channel_order, "rgb") != 0)
        return fail_value(file, "asl.channel_order", t->channel_order, "'rgb' or 'bgr'", err);
    parts->preset = t->preset;
    parts->architecture = t->architecture;
    parts->metrics = asl__tensors_entry(file, "asl.metrics");
    return asl__calibration_from_file(&parts->calibration, file, err);
}

asl_status asl__model_from_file(asl_model **out, const asl__tensors *file, const char *prefix,
                                asl_error *err)
{
    asl_status status;
    texts t = {0};
    asl__model_parts parts = {0};
    const char **labels = NULL;
    asl_model *model = NULL;
    *out = NULL;
    ASL__TRY(find_texts(&t, file, err));
    ASL__TRY(read_parts(&parts, &t, file, prefix, err));
    ASL__TRY(split_labels(&labels, &parts.label_count, t.labels, err));
    parts.labels = labels;
    ASL__TRY(asl__labels_check(labels, parts.label_count, file->what, err));
    ASL__TRY(asl__model_outline(&model, &parts, err));
    ASL__TRY(asl__weights_from_file(model, file, prefix, err));
    *out = model;
    model = NULL;
fail:
    asl_model_free(model);
    asl__free(labels);
    return status;
}

asl_status asl_model_load(asl_model **out, const char *path, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status;
    asl__tensors file = {0};
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(path != NULL, err);
    ASL__TRY(asl__tensors_read(&file, path, err));
    ASL__TRY(asl__model_from_file(out, &file, "", err));
fail:
    asl__tensors_free(&file);
    return status;
}

/* A model from a copy of `data`; `what` names it in messages. */
static asl_status load_copy(asl_model **out, const void *data, size_t size, const char *what,
                            asl_error *err)
{
    asl_status status;
    asl__tensors file = {0};
    void *copy = asl__alloc(size);
    if (!copy)
        return asl__fail_memory(err, "a model file");
    memcpy(copy, data, size);
    ASL__TRY(asl__tensors_parse(&file, copy, size, what, err));
    ASL__TRY(asl__model_from_file(out, &file, "", err));
fail:
    asl__tensors_free(&file);
    return status;
}

asl_status asl_model_load_memory(asl_model **out, const void *data, size_t size, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(data != NULL, err);
    if (size > (size_t)ASL__TENSORS_MAX_FILE)
        return asl__fail(err, ASL_ERR_LIMIT, "a model of %zu bytes is too large", size);
    return load_copy(out, data, size, "model in memory", err);
}

asl_status asl_model_builtin(asl_model **out, int32_t which, asl_error *err)
{
    ASL__OWN_FLOATS;
    static const char *const names[ASL__BUILTIN_COUNT] = {"letters", "hands"};
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(which >= 0 && which < ASL__BUILTIN_COUNT, err);
    const asl__builtin file = asl__builtin_file(which);
    if (file.size == 0)
        return asl__fail(err, ASL_ERR_UNSUPPORTED,
                         "this libasl was built without the model for %s; name a model file, or "
                         "build with ASL_BUILTIN_MODEL=ON",
                         names[which]);
    return load_copy(out, file.data, file.size, "built-in model", err);
}

asl_status asl_model_save(const asl_model *model, const char *path, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(path != NULL, err);
    return asl_model_save_as(model, path, NULL, err);
}

void asl_save_options_init(asl_save_options *options, size_t struct_size)
{
    const asl_save_options defaults = {.struct_size = sizeof defaults};
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

asl_status asl_model_save_as(const asl_model *model, const char *path,
                             const asl_save_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status;
    asl__tensors_writer *file = NULL;
    asl__narrow narrow = {0};
    asl_model *stored = NULL;
    asl_save_options wishes;
    asl__error_clear(err);
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(path != NULL, err);
    asl_save_options_init(&wishes, sizeof wishes);
    ASL__TRY(asl__options_read(&wishes, sizeof wishes, options, "asl_save_options", err));
    ASL__CHECK_ARG(wishes.weights >= ASL_WEIGHTS_F32 && wishes.weights <= ASL_WEIGHTS_I8, err);
    if (wishes.weights == ASL_WEIGHTS_I8) {
        ASL__TRY(asl__model_fold(&stored, model, err));
        ASL__TRY(asl__network_check_parameters(&stored->network, stored->parameters, ASL_ERR_LIMIT,
                                               "with batch norm folded", err));
    } else {
        stored = asl__model_retain(model);
    }
    ASL__TRY(asl__narrow_create(&narrow, stored, wishes.weights, err));
    ASL__TRY(asl__tensors_writer_create(&file, err));
    ASL__TRY(write_model(file, stored, &narrow, "", err));
    ASL__TRY(asl__tensors_writer_save(file, path, err));
fail:
    asl__tensors_writer_free(file);
    asl__narrow_free(&narrow);
    asl_model_free(stored);
    return status;
}
