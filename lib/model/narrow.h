/* SPDX-License-Identifier: MIT */
/* Weights as narrower numbers, for model files (docs/model-format.md). */
#ifndef ASL_MODEL_NARROW_H
#define ASL_MODEL_NARROW_H

#include <stddef.h>
#include <stdint.h>

#define ASL__MOST_STEPS 127

/* The nearest IEEE 754 half, ties to even; what is too large becomes an infinity. */
uint16_t asl__half_from_float(float value);
/* Exact. */
float asl__half_to_float(uint16_t half);

/* The scale with which asl__to_steps() reaches the largest of `count` finite values: positive, and
 * of so few digits that a step count times it is exact, which is why writing what was read gives
 * the same again. Infinite when the values are too large. */
float asl__steps_scale(const float *values, size_t count);
/* The nearest whole number of scales for each value, -127..127. */
void asl__to_steps(int8_t *steps, const float *values, size_t count, float scale);

#endif
