/* SPDX-License-Identifier: MIT */
/* Bytes as a model file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "asl/inferer.h"
#include "asl/model.h"
#include "fuzz/fuzz.h"

enum { SIDE = 8, MOST_MACS = 1 << 20, MOST_NUMBERS = 1 << 18, MOST_BYTES = 32 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

/* Numbers that one picture becomes on its way. */
static int64_t numbers(const asl_model *model, const asl_model_info *info)
{
    int64_t sum = (int64_t)3 * info->width * info->height;
    for (int32_t i = 0; i < info->layer_count; i++) {
        asl_layer_info layer = {.struct_size = sizeof layer};
        FUZZ_CHECK(asl_model_get_layer(&layer, model, i, NULL) == ASL_OK);
        FUZZ_CHECK(fuzz_is_plain(layer.text));
        sum += (int64_t)layer.channels * layer.height * layer.width;
    }
    return sum;
}

static void classify(const asl_model *model, const asl_model_info *info)
{
    static const uint8_t pixels[SIDE * SIDE * 3] = {9, 90, 200, 17};
    const asl_image_view view = {
        .pixels = pixels, .width = SIDE, .height = SIDE, .stride = 3 * SIDE, .format = 0};
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    const size_t count = (size_t)info->label_count;
    if (info->mac_count > MOST_MACS || numbers(model, info) > MOST_NUMBERS)
        return;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 1;
    options.isa = "c";
    float *scores = calloc(count, sizeof *scores);
    FUZZ_CHECK(scores != NULL);
    FUZZ_CHECK(fuzz_went(asl_inferer_create(&inferer, model, &options, &err), &err, 0));
    FUZZ_CHECK(fuzz_went(asl_inferer_classify(scores, count, inferer, &view, NULL, &err), &err, 0));
    asl_inferer_free(inferer);
    free(scores);
}

/* What was loaded can be saved, and what was saved is loaded and saved as the same bytes. */
static void save(const asl_model *model, int32_t weights)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *again = NULL;
    asl_save_options options;
    size_t size, size_again, count, count_again;
    asl_save_options_init(&options, sizeof options);
    options.weights = weights;
    if (!fuzz_went(asl_model_save_as(model, "first", &options, &err), &err, ASL_ERR_LIMIT, 0)) {
        FUZZ_CHECK(weights != ASL_WEIGHTS_F32);
        return;
    }
    void *first = fuzz_read("first", &size);
    FUZZ_CHECK(fuzz_went(asl_model_load_memory(&again, first, size, &err), &err, 0));
    if (weights == ASL_WEIGHTS_F32) {
        const float *values = asl_model_parameters(&count, model);
        const float *values_again = asl_model_parameters(&count_again, again);
        FUZZ_CHECK(count == count_again);
        FUZZ_CHECK(memcmp(values, values_again, count * sizeof *values) == 0);
        FUZZ_CHECK(fuzz_went(asl_model_save(again, "second", &err), &err, 0));
        void *second = fuzz_read("second", &size_again);
        FUZZ_CHECK(size == size_again && memcmp(first, second, size) == 0);
        free(second);
    }
    free(first);
    asl_model_free(again);
}

static void check(const asl_model *model, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    size_t count;
    FUZZ_CHECK(asl_model_get_info(&info, model, &err) == ASL_OK);
    FUZZ_CHECK(info.label_count >= 2 && info.width >= 1 && info.height >= 1);
    FUZZ_CHECK(info.temperature > 0.0);
    for (int32_t i = 0; i < info.label_count; i++)
        FUZZ_CHECK(fuzz_is_plain(asl_model_label(model, i)));
    const float *values = asl_model_parameters(&count, model);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(isfinite(values[i]));
    save(model, (int32_t)(size % 3));
    classify(model, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    fuzz_begin();
    if (fuzz_went(asl_model_load_memory(&model, data == NULL ? (const void *)"" : data, size, &err),
                  &err, ASL_ERR_TRUNCATED, ASL_ERR_CHECKSUM, ASL_ERR_MODEL, ASL_ERR_MODEL_TOO_NEW,
                  ASL_ERR_ARCHITECTURE, ASL_ERR_LABELS, ASL_ERR_LIMIT, 0))
        check(model, size);
    else
        FUZZ_CHECK(model == NULL);
    asl_model_free(model);
    fuzz_end(MOST_BYTES);
    return 0;
}
