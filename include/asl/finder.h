/* SPDX-License-Identifier: MIT */
/** @file asl/finder.h
 * Where in a picture the hand is, so that it need not fill a box to be read.
 *
 * Find the hand, then name the letter:
 * @code
 *     asl_hand hand = {.struct_size = sizeof hand};
 *     if (asl_finder_find(&hand, finder, &view, NULL, &err) == ASL_OK)
 *         asl_inferer_classify(scores, 29, inferer, &view, hand.found ? &hand.box : NULL, &err);
 * @endcode
 */
#ifndef ASL_FINDER_H
#define ASL_FINDER_H

#include "asl/base.h"
#include "asl/image.h"
#include "asl/inferer.h"
#include "asl/model.h"

ASL_BEGIN_DECLS

/** A finder's model on one backend, with its working memory. One thread at a time; several finders
 * of one model may run at once. */
typedef struct asl_finder asl_finder;

/** How to look for a hand. */
typedef struct asl_finder_options {
    uint32_t struct_size; /**< Set by asl_finder_options_init(). */
    int32_t looks;        /**< Most looks at a picture, 1..4; default 2: at all of it, then closely
                               at where the hand seems to be. */
    double threshold;     /**< Least score of a hand, 0..1; default 0.5. */
    double margin; /**< Side of the box, in sides of the hand, 1..4; default 1.3, since the letter
                        networks learned from hands with some room around them. */
    const asl_inferer_options *inferer; /**< How to run the model; NULL (default) = defaults. Needed
                                             only during the call. Its batch_size, mirror,
                                             looks and crops have no effect. */
} asl_finder_options;

/** Write the defaults into the first @p struct_size bytes of @p options; pass sizeof *options.
 * @since 1.0 */
ASL_API void asl_finder_options_init(asl_finder_options *options, size_t struct_size);

/** Bind a finder's model to a backend and reserve its working memory.
 * @param model  A network with a square input whose classes are places: "none", and names such as
 *               "x062y188s250" for a hand with its centre at 6.2 % and 18.8 % of the input's width
 *               and height, in a square of 25.0 % of its side. asl-frames draws pictures to train
 *               such a model with asl-train. Kept by reference.
 * @return ASL_OK; ASL_ERR_LABELS naming a class that is no place; ASL_ERR_ARCHITECTURE when the
 *   input is not square; ASL_ERR_ARG; ASL_ERR_TOO_NEW; ASL_ERR_NOMEM; otherwise as
 *   asl_inferer_create(). @since 1.0 */
ASL_API asl_status asl_finder_create(asl_finder **out, const asl_model *model,
                                     const asl_finder_options *options, asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_finder_free(asl_finder *finder);

/** A hand in a picture, in pixels of the whole picture. */
typedef struct asl_hand {
    uint32_t struct_size; /**< Set by the caller. */
    int32_t found;        /**< 1 when the score reaches the threshold; else all below but the score
                               is 0. */
    double score;         /**< How sure it is that there is a hand, 0..1. */
    double x, y;          /**< Centre of the smallest upright rectangle around the hand, from the
                               wrist to the finger tips. */
    double side;          /**< The longer side of that rectangle. */
    asl_rect box; /**< The square to recognise: around that centre with the margin, but moved
                       and if need be shrunk to lie inside what was looked at. */
} asl_hand;

/** Look for one hand, the most certain one, in a picture @p view or the part of it inside
 * @p region (NULL: all of it). In a film, a region around the last place is quicker to lead to a
 * small hand, and keeps to it when there are two.
 * @param out  Its struct_size is set; unchanged on failure.
 * @return ASL_OK, also when no hand is found; otherwise as asl_inferer_classify(). @since 1.0 */
ASL_API asl_status asl_finder_find(asl_hand *out, asl_finder *finder, const asl_image_view *view,
                                   const asl_rect *region, asl_error *err);

/** Which backend runs and why, as one line, or NULL for NULL. Valid while the finder lives.
 * @since 1.0 */
ASL_API const char *asl_finder_backend(const asl_finder *finder);

ASL_END_DECLS
#endif /* ASL_FINDER_H */
