/* SPDX-License-Identifier: MIT */
/* Light and colour: white balance, brightness, hue, saturation and contrast are one matrix, gamma a
 * table behind it, so that each pixel is touched once. */
#include "image/augment.h"

/* BT.601, as for grey pictures. */
static const float luma[3] = {0.299F, 0.587F, 0.114F};

/* A turn around the line of the greys, towards or away from grey, and then what the camera does:
 * white balance and exposure. */
static void make_matrix(float out[3][3], const asl__recipe *r)
{
    const float c = asl__cosine(r->hue), s = asl__sine(r->hue) * 0.577350269F; /* 1 / sqrt 3 */
    const float near = (1 - c) / 3;
    const float turn[3][3] = {{c + near, near - s, near + s},
                              {near + s, c + near, near - s},
                              {near - s, near + s, c + near}};
    for (int32_t j = 0; j < 3; j++) {
        float grey = 0;
        for (int32_t i = 0; i < 3; i++)
            grey += luma[i] * turn[i][j];
        for (int32_t i = 0; i < 3; i++)
            out[i][j] = (grey + r->saturation * (turn[i][j] - grey)) * r->gain[i] * r->brightness;
    }
}

/* The mean brightness that a matrix gives. Some rows of a picture are enough to know it. */
static float find_mean(const asl__canvas *canvas, float matrix[3][3])
{
    const int32_t step = 1 + canvas->height / 32;
    float mean = 0, count = 0;
    uint32_t sums[3] = {0, 0, 0}; /* at most 63 rows of 4096 bytes */
    for (int32_t y = step / 2; y < canvas->height; y += step, count += (float)canvas->width) {
        const uint8_t *rgb = canvas->rgb + (size_t)y * (size_t)canvas->width * 3;
        for (int32_t x = 0; x < canvas->width; x++, rgb += 3)
            for (int32_t c = 0; c < 3; c++)
                sums[c] += rgb[c];
    }
    for (int32_t i = 0; i < 3; i++)
        for (int32_t j = 0; j < 3; j++)
            mean += luma[i] * matrix[i][j] * (float)sums[j] / count;
    return mean;
}

/* What brings a picture back whose mean would leave 18 to 82 % of white after gamma, where little
 * can be seen; unless it was there before. */
static float find_exposure(float mean, const asl__recipe *r, const float log2[256])
{
    if (mean < 1)
        return 1;
    const float now = (float)asl__log2((double)(mean / 255));
    const float before = now - (float)asl__log2((double)r->brightness);
    const float dark = log2[46], bright = log2[209], after = now * r->gamma;
    const float least = before < dark ? before : dark, most = before > bright ? before : bright;
    const float wanted = after < least ? least : after > most ? most : after;
    return wanted == after ? 1 : asl__exp2(wanted / r->gamma - now);
}

static void make_curve(uint8_t curve[256], const asl__recipe *r, const float log2[256])
{
    curve[0] = 0;
    for (int32_t i = 1; i < 256; i++) {
        const float curved = r->gamma == 1.0F ? (float)i : 255 * asl__exp2(r->gamma * log2[i]);
        curve[i] = (uint8_t)(curved * r->light + 0.5F);
    }
}

/* Factors below 8 in 1/4096, and sums of three in a quarter of a level, fit 16 bits. */
enum { ONE = 4096, QUARTERS = 4, BATCH = 64 };
#define LARGEST_FACTOR 7.99F

static int16_t fixed(float value, float one)
{
    const float scaled = value * one;
    return (int16_t)(scaled < 0 ? scaled - 0.5F : scaled + 0.5F);
}

/* As much contrast as leaves factors small enough; beyond that all is black or white anyway. */
static float find_contrast(float wanted, float matrix[3][3])
{
    float largest = 0;
    for (int32_t i = 0; i < 3; i++)
        for (int32_t j = 0; j < 3; j++) {
            const float size = matrix[i][j] < 0 ? -matrix[i][j] : matrix[i][j];
            largest = size > largest ? size : largest;
        }
    return wanted * largest > LARGEST_FACTOR ? LARGEST_FACTOR / largest : wanted;
}

/* A stretch of pixels, one array for each colour, in 1/64 level. */
typedef struct planes {
    int16_t red[BATCH], green[BATCH], blue[BATCH];
} planes;

static void mix(uint8_t *restrict out, const planes *restrict in, const int16_t factors[3],
                int16_t offset)
{
    for (int32_t i = 0; i < BATCH; i++) {
        const int16_t red = (int16_t)(in->red[i] * factors[0] >> 16);
        const int16_t green = (int16_t)(in->green[i] * factors[1] >> 16);
        const int16_t blue = (int16_t)(in->blue[i] * factors[2] >> 16);
        out[i] = asl__level((int16_t)(red + green + blue + offset) >> 2);
    }
}

void asl__augment_colour(const asl__canvas *canvas, const asl__recipe *r, const float log2[256])
{
    float matrix[3][3];
    int16_t factors[3][3];
    uint8_t curve[256], out[3][BATCH];
    planes in = {{0}, {0}, {0}};
    make_matrix(matrix, r);
    const float plain_mean = find_mean(canvas, matrix);
    const float exposure = find_exposure(plain_mean, r, log2), mean = plain_mean * exposure;
    for (int32_t i = 0; i < 3; i++)
        for (int32_t j = 0; j < 3; j++)
            matrix[i][j] *= exposure;
    /* Contrast spreads everything around the mean, which stays. Three quarters make up for rounding
     * down three times and once more. */
    const float contrast = find_contrast(r->contrast, matrix), shift = mean - mean * contrast;
    const int16_t offset = (int16_t)(fixed(shift < -2000 ? -2000 : shift, QUARTERS) + 3);
    for (int32_t i = 0; i < 3; i++)
        for (int32_t j = 0; j < 3; j++)
            factors[i][j] = fixed(matrix[i][j] * contrast, ONE);
    make_curve(curve, r, log2);

    const size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t at = 0; at < count; at += BATCH) {
        uint8_t *rgb = canvas->rgb + at * 3;
        const size_t part = count - at < BATCH ? count - at : BATCH;
        for (size_t i = 0; i < part; i++) {
            in.red[i] = (int16_t)(rgb[i * 3] * 64);
            in.green[i] = (int16_t)(rgb[i * 3 + 1] * 64);
            in.blue[i] = (int16_t)(rgb[i * 3 + 2] * 64);
        }
        for (int32_t c = 0; c < 3; c++)
            mix(out[c], &in, factors[c], offset);
        for (size_t i = 0; i < part; i++)
            for (size_t c = 0; c < 3; c++)
                rgb[i * 3 + c] = curve[out[c][i]];
    }
}
