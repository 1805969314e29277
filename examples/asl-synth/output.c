/* SPDX-License-Identifier: MIT */
/* Folders and tables of the data set. */
#include "output.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asl/base.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/json.h"
#include "hand/poses.h"

/* How a folder was made; also the mark of a folder that --force may clear. */
#define RECIPE "synth.json"
#define TABLE  "data.csv"

/* ---- The folder ---- */

/* Pictures of an earlier run must not stay among the new ones. */
static int remove_pictures(const char *folder)
{
    int code = CLI_OK;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && code == CLI_OK && (entry = readdir(listing));) {
        const size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 4, ".jpg") != 0)
            continue;
        char *path = files_join(folder, entry->d_name);
        code = files_remove(path);
        free(path);
    }
    if (listing)
        closedir(listing);
    return code;
}

static int check_folder(const struct settings *s)
{
    char *recipe = files_join(s->out, RECIPE);
    int code = CLI_OK;
    if (files_exists(s->out) && !files_is_folder(s->out)) {
        cli_error("'%s' is a file; choose another name for the folder", s->out);
        code = CLI_FAILED;
    } else if (!files_is_empty_folder(s->out) && !files_exists(recipe)) {
        cli_error("'%s' holds something else; choose a new folder", s->out);
        code = CLI_FAILED;
    } else if (!files_is_empty_folder(s->out)) {
        code = files_check_output(s->out, s->force);
    }
    free(recipe);
    if (code == CLI_OK && s->landmarks)
        code = files_check_output(s->landmarks, s->force);
    if (code == CLI_OK && s->sheet)
        code = files_check_output(s->sheet, s->force);
    return code;
}

static int write_in(const struct settings *s, const char *name, const char *text)
{
    char *path = files_join(s->out, name);
    const int code = files_write_text(path, text);
    free(path);
    return code;
}

static int write_recipe(const struct settings *s)
{
    json_t *document = json_document();
    json_put(document, "program", json_text("asl-synth"));
    json_put(document, "version", json_text(asl_version()));
    json_put(document, "per_class", json_integer(s->per_class));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "signers", json_integer(s->signers));
    json_put(document, "variety", json_number(s->variety));
    json_put(document, "seed", json_integer((json_int_t)s->seed));
    char *text = json_file_text(document);
    const int code = write_in(s, RECIPE, text);
    free(text);
    return code;
}

int output_start(const struct settings *s)
{
    int code = check_folder(s);
    if (code == CLI_OK)
        code = files_make_folder(s->out);
    if (code == CLI_OK)
        code = write_recipe(s);
    if (code == CLI_OK) {
        char *table = files_join(s->out, TABLE);
        code = files_remove(table);
        free(table);
    }
    for (int i = 0; i < POSE_CLASSES && code == CLI_OK; i++) {
        char *folder = files_join(s->out, pose_class_name[i]);
        code = files_make_folder(folder);
        if (code == CLI_OK)
            code = remove_pictures(folder);
        free(folder);
    }
    return code;
}

/* ---- Tables ---- */

static void print_samples(FILE *out, const struct settings *s)
{
    fprintf(out, "image_path,target,group\n");
    for (int64_t i = 0; i < (int64_t)POSE_CLASSES * s->per_class; i++) {
        char *name = produce_name(s, i);
        fprintf(out, "%s,%s,s%02d\n", name, pose_class_name[i / s->per_class],
                produce_signer(s, i));
        free(name);
    }
}

static void print_classes(FILE *out)
{
    for (int i = 0; i < POSE_CLASSES; i++)
        fprintf(out, "%s\n", pose_class_name[i]);
}

/* Pixels in tenths, without the decimal point of the locale. */
static void print_tenths(FILE *out, float value)
{
    const long tenths = lrintf(value * 10.0f);
    fprintf(out, ",%s%ld.%ld", tenths < 0 ? "-" : "", labs(tenths) / 10, labs(tenths) % 10);
}

/* A row for each picture that shows a hand. */
static void print_landmarks(FILE *out, const struct landmark *landmarks, const struct settings *s)
{
    fprintf(out, "image_path");
    for (int k = 0; k < HAND_JOINTS; k++)
        fprintf(out, ",x%d,y%d,v%d", k, k, k);
    fprintf(out, "\n");
    for (int64_t i = 0; i < (int64_t)POSE_CLASSES * s->per_class; i++) {
        const struct landmark *row = landmarks + i * HAND_JOINTS;
        if (!row->known)
            continue;
        char *name = produce_name(s, i);
        fprintf(out, "%s", name);
        for (int k = 0; k < HAND_JOINTS; k++) {
            print_tenths(out, row[k].x);
            print_tenths(out, row[k].y);
            fprintf(out, ",%d", row[k].visible);
        }
        fprintf(out, "\n");
        free(name);
    }
}

/* Write what `stream` collected in `text`. */
static int close_into(FILE *stream, char **text, const char *path)
{
    int code = CLI_FAILED;
    if (fclose(stream) == 0)
        code = files_write_text(path, *text);
    else
        cli_error("out of memory");
    free(*text);
    return code;
}

static FILE *open_text(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);
    if (!stream)
        cli_error("out of memory");
    return stream;
}

static int write_landmarks(const struct landmark *landmarks, const struct settings *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_text(&text, &size);
    if (!out)
        return CLI_FAILED;
    print_landmarks(out, landmarks, s);
    return close_into(out, &text, s->landmarks);
}

static int write_table(const struct settings *s, const char *name, bool samples)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_text(&text, &size);
    if (!out)
        return CLI_FAILED;
    if (samples)
        print_samples(out, s);
    else
        print_classes(out);
    char *path = files_join(s->out, name);
    const int code = close_into(out, &text, path);
    free(path);
    return code;
}

int output_finish(const struct landmark *landmarks, const struct settings *s)
{
    int code = landmarks ? write_landmarks(landmarks, s) : CLI_OK;
    if (code == CLI_OK)
        code = write_table(s, "classes.txt", false);
    if (code == CLI_OK)
        code = write_table(s, TABLE, true);
    return code;
}
