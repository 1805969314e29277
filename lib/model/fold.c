/* SPDX-License-Identifier: MIT */
/* Folding batch norm into convolutions. With running mean m, variance v, scale g and shift h,
 * g (conv(x) + b - m) / sqrt(v + epsilon) + h is again a convolution of x, with weights w g / s and
 * bias (b - m) g / s + h where s = sqrt(v + epsilon). */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/model.h"

/* True when a layer joins the one before it in the folded network. */
static bool joins(const asl__layer *layer, const asl__network *folded)
{
    return layer->kind == ASL__LAYER_BATCH_NORM && folded->layer_count > 0 &&
           folded->layers[folded->layer_count - 1].kind == ASL__LAYER_CONV2D;
}

/* The layers that stay, in `folded`, without shapes or tensors. */
static void choose_layers(asl__network *folded, const asl__network *network)
{
    folded->layer_count = 0;
    for (int32_t i = 0; i < network->layer_count; i++) {
        const asl__layer *layer = &network->layers[i];
        if (layer->kind == ASL__LAYER_DROPOUT)
            continue;
        if (joins(layer, folded)) {
            asl__layer *conv = &folded->layers[folded->layer_count - 1];
            conv->bias = true;
            asl__layer_describe(conv);
        } else {
            folded->layers[folded->layer_count++] = *layer;
        }
    }
}

static void fold_batch_norm(float *to, const asl__layer *conv, const float *from,
                            const asl__layer *norm)
{
    const size_t inputs = (size_t)conv->in.channels * (size_t)(conv->kernel * conv->kernel);
    for (size_t c = 0; c < (size_t)conv->outputs; c++) {
        const double deviation =
            sqrt((double)from[norm->variance + c] + (double)ASL__BATCH_NORM_EPSILON);
        const double scale = (double)from[norm->weight + c] / deviation;
        float *weights = to + conv->weight + c * inputs;
        float *bias = to + conv->offset + c;
        for (size_t i = 0; i < inputs; i++)
            weights[i] = (float)((double)weights[i] * scale);
        *bias = (float)(((double)*bias - (double)from[norm->mean + c]) * scale +
                        (double)from[norm->offset + c]);
    }
}

static void copy_layer(float *to, const asl__layer *target, const float *from,
                       const asl__layer *source)
{
    const size_t channels = (size_t)source->in.channels;
    const size_t biases = source->bias ? (size_t)source->outputs : 0;
    if (source->kind == ASL__LAYER_BATCH_NORM) { /* its four vectors lie side by side */
        memcpy(to + target->weight, from + source->weight, 4 * channels * sizeof *to);
    } else if (source->parameter_count > 0) {
        memcpy(to + target->weight, from + source->weight,
               ((size_t)source->parameter_count - biases) * sizeof *to);
        memcpy(to + target->offset, from + source->offset, biases * sizeof *to);
    }
}

asl_status asl__model_fold(asl_model **out, const asl_model *model, asl_error *err)
{
    asl_status status;
    const asl__network *network = &model->network;
    asl__model_parts parts = asl__model_get_parts(model);
    asl__network *chosen = asl__alloc(sizeof *chosen);
    char *architecture = NULL;
    asl_model *folded = NULL;
    *out = NULL;
    if (!chosen)
        return asl__fail_memory(err, "a network");
    choose_layers(chosen, network);
    if (chosen->layer_count == network->layer_count) { /* all stay as they are */
        asl__free(chosen);
        *out = asl__model_retain(model);
        return ASL_OK;
    }
    parts.architecture = architecture = asl__architecture_text(chosen);
    if (!architecture)
        ASL__TRY(asl__fail_memory(err, "a layer list"));
    ASL__TRY(asl__model_assemble(&folded, &parts, err));

    const asl__layer *last = NULL; /* of the folded network, so far */
    const asl__layer *next = folded->network.layers;
    for (int32_t i = 0; i < network->layer_count; i++) {
        const asl__layer *layer = &network->layers[i];
        if (layer->kind == ASL__LAYER_DROPOUT)
            continue;
        if (layer->kind == ASL__LAYER_BATCH_NORM && last && last->kind == ASL__LAYER_CONV2D) {
            fold_batch_norm(folded->parameters, last, model->parameters, layer);
        } else {
            last = next++;
            copy_layer(folded->parameters, last, model->parameters, layer);
        }
    }
    *out = folded;
fail:
    asl__free(architecture);
    asl__free(chosen);
    return status;
}
