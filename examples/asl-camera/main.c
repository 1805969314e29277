/* SPDX-License-Identifier: MIT */
/* asl-camera: spell with a hand before a camera. Options and wiring; see camera.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asl/asl.h"
#include "camera.h"
#include "live/command.h"

enum { POLL_MS = 100 };

/* What the command line says. */
struct settings {
    struct live_command live;
    const char *record, *snapshots;
    cli_list texts;
    int32_t speak;
    bool scores, force;
};

/* Put together what the options say. @return CLI_OK, or CLI_USAGE. */
static int resolve(struct settings *s, int spec_count)
{
    const int code = live_command_resolve(&s->live, spec_count);
    if (code != CLI_OK)
        return code;
    for (int i = 0; i < s->texts.count; i++)
        if (s->live.json && strcmp(s->texts.items[i], "stdout") == 0)
            return cli_usage_error("--json and --text-to stdout both want standard output; the "
                                   "text is in the JSON too");
    if (s->record && !s->force && access(s->record, F_OK) == 0)
        return cli_usage_error("'%s' is there already; give --force to replace it", s->record);
    if (s->live.headless && s->texts.count == 0 && !s->live.json && !s->record &&
        s->speak == SPEAK_NOTHING)
        s->texts.items[s->texts.count++] = "stdout";
    return CLI_OK;
}

static void tell_state(const struct screen *screen)
{
    const struct live_state state = {
        .paused = screen->shot.paused,
        .mirrored = screen->mirrored,
        .left_handed = screen->shot.hand == LIVE_HAND_LEFT,
        .text_paused = screen->sinks->muted,
        .speech_paused = screen->sinks->muted,
        .follows = screen->shot.box_is != LIVE_BOX_FIXED,
        .found = screen->shot.box_is == LIVE_BOX_FOLLOWS,
        .box = screen->shot.box,
    };
    sinks_state(screen->sinks, &state);
}

/* A box that follows the hand is told of once: it changes with every frame. */
static bool same_state(const struct live_shot *a, const struct live_shot *b)
{
    return a->paused == b->paused && a->hand == b->hand && a->box_is == b->box_is &&
           (a->box_is == LIVE_BOX_FOLLOWS || memcmp(&a->box, &b->box, sizeof a->box) == 0);
}

static bool is_over(const struct settings *s, const struct screen *screen, int64_t begun)
{
    return sinks_are_full(screen->sinks) ||
           live_command_is_over(&s->live, begun, screen->shot.time_ns);
}

static void after_step(struct screen *screen, struct live_shot *told)
{
    sinks_poll(screen->sinks);
    if (screen->sinks->events.on && screen->shot.picture && !same_state(told, &screen->shot)) {
        tell_state(screen);
        *told = screen->shot;
    }
}

static void run_headless(const struct settings *s, struct screen *screen)
{
    const int64_t begun = live_clock();
    struct live_shot told = {.hand = -1};
    int state = LIVE_FRAME;
    while ((state == LIVE_FRAME || state == LIVE_TIMEOUT) && !is_over(s, screen, begun)) {
        state = live_session_step(screen->session, POLL_MS);
        screen_update(screen);
        after_step(screen, &told);
    }
}

static void wake(void *user)
{
    const struct screen *screen = user;
    live_window_wake(screen->window);
}

static int run_window(const struct settings *s, struct screen *screen)
{
    struct live_error error = {0};
    const int64_t begun = live_clock();
    struct live_shot told = {.hand = -1};
    if (!live_session_start(screen->session, &error)) {
        cli_error("%s", error.message);
        return error.code;
    }
    while (!is_over(s, screen, begun)) {
        live_window_wait(screen->window, POLL_MS);
        screen_update(screen);
        sinks_focus(screen->sinks, live_window_has_focus(screen->window));
        if (!screen_obey(screen))
            break;
        after_step(screen, &told);
    }
    return CLI_OK;
}

static void tell_end(const struct screen *screen, const struct live_source *source, double fps,
                     int code)
{
    const struct sinks *sinks = screen->sinks;
    const struct live_counts counts = live_source_counts(source);
    char *text = live_session_text(screen->session);
    const struct live_summary summary = {.code = code,
                                         .frames = sinks->frames,
                                         .dropped = counts.dropped,
                                         .damaged = counts.damaged,
                                         .fps = fps > 0 ? fps : NAN,
                                         .latency_p50_ms = sinks_latency(sinks, 0.5),
                                         .latency_p95_ms = sinks_latency(sinks, 0.95)};
    live_events_end(&sinks->events, sinks_now(sinks), text, &summary);
    free(text);
}

/* With everything open. */
static int run_session(const struct settings *s, struct screen *screen, struct live_source *source)
{
    int code = CLI_OK;
    live_command_tell(&s->live, "asl-camera", &screen->sinks->events, source, screen->model,
                      screen->backend);
    cli_catch_interrupt(NULL, NULL);
    if (screen->window)
        code = run_window(s, screen);
    else
        run_headless(s, screen);
    const double fps = screen->shot.fps;
    live_session_pause(screen->session, true); /* nothing is spelled from here on */
    live_session_look(&screen->shot, screen->session);
    const int film = screen_stop_record(screen);
    if (screen->shot.error.message[0]) {
        cli_error("%s", screen->shot.error.message);
        code = code == CLI_OK ? screen->shot.error.code : code;
    }
    if (code == CLI_OK)
        code = film;
    if (code == CLI_OK && cli_interrupted())
        code = CLI_INTERRUPTED;
    tell_end(screen, source, fps, code);
    return code;
}

static int open_window(const struct settings *s, struct screen *screen)
{
    enum { WIDTH = 960, HEIGHT = 720 };
    struct live_error error = {0};
    if (s->live.headless || live_window_open(&screen->window, "asl-camera", WIDTH, HEIGHT, &error))
        return CLI_OK;
    cli_error("%s; --headless runs without one", error.message);
    return error.code;
}

static int run(struct settings *s, const asl_model *model, struct live_source *source)
{
    struct sinks sinks;
    struct live_error error = {0};
    struct screen screen = {.sinks = &sinks,
                            .model = model,
                            .source = live_source_name(source),
                            .snapshots = s->snapshots,
                            .record_to = s->record,
                            .mirrored = !s->live.unmirrored};
    int code = sinks_open(&sinks, model, &s->texts, s->speak, s->live.json, s->scores);
    sinks.events.start_ns = s->live.source.fast ? 0 : live_clock();
    s->live.session.on_event = sinks_event;
    s->live.session.on_frame = sinks_frame;
    s->live.session.user = &sinks;
    if (code == CLI_OK)
        code = open_window(s, &screen);
    if (screen.window) {
        s->live.session.on_news = wake;
        s->live.session.news_user = &screen;
    }
    if (code == CLI_OK &&
        !live_session_open(&screen.session, source, model, &s->live.session, &error)) {
        cli_error("%s", error.message);
        code = error.code;
    }
    if (code == CLI_OK) {
        screen.backend = live_session_backend(screen.session);
        code = run_session(s, &screen, source);
    }
    live_session_close(screen.session);
    screen_close(&screen);
    const int sunk = sinks_close(&sinks);
    return code == CLI_OK ? sunk : code;
}

int main(int argc, char **argv)
{
    struct settings s = {.snapshots = "."};
    live_command_init(&s.live, ASL_SPELLER_DEFAULT);
    const cli_option options[] = {
        LIVE_COMMAND_SOURCE(&s.live),
        LIVE_COMMAND_SIGNER(&s.live),
        CLI_HEADING("Text, voice and film"),
        CLI_TEXT('w', "words", "FILE", &s.live.session.words, "words to suggest, one a line"),
        CLI_LIST('t', "text-to", "TARGET", &s.texts,
                 "where text goes: stdout, a FILE, fifo:PATH, exec:COMMAND, or uinput (as key "
                 "strokes); may be given several times"),
        CLI_CHOICE(0, "speak", "nothing|letters|words", &s.speak, "what of it to say aloud"),
        CLI_TEXT('r', "record", "FILE", &s.record,
                 "record what is shown, from the beginning (.mp4)"),
        CLI_FORCE(&s.force),
        CLI_TEXT(0, "snapshots", "FOLDER", &s.snapshots,
                 "where the keys r and s put recordings and snapshots"),
        CLI_FLAG(0, "scores", &s.scores, "with --json, also the best scores of every frame"),
        LIVE_COMMAND_ENGINE(&s.live),
        LIVE_COMMAND_GENERAL(&s.live),
    };
    const cli_program program = {
        .name = "asl-camera",
        .arguments = "[SOURCE...]",
        .summary = "Spell with a hand before a camera. SOURCE is a camera, a video file, pictures, "
                   "a folder of them, or synth:TEXT, a drawn hand that spells; the first camera "
                   "when it is left out.",
        .details = "Hold the hand in the red box. A letter is written once it has settled; the\n"
                   "sign for space ends a word and the one for del takes a letter back. Keys in\n"
                   "the window: ? shows them. Key strokes (uinput) and the voice begin switched\n"
                   "off: t switches them.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .max_arguments = -1,
    };
    char **specs;
    int count = cli_parse(&program, argc, argv, &specs);
    cli_set_quiet(s.live.quiet);
    if (s.live.list)
        return cli_finish(live_list_cameras(NULL, s.live.json));
    int code = resolve(&s, count);
    asl_model *model = NULL, *hands = NULL;
    struct live_source *source = NULL;
    if (code == CLI_OK)
        code = live_command_open_finder(&hands, &s.live);
    if (code == CLI_OK)
        code = live_command_open(&model, &source, &s.live, specs, count);
    if (code == CLI_OK)
        code = run(&s, model, source);
    live_source_close(source);
    asl_model_free(hands);
    asl_model_free(model);
    return cli_finish(code);
}
