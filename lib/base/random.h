/* SPDX-License-Identifier: MIT */
/* Counter-based random numbers: a value is a pure function of (seed, stream, index), so order and
 * threads cannot change it and nothing needs to be saved to resume. Philox4x32-10 (Salmon, Moraes,
 * Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11). */
#ifndef ASL_BASE_RANDOM_H
#define ASL_BASE_RANDOM_H

#include <stdint.h>

/* Streams keep the uses of one seed apart. */
enum {
    ASL__STREAM_INIT = 1,    /* initial weights; + tensor << 8 */
    ASL__STREAM_SHUFFLE = 2, /* order of an epoch; + epoch << 8 */
    ASL__STREAM_DROPOUT = 3, /* dropout masks; + layer << 8; index = step-wide unit number */
    ASL__STREAM_SUBSET = 4,  /* subset draws; + class << 8 */
    ASL__STREAM_SPLIT = 5,   /* splits; + class << 8 */
    ASL__STREAM_AUGMENT = 6, /* varied pictures; + epoch << 8; index = sample */
    ASL__STREAM_DRAW = 7     /* rounds through a class of a source; + list << 8, + round << 32 */
};

/* The block function, as Random123 defines it. */
void asl__philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

uint64_t asl__random_u64(uint64_t seed, uint64_t stream, uint64_t index);
/* Uniform in [0, 1), 53 bits. */
double asl__random_uniform(uint64_t seed, uint64_t stream, uint64_t index);
/* Uniform in 0..bound-1, bound >= 1. */
uint64_t asl__random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound);
/* Fisher-Yates shuffle of `count` items, a pure function of (seed, stream). */
void asl__random_shuffle(int64_t *items, int64_t count, uint64_t seed, uint64_t stream);

#endif
