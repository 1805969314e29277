/* SPDX-License-Identifier: MIT */
/* live_sinks SINK ARGUMENTS: drives one sink of the live programs for the scripts beside this file.
 *
 *   record PATH WIDTH HEIGHT FRAMES SLEEP-MS    pictures at irregular times
 *   text TARGET                                 edits from standard input, see edit()
 *   speech                                      the same
 *   window [WIDTH HEIGHT]                       see sinks_window.c
 *   events                                      one line of each kind */
#include "sinks.h"

#include <math.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "live/events.h"
#include "live/record.h"
#include "live/speech.h"
#include "live/text_out.h"

int sinks_fail(const struct live_error *error)
{
    cli_error("%s", error->message);
    return error->code;
}

static void sleep_ms(int milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* ---- Recording ---- */

/* 20 ms and 50 ms in turn, and a second without a picture after the tenth. */
static int64_t time_of(int frame)
{
    return 7000000000 + (int64_t)(frame / 2) * 70000000 + frame % 2 * 20000000 +
           (frame > 10 ? 1000000000 : 0);
}

/* Left half red, right half blue, and a bar that moves down; some noise to fill a disk with. */
static void paint(uint8_t *pixels, int width, int height, int frame)
{
    uint32_t noise = (uint32_t)frame * 2654435761U + 1;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            uint8_t *p = pixels + 4 * ((size_t)y * (size_t)width + (size_t)x);
            noise = noise * 1664525U + 1013904223U;
            const uint8_t grain = (uint8_t)(noise >> 28);
            p[0] = x < width / 2 ? grain : 200;
            p[1] = y / 8 == frame % (height / 8) ? 200 : grain;
            p[2] = x < width / 2 ? 200 : grain;
            p[3] = 255;
        }
    }
}

static int record(int argc, char **argv)
{
    if (argc != 5)
        return cli_usage_error("record PATH WIDTH HEIGHT FRAMES SLEEP-MS");
    const int width = atoi(argv[1]), height = atoi(argv[2]), frames = atoi(argv[3]);
    uint8_t *pixels = cli_alloc((size_t)width * (size_t)height, 4);
    const asl_image_view picture = {.pixels = pixels,
                                    .width = width,
                                    .height = height,
                                    .stride = (int64_t)width * 4,
                                    .format = ASL_FORMAT_BGRA32};
    struct live_error error = {0};
    live_record *out = NULL;
    bool ok = live_record_open(&out, argv[0], width, height, &error);
    if (ok)
        printf("codec %s\n", live_record_codec(out));
    for (int i = 0; i < frames && ok && !cli_interrupted(); i++) {
        paint(pixels, width, height, i);
        ok = live_record_frame(out, &picture, time_of(i), &error);
        printf("frame %d\n", i);
        cli_flush();
        sleep_ms(atoi(argv[4]));
    }
    if (out)
        printf("seconds %.3f\n", live_record_seconds(out));
    /* A failure is told once: closing has nothing to add. */
    struct live_error second = {0};
    const bool closed = live_record_close(out, &second);
    free(pixels);
    if (!ok && second.message[0])
        cli_error("told twice: %s", second.message);
    return !ok ? sinks_fail(&error) : !closed ? sinks_fail(&second) : CLI_OK;
}

/* ---- Text and speech ---- */

/* "+TEXT" appends, "-N" deletes, "p" pauses, "g" goes on, "." polls, "sN" sleeps N ms, "?" asks
 * for the status. */
static bool edit(live_text *text, const char *line, struct live_error *error)
{
    switch (line[0]) {
    case '+':
        return live_text_append(text, line + 1, error);
    case '-':
        return live_text_delete(text, atoi(line + 1), error);
    case '.':
        return live_text_poll(text, error);
    case 'p':
    case 'g':
        live_text_pause(text, line[0] == 'p');
        return true;
    case 's':
        sleep_ms(atoi(line + 1));
        return true;
    default:
        fprintf(stderr, "status: %s\n", live_text_status(text) ? live_text_status(text) : "none");
        return true;
    }
}

static bool next_line(char *line, int size)
{
    errno = 0;
    while (!fgets(line, size, stdin)) { /* a signal that is caught ends the wait, not the input */
        if (errno != EINTR)
            return false;
        errno = 0;
        clearerr(stdin);
    }
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static int text(int argc, char **argv)
{
    static char line[1 << 17];
    struct live_error error = {0};
    live_text *out = NULL;
    if (argc != 1)
        return cli_usage_error("text TARGET");
    bool ok = live_text_open(&out, argv[0], &error);
    while (ok && next_line(line, sizeof line))
        ok = edit(out, line, &error);
    struct live_error second = {0};
    const bool closed = live_text_close(out, &second);
    if (!ok && !closed)
        cli_error("told twice: %s", second.message);
    return !ok ? sinks_fail(&error) : !closed ? sinks_fail(&second) : CLI_OK;
}

/* "+LABEL" speaks a letter, "=WORD" a word, the rest as edit(). */
static int speech(void)
{
    char line[4096];
    struct live_error error = {0};
    live_speech *out = NULL;
    bool ok = live_speech_open(&out, &error);
    if (ok && !live_speech_is_paused(out))
        cli_error("speech did not start paused");
    while (ok && next_line(line, sizeof line)) {
        if (line[0] == '+')
            live_speech_letter(out, line + 1);
        else if (line[0] == '=')
            live_speech_word(out, line + 1);
        else if (line[0] == 's')
            sleep_ms(atoi(line + 1));
        else if (line[0] == '.')
            ok = live_speech_poll(out, &error);
        else
            live_speech_pause(out, line[0] == 'p');
    }
    live_speech_close(out);
    return ok ? CLI_OK : sinks_fail(&error);
}

/* ---- Events ---- */

/* "A" held for two seconds, then no hand. */
static bool spell(const struct live_events *events, asl_speller *speller)
{
    bool ok = true;
    for (int frame = 0; frame < 120 && ok; frame++) {
        const float sure[2][3] = {{0.98F, 0.01F, 0.01F}, {0.01F, 0.01F, 0.98F}};
        if (asl_speller_push(speller, sure[frame >= 60], 3, 1000000000 + frame * 33000000LL, NULL,
                             NULL) < 0)
            return false;
        for (int32_t i = 0; i < asl_speller_event_count(speller) && ok; i++) {
            asl_speller_event event = {.struct_size = sizeof event};
            asl_speller_get_event(&event, speller, i, NULL);
            ok = live_events_speller(events, speller, &event, 12.5);
        }
    }
    return ok;
}

static int events(void)
{
    static const char *const labels[] = {"A", "space", "nothing"};
    const struct live_events out = {.on = true, .start_ns = 1000000000};
    const struct live_events off = {0};
    const struct live_setup setup = {.program = "asl-camera",
                                     .source = "a \"camera\"\xFF",
                                     .backend = "cpu",
                                     .labels = labels,
                                     .label_count = 3};
    const struct live_state state = {.mirrored = true, .box = {1, 2, 3, 4}};
    const live_view_score top[] = {{"A", 0.75}, {"space", (double)NAN}};
    const struct live_summary summary = {
        .code = 4, .frames = 120, .fps = (double)NAN, .latency_p50_ms = 1.5};
    asl_error err = ASL_ERROR_INIT;
    asl_speller *speller = NULL;
    if (asl_speller_create(&speller, labels, 3, NULL, &err) < 0)
        return cli_fail(&err);
    const int64_t now = 1500000000;
    const bool ok = live_events_start(&out, &setup) && live_events_state(&out, now, &state) &&
                    live_events_scores(&out, now, 7, top, 2) && spell(&out, speller) &&
                    live_events_file(&out, now, "recording", "started", "out.mp4") &&
                    live_events_message(&out, now, true, "The camera was unplugged") &&
                    live_events_start(&off, &setup) &&
                    live_events_message(&off, now, true, "never seen") &&
                    live_events_end(&out, now, asl_speller_text(NULL, speller), &summary);
    asl_speller_free(speller);
    return ok ? CLI_OK : CLI_FAILED;
}

int main(int argc, char **argv)
{
    const cli_program program = {.name = "live_sinks",
                                 .arguments = "SINK ARGUMENTS",
                                 .summary = "Drive one sink for a test.",
                                 .min_arguments = 1,
                                 .max_arguments = -1};
    char **arguments;
    const int count = cli_parse(&program, argc, argv, &arguments);
    const char *sink = arguments[0];
    cli_catch_interrupt(NULL, NULL);
    int code = CLI_USAGE;
    if (strcmp(sink, "record") == 0)
        code = record(count - 1, arguments + 1);
    else if (strcmp(sink, "text") == 0)
        code = text(count - 1, arguments + 1);
    else if (strcmp(sink, "speech") == 0)
        code = speech();
    else if (strcmp(sink, "window") == 0)
        code = sinks_window(count - 1, arguments + 1);
    else if (strcmp(sink, "events") == 0)
        code = events();
    return cli_finish(code);
}
