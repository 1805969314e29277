/* SPDX-License-Identifier: MIT */
/* Finds what each pixel sees. Rays step through the distance field of the hand by the distance
 * itself (sphere tracing, Hart 1996). The picture is cut into tiles: each only looks at the cones
 * that can reach it, and starts its rays where they could first touch something. */
#include "render.h"

#include <string.h>

enum { TILE = 8, MAX_STEPS = 40 };

#define EDGE_DEPTH 3.0f
#define NEAREST    20.0f

/* What the first ray of a pixel met. */
struct seen {
    float depth; /* FIELD_FAR for the background */
    int group;
};

struct renderer {
    const struct scene *scene;
    int width, height;
    struct seen *seen;
    struct field casters; /* see shade() */
    float tolerance;      /* how near to the skin is near enough */
    /* The tile at work. */
    struct field field;
    float near, far;
};

size_t render_scratch_size(int width, int height)
{
    return (size_t)width * (size_t)height * sizeof(struct seen);
}

float render_depth(const void *scratch, int width, int x, int y)
{
    const struct seen *seen = scratch;
    return seen[(size_t)y * (size_t)width + (size_t)x].depth;
}

void camera_project(const struct camera *camera, vec3 point, float *x, float *y)
{
    const float s = camera->focal / (camera->distance - point.z);
    *x = camera->x + camera->mirror * point.x * s;
    *y = camera->y - point.y * s;
}

static vec3 camera_ray(const struct camera *camera, float x, float y)
{
    return unit(v3(camera->mirror * (x - camera->x), camera->y - y, -camera->focal));
}

/* Smallest distance between a ray and the axis of a cone. */
static float ray_to_axis(const struct cone *c, vec3 eye, vec3 ray)
{
    const vec3 v = sub(c->a, eye);
    const float b = dot(ray, c->axis), d = dot(ray, v), e = dot(c->axis, v);
    const float s = clampf((b * d - e) / maxf(1.0f - b * b, 1e-6f), 0.0f, c->length);
    const vec3 q = add(v, scale(c->axis, s));
    return length(sub(q, scale(ray, dot(q, ray))));
}

/* Move the start of the tile's rays up to where the first of them could touch something: a sphere
 * around the middle ray that holds them all must stay clear of the skin. */
static void advance(struct renderer *r, vec3 eye, vec3 ray, float spread)
{
    for (int i = 0; i < MAX_STEPS && r->near < r->far; i++) {
        const vec3 p = add(eye, scale(ray, r->near));
        const float space = field_distance(&r->field, p) - 1.01f * spread * r->near;
        if (space < r->tolerance)
            return;
        r->near += space;
    }
    if (r->near >= r->far)
        r->field.count = 0;
}

/* Which cones the rays of a tile can meet, and between which distances. */
static void start_tile(struct renderer *r, int left, int top)
{
    const struct camera *camera = &r->scene->camera;
    const struct hand *hand = &r->scene->hand;
    const vec3 eye = v3(0, 0, camera->distance);
    const float half = 0.5f * TILE;
    const vec3 ray = camera_ray(camera, (float)left + half, (float)top + half);
    const float spread = half * 1.4143f / camera->focal;

    field_start(&r->field, hand);
    r->near = FIELD_FAR;
    r->far = 0.0f;
    for (int i = 0; i < hand->count; i++) {
        const struct cone *c = &hand->cone[i];
        const float first = length(sub(c->a, eye));
        const float last = length(sub(add(c->a, scale(c->axis, c->length)), eye));
        const float thick =
            maxf(c->radius, c->radius - c->slope * c->length) + field_margin(c->group);
        if (ray_to_axis(c, eye, ray) > thick + spread * maxf(first, last))
            continue;
        field_add(&r->field, i);
        /* The triangle inequality: no point of the axis is nearer than this. */
        r->near = minf(r->near, 0.5f * (first + last - c->length) - thick);
        r->far = maxf(r->far, maxf(first, last) + thick);
    }
    r->near = maxf(r->near, NEAREST);
    advance(r, eye, ray, spread);
}

/* Distance along the ray to the skin, or FIELD_FAR. Steps are longer than is safe: a ray may leap
 * over a sliver of a fraction of a millimetre, and comes back when it has gone in too deep. A ray
 * that is still close to the skin when its steps run out grazes it, and counts as a hit. */
static float trace(const struct renderer *r, vec3 eye, vec3 ray)
{
    float t = r->near, d = FIELD_FAR;

    for (int i = 0; i < MAX_STEPS && t < r->far && fabsf(d) > r->tolerance; i++) {
        d = field_distance(&r->field, add(eye, scale(ray, t)));
        t += d > 0.0f ? 1.4f * d : d;
    }
    return d > 3.0f * r->tolerance ? FIELD_FAR : t;
}

static vec3 sample(const struct renderer *r, float x, float y, vec3 behind, struct seen *seen)
{
    const vec3 eye = v3(0, 0, r->scene->camera.distance);
    const vec3 ray = camera_ray(&r->scene->camera, x, y);
    const float t = r->field.count > 0 ? trace(r, eye, ray) : FIELD_FAR;

    *seen = (struct seen){t, -1};
    if (t >= FIELD_FAR)
        return behind;
    const struct surface surface = field_surface(&r->field, add(eye, scale(ray, t)));
    seen->group = r->scene->hand.cone[surface.cone].group;
    return shade(r->scene, &r->casters, &surface);
}

static int differs(const struct seen *a, const struct seen *b)
{
    return a->group != b->group || fabsf(a->depth - b->depth) > EDGE_DEPTH;
}

static int on_edge(const struct renderer *r, int x, int y)
{
    const struct seen *s = &r->seen[(size_t)y * (size_t)r->width + (size_t)x];
    return (x > 0 && differs(s, s - 1)) || (x + 1 < r->width && differs(s, s + 1)) ||
           (y > 0 && differs(s, s - r->width)) || (y + 1 < r->height && differs(s, s + r->width));
}

static vec3 load(const float *pixel)
{
    return v3(pixel[0], pixel[1], pixel[2]);
}

static void store(float *pixel, vec3 colour)
{
    pixel[0] = colour.x;
    pixel[1] = colour.y;
    pixel[2] = colour.z;
}

static void draw_pixel(const struct renderer *r, int x, int y, float *rgb, const float *behind)
{
    const size_t at = (size_t)y * (size_t)r->width + (size_t)x;
    store(rgb + 3 * at,
          sample(r, (float)x + 0.5f, (float)y + 0.5f, load(behind + 3 * at), &r->seen[at]));
}

/* Three more rays where something else begins next to the pixel. */
static void smooth_pixel(const struct renderer *r, int x, int y, float *rgb, const float *behind)
{
    static const float offset[3][2] = {{0.30f, 0.08f}, {-0.08f, -0.34f}, {-0.26f, 0.26f}};
    const size_t at = 3 * ((size_t)y * (size_t)r->width + (size_t)x);
    const float cx = (float)x + 0.5f, cy = (float)y + 0.5f;
    vec3 sum = load(rgb + at);
    struct seen unused;

    for (int i = 0; i < 3; i++)
        sum = add(sum, sample(r, cx + offset[i][0], cy + offset[i][1], load(behind + at), &unused));
    store(rgb + at, scale(sum, 0.25f));
}

static void draw_tile(struct renderer *r, int left, int top, float *rgb, const float *behind)
{
    start_tile(r, left, top);
    for (int y = top; y < top + TILE && y < r->height; y++)
        for (int x = left; x < left + TILE && x < r->width; x++)
            draw_pixel(r, x, y, rgb, behind);
}

static void smooth_tile(struct renderer *r, int left, int top, float *rgb, const float *behind)
{
    int started = 0;
    for (int y = top; y < top + TILE && y < r->height; y++) {
        for (int x = left; x < left + TILE && x < r->width; x++) {
            if (!on_edge(r, x, y))
                continue;
            if (!started)
                start_tile(r, left, top);
            started = 1;
            smooth_pixel(r, x, y, rgb, behind);
        }
    }
}

/* What casts shadows. */
static void find_casters(struct field *casters, const struct hand *hand)
{
    field_start(casters, hand);
    for (int i = 0; i < hand->count; i++)
        if (!hand->cone[i].detail)
            field_add(casters, i);
}

void render_hand(float *rgb, const float *behind, int width, int height, const struct scene *scene,
                 void *scratch)
{
    struct renderer r = {.scene = scene, .width = width, .height = height, .seen = scratch};

    r.tolerance = 0.2f * scene->camera.distance / scene->camera.focal; /* a fifth of a pixel */
    find_casters(&r.casters, &scene->hand);
    for (int y = 0; y < height; y += TILE)
        for (int x = 0; x < width; x += TILE)
            draw_tile(&r, x, y, rgb, behind);
    for (int y = 0; y < height; y += TILE)
        for (int x = 0; x < width; x += TILE)
            smooth_tile(&r, x, y, rgb, behind);
}

/* Light that reaches the wall at a pixel. */
static float wall_light(const struct field *casters, const struct scene *scene, float wall, float x,
                        float y)
{
    const vec3 ray = camera_ray(&scene->camera, x, y);
    const float t = (scene->camera.distance + wall) / -ray.z;
    return light_left(casters, add(v3(0, 0, scene->camera.distance), scale(ray, t)),
                      &scene->lights);
}

void render_shadow(float *behind, int width, int height, const struct scene *scene, float wall,
                   float share)
{
    /* Shadows are soft: light on a coarse grid does, with straight lines between its points. */
    enum { GRID = 48 };
    const float across = (float)width / GRID, down = (float)height / GRID;
    float row[2][GRID + 2] = {{0}};
    struct field casters;
    int last = -2;

    if (scene->lights.key_way.z < 0.05f)
        return;
    find_casters(&casters, &scene->hand);
    for (int y = 0; y < height; y++) {
        const float v = ((float)y + 0.5f) / down;
        const int top = (int)v;
        for (; last < top; last++) {
            memcpy(row[0], row[1], sizeof row[0]);
            for (int i = 0; i < GRID + 2; i++)
                row[1][i] =
                    wall_light(&casters, scene, wall, (float)i * across, (float)(last + 2) * down);
        }
        for (int x = 0; x < width; x++) {
            const float u = ((float)x + 0.5f) / across;
            const int left = (int)u;
            const float a = mixf(row[0][left], row[0][left + 1], u - (float)left);
            const float b = mixf(row[1][left], row[1][left + 1], u - (float)left);
            const float lit = mixf(a, b, v - (float)top);
            float *pixel = behind + 3 * ((size_t)y * (size_t)width + (size_t)x);
            store(pixel, scale(load(pixel), 1.0f - share * (1.0f - lit)));
        }
    }
}
