/* SPDX-License-Identifier: MIT */
/* Varied pictures: the calls of asl/augment.h, and the order of the work. */
#include "image/augment.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/floats.h"

enum { MAX_SIDE = 4096 };

asl_status asl_augmentation_create(asl_augmentation **out, const char *text, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl_status status = ASL_OK;
    asl__augment_keys keys;
    asl_augmentation *made = NULL;
    asl__error_clear(err);
    ASL__CHECK_ARG(out != NULL, err);
    *out = NULL;
    ASL__CHECK_ARG(text != NULL, err);
    ASL__TRY(asl__augment_keys_read(&keys, text, err));
    made = asl__alloc(sizeof *made);
    if (made == NULL)
        return asl__fail_memory(err, "an augmentation");
    made->keys = keys;
    for (int32_t i = 1; i < 256; i++)
        made->log2[i] = (float)asl__log2(i / 255.0);
    asl__augment_keys_write(&made->text, &keys);
    if (made->text.failed) {
        asl_augmentation_free(made);
        return asl__fail_memory(err, "an augmentation");
    }
    *out = made;
fail:
    return status;
}

void asl_augmentation_free(asl_augmentation *augmentation)
{
    if (augmentation == NULL)
        return;
    asl__buffer_free(&augmentation->text);
    asl__free(augmentation);
}

const char *asl_augmentation_text(const asl_augmentation *augmentation)
{
    return augmentation == NULL ? NULL : augmentation->text.data;
}

bool asl__augmentation_makes_negatives(const asl_augmentation *augmentation)
{
    return augmentation->keys.negative > 0;
}

void *asl__scratch_room(asl__scratch *scratch, size_t size)
{
    if (size > scratch->size) {
        void *memory = asl__grow(scratch->memory, 0, size, 1);
        if (memory == NULL)
            return NULL;
        *scratch = (asl__scratch){memory, size};
    }
    return scratch->memory;
}

void asl__augment_scratch_free(asl__augment_scratch *scratch)
{
    asl__free(scratch->source.memory);
    asl__free(scratch->work.memory);
    asl__free(scratch->resize.memory);
    asl__free(scratch->scene.memory);
    asl__free(scratch->mask.memory);
    asl__free(scratch->backdrop.memory);
    *scratch = (asl__augment_scratch){0};
}

static bool changes_colour(const asl__recipe *r)
{
    return r->brightness != 1.0F || r->contrast != 1.0F || r->saturation != 1.0F ||
           r->hue != 0.0F || r->gain[0] != 1.0F || r->gain[1] != 1.0F || r->gain[2] != 1.0F ||
           r->gamma != 1.0F || r->light != 1.0F;
}

/* Puts something else behind the hand, where that can be told from the rest. */
static asl_status change_background(const asl__canvas *canvas, asl__augment_scratch *scratch,
                                    const asl_image_view *view, const asl__recipe *recipe,
                                    asl_error *err)
{
    asl_status status = ASL_OK;
    const size_t bytes = (size_t)canvas->width * (size_t)canvas->height * 3;
    asl__recipe moved = *recipe;
    asl_image_view hand;
    ASL__TRY(asl__augment_find_hand(&hand, scratch, view, err));
    if (hand.pixels == NULL)
        return ASL_OK;
    const asl__canvas mask = {asl__scratch_room(&scratch->mask, bytes), canvas->width,
                              canvas->height};
    const asl__canvas behind = {asl__scratch_room(&scratch->backdrop, bytes), canvas->width,
                                canvas->height};
    if (mask.rgb == NULL || behind.rgb == NULL)
        return asl__fail_memory(err, "varying a picture");
    memset(moved.fill, 0, sizeof moved.fill); /* what fills the border is no hand */
    ASL__TRY(asl__augment_gather(&mask, scratch, &hand, &moved, err));
    ASL__TRY(asl__augment_backdrop(&behind, &scratch->work, &moved.behind, err));
    for (size_t i = 0; i < bytes; i++)
        canvas->rgb[i] =
            (uint8_t)((canvas->rgb[i] * mask.rgb[i] + behind.rgb[i] * (255 - mask.rgb[i]) + 127) /
                      255);
fail:
    return status;
}

/* What happens between the scene and the file, in the order in which it does. */
static asl_status add_defects(const asl__canvas *canvas, asl__augment_scratch *scratch,
                              asl__recipe *r, asl_error *err)
{
    asl_status status = ASL_OK;
    /* Lengths are for a side of 128. */
    const float unit = (float)(canvas->width + canvas->height) / 256;
    if (r->erase > 0)
        asl__augment_erase(canvas, r->erase, &r->grain);
    if (r->blur > 0)
        ASL__TRY(asl__augment_blur(canvas, &scratch->work, r->blur * unit, err));
    if (r->motion > 0)
        ASL__TRY(
            asl__augment_motion(canvas, &scratch->work, r->motion * unit, r->motion_angle, err));
    if (r->read_noise > 0 || r->shot_noise > 0)
        asl__augment_noise(canvas, r->read_noise, r->shot_noise, &r->grain);
    if (r->rescale * unit > 1)
        ASL__TRY(asl__augment_rescale(canvas, scratch, r->rescale * unit, err));
    if (r->jpeg > 0)
        asl__augment_jpeg(canvas, r->jpeg);
fail:
    return status;
}

asl_status asl__augment_in(asl__augment_scratch *scratch, uint8_t *out, int32_t *negative,
                           const asl_augmentation *augmentation, const asl_image_view *view,
                           int32_t width, int32_t height, uint64_t seed, int64_t epoch,
                           int64_t sample, asl_error *err)
{
    asl_status status = ASL_OK;
    const asl__canvas canvas = {out, width, height};
    ASL__TRY(asl__view_check(view, NULL, err));
    asl__recipe recipe = asl__recipe_draw(&augmentation->keys, seed, epoch, sample);
    ASL__TRY(asl__augment_gather(&canvas, scratch, view, &recipe, err));
    if (recipe.background)
        ASL__TRY(change_background(&canvas, scratch, view, &recipe, err));
    if (recipe.texture > 0)
        ASL__TRY(asl__augment_texture(&canvas, &scratch->work, recipe.texture, &recipe.grain, err));
    if (changes_colour(&recipe))
        asl__augment_colour(&canvas, &recipe, augmentation->log2);
    ASL__TRY(add_defects(&canvas, scratch, &recipe, err));
    if (negative != NULL)
        *negative = recipe.negative;
fail:
    return status;
}

asl_status asl_augmentation_apply(uint8_t *out, int32_t *negative,
                                  const asl_augmentation *augmentation, const asl_image_view *view,
                                  int32_t width, int32_t height, uint64_t seed, int64_t epoch,
                                  int64_t sample, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__augment_scratch scratch = {0};
    asl__error_clear(err);
    if (negative != NULL)
        *negative = 0;
    ASL__CHECK_ARG(out != NULL, err);
    ASL__CHECK_ARG(augmentation != NULL, err);
    ASL__CHECK_ARG(width >= 1 && width <= MAX_SIDE, err);
    ASL__CHECK_ARG(height >= 1 && height <= MAX_SIDE, err);
    ASL__CHECK_ARG(epoch >= 0, err);
    ASL__CHECK_ARG(sample >= 0, err);
    const asl_status status = asl__augment_in(&scratch, out, negative, augmentation, view, width,
                                              height, seed, epoch, sample, err);
    asl__augment_scratch_free(&scratch);
    return status;
}
