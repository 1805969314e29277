/* SPDX-License-Identifier: MIT */
/* asl-synth: our own labelled pictures of signing hands, so that nothing need be downloaded. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/json.h"
#include "common/progress.h"
#include "output.h"
#include "hand/poses.h"
#include "produce.h"

static void print_result(const struct settings *s, double seconds)
{
    const int64_t count = (int64_t)POSE_CLASSES * s->per_class;
    const long long signers = s->signers > 0 ? s->signers : count;

    if (!s->json) {
        printf("%s: %lld pictures of %d classes by %lld signers at %dx%d (%.0f pictures/s)\n",
               s->out, (long long)count, POSE_CLASSES, signers, (int)s->size, (int)s->size,
               (double)count / seconds);
        return;
    }
    json_t *document = json_document();
    json_put(document, "out", json_text(s->out));
    json_put(document, "n", json_integer(count));
    json_put(document, "classes", json_integer(POSE_CLASSES));
    json_put(document, "signers", json_integer(signers));
    json_put(document, "size", json_integer(s->size));
    json_put(document, "seconds", json_number(seconds));
    json_print(document);
}

static int make_data_set(const struct settings *s)
{
    const int64_t count = (int64_t)POSE_CLASSES * s->per_class;
    const double start = progress_clock();
    struct landmark *landmarks = NULL;
    struct sheet *sheet = NULL;

    int code = output_start(s);
    if (code != CLI_OK)
        return code;
    if (s->landmarks)
        landmarks = cli_alloc((size_t)count * HAND_JOINTS, sizeof *landmarks);
    if (s->sheet)
        sheet = sheet_create(s->per_class);
    code = produce_pictures(landmarks, sheet, s);
    if (code == CLI_OK && sheet)
        code = sheet_write(sheet, s->sheet);
    if (code == CLI_OK)
        code = output_finish(landmarks, s);
    if (code == CLI_OK)
        print_result(s, progress_clock() - start);
    sheet_free(sheet);
    free(landmarks);
    return code;
}

int main(int argc, char **argv)
{
    struct settings s = {.per_class = 100, .size = 224, .signers = 8, .variety = 1};
    int32_t progress = PROGRESS_AUTO;
    const cli_option options[] = {
        CLI_INT('n', "per-class", "N", &s.per_class, 1, 9999, "pictures of each class"),
        CLI_INT('s', "size", "N", &s.size, 16, 2048, "pictures of N x N pixels"),
        CLI_INT(0, "signers", "N", &s.signers, 0, 1000,
                "signers to invent; 0: another one for each picture"),
        CLI_REAL(0, "variety", "X", &s.variety, 0, 1,
                 "how people sign: from 0, by the book, to 1, as in life"),
        CLI_SEED(&s.seed),
        CLI_TEXT(0, "landmarks", "FILE", &s.landmarks,
                 "write where the 21 joints of each hand are, in pixels (.csv)"),
        CLI_TEXT(0, "sheet", "FILE", &s.sheet,
                 "draw a contact sheet with a few pictures of every class (.png)"),
        CLI_THREADS(&s.threads),
        CLI_FORCE(&s.force),
        CLI_JSON(&s.json),
        CLI_PROGRESS(&progress),
        CLI_QUIET(&s.quiet),
    };
    const cli_program program = {
        .name = "asl-synth",
        .arguments = "OUT",
        .summary = "Draw a labelled data set of hands that spell: the letters A to Z, del, nothing "
                   "and space, signed by invented people in invented rooms.",
        .details =
            "OUT becomes a folder with CLASS/sNN_NNNN.jpg (signer and number), data.csv\n"
            "(image_path, target and, as the group, the signer), classes.txt and synth.json\n"
            "(how it was made). The same seed, size and numbers give the same files for\n"
            "any number of threads.\n"
            "\n"
            "Joints are numbered as MediaPipe numbers them: the wrist is 0, then four for\n"
            "each finger from the thumb; v is 1 where the joint can be seen. Pictures\n"
            "without a hand have no row.\n",
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
    return cli_finish(make_data_set(&s));
}
