/* SPDX-License-Identifier: MIT */
/* Varying pictures: keys (augment_keys.c) say what may happen, a recipe (augment_recipe.c) what
 * does happen to one picture, and geometry, background (augment_wall.c, augment_backdrop.c), colour
 * and defects carry it out in this order.
 * Everything is whole numbers, or floats through operations that IEEE 754 rounds the same way
 * everywhere. */
#ifndef ASL_IMAGE_AUGMENT_H
#define ASL_IMAGE_AUGMENT_H

#include <stdbool.h>

#include "asl/augment.h"
#include "base/text.h"
#include "image/image.h"

/* --- keys -------------------------------------------------------------------------------- */

/* Lengths are shares of the picture's side, or pixels of one whose side is 128, so that a picture
 * looks the same at every size. docs/augmentation.md explains each. */
typedef struct asl__augment_keys {
    double rotation, rotation_limit, scale[2], shift, shear, aspect, perspective, mirror;
    double border_reflect, border_fill, background, texture, texture_share[2];
    double colour, brightness[2], contrast[2], saturation[2], hue, gain[2], gamma[2], grey;
    double low_light, low_light_gain[2], erase, erase_area[2], blur, blur_sigma[2];
    double motion, motion_length[2], noise, noise_sigma[2], rescale, rescale_factor[2];
    double jpeg, jpeg_quality[2], negative;
    double ramp; /* epochs until all this has its full strength */
} asl__augment_keys;

/* What asl_augmentation_create() takes. */
asl_status asl__augment_keys_read(asl__augment_keys *out, const char *text, asl_error *err);
void asl__augment_keys_write(asl__buffer *out, const asl__augment_keys *keys);
/* Those of one epoch, 0-based: on the ramp they are on their way from none to `keys`. */
asl__augment_keys asl__augment_keys_at(const asl__augment_keys *keys, int64_t epoch);

struct asl_augmentation {
    asl__augment_keys keys;
    float log2[256]; /* of i/255, for gamma */
    asl__buffer text;
};

/* Whether pictures may come out without a letter. */
bool asl__augmentation_makes_negatives(const asl_augmentation *augmentation);

/* --- recipe ------------------------------------------------------------------------------ */

/* A stream of random numbers: SplitMix64 (Steele, Lea, Flood 2014). */
typedef struct asl__draw {
    uint64_t state;
} asl__draw;

uint64_t asl__draw_u64(asl__draw *draw);
/* Uniform in [0, 1), 24 bits. */
float asl__draw_unit(asl__draw *draw);
float asl__draw_between(asl__draw *draw, double least, double most);
int32_t asl__draw_below(asl__draw *draw, int32_t bound);

/* Own ones, because those of libm differ from machine to machine. Within 1e-6, |x| <= 2 pi and
 * |x| <= 60. */
float asl__sine(float x);
float asl__cosine(float x);
float asl__exp2(float x);
/* Of a positive number. */
double asl__log2(double x);

enum { ASL__BORDER_EDGE, ASL__BORDER_REFLECT, ASL__BORDER_FILL };

/* What is done to one picture. Neutral values leave it alone: 1 for factors, 0 for the others. */
typedef struct asl__recipe {
    bool negative;
    /* Where to look: centre and size as shares of the picture. */
    float centre[2], window;
    float angle; /* radians, anticlockwise */
    float scale, shift[2], shear, aspect, perspective[2];
    bool mirror, background;
    int32_t border; /* ASL__BORDER_* */
    uint8_t fill[3];
    /* Colour. */
    float brightness, contrast, saturation, hue, gain[3], gamma, light;
    /* Defects; 0 leaves them out. */
    float texture, erase, blur, motion, motion_angle, rescale;
    int32_t jpeg; /* quality */
    /* Noise as a share of white: what is always there, and what white light adds. */
    float read_noise, shot_noise;
    asl__draw grain, behind; /* for whoever needs many numbers; the second for a background */
} asl__recipe;

/* Leaves a picture as it is. */
#define ASL__RECIPE_NONE                                                                           \
    ((asl__recipe){.centre = {0.5F, 0.5F},                                                         \
                   .window = 1,                                                                    \
                   .scale = 1,                                                                     \
                   .aspect = 1,                                                                    \
                   .brightness = 1,                                                                \
                   .contrast = 1,                                                                  \
                   .saturation = 1,                                                                \
                   .gain = {1, 1, 1},                                                              \
                   .gamma = 1,                                                                     \
                   .light = 1})

/* A pure function of its arguments. Every value is drawn whether it is used or not, so that turning
 * one key leaves the draws of the others alone. */
asl__recipe asl__recipe_draw(const asl__augment_keys *full, uint64_t seed, int64_t epoch,
                             int64_t sample);

/* --- doing it ---------------------------------------------------------------------------- */

/* Memory that is kept from picture to picture. Begins as {0}. */
typedef struct asl__augment_scratch {
    asl__scratch source, work, resize, scene, mask, backdrop;
} asl__augment_scratch;

void asl__augment_scratch_free(asl__augment_scratch *scratch);

/* asl_augmentation_apply() in kept memory; the arguments have been checked except the view. */
asl_status asl__augment_in(asl__augment_scratch *scratch, uint8_t *out, int32_t *negative,
                           const asl_augmentation *augmentation, const asl_image_view *view,
                           int32_t width, int32_t height, uint64_t seed, int64_t epoch,
                           int64_t sample, asl_error *err);

/* At least `size` bytes, kept in `scratch`; NULL when memory is short. */
void *asl__scratch_room(asl__scratch *scratch, size_t size);

/* In 16 bits, and as a maximum and a minimum, because that is what processors do to many at once.
 */
static inline uint8_t asl__level(int16_t value)
{
    const int16_t least = value < 0 ? 0 : value;
    return (uint8_t)(least > 255 ? 255 : least);
}

/* A picture in the making, rows without gaps. */
typedef struct asl__canvas {
    uint8_t *rgb;
    int32_t width, height;
} asl__canvas;

asl_status asl__augment_gather(const asl__canvas *out, asl__augment_scratch *scratch,
                               const asl_image_view *view, const asl__recipe *recipe,
                               asl_error *err);
/* log2[i] is that of i/255. */
void asl__augment_colour(const asl__canvas *canvas, const asl__recipe *recipe,
                         const float log2[256]);
/* White where the hand is, in the proportions of the picture; nothing (pixels NULL) where that
 * cannot be told, because it is not before a wall. Valid until the scratch is used again. */
asl_status asl__augment_find_hand(asl_image_view *mask, asl__augment_scratch *scratch,
                                  const asl_image_view *view, asl_error *err);
/* Paints the canvas over. */
asl_status asl__augment_backdrop(const asl__canvas *canvas, asl__scratch *scratch, asl__draw *draw,
                                 asl_error *err);
/* These take pixels of the canvas. */
asl_status asl__augment_texture(const asl__canvas *canvas, asl__scratch *scratch, float share,
                                asl__draw *grain, asl_error *err);
asl_status asl__augment_blur(const asl__canvas *canvas, asl__scratch *scratch, float sigma,
                             asl_error *err);
asl_status asl__augment_motion(const asl__canvas *canvas, asl__scratch *scratch, float length,
                               float angle, asl_error *err);
asl_status asl__augment_rescale(const asl__canvas *canvas, asl__augment_scratch *scratch,
                                float factor, asl_error *err);
/* `area` is a share of the canvas. */
void asl__augment_erase(const asl__canvas *canvas, float area, asl__draw *grain);
void asl__augment_noise(const asl__canvas *canvas, float read_noise, float shot_noise,
                        asl__draw *grain);
/* quality is 1..100. */
void asl__augment_jpeg(const asl__canvas *canvas, int32_t quality);

#endif
