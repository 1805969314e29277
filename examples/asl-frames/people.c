/* SPDX-License-Identifier: MIT */
/* See people.h. */
#include "people.h"

#include <stddef.h>

/* A point of a shape: how much of the pixel it covers, and which way it faces. */
struct point {
    float cover;
    vec3 normal; /* x to the right, y up, z to the camera */
};

static vec3 lit(const struct lights *l, vec3 colour, vec3 normal)
{
    vec3 light = mix3(l->ground, l->sky, 0.5f + 0.5f * normal.y);
    light = add(light, scale(l->key, maxf(dot(normal, l->key_way), 0.0f)));
    light = add(light, scale(l->fill, maxf(dot(normal, l->fill_way), 0.0f)));
    return mul(colour, light);
}

static void put(const struct canvas *canvas, int x, int y, const struct point *p, vec3 colour)
{
    float *to = canvas->light + 3 * ((size_t)y * (size_t)canvas->size + (size_t)x);
    const vec3 shown =
        mix3(v3(to[0], to[1], to[2]), lit(canvas->lights, colour, p->normal), p->cover);
    to[0] = shown.x;
    to[1] = shown.y;
    to[2] = shown.z;
}

/* Pixels from `middle - reach` to `middle + reach` that are on the canvas. */
static void span(int *begin, int *end, float middle, float reach, int size)
{
    *begin = (int)clampf(floorf(middle - reach), 0.0f, (float)size);
    *end = (int)clampf(ceilf(middle + reach) + 1.0f, 0.0f, (float)size);
}

/* ---- Shapes ---- */

static struct point lump_at(float u, float v, float half_width, float half_height, float square)
{
    const float a = fabsf(u) / half_width, b = fabsf(v) / half_height;
    const float power = 2.0f + 4.0f * square;
    const float d = powf(powf(a, power) + powf(b, power), 1.0f / power);
    const float edge = (1.0f - d) * minf(half_width, half_height) + 0.5f;
    const float rise = sqrtf(maxf(1.0f - d * d, 0.02f));
    return (struct point){clampf(edge, 0.0f, 1.0f),
                          unit(v3(u / half_width, -v / half_height, rise))};
}

void paint_lump(const struct canvas *canvas, float x, float y, float half_width, float half_height,
                float turn, float square, vec3 colour)
{
    const float c = cosf(turn), s = sinf(turn), reach = half_width + half_height + 1.0f;
    int left, right, top, bottom;

    span(&left, &right, x, reach, canvas->size);
    span(&top, &bottom, y, reach, canvas->size);
    for (int py = top; py < bottom; py++) {
        for (int px = left; px < right; px++) {
            const float dx = (float)px + 0.5f - x, dy = (float)py + 0.5f - y;
            const float u = c * dx + s * dy, v = c * dy - s * dx;
            struct point p = lump_at(u, v, half_width, half_height, square);
            if (p.cover <= 0.0f)
                continue;
            p.normal =
                v3(c * p.normal.x + s * p.normal.y, c * p.normal.y - s * p.normal.x, p.normal.z);
            put(canvas, px, py, &p, colour);
        }
    }
}

void paint_limb(const struct canvas *canvas, const float *from, float from_radius, const float *to,
                float to_radius, vec3 colour)
{
    const float way[2] = {to[0] - from[0], to[1] - from[1]};
    const float square = maxf(way[0] * way[0] + way[1] * way[1], 1e-6f);
    const float reach = 0.5f * sqrtf(square) + maxf(from_radius, to_radius) + 1.0f;
    int left, right, top, bottom;

    span(&left, &right, 0.5f * (from[0] + to[0]), reach, canvas->size);
    span(&top, &bottom, 0.5f * (from[1] + to[1]), reach, canvas->size);
    for (int py = top; py < bottom; py++) {
        for (int px = left; px < right; px++) {
            const float dx = (float)px + 0.5f - from[0], dy = (float)py + 0.5f - from[1];
            const float t = clampf((dx * way[0] + dy * way[1]) / square, 0.0f, 1.0f);
            const float u = dx - t * way[0], v = dy - t * way[1];
            const float radius = mixf(from_radius, to_radius, t);
            const float d = sqrtf(u * u + v * v) / radius;
            const struct point p = {
                clampf((1.0f - d) * radius + 0.5f, 0.0f, 1.0f),
                unit(v3(u / radius, -v / radius, sqrtf(maxf(1.0f - d * d, 0.02f))))};
            if (p.cover > 0.0f)
                put(canvas, px, py, &p, colour);
        }
    }
}

/* ---- People ---- */

static vec3 cloth_colour(rng *random)
{
    const float grey = rng_range(random, 0.02f, 0.75f);
    const vec3 dye = rng_range3(random, v3(0, 0, 0), v3(0.7f, 0.6f, 0.7f));
    return mix3(v3(grey, grey, grey), dye, rng_range(random, 0.0f, 0.8f));
}

static vec3 hair_colour(rng *random)
{
    const float light = rng_unit(random), grey = rng_unit(random);
    const vec3 hair = mix3(v3(0.012f, 0.009f, 0.007f), v3(0.45f, 0.28f, 0.12f), light * light);
    return grey < 0.15f ? mix3(hair, v3(0.5f, 0.5f, 0.5f), 0.8f) : hair;
}

/* A head around (x, y), `unit_px` pixels a millimetre. */
struct head {
    float x, y, mm, turn, look; /* look: how far it faces to the side, -1..1 */
    vec3 skin, hair;
};

/* Something on the face, in millimetres from its middle. */
static void paint_feature(const struct canvas *canvas, const struct head *head, float right,
                          float down, float half_width, float half_height, vec3 colour)
{
    const float c = cosf(head->turn), s = sinf(head->turn);
    const float x = (right + 28.0f * head->look) * head->mm, y = down * head->mm;
    paint_lump(canvas, head->x + c * x - s * y, head->y + s * x + c * y, half_width * head->mm,
               half_height * head->mm, head->turn, 0.0f, colour);
}

static void paint_face(const struct canvas *canvas, const struct head *head, rng *random)
{
    const vec3 dark = scale(head->skin, 0.25f), lips = mul(head->skin, v3(0.8f, 0.45f, 0.45f));
    const float open = rng_range(random, 2.0f, 12.0f);

    for (float side = -1.0f; side <= 1.0f; side += 2.0f) {
        paint_feature(canvas, head, side * 32.0f, -14.0f, 15.0f, 8.0f, v3(0.6f, 0.6f, 0.6f));
        paint_feature(canvas, head, side * 32.0f, -14.0f, 7.0f, 7.0f, v3(0.02f, 0.015f, 0.01f));
        paint_feature(canvas, head, side * 32.0f, -32.0f, 20.0f, 4.0f, head->hair);
    }
    paint_feature(canvas, head, 0.0f, 14.0f, 12.0f, 26.0f, scale(head->skin, 1.06f));
    paint_feature(canvas, head, 0.0f, 34.0f, 14.0f, 5.0f, dark);
    paint_feature(canvas, head, 0.0f, 62.0f, 25.0f, open, lips);
    if (rng_unit(random) < 0.15f) /* a beard */
        paint_feature(canvas, head, 0.0f, 88.0f, 55.0f, 30.0f, head->hair);
    if (rng_unit(random) < 0.12f) /* a mask */
        paint_feature(canvas, head, 0.0f, 55.0f, 66.0f, 52.0f, cloth_colour(random));
    if (rng_unit(random) < 0.2f) /* dark glasses */
        for (float side = -1.0f; side <= 1.0f; side += 2.0f)
            paint_feature(canvas, head, side * 34.0f, -14.0f, 26.0f, 18.0f, dark);
}

static void paint_head(const struct canvas *canvas, const struct head *head, rng *random)
{
    const float k = head->mm, longer = rng_range(random, 0.0f, 110.0f);
    const float bald = rng_unit(random) < 0.12f ? 0.4f : 1.0f;

    paint_lump(canvas, head->x, head->y + (longer - 30.0f) * k, 92.0f * k * bald,
               (95.0f + longer) * k * bald, head->turn, 0.2f, head->hair);
    for (float side = -1.0f; side <= 1.0f; side += 2.0f)
        paint_feature(canvas, head, side * 78.0f - 28.0f * head->look, 0.0f, 12.0f, 28.0f,
                      head->skin);
    paint_lump(canvas, head->x, head->y, 76.0f * k, 112.0f * k, head->turn, 0.12f, head->skin);
    paint_feature(canvas, head, -28.0f * head->look, -92.0f, 72.0f * bald, 38.0f * bald,
                  head->hair);
    paint_face(canvas, head, random);
}

void paint_figure(const struct canvas *canvas, const struct figure *figure, rng *random)
{
    const float k = figure->mm, width = rng_range(random, 165.0f, 225.0f) * k;
    const float x = figure->shoulder[0] + figure->side * width;
    const float top = figure->shoulder[1] - 40.0f * k;
    const float neck[2] = {x, top + 30.0f * k};
    const struct head head = {.x = x + rng_normal(random, 25.0f) * k,
                              .y = top - rng_range(random, 120.0f, 165.0f) * k,
                              .mm = k * rng_range(random, 0.9f, 1.1f),
                              .turn = rng_normal(random, 0.15f),
                              .look = rng_range(random, -1.0f, 1.0f),
                              .skin = figure->skin,
                              .hair = hair_colour(random)};
    const float chin[2] = {head.x, head.y + 80.0f * k};
    const float other[2] = {x + figure->side * width, figure->shoulder[1]};
    const float elbow[2] = {other[0] + figure->side * rng_range(random, 0.0f, 120.0f) * k,
                            other[1] + rng_range(random, 200.0f, 310.0f) * k};

    paint_limb(canvas, other, 62.0f * k, elbow, 50.0f * k, figure->cloth);
    paint_lump(canvas, x, top + 330.0f * k, width + 45.0f * k, 345.0f * k, 0.0f, 0.55f,
               figure->cloth);
    if (rng_unit(random) < 0.5f) /* a low neck line */
        paint_lump(canvas, x, top + 25.0f * k, 75.0f * k, rng_range(random, 40.0f, 130.0f) * k,
                   0.0f, 0.0f, figure->skin);
    paint_limb(canvas, neck, 62.0f * k, chin, 56.0f * k, figure->skin);
    paint_head(canvas, &head, random);
}

void paint_clutter(const struct canvas *canvas, vec3 skin, rng *random)
{
    const int count = 1 + rng_below(random, 4);
    const float size = (float)canvas->size;

    for (int i = 0; i < count; i++) {
        const float tint = rng_range(random, 0.7f, 1.2f);
        const vec3 colour = rng_unit(random) < 0.6f
                                ? mul(skin, rng_range3(random, v3(tint, tint, tint), v3(1, 1, 1)))
                                : cloth_colour(random);
        const float from[2] = {rng_unit(random) * size, rng_unit(random) * size};
        const float length = rng_range(random, 0.05f, 0.6f) * size;
        const float angle = rng_range(random, 0.0f, 2.0f * SYNTH_PI);
        const float to[2] = {from[0] + length * cosf(angle), from[1] + length * sinf(angle)};
        const float thick = rng_range(random, 0.01f, 0.09f) * size;
        const float turn = rng_range(random, -SYNTH_PI, SYNTH_PI), square = rng_unit(random);
        if (rng_unit(random) < 0.5f)
            paint_limb(canvas, from, thick, to, thick * rng_range(random, 0.6f, 1.3f), colour);
        else
            paint_lump(canvas, from[0], from[1], thick + 0.3f * length, 1.5f * thick, turn, square,
                       colour);
    }
}
