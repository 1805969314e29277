/* SPDX-License-Identifier: MIT */
/* From beliefs to letters: what is shown, when it is written, and when it may be written again. */
#include "spell/speller.h"

#include <math.h>
#include <string.h>

void asl__settling_reset(asl_speller *speller)
{
    const asl__settling old = speller->settling;
    speller->settling = (asl__settling){.shown = -1,
                                        .locked = -1,
                                        .below_ns = -1,
                                        .bump_ns = -1,
                                        .support_ns = old.support_ns,
                                        .evidence = old.evidence};
    memset(old.support_ns, 0, (size_t)speller->symbols.count * sizeof *old.support_ns);
}

static bool is_letter(const asl_speller *speller, int32_t label)
{
    return label >= 0 && label != speller->symbols.nothing;
}

static void show(asl_speller *speller, int32_t label)
{
    asl__settling *s = &speller->settling;
    s->shown = label;
    s->since_ns = speller->time_ns;
    s->bump_ns = -1;
    s->progress = 0.0;
    s->evidence_num = 0;
    asl__speller_emit(speller, ASL_SPELLER_CANDIDATE, label, NULL);
}

/* Beliefs have inertia, and must not settle on that alone: the frames themselves have to agree. */
static void support(asl_speller *speller, int64_t span_ns, double motion)
{
    const double *score = speller->filter.score;
    int64_t *support_ns = speller->settling.support_ns;
    int32_t top = 0;
    for (int32_t i = 1; i < speller->symbols.count; i++)
        if (score[i] > score[top])
            top = i;
    speller->settling.top = top;
    if (motion < speller->options.still_motion)
        support_ns[top] += span_ns;
    for (int32_t i = 0; i < speller->symbols.count; i++) {
        const int64_t loss_ns =
            i == top ? 0 : (int64_t)(speller->options.doubt_factor * (double)span_ns);
        support_ns[i] = support_ns[i] > loss_ns ? support_ns[i] - loss_ns : 0;
    }
}

/* Enters high and leaves low, so that what is shown does not flicker. */
static void choose(asl_speller *speller)
{
    const asl_speller_options *options = &speller->options;
    const double *belief = speller->filter.belief;
    asl__settling *s = &speller->settling;
    int32_t top = 0;
    double second = 0.0;
    for (int32_t i = 1; i < speller->symbols.count; i++)
        if (belief[i] > belief[top])
            top = i;
    for (int32_t i = 0; i < speller->symbols.count; i++)
        if (i != top)
            second = fmax(second, belief[i]);
    if (top != s->shown && belief[top] >= options->enter && belief[top] - second >= options->margin)
        show(speller, top);
    else if (s->shown >= 0 && belief[s->shown] < options->exit / 2)
        show(speller, -1);
}

/* The scores behind what is shown, for the search for words. */
static void gather(asl_speller *speller)
{
    asl__settling *s = &speller->settling;
    if (!is_letter(speller, s->shown))
        return;
    for (int32_t i = 0; i < speller->symbols.count; i++)
        s->evidence[i] = (s->evidence_num == 0 ? 0.0 : s->evidence[i]) + speller->filter.score[i];
    s->evidence_num++;
}

/* A double letter's bump, while its letter stays in view. It begins with a strong motion and ends
 * at rest; the time before its first frame is not counted, so that a single frame is never one. */
static bool bumped(asl_speller *speller, int64_t span_ns, double motion)
{
    const asl_speller_options *options = &speller->options;
    asl__settling *s = &speller->settling;
    if (motion >= options->still_motion) {
        if (s->bump_ns >= 0)
            s->bump_ns += span_ns;
        else if (motion > options->bump_motion)
            s->bump_ns = 0;
        return false;
    }
    if (s->top != s->shown) /* an error, or the next letter: wait */
        return false;
    const bool bump = s->bump_ns >= options->bump_min_ms * ASL__NS_PER_MS &&
                      s->bump_ns <= options->bump_max_ms * ASL__NS_PER_MS;
    s->bump_ns = -1;
    return bump;
}

/* A written letter is locked until it was gone, or another was shown. */
static void release(asl_speller *speller, int64_t span_ns, double motion)
{
    const asl_speller_options *options = &speller->options;
    asl__settling *s = &speller->settling;
    if (s->locked < 0)
        return;
    if (speller->filter.belief[s->locked] >= options->exit)
        s->below_ns = -1;
    else
        s->below_ns = s->below_ns < 0 ? 0 : s->below_ns + span_ns;
    const bool another = s->shown >= 0 && s->shown != s->locked;
    const bool gone = s->below_ns >= 0 && s->below_ns >= options->release_ms * ASL__NS_PER_MS;
    if (another || gone || (s->shown == s->locked && bumped(speller, span_ns, motion))) {
        s->support_ns[s->locked] = 0;
        s->locked = -1;
        s->below_ns = -1;
    }
}

static void act(asl_speller *speller)
{
    asl__settling *s = &speller->settling;
    s->locked = s->shown;
    s->held_ns = 0;
    s->below_ns = -1;
    s->progress = 1.0;
    switch (speller->symbols.signs[s->shown]) {
    case ASL__SIGN_SPACE:
        asl__text_space(speller, s->shown);
        break;
    case ASL__SIGN_DELETE:
        asl__text_delete(speller, s->shown);
        break;
    default:
        asl__text_letter(speller, s->shown);
    }
}

/* A locked letter that is held on. */
static void repeat(asl_speller *speller, int64_t span_ns)
{
    asl__settling *s = &speller->settling;
    const asl__sign sign = speller->symbols.signs[s->shown];
    const int32_t after_ms = sign == ASL__SIGN_DELETE   ? speller->options.delete_repeat_ms
                             : sign == ASL__SIGN_LETTER ? speller->options.repeat_ms
                                                        : 0;
    s->held_ns += span_ns;
    if (after_ms > 0 && s->held_ns >= after_ms * ASL__NS_PER_MS)
        act(speller);
}

/* What has to be settled before the class shown is written. */
static double dwell_ns(const asl_speller *speller, double motion)
{
    const asl_speller_options *options = &speller->options;
    double dwell = (double)(options->dwell_ms * ASL__NS_PER_MS);
    if (motion < 0.0)
        dwell *= options->blind_factor;
    if (speller->symbols.signs[speller->settling.shown] != ASL__SIGN_LETTER)
        dwell *= options->edit_factor;
    return dwell;
}

static void settle(asl_speller *speller, int64_t span_ns, double motion)
{
    asl__settling *s = &speller->settling;
    if (s->shown == s->locked) {
        repeat(speller, span_ns);
        return;
    }
    const double wanted = dwell_ns(speller, motion), got = (double)s->support_ns[s->shown];
    if (got >= wanted && s->top == s->shown) {
        act(speller);
        return;
    }
    const double progress = got < wanted ? got / wanted : 1.0;
    if (progress != s->progress) {
        s->progress = progress;
        asl__speller_emit(speller, ASL_SPELLER_PROGRESS, s->shown, NULL);
    }
}

/* Time without a letter. */
static void wait(asl_speller *speller, int64_t span_ns)
{
    const asl_speller_options *options = &speller->options;
    asl__settling *s = &speller->settling;
    s->empty_ns += span_ns;
    s->nothing_ns = s->shown < 0 ? 0 : s->nothing_ns + span_ns;
    if (options->pause_ms > 0 && !s->paused &&
        s->nothing_ns >= options->pause_ms * ASL__NS_PER_MS) {
        s->paused = true;
        asl__text_space(speller, s->shown);
    }
    if (!s->idle && s->empty_ns >= options->idle_ms * ASL__NS_PER_MS) {
        s->idle = true;
        asl__speller_emit(speller, ASL_SPELLER_IDLE, s->shown, NULL);
    }
}

void asl__settling_push(asl_speller *speller, int64_t span_ns, bool gap, double motion)
{
    asl__settling *s = &speller->settling;
    if (gap) {
        span_ns = 0;
        memset(s->support_ns, 0, (size_t)speller->symbols.count * sizeof *s->support_ns);
        s->held_ns = s->empty_ns = s->nothing_ns = 0;
        s->below_ns = s->bump_ns = -1;
        if (s->shown >= 0)
            show(speller, -1);
    }
    support(speller, span_ns, motion);
    choose(speller);
    gather(speller);
    release(speller, span_ns, motion);
    if (is_letter(speller, s->shown)) {
        s->empty_ns = s->nothing_ns = 0;
        s->idle = s->paused = false;
        settle(speller, span_ns, motion);
    } else {
        wait(speller, span_ns);
    }
}
