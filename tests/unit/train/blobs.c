/* SPDX-License-Identifier: MIT */
/* Pictures of blobs; see blobs.h. */
#include "support/support.h"

#include <sys/stat.h>

#include "unit/train/blobs.h"

#include "base/random.h"

static const char *const names[BLOBS_CLASSES] = {"blue", "green", "red"};
static const uint8_t colours[BLOBS_CLASSES][3] = {{40, 60, 220}, {40, 200, 60}, {220, 50, 40}};

static void draw(const char *path, int32_t class_index, int32_t side, uint64_t seed,
                 uint64_t number)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    const uint64_t stream = 1000 * (number + 1) + (uint64_t)class_index;
    assert_ok(asl_image_create(&image, side, side, ASL_FORMAT_RGB24, &err), &err);
    uint8_t *pixels = asl_image_pixels(image);
    const int32_t cx = side / 4 + (int32_t)asl__random_below(seed, stream, 0, (uint64_t)side / 2);
    const int32_t cy = side / 4 + (int32_t)asl__random_below(seed, stream, 1, (uint64_t)side / 2);
    const int32_t radius = side / 4;
    for (int32_t y = 0; y < side; y++) {
        for (int32_t x = 0; x < side; x++) {
            const bool inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) <= radius * radius;
            const uint64_t place = 2 + (uint64_t)(y * side + x);
            const uint8_t grey = (uint8_t)(70 + asl__random_below(seed, stream, place, 120));
            for (int32_t c = 0; c < 3; c++)
                pixels[(y * side + x) * 3 + c] =
                    inside ? (uint8_t)((colours[class_index][c] + grey) / 2) : grey;
        }
    }
    const asl_image_view view = asl_image_get_view(image);
    assert_ok(asl_image_save(&view, path, 0, &err), &err);
    asl_image_free(image);
}

void blobs_make(const char *folder, int32_t per_class, int32_t side, uint64_t seed, bool grouped)
{
    char path[256], csv[8192];
    size_t used = (size_t)snprintf(csv, sizeof csv, "image_path,target,group\n");
    test_make_folder(folder);
    for (int32_t k = 0; k < BLOBS_CLASSES; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        assert_int_equal(mkdir(path, 0777), 0);
        for (int32_t i = 0; i < per_class; i++) {
            snprintf(path, sizeof path, "%s/%s/%02d.png", folder, names[k], i);
            draw(path, k, side, seed, (uint64_t)i);
            used += (size_t)snprintf(csv + used, sizeof csv - used, "%s/%02d.png,%s,%s\n", names[k],
                                     i, names[k], i % 2 == 0 ? "anna" : "ben");
            assert_true(used < sizeof csv);
        }
    }
    snprintf(path, sizeof path, "%s/data.csv", folder);
    if (grouped)
        test_write_file(path, csv, used);
}

asl_dataset *blobs_open(const char *folder)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    assert_ok(asl_dataset_open(&dataset, folder, NULL, &err), &err);
    return dataset;
}

asl_model *blobs_model_with(const char *const *labels, int32_t label_count)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 16;
    options.labels = labels;
    options.label_count = label_count;
    options.architecture = "conv2d 8 k3 p1; batch_norm; relu; max_pool 2; dropout 0.2; "
                           "global_pool both; dense classes";
    options.seed = 7;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

asl_model *blobs_model(void)
{
    static const char *const labels[BLOBS_CLASSES] = {"red", "blue", "green"};
    return blobs_model_with(labels, BLOBS_CLASSES);
}

uint64_t blobs_hash(const asl_model *model)
{
    size_t count;
    const unsigned char *bytes = (const unsigned char *)asl_model_parameters(&count, model);
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < count * sizeof(float); i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}
