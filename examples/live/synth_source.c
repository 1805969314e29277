/* SPDX-License-Identifier: MIT */
/* A drawn hand that spells a text, as a source. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "live/source_kind.h"
#include "live/synth.h"
#include "live/view.h"

struct synth {
    struct signer signer;
    struct script *script;
    struct easel *easel;
    int64_t count, next; /* frames */
    double fps;
    struct pacer pacer;
};

static int read_synth(struct live_frame *frame, struct live_source *source, int timeout_ms,
                      struct live_error *error)
{
    struct synth *synth = source->state;
    struct script_moment moment;

    (void)error;
    if (synth->next >= synth->count)
        return LIVE_END;
    if (!pacer_wait(&synth->pacer, frame_time(synth->next, synth->fps), timeout_ms))
        return LIVE_TIMEOUT;
    int64_t late = pacer_frames_late(&synth->pacer, synth->next, synth->fps);
    if (late >= synth->count - synth->next)
        late = synth->count - synth->next - 1;
    synth->next += late;
    source->counts.dropped += late;

    const double seconds = (double)synth->next / synth->fps;
    const bool seen = script_at(&moment, synth->script, seconds);
    easel_draw(synth->easel, seen ? &moment : NULL, seconds, synth->next);
    frame->view = easel_view(synth->easel);
    frame->time_ns = synth->pacer.start + frame_time(synth->next, synth->fps);
    frame->sequence = synth->next++;
    return LIVE_FRAME;
}

static void pause_synth(struct live_source *source)
{
    struct synth *synth = source->state;
    pacer_pause(&synth->pacer);
}

static bool resume_synth(struct live_source *source, struct live_error *error)
{
    struct synth *synth = source->state;
    (void)error;
    pacer_resume(&synth->pacer);
    return true;
}

static void close_synth(struct live_source *source)
{
    struct synth *synth = source->state;
    script_free(synth->script);
    easel_free(synth->easel);
    free(synth);
}

bool source_open_synth(struct live_source *source, const char *text,
                       const struct live_options *options, struct live_error *error)
{
    static const struct source_kind kind = {read_synth, pause_synth, resume_synth, close_synth};
    struct synth *synth = cli_alloc(1, sizeof *synth);
    struct live_options own = *options;

    if (own.box.width <= 0 || own.box.height <= 0)
        own.box = live_box_default(own.width, own.height);
    source->kind = &kind;
    source->state = synth;
    signer_make(&synth->signer, own.seed, 0);
    signer_school(&synth->signer, 0.0f);
    synth->fps = own.fps;
    synth->pacer.fast = own.fast;
    synth->script = script_make(text, &synth->signer, &own, error);
    if (!synth->script) {
        close_synth(source);
        return false;
    }
    synth->easel = easel_make(&synth->signer, &own);
    synth->count = (int64_t)(script_length(synth->script) * own.fps) + 1;
    snprintf(source->name, sizeof source->name, "a drawn hand that spells '%.100s'", text);
    return true;
}
