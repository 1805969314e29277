/* SPDX-License-Identifier: MIT */
/* Small data sets for the tests; see fixtures.h. */
#include "fixtures.h"

#include <sys/stat.h>

#include "asl/image.h"
#include "dataset/dataset.h"

void fixture_picture(const char *path, int seed, int width, int height)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *image = NULL;
    uint8_t *pixels = NULL;
    asl_image_view view;
    void *data = NULL;
    size_t size = 0;

    assert_ok(asl_image_create(&image, width, height, ASL_FORMAT_RGB24, &err), &err);
    pixels = asl_image_pixels(image);
    for (int i = 0; i < width * height * 3; i++)
        pixels[i] = (uint8_t)(seed * 37 + i * 11);
    view = asl_image_get_view(image);
    assert_ok(asl_image_encode(&data, &size, &view,
                               strstr(path, ".png") != NULL ? ASL_ENCODING_PNG : ASL_ENCODING_JPEG,
                               90, &err),
              &err);
    test_write_file(path, data, size);
    asl_free(data);
    asl_image_free(image);
}

void fixture_tree(const char *name, int classes, int per_class, int size)
{
    char path[256];

    test_make_folder(name);
    for (int c = 0; c < classes; c++) {
        snprintf(path, sizeof path, "%s/%c", name, 'A' + c);
        assert_int_equal(mkdir(path, 0777), 0);
        for (int i = 1; i <= per_class; i++) {
            snprintf(path, sizeof path, "%s/%c/%c%d.png", name, 'A' + c, 'A' + c, i);
            fixture_picture(path, c * 1000 + i, size, size);
        }
    }
}

asl_dataset *fixture_open(const char *path, asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;

    assert_status(asl_dataset_open(&dataset, path, NULL, &err), expected, &err);
    assert_true((dataset != NULL) == (expected >= 0));
    return dataset;
}

const char *fixture_path(const asl_dataset *dataset, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_sample sample = {.struct_size = sizeof sample};

    assert_ok(asl_dataset_get_sample(&sample, dataset, index, &err), &err);
    return sample.path;
}

void fixture_expect_issues(const asl_dataset *dataset, const char *const *expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_issue issue = {.struct_size = sizeof issue};
    char line[512];

    for (int64_t i = 0; i < asl_dataset_issue_count(dataset); i++) {
        assert_ok(asl_dataset_get_issue(&issue, dataset, i, &err), &err);
        snprintf(line, sizeof line, "%s %s", asl_status_name(issue.code), issue.path);
        if (expected[i] == NULL)
            fail_msg("one issue more: %s: %s", line, issue.message);
        assert_string_equal(line, expected[i]);
        assert_true(issue.message[0] != '\0');
    }
    assert_null(expected[asl_dataset_issue_count(dataset)]);
}

void fixture_write_text(const char *path, const char *text)
{
    test_write_file(path, text, strlen(text));
}

uint8_t *fixture_read(size_t *size, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long length = 0;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    length = ftell(file);
    assert_true(length > 0);
    rewind(file);
    data = test_malloc((size_t)length);
    assert_int_equal(fread(data, 1, (size_t)length, file), length);
    fclose(file);
    *size = (size_t)length;
    return data;
}

asl_mix_options fixture_mix_options(int32_t count)
{
    asl_mix_options options;

    asl_mix_options_init(&options, sizeof options);
    options.count = count;
    return options;
}

asl_dataset *fixture_mix(asl_dataset *const *parts, const asl_mix_options *options,
                         asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *mix = NULL;

    assert_status(asl_dataset_mix(&mix, (const asl_dataset *const *)parts, options, &err), expected,
                  &err);
    assert_true((mix != NULL) == (expected >= 0));
    return mix;
}

asl_dataset *fixture_mix_two(asl_dataset *first, asl_dataset *second, asl_status expected)
{
    asl_dataset *const parts[] = {first, second};
    const asl_mix_options options = fixture_mix_options(2);

    return fixture_mix(parts, &options, expected);
}

void fixture_free(asl_dataset **datasets, int count)
{
    for (int i = 0; i < count; i++)
        asl_dataset_free(datasets[i]);
}

asl_sample fixture_sample(const asl_dataset *dataset, int64_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_sample sample = {.struct_size = sizeof sample};

    assert_ok(asl_dataset_get_sample(&sample, dataset, index, &err), &err);
    return sample;
}

asl_dataset *fixture_pack(const asl_dataset *dataset, const char *path, int32_t side,
                          asl_status expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *pack = NULL;
    asl_pack_options options;

    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = side;
    assert_status(asl_dataset_pack(&pack, dataset, path, &options, &err), expected, &err);
    return pack;
}

void fixture_expect_same_picture(const asl_dataset *a, int64_t i, const asl_dataset *b, int64_t j)
{
    asl_error err = ASL_ERROR_INIT;
    asl_image *images[2] = {NULL};
    asl_image_view first, second;
    uint8_t small[2][5 * 3 * 3];

    assert_ok(asl_dataset_load_image(&images[0], a, i, &err), &err);
    assert_ok(asl_dataset_load_image(&images[1], b, j, &err), &err);
    first = asl_image_get_view(images[0]);
    second = asl_image_get_view(images[1]);
    assert_true(first.width == second.width && first.height == second.height);
    assert_memory_equal(first.pixels, second.pixels, (size_t)first.stride * (size_t)first.height);
    asl_image_free(images[0]);
    asl_image_free(images[1]);
    assert_ok(asl__dataset_read(small[0], a, i, 5, 3, &err), &err);
    assert_ok(asl__dataset_read(small[1], b, j, 5, 3, &err), &err);
    assert_memory_equal(small[0], small[1], sizeof small[0]);
}
