/* SPDX-License-Identifier: MIT */
/* See signer.h. */
#include "spell/signer.h"

#include <math.h>
#include <string.h>

const char *const signer_labels[SIGNER_CLASSES] = {
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L",   "M",       "N",    "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "del", "nothing", "space"};

enum { NOTHING = 27, SPACE = 28 };

/* SplitMix64 (Steele, Lea & Flood 2014). */
static double uniform(signer *s)
{
    uint64_t z = (s->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double between(signer *s, double low, double high)
{
    return low + (high - low) * uniform(s);
}

static int32_t any_class(signer *s)
{
    return (int32_t)(uniform(s) * SIGNER_CLASSES);
}

/* Standard normal (Box & Muller 1958). */
static double normal(signer *s)
{
    const double radius = sqrt(-2.0 * log(1.0 - uniform(s)));
    return radius * cos(6.283185307179586 * uniform(s));
}

static void begin(signer *s, const signer_options *options)
{
    memset(s, 0, sizeof *s);
    s->options = *options;
    s->random = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    s->hold = -1;
    s->part = -1;
    /* Which letters look alike differs from signer to signer and network to network. */
    for (int32_t i = 0; i < SIGNER_CLASSES; i++) {
        const int32_t first = 1 + (int32_t)(uniform(s) * (SIGNER_CLASSES - 1));
        const int32_t second = 1 + (int32_t)(uniform(s) * (SIGNER_CLASSES - 2));
        s->partners[i][0] = (i + first) % SIGNER_CLASSES;
        s->partners[i][1] = (i + second + (second >= first)) % SIGNER_CLASSES;
    }
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        s->noise[i] = normal(s);
    s->burst_next_s = -log(1.0 - uniform(s)) / options->burst_rate;
}

static void add_part(signer *s, double length_s, int32_t from, int32_t to, bool still)
{
    const double start_s = s->part_count > 0 ? s->parts[s->part_count - 1].end_s : 0.0;
    if (s->part_count < SIGNER_MAX_PARTS)
        s->parts[s->part_count++] = (signer_part){start_s, start_s + length_s, from, to, still};
}

/* Moves from the last shape to `label` and holds it; both take 1 / rate together. */
static void sign(signer *s, int32_t label)
{
    const int32_t last = s->part_count > 0 ? s->parts[s->part_count - 1].to : NOTHING;
    const double slot_s = between(s, 0.85, 1.15) / s->options.rate;
    double move_s = fmin(between(s, 0.07, 0.15), 0.4 * slot_s);
    if (last == label && s->options.slide_doubles)
        move_s = fmin(between(s, 0.12, 0.22), 0.4 * slot_s);
    if (last == label && !s->options.slide_doubles) { /* opens the hand and closes it again */
        move_s = fmin(between(s, 0.2, 0.3), 0.6 * slot_s);
        add_part(s, 0.3 * move_s, label, -1, false);
        add_part(s, 0.4 * move_s, -1, -1, false);
        add_part(s, 0.3 * move_s, -1, label, false);
    } else {
        add_part(s, move_s, last, label, false);
    }
    add_part(s, slot_s - move_s, label, label, true);
}

void signer_spell(signer *s, const signer_options *options, const char *const *words, int32_t count)
{
    begin(s, options);
    add_part(s, 0.5, NOTHING, NOTHING, false);
    for (int32_t i = 0; i < count; i++) {
        for (const char *c = words[i]; *c != '\0'; c++) {
            sign(s, *c - 'A');
            s->text[s->text_size++] = *c;
        }
        if (uniform(s) < 0.5) {
            sign(s, SPACE);
            s->text[s->text_size++] = ' ';
        } else {
            add_part(s, between(s, 0.1, 0.3), s->parts[s->part_count - 1].to, NOTHING, false);
            add_part(s, between(s, 0.5, 1.5), NOTHING, NOTHING, false);
        }
    }
    add_part(s, 0.3, s->parts[s->part_count - 1].to, NOTHING, false);
    add_part(s, 1.0, NOTHING, NOTHING, false);
}

void signer_fidget(signer *s, const signer_options *options, double seconds)
{
    begin(s, options);
    while (s->part_count == 0 || s->parts[s->part_count - 1].end_s < seconds) {
        if (uniform(s) < 0.2)
            add_part(s, between(s, 0.3, 2.0), NOTHING, NOTHING, false);
        else
            add_part(s, between(s, 0.5, 4.0), -1, -1, false);
    }
}

/* A shape that the hand passes through, or that the network takes a blurred hand for. */
static void junk(signer *s, double *present, double amount)
{
    if (s->time_s >= s->junk_end_s) {
        s->junk_end_s = s->time_s + between(s, 0.02, 0.09);
        s->junk_label = any_class(s);
        s->junk_power = between(s, 0.2, 0.8);
    }
    present[s->junk_label] += amount * s->junk_power;
}

/* How much of each shape is in view, 0..1. */
static void look(signer *s, const signer_part *part, double *present)
{
    const double x = (s->time_s - part->start_s) / (part->end_s - part->start_s);
    const bool slide = part->from == part->to && part->to >= 0;
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        present[i] = 0.0;
    if (part->still || (part->from == NOTHING && part->to == NOTHING)) {
        present[part->to] = 1.0;
    } else if (slide) {
        present[part->to] = 0.8;
    } else {
        const double left = part->from < 0 ? 0.0 : (1.0 - x) * (1.0 - x);
        const double reached = part->to < 0 ? 0.0 : x * x;
        junk(s, present, fmin(1.0, 2.0 * (1.0 - left - reached)));
        if (part->from >= 0)
            present[part->from] += left;
        if (part->to >= 0)
            present[part->to] += reached;
    }
}

/* For a while the network is sure of something else. */
static void burst(signer *s, const signer_part *part, double *present)
{
    if (s->time_s >= s->burst_next_s) {
        s->burst_end_s = s->burst_next_s + s->options.burst_s * exp(0.6 * normal(s));
        s->burst_next_s = s->burst_end_s - log(1.0 - uniform(s)) / s->options.burst_rate;
        s->burst_label = part->to >= 0 && uniform(s) < 0.7 ? s->partners[part->to][uniform(s) < 0.5]
                                                           : any_class(s);
    }
    if (s->time_s < s->burst_end_s) {
        for (int32_t i = 0; i < SIGNER_CLASSES; i++)
            present[i] *= 0.3;
        present[s->burst_label] += 0.8;
    }
}

static void recognise(signer *s, const signer_part *part, double step_s, float *scores)
{
    const double keep = exp(-step_s / s->options.noise_s), fresh = sqrt(1.0 - keep * keep);
    double present[SIGNER_CLASSES], logits[SIGNER_CLASSES], top = -INFINITY, sum = 0.0;
    look(s, part, present);
    burst(s, part, present);
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        logits[i] = present[i];
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        for (int32_t j = 0; j < 2; j++)
            logits[s->partners[i][j]] += 0.35 * present[i];
    for (int32_t i = 0; i < SIGNER_CLASSES; i++) {
        s->noise[i] = keep * s->noise[i] + fresh * normal(s);
        logits[i] = s->options.signal * logits[i] + s->noise[i] + s->bias[i];
        top = fmax(top, logits[i]);
    }
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        sum += logits[i] = exp(s->options.sharpness * (logits[i] - top));
    for (int32_t i = 0; i < SIGNER_CLASSES; i++)
        scores[i] = (float)(logits[i] / sum);
}

/* Hands tremble at rest, sometimes much, and are slow for moments while they move. */
static double motion(signer *s, const signer_part *part)
{
    const bool rest = part->still || (part->from == NOTHING && part->to == NOTHING);
    const double usual = !rest ? 0.15 : uniform(s) < 0.03 ? 0.08 : 0.02;
    return fmin(1.0, usual * exp(0.5 * normal(s)));
}

/* Time to the next frame: jitter, sometimes a lost frame, seldom a camera that stalls. */
static double step(signer *s)
{
    const double frame_s = 1.0 / s->options.fps;
    double step_s = frame_s * fmax(0.3, 1.0 + s->options.jitter * normal(s));
    if (uniform(s) < 0.02)
        step_s += frame_s;
    if (uniform(s) < 0.001)
        step_s += between(s, 0.15, 0.4);
    return step_s;
}

bool signer_next(signer *s, signer_frame *frame)
{
    const double step_s = step(s);
    int32_t part = s->part < 0 ? 0 : s->part;
    s->time_s += step_s;
    while (part < s->part_count && s->time_s >= s->parts[part].end_s)
        part++;
    if (part == s->part_count)
        return false;
    const signer_part *now = &s->parts[part];
    if (part != s->part) {
        for (int32_t i = 0; i < SIGNER_CLASSES; i++)
            s->bias[i] = s->options.hold_spread * normal(s);
        s->hold += now->still;
    }
    s->part = part;
    recognise(s, now, step_s, frame->scores);
    frame->time_ns = (int64_t)(s->time_s * 1e9);
    frame->truth = now->still ? now->to : -1;
    frame->hold = now->still ? s->hold : -1;
    frame->hold_ns = (int64_t)(now->start_s * 1e9);
    frame->hold_end_ns = (int64_t)(now->end_s * 1e9);
    frame->motion = motion(s, now);
    frame->part = part;
    frame->from = now->from;
    frame->to = now->to;
    frame->share = (s->time_s - now->start_s) / (now->end_s - now->start_s);
    return true;
}
