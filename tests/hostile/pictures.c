/* SPDX-License-Identifier: MIT */
/* Hostile pictures, each with its exact status and what it may cost at most: refused in a second,
 * and decoded in one more for each 32 Mi pixels. Cut files and flipped bits are in
 * unit/image/damage.c.
 */
#include "hostile/jpeg.h"
#include "hostile/meter.h"
#include "support/support.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"
#include "image/codec.h"

enum { LITTLE = 1 << 20, SLACK = 16 << 20 };

/* A file, and the size of the picture as far as decoding it gets; 0: the scan must refuse it. */
typedef struct hostile {
    const char *name;
    asl_status expected;
    int32_t width, height;
    file_bytes file;
} hostile;

static int cases;
static double slowest;
static size_t largest;

static bool open_picture(asl_status *status, const void *what)
{
    const hostile *h = what;
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    *status = asl_image_decode(&image, h->file.data, h->file.size, NULL, &err);
    const bool good = (image != NULL) == (*status == ASL_OK) && err.code == *status &&
                      (*status == ASL_OK || err.message[0] != '\0');
    asl_image_free(image);
    return good;
}

/* Runs one case and releases its file. */
static void check(hostile h)
{
    uint8_t *exact = malloc(h.file.size > 0 ? h.file.size : 1);
    memcpy(exact, h.file.data, h.file.size);
    asl_free(h.file.data);
    h.file.data = exact;
    const cost spent = meter_run(open_picture, &h);
    const asl__picture picture = {.width = h.width, .height = h.height};
    const size_t pixels = (size_t)h.width * (size_t)h.height;
    /* The picture, once more when it is turned, and the budget on top. */
    const size_t budget =
        pixels > 0 ? 6 * pixels + (size_t)asl__decode_budget(&picture, h.file.size) : LITTLE;
    free(exact);
    if (!spent.ended)
        fail_msg("%s: it did not end as it should", h.name);
    if (spent.status != h.expected)
        fail_msg("%s: %s, not %s", h.name, asl_status_name(spent.status),
                 asl_status_name(h.expected));
    if (spent.peak > budget)
        fail_msg("%s: %zu bytes of memory, over %zu", h.name, spent.peak, budget);
    if (!METER_SANITIZED && spent.resident > budget + SLACK)
        fail_msg("%s: the process grew by %zu bytes, over %zu", h.name, spent.resident, budget);
    if (!METER_SANITIZED && spent.seconds > 1 + (double)(pixels >> 25))
        fail_msg("%s: %.2f seconds", h.name, spent.seconds);
    slowest = spent.seconds > slowest ? spent.seconds : slowest;
    largest = spent.peak > largest ? spent.peak : largest;
    cases++;
}

/* ---- PNG ---- */

static void put_chunk(jpeg *out, const char *type, const void *data, size_t size)
{
    uint8_t *chunk = malloc(size + 12);
    jpeg_put(out, chunk, write_chunk(chunk, type, data, size));
    free(chunk);
}

/* A PNG file's start. */
static jpeg png_begin(uint32_t width, uint32_t height, uint8_t depth, uint8_t colour,
                      uint8_t interlaced)
{
    jpeg out = {{NULL, 0}, 0};
    const uint8_t header[13] = {(uint8_t)(width >> 24),
                                (uint8_t)(width >> 16),
                                (uint8_t)(width >> 8),
                                (uint8_t)width,
                                (uint8_t)(height >> 24),
                                (uint8_t)(height >> 16),
                                (uint8_t)(height >> 8),
                                (uint8_t)height,
                                depth,
                                colour,
                                0,
                                0,
                                interlaced};
    jpeg_put(&out, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&out, "IHDR", header, sizeof header);
    if (colour == 3)
        put_chunk(&out, "PLTE", "\1\2\3\4\5\6", 6);
    return out;
}

static uint8_t *deflated(size_t *size, size_t zeros)
{
    uint8_t *raw = calloc(1, zeros + 1);
    uLongf packed = compressBound((uLong)zeros);
    uint8_t *out = malloc(packed);
    assert_int_equal(compress2(out, &packed, raw, (uLong)zeros, 1), Z_OK);
    free(raw);
    *size = packed;
    return out;
}

static file_bytes png_end(jpeg *out, size_t zeros)
{
    size_t size;
    uint8_t *data = deflated(&size, zeros);
    put_chunk(out, "IDAT", data, size);
    put_chunk(out, "IEND", NULL, 0);
    free(data);
    return out->file;
}

static file_bytes png_plain(uint32_t width, uint32_t height, uint8_t depth, uint8_t colour,
                            size_t zeros)
{
    jpeg out = png_begin(width, height, depth, colour, 0);
    return png_end(&out, zeros);
}

static void png_sides(void **state)
{
    static const struct {
        const char *name;
        uint32_t width, height;
        uint8_t depth, colour;
        asl_status expected;
    } table[] = {
        {"PNG 65535x65535", 65535, 65535, 8, 2, ASL_ERR_LIMIT},
        {"PNG 65535x1", 65535, 1, 8, 2, ASL_ERR_LIMIT},
        {"PNG 1x65535", 1, 65535, 8, 2, ASL_ERR_LIMIT},
        {"PNG 65536x65536, whose product is 2^32", 65536, 65536, 8, 0, ASL_ERR_LIMIT},
        {"PNG 32769x1", 32769, 1, 1, 0, ASL_ERR_LIMIT},
        {"PNG 32768x2049", 32768, 2049, 1, 0, ASL_ERR_LIMIT},
        {"PNG of 2^31-1 a side", 0x7fffffff, 0x7fffffff, 16, 6, ASL_ERR_LIMIT},
        {"PNG of 2^31 a side", 0x80000000, 0x80000000, 16, 6, ASL_ERR_LIMIT},
        {"PNG of 2^32-1 a side", 0xffffffff, 0xffffffff, 16, 6, ASL_ERR_LIMIT},
        {"PNG 0x4", 0, 4, 8, 2, ASL_ERR_IMAGE},
        {"PNG 4x0", 4, 0, 8, 2, ASL_ERR_IMAGE},
        {"PNG 0x65535", 0, 65535, 8, 2, ASL_ERR_IMAGE},
        {"PNG 8192x8192 without the data", 8192, 8192, 16, 6, ASL_ERR_IMAGE},
        {"PNG 32768x2048 without the data", 32768, 2048, 8, 2, ASL_ERR_IMAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check((hostile){
            table[i].name, table[i].expected, 0, 0,
            png_plain(table[i].width, table[i].height, table[i].depth, table[i].colour, 1000)});
    check((hostile){"PNG 32768x1", ASL_OK, 32768, 1, png_plain(32768, 1, 1, 0, 4097)});
    check((hostile){"PNG 1x32768", ASL_OK, 1, 32768, png_plain(1, 32768, 16, 6, 9 * 32768)});
}

static void png_bombs(void **state)
{
    static const char *const texts[] = {"zTXt", "iTXt", "iCCP"};
    enum { RAW = 64 << 20, MANY = 100000 };
    size_t size;
    uint8_t *data = deflated(&size, RAW);
    uint8_t *text = malloc(size + 8);
    (void)state;
    memcpy(text, "name\0\1\0\0", 8);
    memcpy(text + 8, data, size);
    check((hostile){"PNG of 64 MiB behind 8x8 pixels", ASL_ERR_IMAGE, 0, 0,
                    png_plain(8, 8, 8, 2, RAW)});
    for (int i = 0; i < 3; i++) {
        jpeg out = png_begin(8, 8, 8, 2, 0);
        put_chunk(&out, texts[i], text, size + 8);
        check((hostile){texts[i], ASL_OK, 8, 8, png_end(&out, 8 * 25)});
    }
    for (int kind = 0; kind < 3; kind++) {
        static const char *const names[] = {"PNG with 100000 empty data", "PNG with 100000 texts",
                                            "PNG with 100000 frames"};
        static const char *const types[] = {"IDAT", "tEXt", "fdAT"};
        jpeg out = png_begin(8, 8, 8, 2, 0);
        for (int i = 0; i < MANY; i++)
            put_chunk(&out, types[kind], NULL, 0);
        check((hostile){names[kind], ASL_OK, 8, 8, png_end(&out, 8 * 25)});
    }
    jpeg out = png_begin(8, 8, 8, 2, 0);
    const size_t whole = 8 * 25;
    free(data);
    data = deflated(&size, whole);
    for (size_t i = 0; i < size; i++)
        put_chunk(&out, "IDAT", data + i, 1);
    put_chunk(&out, "IEND", NULL, 0);
    check((hostile){"PNG of one byte a chunk", ASL_OK, 8, 8, out.file});
    free(data);
    free(text);
}

/* Bytes of all rows, from the specification's own formula: pass p has every 8th, 8th, 4th, ...
 * column from its first on. */
static size_t interlaced_bytes(size_t width, size_t height, size_t bits)
{
    static const uint8_t first_x[] = {0, 4, 0, 2, 0, 1, 0}, every_x[] = {8, 8, 4, 4, 2, 2, 1};
    static const uint8_t first_y[] = {0, 0, 4, 0, 2, 0, 1}, every_y[] = {8, 8, 8, 4, 4, 2, 2};
    size_t bytes = 0;
    for (int p = 0; p < 7; p++) {
        size_t columns = 0;
        for (size_t x = first_x[p]; x < width; x += every_x[p])
            columns++;
        for (size_t y = first_y[p]; columns > 0 && y < height; y += every_y[p])
            bytes += 1 + (columns * bits + 7) / 8;
    }
    return bytes;
}

/* Every colour type and depth, plain and interlaced, at sizes where some passes are empty; and with
 * a byte too few or too many. */
static void png_kinds(void **state)
{
    static const uint8_t channels[] = {1, 0, 3, 1, 2, 0, 4};
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 3}, {4, 4}, {5, 5}, {9, 8}, {8, 9}};
    (void)state;
    for (uint8_t colour = 0; colour < 7; colour++)
        for (uint8_t depth = 1; depth <= 16; depth = (uint8_t)(depth * 2))
            for (uint8_t interlaced = 0; interlaced < 2; interlaced++)
                for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                    const bool exists = (colour == 0) || (colour == 3 && depth <= 8) ||
                                        ((colour == 2 || colour == 4 || colour == 6) && depth >= 8);
                    const int width = sizes[i][0], height = sizes[i][1];
                    const size_t bits = (size_t)depth * channels[colour];
                    const size_t bytes =
                        interlaced ? interlaced_bytes((size_t)width, (size_t)height, bits)
                                   : (size_t)height * (1 + ((size_t)width * bits + 7) / 8);
                    for (int off = exists && i == 6 ? -1 : 0; off <= (exists && i == 6); off++) {
                        char name[64];
                        snprintf(name, sizeof name, "PNG colour %d depth %d%s %dx%d %+d", colour,
                                 depth, interlaced ? " interlaced" : "", width, height, off);
                        jpeg out =
                            png_begin((uint32_t)width, (uint32_t)height, depth, colour, interlaced);
                        check((hostile){name, exists && off == 0 ? ASL_OK : ASL_ERR_IMAGE, width,
                                        height, png_end(&out, bytes + (size_t)(off + 1) - 1)});
                    }
                }
}

/* A whole file with `bytes` written over it at `at`, from the end when negative. */
static void check_changed(const char *name, asl_status expected, int at, const char *bytes,
                          size_t size)
{
    file_bytes file = png_plain(4, 4, 8, 2, 52);
    memcpy(file.data + (at < 0 ? (int)file.size + at : at), bytes, size);
    check((hostile){name, expected, 4, 4, file});
}

static void png_sums(void **state)
{
    (void)state;
    check_changed("PNG with a wrong CRC of its header", ASL_ERR_IMAGE, 29, "\0\0\0\0", 4);
    check_changed("PNG with a wrong CRC of its data", ASL_ERR_IMAGE, -16, "\0\0\0\0", 4);
    check_changed("PNG with a wrong CRC of its end", ASL_ERR_IMAGE, -4, "\0\0\0\0", 4);
    check_changed("PNG with a header of 2^32-1 bytes", ASL_ERR_TRUNCATED, 8, "\xff\xff\xff\xff", 4);
    check_changed("PNG with data of 2^31 bytes", ASL_ERR_TRUNCATED, 33, "\x80\0\0\0", 4);
    check_changed("PNG with data longer than the file", ASL_ERR_TRUNCATED, 33, "\0\0\1\0", 4);
    static const struct {
        const char *name;
        size_t at; /* in the zlib stream; from the end when 0 */
        uint8_t flip;
    } streams[] = {
        {"PNG with a wrong Adler-32", 0, 1},           {"PNG with compression method 9", 0, 0},
        {"PNG with a window of 64 KiB", 0, 0},         {"PNG with a preset dictionary", 0, 0},
        {"PNG with a block of a reserved kind", 2, 6},
    };
    static const uint8_t heads[][2] = {{0, 0}, {0x79, 0x9d}, {0x88, 0x1c}, {0x78, 0xbb}, {0, 0}};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        size_t size;
        uint8_t *data = deflated(&size, 52);
        jpeg out = png_begin(4, 4, 8, 2, 0);
        if (heads[i][0] != 0)
            memcpy(data, heads[i], 2);
        data[streams[i].at > 0 ? streams[i].at : size - 1] ^= streams[i].flip;
        put_chunk(&out, "IDAT", data, size);
        put_chunk(&out, "IEND", NULL, 0);
        check((hostile){streams[i].name, ASL_ERR_IMAGE, 0, 0, out.file});
        free(data);
    }
    jpeg out = {{NULL, 0}, 0};
    jpeg_put(&out, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&out, "CgBI", "\x50\0\x20\6", 4);
    check((hostile){"PNG of a telephone", ASL_ERR_IMAGE, 0, 0, png_end(&out, 52)});
}

/* ---- JPEG ---- */

static void jpeg_kinds(void **state)
{
    static const struct {
        const char *name;
        uint8_t marker, depth;
        uint32_t width, height;
        uint8_t components, sampling;
        asl_status expected;
    } table[] = {
        {"JPEG 65535x65535", 0xc0, 8, 65535, 65535, 3, 0x11, ASL_ERR_LIMIT},
        {"JPEG 65535x1", 0xc0, 8, 65535, 1, 3, 0x11, ASL_ERR_LIMIT},
        {"JPEG 1x65535, progressive", 0xc2, 8, 1, 65535, 1, 0x11, ASL_ERR_LIMIT},
        {"JPEG 32768x2049", 0xc0, 8, 32768, 2049, 1, 0x11, ASL_ERR_LIMIT},
        {"JPEG of a height that comes later", 0xc0, 8, 8, 0, 1, 0x11, ASL_ERR_IMAGE},
        {"JPEG of no width", 0xc0, 8, 0, 8, 1, 0x11, ASL_ERR_IMAGE},
        {"JPEG in CMYK", 0xc0, 8, 8, 8, 4, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG in CMYK, progressive", 0xc2, 8, 8, 8, 4, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG in CMYK, 65535 a side", 0xc0, 8, 65535, 65535, 4, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of no component", 0xc0, 8, 8, 8, 0, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of two components", 0xc0, 8, 8, 8, 2, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of five components", 0xc0, 8, 8, 8, 5, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of 12 bits", 0xc1, 12, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of 16 bits", 0xc0, 16, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG of 0 bits", 0xc0, 0, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG lossless", 0xc3, 8, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG hierarchical", 0xc5, 8, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG hierarchical, lossless", 0xc7, 8, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG with arithmetic coding", 0xc9, 8, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG with arithmetic coding, progressive", 0xca, 8, 8, 8, 3, 0x11, ASL_ERR_UNSUPPORTED},
        {"JPEG sampled 0 times", 0xc0, 8, 8, 8, 1, 0x01, ASL_ERR_IMAGE},
        {"JPEG sampled 5 times", 0xc0, 8, 8, 8, 1, 0x15, ASL_ERR_IMAGE},
        {"JPEG without a scan", 0xc0, 8, 8, 8, 3, 0x11, ASL_ERR_IMAGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        jpeg out = jpeg_begin();
        jpeg_frame(&out, table[i].marker, table[i].depth, table[i].width, table[i].height,
                   table[i].components, table[i].sampling);
        jpeg_tables(&out, false);
        check((hostile){table[i].name, table[i].expected, 0, 0, jpeg_end(&out)});
    }
    check((hostile){"JPEG 32768x1", ASL_OK, 32768, 1, jpeg_plain(32768, 1, 3)});
    check((hostile){"JPEG 1x32768", ASL_OK, 1, 32768, jpeg_plain(1, 32768, 3)});
    check((hostile){"JPEG 8192x8192 in 263 kB", ASL_OK, 8192, 8192, jpeg_plain(8192, 8192, 1)});
}

static void jpeg_with_many_scans(void **state)
{
    static const struct {
        const char *name;
        uint32_t side;
        int scans; /* with the first, which is of DC coefficients */
        asl_status expected;
    } table[] = {
        {"JPEG of 10 scans", 64, 10, ASL_OK},
        {"JPEG of 100 scans", 64, 100, ASL_OK},
        {"JPEG of 101 scans", 64, 101, ASL_ERR_LIMIT},
        {"JPEG of 1000 scans", 64, 1000, ASL_ERR_LIMIT},
        {"JPEG of 1000 scans, 8192 a side", 8192, 1000, ASL_ERR_LIMIT},
        {"JPEG of 65 scans, 4096 a side", 4096, 65, ASL_ERR_LIMIT},
        {"JPEG of 17 scans, 8192 a side", 8192, 17, ASL_ERR_LIMIT},
        {"JPEG of 10 scans, 8192 a side", 8192, 10, ASL_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const int32_t side = table[i].expected == ASL_OK ? (int32_t)table[i].side : 0;
        check((hostile){table[i].name, table[i].expected, side, side,
                        jpeg_scans(table[i].side, table[i].side, table[i].scans - 1)});
    }
}

/* Segments that mean nothing to us, many or large. */
static void jpeg_with_baggage(void **state)
{
    static const uint8_t bytes[65533];
    enum { MANY = 20000, FILL = 1 << 20 };
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        static const char *const names[] = {
            "JPEG with 20000 comments", "JPEG with 64 large profiles",
            "JPEG with 1 MiB of fill bytes", "JPEG with 20000 tables"};
        jpeg out = jpeg_begin();
        if (kind == 0)
            for (int i = 0; i < MANY; i++)
                jpeg_segment(&out, 0xfe, "hi", 2);
        else if (kind == 1)
            for (int i = 0; i < 64; i++)
                jpeg_segment(&out, 0xe2, bytes, sizeof bytes);
        else if (kind == 2)
            for (int i = 0; i < FILL / 2; i++)
                jpeg_put(&out, "\xff\xff", 2);
        else
            for (int i = 0; i < MANY; i++)
                jpeg_tables(&out, true);
        jpeg_frame(&out, JPEG_BASELINE, 8, 8, 8, 3, 0x11);
        jpeg_tables(&out, false);
        jpeg_scan(&out, 1, 3, 0, 63, 0, 1);
        file_bytes file = jpeg_end(&out);
        check((hostile){names[kind], ASL_OK, 8, 8, file});
    }
    jpeg out = jpeg_begin();
    jpeg_frame(&out, JPEG_BASELINE, 8, 64, 64, 3, 0x11);
    jpeg_tables(&out, false);
    jpeg_segment(&out, 0xdd, "\0\1", 2); /* restart markers after each block, which do not come */
    jpeg_scan(&out, 1, 3, 0, 63, 0, 64);
    /* libjpeg misses them; stb_image does not. */
    check((hostile){"JPEG without its restarts", HAVE_LIBJPEG ? ASL_ERR_IMAGE : ASL_OK, 64, 64,
                    jpeg_end(&out)});
}

/* ---- EXIF ---- */

static void exif_loops(void **state)
{
    /* Little-endian; one directory at 8 of orientation 3 and one more entry, and what comes next.
     */
    static const struct {
        const char *name;
        uint8_t first, count, tag, value, next;
    } table[] = {
        {"EXIF whose next directory is this one", 8, 2, 0x69, 8, 8},
        {"EXIF whose inner directory is this one", 8, 2, 0x69, 8, 0},
        {"EXIF whose inner directory is the header", 8, 2, 0x69, 0, 0},
        {"EXIF whose places are this directory", 8, 2, 0x25, 8, 8},
        {"EXIF whose preview is this directory", 8, 2, 0x4a, 8, 38},
        {"EXIF of 255 entries, where two are", 8, 255, 0x69, 8, 8},
        {"EXIF of no entry", 8, 0, 0x69, 8, 8},
        {"EXIF that begins inside itself", 4, 2, 0x69, 4, 4},
        {"EXIF that begins at its start", 0, 2, 0x69, 0, 0},
        {"EXIF that begins at its end", 38, 2, 0x69, 38, 38},
        {"EXIF that begins behind its end", 39, 2, 0x69, 39, 39},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int kind = 0; kind < 2; kind++) {
            uint8_t exif[6 + 38] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, table[i].first};
            uint8_t *tiff = exif + 6;
            char name[80];
            tiff[8] = table[i].count;
            memcpy(tiff + 10, "\x12\1\3\0\1\0\0\0\3\0\0\0", 12);
            tiff[22] = table[i].tag;
            tiff[23] = 0x87;
            memcpy(tiff + 24, "\4\0\1\0\0\0", 6);
            tiff[30] = table[i].value;
            tiff[34] = table[i].next;
            snprintf(name, sizeof name, "%s, in a %s", table[i].name, kind == 0 ? "JPEG" : "PNG");
            jpeg out = kind == 0 ? jpeg_begin() : png_begin(8, 8, 8, 2, 0);
            if (kind == 0) {
                for (int times = 0; times < 3; times++) /* the first one counts */
                    jpeg_segment(&out, 0xe1, exif, sizeof exif);
                jpeg_frame(&out, JPEG_BASELINE, 8, 8, 8, 3, 0x11);
                jpeg_tables(&out, false);
                jpeg_scan(&out, 1, 3, 0, 63, 0, 1);
            } else {
                put_chunk(&out, "eXIf", tiff, 38);
            }
            check((hostile){name, ASL_OK, 8, 8, kind == 0 ? jpeg_end(&out) : png_end(&out, 200)});
        }
}

static int tell(void **state)
{
    (void)state;
    print_message("count: %d hostile pictures with their exact status, at most %.2f s and %zu kB "
                  "each\n",
                  cases, slowest, largest >> 10);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_sides),  cmocka_unit_test(png_bombs),
        cmocka_unit_test(png_kinds),  cmocka_unit_test(png_sums),
        cmocka_unit_test(jpeg_kinds), cmocka_unit_test(jpeg_with_many_scans),
        cmocka_unit_test(exif_loops), cmocka_unit_test(jpeg_with_baggage),
    };
    return cmocka_run_group_tests(tests, NULL, tell);
}
