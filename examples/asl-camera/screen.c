/* SPDX-License-Identifier: MIT */
/* What is seen, recorded, and asked for, see camera.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "camera.h"

enum { MESSAGE_S = 5, BLINK_MS = 500, LEAST_FILM = 640 };

static void say(struct screen *s, bool alarm, const char *message)
{
    snprintf(s->message, sizeof s->message, "%s", message);
    s->message_ns = live_clock();
    s->message_alarm = alarm;
    sinks_message(s->sinks, alarm, message);
    if (alarm)
        cli_error("%s", message);
}

/* What the person should know now: what ended the session, else what failed last, else a remark
 * for a few seconds. */
static const char *message_of(const struct screen *s, char line[256], bool *alarm)
{
    const bool recent = live_clock() - s->message_ns < (int64_t)MESSAGE_S * 1000000000;
    *alarm = true;
    if (s->shot.error.message[0])
        return s->shot.error.message;
    if (sinks_failure(s->sinks, line))
        return line;
    *alarm = s->message_alarm;
    if (s->message[0] && recent)
        return s->message;
    *alarm = false;
    return s->shot.state == LIVE_END ? "That was all. Press Q to quit." : NULL;
}

static void draw(struct screen *s, cairo_surface_t *target, bool mirrored, bool help)
{
    const struct live_shot *shot = &s->shot;
    const int64_t now = live_clock();
    char output[128], failure[256];
    asl_image_view picture;
    live_view view = {.mirrored = mirrored,
                      .text = shot->text,
                      .cursor = shot->paused || now / 1000000 / BLINK_MS % 2 == 0,
                      .has_suggestions = shot->word_count > 0,
                      .backend = s->backend,
                      .source = s->source,
                      .output = sinks_status(s->sinks, output),
                      .recording = s->record != NULL,
                      .help = help};
    live_shown_shot(&view, &picture, shot, s->model);
    for (int32_t i = 0; i < shot->word_count && i < LIVE_VIEW_SUGGESTIONS;
         i++, view.suggestion_count++)
        view.suggestions[i] = shot->words[i];
    if (s->record)
        view.recording_s = live_record_seconds(s->record);
    view.message = message_of(s, failure, &view.alarm);
    if (target)
        live_view_draw(target, &view);
}

/* ---- Recordings and snapshots ---- */

/* A name that is not taken yet, in the snapshots' folder: asl-20260102-030405.png; free() it. */
static char *new_name(const struct screen *s, const char *ending)
{
    char moment[32];
    const time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(moment, sizeof moment, "%Y%m%d-%H%M%S", &local);
    char *path = cli_format("%s/asl-%s.%s", s->snapshots, moment, ending);
    for (int i = 2; access(path, F_OK) == 0 && i < 1000; i++) {
        free(path);
        path = cli_format("%s/asl-%s-%d.%s", s->snapshots, moment, i, ending);
    }
    return path;
}

/* As large as the picture, or twice that where the picture is small. */
static bool make_film(struct screen *s)
{
    if (s->film || !s->shot.picture)
        return s->film != NULL;
    const asl_image_view picture = asl_image_get_view(s->shot.picture);
    int32_t times = 1;
    while (picture.width * times < LEAST_FILM)
        times++;
    s->film = live_view_surface(picture.width * times, picture.height * times);
    return s->film != NULL;
}

static void save_snapshot(struct screen *s)
{
    asl_error err = ASL_ERROR_INIT;
    char text[256];
    if (!make_film(s)) {
        say(s, false, "There is no picture yet.");
        return;
    }
    char *path = new_name(s, "png");
    draw(s, s->film, false, false);
    const asl_image_view pixels = live_view_pixels(s->film);
    if (asl_image_save(&pixels, path, 0, &err) < 0) {
        say(s, true, err.message);
    } else {
        snprintf(text, sizeof text, "Saved %s", path);
        say(s, false, text);
        sinks_file(s->sinks, "snapshot", "saved", path);
    }
    free(path);
}

int screen_start_record(struct screen *s)
{
    struct live_error error = {0};
    if (!make_film(s)) { /* begins with the first picture */
        if (!s->record_to)
            s->record_to = "";
        return CLI_OK;
    }
    free(s->recording_path);
    s->recording_path =
        s->record_to && s->record_to[0] ? cli_format("%s", s->record_to) : new_name(s, "mp4");
    s->record_to = NULL;
    if (!live_record_open(&s->record, s->recording_path, cairo_image_surface_get_width(s->film),
                          cairo_image_surface_get_height(s->film), &error)) {
        say(s, true, error.message);
        return error.code;
    }
    sinks_file(s->sinks, "recording", "started", s->recording_path);
    return CLI_OK;
}

int screen_stop_record(struct screen *s)
{
    struct live_error error = {0};
    if (!s->record)
        return CLI_OK;
    const bool good = live_record_close(s->record, &error);
    s->record = NULL;
    if (!good) {
        say(s, true, error.message);
        return error.code;
    }
    char *text = cli_format("Recorded %s", s->recording_path);
    say(s, false, text);
    free(text);
    sinks_file(s->sinks, "recording", "ended", s->recording_path);
    return CLI_OK;
}

static void record_frame(struct screen *s)
{
    struct live_error error = {0};
    if (s->record_to && s->shot.picture && screen_start_record(s) != CLI_OK)
        s->record_to = NULL;
    if (!s->record)
        return;
    draw(s, s->film, false, false);
    const asl_image_view pixels = live_view_pixels(s->film);
    if (live_record_frame(s->record, &pixels, s->shot.time_ns, &error))
        return;
    say(s, true, error.message);
    sinks_fail(s->sinks, error.code);
    live_record_close(s->record, NULL);
    s->record = NULL;
}

/* ---- The window ---- */

static void show(struct screen *s)
{
    cairo_surface_t *surface = s->window ? live_window_surface(s->window) : NULL;
    if (!surface)
        return;
    draw(s, surface, s->mirrored, s->help);
    live_window_present(s->window);
}

bool screen_update(struct screen *s)
{
    const int64_t before = s->shot.number;
    const bool fresh = live_session_look(&s->shot, s->session);
    if (fresh && s->shot.number != before)
        record_frame(s);
    if (fresh || !s->shot.paused)
        show(s);
    return fresh;
}

/* What the event is about when it is none of the keys of the program. */
static void move_box(struct screen *s, const live_window_event *event)
{
    asl_image_view picture;
    live_view view = {.mirrored = s->mirrored, .has_suggestions = s->shot.word_count > 0};
    live_shown_shot(&view, &picture, &s->shot, s->model);
    live_shown_move(&s->grip, s->session, s->window, &view, event);
}

static void switch_output(struct screen *s)
{
    const bool muted = !s->sinks->muted;
    if (sinks_mute(s->sinks, muted))
        say(s, false, muted ? "Typing and voice are off." : "Typing and voice are on.");
    else
        say(s, false, "Nothing to switch: start with --text-to uinput or --speak.");
}

static void obey(struct screen *s, const live_window_event *event)
{
    switch (event->action) {
    case WINDOW_PAUSE:
        live_session_pause(s->session, !s->shot.paused);
        break;
    case WINDOW_DELETE:
        live_session_backspace(s->session);
        break;
    case WINDOW_CLEAR:
        live_session_clear(s->session);
        break;
    case WINDOW_RECORD:
        if (s->record)
            screen_stop_record(s);
        else
            screen_start_record(s);
        break;
    case WINDOW_MIRROR:
        s->mirrored = !s->mirrored;
        break;
    case WINDOW_SNAPSHOT:
        save_snapshot(s);
        break;
    case WINDOW_HELP:
        s->help = !s->help;
        break;
    case WINDOW_OUTPUT:
        switch_output(s);
        break;
    case WINDOW_SUGGESTION:
        live_session_suggestion(s->session, event->number - 1);
        break;
    default:
        move_box(s, event);
        break;
    }
}

bool screen_obey(struct screen *s)
{
    bool any = false;
    for (;;) {
        const live_window_event event = live_window_poll(s->window);
        if (event.action == WINDOW_QUIT)
            return false;
        if (event.action == WINDOW_LOST) {
            say(s, true, "the display is gone");
            sinks_fail(s->sinks, CLI_NO_DEVICE);
            return false;
        }
        if (event.action == WINDOW_NOTHING)
            break;
        obey(s, &event);
        any = true;
    }
    if (any && !screen_update(s))
        show(s);
    return true;
}

void screen_close(struct screen *s)
{
    live_record_close(s->record, NULL);
    live_window_close(s->window);
    if (s->film)
        cairo_surface_destroy(s->film);
    asl_image_free(s->shot.picture);
    free(s->recording_path);
}
