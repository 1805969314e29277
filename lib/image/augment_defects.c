/* SPDX-License-Identifier: MIT */
/* Defects of single pixels and of areas: noise, something in front of the hand, and too few pixels.
 */
#include <string.h>

#include "base/error.h"
#include "image/augment.h"

/* Xorshift generators (Marsaglia 2003) side by side, as many as keep a wide processor busy. */
enum { LANES = 64 };

static void step(uint32_t states[LANES])
{
    for (int32_t i = 0; i < LANES; i++) {
        states[i] ^= states[i] << 13;
        states[i] ^= states[i] >> 17;
        states[i] ^= states[i] << 5;
    }
}

/* The sum of four bytes is close to a normal distribution: mean 510, standard deviation 147.80. */
#define BYTES_MEAN  510
#define BYTES_SIGMA 147.80F

/* What a unit of the sum is worth at each level, in 1/16384 level: below that where read_noise and
 * shot_noise are at most 0.5 each. */
static void make_sizes(int16_t sizes[256], float read_noise, float shot_noise)
{
    for (int32_t i = 0; i < 256; i++) {
        const float light = (float)i / 255;
        const float square = read_noise * read_noise + shot_noise * shot_noise * light;
        const float size = __builtin_sqrtf(square) * (255 / BYTES_SIGMA * 16384);
        sizes[i] = (int16_t)(size < 32767 ? size : 32767);
    }
}

static void add_noise(uint8_t levels[LANES], const int16_t sizes[LANES], const uint32_t bits[LANES])
{
    for (int32_t i = 0; i < LANES; i++) {
        const uint32_t pairs = (bits[i] & 0xff00ff) + (bits[i] >> 8 & 0xff00ff);
        const int16_t sum = (int16_t)((pairs & 0xffff) + (pairs >> 16));
        const int16_t scaled = (int16_t)((sum - BYTES_MEAN) * 32);
        /* 32 and 1/16384 leave eighths of a level. */
        const int16_t noise = (int16_t)(scaled * sizes[i] >> 16);
        levels[i] = asl__level((int16_t)(levels[i] * 8 + noise + 4) >> 3);
    }
}

void asl__augment_noise(const asl__canvas *canvas, float read_noise, float shot_noise,
                        asl__draw *grain)
{
    const size_t count = (size_t)canvas->width * (size_t)canvas->height * 3;
    int16_t sizes[256], size[LANES] = {0};
    uint32_t states[LANES];
    make_sizes(sizes, read_noise, shot_noise);
    for (int32_t i = 0; i < LANES; i++)
        states[i] = (uint32_t)asl__draw_u64(grain) | 1; /* never 0 */
    for (size_t at = 0; at < count; at += LANES) {
        uint8_t levels[LANES] = {0};
        const size_t part = count - at < LANES ? count - at : LANES;
        memcpy(levels, canvas->rgb + at, part);
        for (size_t i = 0; i < LANES; i++)
            size[i] = sizes[levels[i]];
        step(states);
        add_noise(levels, size, states);
        memcpy(canvas->rgb + at, levels, part);
    }
}

/* --- erasing ----------------------------------------------------------------------------- */

/* Something flat or rough, a rectangle or an ellipse. */
typedef struct cover {
    float x, y, half_width, half_height; /* in pixels */
    bool round, rough;
    uint8_t colour[3];
} cover;

static cover draw_cover(const asl__canvas *canvas, float area, asl__draw *grain)
{
    cover out;
    const float width = (float)canvas->width, height = (float)canvas->height;
    const float stretch = asl__exp2(asl__draw_between(grain, -0.7, 0.7));
    out.round = asl__draw_below(grain, 2) == 0;
    out.rough = asl__draw_below(grain, 3) == 0;
    const float half = __builtin_sqrtf(area / (out.round ? 3.14159265F : 4.0F));
    out.half_width = half * width * stretch;
    out.half_height = half * height / stretch;
    out.x = asl__draw_unit(grain) * width;
    out.y = asl__draw_unit(grain) * height;
    for (int32_t c = 0; c < 3; c++)
        out.colour[c] = (uint8_t)asl__draw_below(grain, 256);
    return out;
}

static void paint_pixel(uint8_t *rgb, const cover *over, asl__draw *grain)
{
    uint64_t bits = over->rough ? asl__draw_u64(grain) : 0;
    for (int32_t c = 0; c < 3; c++, bits >>= 8)
        rgb[c] = (uint8_t)(over->colour[c] ^ (bits & 127));
}

static int32_t inside(float at, int32_t side)
{
    return at < 0 ? 0 : at > (float)side ? side : (int32_t)at;
}

static void paint(const asl__canvas *canvas, const cover *over, asl__draw *grain)
{
    const int32_t top = inside(over->y - over->half_height + 0.5F, canvas->height);
    const int32_t bottom = inside(over->y + over->half_height + 0.5F, canvas->height);
    for (int32_t y = top; y < bottom; y++) {
        const float rise = ((float)y + 0.5F - over->y) / over->half_height;
        const float rest = 1 - rise * rise;
        const float wide = over->round ? __builtin_sqrtf(rest > 0 ? rest : 0) : 1;
        const float half = wide * over->half_width;
        const int32_t right = inside(over->x + half + 0.5F, canvas->width);
        for (int32_t x = inside(over->x - half + 0.5F, canvas->width); x < right; x++)
            paint_pixel(canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3, over,
                        grain);
    }
}

void asl__augment_erase(const asl__canvas *canvas, float area, asl__draw *grain)
{
    const int32_t count = 1 + asl__draw_below(grain, 3);
    for (int32_t i = 0; i < count; i++) {
        const cover over = draw_cover(canvas, area / (float)count, grain);
        paint(canvas, &over, grain);
    }
}

/* --- fewer pixels ------------------------------------------------------------------------ */

static int32_t divided(int32_t side, float factor)
{
    const int32_t small = (int32_t)((float)side / factor + 0.5F);
    return small < 1 ? 1 : small;
}

asl_status asl__augment_rescale(const asl__canvas *canvas, asl__augment_scratch *scratch,
                                float factor, asl_error *err)
{
    asl_status status = ASL_OK;
    const int32_t width = divided(canvas->width, factor), height = divided(canvas->height, factor);
    uint8_t *small = asl__scratch_room(&scratch->work, (size_t)width * (size_t)height * 3);
    if (small == NULL)
        return asl__fail_memory(err, "varying a picture");
    const asl_image_view large = {.pixels = canvas->rgb,
                                  .width = canvas->width,
                                  .height = canvas->height,
                                  .stride = (int64_t)canvas->width * 3,
                                  .format = ASL_FORMAT_RGB24};
    const asl_image_view view = {.pixels = small,
                                 .width = width,
                                 .height = height,
                                 .stride = (int64_t)width * 3,
                                 .format = ASL_FORMAT_RGB24};
    ASL__TRY(asl__resize_rgb_in(&scratch->resize, small, width, height, &large, NULL, err));
    ASL__TRY(asl__resize_rgb_in(&scratch->resize, canvas->rgb, canvas->width, canvas->height, &view,
                                NULL, err));
fail:
    return status;
}
