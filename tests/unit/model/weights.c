/* SPDX-License-Identifier: MIT */
/* Model files with narrower weights: what comes back, how large they are, and hostile ones. */
#include "defects.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"
#include "model/model.h"
#include "model/narrow.h"

/* A model as trained ones are: running statistics that are not 0 and 1. */
static asl_model *make_trained(const char *preset)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_ok(asl_model_create(&model, preset, NULL, &err), &err);
    for (int32_t t = 0; t < model->network.tensor_count; t++) {
        const asl__tensor *tensor = &model->network.tensors[t];
        float *values = model->parameters + tensor->offset;
        if (strncmp(tensor->name, "bn", 2) == 0)
            for (size_t i = 0; i < tensor->count; i++)
                values[i] = 0.25f + 0.01f * (float)(i % 97);
    }
    return model;
}

/* Saves with ASL_WEIGHTS_*; the file's bytes, to be freed with asl__free(). */
static uint8_t *save_as(size_t *size, const asl_model *model, int32_t weights, const char *path)
{
    asl_error err = ASL_ERROR_INIT;
    asl_save_options options;
    void *data = NULL;
    asl_save_options_init(&options, sizeof options);
    options.weights = weights;
    assert_ok(asl_model_save_as(model, path, &options, &err), &err);
    assert_ok(asl__file_read(&data, size, path, 1 << 30, &err), &err);
    return data;
}

/* Reading and writing again gives the same file. */
static void check_again(const char *path, const uint8_t *data, size_t size, int32_t weights)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *loaded = NULL;
    size_t again;
    assert_ok(asl_model_load(&loaded, path, &err), &err);
    uint8_t *second = save_as(&again, loaded, weights, "again.safetensors");
    assert_int_equal(size, again);
    assert_memory_equal(data, second, size);
    asl__free(second);
    asl_model_free(loaded);
}

/* Every 8-bit weight within half a step of the folded one, and everything else exact. */
static void check_steps(const asl_model *folded, const asl_model *loaded)
{
    assert_int_equal(folded->network.tensor_count, loaded->network.tensor_count);
    for (int32_t t = 0; t < folded->network.tensor_count; t++) {
        const asl__tensor *tensor = &folded->network.tensors[t];
        const size_t rows = (size_t)tensor->shape[0], length = tensor->count / rows;
        for (size_t r = 0; r < rows; r++) {
            const float *a = folded->parameters + tensor->offset + r * length;
            const float *b = loaded->parameters + tensor->offset + r * length;
            const float slack = tensor->decayed ? asl__steps_scale(a, length) / 2 : 0;
            for (size_t i = 0; i < length; i++)
                assert_true(fabsf(a[i] - b[i]) <= slack);
        }
    }
}

static void test_i8(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("fast"), *folded = NULL, *loaded = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    size_t size;
    (void)state;
    uint8_t *data = save_as(&size, model, ASL_WEIGHTS_I8, "i8.safetensors");
    assert_in_range(size, 484000, 492000); /* a byte a parameter, and a little */
    assert_ok(asl__model_fold(&folded, model, &err), &err);
    assert_ok(asl_model_load(&loaded, "i8.safetensors", &err), &err);
    assert_ok(asl_model_get_info(&info, loaded, &err), &err);
    assert_string_equal(info.architecture, folded->architecture);
    assert_string_equal(info.preset, "fast");
    check_steps(folded, loaded);
    check_again("i8.safetensors", data, size, ASL_WEIGHTS_I8);
    asl__free(data);
    asl_model_free(loaded);
    asl_model_free(folded);
    asl_model_free(model);
}

static void test_f16(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("tiny"), *loaded = NULL;
    size_t size;
    (void)state;
    uint8_t *data = save_as(&size, model, ASL_WEIGHTS_F16, "f16.safetensors");
    assert_ok(asl_model_load(&loaded, "f16.safetensors", &err), &err);
    assert_string_equal(loaded->architecture, model->architecture);
    for (int32_t t = 0; t < model->network.tensor_count; t++) {
        const asl__tensor *tensor = &model->network.tensors[t];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            const float value = model->parameters[i];
            const float stored =
                tensor->decayed ? asl__half_to_float(asl__half_from_float(value)) : value;
            assert_memory_equal(&loaded->parameters[i], &stored, sizeof stored);
        }
    }
    check_again("f16.safetensors", data, size, ASL_WEIGHTS_F16);
    asl__free(data);
    asl_model_free(loaded);
    asl_model_free(model);
}

/* The default writes what asl_model_save() does. */
static void test_f32(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("tiny");
    void *plain = NULL;
    size_t size, plain_size;
    (void)state;
    uint8_t *data = save_as(&size, model, ASL_WEIGHTS_F32, "f32.safetensors");
    assert_ok(asl_model_save(model, "plain.safetensors", &err), &err);
    assert_ok(asl__file_read(&plain, &plain_size, "plain.safetensors", 1 << 30, &err), &err);
    assert_int_equal(size, plain_size);
    assert_memory_equal(data, plain, size);
    asl__free(plain);
    asl__free(data);
    asl_model_free(model);
}

static void test_too_large(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("tiny");
    asl_save_options options;
    asl_save_options_init(&options, sizeof options);
    (void)state;
    test_write_file("old.safetensors", "old", 3);
    model->parameters[5] = 65520;
    options.weights = ASL_WEIGHTS_F16;
    assert_status(asl_model_save_as(model, "old.safetensors", &options, &err), ASL_ERR_LIMIT, &err);
    assert_non_null(strstr(err.message, "'conv1.weight' are too large for 16-bit floats"));
    options.weights = ASL_WEIGHTS_I8;
    assert_ok(asl_model_save_as(model, "new.safetensors", &options, &err), &err);
    /* Batch norm makes it larger than any float. */
    model->parameters[5] = 3.4e38f;
    model->parameters[model->network.layers[1].weight] = 100;
    assert_status(asl_model_save_as(model, "old.safetensors", &options, &err), ASL_ERR_LIMIT, &err);
    assert_non_null(strstr(err.message, "with batch norm folded: value 5 of 'conv1.weight'"));
    asl_model_free(model);

    /* So it stays, but 127 steps need not reach it from below. */
    assert_ok(asl_model_create(&model, "seed", NULL, &err), &err);
    model->parameters[7] = -3.4028234e38f;
    assert_status(asl_model_save_as(model, "old.safetensors", &options, &err), ASL_ERR_LIMIT, &err);
    assert_non_null(strstr(err.message, "'conv1.weight' are too large for 8-bit integers"));
    void *data;
    size_t size;
    assert_ok(asl__file_read(&data, &size, "old.safetensors", 100, &err), &err);
    assert_int_equal(size, 3);
    asl__free(data);
    asl_model_free(model);
}

static void test_arguments(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("tiny");
    struct {
        asl_save_options known;
        int32_t later[2];
    } newer = {.later = {0, 0}};
    (void)state;
    asl_save_options_init(&newer.known, sizeof newer);
    assert_int_equal(newer.known.weights, ASL_WEIGHTS_F32);
    assert_ok(asl_model_save_as(model, "x.safetensors", &newer.known, &err), &err);
    newer.later[0] = 1;
    assert_status(asl_model_save_as(model, "x.safetensors", &newer.known, &err), ASL_ERR_TOO_NEW,
                  &err);
    asl_save_options options;
    asl_save_options_init(&options, sizeof options);
    options.weights = 3;
    assert_status(asl_model_save_as(model, "x.safetensors", &options, &err), ASL_ERR_ARG, &err);
    options.weights = -1;
    assert_status(asl_model_save_as(model, "x.safetensors", &options, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_save_as(NULL, "x.safetensors", NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_save_as(model, NULL, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_save_as(model, "absent/x", NULL, &err), ASL_ERR_NOT_FOUND, &err);
    asl_model_free(model);
}

#define BAD         ASL_ERR_MODEL
#define CONV        "'conv1.weight':{'dtype':'I8','shape':[2,3,1,1],'data_offsets':[32,38]}"
#define CONV_AS(s)  "'conv1.weight':{" s ",'data_offsets':[32,38]}"
#define SCALE       "'conv1.weight_scale':{'dtype':'F32','shape':[2],'data_offsets':[8,16]}"
#define SCALE_AS(s) "'conv1.weight_scale':{" s ",'data_offsets':[8,16]}"
#define BIAS        "'conv1.bias':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}"

/* One defect of the header. The data are: conv1.bias, conv1.weight_scale, fc1.bias,
 * fc1.weight_scale of 8 bytes each, conv1.weight of 6, fc1.weight of 4. */
static void test_malformed(void **state)
{
    static const char shape[] = "does not have the shape and type of its layer";
    static const defect defects[] = {
        {CONV, CONV, 0, ASL_OK, ""},
        {SCALE, "'other':{'dtype':'F32','shape':[2],'data_offsets':[8,16]}", 0, BAD,
         "tensor 'conv1.weight_scale' is missing"},
        {SCALE, SCALE_AS("'dtype':'F32','shape':[1,2]"), 0, BAD, shape},
        {SCALE, SCALE_AS("'dtype':'F32','shape':[2,1]"), 0, BAD, shape},
        {SCALE, SCALE_AS("'dtype':'F64','shape':[1]"), 0, BAD, shape},
        {SCALE, SCALE_AS("'dtype':'I8','shape':[8]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'U8','shape':[2,3,1,1]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'I8','shape':[3,2,1,1]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'I8','shape':[6]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'F16','shape':[3,1,1,1]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'I16','shape':[3]"), 0, BAD, "the unknown type 'I16'"},
        {CONV, CONV_AS("'dtype':'I8','shape':[2,3,1]"), 0, BAD, shape},
        {CONV, CONV_AS("'dtype':'I8','shape':[2,3,1,2]"), 0, BAD, "of 12 bytes lies at 32..38"},
        {CONV, CONV_AS("'dtype':'F32','shape':[2,3,1,1]"), 0, BAD, "of 24 bytes lies at 32..38"},
        {BIAS, "'conv1.bias':{'dtype':'F16','shape':[4],'data_offsets':[0,8]}", 0, BAD, shape},
        {BIAS, "'conv1.bias':{'dtype':'I8','shape':[8],'data_offsets':[0,8]}", 0, BAD, shape},
        {BIAS, "'conv1.bias_scale':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}", 0, BAD,
         "tensor 'conv1.bias' is missing"},
        {"'fc1.weight_scale'", "'fc1.weight_scales'", 0, BAD, "'fc1.weight_scale' is missing"},
        {"'fc1.weight'", "'fc1.weigh'", 0, BAD, "tensor 'fc1.weight' is missing"},
        {"'fc1.weight':{'dtype':'I8','shape':[2,2],'data_offsets':[38,42]}",
         "'fc1.weight':{'dtype':'I8','shape':[2,2],'data_offsets':[38,42]},"
         "'fc1.bias_scale':{'dtype':'I8','shape':[1],'data_offsets':[42,43]}",
         1, BAD, "tensor 'fc1.bias_scale' belongs to no layer"},
        {"'fc1.weight':{'dtype':'I8','shape':[2,2],'data_offsets':[38,42]}",
         "'fc1.weight':{'dtype':'I8','shape':[2,2],'data_offsets':[38,42]}", -1, ASL_ERR_TRUNCATED,
         "has 41 bytes of data where its header needs 42"},
    };
    (void)state;
    check_defects(defects, sizeof defects / sizeof defects[0], ASL_WEIGHTS_I8);
}

/* Scales without use beside wider weights. */
static void test_idle_scales(void **state)
{
    static const defect wide[] = {
        {"'data_offsets':[64,80]}}",
         "'data_offsets':[64,80]},'fc1.weight_scale':{'dtype':'I8','shape':[1],"
         "'data_offsets':[80,81]}}",
         1, BAD, "tensor 'fc1.weight_scale' belongs to no layer"},
    };
    static const defect half[] = {
        {"'data_offsets':[52,60]}}",
         "'data_offsets':[52,60]},'fc1.weight_scale':{'dtype':'I8','shape':[1],"
         "'data_offsets':[60,61]}}",
         1, BAD, "tensor 'fc1.weight_scale' belongs to no layer"},
        {"'bn1.bias':{'dtype':'F32','shape':[2],", "'bn1.bias':{'dtype':'F16','shape':[4],", 0, BAD,
         "does not have the shape and type of its layer"},
    };
    (void)state;
    check_defects(wide, sizeof wide / sizeof wide[0], ASL_WEIGHTS_F32);
    check_defects(half, sizeof half / sizeof half[0], ASL_WEIGHTS_F16);
}

static void test_values(void **state)
{
    static const struct {
        size_t at; /* byte of the data */
        float scale;
        int step; /* written instead of the scale when not 0 */
        asl_status status;
        const char *says;
    } cases[] = {
        {8, NAN, 0, BAD, "value 0 of 'conv1.weight_scale' is not finite and positive"},
        {12, INFINITY, 0, BAD, "value 1 of 'conv1.weight_scale' is not finite and positive"},
        {12, -1, 0, BAD, "value 1 of 'conv1.weight_scale' is not finite and positive"},
        {24, 0, 0, BAD, "value 0 of 'fc1.weight_scale' is not finite and positive"},
        {24, 3e38f, 0, BAD, "of 'fc1.weight' is not finite"},
        {28, 1e-45f, 0, ASL_OK, ""},
        {0, NAN, 0, BAD, "value 0 of 'conv1.bias' is not finite"},
        {37, 0, -128, BAD, "value 5 of 'conv1.weight' is -128; the least is -127"},
        {38, 0, -128, BAD, "value 0 of 'fc1.weight' is -128; the least is -127"},
        {38, 0, -127, ASL_OK, ""},
        {41, 0, 127, ASL_OK, ""},
    };
    valid_file valid = make_valid(ASL_WEIGHTS_I8);
    (void)state;
    assert_int_equal(valid.data_size, 42);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asl_error err = ASL_ERROR_INIT;
        uint8_t data[42];
        memcpy(data, valid.data, sizeof data);
        if (cases[i].step)
            data[cases[i].at] = (uint8_t)cases[i].step;
        else
            memcpy(data + cases[i].at, &cases[i].scale, sizeof cases[i].scale);
        const asl_status status = load(valid.header, strlen(valid.header), data, sizeof data, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].says))
            fail_msg("case %zu: %s '%s'", i, asl_status_name(status), err.message);
    }
    free_valid(&valid);
}

/* A half that is no number, or an infinity. */
static void test_half_values(void **state)
{
    valid_file valid = make_valid(ASL_WEIGHTS_F16);
    (void)state;
    assert_int_equal(valid.data_size, 60);
    static const uint16_t bad[] = {0x7c00, 0xfc00, 0x7e00, 0x7c01};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        asl_error err = ASL_ERROR_INIT;
        uint8_t data[60];
        memcpy(data, valid.data, sizeof data);
        memcpy(data + 40 + 2 * i, &bad[i], 2);
        assert_status(load(valid.header, strlen(valid.header), data, sizeof data, &err), BAD, &err);
        assert_non_null(strstr(err.message, "of 'conv1.weight' is not finite"));
    }
    free_valid(&valid);
}

/* Checkpoints go on from every bit, so nothing narrower is read there. */
static void test_checkpoint(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make_trained("seed"), *loaded = NULL;
    asl__narrow narrow = {0};
    asl__tensors_writer *writer = NULL;
    asl__tensors file = {0};
    void *bytes;
    size_t size;
    (void)state;
    assert_ok(asl__narrow_create(&narrow, model, ASL_WEIGHTS_F16, &err), &err);
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_ok(asl__weights_to_file(writer, model, &narrow, "model/", &err), &err);
    assert_ok(asl__tensors_writer_encode(&bytes, &size, writer, &err), &err);
    assert_ok(asl__tensors_parse(&file, bytes, size, "narrow", &err), &err);
    assert_status(asl__weights_from_file(model, &file, "model/", &err), BAD, &err);
    assert_non_null(strstr(err.message, "does not have the shape and type of its layer"));
    assert_null(loaded);
    asl__tensors_free(&file);
    asl__tensors_writer_free(writer);
    asl__narrow_free(&narrow);
    asl_model_free(model);
}

/* A model made, saved and read again, with the allocator failing somewhere. */
static asl_status make_and_save(int32_t weights, asl_error *err)
{
    asl_model *model = NULL, *loaded = NULL;
    asl_save_options options;
    asl_save_options_init(&options, sizeof options);
    options.weights = weights;
    asl_status status = asl_model_create(&model, "tiny", NULL, err);
    if (status == ASL_OK)
        status = asl_model_save_as(model, "faulty.safetensors", &options, err);
    if (status == ASL_OK)
        status = asl_model_load(&loaded, "faulty.safetensors", err);
    assert_true((loaded != NULL) == (status == ASL_OK));
    asl_model_free(loaded);
    asl_model_free(model);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    for (int32_t weights = ASL_WEIGHTS_F32; weights <= ASL_WEIGHTS_I8; weights++) {
        asl_error err = ASL_ERROR_INIT;
        asl_status status = ASL_ERR_NOMEM;
        for (int64_t n = 1; status == ASL_ERR_NOMEM; n++) {
            test_allocator_install(n, false);
            status = make_and_save(weights, &err);
            test_allocator_remove();
        }
        assert_ok(status, &err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i8),          cmocka_unit_test(test_f16),
        cmocka_unit_test(test_f32),         cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_arguments),   cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_idle_scales), cmocka_unit_test(test_values),
        cmocka_unit_test(test_half_values), cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
