/* SPDX-License-Identifier: MIT */
/* The model handle: made whole, never changed, shared by reference. */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/labels.h"
#include "base/options.h"

void asl_model_options_init(asl_model_options *options, size_t struct_size)
{
    const asl_model_options defaults = {.struct_size = sizeof defaults};
    asl__options_init(options, struct_size, &defaults, sizeof defaults);
}

asl__model_parts asl__model_get_parts(const asl_model *model)
{
    const asl__network *network = &model->network;
    asl__model_parts parts = {
        .preset = model->preset,
        .architecture = model->architecture,
        .metrics = model->metrics,
        .labels = (const char *const *)model->labels,
        .label_count = network->classes,
        .width = network->input.width,
        .height = network->input.height,
        .bgr = network->bgr,
        .calibration = model->calibration,
    };
    memcpy(parts.mean, network->mean, sizeof parts.mean);
    memcpy(parts.std, network->std, sizeof parts.std);
    return parts;
}

/* Copies of all texts; the counts are set first, so that a model half made can be freed. */
static asl_status copy_texts(asl_model *model, const asl__model_parts *parts, asl_error *err)
{
    model->preset = asl__strdup(parts->preset);
    model->architecture = asl__architecture_text(&model->network);
    if (parts->metrics)
        model->metrics = asl__strdup(parts->metrics);
    model->labels = asl__alloc_array((size_t)parts->label_count, sizeof *model->labels);
    if (!model->preset || !model->architecture || (parts->metrics && !model->metrics) ||
        !model->labels)
        return asl__fail_memory(err, "a model");
    for (int32_t i = 0; i < parts->label_count; i++) {
        model->labels[i] = asl__strdup(parts->labels[i]);
        if (!model->labels[i])
            return asl__fail_memory(err, "class names");
    }
    return ASL_OK;
}

asl_status asl__model_outline(asl_model **out, const asl__model_parts *parts, asl_error *err)
{
    asl_status status;
    asl_model *model = asl__alloc(sizeof *model);
    if (!model)
        return asl__fail_memory(err, "a model");
    atomic_init(&model->references, 1);
    asl__network *network = &model->network;
    network->input = (asl__shape){3, parts->height, parts->width};
    network->bgr = parts->bgr;
    network->classes = parts->label_count;
    memcpy(network->mean, parts->mean, sizeof network->mean);
    memcpy(network->std, parts->std, sizeof network->std);
    model->calibration = parts->calibration;
    ASL__TRY(asl__network_build(network, parts->architecture, err));
    ASL__TRY(copy_texts(model, parts, err));
    *out = model;
    return ASL_OK;
fail:
    asl_model_free(model);
    return status;
}

asl_status asl__model_take_weights(asl_model *model, asl_error *err)
{
    model->parameters = asl__alloc_array(model->network.parameter_count, sizeof *model->parameters);
    return model->parameters ? ASL_OK : asl__fail_memory(err, "weights");
}

asl_status asl__model_assemble(asl_model **out, const asl__model_parts *parts, asl_error *err)
{
    asl_status status;
    asl_model *model = NULL;
    ASL__TRY(asl__model_outline(&model, parts, err));
    ASL__TRY(asl__model_take_weights(model, err));
    *out = model;
    return ASL_OK;
fail:
    asl_model_free(model);
    return status;
}

/* What a preset and the caller's wishes make together. */
static asl_status choose_parts(asl__model_parts *parts, const asl__preset *preset,
                               const asl_model_options *options, asl_error *err)
{
    *parts = (asl__model_parts){
        .preset = options->architecture ? "custom" : preset->name,
        .architecture = options->architecture ? options->architecture : preset->architecture,
        .labels = options->labels ? options->labels : asl__alphabet,
        .label_count = options->labels ? options->label_count : ASL__ALPHABET_COUNT,
        .width = options->width ? options->width : preset->width,
        .height = options->height ? options->height : preset->height,
        .bgr = preset->bgr,
        .calibration = ASL__NO_CALIBRATION,
    };
    memcpy(parts->mean, preset->mean, sizeof parts->mean);
    memcpy(parts->std, preset->std, sizeof parts->std);
    return asl__labels_check(parts->labels, parts->label_count, "asl_model_create", err);
}

static asl_status fail_preset(const char *name, asl_error *err)
{
    char names[160] = "";
    for (int32_t i = 0; i < asl_preset_count(); i++) {
        const size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s %s", i > 0 ? "," : "",
                 asl_preset_name(i));
    }
    return asl__fail(err, ASL_ERR_ARG, "unknown preset '%.60s'; the presets are%s", name, names);
}

asl_status asl_model_create(asl_model **out, const char *preset, const asl_model_options *options,
                            asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_model *model = NULL;
    asl_model_options wishes;
    asl__model_parts parts;
    asl_status status;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(preset != NULL, err);
    asl_model_options_init(&wishes, sizeof wishes);
    ASL__TRY(asl__options_read(&wishes, sizeof wishes, options, "asl_model_options", err));
    ASL__CHECK_ARG(wishes.width >= 0 && wishes.height >= 0, err);
    ASL__CHECK_ARG((wishes.labels != NULL) == (wishes.label_count != 0), err);
    const asl__preset *base = asl__preset_find(preset);
    if (!base)
        return fail_preset(preset, err);
    ASL__TRY(choose_parts(&parts, base, &wishes, err));
    ASL__TRY(asl__model_assemble(&model, &parts, err));
    asl__network_init_parameters(model->parameters, &model->network, wishes.seed);
    *out = model;
fail:
    return status;
}

asl_model *asl__model_retain(const asl_model *model)
{
    /* The count is the one thing about a model that changes. */
    asl_model *shared = (asl_model *)(uintptr_t)model;
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

void asl_model_free(asl_model *model)
{
    if (!model || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    if (model->labels)
        for (int32_t i = 0; i < model->network.classes; i++)
            asl__free(model->labels[i]);
    asl__free(model->labels);
    asl__free(model->preset);
    asl__free(model->architecture);
    asl__free(model->metrics);
    asl__free(model->parameters);
    asl__free(model);
}

asl_status asl__model_copy(asl_model **out, const asl_model *model, const float *parameters,
                           const char *metrics, asl_error *err)
{
    asl__model_parts parts = asl__model_get_parts(model);
    parts.calibration = ASL__NO_CALIBRATION; /* it was measured on the old weights */
    if (metrics)
        parts.metrics = metrics;
    const asl_status status = asl__model_assemble(out, &parts, err);
    if (status < 0)
        return status;
    memcpy((*out)->parameters, parameters, model->network.parameter_count * sizeof *parameters);
    return ASL_OK;
}

asl_status asl_model_with_parameters(asl_model **out, const asl_model *model,
                                     const float *parameters, size_t count, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(parameters != NULL, err);
    if (count != model->network.parameter_count)
        return asl__fail(err, ASL_ERR_ARG, "%s: %zu parameters given, the model has %zu", __func__,
                         count, model->network.parameter_count);
    ASL__TRY(
        asl__network_check_parameters(&model->network, parameters, ASL_ERR_ARG, __func__, err));
    ASL__TRY(asl__model_copy(out, model, parameters, NULL, err));
fail:
    return status;
}

asl_status asl_model_get_info(asl_model_info *out, const asl_model *model, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(model != NULL, err);
    const asl__network *network = &model->network;
    const asl_model_info info = {
        .label_count = network->classes,
        .width = network->input.width,
        .height = network->input.height,
        .channels = network->input.channels,
        .layer_count = network->layer_count,
        .parameter_count = network->trainable_count,
        .mac_count = network->mac_count,
        .preset = model->preset,
        .architecture = model->architecture,
        .channel_order = network->bgr ? "bgr" : "rgb",
        .temperature = model->calibration.temperature,
        .letter_threshold = model->calibration.letter_threshold,
        .mirror = model->calibration.mirror,
        .looks = model->calibration.looks,
        .crops = model->calibration.crops,
    };
    return asl__struct_write(out, &info, sizeof info, "asl_model_info", err);
}

const char *asl_model_label(const asl_model *model, int32_t index)
{
    return model && index >= 0 && index < model->network.classes ? model->labels[index] : NULL;
}

asl_status asl_model_get_layer(asl_layer_info *out, const asl_model *model, int32_t index,
                               asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(model != NULL, err);
    ASL__CHECK_ARG(index >= 0 && index < model->network.layer_count, err);
    const asl__layer *layer = &model->network.layers[index];
    const asl_layer_info info = {
        .channels = layer->out.channels,
        .height = layer->out.height,
        .width = layer->out.width,
        .parameter_count = layer->parameter_count,
        .mac_count = layer->mac_count,
        .kind = asl__layer_kind_name(layer->kind),
        .text = layer->text,
    };
    return asl__struct_write(out, &info, sizeof info, "asl_layer_info", err);
}

const char *asl_model_metadata(const asl_model *model, const char *key)
{
    return model && key && strcmp(key, "metrics") == 0 ? model->metrics : NULL;
}

const float *asl_model_parameters(size_t *count, const asl_model *model)
{
    if (count)
        *count = model ? model->network.parameter_count : 0;
    return model ? model->parameters : NULL;
}
