/* SPDX-License-Identifier: MIT */
/* Backgrounds as functions of a point in a plane, in units of the picture's side. */
#include "backdrop.h"

#include <stddef.h>

#include "noise.h"

enum {
    ROOM_PLAIN,
    ROOM_CORNER,
    ROOM_PLANKS,
    ROOM_STRIPES,
    ROOM_BLURS,
    ROOM_TEXTURE,
    ROOM_SHELVES,
    ROOM_CURTAIN,
    ROOM_WINDOW,
    ROOM_GARDEN,
    ROOM_TILES
};

static vec3 any_colour(rng *random, float most_chroma)
{
    const float grey = rng_range(random, 0.03f, 0.85f);
    const float pale = rng_unit(random); /* most things are dull */
    const float chroma = most_chroma * pale * pale;
    const vec3 any = rng_range3(random, v3(0, 0, 0), v3(1, 1, 1));
    /* Wood, leather and cardboard have the hues of skin. */
    const vec3 hue = rng_unit(random) < 0.2f ? v3(1.0f, 0.6f, 0.38f) : any;
    return mix3(v3(grey, grey, grey), scale(hue, 0.25f + grey), chroma);
}

static void furnish(struct room *room, rng *random)
{
    const int blurs = room->kind == ROOM_BLURS;
    room->things = 0;
    if (blurs || room->kind == ROOM_CORNER)
        room->things = 3 + rng_below(random, ROOM_THINGS - 2);
    else if (rng_unit(random) < 0.35f)
        room->things = 1 + rng_below(random, 3);

    for (int i = 0; i < room->things; i++) {
        struct thing *t = &room->thing[i];
        t->x = rng_range(random, -0.3f, 1.3f);
        t->y = rng_range(random, -0.2f, 1.2f);
        t->width = rng_range(random, 0.01f, 0.3f);
        t->height = blurs ? t->width : rng_range(random, 0.01f, 0.45f);
        t->roundness = blurs ? 1.0f : rng_unit(random) < 0.25f ? 1.0f : rng_range(random, 0, 0.2f);
        t->colour = any_colour(random, 0.9f);
    }
}

/* Sky or glare above, leaves and ground below. */
static void paint_outside(struct room *room, rng *random)
{
    const float glare = rng_range(random, 0.8f, 2.2f);

    room->colour[0] = scale(rng_range3(random, v3(0.6f, 0.7f, 0.8f), v3(1, 1, 1)), glare);
    room->colour[1] = rng_range3(random, v3(0.03f, 0.08f, 0.01f), v3(0.25f, 0.4f, 0.12f));
    room->colour[2] = any_colour(random, 0.3f);
}

void room_make(struct room *room, rng *random)
{
    static const int kinds[] = {ROOM_PLAIN,  ROOM_PLAIN,   ROOM_PLAIN,   ROOM_PLAIN,  ROOM_PLAIN,
                                ROOM_PLAIN,  ROOM_PLAIN,   ROOM_PLAIN,   ROOM_CORNER, ROOM_CORNER,
                                ROOM_CORNER, ROOM_CORNER,  ROOM_PLANKS,  ROOM_PLANKS, ROOM_BLURS,
                                ROOM_BLURS,  ROOM_STRIPES, ROOM_TEXTURE, ROOM_TILES,  ROOM_WINDOW,
                                ROOM_GARDEN, ROOM_SHELVES, ROOM_CURTAIN};

    room->kind = kinds[rng_below(random, (int)(sizeof kinds / sizeof kinds[0]))];
    for (int i = 0; i < 3; i++)
        room->colour[i] = any_colour(random, i == 0 ? 0.45f : 0.8f);
    room->frequency = rng_range(random, 4.0f, 16.0f);
    room->angle = rng_range(random, -0.5f, 0.5f) * (room->kind == ROOM_CORNER ? 0.3f : 3.0f);
    room->horizon = rng_range(random, 0.35f, 0.85f);
    room->softness = rng_unit(random) < 0.4f ? rng_range(random, 0.02f, 0.12f)
                                             : rng_range(random, 0.002f, 0.02f);
    room->pattern = hash64(random->state);
    room->person.size = 0.0f;
    if (room->kind == ROOM_GARDEN || room->kind == ROOM_WINDOW)
        paint_outside(room, random);
    furnish(room, random);
}

void person_make(struct person *person, vec3 skin, rng *random)
{
    const float grey = rng_range(random, 0.02f, 0.8f), age = rng_unit(random);
    const vec3 dye = rng_range3(random, v3(0, 0, 0), v3(0.8f, 0.7f, 0.8f));

    person->size = rng_range(random, 0.25f, 0.75f);
    person->x = rng_range(random, -0.1f, 1.1f);
    person->y = rng_range(random, 0.0f, 0.75f);
    person->hairline = rng_range(random, -0.3f, 0.0f);
    person->slant = rng_normal(random, 0.12f);
    person->blur = rng_range(random, 0.015f, 0.12f);
    person->skin = skin;
    person->hair = mix3(v3(0.03f, 0.02f, 0.015f), v3(0.45f, 0.3f, 0.16f), age * age * age);
    person->shirt = mix3(v3(grey, grey, grey), dye, rng_range(random, 0.0f, 0.8f));
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

/* Backs of books, or of whatever else stands in rows on boards. */
static vec3 shelves(const struct room *room, float u, float v, float softness)
{
    const float row = floorf(v * 0.25f * room->frequency);
    const float up = v * 0.25f * room->frequency - row;
    const float wide = 1.5f * room->frequency * (1.0f + noise2(row, 0.5f, room->pattern));
    const float book = floorf(u * wide), across = u * wide - book;
    const float tall = 0.25f + 0.6f * noise2(book, row * 5.0f, room->pattern + 1);
    const float hue = noise2(book, row * 3.0f + 0.5f, room->pattern + 2);
    const float edge = smoothf(0.0f, 0.1f + 4.0f * softness, minf(across, 1.0f - across));
    const vec3 back = scale(room->colour[0], 0.4f);
    const vec3 spine = hue < 0.5f ? mix3(room->colour[1], room->colour[2], 2.0f * hue)
                                  : mix3(room->colour[2], v3(0.8f, 0.78f, 0.7f), 2.0f * hue - 1.0f);
    const vec3 row_colour = mix3(back, scale(spine, 0.6f + 0.4f * edge),
                                 smoothf(1.0f - tall - softness, 1.0f - tall + softness, up));
    return mix3(row_colour, room->colour[0], smoothf(0.9f - softness, 0.92f + softness, up));
}

static vec3 curtain(const struct room *room, float u, float v)
{
    const float sway = noise2(u * 2.0f, v * 0.6f, room->pattern);
    const float fold = noise2(u * room->frequency + 2.0f * sway, 0.3f * v, room->pattern + 1);
    const float fine = 0.5f + 0.5f * sinf((u + 0.05f * sway) * room->frequency * 6.0f);
    return scale(room->colour[0], 0.45f + 0.5f * fold + 0.12f * fine * fold);
}

static vec3 outside(const struct room *room, float u, float v, float softness)
{
    const float leaf = noise2(u * room->frequency, v * room->frequency, room->pattern);
    const float twig =
        noise2(u * 4.0f * room->frequency, v * 4.0f * room->frequency, room->pattern + 1);
    const float line = v - room->horizon + 0.25f * (leaf - 0.5f) + 0.1f * (twig - 0.5f);
    const vec3 green = scale(room->colour[1], 0.35f + 0.8f * leaf + 0.5f * twig * twig);
    const vec3 ground = scale(room->colour[2], 0.7f + 0.3f * twig);
    const vec3 low = mix3(green, ground, smoothf(0.2f, 0.25f + softness, line - 0.1f * leaf));
    return mix3(room->colour[0], low, smoothf(-0.03f - softness, 0.03f + softness, line));
}

/* Panes, with the day behind them, in a wall. */
static vec3 window(const struct room *room, float u, float v, float softness)
{
    const float x = fabsf(u - 0.5f * room->horizon - 0.25f), y = fabsf(v - 0.4f);
    const float inside = minf(0.32f - x, 0.45f - y), bars = minf(x, y);
    const float pane =
        smoothf(-softness, softness, inside) * smoothf(0.012f, 0.02f + 2.0f * softness, bars);
    return mix3(scale(room->colour[2], 0.5f), outside(room, u, v, softness), pane);
}

/* Tiles, bricks, keys. */
static vec3 tiles(const struct room *room, float u, float v, float softness)
{
    const float f = 0.7f * room->frequency;
    const float row = floorf(v * f), y = v * f - row;
    const float along = u * f * (0.5f + room->horizon) + 0.5f * fmodf(fabsf(row), 2.0f);
    const float x = along - floorf(along);
    const float edge = minf(minf(x, 1.0f - x), minf(y, 1.0f - y));
    const float tone = noise2(floorf(along) * 3.7f, row * 5.3f, room->pattern);
    const vec3 tile = mix3(room->colour[0], room->colour[1], 0.5f * tone);
    return mix3(room->colour[2], tile, smoothf(0.02f, 0.08f + 2.0f * softness, edge));
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
    case ROOM_SHELVES:
        return shelves(room, u, v, soft);
    case ROOM_CURTAIN:
        return curtain(room, u, v);
    case ROOM_WINDOW:
        return window(room, u, v, soft);
    case ROOM_GARDEN:
        return outside(room, u, v, soft);
    case ROOM_TILES:
        return tiles(room, u, v, soft);
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

/* Part of a point that an ellipse covers whose edge is `blur` of its size wide. */
static float ellipse(float x, float y, float width, float height, float blur)
{
    const float r = sqrtf((x * x) / (width * width) + (y * y) / (height * height));
    return 1.0f - smoothf(1.0f - blur, 1.0f + blur, r);
}

/* Shoulders, neck, hair, and a face with as much in it as can be seen out of focus. */
static vec3 add_person(vec3 behind, const struct person *p, float u, float v)
{
    const float lean = p->slant * (v - p->y);
    const float x = (u - p->x + lean) / p->size, y = (v - p->y) / p->size;
    const float b = p->blur / p->size;
    vec3 colour = behind;

    if (fabsf(x) > 1.8f || y < -1.2f)
        return behind;
    colour = mix3(colour, p->hair, ellipse(x, y + 0.08f, 0.42f, 0.55f, 2.0f * b));
    colour = mix3(colour, p->skin, ellipse(x, y - 0.5f, 0.18f, 0.35f, 3.0f * b));
    colour = mix3(colour, p->shirt, ellipse(x, y - 1.7f, 1.1f, 1.05f, b));
    const float face = ellipse(x, y - 0.04f, 0.34f, 0.46f, 2.0f * b) *
                       smoothf(p->hairline - 2.0f * b, p->hairline + 2.0f * b + 0.01f, y);
    colour = mix3(colour, scale(p->skin, 1.0f - 0.25f * smoothf(0.0f, 0.4f, fabsf(x))), face);
    const float eyes = ellipse(fabsf(x) - 0.14f, y + 0.04f, 0.07f, 0.035f, 6.0f * b + 0.3f);
    const float brows = ellipse(fabsf(x) - 0.14f, y + 0.12f, 0.1f, 0.025f, 6.0f * b + 0.3f);
    const float mouth = ellipse(x, y - 0.24f, 0.12f, 0.03f, 6.0f * b + 0.3f);
    colour = mix3(colour, p->hair, 0.8f * face * maxf(eyes, brows) / (1.0f + 20.0f * b));
    return mix3(colour, mul(p->skin, v3(0.7f, 0.4f, 0.4f)), face * mouth / (1.0f + 20.0f * b));
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
            if (room->person.size > 0.0f)
                colour = add_person(colour, &room->person, px + 0.5f, py + 0.5f);
            colour = scale(mul(colour, cut->light), light);
            float *pixel = rgb + 3 * ((size_t)y * (size_t)size + (size_t)x);
            pixel[0] = colour.x;
            pixel[1] = colour.y;
            pixel[2] = colour.z;
        }
    }
}
