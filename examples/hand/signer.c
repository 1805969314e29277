/* SPDX-License-Identifier: MIT */
/* Random people with their hands, clothes, rooms and lamps. */
#include "signer.h"

#include <string.h>

#include "poses.h"

enum { STREAM_SIGNER = 1, STREAM_SPREAD = 2, STREAM_HABIT = 3 };

/* Values that cover 0..1 evenly however few signers there are (a Weyl sequence). */
static float spread(uint64_t seed, int index, float step)
{
    rng random = rng_make(seed, STREAM_SPREAD, (uint64_t)(step * 1000.0f));
    const float value = rng_unit(&random) + step * (float)index;
    return value - floorf(value);
}

/* Skin as a white ground under melanin, haemoglobin and carotene, each absorbing as Beer and
 * Lambert say. The constants are chosen so that melanin 0..1 runs from the palest to the darkest
 * human skin in linear light. */
static vec3 skin_colour(float melanin, float blood, float carotene)
{
    return v3(0.78f * expf(-2.05f * melanin - 0.05f * blood),
              0.60f * expf(-2.40f * melanin - 0.34f * blood - 0.03f * carotene),
              0.49f * expf(-2.60f * melanin - 0.28f * blood - 0.30f * carotene));
}

static void make_skin(struct skin *skin, float melanin, rng *random)
{
    const float blood = rng_range(random, 0.15f, 1.0f), carotene = rng_unit(random);
    const float varnish = rng_unit(random);

    skin->back = skin_colour(melanin, blood, carotene);
    skin->palm = skin_colour(0.12f + 0.42f * melanin, blood + 0.2f, 0.7f * carotene);
    skin->nail = mul(mix3(skin->palm, v3(0.75f, 0.55f, 0.5f), 0.5f), v3(1.1f, 0.98f, 0.98f));
    if (varnish < 0.15f)
        skin->nail = rng_range3(random, v3(0.1f, 0.02f, 0.03f), v3(0.8f, 0.4f, 0.5f));
    skin->freckles = rng_range(random, 0.0f, 0.5f);
    skin->gloss = rng_range(random, 0.02f, 0.09f);
    skin->age = rng_range(random, 0.3f, 2.2f);
}

static void make_wear(struct wear *wear, rng *random)
{
    const float shine = rng_range(random, 0.15f, 0.8f);
    const float strap = rng_unit(random), dark = rng_range(random, 0.01f, 0.5f);

    wear->ring = rng_unit(random) < 0.15f ? rng_below(random, 4) : -1;
    wear->metal =
        mix3(v3(shine, shine, shine), v3(shine, 0.7f * shine, 0.3f * shine), rng_unit(random));
    wear->strap = rng_range(random, 5.0f, 60.0f);
    wear->strap_wide = strap < 0.07f   ? rng_range(random, 15.0f, 28.0f)
                       : strap < 0.14f ? rng_range(random, 3.0f, 9.0f)
                                       : 0.0f;
    wear->strap_colour = mix3(v3(dark, dark, dark), wear->metal, rng_unit(random));
}

static void make_physique(struct physique *p, rng *random)
{
    const float slender = rng_normal(random, 0.06f), broad = rng_normal(random, 0.09f);

    for (int i = 0; i < 5; i++) {
        p->finger_length[i] = 1.0f + slender + rng_normal(random, 0.035f);
        p->finger_width[i] = 1.0f + broad + rng_normal(random, 0.02f);
    }
    p->palm_width = 1.0f + 0.7f * broad + rng_normal(random, 0.025f);
    p->palm_length = 1.0f + 0.3f * slender + rng_normal(random, 0.02f);
    p->thickness = 1.0f + broad + rng_normal(random, 0.03f);
    p->forearm = 1.0f + 0.8f * broad + rng_normal(random, 0.05f);
}

static void make_sleeve(struct signer *signer, rng *random)
{
    const float kind = rng_unit(random);
    const float grey = rng_range(random, 0.02f, 0.7f);
    const vec3 dye = rng_range3(random, v3(0, 0, 0), v3(0.7f, 0.6f, 0.7f));

    signer->sleeve_start = kind < 0.45f  ? -1.0f
                           : kind < 0.8f ? rng_range(random, 5.0f, 50.0f)
                                         : rng_range(random, 60.0f, 160.0f);
    signer->sleeve.colour = mix3(v3(grey, grey, grey), dye, rng_range(random, 0.0f, 0.8f));
    signer->sleeve.stripes = rng_unit(random) < 0.4f ? rng_range(random, 0.2f, 0.6f) : 0.0f;
}

/* Where a lamp stands: `azimuth` from straight ahead to the right, in degrees. */
static vec3 direction(float azimuth, float height)
{
    const float a = radians(azimuth), h = radians(height);
    return v3(sinf(a) * cosf(h), sinf(h), cosf(a) * cosf(h));
}

/* Lamp light from warm (0) to the blue of the sky (1). */
static vec3 warmth(float t)
{
    return mix3(v3(1.10f, 0.98f, 0.80f), v3(0.90f, 1.0f, 1.13f), t);
}

/* Lamps, screens and coloured walls: any hue, pale or strong. */
static vec3 stain(rng *random)
{
    const vec3 hue = rng_range3(random, v3(0.3f, 0.3f, 0.3f), v3(1.4f, 1.4f, 1.4f));
    return mix3(v3(1, 1, 1), hue, rng_range(random, 0.2f, 1.0f));
}

static void make_lights(struct lights *l, rng *random)
{
    const int from_behind = rng_unit(random) < 0.15f;
    const float side = rng_unit(random) < 0.5f ? -1.0f : 1.0f;
    const float azimuth =
        from_behind ? rng_range(random, 105.0f, 155.0f) : rng_range(random, 0.0f, 90.0f);
    const float key = rng_range(random, 0.25f, 1.3f);
    const float room = maxf(1.25f - 0.8f * key + (from_behind ? 0.1f : 0.0f), 0.2f);
    const vec3 tint = warmth(rng_unit(random));
    const float fill_azimuth = rng_range(random, 20.0f, 80.0f);
    const int stained = rng_unit(random) < 0.15f;

    l->key_way = direction(side * azimuth, rng_range(random, -10.0f, 75.0f));
    l->key = scale(warmth(rng_unit(random)), key);
    if (stained)
        l->key = mul(l->key, stain(random));
    l->fill_way = direction(-side * fill_azimuth, rng_range(random, -25.0f, 30.0f));
    l->fill = scale(tint, rng_range(random, 0.0f, 0.35f));
    l->sky = scale(tint, room * rng_range(random, 0.4f, 0.75f));
    l->ground = mul(scale(tint, room * rng_range(random, 0.15f, 0.5f)), v3(1.05f, 1.0f, 0.93f));
    l->softness = rng_unit(random) < 0.3f ? rng_range(random, 0.015f, 0.06f)
                                          : rng_range(random, 0.06f, 0.45f);
}

static void make_room(struct room *room, const struct signer *signer, rng *random)
{
    room_make(room, random);
    if (rng_unit(random) < 0.25f)
        person_make(&room->person, signer->skin.back, random);
}

void signer_make(struct signer *signer, uint64_t seed, int index)
{
    rng random = rng_make(seed, STREAM_SIGNER, (uint64_t)index);

    make_skin(&signer->skin, powf(spread(seed, index, 0.618034f), 1.5f), &random);
    make_physique(&signer->physique, &random);
    make_wear(&signer->wear, &random);
    make_sleeve(signer, &random);
    signer->left_handed = spread(seed, index, 0.414214f) < 0.3f;
    signer->style = hash64(random.state);
    signer->variety = 1.0f;
    signer->yaw = rng_normal(&random, 10.0f);
    signer->pitch = rng_normal(&random, 8.0f);
    signer->roll = rng_normal(&random, 9.0f);
    signer->curl = rng_normal(&random, 4.0f);
    signer->spread = rng_normal(&random, 4.0f);
    for (int i = 0; i < SIGNER_ROOMS; i++)
        make_room(&signer->room[i], signer, &random);
    for (int i = 0; i < SIGNER_LIGHTS; i++)
        make_lights(&signer->lights[i], &random);
}

void signer_school(struct signer *signer, float variety)
{
    const float kept = mixf(0.5f, 1.0f, variety);

    signer->variety = variety;
    signer->yaw *= kept;
    signer->pitch *= kept;
    signer->roll *= kept;
    signer->curl *= kept;
    signer->spread *= kept;
}

struct pose signer_pose(const struct signer *signer, const struct pose *pose, rng *random)
{
    const float loose = mixf(0.75f, 1.0f, signer->variety);
    const float curl = signer->curl + rng_normal(random, 3.0f);
    const float spread = signer->spread + loose * rng_normal(random, 1.5f);
    struct pose p = *pose;

    for (int i = 0; i < 4; i++) {
        struct finger_pose *f = &p.finger[i];
        f->mcp += 0.6f * curl + loose * rng_normal(random, 3.0f);
        f->abduction += (1.5f - (float)i) * 0.5f * spread + loose * rng_normal(random, 1.2f);
        f->pip = maxf(f->pip + 0.8f * curl + loose * rng_normal(random, 4.0f), -4.0f);
        f->dip = maxf(f->dip + 0.5f * curl + loose * rng_normal(random, 3.5f), -5.0f);
    }
    p.thumb.abduction += loose * rng_normal(random, 3.0f);
    p.thumb.elevation += loose * rng_normal(random, 3.0f);
    p.thumb.roll += loose * rng_normal(random, 4.0f);
    p.thumb.mcp += loose * rng_normal(random, 3.5f);
    p.thumb.ip += loose * rng_normal(random, 5.0f);
    p.yaw += clampf(signer->yaw + loose * rng_normal(random, 8.0f), -32.0f, 32.0f);
    p.pitch += clampf(signer->pitch + loose * rng_normal(random, 7.0f), -24.0f, 24.0f);
    p.roll += clampf(signer->roll + loose * rng_normal(random, 8.0f), -28.0f, 28.0f);
    p.flexion += loose * rng_normal(random, 10.0f);
    p.deviation += loose * rng_normal(random, 9.0f);
    return p;
}

struct pose signer_sign(const struct signer *signer, int class_index, rng *random)
{
    const float variety = signer->variety;
    rng habit = rng_make(signer->style, STREAM_HABIT, (uint64_t)class_index);
    const float shape = rng_unit(&habit), view = rng_unit(&habit);
    const int usual_shape = rng_unit(random) < 0.85f, usual_view = rng_unit(random) < 0.85f;
    const float other_shape = rng_unit(random), other_view = rng_unit(random);
    struct pose p = pose_make(class_index, variety * (usual_shape ? shape : other_shape),
                              variety * (usual_view ? view : other_view));

    /* Shapes between two of the same letter are shapes of it, too. */
    if (rng_unit(&habit) < 0.4f) {
        const struct pose other = pose_make(class_index, variety * rng_unit(&habit), 0.0f);
        const struct pose mixed = pose_mix(&p, &other, 0.6f * rng_unit(&habit));
        memcpy(p.finger, mixed.finger, sizeof p.finger);
        p.thumb = mixed.thumb;
    }
    /* How this person holds this letter. */
    p.yaw += variety * rng_normal(&habit, 8.0f);
    p.pitch += variety * rng_normal(&habit, 7.0f);
    p.roll += variety * rng_normal(&habit, 8.0f);
    p.flexion += variety * rng_normal(&habit, 8.0f);
    p.deviation += variety * rng_normal(&habit, 7.0f);
    return signer_pose(signer, &p, random);
}
