/* SPDX-License-Identifier: MIT */
/* Where text and events go, see camera.h. What fails is told once and taken out; the rest goes on.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera.h"

/* Latencies are counted in bins, so that a run of any length takes the same memory. */
enum { BINS = 20000, BINS_PER_MS = 10 };

int64_t sinks_now(const struct sinks *sinks)
{
    return sinks->events.start_ns == 0 ? sinks->frame_ns : live_clock();
}

/* The lock is held. */
static void note(struct sinks *sinks, int code, const char *message)
{
    cli_error("%s", message);
    live_events_message(&sinks->events, sinks_now(sinks), true, message);
    snprintf(sinks->message, sizeof sinks->message, "%s", message);
    if (sinks->code == CLI_OK)
        sinks->code = code;
}

static void drop_text(struct sinks *sinks, int index, const struct live_error *error)
{
    live_text_close(sinks->texts[index].text, NULL);
    sinks->texts[index] = sinks->texts[--sinks->text_count];
    note(sinks, error->code, error->message);
}

int sinks_open(struct sinks *sinks, const asl_model *model, const cli_list *texts, int32_t speak,
               bool json, bool every_frame)
{
    struct live_error error = {0};
    *sinks = (struct sinks){.events = {.on = json, .start_ns = -1},
                            .every_frame = every_frame,
                            .model = model,
                            .speak = speak,
                            .muted = true};
    pthread_mutex_init(&sinks->lock, NULL);
    sinks->latencies = cli_alloc(BINS, sizeof *sinks->latencies);
    for (int i = 0; i < texts->count; i++) {
        if (!live_text_open(&sinks->texts[i].text, texts->items[i], &error)) {
            cli_error("%s", error.message);
            return error.code;
        }
        sinks->texts[i].types = live_text_is_paused(sinks->texts[i].text);
        sinks->text_count++;
    }
    if (speak != SPEAK_NOTHING && !live_speech_open(&sinks->speech, &error)) {
        cli_error("%s", error.message);
        return error.code;
    }
    return CLI_OK;
}

static void write_text(struct sinks *sinks, const asl_speller_event *event)
{
    struct live_error error = {0};
    const bool edits = event->kind == ASL_SPELLER_COMMIT || event->kind == ASL_SPELLER_DELETE ||
                       event->kind == ASL_SPELLER_SPACE || event->kind == ASL_SPELLER_EDIT;
    if (!edits)
        return;
    for (int i = sinks->text_count - 1; i >= 0; i--)
        if ((event->removed > 0 &&
             !live_text_delete(sinks->texts[i].text, event->removed, &error)) ||
            (event->text[0] && !live_text_append(sinks->texts[i].text, event->text, &error)))
            drop_text(sinks, i, &error);
}

static void speak(const struct sinks *sinks, const asl_speller *speller,
                  const asl_speller_event *event)
{
    (void)speller;
    if (sinks->speak == SPEAK_WORDS && event->kind == ASL_SPELLER_WORD)
        live_speech_word(sinks->speech, event->text);
    else if (sinks->speak == SPEAK_LETTERS && event->kind == ASL_SPELLER_COMMIT)
        live_speech_letter(sinks->speech, event->text);
    else if (sinks->speak == SPEAK_LETTERS && event->kind == ASL_SPELLER_SPACE)
        live_speech_letter(sinks->speech, "space");
    else if (sinks->speak == SPEAK_LETTERS && event->kind == ASL_SPELLER_DELETE)
        live_speech_letter(sinks->speech, "del");
}

void sinks_event(const asl_speller *speller, const asl_speller_event *event, int64_t latency_ns,
                 void *user)
{
    struct sinks *sinks = user;
    pthread_mutex_lock(&sinks->lock);
    write_text(sinks, event);
    if (sinks->speech)
        speak(sinks, speller, event);
    if (!live_events_speller(&sinks->events, speller, event, 1e-6 * (double)latency_ns))
        sinks->full = true;
    pthread_mutex_unlock(&sinks->lock);
}

void sinks_frame(const struct live_shot *shot, void *user)
{
    struct sinks *sinks = user;
    live_view_score top[LIVE_SHOT_TOP];
    const double bin = shot->latency_ms * BINS_PER_MS;
    pthread_mutex_lock(&sinks->lock);
    for (int32_t i = 0; i < shot->top_count; i++)
        top[i] =
            (live_view_score){asl_model_label(sinks->model, shot->top[i]), (double)shot->scores[i]};
    sinks->latencies[bin < BINS - 1 ? (size_t)bin : BINS - 1]++;
    sinks->frames++;
    sinks->frame_ns = shot->time_ns;
    if (sinks->every_frame &&
        !live_events_scores(&sinks->events, shot->time_ns, shot->number, top, shot->top_count))
        sinks->full = true;
    pthread_mutex_unlock(&sinks->lock);
}

void sinks_poll(struct sinks *sinks)
{
    struct live_error error = {0};
    pthread_mutex_lock(&sinks->lock);
    for (int i = sinks->text_count - 1; i >= 0; i--)
        if (!live_text_poll(sinks->texts[i].text, &error))
            drop_text(sinks, i, &error);
    if (sinks->speech && !live_speech_poll(sinks->speech, &error))
        note(sinks, error.code, error.message);
    pthread_mutex_unlock(&sinks->lock);
}

/* The lock is held. @return whether there are any. */
static bool pause_keys(struct sinks *sinks)
{
    bool any = false;
    for (int i = 0; i < sinks->text_count; i++)
        if (sinks->texts[i].types) {
            live_text_pause(sinks->texts[i].text, sinks->muted || sinks->focused);
            any = true;
        }
    return any;
}

bool sinks_mute(struct sinks *sinks, bool muted)
{
    bool any = sinks->speech != NULL;
    pthread_mutex_lock(&sinks->lock);
    sinks->muted = muted;
    if (sinks->speech)
        live_speech_pause(sinks->speech, muted);
    any = pause_keys(sinks) || any;
    pthread_mutex_unlock(&sinks->lock);
    return any;
}

void sinks_focus(struct sinks *sinks, bool focused)
{
    pthread_mutex_lock(&sinks->lock);
    if (sinks->focused != focused) {
        sinks->focused = focused;
        pause_keys(sinks);
    }
    pthread_mutex_unlock(&sinks->lock);
}

void sinks_fail(struct sinks *sinks, int code)
{
    pthread_mutex_lock(&sinks->lock);
    if (sinks->code == CLI_OK)
        sinks->code = code;
    pthread_mutex_unlock(&sinks->lock);
}

const char *sinks_failure(struct sinks *sinks, char line[256])
{
    pthread_mutex_lock(&sinks->lock);
    memcpy(line, sinks->message, sizeof sinks->message);
    pthread_mutex_unlock(&sinks->lock);
    return line[0] ? line : NULL;
}

bool sinks_are_full(struct sinks *sinks)
{
    pthread_mutex_lock(&sinks->lock);
    const bool full = sinks->full;
    pthread_mutex_unlock(&sinks->lock);
    return full;
}

const char *sinks_status(struct sinks *sinks, char line[128])
{
    line[0] = '\0';
    pthread_mutex_lock(&sinks->lock);
    for (int i = 0; i < sinks->text_count && !line[0]; i++) {
        const char *status = live_text_status(sinks->texts[i].text);
        if (status)
            snprintf(line, 128, "%s", status);
    }
    if (!line[0] && sinks->speech && live_speech_is_paused(sinks->speech))
        snprintf(line, 128, "the voice is off");
    pthread_mutex_unlock(&sinks->lock);
    return line[0] ? line : NULL;
}

void sinks_state(struct sinks *sinks, const struct live_state *state)
{
    pthread_mutex_lock(&sinks->lock);
    if (!live_events_state(&sinks->events, sinks_now(sinks), state))
        sinks->full = true;
    pthread_mutex_unlock(&sinks->lock);
}

void sinks_file(struct sinks *sinks, const char *what, const char *state, const char *path)
{
    pthread_mutex_lock(&sinks->lock);
    if (!live_events_file(&sinks->events, sinks_now(sinks), what, state, path))
        sinks->full = true;
    pthread_mutex_unlock(&sinks->lock);
}

void sinks_message(struct sinks *sinks, bool alarm, const char *message)
{
    pthread_mutex_lock(&sinks->lock);
    if (!live_events_message(&sinks->events, sinks_now(sinks), alarm, message))
        sinks->full = true;
    pthread_mutex_unlock(&sinks->lock);
}

double sinks_latency(const struct sinks *sinks, double share)
{
    int64_t passed = 0;
    if (sinks->frames == 0)
        return NAN;
    for (int bin = 0; bin < BINS; bin++) {
        passed += sinks->latencies[bin];
        if ((double)passed >= share * (double)sinks->frames)
            return (double)(bin + 1) / BINS_PER_MS;
    }
    return NAN;
}

int sinks_close(struct sinks *sinks)
{
    for (int i = 0; i < sinks->text_count; i++) {
        struct live_error error = {0};
        if (!live_text_close(sinks->texts[i].text, &error))
            note(sinks, error.code, error.message);
    }
    live_speech_close(sinks->speech);
    free(sinks->latencies);
    pthread_mutex_destroy(&sinks->lock);
    return sinks->code;
}
