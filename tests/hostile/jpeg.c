/* SPDX-License-Identifier: MIT */
/* See jpeg.h. */
#include "hostile/jpeg.h"

#include "base/alloc.h"

void jpeg_put(jpeg *out, const void *data, size_t size)
{
    if (out->file.size + size > out->room) {
        const size_t room = 2 * (out->file.size + size);
        uint8_t *larger = asl__alloc(room);
        assert_non_null(larger);
        if (out->file.size > 0)
            memcpy(larger, out->file.data, out->file.size);
        asl_free(out->file.data);
        out->file.data = larger;
        out->room = room;
    }
    if (size > 0)
        memcpy(out->file.data + out->file.size, data, size);
    out->file.size += size;
}

void jpeg_segment(jpeg *out, uint8_t marker, const void *data, size_t size)
{
    const uint8_t head[] = {0xff, marker, (uint8_t)((size + 2) >> 8), (uint8_t)(size + 2)};
    jpeg_put(out, head, sizeof head);
    jpeg_put(out, data, size);
}

jpeg jpeg_begin(void)
{
    jpeg out = {{NULL, 0}, 0};
    uint8_t table[65];
    memset(table, 1, sizeof table);
    table[0] = 0;
    jpeg_put(&out, "\xff\xd8", 2);
    jpeg_segment(&out, 0xdb, table, sizeof table);
    return out;
}

void jpeg_tables(jpeg *out, bool progressive)
{
    uint8_t table[18] = {0x00, 1}; /* DC: one code of one bit, for a difference of 0 bits */
    jpeg_segment(out, 0xc4, table, sizeof table);
    table[0] = 0x10;
    table[17] = progressive ? 0xe0 : 0x00;
    jpeg_segment(out, 0xc4, table, sizeof table);
}

void jpeg_frame(jpeg *out, uint8_t marker, uint8_t depth, uint32_t width, uint32_t height,
                uint8_t components, uint8_t sampling)
{
    uint8_t head[6 + 3 * 8] = {depth,           (uint8_t)(height >> 8),
                               (uint8_t)height, (uint8_t)(width >> 8),
                               (uint8_t)width,  components};
    for (uint8_t i = 0; i < components; i++) {
        head[6 + 3 * i] = (uint8_t)(i + 1);
        head[7 + 3 * i] = sampling;
    }
    jpeg_segment(out, marker, head, 6 + 3 * (size_t)components);
}

void jpeg_scan(jpeg *out, uint8_t first, uint8_t components, uint8_t from, uint8_t to,
               uint8_t precision, size_t bytes)
{
    static const uint8_t zeros[4096];
    uint8_t head[4 + 2 * 8] = {components};
    for (uint8_t i = 0; i < components; i++)
        head[1 + 2 * i] = (uint8_t)(first + i);
    uint8_t *tail = head + 1 + 2 * components;
    tail[0] = from;
    tail[1] = to;
    tail[2] = precision;
    jpeg_segment(out, 0xda, head, 4 + 2 * (size_t)components);
    for (size_t left = bytes; left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
        jpeg_put(out, zeros, left < sizeof zeros ? left : sizeof zeros);
}

file_bytes jpeg_end(jpeg *out)
{
    jpeg_put(out, "\xff\xd9", 2);
    return out->file;
}

static size_t blocks_of(uint32_t width, uint32_t height)
{
    return (size_t)((width + 7) / 8) * ((height + 7) / 8);
}

file_bytes jpeg_plain(uint32_t width, uint32_t height, uint8_t components)
{
    jpeg out = jpeg_begin();
    jpeg_frame(&out, JPEG_BASELINE, 8, width, height, components, 0x11);
    jpeg_tables(&out, false);
    jpeg_scan(&out, 1, components, 0, 63, 0, (blocks_of(width, height) * 2 * components + 7) / 8);
    return jpeg_end(&out);
}

file_bytes jpeg_scans(uint32_t width, uint32_t height, int scans)
{
    const size_t blocks = blocks_of(width, height);
    const size_t runs = (blocks + JPEG_BLOCKS_A_RUN - 1) / JPEG_BLOCKS_A_RUN;
    jpeg out = jpeg_begin();
    jpeg_frame(&out, JPEG_PROGRESSIVE, 8, width, height, 1, 0x11);
    jpeg_tables(&out, true);
    jpeg_scan(&out, 1, 1, 0, 0, 0, (blocks + 7) / 8);
    for (int i = 0; i < scans; i++)
        jpeg_scan(&out, 1, 1, 1, 63, i == 0 ? 0x01 : 0x10, (runs * 15 + 7) / 8);
    return jpeg_end(&out);
}
