/* SPDX-License-Identifier: MIT */
/* See pictures.h. */
#include "pictures.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"

uint8_t make_pixel(int32_t x, int32_t y, int32_t c)
{
    uint32_t noise = (uint32_t)x * 73856093U ^ (uint32_t)y * 19349663U ^ (uint32_t)c * 83492791U;
    noise = (noise ^ noise >> 13) * 0x5bd1e995U;
    return (uint8_t)(c == 1 ? x * 5 + y * 3 : (int32_t)((noise ^ noise >> 15) & 255));
}

static asl_image *new_picture(int32_t width, int32_t height)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    assert_ok(asl_image_create(&image, width, height, ASL_FORMAT_RGB24, &err), &err);
    return image;
}

asl_image *make_picture(int32_t width, int32_t height)
{
    asl_image *image = new_picture(width, height);
    uint8_t *out = asl_image_pixels(image);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < 3; c++)
                *out++ = make_pixel(x, y, c);
    return image;
}

asl_image *make_smooth_picture(int32_t width, int32_t height)
{
    asl_image *image = new_picture(width, height);
    uint8_t *out = asl_image_pixels(image);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++, out += 3) {
            out[0] = (uint8_t)(40 + 150 * x / width);
            out[1] = (uint8_t)(60 + 120 * y / height);
            out[2] = (uint8_t)(200 - 80 * x / width - 60 * y / height);
        }
    return image;
}

file_bytes make_file(const asl_image *image, int32_t encoding, int32_t quality)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_image_view view = asl_image_get_view(image);
    void *data = NULL;
    size_t size = 0;
    assert_ok(asl_image_encode(&data, &size, &view, encoding, quality, &err), &err);
    return (file_bytes){data, size};
}

file_bytes insert_bytes(file_bytes file, size_t offset, const void *data, size_t size)
{
    file_bytes out = {asl__alloc(file.size + size), file.size + size};
    assert_non_null(out.data);
    memcpy(out.data, file.data, offset);
    memcpy(out.data + offset, data, size);
    memcpy(out.data + offset + size, file.data + offset, file.size - offset);
    asl_free(file.data);
    return out;
}

static void write32(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

size_t write_chunk(uint8_t *out, const char *type, const void *data, size_t size)
{
    write32(out, size);
    memcpy(out + 4, type, 4);
    if (size > 0)
        memcpy(out + 8, data, size);
    write32(out + 8 + size, crc32(0, out + 4, (uInt)size + 4));
    return size + 12;
}

file_bytes make_png(uint32_t width, uint32_t height, uint8_t depth, uint8_t colour,
                    const uint8_t *raw, size_t raw_size)
{
    uint8_t header[13] = {0};
    write32(header, width);
    write32(header + 4, height);
    header[8] = depth;
    header[9] = colour;
    uLongf packed_size = compressBound((uLong)raw_size);
    uint8_t *packed = malloc(packed_size);
    assert_non_null(packed);
    assert_int_equal(compress2(packed, &packed_size, raw, (uLong)raw_size, 9), Z_OK);
    file_bytes out = {asl__alloc(packed_size + 100), 8};
    assert_non_null(out.data);
    memcpy(out.data, "\x89PNG\r\n\x1a\n", 8);
    out.size += write_chunk(out.data + out.size, "IHDR", header, sizeof header);
    out.size += write_chunk(out.data + out.size, "IDAT", packed, packed_size);
    out.size += write_chunk(out.data + out.size, "IEND", NULL, 0);
    free(packed);
    return out;
}

int32_t picture_distance(const asl_image *a, const asl_image *b)
{
    const asl_image_view first = asl_image_get_view(a);
    const asl_image_view second = asl_image_get_view(b);
    int32_t most = 0;
    assert_int_equal(first.width, second.width);
    assert_int_equal(first.height, second.height);
    for (int64_t i = 0; i < first.stride * first.height; i++) {
        const int32_t distance = abs(first.pixels[i] - second.pixels[i]);
        most = distance > most ? distance : most;
    }
    return most;
}

asl_status decode_bad(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = (asl_image *)&err; /* must become NULL */
    /* A copy of exactly this size, so that the sanitizer sees any step beyond it. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, data, size);
    const asl_status status = asl_image_decode(&image, copy, size, NULL, &err);
    free(copy);
    assert_null(image);
    assert_true(status < 0);
    test_check_error(status, &err);
    assert_int_not_equal(status, ASL_ERR_NOMEM);
    assert_int_not_equal(status, ASL_ERR_INTERNAL);
    return status;
}

void assert_no_memory_used(void)
{
    size_t current = 1;
    asl_memory_usage(&current, NULL);
    assert_int_equal(current, 0);
}
