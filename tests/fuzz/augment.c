/* SPDX-License-Identifier: MIT */
/* Bytes as the text of an augmentation. */
#include <stdlib.h>
#include <string.h>

#include "asl/augment.h"
#include "fuzz/fuzz.h"

enum { SIDE = 12, MOST_BYTES = 1 << 20 };

static uint8_t pixels[SIDE * SIDE * 3];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    return 0;
}

static void apply(uint8_t *out, const asl_augmentation *augmentation, int64_t sample)
{
    const asl_image_view view = {.pixels = pixels,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .stride = SIDE * 3,
                                 .format = ASL_FORMAT_RGB24};
    asl_error err = ASL_ERROR_INIT;
    int32_t negative = -1;
    FUZZ_CHECK(fuzz_went(
        asl_augmentation_apply(out, &negative, augmentation, &view, SIDE, SIDE, 1, 0, sample, &err),
        &err, 0));
    FUZZ_CHECK(negative == 0 || negative == 1);
}

/* What the text says of itself makes the same augmentation again. */
static void check(const asl_augmentation *augmentation, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *again = NULL;
    uint8_t first[sizeof pixels], second[sizeof pixels];
    const char *text = asl_augmentation_text(augmentation);
    FUZZ_CHECK(fuzz_is_plain(text));
    FUZZ_CHECK(fuzz_went(asl_augmentation_create(&again, text, &err), &err, 0));
    FUZZ_CHECK(strcmp(text, asl_augmentation_text(again)) == 0);
    apply(first, augmentation, (int64_t)size);
    apply(second, again, (int64_t)size);
    FUZZ_CHECK(memcmp(first, second, sizeof first) == 0);
    asl_augmentation_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *augmentation = NULL;
    char *text = malloc(size + 1);
    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    fuzz_begin();
    if (fuzz_went(asl_augmentation_create(&augmentation, text, &err), &err, ASL_ERR_ARG, 0))
        check(augmentation, size);
    else
        FUZZ_CHECK(augmentation == NULL && err.offset <= (int64_t)size);
    asl_augmentation_free(augmentation);
    fuzz_end(MOST_BYTES);
    free(text);
    return 0;
}
