/* SPDX-License-Identifier: MIT */
/* A simulated signer before a simulated recogniser: what a camera and a network would give, with
 * the truth beside it. It knows nothing of how spellers work: errors come from noise in the logits
 * that lasts as long as it lasts, not from frames that are right or wrong. */
#ifndef TESTS_SPELL_SIGNER_H
#define TESTS_SPELL_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#define SIGNER_CLASSES 29

extern const char *const signer_labels[SIGNER_CLASSES];

typedef struct signer_options {
    uint64_t seed;
    double rate;        /* letters a second */
    double signal;      /* logit of the shape shown over the others: sets the frame accuracy */
    double sharpness;   /* factor on the logits: how sure of itself the network is */
    double fps, jitter; /* jitter: standard deviation of the time between frames, as a share */
    double noise_s;     /* time over which the noise of a logit changes */
    double hold_spread; /* standard deviation of a logit's bias in one hold, in noise units */
    double burst_rate;  /* confident confusions a second */
    double burst_s;     /* their median length */
    bool slide_doubles; /* double letters are slid sideways, with hardly a change of shape */
} signer_options;

typedef struct signer_frame {
    int64_t time_ns;
    float scores[SIGNER_CLASSES];
    double motion;
    int32_t truth;       /* class held, -1 while the hand moves or rests */
    int32_t part;        /* number of the part, counting holds and moves */
    int32_t from, to;    /* where it leads, -1: nowhere in particular */
    double share;        /* how much of it has passed, 0..1 */
    int32_t hold;        /* number of the hold, -1 outside */
    int64_t hold_ns;     /* when it began */
    int64_t hold_end_ns; /* when it will end */
} signer_frame;

/* Part of what the hand does. */
typedef struct signer_part {
    double start_s, end_s;
    int32_t from, to; /* from == to and still: a hold */
    bool still;
} signer_part;

#define SIGNER_MAX_PARTS 4096

typedef struct signer {
    signer_options options;
    signer_part parts[SIGNER_MAX_PARTS];
    int32_t part_count, part, hold;
    double hold_start_s;
    uint64_t random;
    int32_t partners[SIGNER_CLASSES][2];
    double noise[SIGNER_CLASSES], bias[SIGNER_CLASSES];
    double time_s;
    double burst_end_s, burst_next_s;
    int32_t burst_label;
    double junk_end_s, junk_power;
    int32_t junk_label;
    char text[4096]; /* what a reader should write */
    int32_t text_size;
} signer;

/* Spells `words`; between two there is a space sign or a hand at rest. */
void signer_spell(signer *s, const signer_options *options, const char *const *words,
                  int32_t count);
/* Moves the hand about for `seconds` without meaning anything; now and then it rests. */
void signer_fidget(signer *s, const signer_options *options, double seconds);
/* False at the end. */
bool signer_next(signer *s, signer_frame *frame);

#endif
