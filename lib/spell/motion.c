/* SPDX-License-Identifier: MIT */
/* How much the hand moves, from miniatures of the pictures. */
#include "spell/speller.h"

#include <string.h>

#include "base/error.h"
#include "base/floats.h"
#include "image/image.h"

/* Less contrast than this is a flat picture, whose noise is not to be stretched. */
enum { LEAST_RANGE = 32 };

/* Grey values stretched to 0..1, so that the light hardly matters. */
static void stretch(float *out, const uint8_t *rgb)
{
    int32_t low = 3 * 255, high = 0;
    for (int32_t i = 0; i < ASL__MINIATURE; i++) {
        const int32_t grey = rgb[3 * i] + rgb[3 * i + 1] + rgb[3 * i + 2];
        low = grey < low ? grey : low;
        high = grey > high ? grey : high;
        out[i] = (float)grey;
    }
    const int32_t range = high - low < 3 * LEAST_RANGE ? 3 * LEAST_RANGE : high - low;
    for (int32_t i = 0; i < ASL__MINIATURE; i++)
        out[i] = (out[i] - (float)low) / (float)range;
}

asl_status asl_speller_look(double *motion, asl_speller *speller, const asl_image_view *view,
                            const asl_rect *region, asl_error *err)
{
    ASL__OWN_FLOATS;
    asl__error_clear(err);
    ASL__CHECK_ARG(speller != NULL, err);
    ASL__CHECK_ARG(view != NULL, err);
    asl_status status;
    asl__looking *l = &speller->looking;
    uint8_t rgb[3 * ASL__MINIATURE];
    float miniature[ASL__MINIATURE], sum = 0.0F;
    ASL__TRY(asl__resize_rgb_in(&l->scratch, rgb, ASL__MINIATURE_SIDE, ASL__MINIATURE_SIDE, view,
                                region, err));
    stretch(miniature, rgb);
    for (int32_t i = 0; i < ASL__MINIATURE; i++) {
        const float change = miniature[i] - l->last[i];
        sum += change < 0.0F ? -change : change;
    }
    l->motion = l->started ? (double)(sum / ASL__MINIATURE) : 0.0;
    l->started = true;
    memcpy(l->last, miniature, sizeof miniature);
    if (motion)
        *motion = l->motion;
fail:
    return status;
}
