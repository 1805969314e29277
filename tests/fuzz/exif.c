/* SPDX-License-Identifier: MIT */
/* Bytes as the EXIF data of a sound JPEG picture of 3x2 pixels. */
#include <string.h>

#include "asl/image.h"
#include "fuzz/fuzz.h"
#include "image/codec.h"

enum { WIDTH = 3, HEIGHT = 2, MARKER = 2, HEAD = 10, ROOM = 1 << 16, MOST_BYTES = 4 << 20 };

static uint8_t *picture;
static size_t picture_size;
static uint8_t with_exif[ROOM * 2];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t pixels[HEIGHT][WIDTH][3] = {{{200, 10, 10}}, {{0}, {10, 10, 200}}};
    const asl_image_view view = {.pixels = &pixels[0][0][0],
                                 .width = WIDTH,
                                 .height = HEIGHT,
                                 .stride = WIDTH * 3,
                                 .format = ASL_FORMAT_RGB24};
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    (void)argc;
    (void)argv;
    FUZZ_CHECK(asl_image_encode(&data, &picture_size, &view, ASL_ENCODING_JPEG, 0, &err) == 0);
    FUZZ_CHECK(picture_size < ROOM);
    picture = data;
    return 0;
}

/* The picture with an APP1 segment behind its first marker. */
static size_t insert(const uint8_t *exif, size_t size)
{
    const size_t length = size + HEAD - 2;
    uint8_t *to = with_exif;
    memcpy(to, picture, MARKER);
    memcpy(to + MARKER, "\xff\xe1\0\0Exif\0", HEAD);
    to[MARKER + 2] = (uint8_t)(length >> 8);
    to[MARKER + 3] = (uint8_t)length;
    if (size > 0)
        memcpy(to + MARKER + HEAD, exif, size);
    memcpy(to + MARKER + HEAD + size, picture + MARKER, picture_size - MARKER);
    return picture_size + HEAD + size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    if (size > UINT16_MAX - HEAD)
        return -1;
    fuzz_begin();
    const int32_t orientation = asl__exif_orientation(data, size);
    FUZZ_CHECK(orientation >= 1 && orientation <= 8);
    const size_t whole = insert(data, size);
    FUZZ_CHECK(fuzz_went(asl_image_decode(&image, with_exif, whole, NULL, &err), &err, 0));
    const asl_image_view view = asl_image_get_view(image);
    FUZZ_CHECK(view.width == (orientation < 5 ? WIDTH : HEIGHT));
    FUZZ_CHECK(view.height == (orientation < 5 ? HEIGHT : WIDTH));
    asl_image_free(image);
    fuzz_end(MOST_BYTES);
    return 0;
}
