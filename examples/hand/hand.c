/* SPDX-License-Identifier: MIT */
/* Kinematics of the hand, and its flesh. Bone lengths and breadths are round figures that add up
 * to an adult hand of 190 mm. */
#include "hand.h"

#include <string.h>

struct builder {
    struct hand *hand;
    mat3 frame; /* hand to camera */
    int group;
};

struct finger_size {
    vec3 carpal, mcp;
    float bone[3]; /* the last one ends in the centre of the finger tip */
    float radius[4];
};

static const struct finger_size fingers[4] = {
    {{12, 22, 0}, {25, 90, 0}, {44, 25, 17}, {10.2f, 9.0f, 8.0f, 6.6f}},
    {{4, 22, -1}, {4.5f, 93, -3}, {49, 29, 18}, {10.2f, 9.2f, 8.2f, 6.8f}},
    {{-5, 22, -1}, {-15.5f, 88, -2}, {45, 28, 18}, {9.7f, 8.7f, 7.7f, 6.5f}},
    {{-13, 22, 1}, {-33, 79, 2}, {35, 20, 16}, {8.7f, 7.5f, 6.7f, 5.6f}},
};

static const vec3 thumb_base = {20, 18, 7};
static const float thumb_bone[3] = {44, 33, 20};
static const float thumb_radius[4] = {14, 11.2f, 10, 7.8f};

/* A cone between two points of the hand's frame; `palmar` is the way the flesh faces. */
static struct cone *add_cone(struct builder *b, vec3 from, float from_radius, vec3 to,
                             float to_radius, vec3 palmar)
{
    struct cone *c = &b->hand->cone[b->hand->count++];
    const vec3 start = apply(&b->frame, from);
    const vec3 way = sub(apply(&b->frame, to), start);
    const vec3 up = apply(&b->frame, palmar);

    memset(c, 0, sizeof *c);
    c->a = start;
    c->length = maxf(length(way), 1e-3f);
    c->axis = scale(way, 1.0f / c->length);
    c->palmar = unit(sub(up, scale(c->axis, dot(up, c->axis))));
    c->side = cross(c->axis, c->palmar);
    c->radius = from_radius;
    c->slope = clampf((from_radius - to_radius) / c->length, -0.9f, 0.9f);
    c->tangent = c->slope / sqrtf(1.0f - c->slope * c->slope);
    c->group = b->group;
    c->bone = -1;
    return c;
}

static void set_joint(struct builder *b, int joint, vec3 at, float radius)
{
    b->hand->joint[joint] = apply(&b->frame, at);
    b->hand->joint_radius[joint] = radius;
}

/* Where a finger's joints are and which way each bone's inner side faces. */
struct chain {
    vec3 joint[4]; /* base, two between, centre of the tip */
    vec3 tip;      /* on the skin */
    vec3 palmar[3];
    float radius[4];
};

/* Bend a chain of bones in the plane of `forward` and `palmar`. */
static void bend(struct chain *chain, vec3 base, vec3 forward, vec3 palmar, const float *lengths,
                 const float *angles)
{
    float total = 0.0f;
    chain->joint[0] = base;
    for (int i = 0; i < 3; i++) {
        total += angles[i];
        const float c = cosf(total), s = sinf(total);
        const vec3 way = add(scale(forward, c), scale(palmar, s));
        chain->palmar[i] = sub(scale(palmar, c), scale(forward, s));
        chain->joint[i + 1] = add(chain->joint[i], scale(way, lengths[i]));
        if (i == 2)
            chain->tip = add(chain->joint[3], scale(way, chain->radius[3]));
    }
}

static void pose_finger(struct chain *chain, int i, const struct physique *p,
                        const struct finger_pose *pose, vec3 mcp)
{
    const struct finger_size *size = &fingers[i];
    const float angles[3] = {radians(pose->mcp), radians(pose->pip), radians(pose->dip)};
    /* Bent fingers lean towards the root of the thumb: the bending plane of each is turned a
     * little about the finger's own length. */
    const float lean[4] = {-4.0f, 0.0f, 5.0f, 11.0f};
    const mat3 spread = turn_z(-radians(pose->abduction));
    const mat3 twist = turn_y(radians(lean[i]));
    const mat3 base = compose(&spread, &twist);
    float lengths[3];

    for (int k = 0; k < 3; k++)
        lengths[k] = size->bone[k] * p->finger_length[i + 1];
    for (int k = 0; k < 4; k++)
        chain->radius[k] = size->radius[k] * p->finger_width[i + 1];
    bend(chain, mcp, base.y, base.z, lengths, angles);
}

static void pose_thumb(struct chain *chain, const struct physique *p, const struct thumb_pose *pose,
                       vec3 base)
{
    const float a = radians(pose->abduction), e = radians(pose->elevation);
    const float angles[3] = {0.0f, radians(pose->mcp), radians(pose->ip)};
    const vec3 forward = v3(sinf(a) * cosf(e), cosf(a) * cosf(e), sinf(e));
    const vec3 across = unit(cross(forward, cross(v3(-1, 0, 0), forward)));
    const vec3 third = cross(across, forward);
    const float c = cosf(radians(pose->roll)), s = sinf(radians(pose->roll));
    float lengths[3];

    for (int k = 0; k < 3; k++)
        lengths[k] = thumb_bone[k] * (k == 0 ? p->palm_length : p->finger_length[0]);
    for (int k = 0; k < 4; k++)
        chain->radius[k] = thumb_radius[k] * p->finger_width[0];
    bend(chain, base, forward, add(scale(across, c), scale(third, s)), lengths, angles);
}

/* Flesh of one bone: the bone itself and the pad on its inner side, which leaves creases at the
 * joints between pads. */
static void flesh_bone(struct builder *b, const struct chain *chain, int k, int bone)
{
    const vec3 from = chain->joint[k], to = chain->joint[k + 1];
    const float r0 = chain->radius[k], r1 = chain->radius[k + 1];
    const vec3 lift = scale(chain->palmar[k], 0.24f * r1);
    const float start = bone == 0 ? 0.45f : 0.3f, end = bone == 2 ? 0.85f : 0.68f;
    struct cone *c = add_cone(b, from, r0, to, r1, chain->palmar[k]);

    c->bone = bone;
    c = add_cone(b, add(mix3(from, to, start), lift), 0.9f * mixf(r0, r1, start),
                 add(mix3(from, to, end), lift), 0.9f * mixf(r0, r1, end), chain->palmar[k]);
    c->bone = bone;
    c->detail = 1;
}

static void flesh_palm(struct builder *b, const struct chain *thumb, const struct chain *finger,
                       const struct physique *p)
{
    const vec3 out = v3(0, 0, 1);
    const float w = p->palm_width, h = p->palm_length, t = p->thickness;
    b->group = GROUP_PALM;

    for (int i = 0; i < 4; i++) {
        const struct chain *c = &finger[i];
        const vec3 carpal = mul(fingers[i].carpal, v3(w, h, t));
        add_cone(b, carpal, 12.0f * t, c->joint[0], (i == 3 ? 9.5f : 10.6f) * t, out);
        /* The root of the finger belongs to the palm: roots blend into webs. */
        add_cone(b, c->joint[0], c->radius[0], mix3(c->joint[0], c->joint[1], 0.30f),
                 0.97f * mixf(c->radius[0], c->radius[1], 0.30f), c->palmar[0]);
    }
    /* Ridge under the fingers, ball of the little finger, ball of the thumb. */
    add_cone(b, v3(20 * w, 79 * h, 4 * t), 8 * t, v3(-27 * w, 70 * h, 5 * t), 8 * t, out);
    add_cone(b, v3(-17 * w, 22 * h, 6 * t), 12 * t, v3(-30 * w, 62 * h, 4 * t), 10.5f * t, out);
    add_cone(b, v3(10 * w, 20 * h, 7 * t), 11 * t, mix3(thumb->joint[0], thumb->joint[1], 0.75f),
             11.5f * t, out);
    add_cone(b, thumb->joint[0], thumb->radius[0], thumb->joint[1], thumb->radius[1],
             thumb->palmar[0]);
    add_cone(b, thumb->joint[1], thumb->radius[1], mix3(thumb->joint[1], thumb->joint[2], 0.3f),
             0.97f * mixf(thumb->radius[1], thumb->radius[2], 0.3f), thumb->palmar[1]);
    /* Web between thumb and index finger. */
    add_cone(b, mix3(thumb->joint[0], thumb->joint[1], 0.7f), 7 * t,
             mul(v3(20, 58, 1), v3(w, h, t)), 7 * t, out);
}

/* Frame of the forearm within the hand's: the wrist bends the hand, so the arm the other way. */
static mat3 forearm_frame(const struct pose *pose)
{
    const mat3 flex = turn_x(radians(-pose->flexion));
    const mat3 deviate = turn_z(radians(pose->deviation));
    return compose(&flex, &deviate);
}

static void flesh_forearm(struct builder *b, const struct pose *pose, const struct physique *p)
{
    const mat3 arm = forearm_frame(pose);
    const vec3 out = apply(&arm, v3(0, 0, 1));
    const float f = p->forearm, w = p->palm_width;

    b->hand->arm = apply(&b->frame, scale(arm.y, -1.0f));
    for (int side = -1; side <= 1; side += 2) {
        const float s = (float)side;
        const vec3 wrist = apply(&arm, v3(8.8f * s * w, -22, 0));
        const vec3 belly = apply(&arm, v3(9.0f * s * w, -150, 3));
        const vec3 elbow = apply(&arm, v3(9.0f * s * w, -HAND_ARM, 3));
        add_cone(b, v3(9.0f * s * w, 16, 1), 13.5f * f, wrist, 14.8f * f, out);
        add_cone(b, wrist, 14.8f * f, belly, 24.0f * f, out);
        add_cone(b, belly, 24.0f * f, elbow, 36.0f * f, out);
    }
}

static void flesh_sleeve(struct builder *b, const struct pose *pose, const struct physique *p,
                         float start)
{
    const mat3 arm = forearm_frame(pose);
    const float f = p->forearm, w = p->palm_width;

    b->group = GROUP_SLEEVE;
    for (int side = -1; side <= 1; side += 2) {
        const float s = (float)side;
        add_cone(b, apply(&arm, v3(9 * s * w, -start - 28, 1)), 28 * f,
                 apply(&arm, v3(10 * s, -HAND_ARM, 3)), 62 * f, apply(&arm, v3(0, 0, 1)));
    }
}

void hand_build(struct hand *hand, const struct physique *physique, const struct pose *pose,
                float sleeve)
{
    const mat3 yaw = turn_y(radians(pose->yaw)), pitch = turn_x(radians(pose->pitch));
    const mat3 roll = turn_z(radians(pose->roll));
    const mat3 tilt = compose(&pitch, &yaw);
    struct builder b = {.hand = hand, .frame = compose(&roll, &tilt)};
    const vec3 palm = v3(physique->palm_width, physique->palm_length, physique->thickness);
    struct chain thumb, finger[4];

    memset(hand, 0, sizeof *hand);
    hand->frame = b.frame;
    pose_thumb(&thumb, physique, &pose->thumb, mul(thumb_base, palm));
    for (int i = 0; i < 4; i++)
        pose_finger(&finger[i], i, physique, &pose->finger[i], mul(fingers[i].mcp, palm));

    flesh_palm(&b, &thumb, finger, physique);
    flesh_forearm(&b, pose, physique);

    set_joint(&b, 0, v3(0, 0, 0), 18.0f);
    for (int i = 0; i < 5; i++) {
        const struct chain *c = i == 0 ? &thumb : &finger[i - 1];
        b.group = GROUP_THUMB + i;
        for (int k = i == 0 ? 1 : 0; k < 3; k++)
            flesh_bone(&b, c, k, k);
        for (int k = 0; k < 3; k++)
            set_joint(&b, 1 + 4 * i + k, c->joint[k], c->radius[k]);
        set_joint(&b, 4 + 4 * i, c->tip, 1.0f);
    }
    if (sleeve >= 0.0f)
        flesh_sleeve(&b, pose, physique, sleeve);
}

void hand_move(struct hand *hand, vec3 offset)
{
    hand->origin = add(hand->origin, offset);
    for (int i = 0; i < HAND_JOINTS; i++)
        hand->joint[i] = add(hand->joint[i], offset);
    for (int i = 0; i < hand->count; i++)
        hand->cone[i].a = add(hand->cone[i].a, offset);
}
