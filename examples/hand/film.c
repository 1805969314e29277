/* SPDX-License-Identifier: MIT */
/* The camera behind the lens. */
#include "film.h"

#include <stddef.h>

void film_curve_make(struct film_curve *curve)
{
    for (int i = 0; i <= FILM_STEPS; i++) {
        const float v = (float)i / FILM_STEPS;
        const float s = v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1.0f / 2.4f) - 0.055f;
        curve->level[i] = 255.0f * s;
    }
}

/* One pass of a [w, 1 - 2w, w] blur over lines of pixels, in place. `step` leads from pixel to
 * pixel, `line` from line to line. */
static void blur_lines(float *light, int lines, int length, size_t step, size_t line, float w)
{
    for (int i = 0; i < lines; i++) {
        for (int channel = 0; channel < 3; channel++) {
            float *v = light + (size_t)i * line + (size_t)channel;
            float before = v[0];
            for (int k = 0; k < length; k++, v += step) {
                const float here = v[0], after = k + 1 < length ? v[step] : here;
                v[0] = (1.0f - 2.0f * w) * here + w * (before + after);
                before = here;
            }
        }
    }
}

static float shoulder(float v)
{
    /* Cameras bend highlights rather than cutting them: straight to 0.7, then ever flatter. */
    return v < 0.7f ? v : 0.7f + 0.3f * (1.0f - expf(-(v - 0.7f) / 0.3f));
}

/* About normal, deviation 1, from 16 bits: the sum of the two bytes. */
static float grain(uint64_t bits)
{
    const float sum = (float)(bits & 255) + (float)((bits >> 8) & 255);
    return (sum - 255.0f) * (1.0f / 104.5f);
}

void film_develop(uint8_t *rgb, float *light, int width, int height, const struct film *film,
                  const struct film_curve *curve)
{
    const size_t row = (size_t)width * 3;
    const float w = 0.25f * film->blur;
    const float middle[2] = {0.5f * (float)width, 0.5f * (float)height};
    const float e[3] = {film->exposure.x, film->exposure.y, film->exposure.z};

    if (film->blur > 0.0f) {
        blur_lines(light, height, width, 3, row, w);
        blur_lines(light, width, height, row, 3, w);
    }
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const size_t at = (size_t)y * row + (size_t)x * 3;
            const float dx = ((float)x - middle[0]) / middle[0];
            const float dy = ((float)y - middle[1]) / middle[1];
            const float gain = 1.0f - film->vignette * 0.5f * (dx * dx + dy * dy);
            const uint64_t bits = hash64(film->seed + (uint64_t)at * 0x9e3779b97f4a7c15u);
            for (int c = 0; c < 3; c++) {
                const float v = shoulder(light[at + (size_t)c] * e[c] * gain);
                const float level = curve->level[(int)(clampf(v, 0.0f, 1.0f) * FILM_STEPS)];
                const float noisy = level + film->noise * grain(bits >> (16 * c));
                rgb[at + (size_t)c] = (uint8_t)(clampf(noisy, 0.0f, 255.0f) + 0.5f);
            }
        }
    }
}
