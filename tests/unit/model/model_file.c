/* SPDX-License-Identifier: MIT */
/* Model files as we write them: the same bytes again and again, and no damage goes unnoticed. */
#include "support/support.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "model/model.h"

static const char *const odd_labels[] = {"A", "\"quoted\"", "back\\slash", "Straße 手"};

static asl_model *make_small(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = 5;
    options.height = 4;
    options.labels = odd_labels;
    options.label_count = 4;
    options.architecture = "conv2d 2 k3; batch_norm; relu; global_pool both; dense classes";
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static uint8_t *save(size_t *size, const asl_model *model, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    assert_ok(asl_model_save(model, path, &err), &err);
    assert_ok(asl__file_read(&data, size, path, 1 << 30, &err), &err);
    return data;
}

static void assert_same_model(const asl_model *a, const asl_model *b)
{
    asl_model_info one = {.struct_size = sizeof one}, two = {.struct_size = sizeof two};
    asl_error err = ASL_ERROR_INIT;
    size_t count;
    assert_ok(asl_model_get_info(&one, a, &err), &err);
    assert_ok(asl_model_get_info(&two, b, &err), &err);
    assert_string_equal(one.preset, two.preset);
    assert_string_equal(one.architecture, two.architecture);
    assert_string_equal(one.channel_order, two.channel_order);
    assert_int_equal(one.width, two.width);
    assert_int_equal(one.height, two.height);
    assert_int_equal(one.label_count, two.label_count);
    for (int32_t i = 0; i < one.label_count; i++)
        assert_string_equal(asl_model_label(a, i), asl_model_label(b, i));
    assert_memory_equal(a->network.mean, b->network.mean, sizeof a->network.mean);
    assert_memory_equal(a->network.std, b->network.std, sizeof a->network.std);
    const float *values = asl_model_parameters(&count, a);
    assert_memory_equal(values, asl_model_parameters(NULL, b), count * sizeof *values);
}

static void check_round_trip(asl_model *model)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *loaded = NULL, *from_memory = NULL;
    size_t size, again;
    uint64_t header;
    uint8_t *first = save(&size, model, "first.safetensors");
    memcpy(&header, first, 8);
    assert_int_equal((8 + header) % 64, 0);
    assert_ok(asl_model_load(&loaded, "first.safetensors", &err), &err);
    assert_ok(asl_model_load_memory(&from_memory, first, size, &err), &err);
    assert_same_model(model, loaded);
    assert_same_model(model, from_memory);
    uint8_t *second = save(&again, loaded, "second.safetensors");
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    asl__free(second);
    asl__free(first);
    asl_model_free(from_memory);
    asl_model_free(loaded);
    asl_model_free(model);
}

static void test_round_trips(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL, *folded = NULL, *noted = NULL;
    (void)state;
    check_round_trip(make_small());
    assert_ok(asl_model_create(&model, "seed", NULL, &err), &err);
    check_round_trip(model);
    assert_ok(asl_model_create(&model, "tiny", NULL, &err), &err);
    assert_ok(asl__model_fold(&folded, model, &err), &err);
    check_round_trip(folded);
    assert_ok(asl__model_copy(&noted, model, model->parameters, "accuracy \"0.5\"", &err), &err);
    asl_model_free(model);
    assert_ok(asl_model_save(noted, "noted.safetensors", &err), &err);
    assert_ok(asl_model_load(&model, "noted.safetensors", &err), &err);
    assert_string_equal(asl_model_metadata(model, "metrics"), "accuracy \"0.5\"");
    asl_model_free(model);
    check_round_trip(noted);
}

/* The layout of docs/model-format.md, byte for byte. */
static void test_layout(void **state)
{
    static const char head[] =
        "{\"__metadata__\":{\"asl.architecture\":\"conv2d 2 k3; batch_norm; relu; global_pool "
        "both; dense classes\",\"asl.channel_order\":\"rgb\",\"asl.crc32\":\"";
    static const char tail[] =
        "\",\"asl.format\":\"1.0\",\"asl.input\":\"3x4x5\",\"asl.kind\":\"model\",\"asl.labels\":"
        "\"A,\\\"quoted\\\",back\\\\slash,Straße 手\",\"asl.mean\":\"127.5,127.5,127.5\","
        "\"asl.preset\":\"custom\",\"asl.std\":\"63.75,63.75,63.75\",\"asl.writer\":\"libasl "
        "1.0.0\"},\"bn1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"bn1.running_mean\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"bn1.running_var\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]},"
        "\"bn1.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"
        "\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3,3,3],\"data_offsets\":[32,248]},"
        "\"fc1.bias\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[248,264]},"
        "\"fc1.weight\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[264,328]}}";
    asl_model *model = make_small();
    size_t size;
    uint8_t *data = save(&size, model, "layout.safetensors");
    const size_t text = sizeof head - 1 + 8 + sizeof tail - 1;
    const size_t header = (8 + text + 63) / 64 * 64 - 8;
    (void)state;
    assert_int_equal(size, 8 + header + 328);
    assert_memory_equal(data, &(uint64_t){header}, 8);
    assert_memory_equal(data + 8, head, sizeof head - 1);
    assert_memory_equal(data + 8 + sizeof head - 1 + 8, tail, sizeof tail - 1);
    for (size_t i = 8 + text; i < 8 + header; i++)
        assert_int_equal(data[i], ' ');
    assert_memory_equal(data + 8 + header + 32, model->parameters, 216); /* conv1.weight */
    asl__free(data);
    asl_model_free(model);
}

static void test_every_truncation(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *loaded = NULL;
    size_t size;
    uint8_t *data = save(&size, model, "whole.safetensors");
    (void)state;
    for (size_t length = 0; length < size; length++) {
        uint8_t *part = malloc(length + 1); /* so that a sanitizer sees reads past the end */
        memcpy(part, data, length);
        assert_status(asl_model_load_memory(&loaded, part, length, &err), ASL_ERR_TRUNCATED, &err);
        assert_null(loaded);
        free(part);
    }
    asl__free(data);
    asl_model_free(model);
}

/* A flipped bit of the data or of a value is found by the checksum; one in the frame or the syntax
 * may be found before. What it means is never looked at before the checksum is right. */
static void test_every_bit_flip(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *loaded = NULL;
    size_t size, by_checksum = 0;
    uint8_t *data = save(&size, model, "whole.safetensors");
    (void)state;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const asl_status status = asl_model_load_memory(&loaded, data, size, &err);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_null(loaded);
        test_check_error(status, &err);
        switch (status) {
        case ASL_ERR_CHECKSUM:
            by_checksum++;
            break;
        case ASL_ERR_MODEL:
        case ASL_ERR_MODEL_TOO_NEW:
        case ASL_ERR_TRUNCATED:
        case ASL_ERR_LIMIT:
            assert_true(bit / 8 < size - 328);
            break;
        default:
            fail_msg("bit %zu: %s", bit, asl_status_name(status));
        }
    }
    assert_true(by_checksum > 8 * 328);
    asl__free(data);
    asl_model_free(model);
}

static void test_paths(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *loaded = NULL;
    (void)state;
    test_make_folder("folder");
    assert_status(asl_model_load(&loaded, "absent.safetensors", &err), ASL_ERR_NOT_FOUND, &err);
    assert_status(asl_model_load(&loaded, "folder", &err), ASL_ERR_PATH, &err);
    assert_status(asl_model_load(&loaded, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_load(NULL, "x", &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_load_memory(&loaded, NULL, 8, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_load_memory(&loaded, model, SIZE_MAX, &err), ASL_ERR_LIMIT, &err);
    assert_status(asl_model_save(model, "absent/x.safetensors", &err), ASL_ERR_NOT_FOUND, &err);
    assert_status(asl_model_save(model, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_save(NULL, "x", &err), ASL_ERR_ARG, &err);

    char longest[300];
    memset(longest, 'd', sizeof longest);
    memcpy(longest, "folder/", 7);
    memcpy(longest + 200, ".safetensors", 13);
    test_write_file(longest, "not a model at all", 18);
    assert_status(asl_model_load(&loaded, longest, &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "dd.safetensors: not a model file"));
    asl_model_free(model);
}

/* A checkpoint carries the model under a prefix, beside tensors of its own. */
static void test_checkpoint(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_small(), *loaded = NULL;
    asl__tensors_writer *writer = NULL;
    asl__tensors file = {0};
    const double loss = 0.25;
    (void)state;
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_ok(asl__model_to_file(writer, model, "model/", &err), &err);
    assert_ok(asl__tensors_writer_tensor(writer, "train/loss", ASL__DTYPE_F64, (int64_t[]){1}, 1,
                                         &loss, &err),
              &err);
    assert_ok(asl__tensors_writer_entry(writer, "asl.step", "12", &err), &err);
    assert_ok(asl__tensors_writer_save(writer, "last.ckpt", &err), &err);
    asl__tensors_writer_free(writer);

    assert_ok(asl__tensors_read(&file, "last.ckpt", &err), &err);
    assert_string_equal(asl__tensors_entry(&file, "asl.kind"), "checkpoint");
    assert_string_equal(asl__tensors_entry(&file, "asl.step"), "12");
    assert_ok(asl__model_from_file(&loaded, &file, "model/", &err), &err);
    assert_same_model(model, loaded);
    asl_model_free(loaded);
    assert_status(asl__model_from_file(&loaded, &file, "best/", &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "tensor 'best/conv1.weight' is missing"));
    asl__tensors_free(&file);

    assert_status(asl_model_load(&loaded, "last.ckpt", &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "is a training checkpoint"));
    assert_ok(asl_model_save(model, "plain.safetensors", &err), &err);
    assert_ok(asl__tensors_read(&file, "plain.safetensors", &err), &err);
    assert_status(asl__model_from_file(&loaded, &file, "model/", &err), ASL_ERR_MODEL, &err);
    assert_non_null(strstr(err.message, "asl.kind is 'model', not 'checkpoint'"));
    asl__tensors_free(&file);
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_bit_flip),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
