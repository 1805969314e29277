/* SPDX-License-Identifier: MIT */
/* From the scores of single frames to a belief in each class. All three methods weigh frames by
 * the time between them, so that the frame rate hardly matters. */
#include "spell/speller.h"

#include <math.h>

void asl__filter_reset(asl_speller *speller)
{
    asl__filter *filter = &speller->filter;
    const int32_t count = speller->symbols.count;
    const bool hmm = speller->options.method == ASL_SPELLER_HMM;
    for (int32_t i = 0; i < count; i++)
        filter->belief[i] = hmm ? 1.0 / count : 0.0;
    filter->vote_first = filter->vote_count = 0;
}

static void scale(double *values, int32_t count, double factor)
{
    for (int32_t i = 0; i < count; i++)
        values[i] *= factor;
}

/* Softmax scores at another temperature: p^(1/T), normalised. */
static void read_scores(double *out, const float *scores, int32_t count, double temperature)
{
    double sum = 0.0;
    for (int32_t i = 0; i < count; i++) {
        out[i] = (double)scores[i];
        if (temperature != 1.0)
            out[i] = pow(out[i], 1.0 / temperature);
        sum += out[i];
    }
    scale(out, count, 1.0 / sum);
}

/* Where the signer may have gone meanwhile: with probability exp(-dt / stay) nowhere, otherwise to
 * `nothing` or to any other class alike. The uniform rest keeps it linear in the classes. */
static void predict(asl_speller *speller, double span_ms)
{
    const int32_t count = speller->symbols.count, nothing = speller->symbols.nothing;
    const double stay = exp(-span_ms / speller->options.stay_ms), leave = 1.0 - stay;
    double *belief = speller->filter.belief;
    const double at_nothing = nothing < 0 ? 0.0 : belief[nothing], at_letters = 1.0 - at_nothing;
    const double to_nothing = nothing < 0 ? 0.0 : count == 2 ? 1.0 : speller->options.nothing_share;
    const int32_t others = nothing < 0 ? count - 1 : count - 2;
    for (int32_t i = 0; i < count; i++) {
        double come = to_nothing * at_letters;
        if (i != nothing) {
            come = at_nothing / (count - 1);
            if (others > 0)
                come += (1.0 - to_nothing) * (at_letters - belief[i]) / others;
        }
        belief[i] = stay * belief[i] + leave * come;
    }
}

/* The forward algorithm (Rabiner 1989, section III.A). Frames closer together than the correlation
 * time repeat each other's errors, so each counts only for what is new in it. */
static void hmm(asl_speller *speller, double span_ms, double motion)
{
    const asl_speller_options *options = &speller->options;
    const int32_t count = speller->symbols.count;
    double *belief = speller->filter.belief, sum = 0.0;
    double weight = 1.0;
    if (options->correlation_ms > 0)
        weight = -expm1(-span_ms / options->correlation_ms);
    if (motion >= options->still_motion)
        weight *= options->moving_weight;
    predict(speller, span_ms);
    for (int32_t i = 0; i < count; i++) {
        belief[i] *= pow(fmax(speller->filter.score[i], options->floor), weight);
        sum += belief[i];
    }
    scale(belief, count, 1.0 / sum);
}

static void average(asl_speller *speller, double span_ms)
{
    const double weight = -expm1(-span_ms / speller->options.average_ms);
    for (int32_t i = 0; i < speller->symbols.count; i++)
        speller->filter.belief[i] +=
            weight * (speller->filter.score[i] - speller->filter.belief[i]);
}

static void add_vote(asl_speller *speller, int64_t span_ns)
{
    asl__filter *filter = &speller->filter;
    int32_t top = 0;
    for (int32_t i = 1; i < speller->symbols.count; i++)
        if (filter->score[i] > filter->score[top])
            top = i;
    if (filter->vote_count == ASL__VOTE_FRAMES)
        filter->vote_first = (filter->vote_first + 1) % ASL__VOTE_FRAMES;
    else
        filter->vote_count++;
    const int32_t last = (filter->vote_first + filter->vote_count - 1) % ASL__VOTE_FRAMES;
    filter->votes[last].time_ns = speller->time_ns;
    filter->votes[last].span_ns = span_ns;
    filter->votes[last].label = top;
}

/* Each frame votes with the time since the frame before it, as far as that lies in the window. */
static void vote(asl_speller *speller, uint64_t span_ns)
{
    asl__filter *filter = &speller->filter;
    const int64_t window = speller->options.vote_ms * ASL__NS_PER_MS;
    const bool gap = span_ns > (uint64_t)(speller->options.gap_ms * ASL__NS_PER_MS);
    add_vote(speller, gap ? 0 : (int64_t)span_ns);
    for (int32_t i = 0; i < speller->symbols.count; i++)
        filter->belief[i] = 0.0;
    for (int32_t i = 0; i < filter->vote_count; i++) {
        const int32_t at = (filter->vote_first + i) % ASL__VOTE_FRAMES;
        const uint64_t age = (uint64_t)speller->time_ns - (uint64_t)filter->votes[at].time_ns;
        if (age >= (uint64_t)window)
            continue;
        const int64_t left = window - (int64_t)age, span = filter->votes[at].span_ns;
        filter->belief[filter->votes[at].label] +=
            (double)(span < left ? span : left) / (double)window;
    }
}

void asl__filter_push(asl_speller *speller, const float *scores, uint64_t span_ns, double motion)
{
    const double span_ms = (double)span_ns / (double)ASL__NS_PER_MS;
    read_scores(speller->filter.score, scores, speller->symbols.count,
                speller->options.temperature);
    if (speller->options.method == ASL_SPELLER_HMM)
        hmm(speller, span_ms, motion);
    else if (speller->options.method == ASL_SPELLER_AVERAGE)
        average(speller, span_ms);
    else
        vote(speller, span_ns);
}
