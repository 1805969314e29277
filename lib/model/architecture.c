/* SPDX-License-Identifier: MIT */
/* The layer list as text: "conv2d 16 k5 bias; relu; ..." to layers and back. Shapes come later, in
 * network.c. The grammar is in docs/model-format.md. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/network.h"

#define MAX_WORDS 8

typedef struct word {
    const char *text;
    size_t length;
} word;

/* One layer of the list as written. */
typedef struct phrase {
    int32_t number; /* from 1 */
    word whole;
    word words[MAX_WORDS];
    int32_t count;
} phrase;

/* Arguments for "%.*s", cut so that the rest of the message still fits. */
#define SHOW(word) (int)((word).length < 60 ? (word).length : 60), (word).text

/* Fails with "layer 3 (conv2d 32 k5): " before the message. */
#define FAIL(err, phrase, format, ...)                                                             \
    asl__fail_at((err), ASL_ERR_ARCHITECTURE, (phrase)->number, "layer %d (%.*s): " format,        \
                 (phrase)->number, SHOW((phrase)->whole), __VA_ARGS__)

static const char *const kind_names[] = {
    [ASL__LAYER_CONV2D] = "conv2d",
    [ASL__LAYER_BATCH_NORM] = "batch_norm",
    [ASL__LAYER_RELU] = "relu",
    [ASL__LAYER_MAX_POOL] = "max_pool",
    [ASL__LAYER_GLOBAL_POOL] = "global_pool",
    [ASL__LAYER_DROPOUT] = "dropout",
    [ASL__LAYER_DENSE] = "dense",
};
enum { KIND_END = sizeof kind_names / sizeof kind_names[0] };

static const char *const pool_names[] = {
    [ASL__POOL_AVG] = "avg", [ASL__POOL_MAX] = "max", [ASL__POOL_BOTH] = "both"};
enum { POOL_END = sizeof pool_names / sizeof pool_names[0] };

const char *asl__layer_kind_name(int32_t kind)
{
    return kind >= ASL__LAYER_CONV2D && kind < KIND_END ? kind_names[kind] : NULL;
}

static void describe_conv2d(asl__layer *layer)
{
    char stride[8] = "", padding[8] = "";
    if (layer->stride != 1)
        snprintf(stride, sizeof stride, " s%d", layer->stride);
    if (layer->padding != 0)
        snprintf(padding, sizeof padding, " p%d", layer->padding);
    snprintf(layer->text, sizeof layer->text, "conv2d %d k%d%s%s%s", layer->outputs, layer->kernel,
             stride, padding, layer->bias ? " bias" : "");
}

void asl__layer_describe(asl__layer *layer)
{
    const char *name = asl__layer_kind_name(layer->kind);
    const size_t size = sizeof layer->text;
    char rate[24];
    switch (layer->kind) {
    case ASL__LAYER_CONV2D:
        describe_conv2d(layer);
        break;
    case ASL__LAYER_MAX_POOL:
        snprintf(layer->text, size, "%s %d", name, layer->kernel);
        break;
    case ASL__LAYER_GLOBAL_POOL:
        snprintf(layer->text, size, "%s %s", name, pool_names[layer->pool]);
        break;
    case ASL__LAYER_DROPOUT:
        asl__format_decimal(rate, (double)layer->rate);
        snprintf(layer->text, size, "%s %s", name, rate);
        break;
    case ASL__LAYER_DENSE:
        if (layer->outputs == 0)
            snprintf(layer->text, size, "%s classes", name);
        else
            snprintf(layer->text, size, "%s %d", name, layer->outputs);
        break;
    default:
        snprintf(layer->text, size, "%s", name);
    }
}

char *asl__architecture_text(const asl__network *network)
{
    asl__buffer text = {0};
    for (int32_t i = 0; i < network->layer_count; i++)
        asl__buffer_format(&text, "%s%s", i == 0 ? "" : "; ", network->layers[i].text);
    if (text.failed) {
        asl__buffer_free(&text);
        return NULL;
    }
    return text.data;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool word_is(word w, const char *text)
{
    return w.length == strlen(text) && memcmp(w.text, text, w.length) == 0;
}

/* Index of a word in a table of names that starts at 1, or 0. */
static int32_t word_index(word w, const char *const *names, int32_t end)
{
    for (int32_t i = 1; i < end; i++)
        if (word_is(w, names[i]))
            return i;
    return 0;
}

/* Cuts one layer into words. Words past the last that any layer takes are counted, not kept. */
static void split_words(phrase *p, const char *text, size_t length)
{
    size_t at = 0;
    p->count = 0;
    p->whole = (word){text, 0};
    while (at < length) {
        if (is_blank(text[at])) {
            at++;
            continue;
        }
        const size_t start = at;
        while (at < length && !is_blank(text[at]))
            at++;
        if (p->count == 0)
            p->whole.text = text + start;
        p->whole.length = (size_t)(text + at - p->whole.text);
        if (p->count < MAX_WORDS)
            p->words[p->count] = (word){text + start, at - start};
        p->count++;
    }
}

static asl_status expect_count(const phrase *p, int32_t count, const char *usage, asl_error *err)
{
    if (p->count != count)
        return FAIL(err, p, "expected '%s'", usage);
    return ASL_OK;
}

/* The number in a word after `skip` letters such as the k of k5. */
static asl_status read_number(int32_t *out, const phrase *p, word w, size_t skip, const char *what,
                              int32_t min, int32_t max, asl_error *err)
{
    int64_t value;
    if (!asl__parse_i64(&value, w.text + skip, w.length - skip) || value < min || value > max)
        return FAIL(err, p, "%s '%.*s' is not a whole number in %d..%d", what, SHOW(w), min, max);
    *out = (int32_t)value;
    return ASL_OK;
}

static asl_status read_conv2d_option(asl__layer *layer, const phrase *p, word w, asl_error *err)
{
    const struct {
        char letter;
        const char *name;
        int32_t *value, min, max;
    } options[] = {{'k', "kernel", &layer->kernel, 1, ASL__MAX_KERNEL},
                   {'s', "stride", &layer->stride, 1, ASL__MAX_KERNEL},
                   {'p', "padding", &layer->padding, 0, ASL__MAX_KERNEL - 1}};
    if (word_is(w, "bias") && !layer->bias) {
        layer->bias = true;
        return ASL_OK;
    }
    for (size_t i = 0; i < 3; i++)
        if (w.text[0] == options[i].letter && *options[i].value < 0)
            return read_number(options[i].value, p, w, 1, options[i].name, options[i].min,
                               options[i].max, err);
    return FAIL(err, p, "'%.*s' is unknown or given twice; conv2d takes kN, sN, pN and bias",
                SHOW(w));
}

static asl_status parse_conv2d(asl__layer *layer, const phrase *p, asl_error *err)
{
    asl_status status = ASL_OK;
    layer->kernel = layer->stride = layer->padding = -1;
    if (p->count < 3 || p->count > 6)
        return FAIL(err, p, "expected '%s'", "conv2d CHANNELS kN [sN] [pN] [bias]");
    ASL__TRY(read_number(&layer->outputs, p, p->words[1], 0, "number of channels", 1,
                         ASL__MAX_CHANNELS, err));
    for (int32_t i = 2; i < p->count; i++)
        ASL__TRY(read_conv2d_option(layer, p, p->words[i], err));
    if (layer->kernel < 0)
        return FAIL(err, p, "%s", "has no kernel; add one such as k3");
    if (layer->stride < 0)
        layer->stride = 1;
    if (layer->padding < 0)
        layer->padding = 0;
    if (layer->padding >= layer->kernel)
        return FAIL(err, p, "padding %d is not smaller than kernel %d", layer->padding,
                    layer->kernel);
fail:
    return status;
}

static asl_status parse_max_pool(asl__layer *layer, const phrase *p, asl_error *err)
{
    const asl_status status = expect_count(p, 2, "max_pool N", err);
    return status < 0
               ? status
               : read_number(&layer->kernel, p, p->words[1], 0, "window", 1, ASL__MAX_KERNEL, err);
}

static asl_status parse_global_pool(asl__layer *layer, const phrase *p, asl_error *err)
{
    const asl_status status = expect_count(p, 2, "global_pool avg|max|both", err);
    if (status < 0)
        return status;
    layer->pool = word_index(p->words[1], pool_names, POOL_END);
    if (layer->pool == 0)
        return FAIL(err, p, "'%.*s' is not avg, max or both", SHOW(p->words[1]));
    return ASL_OK;
}

static asl_status parse_dropout(asl__layer *layer, const phrase *p, asl_error *err)
{
    const asl_status status = expect_count(p, 2, "dropout RATE", err);
    if (status < 0)
        return status;
    const word w = p->words[1];
    char digits[24];
    double rate;
    bool ok = asl__parse_decimal(&rate, w.text, w.length) && rate >= 0 && rate < 1;
    if (ok) { /* The rate is the one that the layer list will say. */
        asl__format_decimal(digits, rate);
        ok = asl__parse_decimal(&rate, digits, strlen(digits)) && rate < 1;
    }
    if (!ok)
        return FAIL(err, p, "rate '%.*s' is not a decimal in 0 <= rate < 1", SHOW(w));
    layer->rate = (float)rate;
    return ASL_OK;
}

static asl_status parse_dense(asl__layer *layer, const phrase *p, asl_error *err)
{
    const asl_status status = expect_count(p, 2, "dense N|classes", err);
    layer->bias = true;
    if (status < 0 || word_is(p->words[1], "classes"))
        return status;
    return read_number(&layer->outputs, p, p->words[1], 0, "number of outputs", 1,
                       ASL__MAX_CHANNELS, err);
}

static asl_status parse_layer(asl__layer *layer, const phrase *p, asl_error *err)
{
    if (p->count == 0)
        return FAIL(err, p, "%s", "is empty; write one layer between two ';'");
    *layer = (asl__layer){.kind = word_index(p->words[0], kind_names, KIND_END)};
    switch (layer->kind) {
    case ASL__LAYER_CONV2D:
        return parse_conv2d(layer, p, err);
    case ASL__LAYER_MAX_POOL:
        return parse_max_pool(layer, p, err);
    case ASL__LAYER_GLOBAL_POOL:
        return parse_global_pool(layer, p, err);
    case ASL__LAYER_DROPOUT:
        return parse_dropout(layer, p, err);
    case ASL__LAYER_DENSE:
        return parse_dense(layer, p, err);
    case ASL__LAYER_BATCH_NORM:
    case ASL__LAYER_RELU:
        return expect_count(p, 1, kind_names[layer->kind], err);
    default:
        return FAIL(err, p, "'%.*s' is no kind of layer", SHOW(p->words[0]));
    }
}

asl_status asl__architecture_parse(asl__network *network, const char *architecture, asl_error *err)
{
    const char *at = architecture;
    network->layer_count = 0;
    for (;;) {
        const size_t length = strcspn(at, ";");
        phrase p = {.number = network->layer_count + 1};
        split_words(&p, at, length);
        if (p.number > ASL__MAX_LAYERS)
            return FAIL(err, &p, "a network has at most %d layers", ASL__MAX_LAYERS);
        asl__layer *layer = &network->layers[network->layer_count];
        const asl_status status = parse_layer(layer, &p, err);
        if (status < 0)
            return status;
        asl__layer_describe(layer);
        network->layer_count++;
        if (at[length] == '\0')
            return ASL_OK;
        at += length + 1;
    }
}
