/* SPDX-License-Identifier: MIT */
/* What may be behind a hand instead of a wall: boards, or a room full of things out of focus. */
#include "base/error.h"
#include "image/augment.h"

/* Half of all are wood or skin or something like it, which is what is hardest to tell from a
 * hand. */
static void draw_colour(float out[3], asl__draw *draw)
{
    const bool warm = asl__draw_below(draw, 2) == 0;
    const float value = asl__draw_between(draw, 30, 245);
    const float strength = asl__draw_between(draw, 0.08, 0.7);
    const float yellow = asl__draw_between(draw, 0.3, 0.65);
    const float other[3] = {asl__draw_between(draw, 0, 255), asl__draw_between(draw, 0, 255),
                            asl__draw_between(draw, 0, 255)};
    const float same[3] = {value, value * (1 - strength * yellow), value * (1 - strength)};
    for (int32_t c = 0; c < 3; c++)
        out[c] = warm ? same[c] : other[c];
}

static uint8_t level(float value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5F);
}

/* Lit from one side. Boards differ in tone and have dark gaps; `boards` 0 is one plain area. */
static void paint_ground(const asl__canvas *canvas, int32_t boards, asl__draw *draw)
{
    enum { MOST_BOARDS = 64 };
    float colour[3], tone[MOST_BOARDS];
    const float angle = asl__draw_between(draw, 0, 3.14159265);
    const float along[2] = {asl__cosine(angle), asl__sine(angle)};
    const float light[2] = {asl__draw_between(draw, -0.5, 0.5), asl__draw_between(draw, -0.5, 0.5)};
    draw_colour(colour, draw);
    for (int32_t i = 0; i < MOST_BOARDS; i++)
        tone[i] = boards > 0 ? asl__draw_between(draw, 0.8, 1.2) : 1;
    uint8_t *out = canvas->rgb;
    for (int32_t row = 0; row < canvas->height; row++)
        for (int32_t column = 0; column < canvas->width; column++, out += 3) {
            const float x = ((float)column + 0.5F) / (float)canvas->width - 0.5F;
            const float y = ((float)row + 0.5F) / (float)canvas->height - 0.5F;
            /* Never below 0: the corner is 0.71 away from the middle. */
            const float at = (x * along[0] + y * along[1] + 1) * (float)boards;
            const int32_t board = (int32_t)at;
            const float edge = at - (float)board, gap = edge < 0.15F ? 0.7F + 2 * edge : 1;
            const float lit = (1 + x * light[0] + y * light[1]) * tone[board % MOST_BOARDS];
            for (int32_t c = 0; c < 3; c++)
                out[c] = level(colour[c] * lit * (boards > 0 ? gap : 1));
        }
}

asl_status asl__augment_backdrop(const asl__canvas *canvas, asl__scratch *scratch, asl__draw *draw,
                                 asl_error *err)
{
    asl_status status = ASL_OK;
    const bool floor = asl__draw_below(draw, 3) == 0;
    const int32_t boards = 3 + asl__draw_below(draw, 12), things = 1 + asl__draw_below(draw, 5);
    const float unit = (float)(canvas->width + canvas->height) / 256;
    const float sigma = asl__draw_between(draw, 0.3, 3) * unit;
    paint_ground(canvas, floor ? boards : 0, draw);
    for (int32_t i = 0; i < things && !floor; i++) {
        asl__draw own = {asl__draw_u64(draw)}; /* of which larger canvases take more numbers */
        asl__augment_erase(canvas, asl__draw_between(&own, 0.05, 0.5), &own);
    }
    if (!floor)
        ASL__TRY(asl__augment_blur(canvas, scratch, sigma, err));
    asl__augment_noise(canvas, asl__draw_between(draw, 0, 0.03), 0, draw);
fail:
    return status;
}
