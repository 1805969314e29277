/* SPDX-License-Identifier: MIT */
/* Bytes as a JPEG or PNG file. Built twice: with the JPEG decoder of this build, and with
 * stb_image's. */
#include <string.h>

#include "asl/image.h"
#include "fuzz/fuzz.h"
#include "image/image.h"

enum { SIDE = 32, MOST_PIXELS = 1 << 18, MOST_BYTES = 32 << 20 };

static asl_decode_options limits;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    asl_decode_options_init(&limits, sizeof limits);
    limits.max_pixels = MOST_PIXELS;
    return 0;
}

/* Small pictures are decoded more than once, the others would take all the time. */
static void check_picture(const asl_image *image, const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *again = NULL, *stored = NULL;
    const asl_image_view view = asl_image_get_view(image);
    const int64_t pixels = (int64_t)view.width * view.height;
    FUZZ_CHECK(view.format == ASL_FORMAT_RGB24 && view.stride == 3 * (int64_t)view.width);
    FUZZ_CHECK(pixels >= 1 && pixels <= MOST_PIXELS);
    const uint64_t hash = fuzz_hash(view.pixels, (size_t)pixels * 3);
    if (pixels > 1 << 14)
        return;
    FUZZ_CHECK(asl_image_decode(&again, data, size, &limits, &err) == ASL_OK);
    FUZZ_CHECK(fuzz_hash(asl_image_pixels(again), (size_t)pixels * 3) == hash);
    asl_decode_options as_stored = limits;
    as_stored.ignore_orientation = 1;
    FUZZ_CHECK(asl_image_decode(&stored, data, size, &as_stored, &err) == ASL_OK);
    const asl_image_view lying = asl_image_get_view(stored);
    FUZZ_CHECK((lying.width == view.width && lying.height == view.height) ||
               (lying.width == view.height && lying.height == view.width));
    asl_image_free(stored);
    asl_image_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL, *shrunk = NULL;
    fuzz_begin();
    if (fuzz_went(asl_image_decode(&image, data, size, &limits, &err), &err, ASL_ERR_IMAGE,
                  ASL_ERR_TRUNCATED, ASL_ERR_UNSUPPORTED, ASL_ERR_LIMIT, 0)) {
        check_picture(image, data, size);
        if (fuzz_went(asl__image_decode_shrunk(&shrunk, data, size, SIDE, &limits, &err), &err,
                      ASL_ERR_IMAGE, ASL_ERR_TRUNCATED, ASL_ERR_LIMIT, 0)) {
            const asl_image_view whole = asl_image_get_view(image);
            const asl_image_view small = asl_image_get_view(shrunk);
            FUZZ_CHECK(small.width <= whole.width && small.height <= whole.height);
            FUZZ_CHECK((small.width == whole.width && small.height == whole.height) ||
                       (small.width > SIDE && small.height > SIDE));
        } else {
            FUZZ_CHECK(shrunk == NULL);
        }
    } else {
        FUZZ_CHECK(image == NULL);
    }
    asl_image_free(shrunk);
    asl_image_free(image);
    fuzz_end(MOST_BYTES);
    return 0;
}
