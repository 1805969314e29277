/* SPDX-License-Identifier: MIT */
/* Philox4x32-10: ten rounds of multiply and exclusive-or over a 128-bit counter, keyed by 64 bits.
 * The seed is the key; index and stream are the counter. */
#include "base/random.h"

void asl__philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t asl__random_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream,
                                 (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t out[4];

    asl__philox4x32(out, counter, key);
    return (uint64_t)out[1] << 32 | out[0];
}

double asl__random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (double)(asl__random_u64(seed, stream, index) >> 11) * 0x1p-53;
}

/* Upper half of a 128-bit product. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    const uint64_t a0 = (uint32_t)a, a1 = a >> 32;
    const uint64_t b0 = (uint32_t)b, b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);

    return a1 * b1 + (middle >> 32) + ((a0 * b1 + (uint32_t)middle) >> 32);
}

/* value * bound / 2^64: no value is drawn again, so one index gives one number. The bias is below
 * bound / 2^64, which no run can notice. */
uint64_t asl__random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t bound)
{
    return multiply_high(asl__random_u64(seed, stream, index), bound);
}

void asl__random_shuffle(int64_t *items, int64_t count, uint64_t seed, uint64_t stream)
{
    for (int64_t i = count - 1; i > 0; i--) {
        const uint64_t j = asl__random_below(seed, stream, (uint64_t)i, (uint64_t)i + 1);
        const int64_t item = items[i];

        items[i] = items[j];
        items[j] = item;
    }
}
