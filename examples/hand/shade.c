/* SPDX-License-Identifier: MIT */
/* Skin and cloth under one soft key light, a fill light and the light of the room. Shadows and
 * occlusion are found per cone in closed form, since they only need to be smooth. */
#include "render.h"

#include "noise.h"

/* A soft line of unit depth where `distance` is 0. */
static float line(float distance, float width)
{
    const float t = distance / width;
    return t * t > 4.0f ? 0.0f : expf(-t * t);
}

/* How much of a soft light the hand leaves at p: the narrowest passage of the ray between its
 * cones, measured against the width of the penumbra there. */
float light_left(const struct field *f, vec3 p, const struct lights *lights)
{
    const int lanes = field_lanes(f);
    const vec3 way = lights->key_way;
    const float softness = lights->softness;
    float open[HAND_MAX_CONES], left = 1.0f;

    for (int k = 0; k < lanes; k++) {
        const float x = f->ax[k] - p.x, y = f->ay[k] - p.y, z = f->az[k] - p.z;
        const float b = way.x * f->ux[k] + way.y * f->uy[k] + way.z * f->uz[k];
        const float d = way.x * x + way.y * y + way.z * z;
        const float e = f->ux[k] * x + f->uy[k] * y + f->uz[k] * z;
        /* Where axis and ray are nearest, and how far along the ray that is. */
        const float nearest = (b * d - e) / maxf(1.0f - b * b, 1e-6f);
        const float s = minf(maxf(nearest, 0.0f), f->length[k]);
        const float qx = x + f->ux[k] * s, qy = y + f->uy[k] * s, qz = z + f->uz[k] * s;
        const float t = way.x * qx + way.y * qy + way.z * qz;
        const float off = sqrtf(maxf(qx * qx + qy * qy + qz * qz - t * t, 0.0f));
        const float gap = off - (f->radius[k] - f->slope[k] * s);
        const float part = 0.5f + 0.5f * gap / (softness * maxf(t, 0.0f) + 0.4f);
        open[k] = t > 0.0f ? part : 1.0f;
    }
    for (int k = 0; k < lanes; k++)
        left = minf(left, open[k]);
    return smoothf(0.0f, 1.0f, left);
}

/* Ambient occlusion: each cone hides the sky as the sphere of it that is nearest to p. */
static float sky_left(const struct field *f, vec3 p, vec3 n)
{
    const int lanes = field_lanes(f);
    float open[HAND_MAX_CONES], left = 1.0f;

    for (int k = 0; k < lanes; k++) {
        const float x = f->ax[k] - p.x, y = f->ay[k] - p.y, z = f->az[k] - p.z;
        const float back = -(x * f->ux[k] + y * f->uy[k] + z * f->uz[k]);
        const float s = minf(maxf(back, 0.0f), f->length[k]);
        const float qx = x + f->ux[k] * s, qy = y + f->uy[k] * s, qz = z + f->uz[k] * s;
        const float r = f->radius[k] - f->slope[k] * s;
        const float d2 = maxf(qx * qx + qy * qy + qz * qz, 1.0f);
        const float towards = maxf(n.x * qx + n.y * qy + n.z * qz, 0.0f);
        open[k] = 1.0f - 0.85f * minf(towards * r * r / (d2 * sqrtf(d2)), 1.0f);
    }
    for (int k = 0; k < lanes; k++)
        left *= open[k];
    return left;
}

/* Lines of the palm, as arcs in its plane: heart, head and life line. */
static float palm_lines(vec3 p)
{
    static const float arc[3][5] = {/* centre, radius, where the line starts and ends along x */
                                    {2, 128, 62, -36, 16},
                                    {38, 150, 84, -24, 26},
                                    {44, 40, 34, 8, 30}};
    float depth = 0.0f;

    for (int i = 0; i < 3; i++) {
        const float dx = p.x - arc[i][0], dy = p.y - arc[i][1];
        const float along =
            smoothf(arc[i][3] - 4, arc[i][3] + 4, p.x) * smoothf(arc[i][4] + 4, arc[i][4] - 4, p.x);
        depth = maxf(depth, along * line(sqrtf(dx * dx + dy * dy) - arc[i][2], 1.1f));
    }
    return depth;
}

struct paint {
    vec3 colour;
    float gloss;
};

/* Nail: a rounded plate on the back of the finger tip. */
static void paint_nail(struct paint *paint, const struct skin *skin, const struct cone *c, vec3 p)
{
    const vec3 v = sub(p, add(c->a, scale(c->axis, c->length)));
    const float tip = c->radius - c->slope * c->length;
    const float along = (dot(v, c->axis) - 0.1f * tip) / tip;
    const float across = dot(v, c->side) / (0.78f * tip);
    const float a2 = along * along, c2 = across * across;
    const float out = a2 * a2 + c2 * c2;

    if (dot(v, c->palmar) > -0.2f * tip || out > 1.6f)
        return;
    const float plate = smoothf(1.05f, 0.85f, out);
    paint->colour = scale(mix3(paint->colour, skin->nail, 0.75f * plate),
                          1.0f - 0.4f * line(out - 1.05f, 0.22f));
    paint->gloss += 0.5f * plate;
}

/* Creases on the inner side of the joints; redness on their outer side and at the tip. */
static void paint_finger(struct paint *paint, const struct skin *skin, const struct cone *c, vec3 p,
                         float palmar)
{
    const float along = dot(sub(p, c->a), c->axis);
    /* The thumb bends between bones 1 and 2 only; its bone 0 is part of the palm. */
    const int bends = c->group != GROUP_THUMB || c->bone == 2;
    const float joint = c->bone == 0 ? c->length - along : along;
    const float tip = c->bone == 2 ? smoothf(0.2f, 1.0f, along / c->length) : 0.0f;
    const float crease = bends && !c->detail ? line(joint, 0.9f) * palmar : 0.0f;
    const float knuckle = bends && c->bone < 2 ? line(joint, 7.0f) * (1.0f - palmar) : 0.0f;
    const float wrinkle = knuckle * (0.5f + 0.5f * sinf(3.0f * joint));

    paint->colour = mul(paint->colour, mix3(v3(1, 1, 1), v3(1.04f, 0.86f, 0.84f), tip));
    paint->colour = mul(paint->colour, mix3(v3(1, 1, 1), v3(0.92f, 0.78f, 0.74f), knuckle));
    paint->colour = scale(paint->colour, 1.0f - 0.18f * skin->age * wrinkle);
    paint->colour = scale(paint->colour, 1.0f - minf(0.35f * skin->age * crease, 0.8f));
    if (c->bone == 2 && palmar < 0.8f)
        paint_nail(paint, skin, c, p);
}

/* A ring on the first bone of a finger, a strap around the arm. */
static int paint_wear(struct paint *paint, const struct scene *scene, const struct cone *c, vec3 p)
{
    const struct wear *wear = &scene->wear;
    if (wear->ring >= 0 && c->group == GROUP_INDEX + wear->ring && c->bone == 0) {
        const float along = dot(sub(p, c->a), c->axis) - 0.5f * c->length;
        if (fabsf(along) < 2.5f) {
            *paint = (struct paint){wear->metal, 0.5f};
            return 1;
        }
    }
    if (wear->strap_wide > 0.0f && c->bone < 0) {
        const float along = dot(sub(p, scene->hand.origin), scene->hand.arm) - wear->strap;
        if (along > 0.0f && along < wear->strap_wide) {
            *paint = (struct paint){wear->strap_colour, 0.15f};
            return 1;
        }
    }
    return 0;
}

static struct paint paint_skin(const struct scene *scene, const struct surface *s)
{
    const struct hand *hand = &scene->hand;
    const struct skin *skin = &scene->skin;
    const struct cone *c = &hand->cone[s->cone];
    const float palmar = smoothf(-0.35f, 0.55f, dot(s->normal, s->palmar));
    const vec3 v = sub(s->point, hand->origin);
    const vec3 local = v3(dot(v, hand->frame.x), dot(v, hand->frame.y), dot(v, hand->frame.z));
    struct paint paint = {mix3(skin->back, skin->palm, palmar), skin->gloss};

    if (paint_wear(&paint, scene, c, s->point))
        return paint;
    const float blotch = noise3(scale(local, 0.09f)) - 0.5f;
    const float grain = noise3(scale(local, 0.5f)) - 0.5f;
    paint.colour =
        mul(paint.colour, v3(1 + 0.06f * blotch, 1 - 0.14f * blotch, 1 - 0.14f * blotch));
    paint.colour = scale(paint.colour, 1.0f + (0.08f + 0.25f * skin->freckles) * grain);
    if (c->bone >= 0)
        paint_finger(&paint, skin, c, s->point, palmar);
    else if (local.y > 0.0f && palmar > 0.5f)
        paint.colour = scale(paint.colour, 1.0f - minf(0.3f * skin->age * palm_lines(local), 0.8f));
    return paint;
}

static struct paint paint_sleeve(const struct cloth *cloth, const struct cone *c, vec3 p)
{
    const float along = dot(sub(p, c->a), c->axis);
    const float rib = 0.5f + 0.5f * sinf(along * 0.9f);
    const struct paint paint = {scale(cloth->colour, 1.0f - 0.5f * cloth->stripes * rib), 0.0f};
    return paint;
}

/* Light that skin scatters reddens the edge of shade: red wraps further round than blue. */
static vec3 soft_lambert(float cosine, float wrap)
{
    const vec3 w = scale(v3(0.30f, 0.14f, 0.10f), wrap);
    return v3(maxf(cosine + w.x, 0.0f) / (1 + w.x), maxf(cosine + w.y, 0.0f) / (1 + w.y),
              maxf(cosine + w.z, 0.0f) / (1 + w.z));
}

/* What reaches a point of the surface: key light with its shadow, fill light, and the room. */
static vec3 light_at(const struct scene *scene, const struct surface *s, float lit, float open,
                     float wrap)
{
    const struct lights *l = &scene->lights;
    const vec3 room = mix3(l->ground, l->sky, 0.5f + 0.5f * s->normal.y);
    /* Light that bounces within creases is red. */
    const vec3 bounced = v3(open, open * (0.75f + 0.25f * open), open * (0.7f + 0.3f * open));
    const vec3 key = scale(mul(l->key, soft_lambert(dot(s->normal, l->key_way), wrap)), lit);
    const vec3 fill = mul(l->fill, soft_lambert(dot(s->normal, l->fill_way), wrap));

    return add(key, add(scale(fill, open), mul(room, bounced)));
}

vec3 shade(const struct scene *scene, const struct field *casters, const struct surface *s)
{
    const struct lights *lights = &scene->lights;
    const struct cone *c = &scene->hand.cone[s->cone];
    const int is_skin = c->group != GROUP_SLEEVE;
    const struct paint paint =
        is_skin ? paint_skin(scene, s) : paint_sleeve(&scene->sleeve, c, s->point);
    const vec3 start = add(s->point, scale(s->normal, 1.2f));
    const float lit =
        dot(s->normal, lights->key_way) > -0.25f ? light_left(casters, start, lights) : 1.0f;
    const float open = sky_left(casters, s->point, s->normal);
    const vec3 out = unit(sub(v3(0, 0, scene->camera.distance), s->point));
    const float facing = maxf(dot(s->normal, unit(add(lights->key_way, out))), 0.0f);
    const float f2 = facing * facing, f4 = f2 * f2, f16 = f4 * f4 * f4 * f4;
    const float rim = 1.0f - maxf(dot(s->normal, out), 0.0f);
    const vec3 light = light_at(scene, s, lit, open, is_skin ? 1.0f : 0.2f);
    const vec3 shine =
        add(scale(lights->key, lit * f16), scale(lights->sky, open * rim * rim * rim));

    return add(mul(paint.colour, light), scale(shine, paint.gloss));
}
