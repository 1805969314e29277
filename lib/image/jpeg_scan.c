/* SPDX-License-Identifier: MIT */
/* The checks a JPEG file must pass before a decoder sees it (ITU-T T.81): legal segment lengths and
 * tables, one frame of a kind we read, every table defined before a scan uses it, data for every
 * component, not too many scans, and an end. */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "image/codec.h"

/* A scan may be a few bytes long and cost as much as decoding the whole picture. So large pictures
 * may have fewer of them, but always the FEW_SCANS that suffice for what programs write (10). */
enum { FEW_SCANS = 16, MAX_SCANS = 100, MAX_COMPONENTS = 3 };
#define MOST_SCANNED (INT64_C(1) << 30) /* pixels of all scans together */

enum { /* marker codes */
       TEM = 0x01,
       SOF0 = 0xc0,
       SOF1 = 0xc1,
       SOF2 = 0xc2,
       DHT = 0xc4,
       SOF15 = 0xcf,
       RST0 = 0xd0,
       RST7 = 0xd7,
       EOI = 0xd9,
       SOS = 0xda,
       DQT = 0xdb,
       DRI = 0xdd,
       APP0 = 0xe0,
       APP1 = 0xe1,
       APP15 = 0xef,
       COM = 0xfe
};

typedef struct segment {
    const uint8_t *data; /* after the length field */
    size_t length;
    size_t offset; /* of the marker */
    uint8_t marker;
} segment;

typedef struct component {
    uint8_t id, quantisation;
    bool seen; /* in a scan that carries its DC coefficients */
} component;

typedef struct scan {
    const uint8_t *file;
    size_t size;
    size_t at;
    const asl_decode_options *limits;
    asl__picture picture;
    component components[MAX_COMPONENTS];
    int32_t component_count; /* 0 before the frame header */
    bool progressive;
    uint32_t quantisation_tables;
    uint32_t huffman_tables[2]; /* DC, AC: bit i when table i is defined */
    int32_t scans;
} scan;

static asl_status damaged(const segment *part, const char *what, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)part->offset,
                        "JPEG: segment %02x at byte %zu: %s", part->marker, part->offset, what);
}

static asl_status unsupported(const segment *part, const char *what, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_UNSUPPORTED, (int64_t)part->offset,
                        "JPEG: %s is not supported", what);
}

static asl_status truncated(const scan *in, asl_error *err)
{
    return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)in->size,
                        "JPEG: ends at byte %zu without an end marker", in->size);
}

static asl_status read_huffman(scan *in, const segment *part, asl_error *err)
{
    const uint8_t *data = part->data;
    size_t left = part->length;
    while (left > 0) {
        if (left < 17)
            return damaged(part, "Huffman table cut short", err);
        const uint32_t kind = data[0] >> 4;
        const uint32_t id = data[0] & 15;
        if (kind > 1 || id > 3)
            return damaged(part, "Huffman table of an impossible kind or number", err);
        /* `code` walks through the canonical code; the word of all ones stays free (T.81 C.2). */
        uint32_t code = 0;
        size_t symbols = 0;
        for (uint32_t bits = 1; bits <= 16; bits++) {
            code = code * 2 + data[bits];
            symbols += data[bits];
            if (code >= 1U << bits)
                return damaged(part, "Huffman table with more codes than fit", err);
        }
        if (symbols > 256 || symbols > left - 17)
            return damaged(part, "Huffman table with more codes than symbols", err);
        for (size_t i = 0; kind == 0 && i < symbols; i++)
            if (data[17 + i] > 15)
                return damaged(part, "Huffman table with an impossible DC size", err);
        in->huffman_tables[kind] |= 1U << id;
        data += 17 + symbols;
        left -= 17 + symbols;
    }
    return ASL_OK;
}

static asl_status read_quantisation(scan *in, const segment *part, asl_error *err)
{
    const uint8_t *data = part->data;
    size_t left = part->length;
    while (left > 0) {
        const size_t bytes = 1 + 64 * (size_t)((data[0] >> 4) + 1);
        if (data[0] >> 4 > 1 || (data[0] & 15) > 3)
            return damaged(part, "quantisation table of an impossible kind or number", err);
        if (bytes > left)
            return damaged(part, "quantisation table cut short", err);
        in->quantisation_tables |= 1U << (data[0] & 15);
        data += bytes;
        left -= bytes;
    }
    return ASL_OK;
}

static asl_status check_frame_kind(const segment *part, asl_error *err)
{
    switch (part->marker) {
    case SOF0:
    case SOF1:
    case SOF2:
        break;
    case 0xc3:
        return unsupported(part, "lossless coding", err);
    case 0xc5:
    case 0xc6:
    case 0xc7:
        return unsupported(part, "hierarchical coding", err);
    default:
        return unsupported(part, "arithmetic coding", err);
    }
    if (part->length < 6)
        return damaged(part, "frame header cut short", err);
    if (part->data[0] != 8)
        return unsupported(part, "other than 8 bits a sample", err);
    if (part->data[5] == 4)
        return unsupported(part, "CMYK colour", err);
    if (part->data[5] != 1 && part->data[5] != 3)
        return unsupported(part, "other than 1 or 3 components", err);
    return ASL_OK;
}

/* Fills in the components; their sampling factors must divide the largest. */
static asl_status read_components(scan *in, const segment *part, asl_error *err)
{
    const uint8_t *data = part->data + 6;
    uint32_t most[2] = {1, 1};
    for (int32_t i = 0; i < in->component_count; i++) {
        const uint32_t factors[2] = {data[i * 3 + 1] >> 4, data[i * 3 + 1] & 15};
        in->components[i] = (component){data[i * 3], data[i * 3 + 2], false};
        for (int32_t j = 0; j < i; j++)
            if (in->components[j].id == in->components[i].id)
                return damaged(part, "two components of one name", err);
        if (in->components[i].quantisation > 3)
            return damaged(part, "impossible quantisation table", err);
        for (int32_t axis = 0; axis < 2; axis++) {
            if (factors[axis] < 1 || factors[axis] > 4)
                return damaged(part, "sampling factor that is not 1 to 4", err);
            if (factors[axis] > most[axis])
                most[axis] = factors[axis];
        }
    }
    for (int32_t i = 0; i < in->component_count; i++)
        if (most[0] % (data[i * 3 + 1] >> 4) != 0 || most[1] % (data[i * 3 + 1] & 15) != 0)
            return unsupported(part, "fractional sampling", err);
    return ASL_OK;
}

static asl_status read_frame(scan *in, const segment *part, asl_error *err)
{
    asl_status status = ASL_OK;
    if (in->component_count != 0)
        return damaged(part, "a second frame", err);
    ASL__TRY(check_frame_kind(part, err));
    const int32_t height = (int32_t)asl__be16(part->data + 1);
    const int32_t width = (int32_t)asl__be16(part->data + 3);
    ASL__TRY(asl__picture_check_size("JPEG", width, height, in->limits, err));
    in->picture.width = width;
    in->picture.height = height;
    in->progressive = part->marker == SOF2;
    in->component_count = part->data[5];
    if (part->length != 6 + 3 * (size_t)in->component_count)
        return damaged(part, "frame header of the wrong length", err);
    ASL__TRY(read_components(in, part, err));
fail:
    return status;
}

static component *find_component(scan *in, uint8_t id)
{
    for (int32_t i = 0; i < in->component_count; i++)
        if (in->components[i].id == id)
            return &in->components[i];
    return NULL;
}

/* Moves past coded data to the next marker that is no restart. */
static asl_status skip_coded_data(scan *in, asl_error *err)
{
    while (in->at < in->size) {
        const uint8_t *mark = memchr(in->file + in->at, 0xff, in->size - in->at);
        if (mark == NULL || (size_t)(mark - in->file) + 1 == in->size)
            break;
        in->at = (size_t)(mark - in->file);
        if (mark[1] != 0 && (mark[1] < RST0 || mark[1] > RST7))
            return ASL_OK;
        in->at += 2;
    }
    return truncated(in, err);
}

static int32_t most_scans(const asl__picture *picture)
{
    const int64_t affordable = MOST_SCANNED / ((int64_t)picture->width * picture->height);
    if (affordable > MAX_SCANS)
        return MAX_SCANS;
    return affordable < FEW_SCANS ? FEW_SCANS : (int32_t)affordable;
}

static asl_status read_scan(scan *in, const segment *part, asl_error *err)
{
    const size_t count = part->length > 0 ? part->data[0] : 0;
    if (in->component_count == 0)
        return damaged(part, "a scan before the frame", err);
    if (++in->scans > most_scans(&in->picture))
        return asl__fail_at(err, ASL_ERR_LIMIT, (int64_t)part->offset,
                            "JPEG: more than %d scans of %dx%d pixels", in->scans - 1,
                            in->picture.width, in->picture.height);
    if (count < 1 || count > (size_t)in->component_count || part->length != 4 + 2 * count)
        return damaged(part, "scan header of the wrong length", err);
    const uint8_t *tail = part->data + 1 + 2 * count;
    const bool dc = !in->progressive || tail[0] == 0;
    const bool needs_dc = dc && tail[2] >> 4 == 0; /* refinements of DC are plain bits */
    const bool needs_ac = !in->progressive || tail[0] > 0;
    for (size_t i = 0; i < count; i++) {
        component *which = find_component(in, part->data[1 + 2 * i]);
        const uint8_t tables = part->data[2 + 2 * i];
        if (which == NULL)
            return damaged(part, "a scan of an unknown component", err);
        if ((in->quantisation_tables >> which->quantisation & 1) == 0)
            return damaged(part, "no quantisation table", err);
        if ((needs_dc && (in->huffman_tables[0] >> (tables >> 4) & 1) == 0) ||
            (needs_ac && (in->huffman_tables[1] >> (tables & 15) & 1) == 0))
            return damaged(part, "no Huffman table", err);
        which->seen = which->seen || dc;
    }
    return skip_coded_data(in, err);
}

static asl_status read_segment(scan *in, const segment *part, asl_error *err)
{
    switch (part->marker) {
    case DHT:
        return read_huffman(in, part, err);
    case DQT:
        return read_quantisation(in, part, err);
    case SOS:
        return read_scan(in, part, err);
    case DRI:
        return part->length == 2 ? ASL_OK : damaged(part, "not 4 bytes long", err);
    case APP1:
        if (in->picture.exif == NULL && part->length > 6 && memcmp(part->data, "Exif\0", 6) == 0) {
            in->picture.exif = part->data + 6;
            in->picture.exif_size = part->length - 6;
        }
        return ASL_OK;
    default:
        if (part->marker >= SOF0 && part->marker <= SOF15)
            return read_frame(in, part, err);
        if ((part->marker >= APP0 && part->marker <= APP15) || part->marker == COM)
            return ASL_OK;
        return damaged(part, "unexpected", err);
    }
}

/* Finds the next marker and, unless it is the end, the segment behind it. */
static asl_status next_segment(segment *out, scan *in, asl_error *err)
{
    const size_t start = in->at;
    while (in->at < in->size && in->file[in->at] == 0xff)
        in->at++; /* any number of 0xff may come before the code */
    if (in->at == in->size)
        return truncated(in, err);
    if (in->at == start)
        return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)start, "JPEG: no segment at byte %zu",
                            start);
    *out = (segment){NULL, 0, in->at - 1, in->file[in->at]};
    in->at++;
    if (out->marker == EOI)
        return ASL_OK;
    if (out->marker <= TEM || (out->marker >= RST0 && out->marker < EOI))
        return damaged(out, "unexpected", err);
    if (in->size - in->at < 2)
        return truncated(in, err);
    const size_t length = asl__be16(in->file + in->at);
    if (length < 2)
        return damaged(out, "shorter than its own length field", err);
    if (length > in->size - in->at)
        return truncated(in, err);
    out->data = in->file + in->at + 2;
    out->length = length - 2;
    in->at += length;
    return ASL_OK;
}

static asl_status check_complete(const scan *in, asl_error *err)
{
    if (in->scans == 0)
        return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)in->at, "JPEG: holds no picture");
    for (int32_t i = 0; i < in->component_count; i++)
        if (!in->components[i].seen)
            return asl__fail_at(err, ASL_ERR_IMAGE, (int64_t)in->at,
                                "JPEG: no data for component %d", in->components[i].id);
    return ASL_OK;
}

asl_status asl__jpeg_scan(asl__picture *out, const uint8_t *data, size_t size,
                          const asl_decode_options *limits, asl_error *err)
{
    asl_status status = ASL_OK;
    scan in = {.file = data, .size = size, .at = 2, .limits = limits};
    segment part = {NULL, 0, 0, 0};
    for (;;) {
        ASL__TRY(next_segment(&part, &in, err));
        if (part.marker == EOI)
            break;
        ASL__TRY(read_segment(&in, &part, err));
    }
    ASL__TRY(check_complete(&in, err));
    *out = in.picture;
fail:
    return status;
}
