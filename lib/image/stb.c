/* SPDX-License-Identifier: MIT */
/* The only file that sees stb: stb_image and stb_image_write compiled in, fenced, and on our own
 * memory. Each call gets an arena: it counts against a budget, hands out zeroed blocks (stb may
 * show what it never wrote), and frees whatever stb forgets when it fails. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "image/codec.h"
#include "image/convert.h"

typedef struct block {
    struct block *previous, *next;
    size_t size;
} block;

_Static_assert(sizeof(block) <= ASL__ALIGNMENT, "stb's bytes start one step after the block");

typedef struct arena {
    block blocks; /* head of a ring */
    size_t left;
    bool over_budget, out_of_memory;
} arena;

/* stb's hooks have no argument for it. */
static _Thread_local arena *current;

static void arena_open(arena *out, size_t budget)
{
    *out = (arena){.left = budget};
    out->blocks.previous = out->blocks.next = &out->blocks;
    current = out;
}

static void arena_free(void *memory)
{
    if (memory == NULL)
        return;
    block *old = (block *)((uint8_t *)memory - ASL__ALIGNMENT);
    old->previous->next = old->next;
    old->next->previous = old->previous;
    current->left += old->size;
    asl__free(old);
}

static void arena_close(arena *in)
{
    while (in->blocks.next != &in->blocks)
        arena_free((uint8_t *)in->blocks.next + ASL__ALIGNMENT);
    current = NULL;
}

static void *arena_alloc(size_t size)
{
    if (size > current->left) {
        current->over_budget = true;
        return NULL;
    }
    block *fresh = asl__alloc(ASL__ALIGNMENT + size);
    if (fresh == NULL) {
        current->out_of_memory = true;
        return NULL;
    }
    *fresh = (block){&current->blocks, current->blocks.next, size};
    fresh->next->previous = fresh;
    current->blocks.next = fresh;
    current->left -= size;
    return (uint8_t *)fresh + ASL__ALIGNMENT;
}

static void *arena_grow(void *memory, size_t used, size_t size)
{
    uint8_t *fresh = arena_alloc(size);
    if (fresh == NULL || memory == NULL)
        return fresh;
    memcpy(fresh, memory, used < size ? used : size);
    arena_free(memory);
    return fresh;
}

/* What stb_image_write uses in place of its own deflate, which would write past its buffer when
 * memory runs out, and packs less tightly. */
static unsigned char *arena_deflate(unsigned char *data, int size, int *out_size, int level)
{
    z_stream stream = {.zalloc = asl__zlib_alloc, .zfree = asl__zlib_free};
    (void)level; /* of stb's own deflate */
    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) {
        current->out_of_memory = true;
        return NULL;
    }
    const uLong most = deflateBound(&stream, (uLong)size);
    unsigned char *out = arena_alloc(most);
    if (out != NULL) {
        stream.next_in = data;
        stream.avail_in = (uInt)size;
        stream.next_out = out;
        stream.avail_out = (uInt)most;
        deflate(&stream, Z_FINISH);
        *out_size = (int)stream.total_out;
    }
    deflateEnd(&stream);
    return out;
}

#define STBI_ONLY_PNG
#if ASL__STB_JPEG
#define STBI_ONLY_JPEG
#endif
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_FAILURE_STRINGS               /* one of them is kept in a shared buffer */
#define STBI_ASSERT(condition)                ((void)0)
#define STBI_MALLOC(size)                     arena_alloc(size)
#define STBI_FREE(memory)                     arena_free(memory)
#define STBI_REALLOC_SIZED(memory, old, size) arena_grow(memory, old, size)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION

#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition)                     ((void)0)
#define STBIW_MALLOC(size)                          arena_alloc((size_t)(size))
#define STBIW_FREE(memory)                          arena_free(memory)
#define STBIW_REALLOC_SIZED(memory, old, size)      arena_grow(memory, old, size)
#define STBIW_ZLIB_COMPRESS(data, size, out, level) arena_deflate(data, size, out, level)
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION

/* Found through a system include path, so that most warnings stay stb's own. gcc decides on this
 * one at the end of the file: stb declares functions that it then leaves out. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#include <stb_image_write.h>

static asl_status arena_status(const arena *in, const char *kind, asl_error *err)
{
    if (in->out_of_memory)
        return asl__fail_memory(err, "a picture");
    if (in->over_budget)
        return asl__fail(err, ASL_ERR_LIMIT, "%s: needs more memory than its size warrants", kind);
    return asl__fail(err, ASL_ERR_IMAGE, "%s: the pixel data are damaged", kind);
}

asl_status asl__stb_decode(uint8_t *rgb, const asl__picture *picture, const char *kind,
                           const uint8_t *data, size_t size, asl_error *err)
{
    asl_status status = ASL_OK;
    arena memory;
    int width = 0, height = 0, channels = 0;
    arena_open(&memory, (size_t)asl__decode_budget(picture, size));
    const uint8_t *pixels =
        stbi_load_from_memory(data, (int)size, &width, &height, &channels, STBI_rgb_alpha);
    if (pixels == NULL || width != picture->width || height != picture->height) {
        status = arena_status(&memory, kind, err);
        goto fail;
    }
    const asl_image_view view = {.pixels = pixels,
                                 .width = width,
                                 .height = height,
                                 .stride = (int64_t)width * 4,
                                 .format = ASL_FORMAT_RGBA32};
    for (int32_t y = 0; y < height; y++)
        asl__rgb_row(rgb + (size_t)y * (size_t)width * 3, &view, 0, y, width);
fail:
    arena_close(&memory);
    return status;
}

static void append(void *buffer, void *data, int size)
{
    asl__buffer_append(buffer, data, (size_t)size);
}

asl_status asl__stb_encode(asl__buffer *out, const uint8_t *pixels, int32_t width, int32_t height,
                           int32_t channels, int32_t encoding, int32_t quality, asl_error *err)
{
    arena memory;
    arena_open(&memory, SIZE_MAX);
    const int done =
        encoding == ASL_ENCODING_PNG
            ? stbi_write_png_to_func(append, out, width, height, channels, pixels, 0)
            : stbi_write_jpg_to_func(append, out, width, height, channels, pixels, quality);
    arena_close(&memory);
    return done && !out->failed ? ASL_OK : asl__fail_memory(err, "an encoded picture");
}
