/* SPDX-License-Identifier: MIT */
/* asl-info: the version, this machine, the engines that can run on it, and what is in a model. */
#include <stdio.h>
#include <string.h>

#include "asl/asl.h"
#include "common/cli.h"
#include "common/data.h"
#include "common/files.h"
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

/* By ASL_BUILTIN_*. */
static const struct {
    const char *name, *what;
} builtins[] = {{"letters", "names the letter of a hand"},
                {"hands", "finds the hand in a picture"}};
enum { BUILTIN_COUNT = sizeof builtins / sizeof *builtins };

static json_t *builtins_json(void)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < BUILTIN_COUNT; i++) {
        asl_model *model = NULL;
        json_t *entry = json_object();
        const bool there = asl_model_builtin(&model, i, NULL) == ASL_OK;
        json_put(entry, "name", json_text(builtins[i].name));
        json_put(entry, "available", json_boolean(there));
        json_put(entry, "model", there ? model_json(model) : json_null());
        json_add(list, entry);
        asl_model_free(model);
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
    json_put(document, "builtin", builtins_json());
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

static void print_builtins(void)
{
    printf("\nBuilt-in models\n");
    for (int32_t i = 0; i < BUILTIN_COUNT; i++) {
        asl_model *model = NULL;
        asl_model_info info = {.struct_size = sizeof info};
        const bool there = asl_model_builtin(&model, i, NULL) == ASL_OK &&
                           asl_model_get_info(&info, model, NULL) == ASL_OK;
        printf("  %-12s ", builtins[i].name);
        if (there)
            printf("%s: %s, %d x %d pixels, %d classes\n", builtins[i].what, info.preset,
                   (int)info.width, (int)info.height, (int)info.label_count);
        else
            printf("not in this build\n");
        asl_model_free(model);
    }
}

/* What was measured about it; nothing when nothing was. */
static void print_calibration(const asl_model_info *info)
{
    if (info->temperature < 1 || info->temperature > 1)
        printf("  temperature  %.3f\n", info->temperature);
    if (info->letter_threshold > 0)
        printf("  no letter    below %.3f\n", info->letter_threshold);
    if (mirror_name(info->mirror))
        printf("  mirror       %s\n", mirror_name(info->mirror));
    if (info->looks > 0)
        printf("  looks        %d\n", info->looks);
    if (info->crops > 0)
        printf("  crops        %d\n", info->crops);
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
    print_calibration(&info);
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
    print_builtins();
    if (model)
        print_model(model, path);
}

/* What the options name. */
typedef struct settings {
    const char *path, *builtin, *save;
    int32_t weights; /* ASL_WEIGHTS_* */
    bool json, force;
} settings;

/* *out stays NULL when the options name no model. */
static int open_named(asl_model **out, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    if (s->path)
        return model_open(out, s->path);
    for (int32_t i = 0; s->builtin && i < BUILTIN_COUNT; i++)
        if (strcmp(builtins[i].name, s->builtin) == 0 && asl_model_builtin(out, i, &err) < 0)
            return cli_fail(&err);
    return CLI_OK;
}

static int save_model(const asl_model *model, const settings *s)
{
    asl_error err = ASL_ERROR_INIT;
    asl_save_options options;
    asl_save_options_init(&options, sizeof options);
    options.weights = s->weights;
    const int code = files_check_output(s->save, s->force);
    if (code != CLI_OK)
        return code;
    return asl_model_save_as(model, s->save, &options, &err) < 0 ? cli_fail(&err) : CLI_OK;
}

int main(int argc, char **argv)
{
    settings s = {.weights = ASL_WEIGHTS_F32};
    const cli_option options[] = {
        CLI_TEXT('m', "model", "MODEL", &s.path, "model file (.safetensors)"),
        CLI_WORD(0, "builtin", "letters|hands", &s.builtin, "a built-in model instead"),
        CLI_TEXT(0, "save", "FILE", &s.save,
                 "only write that model to another file (.safetensors)"),
        CLI_CHOICE(0, "weights", "f32|f16|i8", &s.weights,
                   "how to --save weights: f32 keeps every bit; f16 takes half the room, i8, with "
                   "batch norm folded, a quarter"),
        CLI_FORCE(&s.force),
        CLI_JSON(&s.json),
    };
    const cli_program program = {
        .name = "asl-info",
        .arguments = "",
        .summary = "Show the version, this machine, the engines that can run on it, the built-in "
                   "models and, with a model, what is in it. The page to paste into a bug report.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **arguments;
    cli_parse(&program, argc, argv, &arguments);
    if (s.path && s.builtin)
        return cli_usage_error("give --model or --builtin, not both");
    if (s.save && !s.path && !s.builtin)
        return cli_usage_error("which model is to be saved? give --model or --builtin");

    asl_model *model = NULL;
    const char *name = s.path ? s.path : s.builtin;
    int code = open_named(&model, &s);
    if (code == CLI_OK && s.save)
        code = save_model(model, &s);
    else if (code == CLI_OK && s.json)
        print_json(model, name);
    else if (code == CLI_OK)
        print_text(model, name);
    asl_model_free(model);
    return cli_finish(code);
}
