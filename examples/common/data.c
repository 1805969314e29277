/* SPDX-License-Identifier: MIT */
/* Data sets and models as the programs show them. See data.h. */
#include "common/data.h"

#include <string.h>

#include "common/cli.h"
#include "common/json.h"

int data_open(asl_dataset **out, const char *path, const asl_dataset_options *options, bool verbose)
{
    asl_error err = ASL_ERROR_INIT;
    if (asl_dataset_open(out, path, options, &err) < 0)
        return cli_fail(&err);
    data_report_issues(*out, verbose);
    return CLI_OK;
}

void data_report_issues(const asl_dataset *dataset, bool verbose)
{
    enum { SHOWN = 5 };
    const int64_t count = asl_dataset_issue_count(dataset);
    for (int64_t i = 0; i < count && (verbose || i < SHOWN); i++) {
        asl_issue issue = {.struct_size = sizeof issue};
        if (asl_dataset_get_issue(&issue, dataset, i, NULL) == ASL_OK)
            cli_note("skipped '%s': %s", issue.path, issue.message);
    }
    if (!verbose && count > SHOWN)
        cli_note("skipped %lld more (--verbose lists all)", (long long)(count - SHOWN));
}

static int open_model(asl_model **out, const char *path, int32_t builtin)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_status status =
        path ? asl_model_load(out, path, &err) : asl_model_builtin(out, builtin, &err);
    return status < 0 ? cli_fail(&err) : CLI_OK;
}

int model_open(asl_model **out, const char *path)
{
    return open_model(out, path, ASL_BUILTIN_LETTERS);
}

int finder_open(asl_model **out, const char *path)
{
    return open_model(out, path, ASL_BUILTIN_HANDS);
}

const char *model_name(const char *path)
{
    return path ? path : "built-in";
}

void format_count(char text[32], int64_t value)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)value);
    char *out = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
}

static void print_rule(FILE *out, char c)
{
    char rule[66];
    memset(rule, c, sizeof rule - 1);
    rule[sizeof rule - 1] = '\0';
    fprintf(out, "%s\n", rule);
}

void model_print_summary(FILE *out, const asl_model *model)
{
    asl_model_info info = {.struct_size = sizeof info};
    if (asl_model_get_info(&info, model, NULL) < 0)
        return;
    char shape[48], count[32];
    print_rule(out, '-');
    fprintf(out, "%-28s %-20s %15s\n", "Layer", "Output shape", "Parameters");
    print_rule(out, '=');
    for (int32_t i = 0; i < info.layer_count; i++) {
        asl_layer_info layer = {.struct_size = sizeof layer};
        if (asl_model_get_layer(&layer, model, i, NULL) < 0)
            return;
        snprintf(shape, sizeof shape, "%d x %d x %d", (int)layer.channels, (int)layer.height,
                 (int)layer.width);
        format_count(count, layer.parameter_count);
        fprintf(out, "%-28s %-20s %15s\n", layer.text, shape, count);
    }
    print_rule(out, '=');
    snprintf(shape, sizeof shape, "%d x %d x %d", (int)info.channels, (int)info.height,
             (int)info.width);
    fprintf(out, "%-28s %-20s %15s\n", "Input", shape, info.channel_order);
    format_count(count, info.parameter_count);
    fprintf(out, "%-28s %36s\n", "Total parameters", count);
    format_count(count, info.mac_count);
    fprintf(out, "%-28s %36s\n", "Multiply-adds per picture", count);
    print_rule(out, '-');
}

static json_t *layers_json(const asl_model *model, int32_t count)
{
    json_t *layers = json_array();
    for (int32_t i = 0; i < count; i++) {
        asl_layer_info info = {.struct_size = sizeof info};
        if (asl_model_get_layer(&info, model, i, NULL) < 0)
            continue;
        json_t *shape = json_array();
        json_add(shape, json_integer(info.channels));
        json_add(shape, json_integer(info.height));
        json_add(shape, json_integer(info.width));
        json_t *layer = json_object();
        json_put(layer, "kind", json_text(info.kind));
        json_put(layer, "text", json_text(info.text));
        json_put(layer, "shape", shape);
        json_put(layer, "parameters", json_integer(info.parameter_count));
        json_put(layer, "macs", json_integer(info.mac_count));
        json_add(layers, layer);
    }
    return layers;
}

const char *mirror_name(int32_t mirror)
{
    static const char *const names[] = {NULL, "off", "on", "both", "auto"};
    enum { COUNT = sizeof names / sizeof *names };
    return mirror >= 0 && mirror < COUNT ? names[mirror] : NULL;
}

json_t *model_json(const asl_model *model)
{
    asl_model_info info = {.struct_size = sizeof info};
    json_t *object = json_object(), *labels = json_array();
    if (asl_model_get_info(&info, model, NULL) < 0)
        info.label_count = 0;
    for (int32_t i = 0; i < info.label_count; i++)
        json_add(labels, json_text(asl_model_label(model, i)));
    json_put(object, "preset", json_text(info.preset));
    json_put(object, "architecture", json_text(info.architecture));
    json_put(object, "width", json_integer(info.width));
    json_put(object, "height", json_integer(info.height));
    json_put(object, "channels", json_integer(info.channels));
    json_put(object, "channel_order", json_text(info.channel_order));
    json_put(object, "parameters", json_integer(info.parameter_count));
    json_put(object, "macs", json_integer(info.mac_count));
    json_put(object, "temperature", json_number(info.temperature));
    json_put(object, "letter_threshold", json_number(info.letter_threshold));
    json_put(object, "mirror", json_text(mirror_name(info.mirror)));
    json_put(object, "looks", info.looks > 0 ? json_integer(info.looks) : json_null());
    json_put(object, "crops", info.crops > 0 ? json_integer(info.crops) : json_null());
    json_put(object, "labels", labels);
    json_put(object, "layers", layers_json(model, info.layer_count));
    return object;
}
