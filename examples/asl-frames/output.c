/* SPDX-License-Identifier: MIT */
/* See output.h. */
#include "output.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asl/base.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/json.h"

/* How a folder was made; also the mark of a folder that --force may clear. */
#define RECIPE "frames.json"
#define TABLE  "data.csv"

/* Call `act` for each entry of a folder that is not hidden. */
static int for_entries(const char *folder, int (*act)(const char *path))
{
    int code = CLI_OK;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && code == CLI_OK && (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = files_join(folder, entry->d_name);
        code = act(path);
        free(path);
    }
    if (listing)
        closedir(listing);
    return code;
}

static int remove_picture(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".jpg") == 0 ? files_remove(path) : CLI_OK;
}

/* Frames of an earlier run must not stay among the new ones, nor their classes. */
static int remove_class(const char *path)
{
    if (!files_is_folder(path))
        return CLI_OK;
    const int code = for_entries(path, remove_picture);
    rmdir(path); /* what else it holds is the user's */
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
    if (code == CLI_OK && s->contact)
        code = files_check_output(s->contact, s->force);
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
    json_put(document, "program", json_text("asl-frames"));
    json_put(document, "version", json_text(asl_version()));
    json_put(document, "count", json_integer(s->count));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "signers", json_integer(s->signers));
    json_put(document, "empty", json_number(s->empty));
    json_put(document, "photo_share", json_number(s->photos));
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
    return code == CLI_OK ? for_entries(s->out, remove_class) : code;
}

/* Tenths, without the decimal point of the locale. */
static void print_tenths(FILE *out, float value)
{
    const long tenths = lrintf(value * 10.0f);
    fprintf(out, ",%s%ld.%ld", tenths < 0 ? "-" : "", labs(tenths) / 10, labs(tenths) % 10);
}

static void print_frames(FILE *out, const struct frame *frames, const struct settings *s)
{
    fprintf(out, "image_path,target,group,x,y,width,height\n");
    for (int64_t i = 0; i < s->count; i++) {
        const struct frame *f = &frames[i];
        const float left = s->plain ? (float)f->seen.x : 0.0f;
        const float top = s->plain ? (float)f->seen.y : 0.0f;
        char *name = produce_name(f, i), place[PLACE_NAME];
        place_name(place, &f->place);
        fprintf(out, "%s,%s,s%03d", name, place, f->signer);
        if (f->place.known) {
            print_tenths(out, f->hand.left - left);
            print_tenths(out, f->hand.top - top);
            print_tenths(out, f->hand.width);
            print_tenths(out, f->hand.height);
            fprintf(out, "\n");
        } else {
            fprintf(out, ",,,,\n");
        }
        free(name);
    }
}

int output_finish(const struct frame *frames, const struct settings *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    print_frames(out, frames, s);
    int code = CLI_FAILED;
    if (fclose(out) == 0)
        code = write_in(s, TABLE, text);
    else
        cli_error("out of memory");
    free(text);
    return code;
}
