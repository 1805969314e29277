/* SPDX-License-Identifier: MIT */
/* Distances to the flesh, and what the surface is like at a point. */
#include "field.h"

#define FINGER_BLEND 3.0f
/* From a point on the skin, a cone further away than this takes no part in any blend. */
#define OUT_OF_REACH 15.0f

static const float blend_width[GROUP_COUNT] = {
    9.0f, FINGER_BLEND, FINGER_BLEND, FINGER_BLEND, FINGER_BLEND, FINGER_BLEND, 14.0f};

float field_margin(int group)
{
    return 0.75f * blend_width[group];
}

void field_start(struct field *field, const struct hand *hand)
{
    field->hand = hand;
    field->count = 0;
}

static void set_lane(struct field *f, int i, const struct cone *c)
{
    f->ax[i] = c->a.x;
    f->ay[i] = c->a.y;
    f->az[i] = c->a.z;
    f->ux[i] = c->axis.x;
    f->uy[i] = c->axis.y;
    f->uz[i] = c->axis.z;
    f->length[i] = c->length;
    f->radius[i] = c->radius;
    f->slope[i] = c->slope;
    f->tangent[i] = c->tangent;
}

void field_add(struct field *field, int cone)
{
    static const struct cone nowhere = {.a = {1e6f, 1e6f, 1e6f}};
    const int i = field->count++;

    field->cone[i] = cone;
    field->group[i] = field->hand->cone[cone].group;
    set_lane(field, i, &field->hand->cone[cone]);
    for (int k = i + 1; k % FIELD_LANES != 0; k++)
        set_lane(field, k, &nowhere);
}

/* Distance from the skin of each cone by itself. The sphere nearest to p is not the one beside it:
 * along a taper the skin faces a little forwards. */
static void measure(float *restrict distance, const struct field *f, vec3 p)
{
    const int lanes = field_lanes(f);

    for (int k = 0; k < lanes; k++) {
        const float x = p.x - f->ax[k], y = p.y - f->ay[k], z = p.z - f->az[k];
        const float along = x * f->ux[k] + y * f->uy[k] + z * f->uz[k];
        const float across2 = maxf(x * x + y * y + z * z - along * along, 0.0f);
        const float skewed = along - sqrtf(across2) * f->tangent[k];
        const float foot = minf(maxf(skewed, 0.0f), f->length[k]);
        const float rest = along - foot;
        distance[k] = sqrtf(across2 + rest * rest) - (f->radius[k] - f->slope[k] * foot);
    }
}

float field_distance(const struct field *field, vec3 p)
{
    float distance[HAND_MAX_CONES];
    float best = FIELD_FAR, current = FIELD_FAR, width = 1.0f, bulge = 0.25f;
    int group = -1;

    measure(distance, field, p);
    for (int i = 0; i < field->count; i++) {
        if (field->group[i] != group) {
            best = minf(best, current);
            current = FIELD_FAR;
            group = field->group[i];
            width = blend_width[group];
            bulge = 0.25f / width;
        }
        const float h = maxf(width - fabsf(current - distance[i]), 0.0f);
        current = minf(current, distance[i]) - h * h * bulge;
    }
    return minf(best, current);
}

/* Add a cone to the surface of its group. */
static void blend(struct surface *s, const struct surface *other, float width)
{
    const float h = maxf(width - fabsf(s->distance - other->distance), 0.0f);
    const float half = 0.5f * h / width;
    const float weight = other->distance < s->distance ? 1.0f - half : half;

    s->normal = mix3(s->normal, other->normal, weight);
    s->palmar = mix3(s->palmar, other->palmar, weight);
    s->distance = minf(s->distance, other->distance) - h * h * (0.25f / width);
    if (other->nearest < s->nearest) {
        s->nearest = other->nearest;
        s->cone = other->cone;
    }
}

/* The nearer of two groups. Fingers overlap with their roots in the palm, so the way the flesh
 * faces has to pass smoothly from one to the other. */
static struct surface join(const struct surface *a, const struct surface *b)
{
    const struct surface *nearer = b->distance < a->distance ? b : a;
    const struct surface *other = nearer == a ? b : a;
    const float width = 5.0f;
    const float h = maxf(width - (other->distance - nearer->distance), 0.0f);
    struct surface joined = *nearer;

    joined.palmar = mix3(nearer->palmar, other->palmar, 0.5f * h / width);
    return joined;
}

struct surface field_surface(const struct field *field, vec3 p)
{
    const struct surface none = {FIELD_FAR, FIELD_FAR, p, {0, 0, 1}, {0, 0, 1}, 0};
    struct surface best = none, current = none;
    float distance[HAND_MAX_CONES];
    int group = -1;

    measure(distance, field, p);
    for (int i = 0; i < field->count; i++) {
        const struct cone *c = &field->hand->cone[field->cone[i]];
        if (distance[i] > OUT_OF_REACH)
            continue;
        const vec3 v = sub(p, c->a);
        const float along = dot(v, c->axis), across2 = dot(v, v) - along * along;
        const float skewed = along - sqrtf(maxf(across2, 0.0f)) * c->tangent;
        const vec3 foot = scale(c->axis, clampf(skewed, 0.0f, c->length));
        const struct surface own = {distance[i],        distance[i], p,
                                    unit(sub(v, foot)), c->palmar,   field->cone[i]};
        if (c->group == group) {
            blend(&current, &own, blend_width[group]);
        } else {
            best = join(&best, &current);
            current = own;
            group = c->group;
        }
    }
    best = join(&best, &current);
    best.normal = unit(best.normal);
    return best;
}
