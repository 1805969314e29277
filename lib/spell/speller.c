/* SPDX-License-Identifier: MIT */
/* The handle: made from the names of classes, fed with frames, asked for events. */
#include "spell/speller.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"
#include "base/labels.h"
#include "base/options.h"
#include "model/model.h"

static asl__sign sign_of(const char *label)
{
    static const char *const names[] = {"nothing", "space", "del"};
    static const asl__sign signs[] = {ASL__SIGN_NOTHING, ASL__SIGN_SPACE, ASL__SIGN_DELETE};
    const int32_t found = asl__label_find(label, names, sizeof names / sizeof names[0]);

    return found < 0 ? ASL__SIGN_LETTER : signs[found];
}

static asl_status build(asl_speller *speller, const char *const *labels, int32_t count,
                        asl_error *err)
{
    const size_t classes = (size_t)count, capacity = (size_t)speller->options.max_text;
    asl__symbols *symbols = &speller->symbols;
    symbols->names = asl__alloc_array(classes, sizeof *symbols->names);
    symbols->signs = asl__alloc_array(classes, sizeof *symbols->signs);
    speller->filter.score = asl__alloc_array(classes, sizeof(double));
    speller->filter.belief = asl__alloc_array(classes, sizeof(double));
    speller->settling.evidence = asl__alloc_array(classes, sizeof(double));
    speller->settling.support_ns = asl__alloc_array(classes, sizeof(int64_t));
    speller->text.data = asl__alloc(capacity + 1);
    speller->text.word = asl__alloc(capacity + 1);
    if (!symbols->names || !symbols->signs || !speller->filter.score || !speller->filter.belief ||
        !speller->settling.evidence || !speller->settling.support_ns || !speller->text.data ||
        !speller->text.word)
        return asl__fail_memory(err, "the speller");
    speller->text.capacity = capacity;
    symbols->count = count;
    symbols->nothing = -1;
    for (int32_t i = 0; i < count; i++) {
        memcpy(symbols->names[i], labels[i], strlen(labels[i]) + 1);
        symbols->signs[i] = sign_of(labels[i]);
        if (symbols->signs[i] == ASL__SIGN_NOTHING && symbols->nothing < 0)
            symbols->nothing = i;
    }
    return ASL_OK;
}

asl_status asl_speller_create(asl_speller **out, const char *const *labels, int32_t label_count,
                              const asl_speller_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(labels != NULL, err);
    asl_status status;
    asl_speller *speller = NULL;
    asl_speller_options resolved;
    asl_speller_options_init(&resolved, sizeof resolved);
    ASL__TRY(asl__options_read(&resolved, sizeof resolved, options, "asl_speller_options", err));
    ASL__TRY(asl__speller_options_check(&resolved, err));
    ASL__TRY(asl__labels_check(labels, label_count, __func__, err));
    speller = asl__alloc(sizeof *speller);
    if (!speller)
        return asl__fail_memory(err, "the speller");
    speller->options = resolved;
    ASL__TRY(build(speller, labels, label_count, err));
    asl_speller_reset(speller);
    *out = speller;
    return ASL_OK;
fail:
    asl_speller_free(speller);
    return status;
}

asl_status asl_speller_create_for_model(asl_speller **out, const asl_model *model,
                                        const asl_speller_options *options, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(model != NULL, err);
    const char *labels[ASL__MAX_CLASSES];
    asl_model_info info = {.struct_size = sizeof info};
    asl_status status;
    ASL__TRY(asl_model_get_info(&info, model, err));
    for (int32_t i = 0; i < info.label_count; i++)
        labels[i] = asl_model_label(model, i);
    ASL__TRY(asl_speller_create(out, labels, info.label_count, options, err));
fail:
    return status;
}

void asl_speller_free(asl_speller *speller)
{
    if (!speller)
        return;
    asl__words_free(&speller->words);
    asl__free(speller->looking.scratch.memory);
    asl__free(speller->text.word);
    asl__free(speller->text.data);
    asl__free(speller->settling.support_ns);
    asl__free(speller->settling.evidence);
    asl__free(speller->filter.belief);
    asl__free(speller->filter.score);
    asl__free(speller->symbols.signs);
    asl__free(speller->symbols.names);
    asl__free(speller);
}

void asl_speller_reset(asl_speller *speller)
{
    if (!speller)
        return;
    speller->started = speller->looking.started = false;
    speller->looking.motion = -1.0;
    speller->time_ns = 0;
    speller->text.size = speller->text.applied_size = 0;
    speller->text.data[0] = '\0';
    asl__filter_reset(speller);
    asl__settling_reset(speller);
    asl__word_rebuild(speller);
    speller->offers.count = 0;
    speller->event_count = 0;
}

asl_speller_event *asl__speller_emit(asl_speller *speller, int32_t kind, int32_t label,
                                     const char *text)
{
    asl_speller_event *event = &speller->events[speller->event_count++];
    if (!text)
        text = label < 0 ? "" : speller->symbols.names[label];
    *event = (asl_speller_event){
        .struct_size = sizeof *event,
        .kind = kind,
        .label = label,
        .time_ns = speller->time_ns,
        .since_ns = label < 0 ? speller->time_ns : speller->settling.since_ns,
        .progress = label < 0 ? 0.0 : speller->settling.progress,
        .belief = label < 0 ? 0.0 : speller->filter.belief[label],
        .text = text,
    };
    return event;
}

static asl_status check_scores(const asl_speller *speller, const float *scores, size_t count,
                               asl_error *err)
{
    double sum = 0.0;
    if (count != (size_t)speller->symbols.count)
        return asl__fail(err, ASL_ERR_ARG, "%zu scores given, but there are %d classes", count,
                         speller->symbols.count);
    for (size_t i = 0; i < count; i++) {
        if (!(scores[i] >= 0.0F && scores[i] <= 1.05F))
            return asl__fail_at(err, ASL_ERR_ARG, (int64_t)i,
                                "the score of '%s' is no probability; give the scores of "
                                "asl_inferer_classify(), not logits",
                                speller->symbols.names[i]);
        sum += (double)scores[i];
    }
    if (!(fabs(sum - 1.0) <= 0.05))
        return asl__fail(err, ASL_ERR_ARG,
                         "the scores do not sum to 1; give the scores of asl_inferer_classify()");
    return ASL_OK;
}

/* The hint, or what asl_speller_look() measured since the last frame, or -1. */
static asl_status read_motion(double *motion, const asl_speller *speller,
                              const asl_speller_hints *hints, asl_error *err)
{
    asl_speller_hints known = {.struct_size = sizeof known};
    asl_status status;
    ASL__TRY(asl__options_read(&known, sizeof known, hints, "asl_speller_hints", err));
    if (!(known.motion >= 0.0 && known.motion <= 1.0))
        return asl__fail(err, ASL_ERR_ARG, "asl_speller_hints: motion is not 0..1");
    if (known.reserved != 0)
        return asl__fail(err, ASL_ERR_ARG, "asl_speller_hints: reserved is not 0");
    *motion = hints ? known.motion : speller->looking.motion;
fail:
    return status;
}

asl_status asl_speller_push(asl_speller *speller, const float *scores, size_t score_count,
                            int64_t time_ns, const asl_speller_hints *hints, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    speller->event_count = 0;
    ASL__CHECK_ARG(scores != NULL, err);
    asl_status status;
    double motion = -1.0;
    ASL__TRY(check_scores(speller, scores, score_count, err));
    ASL__TRY(read_motion(&motion, speller, hints, err));
    if (speller->started && time_ns < speller->time_ns)
        return asl__fail(err, ASL_ERR_ARG, "time goes back from %lld to %lld ns",
                         (long long)speller->time_ns, (long long)time_ns);
    if (speller->started && time_ns == speller->time_ns)
        return ASL_PARTIAL;
    /* Unsigned, as the difference of two int64 may not fit one. */
    const uint64_t span_ns =
        speller->started ? (uint64_t)time_ns - (uint64_t)speller->time_ns : UINT64_MAX;
    const bool gap = span_ns > (uint64_t)(speller->options.gap_ms * ASL__NS_PER_MS);
    speller->started = true;
    speller->time_ns = time_ns;
    speller->looking.motion = -1.0;
    asl__filter_push(speller, scores, span_ns, motion);
    asl__settling_push(speller, gap ? 0 : (int64_t)span_ns, gap, motion);
fail:
    return status;
}

int32_t asl_speller_event_count(const asl_speller *speller)
{
    return speller ? speller->event_count : 0;
}

asl_status asl_speller_get_event(asl_speller_event *out, const asl_speller *speller, int32_t index,
                                 asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(speller != NULL, err);
    ASL__CHECK_ARG(index >= 0 && index < speller->event_count, err);
    return asl__struct_write(out, &speller->events[index], sizeof *out, "asl_speller_event", err);
}

const char *asl_speller_text(size_t *size, const asl_speller *speller)
{
    if (size)
        *size = speller ? speller->text.size : 0;
    return speller ? speller->text.data : NULL;
}

const double *asl_speller_belief(const asl_speller *speller)
{
    return speller ? speller->filter.belief : NULL;
}
