/* SPDX-License-Identifier: MIT */
/* JPEG files put together by hand (ITU-T T.81). All their coded data are zero bytes: with the
 * tables written here, a zero bit is a DC difference of 0 or, in a sequential file, the end of a
 * block, and in a progressive one, 15 zero bits are 16384 blocks without AC coefficients. */
#ifndef TESTS_HOSTILE_JPEG_H
#define TESTS_HOSTILE_JPEG_H

#include "unit/image/pictures.h"

typedef struct jpeg {
    file_bytes file;
    size_t room;
} jpeg;

enum { JPEG_BASELINE = 0xc0, JPEG_PROGRESSIVE = 0xc2, JPEG_BLOCKS_A_RUN = 16384 };

/* A file's start: signature and quantisation table. */
jpeg jpeg_begin(void);
void jpeg_put(jpeg *out, const void *data, size_t size);
void jpeg_segment(jpeg *out, uint8_t marker, const void *data, size_t size);
/* Huffman tables for sequential or progressive data. */
void jpeg_tables(jpeg *out, bool progressive);
/* Components 1, 2, ..., all with table 0 and the sampling factors `sampling`, as 0x11. */
void jpeg_frame(jpeg *out, uint8_t marker, uint8_t depth, uint32_t width, uint32_t height,
                uint8_t components, uint8_t sampling);
/* A scan of the components from `first` on, with `bytes` zeros behind it. */
void jpeg_scan(jpeg *out, uint8_t first, uint8_t components, uint8_t from, uint8_t to,
               uint8_t precision, size_t bytes);
/* The file with its end marker. */
file_bytes jpeg_end(jpeg *out);

/* A whole baseline file. */
file_bytes jpeg_plain(uint32_t width, uint32_t height, uint8_t components);
/* A progressive file in grey of one DC scan and `scans` AC scans; each but the first refines. */
file_bytes jpeg_scans(uint32_t width, uint32_t height, int scans);

#endif
