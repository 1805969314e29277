/* SPDX-License-Identifier: MIT */
/* The checks a PNG file must pass before the decoder sees it (ISO/IEC 15948): the order, length
 * and CRC-32 of its chunks, its size against the limits, and that its compressed data are whole and
 * inflate to exactly what that size needs, however much they claim. */
#include <stdbool.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "image/codec.h"

enum { SIGNATURE_BYTES = 8, CHUNK_OVERHEAD = 12, DISCARD_BYTES = 4096 };

/* A chunk's type as its four letters read as a number. */
#define TYPE(a, b, c, d)                                                                           \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

typedef struct chunk {
    uint32_t type;
    const uint8_t *data;
    uint32_t length;
    size_t offset; /* of the length field */
    char name[5];
} chunk;

typedef struct scan {
    const uint8_t *file;
    size_t size;
    size_t at;
    const asl_decode_options *limits;
    asl__picture picture;
    bool header, ended;
    uint8_t depth, colour, interlaced;
    bool data, data_over, stream_over;
    z_stream inflater; /* in use once `data` is true */
    uint64_t inflated, expected;
} scan;

static asl_status damaged(const chunk *part, const char *what, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)part->offset, "PNG: chunk %s at byte %zu: %s",
                        part->name, part->offset, what);
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static asl_status next_chunk(chunk *out, scan *in, asl_error *err)
{
    const size_t left = in->size - in->at;
    const uint8_t *head = in->file + in->at;
    if (left < CHUNK_OVERHEAD)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)in->at,
                            "PNG: ends at byte %zu without an IEND chunk", in->size);
    *out = (chunk){asl__be32(head + 4), head + 8, asl__be32(head), in->at, {0}};
    for (int i = 0; i < 4; i++) {
        if (!is_letter(head[4 + i]))
            return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)in->at, "PNG: no chunk at byte %zu",
                                in->at);
        out->name[i] = (char)head[4 + i];
    }
    if (out->length > left - CHUNK_OVERHEAD)
        return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)in->at,
                            "PNG: chunk %s at byte %zu: %u bytes long, %zu left", out->name, in->at,
                            out->length, left - CHUNK_OVERHEAD);
    if (ASL__CHECKSUMS_COUNT &&
        crc32(0, head + 4, out->length + 4) != asl__be32(out->data + out->length))
        return damaged(out, "wrong checksum", err);
    in->at += CHUNK_OVERHEAD + out->length;
    return ASL_OK;
}

static uint64_t row_bytes(const scan *in, uint64_t width)
{
    static const uint8_t channels[] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type */
    return 1 + (width * in->depth * channels[in->colour] + 7) / 8;
}

/* Bytes of all rows with their filter bytes; Adam7 has seven pictures of a part of the pixels. */
static uint64_t data_bytes(const scan *in)
{
    static const struct {
        uint8_t x, y, step_x, step_y;
    } passes[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                  {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    const uint64_t width = (uint64_t)in->picture.width;
    const uint64_t height = (uint64_t)in->picture.height;
    if (!in->interlaced)
        return height * row_bytes(in, width);
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        /* A start is below its step, so these cannot go below zero. */
        const uint64_t columns = (width + passes[i].step_x - 1 - passes[i].x) / passes[i].step_x;
        const uint64_t rows = (height + passes[i].step_y - 1 - passes[i].y) / passes[i].step_y;
        if (columns > 0)
            total += rows * row_bytes(in, columns);
    }
    return total;
}

static asl_status read_header(scan *in, const chunk *part, asl_error *err)
{
    /* Bit d is set when a colour type allows depth d. */
    static const uint32_t depths[] = {0x10116, 0, 0x10100, 0x116, 0x10100, 0, 0x10100};
    if (in->header)
        return damaged(part, "a second header", err);
    if (part->length != 13)
        return damaged(part, "not 13 bytes long", err);
    in->depth = part->data[8];
    in->colour = part->data[9];
    in->interlaced = part->data[12];
    if (in->colour > 6 || in->depth > 16 || (depths[in->colour] >> in->depth & 1) == 0)
        return damaged(part, "colour type and bit depth that do not exist", err);
    if (part->data[10] != 0 || part->data[11] != 0 || in->interlaced > 1)
        return damaged(part, "unknown compression, filter or interlace method", err);
    const int64_t width = asl__be32(part->data);
    const int64_t height = asl__be32(part->data + 4);
    const asl_status status = asl__picture_check_size("PNG", width, height, in->limits, err);
    if (status < 0)
        return status;
    in->picture.width = (int32_t)width;
    in->picture.height = (int32_t)height;
    in->header = true;
    in->expected = data_bytes(in);
    return ASL_OK;
}

static asl_status read_palette(scan *in, const chunk *part, asl_error *err)
{
    if (in->picture.palette != 0 || in->data)
        return damaged(part, "a palette after another or after the pixels", err);
    if (part->length == 0 || part->length % 3 != 0 || part->length > 768)
        return damaged(part, "a palette of no whole 1 to 256 colours", err);
    in->picture.palette = part->offset;
    return ASL_OK;
}

/* Inflates a piece of the stream and forgets the bytes; only their number matters here. */
static asl_status read_data(scan *in, const chunk *part, asl_error *err)
{
    uint8_t discard[DISCARD_BYTES];
    z_stream *stream = &in->inflater;
    if (in->colour == 3 && in->picture.palette == 0)
        return damaged(part, "pixels without a palette", err);
    if (in->data_over)
        return damaged(part, "pixels that do not follow one another", err);
    if (!in->data) {
        stream->zalloc = asl__zlib_alloc;
        stream->zfree = asl__zlib_free;
        if (inflateInit(stream) != Z_OK)
            return asl__fail_memory(err, "checking a PNG picture");
        in->data = true;
        if (!ASL__CHECKSUMS_COUNT)
            inflateValidate(stream, 0);
    }
    stream->next_in = part->data;
    stream->avail_in = part->length;
    do {
        if (in->stream_over)
            return stream->avail_in == 0
                       ? ASL_OK
                       : damaged(part, "bytes after the end of the compressed data", err);
        stream->next_out = discard;
        stream->avail_out = sizeof discard;
        const int result = inflate(stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return asl__fail_memory(err, "checking a PNG picture");
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return damaged(part, stream->msg != NULL ? stream->msg : "bad data", err);
        in->stream_over = result == Z_STREAM_END;
        in->inflated += sizeof discard - stream->avail_out;
        if (in->inflated > in->expected)
            return damaged(part, "more pixels than the picture's size allows", err);
    } while (stream->avail_in > 0 || stream->avail_out == 0);
    return ASL_OK;
}

static asl_status read_end(scan *in, const chunk *part, asl_error *err)
{
    if (part->length != 0)
        return damaged(part, "not empty", err);
    if (!in->stream_over || in->inflated != in->expected)
        return damaged(part, "fewer pixels than the picture's size needs", err);
    if (in->at != in->size)
        return damaged(part, "bytes after the end of the picture", err);
    in->ended = true;
    return ASL_OK;
}

static asl_status read_chunk(scan *in, const chunk *part, asl_error *err)
{
    if (!in->header && part->type != TYPE('I', 'H', 'D', 'R'))
        return damaged(part, "not the header that must come first", err);
    if (in->data && part->type != TYPE('I', 'D', 'A', 'T'))
        in->data_over = true;
    switch (part->type) {
    case TYPE('I', 'H', 'D', 'R'):
        return read_header(in, part, err);
    case TYPE('P', 'L', 'T', 'E'):
        return read_palette(in, part, err);
    case TYPE('I', 'D', 'A', 'T'):
        return read_data(in, part, err);
    case TYPE('I', 'E', 'N', 'D'):
        return read_end(in, part, err);
    case TYPE('e', 'X', 'I', 'f'):
        in->picture.exif = part->data;
        in->picture.exif_size = part->length;
        return ASL_OK;
    default:
        if (part->name[0] <= 'Z')
            return asl__fail_at(err, ASL_ERR_UNSUPPORTED, (int64_t)part->offset,
                                "PNG: chunk %s at byte %zu: critical and unknown", part->name,
                                part->offset);
        return ASL_OK;
    }
}

asl_status asl__png_scan(asl__picture *out, const uint8_t *data, size_t size,
                         const asl_decode_options *limits, asl_error *err)
{
    asl_status status = ASL_OK;
    scan in = {.file = data, .size = size, .at = SIGNATURE_BYTES, .limits = limits};
    while (!in.ended) {
        chunk part;
        ASL__TRY(next_chunk(&part, &in, err));
        ASL__TRY(read_chunk(&in, &part, err));
    }
    *out = in.picture;
fail:
    if (in.data)
        inflateEnd(&in.inflater);
    return status;
}
