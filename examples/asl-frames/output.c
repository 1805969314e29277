/* SPDX-License-Identifier: MIT */
/* See output.h. */
#include "output.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asl/base.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/json.h"

/* How a folder was made; also the mark of a folder that --force may clear. */
#define RECIPE "frames.json"
#define TABLE  "data.csv"

static int check_outputs(const struct settings *s)
{
    int code = files_check_folder(s->out, RECIPE);
    if (code == CLI_OK && !files_is_empty_folder(s->out))
        code = files_check_output(s->out, s->force);
    if (code == CLI_OK && s->contact)
        code = files_check_output(s->contact, s->force);
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
    const int code = files_write_in(s->out, RECIPE, text);
    free(text);
    return code;
}

/* The classes of an earlier run go with their frames: others may come this time. */
static int remove_classes(const char *folder)
{
    int code = CLI_OK;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && code == CLI_OK && (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = files_join(folder, entry->d_name);
        code = files_remove_ending(path, ".jpg");
        rmdir(path); /* what else it holds is the user's */
        free(path);
    }
    if (listing)
        closedir(listing);
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
    return code == CLI_OK ? remove_classes(s->out) : code;
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
            files_print_tenths(out, f->hand.left - left);
            files_print_tenths(out, f->hand.top - top);
            files_print_tenths(out, f->hand.width);
            files_print_tenths(out, f->hand.height);
            fprintf(out, "\n");
        } else {
            fprintf(out, ",,,,\n");
        }
        free(name);
    }
}

int output_finish(const struct frame *frames, const struct settings *s)
{
    files_text text;
    if (files_text_start(&text) != CLI_OK)
        return CLI_FAILED;
    print_frames(text.to, frames, s);
    return files_text_save(&text, s->out, TABLE);
}
