/* SPDX-License-Identifier: MIT */
/** @file asl/speller.h
 * From scores over time to letters, and from letters to text.
 *
 * A camera gives thirty sets of scores a second; some are wrong, and between two letters all are.
 * A speller settles on a letter once the scores have agreed for long enough, writes it once however
 * long it is held, and tells what it does in events. The embedder's loop is two calls, classify and
 * push, and better three:
 * @code
 *     asl_speller *speller = NULL;
 *     asl_speller_create_for_model(&speller, model, NULL, &err);
 *     while (next_picture(&view, &time_ns)) {
 *         asl_inferer_classify(scores, 29, inferer, &view, NULL, &err);
 *         asl_speller_look(NULL, speller, &view, NULL, &err); // optional: does the hand move?
 *         asl_speller_push(speller, scores, 29, time_ns, NULL, &err);
 *         for (int32_t i = 0; i < asl_speller_event_count(speller); i++) {
 *             asl_speller_event event = {.struct_size = sizeof event};
 *             asl_speller_get_event(&event, speller, i, &err);
 *             ...
 *         }
 *         puts(asl_speller_text(NULL, speller));
 *     }
 *     asl_speller_free(speller);
 * @endcode
 *
 * It is a pure function of what it is given: it reads no clock, so the same calls give the same
 * events and the same text, bit for bit on one machine. asl_speller_push() takes no memory. Frames
 * may come at any rate and need not be regular. docs/speller.md tells how it works and how well.
 */
#ifndef ASL_SPELLER_H
#define ASL_SPELLER_H

#include "asl/base.h"
#include "asl/image.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

/** What has been spelled, and is being spelled. One thread at a time. */
typedef struct asl_speller asl_speller;

/** How scores become a belief in each class. */
enum {
    ASL_SPELLER_HMM = 0,     /**< Forward filter of a hidden Markov model; the best. */
    ASL_SPELLER_AVERAGE = 1, /**< Exponential average of the scores. */
    ASL_SPELLER_VOTE = 2     /**< Each class's share of the top scores in a window of time. */
};

/** How fast the signer is. */
enum {
    ASL_SPELLER_DEFAULT = 0, /**< Up to about two letters a second. */
    ASL_SPELLER_LEARNER = 1, /**< One letter a second or less; forgives most. */
    ASL_SPELLER_FLUENT = 2   /**< Up to about three letters a second; forgives least. */
};

/** All constants. Durations are whole milliseconds, 0..60000 where nothing else is said. Defaults
 * given as a/b/c are those of the profiles learner/default/fluent. Where no source is named they
 * were tuned on the simulated streams of docs/speller.md. */
typedef struct asl_speller_options {
    uint32_t struct_size; /**< Set by asl_speller_options_init(). */
    int32_t method;       /**< ASL_SPELLER_HMM (default), _AVERAGE or _VOTE. */

    /* Belief. */
    double temperature;     /**< Divides the logits before anything else: scores become
                                 p^(1/temperature). 0.1..10; default 1. Fit it on signers whom the
                                 model has not seen (Guo et al. 2017). */
    double floor;           /**< hmm: least score a class can have, so that no frame rules it out.
                                 1e-9..0.1; default 0.002. */
    double nothing_share;   /**< hmm: of what leaves a letter, the share that goes to `nothing`.
                                 0..1; default 0.4. */
    int32_t correlation_ms; /**< hmm: time over which frames repeat each other's errors. A frame dt
                                 after the last counts as 1 - exp(-dt / correlation_ms) of an
                                 independent one. 0 = all are independent; default 94: 0.3 at 30
                                 frames/s. */
    int32_t stay_ms;        /**< hmm: mean stay in a letter, 1..60000; default 350 (fluent signers:
                                 200 to 500, Reed et al. 1990). */
    int32_t average_ms;     /**< average: time constant, 1..60000; default 120. */
    int32_t vote_ms;        /**< vote: length of the window, 1..60000; default 500/333/233. Of more
                                 than 256 frames in it the last 256 count. */

    /* What is shown. */
    double enter;  /**< Belief at which a class is shown, 0..1; default: hmm 0.9/0.85/0.75, average
                        0.55, vote 0.6/0.6/0.7. */
    double margin; /**< ... and its lead over the second, 0..1; default: hmm 0.2/0.2/0.1, average
                        0.2, vote 0. */
    double exit;   /**< A class is hidden below half of this belief, unless another takes its place,
                        and a written letter is released below it. 0..1; default: hmm 0.6, others
                        0.2. */

    /* Motion, where it is known: see asl_speller_look(). */
    double still_motion;  /**< A hand that moves less is at rest; letters settle only then. 0..1;
                               default 0.06. */
    double moving_weight; /**< hmm: weight of the frames of a moving hand, 0..1; default 0.4. */
    double bump_motion;   /**< While a letter is shown, motion that rises above this and comes to
                               rest again is a double letter's slide or bounce (lifeprint.com,
                               "double letters"), 0..1; default 0.1, ... */
    int32_t bump_min_ms;  /**< ... if it lasted at least this long; default 50, ... */
    int32_t bump_max_ms;  /**< ... and at most this; default 250. */

    /* What is written. */
    double doubt_factor; /**< A frame with another top score takes back this many times its
                              duration from what has settled. 0..10; default 0.2. */
    double blind_factor; /**< Where motion is not known letters settle this many times longer,
                              0..100; default: hmm and average 1/2.4/2.4, vote 1. */
    double edit_factor;  /**< `del` and `space` settle this many times longer, 0..100; default
                              1.2. */
    int32_t dwell_ms;    /**< A class that is shown is written once frames worth this time, less
                              the doubts, had it as their top score. Default: hmm and average
                              400/80/50, vote 0. */
    int32_t release_ms;  /**< A written letter whose belief is below `exit` this long may be
                              written again: a double letter. Default 60. */
    int32_t repeat_ms;   /**< A letter held this long is written again, and so on; default 0 =
                              never. */
    int32_t delete_repeat_ms; /**< The same for `del`; default 600, 0 = never. */
    int32_t idle_ms;          /**< Time without any letter until ASL_SPELLER_IDLE; default 1000. */
    int32_t pause_ms;         /**< `nothing` seen this long writes a space; default 0 = never. */
    int32_t gap_ms;           /**< Frames further apart are a gap: nothing settles over it, and what
                                   was shown is hidden. 1..60000; default 500. */

    /* Text. */
    int32_t max_text;        /**< Bytes of text, 64..16777216, reserved at once; default 65536. */
    int32_t max_suggestions; /**< Words offered at a time, 0..8; default 3. */
    int32_t beam;            /**< Ways to read the letters that are kept, 1..1024; default 64. */

    /* Suggestions: factors on a word's likelihood, 1e-9..1 (Kernighan, Church & Gale 1990). */
    double word_weight;     /**< Exponent of the word list's frequencies beside them, 0..10; default
                                 0.6. */
    double insert_factor;   /**< For each written letter that the word lacks; default 0.02. */
    double omit_factor;     /**< For each letter of the word that was not written; default 0.03. */
    double repeat_factor;   /**< For each letter written twice instead of once; default 0.05. */
    double replace_floor;   /**< Least likelihood of a letter in place of the one seen; default
                                 0.001. */
    double complete_factor; /**< For each letter still to come; default 0.5. */
    double offer_floor;     /**< A word is offered when its letters' mean likelihood (geometric) is
                                 at least this; default 0.1. */
} asl_speller_options;

/** Write the defaults (hmm, profile default) into the first @p struct_size bytes of @p options;
 * pass sizeof *options. @since 1.0 */
ASL_API void asl_speller_options_init(asl_speller_options *options, size_t struct_size);

/** Write the defaults of a method and a profile. Call it first, then change single values.
 * @param options  Its struct_size must be set, as after asl_speller_options_init().
 * @param method   ASL_SPELLER_HMM, ...
 * @param profile  ASL_SPELLER_DEFAULT, ...
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_speller_options_preset(asl_speller_options *options, int32_t method,
                                              int32_t profile, asl_error *err);

/** A new speller.
 * @param labels       Names of the classes in the order of the scores; copied. "nothing" is
 *   the class without a hand, "space" writes a space, "del" takes the last character back, in any
 *   case of letters and by the other names that asl_dataset_mix() knows for them; every other name
 *   is written as it stands. All three are optional.
 * @param label_count  2..1024.
 * @return ASL_OK; ASL_ERR_ARG (also an option out of range); ASL_ERR_LABELS (as for models);
 *   ASL_ERR_NOMEM; ASL_ERR_TOO_NEW. @since 1.0 */
ASL_API asl_status asl_speller_create(asl_speller **out, const char *const *labels,
                                      int32_t label_count, const asl_speller_options *options,
                                      asl_error *err);

/** A new speller for the classes of @p model, which is not kept.
 * @return as asl_speller_create(). @since 1.0 */
ASL_API asl_status asl_speller_create_for_model(asl_speller **out, const asl_model *model,
                                                const asl_speller_options *options, asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_speller_free(asl_speller *speller);

/** Measure how much the hand moves, from the picture that the next scores are of. Optional, but
 * without it a double letter needs an open hand in between, and a hand waved about writes letters
 * now and then; call it before each asl_speller_push().
 * @param motion  Receives the mean absolute difference from the last picture, 0..1, after both were
 *                scaled to 16x16 pixels and their grey values to 0..1; 0 at first. May be NULL.
 * @param view    The picture.
 * @param region  The part of it that is classified; NULL: all of it.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM (memory is taken when a wider picture comes).
 * @since 1.0 */
ASL_API asl_status asl_speller_look(double *motion, asl_speller *speller,
                                    const asl_image_view *view, const asl_rect *region,
                                    asl_error *err);

/** What a host may measure itself. */
typedef struct asl_speller_hints {
    uint32_t struct_size; /**< Set by the caller. */
    uint32_t reserved;    /**< 0. */
    double motion;        /**< As asl_speller_look() would give it, 0..1; 0 at rest. */
} asl_speller_hints;

/** Take one frame. The events that it causes replace those of the last call.
 * @param scores       float[score_count], 0..1, summing to 1 (within 0.05): what
 *                     asl_inferer_classify() gives.
 * @param score_count  The number of classes.
 * @param time_ns      When the picture was taken, in ns on any clock that does not go back.
 * @param hints        In place of what asl_speller_look() found; NULL to use that, if anything.
 * @return ASL_OK; ASL_PARTIAL for a frame with the time stamp of the last, which is ignored;
 *   ASL_ERR_ARG for a time before the last, a wrong count, or a score that is no probability;
 *   ASL_ERR_TOO_NEW. A failed call changes nothing, except that there are no events then.
 * @since 1.0 */
ASL_API asl_status asl_speller_push(asl_speller *speller, const float *scores, size_t score_count,
                                    int64_t time_ns, const asl_speller_hints *hints,
                                    asl_error *err);

/** Kinds of events. Tolerate ones you do not know. COMMIT, DELETE, SPACE and EDIT change the text:
 * `removed` characters go off its end, then `text` is appended; who follows them has the text. */
enum {
    ASL_SPELLER_CANDIDATE = 1,   /**< Another class is shown, or none (label -1). */
    ASL_SPELLER_PROGRESS = 2,    /**< The shown class is `progress` on its way to be written. */
    ASL_SPELLER_COMMIT = 3,      /**< A letter is written. */
    ASL_SPELLER_DELETE = 4,      /**< A character is taken back, or an applied suggestion. */
    ASL_SPELLER_SPACE = 5,       /**< A space is written. There is none for a space at the start or
                                      after a space, which changes nothing. */
    ASL_SPELLER_WORD = 6,        /**< The word in `text` has ended; follows SPACE. */
    ASL_SPELLER_SUGGESTIONS = 7, /**< The suggestions changed; see asl_speller_suggestion(). */
    ASL_SPELLER_IDLE = 8,        /**< No letter for idle_ms; once until the next one. */
    ASL_SPELLER_FULL = 9,        /**< max_text is reached: `text` was not written. */
    ASL_SPELLER_EDIT = 10        /**< The text was changed by a call of the host. */
};

/** One event. */
typedef struct asl_speller_event {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t kind;         /**< ASL_SPELLER_CANDIDATE, ... */
    int32_t label;        /**< The class, or -1. */
    int32_t removed;      /**< Characters (code points) taken off the end of the text. */
    int64_t time_ns;      /**< Of the frame; of the last one for edits. */
    int64_t since_ns;     /**< When the class began to be shown. */
    double progress;      /**< 0..1; 1 when written. */
    double belief;        /**< In the class, 0..1. */
    const char *text;     /**< The class's name for CANDIDATE and PROGRESS ("" for none), otherwise
                               as the kind says; never NULL. Valid until the next call that is not
                               a getter. */
} asl_speller_event;

/** Number of events of the last push or edit. @since 1.0 */
ASL_API int32_t asl_speller_event_count(const asl_speller *speller);

/** Fill @p out for event @p index, 0..event_count-1, in the order in which they happened.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_speller_get_event(asl_speller_event *out, const asl_speller *speller,
                                         int32_t index, asl_error *err);

/** The text so far, NUL-terminated, valid until the next call that is not a getter; NULL for NULL.
 * @param size  Receives its length in bytes; may be NULL. @since 1.0 */
ASL_API const char *asl_speller_text(size_t *size, const asl_speller *speller);

/** The belief in every class, double[label count], 0..1, or NULL for NULL. Valid until the next
 * push. @since 1.0 */
ASL_API const double *asl_speller_belief(const asl_speller *speller);

/** Take the last character back, or the suggestion applied last when nothing was written since:
 * what a `del` does. An empty text stays. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_speller_backspace(asl_speller *speller, asl_error *err);

/** Append @p text, UTF-8 without control characters; it is copied.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_LIMIT when it does not fit, and nothing is appended.
 * @since 1.0 */
ASL_API asl_status asl_speller_insert(asl_speller *speller, const char *text, asl_error *err);

/** Empty the text. A letter that is still held is not written again.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_speller_clear(asl_speller *speller, asl_error *err);

/** Forget text, events and frames, as if just created; the word list stays. @since 1.0 */
ASL_API void asl_speller_reset(asl_speller *speller);

/** Use a list of words for suggestions in place of the last one: lines of a word and optionally,
 * after blanks, a whole number that says how often it occurs (1 when there is none). A word must be
 * made of the names of classes, ASCII letters in any case. Lines that are not, or longer than 32
 * classes, are skipped. At most 16 MiB and 1048576 words.
 * @param data     @p size bytes of UTF-8 text; NULL with size 0 for no list.
 * @param used     Receives the number of different words; may be NULL.
 * @param skipped  Receives the number of lines skipped, not counting blank ones; may be NULL.
 * @return ASL_OK; ASL_PARTIAL when lines were skipped; ASL_ERR_ARG; ASL_ERR_LIMIT; ASL_ERR_NOMEM.
 *   On failure the last list stays. @since 1.0 */
ASL_API asl_status asl_speller_set_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                         const char *data, size_t size, asl_error *err);

/** As asl_speller_set_words(), with the same @p used and @p skipped, from the file @p path.
 * @return ASL_OK; ASL_ERR_NOT_FOUND; ASL_ERR_PATH no regular file; ASL_ERR_IO; ASL_ERR_TRUNCATED;
 *   otherwise as asl_speller_set_words(). @since 1.0 */
ASL_API asl_status asl_speller_load_words(int64_t *used, int64_t *skipped, asl_speller *speller,
                                          const char *path, asl_error *err);

/** Number of words offered for the last word of the text, best first. Those for an unfinished word
 * may complete it. @since 1.0 */
ASL_API int32_t asl_speller_suggestion_count(const asl_speller *speller);

/** Suggestion @p index, 0..suggestion_count-1, or NULL. Valid until the next call that is not a
 * getter. @since 1.0 */
ASL_API const char *asl_speller_suggestion(const asl_speller *speller, int32_t index);

/** Put suggestion @p index, 0..suggestion_count-1, and a space in place of the last word. One
 * asl_speller_backspace() or `del` takes it back as long as nothing else was written.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_LIMIT when it does not fit. @since 1.0 */
ASL_API asl_status asl_speller_apply_suggestion(asl_speller *speller, int32_t index,
                                                asl_error *err);

ASL_END_DECLS
#endif /* ASL_SPELLER_H */
