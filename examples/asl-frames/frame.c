/* SPDX-License-Identifier: MIT */
/* See frame.h. */
#include "frame.h"

#include <string.h>

#include "hand/poses.h"
#include "people.h"

enum { STREAM_FRAME = 96, GREY = 128 };

#define SMALLEST 0.075f

/* Everything about the frame at work. */
struct maker {
    const struct frame_plan *plan;
    const struct studio *studio;
    const struct signer *signer;
    struct frame *frame;
    struct scene scene;
    struct canvas canvas;
    struct lights lights; /* as they fall on the picture */
    bool has_hand;        /* one is to be rendered */
    rng random;
};

/* ---- Framing ---- */

/* Cameras are mostly 4:3, but any form of picture may come. */
static asl_rect choose_form(int size, rng *random)
{
    static const float forms[] = {0.75f, 0.75f, 0.75f, 0.5625f, 0.5625f, 1.0f, 1.0f, -0.75f};
    const float form = forms[rng_below(random, (int)(sizeof forms / sizeof *forms))];
    const int shorter = (int)lrintf(fabsf(form) * (float)size), gap = (size - shorter) / 2;
    return form > 0.0f ? (asl_rect){0, gap, size, shorter} : (asl_rect){gap, 0, shorter, size};
}

static void include(struct area *area, float x, float y, float radius)
{
    const float right = maxf(area->left + area->width, x + radius);
    const float bottom = maxf(area->top + area->height, y + radius);
    area->left = minf(area->left, x - radius);
    area->top = minf(area->top, y - radius);
    area->width = right - area->left;
    area->height = bottom - area->top;
}

/* The rectangle around the joints and their flesh, in pixels. */
static struct area hand_area(const struct hand *hand, const struct camera *camera)
{
    struct area area = {FIELD_FAR, FIELD_FAR, -2.0f * FIELD_FAR, -2.0f * FIELD_FAR};
    for (int i = 0; i < HAND_JOINTS; i++) {
        float x, y;
        camera_project(camera, hand->joint[i], &x, &y);
        include(&area, x, y,
                hand->joint_radius[i] * camera->focal / (camera->distance - hand->joint[i].z));
    }
    return area;
}

/* Stand so that the hand's longer side is `side` pixels, anywhere in what is seen. */
static void frame_hand(struct maker *m, float side)
{
    struct camera *camera = &m->scene.camera;
    const asl_rect *seen = &m->frame->seen;
    camera->x = camera->y = 0.0f;
    camera->focal = 1000.0f;
    const struct area first = hand_area(&m->scene.hand, camera);
    camera->focal *= side / maxf(first.width, first.height);
    const struct area at = hand_area(&m->scene.hand, camera);
    camera->x = photo_middle(at.width, (float)seen->x, (float)seen->width, &m->random) - at.left -
                0.5f * at.width;
    camera->y = photo_middle(at.height, (float)seen->y, (float)seen->height, &m->random) - at.top -
                0.5f * at.height;
    m->frame->hand = hand_area(&m->scene.hand, camera);
}

/* What of the hand is seen becomes its place. */
static void find_place(struct frame *frame, int size)
{
    const asl_rect *seen = &frame->seen;
    struct area *a = &frame->hand;
    const float left = maxf(a->left, (float)seen->x), top = maxf(a->top, (float)seen->y);
    const float right = minf(a->left + a->width, (float)(seen->x + seen->width));
    const float bottom = minf(a->top + a->height, (float)(seen->y + seen->height));
    *a = (struct area){left, top, right - left, bottom - top};
    frame->place = (struct place){1, (left + 0.5f * a->width) / (float)size,
                                  (top + 0.5f * a->height) / (float)size,
                                  maxf(a->width, a->height) / (float)size};
}

/* ---- The drawn scene ---- */

static struct pose choose_pose(struct maker *m)
{
    const int class_index = rng_below(&m->random, POSE_CLASSES);
    struct pose pose = signer_sign(m->signer, class_index, &m->random);
    pose.roll += rng_normal(&m->random, 12.0f);
    if (class_index == POSE_NOTHING || rng_unit(&m->random) < 0.1f) {
        pose.yaw += rng_range(&m->random, -180.0f, 180.0f);
        pose.roll += rng_range(&m->random, -90.0f, 90.0f);
    }
    return pose;
}

static void pose_hand(struct maker *m, float side)
{
    struct hand *hand = &m->scene.hand;
    const struct pose pose = choose_pose(m);
    const bool left = m->signer->left_handed ^ (rng_unit(&m->random) < 0.3f);
    const float near = side < 0.3f * (float)m->plan->size ? 600.0f : 330.0f;

    hand_build(hand, &m->signer->physique, &pose, m->signer->sleeve_start);
    hand_move(hand, scale(add(hand->joint[0], hand->joint[9]), -0.5f));
    m->scene.camera.distance =
        maxf(rng_range(&m->random, near, 2.2f * near), 250.0f + HAND_ARM * hand->arm.z);
    m->scene.camera.mirror = left ? -1.0f : 1.0f;
    frame_hand(m, side);
}

static void set_light(struct maker *m)
{
    struct lights *l = &m->lights;
    *l = m->signer->lights[rng_below(&m->random, SIGNER_LIGHTS)];
    l->key_way = unit(add(l->key_way, rng_normal3(&m->random, 0.15f)));
    l->key = scale(l->key, rng_range(&m->random, 0.8f, 1.2f));
    m->scene.lights = *l;
    m->scene.lights.key_way.x *= m->scene.camera.mirror;
    m->scene.lights.fill_way.x *= m->scene.camera.mirror;
}

static void draw_room(struct maker *m, float *light)
{
    const struct lights *l = &m->lights;
    struct room any;
    struct cut cut = {.zoom = rng_range(&m->random, 0.5f, 1.3f),
                      .turn = rng_normal(&m->random, 0.08f)};
    const vec3 direct = scale(l->key, 0.25f + 0.75f * maxf(l->key_way.z, 0.0f));
    cut.x = rng_range(&m->random, -0.4f, 0.4f);
    cut.y = rng_range(&m->random, -0.3f, 0.3f);
    cut.light = scale(add(add(direct, l->fill), l->sky), rng_range(&m->random, 0.4f, 1.0f));
    cut.shade_x = rng_normal(&m->random, 0.3f);
    cut.shade_y = rng_normal(&m->random, 0.25f);
    room_make(&any, &m->random);
    if (rng_unit(&m->random) < 0.15f)
        person_make(&any.person, m->signer->skin.back, &m->random);
    backdrop_draw(light, m->plan->size, &any, &cut);
}

/* A photograph without a hand as the room behind a drawn one. */
static bool draw_photo_room(struct maker *m, float *light, asl_error *err)
{
    const struct album *album = m->plan->album;
    const struct photo *photo =
        &album->photos[album->hands + rng_below(&m->random, album->count - album->hands)];
    const struct sheet sheet = {m->studio->rgb, m->plan->size, m->frame->seen};
    struct area unused;
    const size_t bytes = 3 * (size_t)m->plan->size * (size_t)m->plan->size;
    memset(sheet.rgb, 0, bytes);
    if (photo_window(&sheet, &unused, photo, 0.0f, &m->random, err) < 0)
        return false;
    for (size_t i = 0; i < bytes; i++)
        light[i] = powf((float)sheet.rgb[i] / 255.0f, 2.2f);
    return true;
}

/* Somebody whose arm this could be, or who just stands there. */
static void draw_people(struct maker *m)
{
    const float up = rng_range(&m->random, -0.5f, 1.1f);
    const bool other_way = rng_unit(&m->random) < 0.2f;
    struct figure figure = {.skin = m->signer->skin.back, .cloth = m->signer->sleeve.colour};
    if (m->has_hand) {
        const struct hand *hand = &m->scene.hand;
        const struct camera *camera = &m->scene.camera;
        float elbow[2];
        camera_project(camera, add(hand->joint[0], scale(hand->arm, 0.6f * HAND_ARM)), &elbow[0],
                       &elbow[1]);
        figure.mm = camera->focal / camera->distance * rng_range(&m->random, 0.7f, 1.1f);
        figure.side = (other_way ? -1.0f : 1.0f) * camera->mirror;
        const float upper = 300.0f * figure.mm;
        figure.shoulder[0] = elbow[0] + figure.side * upper * cosf(up);
        figure.shoulder[1] = elbow[1] - upper * sinf(up);
        paint_limb(&m->canvas, figure.shoulder, 60.0f * figure.mm, elbow, 42.0f * figure.mm,
                   m->signer->sleeve_start < 0.0f ? figure.skin : figure.cloth);
    } else {
        const float size = (float)m->plan->size;
        figure.mm = size * expf(rng_range(&m->random, -8.2f, -6.2f));
        figure.side = other_way ? -1.0f : 1.0f;
        figure.shoulder[0] = rng_range(&m->random, -0.1f, 1.1f) * size;
        figure.shoulder[1] = rng_range(&m->random, 0.2f, 1.1f) * size;
    }
    paint_figure(&m->canvas, &figure, &m->random);
}

static void set_film(struct film *film, const struct signer *signer, rng *random)
{
    const float exposure =
        powf(0.28f / signer->skin.back.y, 0.22f) * expf(rng_normal(random, 0.3f));
    film->exposure = scale(add(v3(1, 1, 1), rng_normal3(random, 0.09f)), 1.15f * exposure);
    film->blur = maxf(rng_range(random, -0.4f, 1.0f), 0.0f);
    film->vignette = rng_range(random, 0.0f, 0.35f);
    film->noise = rng_range(random, 0.5f, 7.0f);
    film->seed = hash64(random->state);
}

/* Room, people, things, and the hand if there is one. */
static bool draw_scene(struct maker *m, asl_error *err)
{
    const struct studio *studio = m->studio;
    const struct album *album = m->plan->album;
    const int size = m->plan->size;
    float *light = m->has_hand ? studio->behind : studio->light;
    struct film film;

    m->scene.skin = m->signer->skin;
    m->scene.wear = m->signer->wear;
    m->scene.sleeve = m->signer->sleeve;
    set_light(m);
    m->canvas = (struct canvas){light, size, &m->lights};
    if (album->count > album->hands && rng_unit(&m->random) < 0.3f) {
        if (!draw_photo_room(m, light, err))
            return false;
    } else {
        draw_room(m, light);
    }
    if (rng_unit(&m->random) < 0.35f)
        paint_clutter(&m->canvas, m->signer->skin.back, &m->random);
    if (rng_unit(&m->random) < 0.6f)
        draw_people(m);
    if (m->has_hand) {
        if (rng_unit(&m->random) < 0.3f)
            render_shadow(studio->behind, size, size, &m->scene,
                          rng_range(&m->random, 30.0f, 400.0f), rng_range(&m->random, 0.2f, 0.7f));
        render_hand(studio->light, studio->behind, size, size, &m->scene, studio->scratch);
    }
    set_film(&film, m->signer, &m->random);
    film_develop(studio->rgb, studio->light, size, size, &film, m->plan->curve);
    return true;
}

/* A drawn hand, or an arm whose hand is out of sight. */
static bool draw_hand(struct maker *m, float side, bool arm_only, asl_error *err)
{
    m->has_hand = true;
    pose_hand(m, side);
    if (arm_only) {
        struct camera *camera = &m->scene.camera;
        const asl_rect *seen = &m->frame->seen;
        const float way = atan2f(-m->scene.hand.arm.y, camera->mirror * m->scene.hand.arm.x);
        const struct area *a = &m->frame->hand;
        /* Against the arm, until the hand has left the picture. */
        const float far =
            1.1f * (float)(seen->width + seen->height) / 2.0f + maxf(a->width, a->height);
        camera->x += (float)seen->x + 0.5f * (float)seen->width - a->left - 0.5f * a->width -
                     cosf(way) * 0.75f * far;
        camera->y += (float)seen->y + 0.5f * (float)seen->height - a->top - 0.5f * a->height -
                     sinf(way) * 0.75f * far;
    }
    return draw_scene(m, err);
}

/* ---- Kinds of frames ---- */

static const struct photo *any_hand(struct maker *m)
{
    return &m->plan->album->photos[rng_below(&m->random, m->plan->album->hands)];
}

static bool draw_empty(struct maker *m, asl_error *err)
{
    const struct album *album = m->plan->album;
    const struct sheet sheet = {m->studio->rgb, m->plan->size, m->frame->seen};
    const float size = (float)m->plan->size;
    struct area unused;
    if (album->count > album->hands && rng_unit(&m->random) < 0.4f) {
        const struct photo *photo =
            &album->photos[album->hands + rng_below(&m->random, album->count - album->hands)];
        const int done = photo_window(&sheet, &unused, photo, 0.0f, &m->random, err);
        if (done != 0)
            return done > 0;
    }
    if (rng_unit(&m->random) < 0.25f)
        return draw_hand(m, rng_range(&m->random, 0.2f, 0.8f) * size, true, err);
    if (!draw_scene(m, err))
        return false;
    if (album->hands > 0 && rng_unit(&m->random) < 0.5f)
        return photo_paste(&sheet, &unused, any_hand(m), rng_range(&m->random, 0.1f, 0.7f) * size,
                           1, &m->random, err) >= 0;
    return true;
}

/* A real hand. @return 1; 0 when this one cannot be shown so; -1 with `err` filled. */
static int draw_photo(struct maker *m, float side, asl_error *err)
{
    const struct photo *photo = any_hand(m);
    const struct sheet sheet = {m->studio->rgb, m->plan->size, m->frame->seen};
    const int done = photo_window(&sheet, &m->frame->hand, photo, side, &m->random, err);
    if (done != 0)
        return done;
    if (!draw_scene(m, err))
        return -1;
    return photo_paste(&sheet, &m->frame->hand, photo, side, 0, &m->random, err);
}

/* All sizes; more of those that a second look sees. */
static float choose_side(rng *random)
{
    const bool close = rng_unit(random) < 0.35f;
    return close ? rng_range(random, 0.26f, 0.65f) : expf(rng_range(random, logf(SMALLEST), 0.0f));
}

/* One channel of a camera's curve: gain, gamma, contrast, and haze that lifts the shadows. */
struct curve {
    float gain, gamma, contrast, lift, haze, haze_level;
};

static uint8_t curve_level(const struct curve *c, int level)
{
    const float v = c->gain * powf((float)level / 255.0f, c->gamma);
    const float bent = c->contrast * (v - 0.5f) + 0.5f + c->lift;
    return (uint8_t)clampf(255.0f * mixf(bent, c->haze_level, c->haze), 0.0f, 255.0f);
}

/* Levels as other cameras give them: drawn and photographed hands alike. */
static void tone(struct maker *m)
{
    const float grey = rng_unit(&m->random) < 0.12f ? 1.0f : rng_range(&m->random, -0.5f, 0.6f);
    struct curve curve = {.gamma = expf(rng_normal(&m->random, 0.25f)),
                          .contrast = expf(rng_normal(&m->random, 0.22f)),
                          .lift = rng_normal(&m->random, 0.08f)};
    uint8_t table[3][256];
    uint8_t *p = m->studio->rgb;
    if (rng_unit(&m->random) < 0.2f)
        curve.haze = rng_range(&m->random, 0.1f, 0.6f);
    for (int c = 0; c < 3; c++) {
        curve.gain = 1.0f + rng_normal(&m->random, 0.09f);
        curve.haze_level = rng_range(&m->random, 0.2f, 1.0f);
        for (int i = 0; i < 256; i++)
            table[c][i] = curve_level(&curve, i);
    }
    for (int i = 0; i < m->plan->size * m->plan->size; i++, p += 3) {
        const float v[3] = {(float)table[0][p[0]], (float)table[1][p[1]], (float)table[2][p[2]]};
        const float luma = 0.3f * v[0] + 0.59f * v[1] + 0.11f * v[2];
        for (int c = 0; c < 3; c++)
            p[c] = (uint8_t)clampf(mixf(v[c], luma, grey), 0.0f, 255.0f);
    }
}

/* Detail that is lost on the way: smaller and large again. */
static bool soften(struct maker *m, asl_error *err)
{
    const int size = m->plan->size;
    const asl_image_view view = {m->studio->rgb,   size, size, 3 * (int64_t)size,
                                 ASL_FORMAT_RGB24, 0};
    asl_image *less = NULL, *more = NULL;
    if (rng_unit(&m->random) > 0.3f)
        return true;
    const int small = (int)((float)size / rng_range(&m->random, 1.2f, 3.0f));
    bool done = asl_image_resize(&less, &view, NULL, small, small, err) >= 0;
    const asl_image_view shrunk = asl_image_get_view(less);
    done = done && asl_image_resize(&more, &shrunk, NULL, size, size, err) >= 0;
    if (done)
        memcpy(m->studio->rgb, asl_image_pixels(more), 3 * (size_t)size * (size_t)size);
    asl_image_free(more);
    asl_image_free(less);
    return done;
}

static void paint_border(const struct maker *m)
{
    const asl_rect *seen = &m->frame->seen;
    const int size = m->plan->size;
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            if (x < seen->x || x >= seen->x + seen->width || y < seen->y ||
                y >= seen->y + seen->height)
                memset(m->studio->rgb + 3 * ((size_t)y * (size_t)size + (size_t)x), GREY, 3);
}

bool frame_draw(struct frame *frame, const struct studio *studio, const struct frame_plan *plan,
                int64_t index, asl_error *err)
{
    struct maker m = {.plan = plan, .studio = studio, .frame = frame};
    m.random = rng_make(plan->seed, STREAM_FRAME, (uint64_t)index);
    *frame = (struct frame){.signer = (int)(index % plan->signer_count)};
    frame->seen = choose_form(plan->size, &m.random);
    m.signer = &plan->signers[frame->signer];
    const float side = choose_side(&m.random) * (float)plan->size;
    bool done;
    m.scene.camera.mirror = 1.0f;
    if (rng_unit(&m.random) < (float)plan->empty) {
        done = draw_empty(&m, err);
    } else {
        int shown = 0;
        if (plan->album->hands > 0 && rng_unit(&m.random) < (float)plan->photos)
            shown = draw_photo(&m, side, err);
        done = shown > 0 || (shown == 0 && draw_hand(&m, side, false, err));
        find_place(frame, plan->size);
    }
    if (!done || !soften(&m, err))
        return false;
    tone(&m);
    if (!plan->plain)
        paint_border(&m);
    return true;
}
