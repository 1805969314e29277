/* SPDX-License-Identifier: MIT */
/* The settings of a run: made complete from the command line, recorded in run.json, recalled from
 * there by --resume, and compared. See train.h. */
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/json.h"
#include "train.h"

/* The option's name as a JSON key: label-smoothing -> label_smoothing. */
static void setting_key(char key[32], const cli_option *option)
{
    size_t i = 0;
    for (; option->name[i] && i < 31; i++)
        key[i] = (char)(option->name[i] == '-' ? '_' : option->name[i]);
    key[i] = '\0';
}

static json_t *setting_json(const cli_option *option)
{
    switch (option->kind) {
    case CLI_KIND_INT:
        return json_integer(*(const int32_t *)option->value);
    case CLI_KIND_SEED:
        return json_integer((json_int_t) * (const uint64_t *)option->value);
    case CLI_KIND_REAL:
        return json_number(*(const double *)option->value);
    case CLI_KIND_CHOICE:
        return json_text(cli_choice_word(option));
    default:
        return json_text(*(const char *const *)option->value);
    }
}

static bool set_setting(const cli_option *option, const json_t *value)
{
    switch (option->kind) {
    case CLI_KIND_INT: {
        const json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || (double)number < option->min || (double)number > option->max)
            return false;
        *(int32_t *)option->value = (int32_t)number;
        return true;
    }
    case CLI_KIND_SEED:
        *(uint64_t *)option->value = (uint64_t)json_integer_value(value);
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case CLI_KIND_REAL:
        *(double *)option->value = json_number_value(value);
        return json_is_number(value) && json_number_value(value) >= option->min &&
               json_number_value(value) <= option->max;
    case CLI_KIND_CHOICE:
        return json_is_string(value) && cli_choose(option, json_string_value(value));
    default:
        *(const char **)option->value = json_string_value(value);
        return json_is_string(value) || (json_is_null(value) && option->kind == CLI_KIND_TEXT);
    }
}

json_t *run_settings_json(const run *r)
{
    json_t *settings = json_object();
    for (size_t i = 0; i < r->setting_count; i++) {
        char key[32];
        setting_key(key, &r->settings[i]);
        if (r->settings[i].kind != CLI_KIND_HEADING)
            json_put(settings, key, setting_json(&r->settings[i]));
    }
    return settings;
}

/* A setting that an older version did not record has its default, as if it had recorded that. */
static int recall_setting(json_t *settings, const run *r, const cli_option *option,
                          const char *path)
{
    char key[32];
    setting_key(key, option);
    const json_t *value = json_object_get(settings, key);
    if (option->kind == CLI_KIND_HEADING)
        return CLI_OK;
    if (json_is_object(settings) && !value) {
        value = json_object_get(r->defaults, key);
        json_object_set(settings, key, json_object_get(r->defaults, key));
    }
    if (set_setting(option, value))
        return CLI_OK;
    cli_error("'%s' is damaged (%s); --force starts over", path, key);
    return CLI_BAD_INPUT;
}

int run_recall_settings(run *r)
{
    enum { LARGEST = 1 << 20 };
    if (!run_has(r, "run.json"))
        return CLI_OK;
    char *path = run_path(r, "run.json"), *text = NULL;
    size_t size = 0;
    int code = files_read(&text, &size, path, LARGEST);
    if (code == CLI_OK) {
        r->recorded = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        json_t *settings = json_object_get(r->recorded, "settings");
        for (size_t i = 0; i < r->setting_count && code == CLI_OK; i++)
            code = recall_setting(settings, r, &r->settings[i], path);
    }
    free(text);
    free(path);
    return code;
}

/* ---- What some settings name ---- */

/* Whether a text was not given on this command line, but recalled. */
static bool is_recalled(const run *r, const char *key, const char *text)
{
    return text && text == json_string_value(
                               json_object_get(json_object_get(r->recorded, "settings"), key));
}

/* Names alone are recorded, since paths differ from machine to machine. */
static int complete_parts(part_list *parts, char **recorded, const char **setting, const run *r,
                          const char *option, const char *key)
{
    const bool recalled = is_recalled(r, key, *setting), weighted = strcmp(key, "sources") == 0;
    if (!*setting)
        return CLI_OK;
    const int code = parts_parse(parts, *setting, weighted, option);
    for (int32_t i = 0; i < parts->count && recalled; i++) {
        free(parts->items[i].path);
        parts->items[i].path = NULL;
    }
    if (code == CLI_OK)
        *setting = *recorded = parts_text(parts, weighted);
    return code;
}

/* DATA alone is a list of one. */
static int complete_data(run *r)
{
    if (r->sources && r->data_path)
        return cli_usage_error("give DATA or --sources, not both");
    if (r->sources)
        return complete_parts(&r->train_parts, &r->sources_text, &r->sources, r, "--sources",
                              "sources");
    if (!r->data_path && !r->recorded)
        return cli_usage_error("what to learn from? give DATA or --sources");
    r->train_parts.items = cli_alloc(1, sizeof *r->train_parts.items);
    r->train_parts.count = 1;
    if (r->data_path) {
        r->train_parts.items[0].path = cli_format("%s", r->data_path);
        r->train_parts.items[0].name = files_base_name(r->data_path);
    }
    return CLI_OK;
}

/* A name of the library, keys and values, or a file of such. The text of a file is what counts. */
static int complete_augmentation(run *r)
{
    enum { LARGEST = 1 << 16 };
    asl_error err = ASL_ERROR_INIT;
    char *text = NULL;
    size_t size = 0;
    const bool word = strcmp(r->augment, "none") == 0 || strcmp(r->augment, "light") == 0 ||
                      strcmp(r->augment, "strong") == 0;
    if (strcmp(r->augment, "none") == 0)
        return CLI_OK;
    const bool file = !word && r->augment[0] != '{';
    if (file && !files_exists(r->augment))
        return cli_usage_error("--augment: '%s' is none of none, light, strong, and no file",
                               r->augment);
    int code = CLI_OK;
    if (file)
        code = files_read(&text, &size, r->augment, LARGEST);
    if (code == CLI_OK &&
        asl_augmentation_create(&r->augmentation, text ? text : r->augment, &err) < 0) {
        cli_error("%s: %s", file ? r->augment : "--augment", err.message);
        code = file ? CLI_BAD_INPUT : CLI_USAGE;
    }
    if (code == CLI_OK && !word)
        r->augment = r->augment_text = cli_format("%s", asl_augmentation_text(r->augmentation));
    free(text);
    return code;
}

int run_complete_settings(run *r)
{
    int code = complete_data(r);
    if (code == CLI_OK)
        code = complete_parts(&r->check_parts, &r->select_text, &r->select_on, r, "--select-on",
                              "select_on");
    if (code == CLI_OK && r->init && !is_recalled(r, "init", r->init)) {
        r->init_path = cli_format("%s", r->init);
        r->init = r->init_text = files_base_name(r->init_path);
    }
    return code == CLI_OK ? complete_augmentation(r) : code;
}

/* ---- Comparing ---- */

static int check_epochs(const run *r, int32_t recorded)
{
    if (r->epochs < recorded)
        return cli_usage_error("--epochs %d is less than the %d of this run", (int)r->epochs,
                               (int)recorded);
    if (r->epochs > recorded && (r->schedule != ASL_SCHEDULE_CONSTANT || r->start_size > 0))
        return cli_usage_error("--epochs cannot grow: the %s was made for %d",
                               r->start_size > 0 ? "change of size" : "schedule", (int)recorded);
    return CLI_OK;
}

static int check_setting(const run *r, const cli_option *option, const json_t *settings)
{
    char key[32];
    setting_key(key, option);
    const json_t *recorded = json_object_get(settings, key);
    json_t *now = setting_json(option);
    /* A whole real is written without its point and comes back as an integer. */
    const bool same = json_is_number(now) ? json_number_value(now) == json_number_value(recorded)
                                          : json_equal(now, recorded);
    json_decref(now);
    if (same)
        return CLI_OK;
    if (strcmp(option->name, "epochs") != 0)
        return cli_usage_error("--%s cannot change on --resume; leave it out, or use --force to "
                               "start over",
                               option->name);
    return check_epochs(r, (int32_t)json_integer_value(recorded));
}

int run_check_settings(const run *r)
{
    const json_t *settings = json_object_get(r->recorded, "settings");
    int code = CLI_OK;
    for (size_t i = 0; settings && i < r->setting_count && code == CLI_OK; i++)
        if (r->settings[i].kind != CLI_KIND_HEADING)
            code = check_setting(r, &r->settings[i], settings);
    return code;
}
