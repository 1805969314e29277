/* SPDX-License-Identifier: MIT */
/* What happens to one picture, drawn from the keys, and the arithmetic that needs. */
#include <string.h>

#include "base/random.h"
#include "image/augment.h"

#define PI 3.14159265358979323846

uint64_t asl__draw_u64(asl__draw *draw)
{
    uint64_t z = draw->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

float asl__draw_unit(asl__draw *draw)
{
    return (float)(asl__draw_u64(draw) >> 40) * 0x1p-24F;
}

float asl__draw_between(asl__draw *draw, double least, double most)
{
    return (float)(least + (most - least) * (double)asl__draw_unit(draw));
}

int32_t asl__draw_below(asl__draw *draw, int32_t bound)
{
    return (int32_t)((asl__draw_u64(draw) >> 32) * (uint64_t)bound >> 32);
}

/* Taylor's series, which at 2 pi still ends below 1e-9 after these terms. */
float asl__sine(float x)
{
    const double square = -(double)x * (double)x;
    double term = (double)x, sum = term;
    for (int32_t i = 2; i < 32; i += 2) {
        term *= square / (i * (i + 1));
        sum += term;
    }
    return (float)sum;
}

float asl__cosine(float x)
{
    const double square = -(double)x * (double)x;
    double term = 1, sum = term;
    for (int32_t i = 1; i < 32; i += 2) {
        term *= square / (i * (i + 1));
        sum += term;
    }
    return (float)sum;
}

/* The fraction by Taylor's series around 0, the whole part into the exponent's bits. */
float asl__exp2(float x)
{
    const int32_t whole = (int32_t)(x + 128.5F) - 128; /* to nearest; x + 128.5 is positive */
    const float f = x - (float)whole;
    const float fraction =
        1 + f * (0.693147181F +
                 f * (0.240226507F +
                      f * (0.0555041087F +
                           f * (0.00961812911F + f * (0.00133335581F + f * 0.000154035304F)))));
    const uint32_t bits = (uint32_t)(whole + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return fraction * power;
}

/* x = m 2^e with m near 1, and ln m = 2 artanh((m - 1) / (m + 1)). */
double asl__log2(double x)
{
    int32_t exponent = 0;
    for (; x > 1.5; x /= 2)
        exponent++;
    for (; x < 0.75; x *= 2)
        exponent--;
    const double t = (x - 1) / (x + 1);
    double power = t, sum = 0;
    for (int32_t i = 1; i < 26; i += 2, power *= t * t)
        sum += power / i;
    return exponent + 2 * sum * 1.44269504088896340736; /* 1 / ln 2 */
}

/* --- draws ------------------------------------------------------------------------------- */

static bool chance(asl__draw *draw, double probability)
{
    return (double)asl__draw_unit(draw) < probability;
}

static float in_range(asl__draw *draw, const double range[2])
{
    return asl__draw_between(draw, range[0], range[1]);
}

/* Twice as much and half as much are as likely. */
static float in_log_range(asl__draw *draw, const double range[2])
{
    return asl__exp2(asl__draw_between(draw, asl__log2(range[0]), asl__log2(range[1])));
}

static float around_zero(asl__draw *draw, double most)
{
    return asl__draw_between(draw, -most, most);
}

/* Close to a normal distribution: twelve uniform numbers have the variance one together. */
static float normal(asl__draw *draw)
{
    float sum = -6;
    for (int32_t i = 0; i < 12; i++)
        sum += asl__draw_unit(draw);
    return sum;
}

static float clipped(float value, double limit)
{
    const float most = (float)limit;
    return value > most ? most : value < -most ? -most : value;
}

static void draw_geometry(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    const double degree = PI / 180, aspect[2] = {1 / keys->aspect, keys->aspect};
    const float turn = normal(draw) * (float)keys->rotation;
    out->angle = clipped(turn, keys->rotation_limit) * (float)degree;
    out->scale = in_log_range(draw, keys->scale);
    out->shift[0] = around_zero(draw, keys->shift);
    out->shift[1] = around_zero(draw, keys->shift);
    const float shear = around_zero(draw, keys->shear) * (float)degree;
    out->shear = asl__sine(shear) / asl__cosine(shear);
    out->aspect = in_log_range(draw, aspect);
    out->perspective[0] = around_zero(draw, keys->perspective);
    out->perspective[1] = around_zero(draw, keys->perspective);
    out->mirror = chance(draw, keys->mirror);
    const double border = (double)asl__draw_unit(draw);
    out->border = border < keys->border_reflect                       ? ASL__BORDER_REFLECT
                  : border < keys->border_reflect + keys->border_fill ? ASL__BORDER_FILL
                                                                      : ASL__BORDER_EDGE;
    for (int32_t c = 0; c < 3; c++)
        out->fill[c] = (uint8_t)asl__draw_below(draw, 256);
}

static void draw_colour(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    asl__recipe drawn = *out;
    const bool colour = chance(draw, keys->colour), grey = chance(draw, keys->grey);
    drawn.brightness = in_log_range(draw, keys->brightness);
    drawn.contrast = in_log_range(draw, keys->contrast);
    drawn.saturation = in_range(draw, keys->saturation);
    drawn.hue = around_zero(draw, keys->hue) * (float)(PI / 180);
    for (int32_t c = 0; c < 3; c++)
        drawn.gain[c] = in_log_range(draw, keys->gain);
    drawn.gamma = in_log_range(draw, keys->gamma);
    if (colour)
        *out = drawn;
    if (grey) {
        out->saturation = 0;
        out->gain[0] = out->gain[1] = out->gain[2] = 1;
    }
}

/* How many electrons the sensor catches in a white pixel of a picture that is well lit. They come
 * one by one, so n of them vary by their square root. */
#define ELECTRONS 2000.0F

static void draw_light(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    const bool dark = chance(draw, keys->low_light), noisy = chance(draw, keys->noise);
    const float light = in_log_range(draw, keys->low_light_gain);
    const float sigma = in_range(draw, keys->noise_sigma);
    if (dark) {
        /* The camera makes up for half of the stops that are missing, and amplifies the noise. */
        out->light = __builtin_sqrtf(light);
        out->shot_noise = __builtin_sqrtf(out->light / (light * ELECTRONS));
    }
    if (noisy || dark)
        out->read_noise = sigma * out->light;
}

static void draw_defects(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    const bool texture = chance(draw, keys->texture), erase = chance(draw, keys->erase);
    const bool blur = chance(draw, keys->blur), motion = chance(draw, keys->motion);
    const bool rescale = chance(draw, keys->rescale), jpeg = chance(draw, keys->jpeg);
    const float share = in_range(draw, keys->texture_share);
    const float area = in_range(draw, keys->erase_area);
    const float sigma = in_range(draw, keys->blur_sigma);
    const float length = in_range(draw, keys->motion_length);
    const float factor = in_log_range(draw, keys->rescale_factor);
    const float quality = in_range(draw, keys->jpeg_quality);
    out->motion_angle = around_zero(draw, PI / 2);
    out->texture = texture ? share : 0;
    out->erase = erase ? area : 0;
    out->blur = blur ? sigma : 0;
    out->motion = motion ? length : 0;
    out->rescale = rescale ? factor : 0;
    out->jpeg = jpeg ? (int32_t)(quality + 0.5F) : 0;
}

/* Either a small patch from anywhere, blown up; or a window at one side of the picture, of which
 * less than a fifth reaches into the middle, where the hand is (a quarter to three quarters). */
static void draw_negative(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    const bool negative = chance(draw, keys->negative), patch = chance(draw, 0.5);
    const float small = asl__draw_between(draw, 0.08, 0.22);
    const float large = asl__draw_between(draw, 0.3, 0.5);
    const float across = asl__draw_unit(draw), along = asl__draw_unit(draw);
    const int32_t side = asl__draw_below(draw, 4);
    if (!negative)
        return;
    out->negative = true;
    out->shift[0] = out->shift[1] = 0;
    out->scale = 1;
    out->window = patch ? small : large;
    const float room = 1 - out->window;
    out->centre[0] = out->window / 2 + across * room;
    out->centre[1] = out->window / 2 + along * room;
    if (!patch) {
        const float inner_edge = 0.25F + 0.15F * large; /* rotation may bring it a little closer */
        const float centre = inner_edge - large / 2;
        out->centre[side % 2] = side < 2 ? centre : 1 - centre;
    }
}

/* A negative has no hand to keep. */
static void draw_background(asl__recipe *out, const asl__augment_keys *keys, asl__draw *draw)
{
    out->background = chance(draw, keys->background) && !out->negative;
    out->behind.state = asl__draw_u64(draw);
}

asl__recipe asl__recipe_draw(const asl__augment_keys *full, uint64_t seed, int64_t epoch,
                             int64_t sample)
{
    const asl__augment_keys keys = asl__augment_keys_at(full, epoch);
    asl__recipe out = ASL__RECIPE_NONE;
    const uint64_t stream = ASL__STREAM_AUGMENT | (uint64_t)epoch << 8;
    asl__draw draw = {asl__random_u64(seed, stream, (uint64_t)sample)};
    out.grain.state = asl__draw_u64(&draw);
    draw_geometry(&out, &keys, &draw);
    draw_colour(&out, &keys, &draw);
    draw_light(&out, &keys, &draw);
    draw_defects(&out, &keys, &draw);
    draw_negative(&out, &keys, &draw);
    draw_background(&out, &keys, &draw);
    return out;
}
