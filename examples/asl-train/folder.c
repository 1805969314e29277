/* SPDX-License-Identifier: MIT */
/* The run's folder: entering, locking, and run.json. See train.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/data.h"
#include "common/files.h"
#include "common/json.h"
#include "train.h"

char *run_path(const run *r, const char *name)
{
    return files_join(r->folder, name);
}

static bool has(const run *r, const char *name)
{
    char *path = run_path(r, name);
    const bool there = files_exists(path);
    free(path);
    return there;
}

/* The descriptor stays open, and the lock with it, until the process ends, however that happens. */
static int lock_folder(const run *r)
{
    const int fd = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
        return CLI_OK;
    if (fd < 0)
        cli_error("cannot open the folder '%s': %s", r->folder, strerror(errno));
    else
        cli_error("another asl-train is at work in '%s'", r->folder);
    if (fd >= 0)
        close(fd);
    return CLI_FAILED;
}

/* Everything of a run but the pixels, which are made again only when they differ. */
static int clear_folder(const run *r)
{
    static const char *const names[] = {"last.ckpt",        "last.ckpt.prev", "model.safetensors",
                                        "best.safetensors", "metrics.csv",    "run.json",
                                        "accuracy.png",     "loss.png"};
    int code = CLI_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && code == CLI_OK; i++) {
        char *path = run_path(r, names[i]);
        code = files_remove(path);
        free(path);
    }
    return code;
}

bool run_has_checkpoint(const run *r)
{
    return has(r, "last.ckpt") || has(r, "last.ckpt.prev");
}

int run_enter(const run *r)
{
    if (!r->resume && !r->force && !files_is_empty_folder(r->folder)) {
        cli_error("'%s' is already there; --resume goes on with that run, --force starts over",
                  r->folder);
        return CLI_FAILED;
    }
    int code = files_make_folder(r->folder);
    if (code == CLI_OK)
        code = lock_folder(r);
    if (code == CLI_OK && !r->resume)
        code = clear_folder(r);
    if (code == CLI_OK && r->resume && !run_has_checkpoint(r))
        cli_note("no checkpoint in '%s' yet: starting from the beginning", r->folder);
    return code;
}

void run_leave(const run *r)
{
    char *path = run_path(r, "cache.pack");
    files_remove(path);
    free(path);
    clear_folder(r);
    rmdir(r->folder); /* Stays when someone else's files are in it. */
}

/* ---- Settings in run.json ---- */

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
        return json_is_string(value);
    }
}

int run_recall_settings(run *r)
{
    enum { LARGEST = 1 << 20 };
    if (!has(r, "run.json"))
        return CLI_OK;
    char *path = run_path(r, "run.json"), *text = NULL;
    size_t size = 0;
    int code = files_read(&text, &size, path, LARGEST);
    if (code == CLI_OK) {
        r->recorded = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        const json_t *settings = json_object_get(r->recorded, "settings");
        for (size_t i = 0; i < r->setting_count && code == CLI_OK; i++) {
            char key[32];
            setting_key(key, &r->settings[i]);
            if (!set_setting(&r->settings[i], json_object_get(settings, key))) {
                cli_error("'%s' is damaged (%s); --force starts over", path, key);
                code = CLI_BAD_INPUT;
            }
        }
    }
    free(text);
    free(path);
    return code;
}

static int check_epochs(const run *r, int32_t recorded)
{
    if (r->epochs < recorded)
        return cli_usage_error("--epochs %d is less than the %d of this run", (int)r->epochs,
                               (int)recorded);
    if (r->epochs > recorded && r->schedule != ASL_SCHEDULE_CONSTANT)
        return cli_usage_error("--epochs cannot grow: the schedule was made for %d", (int)recorded);
    return CLI_OK;
}

int run_check_settings(const run *r)
{
    const json_t *settings = json_object_get(r->recorded, "settings");
    for (size_t i = 0; settings && i < r->setting_count; i++) {
        const cli_option *option = &r->settings[i];
        char key[32];
        setting_key(key, option);
        const json_t *recorded = json_object_get(settings, key);
        json_t *now = setting_json(option);
        /* A whole real is written without its point and comes back as an integer. */
        const bool same = json_is_number(now)
                              ? json_number_value(now) == json_number_value(recorded)
                              : json_equal(now, recorded);
        json_decref(now);
        if (same)
            continue;
        if (strcmp(option->name, "epochs") != 0)
            return cli_usage_error("--%s cannot change on --resume; leave it out, or use --force "
                                   "to start over",
                                   option->name);
        const int code = check_epochs(r, (int32_t)json_integer_value(recorded));
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

/* ---- Facts in run.json ---- */

static json_t *data_json(const run *r)
{
    char fingerprint[24];
    snprintf(fingerprint, sizeof fingerprint, "%016llx",
             (unsigned long long)asl_dataset_fingerprint(r->packed));
    char *name = files_base_name(r->data_path);
    json_t *object = json_object(), *classes = json_array();
    for (int32_t i = 0; i < asl_dataset_class_count(r->packed); i++)
        json_add(classes, json_text(asl_dataset_class_name(r->packed, i)));
    json_put(object, "name", json_text(name));
    json_put(object, "fingerprint", json_text(fingerprint));
    json_put(object, "pictures", json_integer(asl_dataset_count(r->packed)));
    json_put(object, "skipped", json_integer(asl_dataset_issue_count(r->packed)));
    json_put(object, "groups", json_integer(asl_dataset_group_count(r->packed)));
    json_put(object, "classes", classes);
    free(name);
    return object;
}

static json_t *split_json(const run *r)
{
    json_t *object = json_object();
    json_put(object, "kind", json_text(r->validation ? asl_split_name(r->split_used) : "none"));
    json_put(object, "train", json_integer(asl_dataset_count(r->train)));
    json_put(object, "validation",
             json_integer(r->validation ? asl_dataset_count(r->validation) : 0));
    return object;
}

static json_t *network_json(const run *r)
{
    asl_model_info info = {.struct_size = sizeof info};
    json_t *object = json_object();
    if (asl_model_get_info(&info, r->start, NULL) < 0)
        return object;
    json_put(object, "architecture", json_text(info.architecture));
    json_put(object, "width", json_integer(info.width));
    json_put(object, "height", json_integer(info.height));
    json_put(object, "channel_order", json_text(info.channel_order));
    json_put(object, "parameters", json_integer(info.parameter_count));
    return object;
}

static json_t *result_json(const run *r)
{
    const asl_epoch_metrics *best = run_best_epoch(r);
    json_t *object = json_object();
    json_put(object, "epochs", json_integer(r->epoch_count));
    json_put(object, "best_epoch", json_integer(best->epoch));
    json_put(object, "best_train_accuracy", json_number(best->train_accuracy));
    json_put(object, "best_val_accuracy", json_number(best->val_accuracy));
    return object;
}

int run_write_facts(const run *r)
{
    json_t *document = json_document(), *settings = json_object();
    for (size_t i = 0; i < r->setting_count; i++) {
        char key[32];
        setting_key(key, &r->settings[i]);
        json_put(settings, key, setting_json(&r->settings[i]));
    }
    json_put(document, "libasl", json_text(asl_version()));
    json_put(document, "settings", settings);
    if (r->train) {
        json_put(document, "data", data_json(r));
        json_put(document, "split", split_json(r));
        json_put(document, "network", network_json(r));
    }
    if (r->epoch_count >= r->epochs)
        json_put(document, "result", result_json(r));
    char *text = json_file_text(document), *path = run_path(r, "run.json");
    const int code = files_write_text(path, text);
    free(path);
    free(text);
    return code;
}
