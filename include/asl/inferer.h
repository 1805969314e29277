/* SPDX-License-Identifier: MIT */
/** @file asl/inferer.h
 * From pictures to letters, and from a data set to a confusion matrix.
 */
#ifndef ASL_INFERER_H
#define ASL_INFERER_H

#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/image.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

/** A model on one backend, with its working memory. One thread at a time; several inferers of one
 * model may run at once. */
typedef struct asl_inferer asl_inferer;

/** How to run a model. */
typedef struct asl_inferer_options {
    uint32_t struct_size; /**< Set by asl_inferer_options_init(). */
    int32_t threads;      /**< Threads to compute with, 1..256; 0 (default) = one per core. */
    int32_t batch_size;   /**< Most pictures in one pass, 1..4096; default 1. Larger requests are
                               cut into passes. */
    int32_t mirror;       /**< ASL_MIRROR_*, default ASL_MIRROR_MODEL. BOTH shows the network every
                               picture and its mirror image and takes the mean of their logits. AUTO
                               does so with the first 30 pictures that have a hand on them, and keeps
                               the side with the larger sum of top letter logits; meanwhile it
                               answers with the side that is ahead. Both want working memory for
                               twice the pictures. */
    const char *backend;  /**< "auto" (default, also NULL) or a name of asl/backend.h. */
    const char *isa; /**< Instruction set of the cpu backend: "auto" (default, also NULL) takes the
                          best this machine has; "c", "avx2", "avx512", "amx". */
    const char *precision; /**< Of products: "auto" (default, also NULL) is "fp32" on processors and
                                "tf32" on "cuda"; "bf16" is fast on GPUs and on processors with AMX
                                (docs/backends.md gives the errors). */
    int32_t looks; /**< How often the network looks at a picture: 1, as it is; 3, also turned by
                        20 degrees to either side, and the mean of the logits counts: three
                        times the work, for people who hold their hands differently. 0 (default)
                        = as the model says, 1 when it says nothing. */
    int32_t crops; /**< Which parts of a picture it looks at: 1, all of it; 2, also the hand in
                        it, when the built-in ASL_BUILTIN_HANDS finds one, and the mean of the
                        logits counts: more than twice the work, for pictures in which the
                        hand is small. 0 (default) = as the model says, 1 when it says nothing
                        or this library has no built-in models. */
} asl_inferer_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_inferer_options_init(asl_inferer_options *options, size_t struct_size);

/** Bind a model to a backend and reserve its working memory.
 * @param model  Kept by reference; the caller may free its own handle at once.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_BACKEND (unknown or cannot
 *   run here, with the reason); ASL_ERR_UNSUPPORTED naming a layer that it does not have, or
 *   when crops are asked for that need a built-in model which this library lacks;
 *   ASL_ERR_DEVICE_LOST; ASL_ERR_SYSTEM. @since 1.0 */
ASL_API asl_status asl_inferer_create(asl_inferer **out, const asl_model *model,
                                      const asl_inferer_options *options, asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_inferer_free(asl_inferer *inferer);

/** Which side of pictures is read: ASL_MIRROR_OFF, ON or BOTH as asked for or as AUTO has decided;
 * ASL_MIRROR_AUTO while it has not; 0 for NULL. @since 1.0 */
ASL_API int32_t asl_inferer_mirror(const asl_inferer *inferer);

/** Forget what ASL_MIRROR_AUTO has seen and decided, as for another signer; without it nothing
 * happens. NULL is allowed. @since 1.0 */
ASL_API void asl_inferer_reset(asl_inferer *inferer);

/** Classify one picture @p view, or the part of it inside @p region (NULL: all of it), scaled to
 * the model's input with asl_image_resize().
 * @param scores       float[score_count]: softmax of the logits divided by the model's temperature,
 *                     in its class order, 0..1, summing to 1. asl_model_letter_score() tells
 *                     whether there is a letter at all. Unchanged on failure.
 * @param score_count  Must equal the model's label count.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM (memory is taken when a wider picture comes);
 *   ASL_ERR_DEVICE_LOST; ASL_ERR_SYSTEM when a GPU's library fails. @since 1.0 */
ASL_API asl_status asl_inferer_classify(float *scores, size_t score_count, asl_inferer *inferer,
                                        const asl_image_view *view, const asl_rect *region,
                                        asl_error *err);

/** As asl_inferer_classify() of a @p view and a @p region, but stops before the temperature.
 * @param logits       float[logit_count]: the network's raw outputs, of any size and sign; with
 *                     ASL_MIRROR_BOTH their means. Unchanged on failure.
 * @param logit_count  Must equal the model's label count.
 * @return as asl_inferer_classify(). @since 1.0 */
ASL_API asl_status asl_inferer_logits(float *logits, size_t logit_count, asl_inferer *inferer,
                                      const asl_image_view *view, const asl_rect *region,
                                      asl_error *err);

/** Classify @p view_count pictures, all of each.
 * @param scores       float[view_count][label count], as in asl_inferer_classify(). Unchanged when
 *                     a view is not valid.
 * @param score_count  Must equal view_count x label count.
 * @param views        asl_image_view[view_count], of any sizes and formats.
 * @return as asl_inferer_classify(). @since 1.0 */
ASL_API asl_status asl_inferer_classify_batch(float *scores, size_t score_count,
                                              asl_inferer *inferer, const asl_image_view *views,
                                              size_t view_count, asl_error *err);

/** Which backend runs and why, as one line, or NULL for NULL. Valid while the inferer lives.
 * @since 1.0 */
ASL_API const char *asl_inferer_backend(const asl_inferer *inferer);

/** Result of asl_inferer_profile(). It never changes: any number of threads. */
typedef struct asl_profile asl_profile;

/** Measure how long each layer takes on one picture: layer by layer, each shared by all threads, as
 * asl_inferer_classify() does it. Scaling the picture is not counted. The result does not need the
 * inferer any more.
 * @param view  What to recognise, all of it.
 * @param runs  Passes to take the median of, 1..10000; after the first, caches are warm.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM; ASL_ERR_UNSUPPORTED when the backend cannot tell;
 *   ASL_ERR_DEVICE_LOST; ASL_ERR_SYSTEM when a GPU's library fails. @since 1.0 */
ASL_API asl_status asl_inferer_profile(asl_profile **out, asl_inferer *inferer,
                                       const asl_image_view *view, int32_t runs, asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_profile_free(asl_profile *profile);

/** What a backend does as one, and how long that takes: a layer, with those after it that it takes
 * along. */
typedef struct asl_layer_time {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t layer_count;  /**< Layers it covers; 0 for the way of the pixels into the network. */
    int64_t mac_count;    /**< Multiply-accumulates of those layers, counted as asl_model_get_info()
                               does. Fast methods do with fewer. */
    double nanoseconds;   /**< Median. */
    const char *name;     /**< "input", or the layers: "conv2d 1 + relu + max_pool". Batch norm that
                               was folded into a convolution, and dropout, do not appear. */
    const char *method;   /**< How it is computed, such as "winograd F(4,5) avx512". */
} asl_layer_time;

/** How many times there are, in the order of the network. @since 1.0 */
ASL_API int32_t asl_profile_count(const asl_profile *profile);

/** Fill @p out for time @p index, 0..count-1; its strings live as long as the profile.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_profile_get(asl_layer_time *out, const asl_profile *profile, int32_t index,
                                   asl_error *err);

/** Result of asl_inferer_evaluate(). It never changes: any number of threads. */
typedef struct asl_evaluation asl_evaluation;

/** How to evaluate. */
typedef struct asl_evaluate_options {
    uint32_t struct_size;     /**< Set by asl_evaluate_options_init(). */
    int32_t threads;          /**< Decoding threads, 1..256; 0 (default) = one per core. An inferer
                                   with two crops decodes on the caller's. */
    asl_progress_fn progress; /**< May be NULL. */
    void *user;               /**< Handed to progress. */
} asl_evaluate_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_evaluate_options_init(asl_evaluate_options *options, size_t struct_size);

/** Run a data set through the network. Classes are matched by name; the data set may lack some of
 * the model's (asl_dataset_mix() brings other spellings into line). Pictures that cannot be decoded
 * become issues and are not counted. ASL_MIRROR_AUTO starts over first, as for one new signer. The
 * result needs neither the inferer nor the caller's handle of the data set any more.
 * @return ASL_OK; ASL_PARTIAL when pictures were skipped; ASL_STOPPED when progress said so (*out
 *   NULL); ASL_ERR_ARG; ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; ASL_ERR_SYSTEM (no thread can be started);
 *   ASL_ERR_LABELS naming a class the model lacks; ASL_ERR_DATASET when no picture could be read;
 *   ASL_ERR_DEVICE_LOST; ASL_ERR_SYSTEM when a GPU's library fails. @since 1.0 */
ASL_API asl_status asl_inferer_evaluate(asl_evaluation **out, asl_inferer *inferer,
                                        const asl_dataset *dataset,
                                        const asl_evaluate_options *options, asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_evaluation_free(asl_evaluation *evaluation);

/** Numbers of an evaluation. */
typedef struct asl_evaluation_info {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t label_count;  /**< The model's. */
    int64_t count;        /**< Pictures evaluated. */
    int64_t correct;      /**< Of those, top score on the true class. */
    double accuracy;      /**< correct / count, 0..1. */
    double loss;          /**< Mean cross-entropy of the scores, in nats. */
    int64_t issue_count;  /**< Pictures skipped. */
    int32_t group_count;  /**< Groups of the data set; 0 when unknown. */
    int32_t source_count; /**< Sources of the data set, at least 1. */
} asl_evaluation_info;

/** Fill @p out. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_evaluation_get_info(asl_evaluation_info *out,
                                           const asl_evaluation *evaluation, asl_error *err);

/** Confusion matrix, int64[label_count][label_count]: row = true class, column = predicted, in the
 * model's class order; NULL for NULL. Valid while the evaluation lives. @since 1.0 */
ASL_API const int64_t *asl_evaluation_confusion(const asl_evaluation *evaluation);

/** How it went on group @p index, 0..group_count-1. Each output may be NULL.
 * @param name     Receives its name, valid while the evaluation lives.
 * @param count    Receives its pictures; 0 for a group of which the data set has none.
 * @param correct  Receives those with the top score on the true class.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_evaluation_get_group(const char **name, int64_t *count, int64_t *correct,
                                            const asl_evaluation *evaluation, int32_t index,
                                            asl_error *err);

/** As asl_evaluation_get_group(), for source @p index, 0..source_count-1, of the data set.
 * @param name     Receives its name, valid while the evaluation lives.
 * @param count    Receives its pictures; 0 for a source of which the data set has none.
 * @param correct  Receives those with the top score on the true class.
 * @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_evaluation_get_source(const char **name, int64_t *count, int64_t *correct,
                                             const asl_evaluation *evaluation, int32_t index,
                                             asl_error *err);

/** What the network says of one picture. */
typedef struct asl_evaluation_result {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t truth;        /**< Its true class, 0..label_count-1 in the model's order. */
    int32_t predicted;    /**< The class with the top score. */
    int32_t group_index;  /**< 0..group_count-1, or -1 when unknown. */
    int32_t source_index; /**< 0..source_count-1. */
    int32_t reserved;     /**< 0. */
    int64_t sample;       /**< Its place in the data set. */
    const char *path;     /**< As in asl_sample. */
    const float *scores;  /**< float[label_count], as asl_inferer_classify() gives them. */
    const float *logits;  /**< float[label_count], as asl_inferer_logits() gives them. */
} asl_evaluation_result;

/** Fill @p out for picture @p index, 0..count-1, of those evaluated, which keep the data set's
 * order; what it points to lives as long as the evaluation. @return ASL_OK; ASL_ERR_ARG.
 * @since 1.0 */
ASL_API asl_status asl_evaluation_get_result(asl_evaluation_result *out,
                                             const asl_evaluation *evaluation, int64_t index,
                                             asl_error *err);

/** Fill @p out for skipped picture @p index, 0..issue_count-1; its strings live as long as the
 * evaluation. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */
ASL_API asl_status asl_evaluation_get_issue(asl_issue *out, const asl_evaluation *evaluation,
                                            int64_t index, asl_error *err);

ASL_END_DECLS
#endif /* ASL_INFERER_H */
