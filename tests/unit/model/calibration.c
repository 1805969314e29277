/* SPDX-License-Identifier: MIT */
/* Calibration: kept, written, read, refused, and dropped with the weights it was measured on. */
#include "defects.h"
#include "support/support.h"

#include <math.h>

#include "model/model.h"

static asl_model *make(void)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    assert_ok(asl_model_create(&model, "tiny", NULL, &err), &err);
    return model;
}

static void check_info(const asl_model *model, double temperature, double threshold, int32_t mirror,
                       int32_t looks, int32_t crops)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info, .looks = 7, .crops = 7};
    assert_ok(asl_model_get_info(&info, model, &err), &err);
    assert_true(info.temperature == temperature);
    assert_true(info.letter_threshold == threshold);
    assert_int_equal(info.mirror, mirror);
    assert_int_equal(info.looks, looks);
    assert_int_equal(info.crops, crops);
}

static void test_round_trip(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make(), *calibrated = NULL, *loaded = NULL;
    asl_calibration calibration;
    (void)state;
    check_info(model, 1, 0, ASL_MIRROR_MODEL, 0, 0);
    for (int32_t mirror = ASL_MIRROR_MODEL; mirror <= ASL_MIRROR_AUTO; mirror++) {
        asl_calibration_init(&calibration, sizeof calibration);
        calibration.mirror = mirror;
        calibration.looks = mirror % 2 ? 3 : 1;
        calibration.crops = mirror % 3;
        calibration.temperature = 1.23456789;
        calibration.letter_threshold = 2.0 / 3;
        assert_ok(asl_model_with_calibration(&calibrated, model, &calibration, &err), &err);
        check_info(calibrated, 1.234568, 0.666667, mirror, mirror % 2 ? 3 : 1, mirror % 3);
        assert_memory_equal(calibrated->parameters, model->parameters,
                            model->network.parameter_count * sizeof(float));
        assert_ok(asl_model_save(calibrated, "calibrated.safetensors", &err), &err);
        assert_ok(asl_model_load(&loaded, "calibrated.safetensors", &err), &err);
        check_info(loaded, 1.234568, 0.666667, mirror, mirror % 2 ? 3 : 1, mirror % 3);
        asl_model_free(loaded);
        asl_model_free(calibrated);
    }
    check_info(model, 1, 0, ASL_MIRROR_MODEL, 0, 0); /* models do not change */
    asl_model_free(model);
}

static void test_copies(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make(), *calibrated = NULL, *copy = NULL;
    size_t count;
    (void)state;
    asl_calibration calibration;
    asl_calibration_init(&calibration, sizeof calibration);
    calibration.temperature = 0.5;
    assert_ok(asl_model_with_calibration(&calibrated, model, &calibration, &err), &err);
    assert_ok(asl__model_fold(&copy, calibrated, &err), &err);
    check_info(copy, 0.5, 0, ASL_MIRROR_MODEL, 0, 0);
    asl_model_free(copy);
    const float *weights = asl_model_parameters(&count, calibrated);
    assert_ok(asl_model_with_parameters(&copy, calibrated, weights, count, &err), &err);
    check_info(copy, 1, 0, ASL_MIRROR_MODEL, 0, 0);
    asl_model_free(copy);
    assert_ok(asl_model_with_calibration(&copy, calibrated, NULL, &err), &err);
    check_info(copy, 1, 0, ASL_MIRROR_MODEL, 0, 0);
    asl_model_free(copy);
    asl_model_free(calibrated);
    asl_model_free(model);
}

static void test_arguments(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make(), *out = NULL;
    static const struct {
        double temperature, threshold;
        int32_t mirror, looks, crops;
        asl_status status;
    } cases[] = {
        {0.01, 0, 0, 0, 0, ASL_OK},        {100, 1, 4, 0, 0, ASL_OK},
        {0.0099, 0, 0, 0, 0, ASL_ERR_ARG}, {100.1, 0, 0, 0, 0, ASL_ERR_ARG},
        {-1, 0, 0, 0, 0, ASL_ERR_ARG},     {NAN, 0, 0, 0, 0, ASL_ERR_ARG},
        {1, -0.1, 0, 0, 0, ASL_ERR_ARG},   {1, 1.01, 0, 0, 0, ASL_ERR_ARG},
        {1, NAN, 0, 0, 0, ASL_ERR_ARG},    {1, 0, 5, 0, 0, ASL_ERR_ARG},
        {1, 0, -1, 0, 0, ASL_ERR_ARG},     {1, 0, 0, 2, 0, ASL_ERR_ARG},
        {1, 0, 0, -1, 0, ASL_ERR_ARG},     {1, 0, 0, 4, 0, ASL_ERR_ARG},
        {1, 0, 0, 3, 0, ASL_OK},           {1, 0, 0, 0, 2, ASL_OK},
        {1, 0, 0, 0, -1, ASL_ERR_ARG},     {1, 0, 0, 0, 3, ASL_ERR_ARG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asl_calibration calibration;
        asl_calibration_init(&calibration, sizeof calibration);
        calibration.temperature = cases[i].temperature;
        calibration.letter_threshold = cases[i].threshold;
        calibration.mirror = cases[i].mirror;
        calibration.looks = cases[i].looks;
        calibration.crops = cases[i].crops;
        assert_int_equal(asl_model_with_calibration(&out, model, &calibration, &err),
                         cases[i].status);
        assert_true((out != NULL) == (cases[i].status == ASL_OK));
        asl_model_free(out);
    }
    assert_status(asl_model_with_calibration(NULL, model, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_with_calibration(&out, NULL, NULL, &err), ASL_ERR_ARG, &err);
    asl_model_free(model);
}

#define WRITER "'asl.writer':'libasl 1.0.0'"
#define ADD(key, text)                                                                             \
    {                                                                                              \
        WRITER, WRITER ",'" key "':'" text "'", 0, BAD, key " is '" text "', not"                  \
    }
#define BAD ASL_ERR_MODEL

static void test_malformed(void **state)
{
    static const defect defects[] = {
        ADD("asl.temperature", ""),
        ADD("asl.temperature", "0"),
        ADD("asl.temperature", "0.009"),
        ADD("asl.temperature", "100.1"),
        ADD("asl.temperature", "nan"),
        ADD("asl.temperature", "1e1"),
        ADD("asl.temperature", " 1"),
        ADD("asl.temperature", "-1"),
        ADD("asl.letter_threshold", "-0.1"),
        ADD("asl.letter_threshold", "1.1"),
        ADD("asl.letter_threshold", "inf"),
        ADD("asl.letter_threshold", "0,5"),
        ADD("asl.mirror", ""),
        ADD("asl.mirror", "On"),
        ADD("asl.mirror", "model"),
        ADD("asl.mirror", "1"),
        ADD("asl.looks", ""),
        ADD("asl.looks", "0"),
        ADD("asl.looks", "2"),
        ADD("asl.looks", "33"),
        {WRITER, WRITER ",'asl.looks':'3'", 0, ASL_OK, ""},
        ADD("asl.crops", ""),
        ADD("asl.crops", "0"),
        ADD("asl.crops", "3"),
        ADD("asl.crops", "12"),
        {WRITER, WRITER ",'asl.crops':'2'", 0, ASL_OK, ""},
        {WRITER, WRITER ",'asl.temperature':'100','asl.letter_threshold':'1','asl.mirror':'auto'",
         0, ASL_OK, ""},
        {WRITER, WRITER ",'asl.temperature':'1.0','asl.letter_threshold':'-0'", 0, ASL_OK, ""},
    };
    (void)state;
    check_defects(defects, sizeof defects / sizeof defects[0], ASL_WEIGHTS_F32);
    check_defects(defects, sizeof defects / sizeof defects[0], ASL_WEIGHTS_I8);
}

static void test_letter_score(void **state)
{
    static const char *const two[] = {"yes", "no"}, *const spelled[] = {"yes", "Background"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make(), *plain = NULL;
    float scores[29] = {0};
    (void)state;
    scores[27] = 0.25f; /* A..Z, del, nothing */
    scores[28] = 0.75f;
    assert_true(asl_model_letter_score(model, scores, 29) == 0.75f);
    assert_true(asl_model_letter_score(model, scores, 28) == 0);
    assert_true(asl_model_letter_score(model, NULL, 29) == 0);
    assert_true(asl_model_letter_score(NULL, scores, 29) == 0);
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.labels = two;
    options.label_count = 2;
    assert_ok(asl_model_create(&plain, "tiny", &options, &err), &err);
    assert_true(asl_model_letter_score(plain, scores, 2) == 1);
    asl_model_free(plain);
    scores[1] = 0.25f;
    options.labels = spelled;
    assert_ok(asl_model_create(&plain, "tiny", &options, &err), &err);
    assert_true(asl_model_letter_score(plain, scores, 2) == 0.75f);
    asl_model_free(plain);
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_copies),
        cmocka_unit_test(test_arguments),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_letter_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
