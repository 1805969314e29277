/* SPDX-License-Identifier: MIT */
/* Composes pictures: pose, framing, light, background, exposure. */
#include "shot.h"

#include <string.h>

#include "hand/poses.h"

enum { STREAM_SHOT = 16 };

/* What a picture of `nothing` shows: an empty room, somebody in it, an arm, a hand at rest, one
 * that leaves the picture, a letter that is cut off, a shape between two letters. */
enum {
    NOTHING_ROOM,
    NOTHING_PERSON,
    NOTHING_FOREARM,
    NOTHING_REST,
    NOTHING_ASIDE,
    NOTHING_CUT,
    NOTHING_BETWEEN
};

/* The rectangle that the joints fill in the picture plane of a camera with focal length 1. */
struct box {
    float left, right, bottom, top;
};

static struct box joint_box(const struct hand *hand, float distance)
{
    struct box b = {FIELD_FAR, -FIELD_FAR, FIELD_FAR, -FIELD_FAR};
    for (int i = 0; i < HAND_JOINTS; i++) {
        const float s = 1.0f / (distance - hand->joint[i].z), r = hand->joint_radius[i] * s;
        const float x = hand->joint[i].x * s, y = hand->joint[i].y * s;
        b.left = minf(b.left, x - r);
        b.right = maxf(b.right, x + r);
        b.bottom = minf(b.bottom, y - r);
        b.top = maxf(b.top, y + r);
    }
    return b;
}

/* Stand so that the hand fills `fill` of the picture, anywhere within it. */
static void frame_hand(struct camera *camera, const struct hand *hand, int size, float fill,
                       rng *random)
{
    const struct box b = joint_box(hand, camera->distance);
    const float width = b.right - b.left, height = b.top - b.bottom;
    const float side = (float)size;
    float *centre[2] = {&camera->x, &camera->y};

    camera->focal = fill * side / maxf(width, height);
    const float room[2] = {side - camera->focal * width, side - camera->focal * height};
    const float middle[2] = {camera->mirror * 0.5f * (b.left + b.right),
                             -0.5f * (b.bottom + b.top)};
    for (int i = 0; i < 2; i++)
        *centre[i] = 0.5f * side + 0.42f * room[i] * rng_range(random, -1.0f, 1.0f) -
                     camera->focal * middle[i];
}

static void place_hand(struct shot *shot, const struct signer *signer, const struct pose *pose,
                       int size, float fill, rng *random)
{
    struct hand *hand = &shot->scene.hand;
    struct camera *camera = &shot->scene.camera;

    hand_build(hand, &signer->physique, pose, signer->sleeve_start);
    hand_move(hand, scale(add(hand->joint[0], hand->joint[9]), -0.5f));
    /* An arm that reaches towards the camera must end before it. */
    camera->distance = maxf(rng_range(random, 300.0f, 1000.0f), 250.0f + HAND_ARM * hand->arm.z);
    camera->mirror = signer->left_handed ? -1.0f : 1.0f;
    frame_hand(camera, hand, size, fill, random);
}

/* Push the hand towards an edge of the picture: an arm that enters it, or half a hand. */
static void place_aside(struct shot *shot, int size, float amount, rng *random)
{
    const float angle = rng_range(random, 0.0f, 2.0f * SYNTH_PI);
    shot->scene.camera.x += cosf(angle) * amount * (float)size;
    shot->scene.camera.y += sinf(angle) * amount * (float)size;
}

static void place_forearm(struct shot *shot, int size, rng *random)
{
    struct camera *camera = &shot->scene.camera;
    const vec3 elbow_way = shot->scene.hand.arm;
    const vec3 wrist = shot->scene.hand.joint[0];
    float x, y;

    camera->focal *= 0.8f;
    camera_project(camera, add(wrist, scale(elbow_way, rng_range(random, 150.0f, 230.0f))), &x, &y);
    camera->x += 0.5f * (float)size - x;
    camera->y += 0.5f * (float)size - y;
}

/* A hand on its way from one letter to another, or to rest, that is not like any letter. */
static struct pose pose_between(const struct signer *signer, rng *random)
{
    const float enough = 22.0f;
    struct pose pose = signer_sign(signer, POSE_NOTHING, random);

    for (int tries = 0; tries < 8; tries++) {
        const struct pose from = signer_sign(signer, rng_below(random, 26), random);
        const struct pose to = signer_sign(signer, rng_below(random, POSE_CLASSES), random);
        const struct pose mixed = pose_mix(&from, &to, rng_range(random, 0.35f, 0.65f));
        if (pose_strangeness(&mixed) > enough)
            return mixed;
    }
    return pose;
}

static void show_nothing(struct shot *shot, const struct signer *signer, int size, rng *random)
{
    static const int kinds[] = {NOTHING_ROOM,   NOTHING_ROOM,    NOTHING_ROOM,
                                NOTHING_PERSON, NOTHING_FOREARM, NOTHING_REST,
                                NOTHING_ASIDE,  NOTHING_CUT,     NOTHING_BETWEEN};
    const int kind = kinds[rng_below(random, (int)(sizeof kinds / sizeof kinds[0]))];
    struct pose pose = signer_sign(signer, POSE_NOTHING, random);

    if (kind == NOTHING_PERSON)
        person_make(&shot->room.person, signer->skin.back, random);
    shot->has_hand = kind != NOTHING_ROOM && kind != NOTHING_PERSON;
    if (!shot->has_hand)
        return;
    if (kind == NOTHING_CUT)
        pose = signer_sign(signer, rng_below(random, 26), random);
    else if (kind == NOTHING_BETWEEN)
        pose = pose_between(signer, random);
    else
        pose.yaw += rng_range(random, -180.0f, 180.0f);
    if (kind != NOTHING_CUT) {
        pose.pitch += rng_range(random, -30.0f, 30.0f);
        pose.roll += rng_range(random, -100.0f, 100.0f);
    }
    place_hand(shot, signer, &pose, size, rng_range(random, 0.4f, 1.0f), random);
    if (kind == NOTHING_FOREARM)
        place_forearm(shot, size, random);
    else if (kind == NOTHING_ASIDE)
        place_aside(shot, size, rng_range(random, 0.25f, 0.55f), random);
    else if (kind == NOTHING_CUT)
        place_aside(shot, size, rng_range(random, 0.6f, 0.9f), random);
}

/* How much of the picture a hand takes. */
static float choose_fill(const struct signer *signer, rng *random)
{
    const float kind = mixf(0.5f, rng_unit(random), signer->variety);
    return kind < 0.2f   ? rng_range(random, 0.26f, 0.5f)
           : kind < 0.9f ? rng_range(random, 0.5f, 0.92f)
                         : rng_range(random, 0.92f, 1.08f);
}

static void set_light(struct shot *shot, const struct signer *signer, rng *random)
{
    struct lights *l = &shot->scene.lights;
    const float strength = rng_range(random, 0.85f, 1.15f);

    *l = signer->lights[rng_below(random, SIGNER_LIGHTS)];
    l->key_way = unit(add(l->key_way, rng_normal3(random, 0.12f)));
    l->key = scale(l->key, strength);
    /* The scene is not mirrored for a left hand, so its lamps have to be. */
    l->key_way.x *= shot->scene.camera.mirror;
    l->fill_way.x *= shot->scene.camera.mirror;
}

/* Light on the wall: what falls on it from the front. A wall near the hand shows its shadow. */
static void set_background(struct shot *shot, rng *random)
{
    const struct lights *l = &shot->scene.lights;
    struct cut *cut = &shot->cut;
    const vec3 direct = scale(l->key, 0.25f + 0.75f * maxf(l->key_way.z, 0.0f));
    const vec3 light = add(add(direct, l->fill), l->sky);

    cut->x = rng_range(random, -0.35f, 0.35f);
    cut->y = rng_range(random, -0.25f, 0.25f);
    cut->zoom = rng_range(random, 0.4f, 1.2f);
    cut->turn = rng_normal(random, 0.12f);
    cut->light = scale(light, rng_range(random, 0.45f, 1.1f));
    if (l->key_way.z < 0.0f)
        cut->light = scale(cut->light, rng_range(random, 1.4f, 2.6f));
    cut->shade_x = rng_normal(random, 0.35f);
    cut->shade_y = rng_normal(random, 0.3f);
    shot->wall = 30.0f + 500.0f * rng_unit(random) * rng_unit(random);
    shot->shadow = rng_unit(random) < 0.6f ? 0.9f * direct.y / light.y : 0.0f;
}

/* Cameras lighten dark hands in part, and never quite hit the right exposure. */
static void set_film(struct shot *shot, const struct signer *signer, rng *random)
{
    struct film *film = &shot->film;
    const float skin = signer->skin.back.y, fault = rng_unit(random);
    const vec3 white = add(v3(1, 1, 1), rng_normal3(random, 0.07f));
    float exposure = powf(0.28f / skin, 0.22f) * expf(rng_normal(random, 0.25f));

    if (fault < 0.06f * signer->variety)
        exposure *= rng_range(random, 0.25f, 0.6f);
    else if (fault < 0.12f * signer->variety)
        exposure *= rng_range(random, 1.5f, 2.2f);
    film->exposure = scale(white, 1.15f * exposure);
    film->blur = maxf(rng_range(random, -0.4f, 1.0f), 0.0f);
    film->vignette = rng_range(random, 0.0f, 0.35f);
    film->noise = rng_range(random, 0.5f, 5.0f);
    film->seed = hash64(random->state);
}

void shot_make(struct shot *shot, const struct signer *signer, int size, uint64_t seed,
               int class_index, int number)
{
    rng random = rng_make(seed, STREAM_SHOT + (uint64_t)class_index, (uint64_t)number);

    memset(shot, 0, sizeof *shot);
    shot->scene.camera.mirror = 1.0f;
    shot->scene.skin = signer->skin;
    shot->scene.wear = signer->wear;
    shot->scene.sleeve = signer->sleeve;
    shot->room = signer->room[rng_below(&random, SIGNER_ROOMS)];
    if (class_index == POSE_NOTHING) {
        show_nothing(shot, signer, size, &random);
    } else {
        const struct pose pose = signer_sign(signer, class_index, &random);
        shot->has_hand = 1;
        place_hand(shot, signer, &pose, size, choose_fill(signer, &random), &random);
    }
    set_light(shot, signer, &random);
    set_background(shot, &random);
    set_film(shot, signer, &random);
}

static void find_landmarks(struct landmark *landmarks, const struct shot *shot,
                           const struct studio *studio)
{
    const struct hand *hand = &shot->scene.hand;
    const float size = (float)studio->size;

    for (int i = 0; i < HAND_JOINTS; i++) {
        struct landmark *m = &landmarks[i];
        camera_project(&shot->scene.camera, hand->joint[i], &m->x, &m->y);
        m->known = 1;
        m->visible = 0;
        if (m->x >= 0.0f && m->y >= 0.0f && m->x < size && m->y < size) {
            /* The joint lies inside the flesh: look for skin that is much nearer than that. */
            const float depth = render_depth(studio->scratch, studio->size, (int)m->x, (int)m->y);
            const vec3 eye = v3(0, 0, shot->scene.camera.distance);
            const float own = length(sub(hand->joint[i], eye));
            m->visible = own - depth < 1.5f * hand->joint_radius[i] + 5.0f;
        }
    }
}

void shot_draw(uint8_t *rgb, struct landmark *landmarks, const struct shot *shot,
               struct studio *studio)
{
    const int size = studio->size;
    float *light = shot->has_hand ? studio->behind : studio->light;

    backdrop_draw(light, size, &shot->room, &shot->cut);
    if (shot->has_hand) {
        if (shot->shadow > 0.0f)
            render_shadow(studio->behind, size, size, &shot->scene, shot->wall, shot->shadow);
        render_hand(studio->light, studio->behind, size, size, &shot->scene, studio->scratch);
        if (landmarks != NULL)
            find_landmarks(landmarks, shot, studio);
    }
    film_develop(rgb, studio->light, size, size, &shot->film, studio->curve);
}
