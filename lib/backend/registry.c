/* SPDX-License-Identifier: MIT */
/* The engines, in the order in which "auto" tries them, and how one is chosen. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/cuda_module.h"
#include "base/error.h"
#include "base/options.h"

/* The backend of an entry without one is that of the GPU module, which is opened when it is first
 * needed. */
typedef struct entry {
    const char *name, *description;
    const asl__backend *backend;
} entry;

static const entry entries[] = {
    {"cuda", "NVIDIA GPUs through cuDNN and cuBLAS", NULL},
    {"cpu", NULL, &asl__backend_cpu},
    {"reference", NULL, &asl__backend_reference},
};
enum { ENTRY_COUNT = sizeof entries / sizeof entries[0] };

/* Items of text, separated by commas and cut to their room. */
typedef struct list {
    char text[512];
    size_t length;
} list;

static void append(list *out, const char *name, const char *reason)
{
    snprintf(out->text + out->length, sizeof out->text - out->length, "%s%s%s%s",
             out->length > 0 ? ", " : "", name, reason != NULL ? ": " : "",
             reason != NULL ? reason : "");
    out->length = strlen(out->text);
}

/* The entry's backend when it can run here, or NULL and why not. */
static const asl__backend *find_runnable(const entry *e, char *reason, size_t reason_size)
{
    const asl__backend *backend = e->backend;
    if (backend == NULL)
        backend = asl__cuda_module(reason, reason_size);
    return backend != NULL && backend->probe(reason, reason_size) != 0 ? backend : NULL;
}

int32_t asl_backend_count(void)
{
    return ENTRY_COUNT;
}

asl_status asl_backend_get_info(asl_backend_info *out, int32_t index, asl_error *err)
{
    asl__error_clear(err);
    if (index < 0 || index >= ENTRY_COUNT)
        return asl__fail(err, ASL_ERR_ARG, "backend %d does not exist; there are %d, from 0", index,
                         ENTRY_COUNT);
    const entry *e = &entries[index];
    asl_backend_info info = {.name = e->name, .description = e->description};
    if (e->backend != NULL)
        info.description = e->backend->description;
    info.available = find_runnable(e, info.reason, sizeof info.reason) != NULL;
    return asl__struct_write(out, &info, sizeof info, "asl_backend_info", err);
}

/* The first that can run; the line tells what was passed over and why. */
static asl_status find_first(const asl__backend **out, char *chosen, size_t chosen_size,
                             asl_error *err)
{
    char reason[160];
    list passed = {"", 0};

    for (int32_t i = 0; i < ENTRY_COUNT; i++) {
        *out = find_runnable(&entries[i], reason, sizeof reason);
        if (*out != NULL) {
            snprintf(chosen, chosen_size, "%s (%s)", entries[i].name,
                     passed.length > 0 ? passed.text : reason);
            return ASL_OK;
        }
        append(&passed, entries[i].name, reason);
    }
    return asl__fail(err, ASL_ERR_BACKEND, "no backend can run here (%s)", passed.text);
}

static asl_status find_named(const asl__backend **out, char *chosen, size_t chosen_size,
                             const char *name, asl_error *err)
{
    char reason[160];
    list known = {"", 0};
    const entry *e = NULL;

    for (int32_t i = 0; i < ENTRY_COUNT; i++) {
        append(&known, entries[i].name, NULL);
        if (strcmp(name, entries[i].name) == 0)
            e = &entries[i];
    }
    if (e == NULL)
        return asl__fail(err, ASL_ERR_BACKEND, "unknown backend '%.40s'; use auto, %s", name,
                         known.text);
    *out = find_runnable(e, reason, sizeof reason);
    if (*out == NULL)
        return asl__fail(err, ASL_ERR_BACKEND, "backend '%s' cannot run here: %s", name, reason);
    snprintf(chosen, chosen_size, "%s (as asked)", name);
    return ASL_OK;
}

asl_status asl__backend_find(const asl__backend **out, char *chosen, size_t chosen_size,
                             const char *name, asl_error *err)
{
    *out = NULL;
    if (name == NULL || strcmp(name, "auto") == 0)
        return find_first(out, chosen, chosen_size, err);
    return find_named(out, chosen, chosen_size, name, err);
}

const char *asl__backend_add_detail(char *chosen, size_t chosen_size, const asl__backend *backend,
                                    const asl__plan *plan)
{
    const char *detail = backend->plan_detail != NULL ? backend->plan_detail(plan) : NULL;
    const char *precision = backend->plan_precision(plan);
    const bool plain = strcmp(precision, "fp32") == 0;
    const size_t name = strlen(backend->name);
    char rest[200];

    snprintf(rest, sizeof rest, "%s", chosen + name);
    snprintf(chosen + name, chosen_size - name, "%s%s%s%s%s", detail ? " " : "",
             detail ? detail : "", plain ? "" : " ", plain ? "" : precision, rest);
    return detail;
}
