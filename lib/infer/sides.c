/* SPDX-License-Identifier: MIT */
/* See sides.h. */
#include "infer/sides.h"

#include <string.h>

#include "base/error.h"
#include "image/augment.h"
#include "infer/inferer.h"

enum { HANDS_WANTED = 30 };

/* How far many looks are turned, in radians: 20 degrees. */
#define TURN 0.34906585F

void asl_inferer_reset(asl_inferer *inferer)
{
    if (!inferer)
        return;
    asl__sides *sides = &inferer->sides;
    sides->read = sides->asked;
    sides->ahead = ASL_MIRROR_OFF;
    sides->hands = 0;
    sides->certainty[0] = sides->certainty[1] = 0.0;
}

int32_t asl_inferer_mirror(const asl_inferer *inferer)
{
    return inferer ? inferer->sides.read : 0;
}

void asl__sides_init(asl__sides *sides, const asl_model *model, int32_t mirror, int32_t looks)
{
    if (looks == 0)
        looks = model->calibration.looks;
    if (mirror == ASL_MIRROR_MODEL)
        mirror = model->calibration.mirror;
    if (mirror == ASL_MIRROR_MODEL)
        mirror = ASL_MIRROR_OFF;
    *sides = (asl__sides){.asked = mirror, .read = mirror, .ahead = ASL_MIRROR_OFF};
    sides->looks = looks == 0 ? 1 : looks;
    sides->nothing = asl__model_find_label(model, "nothing");
}

int32_t asl__sides_most(const asl__sides *sides)
{
    const bool both = sides->asked == ASL_MIRROR_BOTH || sides->asked == ASL_MIRROR_AUTO;
    return (both ? 2 : 1) * sides->looks;
}

/* out may be the picture itself: pixels change places in pairs. */
static void mirror_picture(uint8_t *out, const uint8_t *picture, int32_t width, int32_t height)
{
    for (int32_t y = 0; y < height; y++) {
        const size_t row = (size_t)y * (size_t)width * 3;
        for (int32_t x = 0; x < (width + 1) / 2; x++) {
            const size_t left = row + (size_t)x * 3, right = row + (size_t)(width - 1 - x) * 3;
            for (size_t c = 0; c < 3; c++) {
                const uint8_t first = picture[left + c], last = picture[right + c];
                out[left + c] = last;
                out[right + c] = first;
            }
        }
    }
}

/* Behind `count` pictures, the same turned one way and then the other. */
static asl_status add_turned(asl_inferer *inferer, int32_t count, asl_error *err)
{
    const asl__shape *input = &inferer->model->network.input;
    const size_t bytes = inferer->image_bytes;
    asl__augment_scratch unused = {0}; /* taken for pictures of another size or format only */
    asl__recipe recipe = ASL__RECIPE_NONE;
    asl_status status = ASL_OK;
    for (int32_t i = 0; i < (ASL__MANY_LOOKS - 1) * count; i++) {
        const asl_image_view view = {inferer->images + (size_t)(i % count) * bytes,
                                     input->width,
                                     input->height,
                                     (int64_t)input->width * 3,
                                     ASL_FORMAT_RGB24,
                                     0};
        const asl__canvas canvas = {inferer->images + (size_t)(count + i) * bytes, input->width,
                                    input->height};
        recipe.angle = i < count ? TURN : -TURN;
        ASL__TRY(asl__augment_gather(&canvas, &unused, &view, &recipe, err));
    }
fail:
    asl__augment_scratch_free(&unused);
    return status;
}

static void add_mirrored(asl_inferer *inferer, const uint8_t *images, int32_t count)
{
    const asl__shape *input = &inferer->model->network.input;
    const size_t bytes = inferer->image_bytes;
    uint8_t *out = inferer->images + (inferer->sides.pass_both ? (size_t)count * bytes : 0);
    for (int32_t i = 0; i < count; i++)
        mirror_picture(out + (size_t)i * bytes, images + (size_t)i * bytes, input->width,
                       input->height);
}

/* float[count][values] becomes its mean, float[values], in place. */
static void join(float *logits, int32_t count, size_t values)
{
    for (size_t i = 0; i < values; i++) {
        float sum = logits[i];
        for (int32_t k = 1; k < count; k++)
            sum += logits[(size_t)k * values + i];
        logits[i] = sum / (float)count;
    }
}

asl_status asl__sides_run(asl_inferer *inferer, const uint8_t *images, int32_t count,
                          asl_error *err)
{
    asl__sides *sides = &inferer->sides;
    const size_t classes = (size_t)inferer->model->network.classes;
    const int32_t crops = inferer->pass_crops, taken = crops * count;
    const int32_t shown = sides->looks * taken;
    asl_status status;
    sides->shown = shown;
    sides->pass_both = sides->read == ASL_MIRROR_BOTH || sides->read == ASL_MIRROR_AUTO;
    if (images != inferer->images && (sides->pass_both || sides->looks > 1)) {
        memcpy(inferer->images, images, (size_t)count * inferer->image_bytes);
        images = inferer->images;
    }
    if (sides->looks > 1)
        ASL__TRY(add_turned(inferer, taken, err));
    if (sides->read != ASL_MIRROR_OFF) {
        add_mirrored(inferer, images, shown);
        images = inferer->images;
    }
    ASL__TRY(inferer->backend->plan_forward(inferer->logits, inferer->plan, images,
                                            sides->pass_both ? 2 * shown : shown, err));
    for (int32_t side = 0; side < (sides->pass_both ? 2 : 1); side++) {
        float *logits = inferer->logits + (size_t)(side * shown) * classes;
        join(logits, sides->looks, (size_t)taken * classes);
        join(logits, crops, (size_t)count * classes);
    }
fail:
    return status;
}

static int32_t top_of(const float *logits, int32_t count, int32_t without)
{
    int32_t top = without == 0 ? 1 : 0;
    for (int32_t i = top + 1; i < count; i++)
        top = i != without && logits[i] > logits[top] ? i : top;
    return top;
}

/* What AUTO learns from one picture. Where neither side shows a hand that is nothing. */
static void weigh(asl__sides *sides, const float *plain, const float *mirrored, int32_t classes)
{
    const float *both[2] = {plain, mirrored};
    bool hand = false;
    for (int32_t i = 0; i < 2; i++)
        hand = hand || top_of(both[i], classes, -1) != sides->nothing;
    if (!hand)
        return;
    for (int32_t i = 0; i < 2; i++)
        sides->certainty[i] += (double)both[i][top_of(both[i], classes, sides->nothing)];
    sides->ahead = sides->certainty[1] > sides->certainty[0] ? ASL_MIRROR_ON : ASL_MIRROR_OFF;
    if (++sides->hands == HANDS_WANTED)
        sides->read = sides->ahead;
}

const float *asl__sides_logits(asl_inferer *inferer, int32_t index)
{
    asl__sides *sides = &inferer->sides;
    const int32_t classes = inferer->model->network.classes;
    float *plain = inferer->logits + (size_t)index * (size_t)classes;
    if (!sides->pass_both)
        return plain;
    const float *mirrored = plain + (size_t)sides->shown * (size_t)classes;
    if (sides->asked == ASL_MIRROR_BOTH) {
        for (int32_t i = 0; i < classes; i++)
            plain[i] = (plain[i] + mirrored[i]) / 2;
        return plain;
    }
    if (sides->read == ASL_MIRROR_AUTO)
        weigh(sides, plain, mirrored, classes);
    return sides->ahead == ASL_MIRROR_ON ? mirrored : plain;
}
