/* SPDX-License-Identifier: MIT */
/* Reading a folder with one subfolder per class, as the ASL Alphabet archive unpacks. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dataset/csv.h"
#include "dataset/source.h"

static const char manifest_name[] = "data.csv";

static bool has_picture_ending(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (asl__has_ending(name, endings[i]))
            return true;
    }
    return false;
}

/* What cannot be opened is no folder; only trouble of the system is a failure. */
static asl_status is_folder(bool *out, const asl__folder *folder, const char *path, asl_error *err)
{
    asl_error why = ASL_ERROR_INIT;
    asl__entry_kind kind = ASL__ENTRY_OTHER;
    const asl_status status = asl__folder_look(&kind, folder, path, &why);

    *out = status == ASL_OK && kind == ASL__ENTRY_FOLDER;
    if (status == ASL_OK || asl__is_issue(status))
        return ASL_OK;
    asl__error_copy(err, &why);
    return status;
}

/* Whether a folder holds class folders or a manifest. */
static asl_status holds_classes(bool *out, const asl__folder *folder, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__names names = {0};

    *out = false;
    ASL__TRY(asl__folder_list(&names, folder, ".", false, err));
    for (int64_t i = 0; i < names.count && !*out; i++) {
        if (strcmp(names.items[i], manifest_name) == 0)
            *out = true;
        else
            ASL__TRY(is_folder(out, folder, names.items[i], err));
    }
fail:
    asl__names_free(&names);
    return status;
}

/* The subfolder that may wrap all class folders: the only one, or else the one that is called like
 * the folder itself, as "asl_alphabet_train/asl_alphabet_train". NULL when there is none. */
static asl_status find_wrapper(const char **out, const asl__folder *folder, const asl__names *names,
                               asl_error *err)
{
    const char *own = strrchr(folder->path, '/') + 1;
    const char *only = NULL, *same = NULL;
    asl_status status = ASL_OK;
    int64_t folders = 0;

    for (int64_t i = 0; i < names->count; i++) {
        bool yes = false;

        ASL__TRY(is_folder(&yes, folder, names->items[i], err));
        folders += yes;
        if (yes)
            only = names->items[i];
        if (yes && strcmp(names->items[i], own) == 0)
            same = names->items[i];
    }
    *out = folders == 1 ? only : same;
fail:
    return status;
}

/* Replaces the folder by a wrapped one, if that is where the classes are. */
static asl_status look_through(asl__folder *folder, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__folder inner = ASL__FOLDER_NONE;
    asl__names names = {0};
    const char *wrapper = NULL;
    bool yes = false;

    ASL__TRY(asl__folder_list(&names, folder, ".", false, err));
    for (int64_t i = 0; i < names.count; i++) {
        if (strcmp(names.items[i], manifest_name) == 0)
            goto fail; /* nothing wrapped: the manifest is here */
    }
    ASL__TRY(find_wrapper(&wrapper, folder, &names, err));
    if (wrapper == NULL)
        goto fail;
    ASL__TRY(asl__folder_enter(&inner, folder, wrapper, err));
    ASL__TRY(holds_classes(&yes, &inner, err));
    if (yes) {
        asl__folder_close(folder);
        *folder = inner;
        inner = ASL__FOLDER_NONE;
    }
fail:
    asl__folder_close(&inner);
    asl__names_free(&names);
    return status;
}

/* One entry of a class folder. */
static asl_status scan_entry(asl__source *source, const char *class, const char *name,
                             asl_error *err)
{
    asl_error why = ASL_ERROR_INIT;
    char path[PATH_MAX];
    const char *kept = NULL;
    bool yes = false;
    asl_status status = ASL_OK;

    snprintf(path, sizeof path, "%s/%s", class, name);
    if (has_picture_ending(name)) {
        kept = asl__source_text(source, path);
        if (kept == NULL)
            return asl__fail_memory(err, "a file name");
        return asl__source_probe(source, kept, source->class_count - 1, -1, err);
    }
    ASL__TRY(is_folder(&yes, &source->folder, path, err));
    if (yes) {
        asl__fail(&why, ASL_ERR_PATH,
                  "'%s' is a folder inside a class folder; pictures in it are not read", path);
        return asl__source_add_issue(source, path, &why, err);
    }
fail:
    return status;
}

static asl_status scan_class(asl__source *source, const char *name, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__names names = {0};

    if (!asl__is_class_name(name))
        return asl__fail(err, ASL_ERR_DATASET,
                         "the class folder '%s' needs another name: at most %d bytes of UTF-8 "
                         "without ','",
                         name, ASL__MAX_CLASS_NAME);
    if (source->class_count == ASL__MAX_CLASSES)
        return asl__fail(err, ASL_ERR_LIMIT, "more than %d class folders", ASL__MAX_CLASSES);
    source->classes[source->class_count] = asl__source_text(source, name);
    if (source->classes[source->class_count] == NULL)
        return asl__fail_memory(err, "a class name");
    source->class_count++;
    ASL__TRY(asl__folder_list(&names, &source->folder, name, true, err));
    for (int64_t i = 0; i < names.count; i++)
        ASL__TRY(scan_entry(source, name, names.items[i], err));
fail:
    asl__names_free(&names);
    return status;
}

/* One entry of the data set's folder: class folders are scanned, ordinary files are left alone.
 * What cannot be opened might be a class, and is not passed over. */
static asl_status scan_top(asl__source *source, const char *name, asl_error *err)
{
    asl_error why = ASL_ERROR_INIT;
    asl__entry_kind kind = ASL__ENTRY_OTHER;
    asl_status status = asl__folder_look(&kind, &source->folder, name, &why);

    if (status == ASL_OK && kind == ASL__ENTRY_FOLDER)
        return scan_class(source, name, err);
    if (status == ASL_OK && kind == ASL__ENTRY_FILE)
        return ASL_OK;
    if (status == ASL_OK)
        status =
            asl__fail(&why, ASL_ERR_PATH, "'%s' is a device, socket or pipe, not a folder", name);
    if (asl__is_issue(status) && status != ASL_ERR_IO)
        return asl__source_add_issue(source, name, &why, err);
    asl__error_copy(err, &why);
    return status;
}

static asl_status scan_classes(asl__source *source, const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__names names = {0};

    ASL__TRY(asl__folder_list(&names, &source->folder, ".", false, err));
    source->classes =
        asl__alloc_array((size_t)(names.count < ASL__MAX_CLASSES ? names.count : ASL__MAX_CLASSES),
                         sizeof *source->classes);
    if (source->classes == NULL) {
        status = asl__fail_memory(err, "class names");
        goto fail;
    }
    for (int64_t i = 0; i < names.count; i++)
        ASL__TRY(scan_top(source, names.items[i], err));
    status = asl__source_check(source, path, err);
fail:
    asl__names_free(&names);
    return status;
}

asl_status asl__source_from_folder(asl__source *source, const char *path, asl_error *err)
{
    asl_error why = ASL_ERROR_INIT;
    asl_status status = ASL_OK;
    void *data = NULL;
    size_t size = 0;

    ASL__TRY(asl__folder_open(&source->folder, path, err));
    ASL__TRY(look_through(&source->folder, err));
    status =
        asl__folder_read(&data, &size, &source->folder, manifest_name, ASL__MAX_CSV_BYTES, &why);
    if (status == ASL_ERR_NOT_FOUND)
        return scan_classes(source, path, err);
    if (status < 0)
        asl__error_copy(err, &why);
    else
        status = asl__source_from_manifest(source, data, size, manifest_name, err);
fail:
    asl__free(data);
    return status;
}
