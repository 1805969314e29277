/* SPDX-License-Identifier: MIT */
/* The layout of a packed data set; docs/pack-format.md explains it. All numbers are little-endian.
 * Pixels come before the tables, so that a pack can be written in one pass while it is still
 * unknown which pictures can be decoded. */
#ifndef ASL_DATASET_PACK_H
#define ASL_DATASET_PACK_H

#include "dataset/source.h"

#define ASL__PACK_MAGIC     "ASLPACK\n"
#define ASL__PACK_VERSION   1
#define ASL__PACK_HEADER    4096 /* one page, so that the pixels begin on the next */
#define ASL__PACK_MAX_SIDE  4096
#define ASL__PACK_MAX_GROUP 4095 /* bytes of a name, which is read again for each sample */

/* Byte offsets of the header's fields; the rest of it is zero. */
enum {
    ASL__PACK_AT_MAGIC = 0,    /* 8 bytes */
    ASL__PACK_AT_VERSION = 8,  /* u32 */
    ASL__PACK_AT_CRC = 12,     /* u32: CRC-32 of header (this field zero) and tables */
    ASL__PACK_AT_SIZE = 16,    /* u64: bytes of the file */
    ASL__PACK_AT_KEY = 24,     /* u64: what the pack was made from */
    ASL__PACK_AT_WIDTH = 32,   /* u32 */
    ASL__PACK_AT_HEIGHT = 36,  /* u32 */
    ASL__PACK_AT_SAMPLES = 40, /* u64 */
    ASL__PACK_AT_ISSUES = 48,  /* u64 */
    ASL__PACK_AT_CLASSES = 56, /* u32 */
    ASL__PACK_AT_GROUPS = 60,  /* u32 */
    ASL__PACK_AT_TEXT = 64,    /* u64: bytes of the texts */
    ASL__PACK_USED = 72
};

/* Sizes of the tables' records, in the order of the tables; the texts follow. */
enum {
    ASL__PACK_SAMPLE = 16, /* u32 path, i32 class, i32 group, u32 CRC-32 of the pixels */
    ASL__PACK_CLASS = 4,   /* u32 name */
    ASL__PACK_GROUP = 4,   /* u32 name */
    ASL__PACK_ISSUE = 12   /* u32 path, u32 message, i32 status */
};

/* Checksum of header and tables. */
uint32_t asl__pack_crc(const uint8_t *header, const void *tables, size_t size);

/* What a pack of these samples at this size is made from: paths, file sizes and times, classes,
 * groups, skipped files and how pictures are decoded. */
uint64_t asl__pack_key(const asl_dataset *dataset, int32_t width, int32_t height);

/* Opens a pack whole, as a data set. With `key`, ASL_ERR_DATASET_CHANGED unless it was made so. */
asl_status asl__pack_open(asl_dataset **out, const char *path, const asl_decode_options *decode,
                          const uint64_t *key, asl_error *err);

#endif
