/* SPDX-License-Identifier: MIT */
/* Random people with their hands, clothes, rooms and lamps. */
#include "signer.h"

enum { STREAM_SIGNER = 1, STREAM_SPREAD = 2 };

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
}

static void make_physique(struct physique *p, rng *random)
{
    const float slender = rng_normal(random, 0.05f), broad = rng_normal(random, 0.07f);

    for (int i = 0; i < 5; i++) {
        p->finger_length[i] = 1.0f + slender + rng_normal(random, 0.025f);
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

static void make_lights(struct lights *l, rng *random)
{
    const int from_behind = rng_unit(random) < 0.12f;
    const float side = rng_unit(random) < 0.5f ? -1.0f : 1.0f;
    const float azimuth =
        from_behind ? rng_range(random, 110.0f, 150.0f) : rng_range(random, 5.0f, 75.0f);
    const float key = rng_range(random, 0.45f, 1.15f);
    const float room = 1.25f - 0.8f * key + (from_behind ? 0.25f : 0.0f);
    const vec3 tint = warmth(rng_unit(random));
    const float fill_azimuth = rng_range(random, 20.0f, 80.0f);

    l->key_way = direction(side * azimuth, rng_range(random, 10.0f, 65.0f));
    l->key = scale(warmth(rng_unit(random)), key);
    l->fill_way = direction(-side * fill_azimuth, rng_range(random, -15.0f, 30.0f));
    l->fill = scale(tint, rng_range(random, 0.08f, 0.35f));
    l->sky = scale(tint, room * rng_range(random, 0.5f, 0.75f));
    l->ground = mul(scale(tint, room * rng_range(random, 0.2f, 0.45f)), v3(1.05f, 1.0f, 0.93f));
    l->softness = rng_range(random, 0.04f, 0.35f);
}

void signer_make(struct signer *signer, uint64_t seed, int index)
{
    rng random = rng_make(seed, STREAM_SIGNER, (uint64_t)index);

    make_skin(&signer->skin, spread(seed, index, 0.618034f), &random);
    make_physique(&signer->physique, &random);
    make_sleeve(signer, &random);
    signer->left_handed = spread(seed, index, 0.414214f) < 0.3f;
    signer->style = hash64(random.state);
    signer->yaw = rng_normal(&random, 5.0f);
    signer->pitch = rng_normal(&random, 5.0f);
    signer->roll = rng_normal(&random, 5.0f);
    signer->curl = rng_normal(&random, 2.5f);
    for (int i = 0; i < SIGNER_ROOMS; i++)
        room_make(&signer->room[i], &random);
    for (int i = 0; i < SIGNER_LIGHTS; i++)
        make_lights(&signer->lights[i], &random);
}

struct pose signer_pose(const struct signer *signer, const struct pose *pose, rng *random)
{
    const float curl = signer->curl + rng_normal(random, 3.0f);
    struct pose p = *pose;

    for (int i = 0; i < 4; i++) {
        struct finger_pose *f = &p.finger[i];
        f->mcp += 0.6f * curl + rng_normal(random, 2.5f);
        f->abduction += rng_normal(random, 1.5f);
        f->pip = maxf(f->pip + 0.8f * curl + rng_normal(random, 3.0f), -3.0f);
        f->dip = maxf(f->dip + 0.5f * curl + rng_normal(random, 3.0f), -4.0f);
    }
    p.thumb.abduction += rng_normal(random, 2.5f);
    p.thumb.elevation += rng_normal(random, 2.5f);
    p.thumb.roll += rng_normal(random, 4.0f);
    p.thumb.mcp += rng_normal(random, 3.0f);
    p.thumb.ip += rng_normal(random, 4.0f);
    p.yaw += clampf(signer->yaw + rng_normal(random, 8.0f), -20.0f, 20.0f);
    p.pitch += clampf(signer->pitch + rng_normal(random, 8.0f), -18.0f, 18.0f);
    p.roll += clampf(signer->roll + rng_normal(random, 7.0f), -15.0f, 15.0f);
    p.flexion += rng_normal(random, 7.0f);
    p.deviation += rng_normal(random, 6.0f);
    return p;
}
