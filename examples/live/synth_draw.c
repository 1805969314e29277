/* SPDX-License-Identifier: MIT */
/* Draws the frames of a hand that spells. The room is drawn once. The hand is drawn, on its own
 * piece of the picture, when its shape has changed; while it is held, the piece trembles, and the
 * sensor's noise runs over everything. See synth.h. */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "hand/film.h"
#include "live/synth.h"

enum { STREAM_EASEL = 65, NOISE_VALUES = 1 << 16, TREMBLE = 4 };

#define DISTANCE 750.0f
/* How much of the box a hand with its fingers up fills. */
#define FILL 0.88f

/* A part of the picture. */
struct piece {
    int left, top, width, height;
};

struct easel {
    int width, height;
    const struct signer *signer;
    struct camera camera;
    struct film film;
    struct film_curve curve;
    float *room_light; /* the empty room: light, and levels of RGB */
    uint8_t *room;
    uint8_t *picture;
    int8_t *noise; /* NOISE_VALUES, and the first row again */
    uint64_t seed;
    float sway[2][3]; /* phases of the tremor */
    /* The hand as last drawn. */
    struct script_moment drawn;
    struct piece piece;
    uint8_t *hand, *mask; /* levels of RGB; where they count */
    float *light, *behind;
    void *scratch;
};

float easel_mm(const struct live_options *options)
{
    return HAND_TALL / (FILL * (float)options->box.height);
}

/* ---- Once ---- */

/* As in the pictures of asl-synth, with light of middling strength. */
static void draw_room(struct easel *easel)
{
    const int side = easel->width > easel->height ? easel->width : easel->height;
    const size_t row = (size_t)easel->width * 3, skip = (size_t)(side - easel->height) / 2;
    const struct lights *l = &easel->signer->lights[0];
    const vec3 direct = scale(l->key, 0.25f + 0.75f * maxf(l->key_way.z, 0.0f));
    const struct cut cut = {.zoom = 0.9f, .light = scale(add(add(direct, l->fill), l->sky), 0.75f)};
    float *square = cli_alloc((size_t)side * (size_t)side, 3 * sizeof *square);
    float *light = cli_alloc((size_t)easel->height * row, sizeof *light);

    backdrop_draw(square, side, &easel->signer->room[0], &cut);
    for (size_t y = 0; y < (size_t)easel->height; y++)
        memcpy(easel->room_light + y * row, square + (y + skip) * (size_t)side * 3,
               row * sizeof *square);
    memcpy(light, easel->room_light, (size_t)easel->height * row * sizeof *light);
    film_develop(easel->room, light, easel->width, easel->height, &easel->film, &easel->curve);
    free(light);
    free(square);
}

static void make_noise(struct easel *easel, float deviation)
{
    rng random = rng_make(easel->seed, STREAM_EASEL, 0);
    const size_t row = (size_t)easel->width * 3;

    easel->noise = cli_alloc(NOISE_VALUES + row, 1);
    for (size_t i = 0; i < NOISE_VALUES; i++)
        easel->noise[i] = (int8_t)lrintf(clampf(rng_normal(&random, deviation), -127.0f, 127.0f));
    for (size_t i = 0; i < row; i++)
        easel->noise[NOISE_VALUES + i] = easel->noise[i % NOISE_VALUES];
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++)
            easel->sway[i][k] = rng_range(&random, 0.0f, 2.0f * SYNTH_PI);
}

struct easel *easel_make(const struct signer *signer, const struct live_options *options)
{
    struct easel *easel = cli_alloc(1, sizeof *easel);
    const asl_rect *box = &options->box;
    const size_t pixels = (size_t)options->width * (size_t)options->height;

    easel->width = options->width;
    easel->height = options->height;
    easel->signer = signer;
    easel->seed = options->seed;
    easel->camera = (struct camera){.distance = DISTANCE,
                                    .focal = DISTANCE / easel_mm(options),
                                    .x = (float)box->x + 0.5f * (float)box->width,
                                    .y = (float)box->y + 0.5f * (float)box->height,
                                    .mirror = options->left_handed ? -1.0f : 1.0f};
    const float exposure = 1.15f * powf(0.28f / signer->skin.back.y, 0.22f);
    easel->film.exposure = v3(exposure, exposure, exposure);
    film_curve_make(&easel->curve);
    easel->room_light = cli_alloc(pixels, 3 * sizeof(float));
    easel->light = cli_alloc(pixels, 3 * sizeof(float));
    easel->behind = cli_alloc(pixels, 3 * sizeof(float));
    easel->scratch = cli_alloc(1, render_scratch_size(easel->width, easel->height));
    easel->room = cli_alloc(pixels, 3);
    easel->hand = cli_alloc(pixels, 3);
    easel->picture = cli_alloc(pixels, 3);
    easel->mask = cli_alloc(pixels, 1);
    draw_room(easel);
    make_noise(easel, (float)options->noise);
    return easel;
}

/* ---- The hand ---- */

static void include(float *low, float *high, float at, float reach)
{
    *low = minf(*low, at - reach);
    *high = maxf(*high, at + reach);
}

static int within(float value, int most)
{
    return (int)clampf(value, 0.0f, (float)most);
}

/* The part of the picture that holds all cones. */
static struct piece find_piece(const struct easel *easel, const struct hand *hand)
{
    const struct camera *camera = &easel->camera;
    float left = FIELD_FAR, right = -FIELD_FAR, top = FIELD_FAR, bottom = -FIELD_FAR;

    for (int i = 0; i < hand->count; i++) {
        const struct cone *c = &hand->cone[i];
        for (int end = 0; end < 2; end++) {
            const float along = end ? c->length : 0.0f;
            const vec3 p = add(c->a, scale(c->axis, along));
            const float radius = c->radius - c->slope * along + field_margin(c->group);
            float x, y;
            camera_project(camera, p, &x, &y);
            const float reach = radius * camera->focal / (camera->distance - p.z) + 2.0f;
            include(&left, &right, x, reach);
            include(&top, &bottom, y, reach);
        }
    }
    struct piece piece = {within(left, easel->width), within(top, easel->height), 0, 0};
    piece.width = within(right + 1.0f, easel->width) - piece.left;
    piece.height = within(bottom + 1.0f, easel->height) - piece.top;
    return piece;
}

/* Pixels that rays met the hand in, and those beside them, which it may cover in part. */
static void find_mask(struct easel *easel)
{
    const struct piece *p = &easel->piece;

    memset(easel->mask, 0, (size_t)p->width * (size_t)p->height);
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            uint8_t *at = easel->mask + (size_t)y * (size_t)p->width + (size_t)x;
            if (render_depth(easel->scratch, p->width, x, y) >= FIELD_FAR)
                continue;
            at[0] = 1;
            if (x > 0)
                at[-1] = 1;
            if (x + 1 < p->width)
                at[1] = 1;
            if (y > 0)
                at[-p->width] = 1;
            if (y + 1 < p->height)
                at[p->width] = 1;
        }
    }
}

static void draw_hand(struct easel *easel, const struct script_moment *moment)
{
    const struct signer *signer = easel->signer;
    struct scene scene = {.skin = signer->skin,
                          .wear = signer->wear,
                          .sleeve = signer->sleeve,
                          .lights = signer->lights[0],
                          .camera = easel->camera};

    hand_build(&scene.hand, &signer->physique, &moment->pose, signer->sleeve_start);
    hand_move(&scene.hand, moment->place);
    /* The scene is not mirrored for a left hand, so its lamps have to be. */
    scene.lights.key_way.x *= easel->camera.mirror;
    scene.lights.fill_way.x *= easel->camera.mirror;
    easel->drawn = *moment;
    easel->piece = find_piece(easel, &scene.hand);
    const struct piece *p = &easel->piece;
    if (p->width <= 0 || p->height <= 0)
        return;
    scene.camera.x -= (float)p->left;
    scene.camera.y -= (float)p->top;
    const size_t row = (size_t)p->width * 3;
    for (int y = 0; y < p->height; y++)
        memcpy(easel->behind + (size_t)y * row,
               easel->room_light +
                   3 * ((size_t)(p->top + y) * (size_t)easel->width + (size_t)p->left),
               row * sizeof *easel->behind);
    render_hand(easel->light, easel->behind, p->width, p->height, &scene, easel->scratch);
    film_develop(easel->hand, easel->light, p->width, p->height, &easel->film, &easel->curve);
    find_mask(easel);
}

/* ---- The frame ---- */

/* Put the hand into the picture, `dx` and `dy` pixels from where it was drawn. */
static void paste(struct easel *easel, int dx, int dy)
{
    const struct piece *p = &easel->piece;

    for (int y = 0; y < p->height; y++) {
        const int to = p->top + y + dy;
        if (to < 0 || to >= easel->height)
            continue;
        for (int x = 0; x < p->width; x++) {
            const int at = p->left + x + dx;
            const size_t from = (size_t)y * (size_t)p->width + (size_t)x;
            if (easel->mask[from] && at >= 0 && at < easel->width)
                memcpy(easel->picture + 3 * ((size_t)to * (size_t)easel->width + (size_t)at),
                       easel->hand + 3 * from, 3);
        }
    }
}

static void add_noise(struct easel *easel, int64_t number)
{
    const size_t row = (size_t)easel->width * 3;
    rng random = rng_make(easel->seed, STREAM_EASEL + 1, (uint64_t)number);

    for (size_t y = 0; y < (size_t)easel->height; y++) {
        const int8_t *noise = easel->noise + rng_below(&random, NOISE_VALUES);
        uint8_t *levels = easel->picture + y * row;
        for (size_t i = 0; i < row; i++) {
            const int level = levels[i] + noise[i];
            levels[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
        }
    }
}

/* No hand is quite still: a slow drift and a faster, smaller tremor, in millimetres. */
static int sway(const float *phase, float mm, double seconds)
{
    const float t = (float)fmod(seconds, 1000.0) * 2.0f * SYNTH_PI;
    const float way = 2.2f * sinf(0.4f * t + phase[0]) + 0.9f * sinf(1.3f * t + phase[1]) +
                      0.4f * sinf(5.1f * t + phase[2]);
    return (int)lrintf(clampf(way / mm, -TREMBLE, TREMBLE));
}

void easel_draw(struct easel *easel, const struct script_moment *moment, double seconds,
                int64_t number)
{
    const float mm = easel->camera.distance / easel->camera.focal;

    memcpy(easel->picture, easel->room, 3 * (size_t)easel->width * (size_t)easel->height);
    if (moment) {
        if (memcmp(moment, &easel->drawn, sizeof *moment) != 0)
            draw_hand(easel, moment);
        paste(easel, sway(easel->sway[0], mm, seconds), sway(easel->sway[1], mm, seconds));
    }
    add_noise(easel, number);
}

asl_image_view easel_view(const struct easel *easel)
{
    return (asl_image_view){easel->picture,   easel->width,
                            easel->height,    3 * (int64_t)easel->width,
                            ASL_FORMAT_RGB24, 0};
}

void easel_free(struct easel *easel)
{
    if (!easel)
        return;
    free(easel->room_light);
    free(easel->light);
    free(easel->behind);
    free(easel->scratch);
    free(easel->room);
    free(easel->hand);
    free(easel->picture);
    free(easel->mask);
    free(easel->noise);
    free(easel);
}
