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

static int check_outputs(const struct settings *s)
{
    int code = files_check_folder(s->out, RECIPE);
    if (code == CLI_OK && !files_is_empty_folder(s->out))
        code = files_check_output(s->out, s->force);
    if (code == CLI_OK && s->landmarks)
        code = files_check_output(s->landmarks, s->force);
    if (code == CLI_OK && s->sheet)
        code = files_check_output(s->sheet, s->force);
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
    const int code = files_write_in(s->out, RECIPE, text);
    free(text);
    return code;
}

int output_start(const struct settings *s)
{
    int code = check_outputs(s);
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
            code = files_remove_ending(folder, ".jpg");
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

static void print_classes(FILE *out, const struct settings *s)
{
    (void)s;
    for (int i = 0; i < POSE_CLASSES; i++)
        fprintf(out, "%s\n", pose_class_name[i]);
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
            files_print_tenths(out, row[k].x);
            files_print_tenths(out, row[k].y);
            fprintf(out, ",%d", row[k].visible);
        }
        fprintf(out, "\n");
        free(name);
    }
}

static int write_landmarks(const struct landmark *landmarks, const struct settings *s)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    print_landmarks(text.to, landmarks, s);
    return files_text_save(&text, "", s->landmarks);
}

static int write_table(const struct settings *s, const char *name,
                       void (*print)(FILE *out, const struct settings *s))
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    print(text.to, s);
    return files_text_save(&text, s->out, name);
}

int output_finish(const struct landmark *landmarks, const struct settings *s)
{
    int code = landmarks ? write_landmarks(landmarks, s) : CLI_OK;
    if (code == CLI_OK)
        code = write_table(s, "classes.txt", print_classes);
    if (code == CLI_OK)
        code = write_table(s, TABLE, print_samples);
    return code;
}
