/* SPDX-License-Identifier: MIT */
#include "fuzz/small.h"

#include <stdio.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static const char *const labels[SMALL_CLASSES] = {"A", "B", "nothing"};

static void draw(const char *path, uint8_t colour)
{
    uint8_t pixels[SMALL_SIDE * SMALL_SIDE * 3];
    const asl_image_view view = {.pixels = pixels,
                                 .width = SMALL_SIDE,
                                 .height = SMALL_SIDE,
                                 .stride = SMALL_SIDE * 3,
                                 .format = ASL_FORMAT_RGB24};
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(colour * (i % 7));
    FUZZ_CHECK(asl_image_save(&view, path, 0, NULL) == ASL_OK);
}

asl_dataset *small_dataset(void)
{
    asl_dataset *folder = NULL, *packed = NULL;
    asl_pack_options options;
    char path[64];
    mkdir("small", 0777);
    for (int i = 0; i < SMALL_CLASSES; i++) {
        snprintf(path, sizeof path, "small/%s", labels[i]);
        mkdir(path, 0777);
        for (int k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "small/%s/%d.png", labels[i], k);
            draw(path, (uint8_t)(7 * i + 3 * k + 1));
        }
    }
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = SMALL_SIDE;
    options.threads = 1;
    FUZZ_CHECK(asl_dataset_open(&folder, "small", NULL, NULL) == ASL_OK);
    FUZZ_CHECK(asl_dataset_pack(&packed, folder, "small.pack", &options, NULL) == ASL_OK);
    asl_dataset_free(folder);
    return packed;
}

asl_model *small_model(void)
{
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = SMALL_SIDE;
    options.labels = labels;
    options.label_count = SMALL_CLASSES;
    options.architecture = "conv2d 2 k3 p1; batch_norm; relu; max_pool 2; dropout 0.2; "
                           "global_pool both; dense classes";
    options.seed = 7;
    FUZZ_CHECK(asl_model_create(&model, "tiny", &options, NULL) == ASL_OK);
    return model;
}
