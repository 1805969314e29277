/* SPDX-License-Identifier: MIT */
/* From a layer list to a network: shapes, the places of all tensors in the flat parameter vector,
 * counts, and initial parameters. */
#include "model/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/random.h"

_Static_assert(ASL__MAX_TENSORS >= 4 * ASL__MAX_LAYERS, "a batch_norm has four tensors");

/* What grows while the layers are walked. */
typedef struct builder {
    asl__network *network;
    asl__layer *layer; /* the current one */
    int32_t number;    /* of the layer, from 1 */
    int32_t convs, norms, denses;
    asl_error *err;
} builder;

#define FAIL(b, format, ...)                                                                       \
    asl__fail_at((b)->err, ASL_ERR_ARCHITECTURE, (b)->number, "layer %d (%s): " format,            \
                 (b)->number, (b)->layer->text, __VA_ARGS__)

/* Product of four counts; false when it overflows. */
static bool product(int64_t *out, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return asl__mul_i64(out, a, b) && asl__mul_i64(out, *out, c) && asl__mul_i64(out, *out, d);
}

/* Appends a tensor of the current layer and gives its place in the parameter vector. */
static asl_status add_tensor(size_t *offset, builder *b, const char *prefix, int32_t index,
                             const char *field, asl__tensor like)
{
    asl__network *network = b->network;
    int64_t count, total;
    for (int32_t i = like.dims; i < 4; i++)
        like.shape[i] = 1;
    if (!product(&count, like.shape[0], like.shape[1], like.shape[2], like.shape[3]) ||
        !asl__add_i64(&total, count, (int64_t)network->parameter_count) ||
        total > ASL__MAX_PARAMETERS)
        return FAIL(b, "the network would have more than %d parameters; use fewer channels",
                    ASL__MAX_PARAMETERS);
    asl__tensor *tensor = &network->tensors[network->tensor_count++];
    *tensor = like;
    snprintf(tensor->name, sizeof tensor->name, "%s%d.%s", prefix, index, field);
    tensor->offset = *offset = network->parameter_count;
    tensor->count = (size_t)count;
    network->parameter_count = (size_t)total;
    if (like.trained) {
        b->layer->parameter_count += count;
        network->trainable_count += count;
    }
    return ASL_OK;
}

/* Weights and bias of a convolution or dense layer. */
static asl_status add_weights(builder *b, const char *prefix, int32_t index, asl__tensor weight)
{
    asl__layer *layer = b->layer;
    const asl_status status = add_tensor(&layer->weight, b, prefix, index, "weight", weight);
    if (status < 0 || !layer->bias)
        return status;
    return add_tensor(
        &layer->offset, b, prefix, index, "bias",
        (asl__tensor){
            .dims = 1, .shape = {layer->outputs}, .trained = true, .fan_in = weight.fan_in});
}

static asl_status build_conv2d(builder *b)
{
    asl__layer *layer = b->layer;
    const int32_t kernel = layer->kernel, channels = layer->in.channels;
    const int32_t height = layer->in.height + 2 * layer->padding;
    const int32_t width = layer->in.width + 2 * layer->padding;
    if (kernel > height || kernel > width)
        return FAIL(b, "kernel %d is larger than its %dx%d input; use a larger picture or padding",
                    kernel, layer->in.width, layer->in.height);
    layer->out.channels = layer->outputs;
    layer->out.height = (height - kernel) / layer->stride + 1;
    layer->out.width = (width - kernel) / layer->stride + 1;
    return add_weights(b, "conv", ++b->convs,
                       (asl__tensor){.dims = 4,
                                     .shape = {layer->outputs, channels, kernel, kernel},
                                     .trained = true,
                                     .decayed = true,
                                     .fan_in = channels * kernel * kernel});
}

static asl_status build_dense(builder *b)
{
    asl__layer *layer = b->layer;
    const int32_t inputs = layer->in.channels;
    if (layer->outputs == 0)
        layer->outputs = b->network->classes;
    if (layer->in.height != 1 || layer->in.width != 1)
        return FAIL(b, "its input is %dx%d, not 1x1; put a global_pool before it", layer->in.width,
                    layer->in.height);
    layer->out.channels = layer->outputs;
    return add_weights(b, "fc", ++b->denses,
                       (asl__tensor){.dims = 2,
                                     .shape = {layer->outputs, inputs},
                                     .trained = true,
                                     .decayed = true,
                                     .fan_in = inputs});
}

static asl_status build_batch_norm(builder *b)
{
    asl__layer *layer = b->layer;
    const asl__tensor trained = {.dims = 1, .shape = {layer->in.channels}, .trained = true};
    const asl__tensor running = {.dims = 1, .shape = {layer->in.channels}};
    const int32_t index = ++b->norms;
    asl_status status;
    ASL__TRY(add_tensor(&layer->weight, b, "bn", index, "weight", trained));
    ASL__TRY(add_tensor(&layer->offset, b, "bn", index, "bias", trained));
    ASL__TRY(add_tensor(&layer->mean, b, "bn", index, "running_mean", running));
    ASL__TRY(add_tensor(&layer->variance, b, "bn", index, "running_var", running));
fail:
    return status;
}

static asl_status build_max_pool(builder *b)
{
    asl__layer *layer = b->layer;
    if (layer->kernel > layer->in.height || layer->kernel > layer->in.width)
        return FAIL(b, "window %d is larger than its %dx%d input; use a larger picture",
                    layer->kernel, layer->in.width, layer->in.height);
    layer->out.height = layer->in.height / layer->kernel;
    layer->out.width = layer->in.width / layer->kernel;
    return ASL_OK;
}

static asl_status build_global_pool(builder *b)
{
    asl__layer *layer = b->layer;
    layer->out.height = layer->out.width = 1;
    if (layer->pool != ASL__POOL_BOTH)
        return ASL_OK;
    if (layer->in.channels > ASL__MAX_CHANNELS)
        return FAIL(b, "its input has %d channels, more than %d", layer->in.channels,
                    ASL__MAX_CHANNELS);
    layer->out.channels = 2 * layer->in.channels;
    return ASL_OK;
}

/* Shape and tensors of the current layer, whose input shape is set. */
static asl_status build_layer(builder *b)
{
    asl__layer *layer = b->layer;
    layer->out = layer->in;
    switch (layer->kind) {
    case ASL__LAYER_CONV2D:
        return build_conv2d(b);
    case ASL__LAYER_DENSE:
        return build_dense(b);
    case ASL__LAYER_BATCH_NORM:
        return build_batch_norm(b);
    case ASL__LAYER_MAX_POOL:
        return build_max_pool(b);
    case ASL__LAYER_GLOBAL_POOL:
        return build_global_pool(b);
    default:
        return ASL_OK;
    }
}

/* Floats of the current layer's output, noted when it is the largest so far. */
static asl_status count_activation(builder *b)
{
    const asl__shape shape = b->layer->out;
    int64_t count;
    if (!product(&count, shape.channels, shape.height, shape.width, 1) ||
        count > ASL__MAX_ACTIVATION)
        return FAIL(b, "its output of %dx%dx%d is too large; use a smaller picture", shape.channels,
                    shape.height, shape.width);
    if (count > b->network->largest_activation)
        b->network->largest_activation = count;
    return ASL_OK;
}

/* Multiply-accumulates of the current layer: its weights, once per output position. */
static asl_status count_macs(builder *b)
{
    asl__layer *layer = b->layer;
    const int64_t weights = layer->parameter_count - (layer->bias ? layer->outputs : 0);
    if (layer->kind != ASL__LAYER_CONV2D && layer->kind != ASL__LAYER_DENSE)
        return ASL_OK;
    if (!product(&layer->mac_count, weights, layer->out.height, layer->out.width, 1) ||
        !asl__add_i64(&b->network->mac_count, b->network->mac_count, layer->mac_count))
        return FAIL(b, "%s", "the network is too large to count its operations");
    return ASL_OK;
}

static asl_status check_input(const asl__network *network, asl_error *err)
{
    const asl__shape *in = &network->input;
    if (in->channels != 3 || in->height < 1 || in->height > ASL__MAX_SIDE || in->width < 1 ||
        in->width > ASL__MAX_SIDE)
        return asl__fail(err, ASL_ERR_ARCHITECTURE,
                         "input %dx%dx%d is not 3 channels by 1..%d by 1..%d pixels", in->channels,
                         in->height, in->width, ASL__MAX_SIDE, ASL__MAX_SIDE);
    return ASL_OK;
}

/* The logits must come last and must be as many as there are classes, whatever their number. */
static asl_status check_last_layer(asl__network *network, asl_error *err)
{
    asl__layer *last = &network->layers[network->layer_count - 1];
    if (last->kind != ASL__LAYER_DENSE || last->outputs != 0)
        return asl__fail_at(err, ASL_ERR_ARCHITECTURE, network->layer_count,
                            "layer %d (%s): the last layer must be 'dense classes'",
                            network->layer_count, last->text);
    return ASL_OK;
}

asl_status asl__network_build(asl__network *network, const char *architecture, asl_error *err)
{
    builder b = {.network = network, .err = err};
    asl__shape shape = network->input;
    asl_status status;
    network->tensor_count = 0;
    network->parameter_count = 0;
    network->trainable_count = network->mac_count = 0;
    ASL__TRY(check_input(network, err));
    network->largest_activation = (int64_t)shape.channels * shape.height * shape.width;
    ASL__TRY(asl__architecture_parse(network, architecture, err));
    ASL__TRY(check_last_layer(network, err));
    for (int32_t i = 0; i < network->layer_count; i++) {
        b.layer = &network->layers[i];
        b.number = i + 1;
        b.layer->in = shape;
        ASL__TRY(build_layer(&b));
        ASL__TRY(count_activation(&b));
        ASL__TRY(count_macs(&b));
        shape = b.layer->out;
    }
fail:
    return status;
}

void asl__network_init_parameters(float *parameters, const asl__network *network, uint64_t seed)
{
    for (int32_t t = 0; t < network->tensor_count; t++) {
        const asl__tensor *tensor = &network->tensors[t];
        float *values = parameters + tensor->offset;
        const char *field = strchr(tensor->name, '.') + 1;
        const float start = strcmp(field, "weight") == 0 || strcmp(field, "running_var") == 0;
        const uint64_t stream = ASL__STREAM_INIT + ((uint64_t)t << 8);
        for (size_t i = 0; i < tensor->count; i++) {
            if (tensor->fan_in == 0)
                values[i] = start;
            else
                values[i] = (float)((2 * asl__random_uniform(seed, stream, i) - 1) /
                                    sqrt((double)tensor->fan_in));
        }
    }
}

asl_status asl__network_check_parameters(const asl__network *network, const float *parameters,
                                         asl_status code, const char *what, asl_error *err)
{
    for (int32_t t = 0; t < network->tensor_count; t++) {
        const asl__tensor *tensor = &network->tensors[t];
        const float *values = parameters + tensor->offset;
        const bool variance = strstr(tensor->name, ".running_var") != NULL;
        for (size_t i = 0; i < tensor->count; i++) {
            if (!isfinite(values[i]))
                return asl__fail_at(err, code, (int64_t)i, "%s: value %zu of '%s' is not finite",
                                    what, i, tensor->name);
            if (variance && values[i] < 0)
                return asl__fail_at(err, code, (int64_t)i, "%s: value %zu of '%s' is negative",
                                    what, i, tensor->name);
        }
    }
    return ASL_OK;
}
