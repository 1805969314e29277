/* SPDX-License-Identifier: MIT */
/* Backgrounds as functions of a point in a plane, in units of the picture's side. */
#include "backdrop.h"

#include <stddef.h>

#include "noise.h"

enum { ROOM_PLAIN, ROOM_CORNER, ROOM_PLANKS, ROOM_STRIPES, ROOM_BLURS, ROOM_TEXTURE, ROOM_KINDS };

static vec3 any_colour(rng *random, float most_chroma)
{
    const float grey = rng_range(random, 0.03f, 0.85f);
    const float pale = rng_unit(random); /* most things are dull */
    const float chroma = most_chroma * pale * pale;
    const vec3 hue = rng_range3(random, v3(0, 0, 0), v3(1, 1, 1));
    return mix3(v3(grey, grey, grey), scale(hue, 0.25f + grey), chroma);
}

static void furnish(struct room *room, rng *random)
{
    const int blurs = room->kind == ROOM_BLURS;
    room->things = 0;
    if (blurs || room->kind == ROOM_CORNER)
        room->things = 3 + rng_below(random, ROOM_THINGS - 3);
    else if (rng_unit(random) < 0.35f)
        room->things = 1 + rng_below(random, 3);

    for (int i = 0; i < room->things; i++) {
        struct thing *t = &room->thing[i];
        t->x = rng_range(random, -0.3f, 1.3f);
        t->y = rng_range(random, -0.2f, 1.2f);
        t->width = rng_range(random, 0.03f, 0.3f);
        t->height = blurs ? t->width : rng_range(random, 0.04f, 0.45f);
        t->roundness = blurs ? 1.0f : rng_unit(random) < 0.25f ? 1.0f : rng_range(random, 0, 0.2f);
        t->colour = any_colour(random, 0.9f);
    }
}

void room_make(struct room *room, rng *random)
{
    static const int kinds[] = {ROOM_PLAIN,  ROOM_PLAIN,   ROOM_CORNER, ROOM_CORNER,
                                ROOM_PLANKS, ROOM_STRIPES, ROOM_BLURS,  ROOM_TEXTURE};

    room->kind = kinds[rng_below(random, (int)(sizeof kinds / sizeof kinds[0]))];
    for (int i = 0; i < 3; i++)
        room->colour[i] = any_colour(random, i == 0 ? 0.45f : 0.8f);
    room->frequency = rng_range(random, 4.0f, 16.0f);
    room->angle = rng_range(random, -0.5f, 0.5f) * (room->kind == ROOM_CORNER ? 0.3f : 3.0f);
    room->horizon = rng_range(random, 0.35f, 0.85f);
    room->softness = rng_unit(random) < 0.4f ? rng_range(random, 0.02f, 0.12f)
                                             : rng_range(random, 0.002f, 0.02f);
    room->pattern = hash64(random->state);
    furnish(room, random);
}

static vec3 planks(const struct room *room, float u, float v, float softness)
{
    const float row = floorf(v * room->frequency), across = v * room->frequency - row;
    const float shift = noise2(row * 7.3f, 0.5f, room->pattern) * 5.0f;
    const float tone = noise2(row * 3.1f, floorf(u * 1.5f + shift), room->pattern);
    const float fibre = noise2(u * 9.0f + shift, v * room->frequency * 9.0f, room->pattern);
    const float gap = smoothf(0.0f, 0.05f + 2.0f * softness, minf(across, 1.0f - across));
    const vec3 wood = mix3(room->colour[0], room->colour[1], 0.25f * tone + 0.2f * fibre);
    return scale(wood, 0.55f + 0.45f * gap);
}

static vec3 texture(const struct room *room, float u, float v)
{
    const float f = room->frequency;
    const float large = noise2(u * f * 0.5f, v * f * 0.5f, room->pattern);
    const float middle = noise2(u * f * 1.7f, v * f * 1.7f, room->pattern + 1);
    const float small = noise2(u * f * 5.0f, v * f * 5.0f, room->pattern + 2);
    const float t = 0.5f * large + 0.3f * middle + 0.2f * small;
    return mix3(mix3(room->colour[0], room->colour[1], smoothf(0.3f, 0.7f, t)), room->colour[2],
                smoothf(0.55f, 0.8f, middle) * 0.7f);
}

static vec3 surface_colour(const struct room *room, float u, float v)
{
    const float soft = room->softness;
    switch (room->kind) {
    case ROOM_CORNER: {
        const float floor_part = smoothf(-soft, soft, v - room->horizon);
        const float wall_part = smoothf(-soft, soft, u - 0.8f * room->horizon);
        const vec3 walls = scale(room->colour[0], mixf(1.0f, 0.75f, wall_part));
        return mix3(walls, room->colour[1], floor_part);
    }
    case ROOM_PLANKS:
        return planks(room, u, v, soft);
    case ROOM_STRIPES: {
        const float wave = 0.5f + 0.5f * sinf(u * room->frequency * 2.0f * SYNTH_PI);
        return mix3(room->colour[0], room->colour[1], smoothf(0.5f - 0.4f, 0.5f + 0.4f, wave));
    }
    case ROOM_TEXTURE:
        return texture(room, u, v);
    default:
        return mix3(room->colour[0], room->colour[1], 0.35f * clampf(v, 0.0f, 1.0f));
    }
}

/* How much of a point a thing covers. */
static float cover(const struct thing *t, float softness, float u, float v)
{
    const float x = fabsf(u - t->x), y = fabsf(v - t->y);
    const float inside = maxf(x - t->width, y - t->height);
    if (inside > softness)
        return 0.0f;
    const float corner = t->roundness * minf(t->width, t->height);
    const float dx = maxf(x - t->width + corner, 0.0f), dy = maxf(y - t->height + corner, 0.0f);
    const float edge = sqrtf(dx * dx + dy * dy) - corner;
    return 1.0f - smoothf(-softness, softness, corner > 0.0f ? edge : inside);
}

void backdrop_draw(float *rgb, int size, const struct room *room, const struct cut *cut)
{
    const float c = cosf(room->angle + cut->turn), s = sinf(room->angle + cut->turn);
    const float softness = room->kind == ROOM_BLURS ? 0.06f + room->softness : room->softness;

    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            const float px = ((float)x + 0.5f) / (float)size - 0.5f;
            const float py = ((float)y + 0.5f) / (float)size - 0.5f;
            const float u = cut->x + 0.5f + cut->zoom * (c * px - s * py);
            const float v = cut->y + 0.5f + cut->zoom * (s * px + c * py);
            const float light = 1.0f + cut->shade_x * px + cut->shade_y * py;
            vec3 colour = surface_colour(room, u, v);

            for (int i = 0; i < room->things; i++)
                colour =
                    mix3(colour, room->thing[i].colour, cover(&room->thing[i], softness, u, v));
            colour = scale(mul(colour, cut->light), light);
            float *pixel = rgb + 3 * ((size_t)y * (size_t)size + (size_t)x);
            pixel[0] = colour.x;
            pixel[1] = colour.y;
            pixel[2] = colour.z;
        }
    }
}
