/* SPDX-License-Identifier: MIT */
/* Models to and from files: the asl.* metadata, and tensors that must be exactly those that the
 * layer list asks for. The page on the format is docs/model-format.md. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
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

static asl_status write_tensors(asl__tensors_writer *file, const asl_model *model,
                                const char *prefix, asl_error *err)
{
    for (int32_t i = 0; i < model->network.tensor_count; i++) {
        const asl__tensor *tensor = &model->network.tensors[i];
        char name[ASL__TENSORS_MAX_NAME + 1];
        int64_t shape[4];
        for (int d = 0; d < 4; d++)
            shape[d] = tensor->shape[d];
        snprintf(name, sizeof name, "%s%s", prefix, tensor->name);
        const asl_status status =
            asl__tensors_writer_tensor(file, name, ASL__DTYPE_F32, shape, tensor->dims,
                                       model->parameters + tensor->offset, err);
        if (status < 0)
            return status;
    }
    return ASL_OK;
}

asl_status asl__model_to_file(asl__tensors_writer *file, const asl_model *model, const char *prefix,
                              asl_error *err)
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
    ASL__TRY(write_tensors(file, model, prefix, err));
fail:
    asl__free(labels);
    return status;
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
    return ASL_OK;
}

static asl_status read_tensor(float *parameters, const asl__tensor *tensor,
                              const asl__tensors *file, const char *prefix, asl_error *err)
{
    char name[ASL__TENSORS_MAX_NAME + 1];
    snprintf(name, sizeof name, "%s%s", prefix, tensor->name);
    const asl__file_tensor *stored = asl__tensors_find(file, name);
    if (!stored)
        return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%s' is missing", file->what, name);
    bool same = stored->dtype == ASL__DTYPE_F32 && stored->dims == tensor->dims;
    for (int32_t d = 0; same && d < tensor->dims; d++)
        same = stored->shape[d] == tensor->shape[d];
    if (!same)
        return asl__fail(err, ASL_ERR_MODEL,
                         "%s: tensor '%s' does not have the shape and type of its layer",
                         file->what, name);
    memcpy(parameters + tensor->offset, stored->data, stored->bytes);
    return ASL_OK;
}

static bool in_network(const asl__network *network, const char *name)
{
    for (int32_t i = 0; i < network->tensor_count; i++)
        if (strcmp(network->tensors[i].name, name) == 0)
            return true;
    return false;
}

/* Exactly the network's tensors, no fewer and no more, all finite. */
static asl_status read_tensors(asl_model *model, const asl__tensors *file, const char *prefix,
                               asl_error *err)
{
    const asl__network *network = &model->network;
    const size_t skip = strlen(prefix);
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl_status status =
            read_tensor(model->parameters, &network->tensors[i], file, prefix, err);
        if (status < 0)
            return status;
    }
    for (int32_t i = 0; i < file->tensor_count; i++) {
        const char *name = file->tensors[i].name;
        if (strncmp(name, prefix, skip) == 0 && !in_network(network, name + skip))
            return asl__fail(err, ASL_ERR_MODEL, "%s: tensor '%.80s' belongs to no layer",
                             file->what, name);
    }
    return asl__network_check_parameters(network, model->parameters, ASL_ERR_MODEL, file->what,
                                         err);
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
    ASL__TRY(asl__model_assemble(&model, &parts, err));
    ASL__TRY(read_tensors(model, file, prefix, err));
    *out = model;
    model = NULL;
fail:
    asl_model_free(model);
    asl__free(labels);
    return status;
}

asl_status asl_model_load(asl_model **out, const char *path, asl_error *err)
{
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

asl_status asl_model_load_memory(asl_model **out, const void *data, size_t size, asl_error *err)
{
    asl_status status;
    asl__tensors file = {0};
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(data != NULL, err);
    if (size > (size_t)ASL__TENSORS_MAX_FILE)
        return asl__fail(err, ASL_ERR_LIMIT, "a model of %zu bytes is too large", size);
    void *copy = asl__alloc(size);
    if (!copy)
        return asl__fail_memory(err, "a model file");
    memcpy(copy, data, size);
    ASL__TRY(asl__tensors_parse(&file, copy, size, "model in memory", err));
    ASL__TRY(asl__model_from_file(out, &file, "", err));
fail:
    asl__tensors_free(&file);
    return status;
}

asl_status asl_model_save(const asl_model *model, const char *path, asl_error *err)
{
    asl_status status;
    asl__tensors_writer *file = NULL;
    asl__error_clear(err);
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(path != NULL, err);
    ASL__TRY(asl__tensors_writer_create(&file, err));
    ASL__TRY(asl__model_to_file(file, model, "", err));
    ASL__TRY(asl__tensors_writer_save(file, path, err));
fail:
    asl__tensors_writer_free(file);
    return status;
}
