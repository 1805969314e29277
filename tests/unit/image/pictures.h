/* SPDX-License-Identifier: MIT */
/* Pictures that the tests of lib/image make for themselves. */
#ifndef TESTS_IMAGE_PICTURES_H
#define TESTS_IMAGE_PICTURES_H

#include "asl/image.h"
#include "support/support.h"

/* Channel c of pixel (x, y): noise, or on channel 1 a gradient. As in tests/golden. */
uint8_t make_pixel(int32_t x, int32_t y, int32_t c);

/* A picture of make_pixel() in RGB24, or one smooth enough for JPEG. Ends the test on failure. */
asl_image *make_picture(int32_t width, int32_t height);
asl_image *make_smooth_picture(int32_t width, int32_t height);

/* A file made of a picture, released with asl_free(). */
typedef struct file_bytes {
    uint8_t *data;
    size_t size;
} file_bytes;

file_bytes make_file(const asl_image *image, int32_t encoding, int32_t quality);

/* A copy of `file` with `size` bytes put in at `offset`; frees `file`. */
file_bytes insert_bytes(file_bytes file, size_t offset, const void *data, size_t size);

/* Writes a PNG chunk (length, type, data, CRC) and returns its size, 12 + size. */
size_t write_chunk(uint8_t *out, const char *type, const void *data, size_t size);

/* A PNG file of one IHDR, one IDAT that holds `raw_size` bytes of `raw` compressed, and IEND. */
file_bytes make_png(uint32_t width, uint32_t height, uint8_t depth, uint8_t colour,
                    const uint8_t *raw, size_t raw_size);

/* Largest difference between two RGB24 pictures of the same size. */
int32_t picture_distance(const asl_image *a, const asl_image *b);

/* Decodes bytes that must not be a picture: any failure with a message is right, except running
 * out of memory and broken invariants. */
asl_status decode_bad(const uint8_t *data, size_t size);

/* Checks that no library memory is in use. */
void assert_no_memory_used(void);

#endif
