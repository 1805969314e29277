/* SPDX-License-Identifier: MIT */
/* See events.h. */
#include "live/events.h"

#include <string.h>

#include "common/cli.h"
#include "common/json.h"

static json_t *begin(const struct live_events *events, const char *name, int64_t time_ns)
{
    json_t *line = json_document();
    json_put(line, "event", json_text(name));
    /* Whole microseconds: a real of nine digits would lose them within the hour. */
    json_put(line, "time_us", json_integer((time_ns - events->start_ns) / 1000));
    return line;
}

static bool finish(json_t *line)
{
    json_print(line);
    return cli_flush();
}

static json_t *texts(const char *const *items, int32_t count)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++)
        json_add(array, json_text(items[i]));
    return array;
}

static json_t *rectangle(const asl_rect *rect)
{
    const int32_t sides[4] = {rect->x, rect->y, rect->width, rect->height};
    json_t *array = json_array();
    for (int i = 0; i < 4; i++)
        json_add(array, json_integer(sides[i]));
    return array;
}

bool live_events_start(const struct live_events *events, const struct live_setup *setup)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, "start", events->start_ns);
    json_put(line, "program", json_text(setup->program));
    json_put(line, "version", json_text(asl_version()));
    json_put(line, "source", json_text(setup->source));
    json_put(line, "backend", json_text(setup->backend));
    json_put(line, "model", json_text(setup->model));
    json_put(line, "labels", texts(setup->labels, setup->label_count));
    return finish(line);
}

bool live_events_state(const struct live_events *events, int64_t time_ns,
                       const struct live_state *state)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, "state", time_ns);
    json_put(line, "paused", json_boolean(state->paused));
    json_put(line, "text_paused", json_boolean(state->text_paused));
    json_put(line, "speech_paused", json_boolean(state->speech_paused));
    json_put(line, "mirrored", json_boolean(state->mirrored));
    json_put(line, "left_handed", json_boolean(state->left_handed));
    json_put(line, "box", rectangle(&state->box));
    json_put(line, "found", state->follows ? json_boolean(state->found) : json_null());
    return finish(line);
}

bool live_events_scores(const struct live_events *events, int64_t time_ns, int64_t sequence,
                        const live_view_score *top, int32_t count)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, "scores", time_ns);
    json_put(line, "frame", json_integer(sequence));
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++) {
        json_t *score = json_object();
        json_put(score, "label", json_text(top[i].label));
        json_put(score, "score", json_number(top[i].score));
        json_add(array, score);
    }
    json_put(line, "top", array);
    return finish(line);
}

/* ---- The speller's events ---- */

static const char *const kinds[] = {
    [ASL_SPELLER_CANDIDATE] = "candidate",
    [ASL_SPELLER_PROGRESS] = "progress",
    [ASL_SPELLER_COMMIT] = "commit",
    [ASL_SPELLER_DELETE] = "delete",
    [ASL_SPELLER_SPACE] = "space",
    [ASL_SPELLER_WORD] = "word",
    [ASL_SPELLER_SUGGESTIONS] = "suggestions",
    [ASL_SPELLER_IDLE] = "idle",
    [ASL_SPELLER_FULL] = "full",
    [ASL_SPELLER_EDIT] = "edit",
};

static void put_shown(json_t *line, const asl_speller_event *event)
{
    json_put(line, "label", event->label < 0 ? json_null() : json_text(event->text));
    json_put(line, "progress", json_number(event->progress));
    json_put(line, "belief", json_number(event->belief));
}

/* Enough to follow the text, and the text itself for those who do not want to. */
static void put_change(json_t *line, const asl_speller *speller, const asl_speller_event *event,
                       double latency_ms)
{
    json_put(line, "removed", json_integer(event->removed));
    json_put(line, "added", json_text(event->text));
    json_put(line, "text", json_text(asl_speller_text(NULL, speller)));
    if (event->kind == ASL_SPELLER_EDIT)
        return;
    json_put(line, "belief", json_number(event->belief));
    json_put(line, "held_us", json_integer((event->time_ns - event->since_ns) / 1000));
    json_put(line, "latency_ms", json_number(latency_ms));
}

static json_t *suggestions(const asl_speller *speller)
{
    json_t *words = json_array();
    for (int32_t i = 0; i < asl_speller_suggestion_count(speller); i++)
        json_add(words, json_text(asl_speller_suggestion(speller, i)));
    return words;
}

bool live_events_speller(const struct live_events *events, const asl_speller *speller,
                         const asl_speller_event *event, double latency_ms)
{
    const int32_t known = (int32_t)(sizeof kinds / sizeof *kinds);
    if (!events->on || event->kind <= 0 || event->kind >= known)
        return true;
    json_t *line = begin(events, kinds[event->kind], event->time_ns);
    switch (event->kind) {
    case ASL_SPELLER_CANDIDATE:
    case ASL_SPELLER_PROGRESS:
        put_shown(line, event);
        break;
    case ASL_SPELLER_COMMIT:
    case ASL_SPELLER_DELETE:
    case ASL_SPELLER_SPACE:
    case ASL_SPELLER_EDIT:
        put_change(line, speller, event, latency_ms);
        break;
    case ASL_SPELLER_WORD:
        json_put(line, "word", json_text(event->text));
        break;
    case ASL_SPELLER_SUGGESTIONS:
        json_put(line, "words", suggestions(speller));
        break;
    case ASL_SPELLER_FULL:
        json_put(line, "lost", json_text(event->text));
        break;
    default:
        break;
    }
    return finish(line);
}

/* ---- The rest ---- */

bool live_events_file(const struct live_events *events, int64_t time_ns, const char *what,
                      const char *state, const char *path)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, what, time_ns);
    json_put(line, "state", json_text(state));
    json_put(line, "path", json_text(path));
    return finish(line);
}

bool live_events_message(const struct live_events *events, int64_t time_ns, bool alarm,
                         const char *message)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, "message", time_ns);
    json_put(line, "alarm", json_boolean(alarm));
    json_put(line, "message", json_text(message));
    return finish(line);
}

bool live_events_end(const struct live_events *events, int64_t time_ns, const char *text,
                     const struct live_summary *summary)
{
    if (!events->on)
        return true;
    json_t *line = begin(events, "end", time_ns);
    json_put(line, "code", json_integer(summary->code));
    json_put(line, "text", json_text(text));
    json_put(line, "frames", json_integer(summary->frames));
    json_put(line, "dropped", json_integer(summary->dropped));
    json_put(line, "damaged", json_integer(summary->damaged));
    json_put(line, "fps", json_number(summary->fps));
    json_put(line, "latency_p50_ms", json_number(summary->latency_p50_ms));
    json_put(line, "latency_p95_ms", json_number(summary->latency_p95_ms));
    return finish(line);
}
