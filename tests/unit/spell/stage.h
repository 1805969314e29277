/* SPDX-License-Identifier: MIT */
/* A speller and a hand that shows it exactly what a test wants. */
#ifndef TESTS_UNIT_SPELL_STAGE_H
#define TESTS_UNIT_SPELL_STAGE_H

#include "support/support.h"

#include "asl/speller.h"

#define CLASSES 29
#define MS      INT64_C(1000000)

extern const char *const stage_labels[CLASSES];

typedef struct stage {
    asl_speller *speller;
    int64_t time_ns;
    int64_t step_ns;     /* between frames; 1/30 s at first */
    double sure;         /* score of the class shown; 0.9 at first */
    int32_t top;         /* class of random frames */
    double motion;       /* the hint; 0 at first */
    int32_t counts[16];  /* events by kind since stage_open() */
    char follower[4096]; /* the text as the events alone tell it */
} stage;

void stage_open(stage *s, const asl_speller_options *options);
void stage_close(stage *s);

/* One frame that looks like `label`. */
void stage_frame(stage *s, const char *label);
/* Frames for `ms` milliseconds. */
void stage_hold(stage *s, const char *label, int64_t ms);
/* Holds each letter for 400 ms with nothing for 200 ms after it; ' ' is the sign, '<' is del. */
void stage_spell(stage *s, const char *text);
/* Copies the events of the last call into the counts and the follower. */
void stage_follow(stage *s);

/* The first event of a kind in the last call; fails the test without one. */
asl_speller_event stage_event(const stage *s, int32_t kind);

#define assert_text(s, expected) assert_string_equal(asl_speller_text(NULL, (s)->speller), expected)

#endif
