/* SPDX-License-Identifier: MIT */
/** @file asl/asl.h
 * libasl: American Sign Language fingerspelling from pictures. Includes the whole API.
 *
 * Name the letter in a picture:
 * @code
 *     asl_error err = ASL_ERROR_INIT;
 *     asl_model *model = NULL;
 *     asl_inferer *inferer = NULL;
 *     asl_image *image = NULL;
 *     float scores[29];
 *     if (asl_model_load(&model, "model.safetensors", &err) == ASL_OK &&
 *         asl_inferer_create(&inferer, model, NULL, &err) == ASL_OK &&
 *         asl_image_load(&image, "hand.jpg", NULL, &err) == ASL_OK) {
 *         asl_image_view view = asl_image_get_view(image);
 *         if (asl_inferer_classify(scores, 29, inferer, &view, NULL, &err) == ASL_OK)
 *             ...
 *     }
 *     if (err.code < 0)
 *         fprintf(stderr, "%s\n", err.message);
 *     asl_image_free(image);
 *     asl_inferer_free(inferer);
 *     asl_model_free(model);
 * @endcode
 */
#ifndef ASL_ASL_H
#define ASL_ASL_H

#include "asl/augment.h"
#include "asl/backend.h"
#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/finder.h"
#include "asl/image.h"
#include "asl/inferer.h"
#include "asl/model.h"
#include "asl/speller.h"
#include "asl/trainer.h"

#endif /* ASL_ASL_H */
