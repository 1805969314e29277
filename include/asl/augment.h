/* SPDX-License-Identifier: MIT */
/** @file asl/augment.h
 * Varying pictures at random, so that a network learns the hand and not the room it was filmed in.
 *
 * Nothing is drawn from a hidden state: a picture is varied by its seed, epoch and sample number,
 * and comes out the same in any order, on any number of threads, on every machine.
 */
#ifndef ASL_AUGMENT_H
#define ASL_AUGMENT_H

#include "asl/base.h"
#include "asl/image.h"

ASL_BEGIN_DECLS

/** How pictures are varied. It never changes, so any number of threads may use one at once. */
typedef struct asl_augmentation asl_augmentation;

/** Make an augmentation.
 * @param text  One of:
 *   - "none": pictures are only scaled;
 *   - "light": small shifts, turns and changes of light, for pictures of the same person and room;
 *   - "strong": everything, for people and rooms that were never seen;
 *   - a JSON object whose keys replace those of its "base" ("none" when it has none), as in
 *     `{"base": "strong", "rotation": 20, "scale": [0.8, 1.2]}`. docs/augmentation.md has the keys.
 * @return ASL_OK; ASL_ERR_ARG naming the key that is unknown, of the wrong type or out of its
 *   range, or what is wrong with the text (offset is the byte); ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_augmentation_create(asl_augmentation **out, const char *text,
                                           asl_error *err);

/** All keys and values as one line of JSON, which asl_augmentation_create() turns into the same
 * augmentation again. Valid while it lives; NULL for NULL. @since 1.0 */
ASL_API const char *asl_augmentation_text(const asl_augmentation *augmentation);

/** Scale a @p view to @p width x @p height pixels, 1..4096 each, and vary it. The result is a pure
 * function of the arguments.
 * @param out       Receives uint8[height][width][3] in R,G,B.
 * @param negative  Receives 1 when the picture became one without a letter (a small patch of it, or
 *   its edge without the hand), which happens only when the key "negative" is not 0; otherwise 0.
 *   May be NULL.
 * @param seed      Of the whole training.
 * @param epoch     From 0.
 * @param sample    From 0: number of the picture.
 * @return ASL_OK; ASL_ERR_ARG; ASL_ERR_NOMEM. @since 1.0 */
ASL_API asl_status asl_augmentation_apply(uint8_t *out, int32_t *negative,
                                          const asl_augmentation *augmentation,
                                          const asl_image_view *view, int32_t width, int32_t height,
                                          uint64_t seed, int64_t epoch, int64_t sample,
                                          asl_error *err);

/** Release; NULL is allowed. @since 1.0 */
ASL_API void asl_augmentation_free(asl_augmentation *augmentation);

ASL_END_DECLS
#endif /* ASL_AUGMENT_H */
