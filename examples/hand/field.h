/* SPDX-License-Identifier: MIT */
/* The flesh as a signed distance field: rounded cones, blended within a group by a polynomial
 * smooth minimum and joined between groups by a plain one, which keeps the creases between
 * fingers. A field holds those cones of a hand that matter in one place. */
#ifndef EXAMPLES_HAND_FIELD_H
#define EXAMPLES_HAND_FIELD_H

#include "hand.h"

#define FIELD_FAR 1e9f

/* Cones are laid out by member, so that the compiler can handle four at a time; lanes from `count`
 * to the next multiple of FIELD_LANES hold something tiny and far away. */
enum { FIELD_LANES = 4 };

struct field {
    const struct hand *hand;
    int count;
    int cone[HAND_MAX_CONES], group[HAND_MAX_CONES];
    float ax[HAND_MAX_CONES], ay[HAND_MAX_CONES], az[HAND_MAX_CONES];
    float ux[HAND_MAX_CONES], uy[HAND_MAX_CONES], uz[HAND_MAX_CONES];
    float length[HAND_MAX_CONES], radius[HAND_MAX_CONES];
    float slope[HAND_MAX_CONES], tangent[HAND_MAX_CONES];
};

/* A point of the surface. What differs between cones is blended as their distances are. */
struct surface {
    float distance, nearest;
    vec3 point, normal, palmar;
    int cone; /* the one whose own skin is nearest */
};

/* Lanes to run through: a multiple of FIELD_LANES, so that none are left over. */
static inline int field_lanes(const struct field *field)
{
    return (field->count + FIELD_LANES - 1) / FIELD_LANES * FIELD_LANES;
}

/* How far from its cones the blends of a group reach. */
float field_margin(int group);

void field_start(struct field *field, const struct hand *hand);
/* Cones must be added in their order. */
void field_add(struct field *field, int cone);
float field_distance(const struct field *field, vec3 p);
struct surface field_surface(const struct field *field, vec3 p);

#endif
