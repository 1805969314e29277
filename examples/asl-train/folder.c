/* SPDX-License-Identifier: MIT */
/* The run's folder: entering, locking, and run.json. See train.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/files.h"
#include "common/json.h"
#include "train.h"

char *run_path(const run *r, const char *name)
{
    return files_join(r->folder, name);
}

bool run_has(const run *r, const char *name)
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
                                        "init.safetensors", "accuracy.png",   "loss.png"};
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
    return run_has(r, "last.ckpt") || run_has(r, "last.ckpt.prev");
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
    run_remove_packed(r);
    clear_folder(r);
    rmdir(r->folder); /* Stays when someone else's files are in it. */
}

/* ---- Facts in run.json ---- */

static json_t *sources_json(const run *r)
{
    json_t *list = json_array();
    int64_t *pictures = count_by_source(r->packed);
    for (int32_t i = 0; i < asl_dataset_source_count(r->packed); i++) {
        json_t *object = json_object();
        json_put(object, "name", json_text(asl_dataset_source_name(r->packed, i)));
        json_put(object, "weight", json_number(asl_dataset_source_weight(r->packed, i)));
        json_put(object, "pictures", json_integer(pictures[i]));
        json_add(list, object);
    }
    free(pictures);
    return list;
}

static json_t *data_json(const run *r)
{
    char fingerprint[24];
    snprintf(fingerprint, sizeof fingerprint, "%016llx",
             (unsigned long long)asl_dataset_fingerprint(r->packed));
    json_t *object = json_object(), *classes = json_array();
    for (int32_t i = 0; i < asl_dataset_class_count(r->packed); i++)
        json_add(classes, json_text(asl_dataset_class_name(r->packed, i)));
    if (r->sources)
        json_put(object, "sources", sources_json(r));
    else
        json_put(object, "name", json_text(r->train_parts.items[0].name));
    json_put(object, "fingerprint", json_text(fingerprint));
    json_put(object, "pictures", json_integer(asl_dataset_count(r->packed)));
    json_put(object, "skipped", json_integer(asl_dataset_issue_count(r->packed)));
    json_put(object, "groups", json_integer(asl_dataset_group_count(r->packed)));
    json_put(object, "classes", classes);
    return object;
}

/* A resumed run that was not told its pictures again knows less about them than it did. */
static json_t *known_data(const run *r)
{
    const json_t *recorded = json_object_get(r->recorded, "data");
    for (int32_t i = 0; i < r->train_parts.count; i++)
        if (!r->train_parts.items[i].path && recorded)
            return json_deep_copy(recorded);
    return data_json(r);
}

static json_t *split_json(const run *r)
{
    json_t *object = json_object();
    json_put(object, "kind", json_text(run_split_name(r)));
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
    if (run_source_count(r) > 0) {
        json_put(object, "best_val_source_accuracy", json_number(best->val_source_accuracy));
        json_put(object, "sources", run_sources_json(r));
    }
    return object;
}

int run_write_facts(const run *r)
{
    json_t *document = json_document();
    json_put(document, "libasl", json_text(asl_version()));
    json_put(document, "settings", run_settings_json(r));
    if (r->train) {
        json_put(document, "data", known_data(r));
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
