/* SPDX-License-Identifier: MIT */
/* Little-endian numbers in bytes, and checksums over texts: the same on every machine. */
#ifndef ASL_DATASET_LITTLE_H
#define ASL_DATASET_LITTLE_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

static inline void asl__put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline void asl__put64(uint8_t *to, uint64_t value)
{
    asl__put32(to, (uint32_t)value);
    asl__put32(to + 4, (uint32_t)(value >> 32));
}

/* IEEE 754, as all our machines have it. */
static inline void asl__put_double(uint8_t *to, double value)
{
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof bits);
    asl__put64(to, bits);
}

static inline uint32_t asl__get32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static inline uint64_t asl__get64(const uint8_t *from)
{
    return asl__get32(from) | (uint64_t)asl__get32(from + 4) << 32;
}

/* CRC-32 continued over a text with its NUL, so that "ab","c" and "a","bc" differ. */
static inline uLong asl__crc_text(uLong crc, const char *text)
{
    return crc32_z(crc, (const Bytef *)text, strlen(text) + 1);
}

#endif
