/* SPDX-License-Identifier: MIT */
/* asl-info: the version, this machine, the engines that can run on it, and what is in a model. */
#include <stdio.h>
#include <string.h>

#include "asl/asl.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/json.h"

/* What --isa takes besides auto, in rising order, and the feature that stands for each. */
static const struct {
    const char *name, *feature;
} levels[] = {{"c", ""}, {"avx2", " avx2"}, {"avx512", " avx512f"}, {"amx", " amx_bf16"}};
enum { LEVEL_COUNT = sizeof levels / sizeof *levels };

static bool has_level(int level)
{
    return strstr(asl_cpu_features(), levels[level].feature) != NULL;
}

static json_t *levels_json(void)
{
    json_t *list = json_array();
    for (int i = 0; i < LEVEL_COUNT; i++)
        if (has_level(i))
            json_add(list, json_text(levels[i].name));
    return list;
}

static json_t *backends_json(void)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < asl_backend_count(); i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        if (asl_backend_get_info(&info, i, NULL) < 0)
            continue;
        json_t *backend = json_object();
        json_put(backend, "name", json_text(info.name));
        json_put(backend, "available", json_boolean(info.available));
        json_put(backend, "description", json_text(info.description));
        json_put(backend, "reason", json_text(info.reason));
        json_add(list, backend);
    }
    return list;
}

static json_t *presets_json(void)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < asl_preset_count(); i++) {
        json_t *preset = json_object();
        json_put(preset, "name", json_text(asl_preset_name(i)));
        json_put(preset, "description", json_text(asl_preset_description(i)));
        json_add(list, preset);
    }
    return list;
}

static void print_json(const asl_model *model, const char *path)
{
    json_t *document = json_document();
    json_put(document, "version", json_text(asl_version()));
    json_put(document, "cpu", json_text(asl_cpu_features()));
    json_put(document, "isa", levels_json());
    json_put(document, "backends", backends_json());
    json_put(document, "presets", presets_json());
    if (model) {
        json_t *facts = model_json(model);
        json_put(facts, "path", json_text(path));
        json_put(document, "model", facts);
    }
    json_print(document);
}

static void print_backends(void)
{
    printf("\nBackends, in the order in which \"auto\" tries them\n");
    for (int32_t i = 0; i < asl_backend_count(); i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        if (asl_backend_get_info(&info, i, NULL) < 0)
            continue;
        printf("  %-12s %-14s %s\n", info.name, info.available ? "available" : "not available",
               info.description);
        if (info.reason[0])
            printf("  %-27s %s\n", "", info.reason);
    }
}

static void print_model(const asl_model *model, const char *path)
{
    asl_model_info info = {.struct_size = sizeof info};
    if (asl_model_get_info(&info, model, NULL) < 0)
        return;
    printf("\nModel %s\n", path);
    printf("  preset       %s\n", info.preset);
    printf("  input        %d x %d pixels, %s\n", (int)info.width, (int)info.height,
           info.channel_order);
    printf("  classes      %d:", (int)info.label_count);
    int column = 80;
    for (int32_t i = 0; i < info.label_count; i++) {
        const char *label = asl_model_label(model, i);
        char word[80];
        const int length = snprintf(word, sizeof word, " %s", label);
        if (column + length > 79) {
            printf("\n%*s", 14, "");
            column = 14;
        }
        printf("%s", word);
        column += length;
    }
    printf("\n\n");
    model_print_summary(stdout, model);
}

static void print_text(const asl_model *model, const char *path)
{
    printf("libasl       %s\n", asl_version());
    printf("processor    %s\n", asl_cpu_features());
    printf("--isa        auto");
    for (int i = 0; i < LEVEL_COUNT; i++)
        if (has_level(i))
            printf(" %s", levels[i].name);
    printf("\n");
    print_backends();
    printf("\nPresets for asl-train\n");
    for (int32_t i = 0; i < asl_preset_count(); i++)
        printf("  %-12s %s\n", asl_preset_name(i), asl_preset_description(i));
    if (model)
        print_model(model, path);
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    const cli_option options[] = {CLI_MODEL(&path), CLI_JSON(&json)};
    const cli_program program = {
        .name = "asl-info",
        .arguments = "",
        .summary = "Show the version, this machine, the engines that can run on it and, with a "
                   "model, what is in it. The page to paste into a bug report.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **arguments;
    cli_parse(&program, argc, argv, &arguments);

    asl_model *model = NULL;
    const int code = path ? model_open(&model, path) : CLI_OK;
    if (code == CLI_OK && json)
        print_json(model, path);
    else if (code == CLI_OK)
        print_text(model, path);
    asl_model_free(model);
    return cli_finish(code);
}
