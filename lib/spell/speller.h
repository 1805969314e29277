/* SPDX-License-Identifier: MIT */
/* The inside of a speller, in the order in which a frame passes through it: motion.c measures how
 * much the hand moves, filter.c turns scores
 * into beliefs, settle.c beliefs into letters, text.c letters into text, suggest.c letters into
 * words of the list that words.c read. */
#ifndef ASL_SPELL_SPELLER_H
#define ASL_SPELL_SPELLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/speller.h"
#include "image/image.h"

#define ASL__NS_PER_MS INT64_C(1000000)

enum {
    ASL__MAX_LABEL = 64,      /* bytes with the NUL; model/labels.c allows no more */
    ASL__MAX_WORD = 32,       /* letters */
    ASL__WORD_BYTES = 2048,   /* a longest word of longest labels, a space and the NUL */
    ASL__MAX_SUGGESTIONS = 8, /* the range of max_suggestions */
    ASL__MAX_EVENTS = 8,      /* more than one call can cause */
    ASL__VOTE_FRAMES = 256,
    ASL__MINIATURE_SIDE = 16,
    ASL__MINIATURE = ASL__MINIATURE_SIDE * ASL__MINIATURE_SIDE,
    ASL__QUEUE = 128 /* branches open in the search for words to offer */
};

/* What a class does. */
typedef enum asl__sign {
    ASL__SIGN_LETTER,
    ASL__SIGN_NOTHING,
    ASL__SIGN_SPACE,
    ASL__SIGN_DELETE
} asl__sign;

typedef struct asl__symbols {
    char (*names)[ASL__MAX_LABEL];
    asl__sign *signs;
    int32_t count;
    int32_t nothing; /* -1 without */
} asl__symbols;

typedef struct asl__filter {
    double *score;  /* of the frame: scaled by the temperature, summing to 1 */
    double *belief; /* the result */
    struct {
        int64_t time_ns;
        int64_t span_ns; /* since the frame before */
        int32_t label;
    } votes[ASL__VOTE_FRAMES]; /* a ring */
    int32_t vote_first, vote_count;
} asl__filter;

typedef struct asl__settling {
    int32_t top;          /* class with the frame's top score */
    int32_t shown;        /* class, or -1 */
    int32_t locked;       /* class written last and not released since, or -1 */
    int64_t since_ns;     /* time stamp at which `shown` began */
    int64_t held_ns;      /* since the last writing of what is locked */
    int64_t below_ns;     /* the locked class has been below `exit`; -1 = it is not */
    int64_t bump_ns;      /* the hand has been moving; -1 = it rests */
    int64_t empty_ns;     /* no letter shown */
    int64_t nothing_ns;   /* `nothing` shown */
    bool idle, paused;    /* IDLE was told, the pause's space written */
    double progress;      /* as told last */
    int64_t *support_ns;  /* by class: time of frames that agreed while it was believed */
    double *evidence;     /* sum of the frames' scores since `shown` began */
    int32_t evidence_num; /* frames in it */
} asl__settling;

/* The list of words as a trie in pre-order: a node's first child follows it. Node 0 is the root. */
typedef struct asl__node {
    uint32_t next;   /* sibling, 0 = none */
    uint32_t parent; /* of the root: itself */
    uint16_t symbol;
    uint8_t has_child;
    uint8_t is_word;
    float log_p; /* of the word that ends here */
    float best;  /* greatest log_p of this node and all below it */
} asl__node;

/* A way to read the letters so far: where it stands in the trie, and its log likelihood. */
typedef struct asl__reading {
    double score;
    uint32_t node;
} asl__reading;

typedef struct asl__words {
    asl__node *nodes; /* NULL without a list */
    uint32_t node_count;
    asl__reading *readings; /* [ASL__MAX_WORD + 1][beam]: after 0, 1, ... letters */
    int32_t reading_counts[ASL__MAX_WORD + 1];
    asl__reading *queue; /* of the search for words to offer */
} asl__words;

typedef struct asl__offers {
    char texts[ASL__MAX_SUGGESTIONS][ASL__WORD_BYTES];
    int32_t count;
} asl__offers;

/* The last word of the text. */
typedef struct asl__word {
    uint16_t symbols[ASL__MAX_WORD];
    int32_t length;
    bool known;    /* made of symbols and short enough */
    bool finished; /* a space follows it */
} asl__word;

typedef struct asl__text {
    char *data;
    size_t size, capacity;      /* bytes without the NUL */
    char undo[ASL__WORD_BYTES]; /* what an applied suggestion replaced */
    size_t undo_size;
    size_t applied_size; /* bytes at the end that it put there; 0 = nothing to undo */
    char *word;          /* of the WORD event; as large as the text */
} asl__text;

/* The last picture that asl_speller_look() saw. */
typedef struct asl__looking {
    asl__scratch scratch;
    float last[ASL__MINIATURE]; /* 0..1 */
    double motion;              /* for the next push; -1 = unknown, here as everywhere */
    bool started;
} asl__looking;

struct asl_speller {
    asl_speller_options options;
    asl__symbols symbols;
    asl__looking looking;
    asl__filter filter;
    asl__settling settling;
    asl__text text;
    asl__word word;
    asl__words words;
    asl__offers offers;
    asl_speller_event events[ASL__MAX_EVENTS];
    int32_t event_count;
    bool started;    /* a frame has come */
    int64_t time_ns; /* of the last frame */
};

asl_status asl__speller_options_check(const asl_speller_options *options, asl_error *err);

/* Appends an event about class `label` with the text of its kind; the caller fills in the rest. */
asl_speller_event *asl__speller_emit(asl_speller *speller, int32_t kind, int32_t label,
                                     const char *text);

/* `span_ns` since the last frame, or since ever at the first frame. */
void asl__filter_reset(asl_speller *speller);
void asl__filter_push(asl_speller *speller, const float *scores, uint64_t span_ns, double motion);

void asl__settling_reset(asl_speller *speller);
/* `gap`: what happened since the last frame is unknown. */
void asl__settling_push(asl_speller *speller, int64_t span_ns, bool gap, double motion);

/* Signs that have settled. Each emits its events. */
void asl__text_letter(asl_speller *speller, int32_t label);
void asl__text_space(asl_speller *speller, int32_t label);
void asl__text_delete(asl_speller *speller, int32_t label);

/* The last word follows the text. `likelihood` has a value for each class. */
void asl__word_letter(asl_speller *speller, int32_t label, const double *likelihood);
void asl__word_finish(asl_speller *speller);
void asl__word_shorten(asl_speller *speller, size_t bytes);
void asl__word_forget(asl_speller *speller);
void asl__word_rebuild(asl_speller *speller);
/* Where it begins in the text. */
size_t asl__word_start(const asl_speller *speller);
/* Looks for suggestions anew and tells when they changed. */
void asl__word_offer(asl_speller *speller);

/* Splits `text` into at most ASL__MAX_WORD letters; their number, or -1. */
int32_t asl__symbols_split(uint16_t *out, const asl__symbols *symbols, const char *text,
                           size_t size);
void asl__words_free(asl__words *words);

#endif
