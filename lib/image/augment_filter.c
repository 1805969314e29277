/* SPDX-License-Identifier: MIT */
/* Defects that are sums over neighbours: blur, motion and a changed texture are all a few weighted
 * copies of the picture, moved by whole pixels. */
#include <string.h>

#include "base/error.h"
#include "image/augment.h"

/* How far away a neighbour may be, in pixels; it bounds what very large pictures cost. */
enum { REACH = 12, MAX_TAPS = 2 * REACH + 1 };

/* A neighbour. The sum of all |weight| is at most 128, so that 16 bits hold the sum of products. */
typedef struct tap {
    int32_t x, y;
    int16_t weight;
} tap;

/* The picture with REACH pixels more around it, which repeat its edge. */
static void pad(uint8_t *out, const asl__canvas *canvas)
{
    const size_t inner = (size_t)canvas->width * 3, row = inner + 2 * REACH * 3;
    for (int32_t y = -REACH; y < canvas->height + REACH; y++, out += row) {
        const int32_t at = y < 0 ? 0 : y < canvas->height ? y : canvas->height - 1;
        const uint8_t *from = canvas->rgb + (size_t)at * inner;
        for (int32_t x = 0; x < REACH; x++) {
            memcpy(out + (size_t)x * 3, from, 3);
            memcpy(out + inner + (size_t)(REACH + x) * 3, from + inner - 3, 3);
        }
        memcpy(out + (size_t)REACH * 3, from, inner);
    }
}

static void add_row(int16_t *restrict sums, const uint8_t *restrict row, int16_t weight,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] = (int16_t)(sums[i] + row[i] * weight);
}

static void store_row(uint8_t *restrict out, const int16_t *restrict sums, int32_t shift,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = asl__level(sums[i] >> shift);
}

/* Replaces the picture by the sum of `taps`, whose weights are in 1 / 2^shift. */
static asl_status apply_taps(const asl__canvas *canvas, asl__scratch *scratch, const tap *taps,
                             int32_t count, int32_t shift, asl_error *err)
{
    const size_t inner = (size_t)canvas->width * 3, row = inner + 2 * REACH * 3;
    const size_t rows = (size_t)canvas->height + 2 * REACH;
    int16_t *sums = asl__scratch_room(scratch, inner * sizeof *sums + rows * row);
    if (sums == NULL)
        return asl__fail_memory(err, "varying a picture");
    uint8_t *padded = (uint8_t *)(sums + inner);
    pad(padded, canvas);
    for (int32_t y = 0; y < canvas->height; y++) {
        const uint8_t *centre = padded + (size_t)(y + REACH) * row + (size_t)REACH * 3;
        for (size_t i = 0; i < inner; i++)
            sums[i] = (int16_t)(1 << (shift - 1));
        for (int32_t i = 0; i < count; i++)
            add_row(sums, centre + taps[i].y * (int64_t)row + taps[i].x * 3, taps[i].weight, inner);
        store_row(canvas->rgb + (size_t)y * inner, sums, shift, inner);
    }
    return ASL_OK;
}

enum { BLUR_SHIFT = 7, BLUR_ONE = 1 << BLUR_SHIFT };

/* Half of a bell, from the middle outwards, that sums up to BLUR_ONE over both halves. Returns how
 * far it reaches. */
static int32_t make_bell(int16_t out[REACH + 1], float sigma)
{
    float bell[REACH + 1], sum = 0;
    int32_t rest = BLUR_ONE, reach = 0;
    for (int32_t i = 0; i <= REACH; i++) {
        const float far = (float)(i * i) / (sigma * sigma);
        bell[i] = far > 50 ? 0 : asl__exp2(far * -0.721347520F); /* exp(-far / 2) */
        sum += i == 0 ? bell[i] : 2 * bell[i];
    }
    for (int32_t i = 1; i <= REACH; i++) {
        out[i] = (int16_t)(bell[i] / sum * BLUR_ONE + 0.5F);
        rest -= 2 * out[i];
        if (out[i] > 0)
            reach = i;
    }
    out[0] = (int16_t)rest;
    return reach;
}

asl_status asl__augment_blur(const asl__canvas *canvas, asl__scratch *scratch, float sigma,
                             asl_error *err)
{
    asl_status status = ASL_OK;
    const float most = REACH / 2.5F; /* what lies beyond is below 1/128 */
    tap taps[MAX_TAPS];
    int16_t bell[REACH + 1];
    const int32_t reach = make_bell(bell, sigma < most ? sigma : most);
    for (int32_t pass = 0; pass < 2 && reach > 0; pass++) {
        for (int32_t i = -reach; i <= reach; i++) {
            const int16_t weight = bell[i < 0 ? -i : i];
            taps[i + reach] = pass == 0 ? (tap){i, 0, weight} : (tap){0, i, weight};
        }
        ASL__TRY(apply_taps(canvas, scratch, taps, 2 * reach + 1, BLUR_SHIFT, err));
    }
fail:
    return status;
}

static int32_t nearest(float value)
{
    return (int32_t)(value + (float)REACH + 0.5F) - REACH;
}

asl_status asl__augment_motion(const asl__canvas *canvas, asl__scratch *scratch, float length,
                               float angle, asl_error *err)
{
    tap taps[MAX_TAPS];
    const float dx = asl__cosine(angle), dy = asl__sine(angle);
    const int32_t wanted = (int32_t)(length + 0.5F), count = wanted < MAX_TAPS ? wanted : MAX_TAPS;
    if (count < 2)
        return ASL_OK;
    for (int32_t i = 0; i < count; i++) {
        const float at = (float)i - (float)(count - 1) / 2;
        const int32_t weight = BLUR_ONE * (i + 1) / count - BLUR_ONE * i / count;
        taps[i] = (tap){nearest(dx * at), nearest(dy * at), (int16_t)weight};
    }
    return apply_taps(canvas, scratch, taps, count, BLUR_SHIFT, err);
}

/* As Xu et al., "Robust and generalizable visual representation learning via random convolutions",
 * ICLR 2021: a share of the picture is seen through nine random weights. Theirs may turn light into
 * dark; these have the sum one, so that a flat colour stays as it is. */
asl_status asl__augment_texture(const asl__canvas *canvas, asl__scratch *scratch, float share,
                                asl__draw *grain, asl_error *err)
{
    enum { SHIFT = 6, UNIT = 1 << SHIFT, COUNT = 9, MIDDLE = 4 };
    tap taps[COUNT];
    float weights[COUNT], mean = 0, size = 0;
    int32_t rest = UNIT;
    for (int32_t i = 0; i < COUNT; i++) {
        weights[i] = asl__draw_between(grain, -1, 1);
        mean += weights[i] / COUNT;
    }
    for (int32_t i = 0; i < COUNT; i++) {
        weights[i] -= mean;
        size += weights[i] < 0 ? -weights[i] : weights[i];
    }
    /* An average plus a pattern that has the sum 0 and, as sizes, 0.9: together at most 1.9. */
    for (int32_t i = 0; i < COUNT; i++) {
        const float value = share * (1.0F / COUNT + 0.9F * weights[i] / (size + 1e-6F)) * UNIT;
        const int32_t weight = (int32_t)(value + UNIT + 0.5F) - UNIT;
        taps[i] = (tap){i % 3 - 1, i / 3 - 1, (int16_t)weight};
        rest -= weight;
    }
    taps[MIDDLE].weight = (int16_t)(taps[MIDDLE].weight + rest);
    return apply_taps(canvas, scratch, taps, COUNT, SHIFT, err);
}
