/* SPDX-License-Identifier: MIT */
/* asl-frames: pictures to train a hand finder on, one class for every place a hand may be in. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/json.h"
#include "common/progress.h"
#include "output.h"

static void print_result(const struct settings *s, const struct album *album, double seconds)
{
    if (!s->json) {
        printf("%s: %d frames of %dx%d with %d signers and %d photographs (%.0f frames/s)\n",
               s->out, (int)s->count, (int)s->size, (int)s->size, (int)s->signers, album->count,
               (double)s->count / seconds);
        return;
    }
    json_t *document = json_document();
    json_put(document, "out", json_text(s->out));
    json_put(document, "n", json_integer(s->count));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "signers", json_integer(s->signers));
    json_put(document, "photographs", json_integer(album->count));
    json_put(document, "seconds", json_number(seconds));
    json_print(document);
}

static int make_frames(const struct settings *s, const cli_list *tables)
{
    const double start = progress_clock();
    struct album album = {0};
    int code = CLI_OK;

    for (int i = 0; i < tables->count && code == CLI_OK; i++)
        code = album_add(&album, tables->items[i]);
    album_sort(&album);
    struct frame *frames = cli_alloc((size_t)s->count, sizeof *frames);
    if (code == CLI_OK)
        code = output_start(s);
    if (code == CLI_OK)
        code = produce_frames(frames, s, &album);
    if (code == CLI_OK)
        code = output_finish(frames, s);
    if (code == CLI_OK)
        print_result(s, &album, progress_clock() - start);
    free(frames);
    album_free(&album);
    return code;
}

int main(int argc, char **argv)
{
    struct settings s = {.count = 10000, .size = 96, .signers = 200, .empty = 0.2, .photos = 0.5};
    int32_t progress = PROGRESS_AUTO;
    cli_list tables = {0};
    const cli_option options[] = {
        CLI_INT('n', "count", "N", &s.count, 1, 10000000, "frames"),
        CLI_INT('s', "size", "N", &s.size, 16, 2048, "pictures of N x N pixels"),
        CLI_INT(0, "signers", "N", &s.signers, 1, 10000, "signers to invent"),
        CLI_REAL(0, "empty", "X", &s.empty, 0, 1, "share of the frames that show no hand"),
        CLI_LIST(
            0, "photos", "FILE", &tables,
            "also photographs: a table with the columns image_path, cx, cy, w and h, which are "
            "the hand's box in parts of the picture, or empty where there is none; may be "
            "given several times (.csv)"),
        CLI_REAL(0, "photo-share", "X", &s.photos, 0, 1,
                 "share of the hands that are photographs, if there are any"),
        CLI_FLAG(0, "plain", &s.plain,
                 "write frames as a camera gives them, without the grey border that makes them "
                 "square: to measure on"),
        CLI_SEED(&s.seed),
        CLI_TEXT(0, "contact", "FILE", &s.contact,
                 "show the first frames on one page, with boxes around the hands (.png)"),
        CLI_THREADS(&s.threads),
        CLI_FORCE(&s.force),
        CLI_JSON(&s.json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&s.quiet),
    };
    const cli_program program = {
        .name = "asl-frames",
        .arguments = "OUT",
        .summary = "Draw pictures to train a hand finder on: hands of all sizes, anywhere in "
                   "pictures with people, rooms and things, and pictures without.",
        .details =
            "OUT becomes a folder with CLASS/sNNN_NNNNNN.jpg (signer and number), data.csv\n"
            "(image_path, target, group and the hand's box in pixels: x, y, width, height)\n"
            "and frames.json (how it was made). Classes are places, such as x062y188s304\n"
            "for a hand around 6.2 % and 18.8 % of the picture that fills 30.4 % of it, and\n"
            "none. The same seed, numbers and photographs give the same files for any\n"
            "number of threads.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .min_arguments = 1,
        .max_arguments = 1,
    };
    char **arguments;

    cli_parse(&program, argc, argv, &arguments);
    s.out = arguments[0];
    cli_set_quiet(s.quiet);
    progress_mode(s.quiet ? PROGRESS_NEVER : progress);
    cli_catch_interrupt(NULL, NULL);
    return cli_finish(make_frames(&s, &tables));
}
