/* SPDX-License-Identifier: MIT */
/* Times by layer: names, medians of made-up passes, and every way to ask wrongly. */
#include "support/support.h"

#include <math.h>

#include "base/error.h"
#include "infer/inferer.h"

#define SIDE 16

static const uint8_t grey[SIDE * SIDE * 3];
static const asl_image_view view = {
    .pixels = grey, .width = SIDE, .height = SIDE, .stride = SIDE * 3};

/* Two kinds of layer twice, and some that the inferer folds away. */
static const char architecture[] =
    "conv2d 8 k3 p1; batch_norm; relu; max_pool 2; dropout 0.2; conv2d 8 k3 p1; global_pool avg; "
    "dense 8; relu; dense classes";

static asl_inferer *create_with(asl_model **model, const char *backend, const char *isa,
                                const char *precision, int32_t threads)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_model_options wishes;
    asl_inferer_options options;
    asl_model_options_init(&wishes, sizeof wishes);
    wishes.width = wishes.height = SIDE;
    wishes.architecture = architecture;
    assert_ok(asl_model_create(model, "tiny", &wishes, &err), &err);
    asl_inferer_options_init(&options, sizeof options);
    options.backend = backend;
    options.isa = isa;
    options.precision = precision;
    options.threads = threads;
    assert_ok(asl_inferer_create(&inferer, *model, &options, &err), &err);
    return inferer;
}

static asl_inferer *create(asl_model **model, const char *backend, int32_t threads)
{
    return create_with(model, backend, NULL, NULL, threads);
}

/* Names, and that the rest is of this network. */
static void check_profile(const asl_profile *profile, const asl_model *model,
                          const char *const *names, int32_t count)
{
    enum { FOLDED_LAYERS = 8 };
    asl_error err = ASL_ERROR_INIT;
    asl_model_info info = {.struct_size = sizeof info};
    int64_t macs = 0;
    int32_t layers = 0;
    assert_ok(asl_model_get_info(&info, model, &err), &err);
    assert_int_equal(asl_profile_count(profile), count);
    for (int32_t i = 0; i < count; i++) {
        asl_layer_time time = {.struct_size = sizeof time};
        assert_ok(asl_profile_get(&time, profile, i, &err), &err);
        assert_string_equal(time.name, names[i]);
        assert_true(time.method[0] != '\0');
        assert_true(isfinite(time.nanoseconds) && time.nanoseconds >= 0.0);
        assert_int_equal(time.layer_count == 0, i == 0);
        macs += time.mac_count;
        layers += time.layer_count;
    }
    assert_int_equal(macs, info.mac_count);
    assert_int_equal(layers, FOLDED_LAYERS);
}

static void test_cpu(void **state)
{
    static const char *const names[] = {"input",          "conv2d 1 + relu + max_pool",
                                        "conv2d 2",       "global_pool",
                                        "dense 1 + relu", "dense 2"};
    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        asl_error err = ASL_ERROR_INIT;
        asl_model *model = NULL;
        asl_profile *profile = NULL;
        asl_inferer *inferer = create(&model, "cpu", threads);
        assert_ok(asl_inferer_profile(&profile, inferer, &view, 3, &err), &err);
        asl_inferer_free(inferer); /* the profile stays */
        check_profile(profile, model, names, 6);
        asl_profile_free(profile);
        asl_model_free(model);
    }
}

static void test_reference(void **state)
{
    static const char *const names[] = {"input",       "conv2d 1", "relu 1", "max_pool", "conv2d 2",
                                        "global_pool", "dense 1",  "relu 2", "dense 2"};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_profile *profile = NULL;
    asl_inferer *inferer = create(&model, "reference", 2);
    (void)state;
    assert_ok(asl_inferer_profile(&profile, inferer, &view, 1, &err), &err);
    check_profile(profile, model, names, 9);
    asl_profile_free(profile);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

/* Precision and instruction set are told where they are used. The first convolution has 16 tiles,
 * the second four, which are too few for Winograd. */
static void test_methods(void **state)
{
    static const char *const precisions[] = {"fp32", "bf16"};
    static const char *const expected[2][6] = {
        {"table lookup", "winograd F(4,3) c", "direct c", "plain loops", "direct c", "direct c"},
        {"table lookup", "direct bf16 c", "direct bf16 c", "plain loops", "direct c", "direct c"}};
    (void)state;
    for (int32_t i = 0; i < 2; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_model *model = NULL;
        asl_profile *profile = NULL;
        asl_inferer *inferer = create_with(&model, "cpu", "c", precisions[i], 1);
        assert_ok(asl_inferer_profile(&profile, inferer, &view, 1, &err), &err);
        for (int32_t k = 0; k < 6; k++) {
            asl_layer_time time = {.struct_size = sizeof time};
            assert_ok(asl_profile_get(&time, profile, k, &err), &err);
            assert_string_equal(time.method, expected[i][k]);
        }
        asl_profile_free(profile);
        asl_inferer_free(inferer);
        asl_model_free(model);
    }
}

static void test_scores_stay(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_profile *profile = NULL;
    float before[29], after[29];
    asl_inferer *inferer = create(&model, NULL, 2);
    (void)state;
    assert_ok(asl_inferer_classify(before, 29, inferer, &view, NULL, &err), &err);
    assert_ok(asl_inferer_profile(&profile, inferer, &view, 2, &err), &err);
    assert_ok(asl_inferer_classify(after, 29, inferer, &view, NULL, &err), &err);
    assert_memory_equal(after, before, sizeof before);
    asl_profile_free(profile);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

/* --- a backend that makes its times up ------------------------------------------------------- */

static int32_t passes, passes_to_fail;

static asl_status forward_timed(float *logits, asl__op_time *times, int32_t *time_count,
                                asl__plan *plan, const uint8_t *image, asl_error *err)
{
    static const double seconds[] = {5.0, 1.0, 100.0, 4.0};
    (void)logits, (void)plan, (void)image;
    if (++passes == passes_to_fail)
        return asl__fail(err, ASL_ERR_DEVICE_LOST, "gone");
    times[0] = (asl__op_time){.seconds = seconds[passes - 1], .method = "guess"};
    times[1] = (asl__op_time){.layer_count = 8, .seconds = (double)passes};
    *time_count = 2;
    return ASL_OK;
}

static double nanoseconds(const asl_profile *profile, int32_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_layer_time time = {.struct_size = sizeof time};
    assert_ok(asl_profile_get(&time, profile, index, &err), &err);
    return time.nanoseconds;
}

static void test_medians(void **state)
{
    static const double expected[][2] = {{5e9, 1e9}, {3e9, 1.5e9}, {5e9, 2e9}, {4.5e9, 2.5e9}};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_inferer *inferer = create(&model, "reference", 1);
    asl__backend backend = *inferer->backend;
    backend.plan_forward_timed = forward_timed;
    inferer->backend = &backend;
    (void)state;
    for (int32_t runs = 1; runs <= 4; runs++) {
        asl_profile *profile = NULL;
        passes = passes_to_fail = 0;
        assert_ok(asl_inferer_profile(&profile, inferer, &view, runs, &err), &err);
        assert_int_equal(passes, runs);
        assert_int_equal(asl_profile_count(profile), 2);
        for (int32_t i = 0; i < 2; i++)
            assert_true(nanoseconds(profile, i) == expected[runs - 1][i]);
        asl_profile_free(profile);
    }
    asl_inferer_free(inferer);
    asl_model_free(model);
}

static void test_failing_backends(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_inferer *inferer = create(&model, "reference", 1);
    asl__backend backend = *inferer->backend;
    asl_profile *profile = (void *)&passes;
    (void)state;
    inferer->backend = &backend;
    backend.plan_forward_timed = NULL;
    assert_status(asl_inferer_profile(&profile, inferer, &view, 1, &err), ASL_ERR_UNSUPPORTED,
                  &err);
    assert_null(profile);

    backend.plan_forward_timed = forward_timed;
    passes = 0;
    passes_to_fail = 2;
    profile = (void *)&passes;
    assert_status(asl_inferer_profile(&profile, inferer, &view, 4, &err), ASL_ERR_DEVICE_LOST,
                  &err);
    assert_null(profile);
    assert_int_equal(passes, 2);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

static void test_wrong_calls(void **state)
{
    static const int32_t runs[] = {0, -1, 10001, INT32_MAX};
    static const int32_t outside[] = {-1, 6, INT32_MAX, INT32_MIN};
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_profile *profile = NULL;
    asl_image_view bad = view;
    asl_layer_time time = {.struct_size = sizeof time};
    asl_inferer *inferer = create(&model, "cpu", 1);
    (void)state;
    bad.stride = 1;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        assert_status(asl_inferer_profile(&profile, inferer, &view, runs[i], &err), ASL_ERR_ARG,
                      &err);
    assert_status(asl_inferer_profile(NULL, inferer, &view, 1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_profile(&profile, NULL, &view, 1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_profile(&profile, inferer, NULL, 1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_inferer_profile(&profile, inferer, &bad, 1, &err), ASL_ERR_ARG, &err);
    assert_null(profile);

    assert_ok(asl_inferer_profile(&profile, inferer, &view, 1, &err), &err);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_status(asl_profile_get(&time, profile, outside[i], &err), ASL_ERR_ARG, &err);
    assert_status(asl_profile_get(NULL, profile, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_profile_get(&time, NULL, 0, &err), ASL_ERR_ARG, &err);
    time.struct_size = 0;
    assert_status(asl_profile_get(&time, profile, 0, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_profile_count(NULL), 0);
    asl_profile_free(NULL);
    asl_profile_free(profile);
    asl_inferer_free(inferer);
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu),         cmocka_unit_test(test_reference),
        cmocka_unit_test(test_methods),     cmocka_unit_test(test_scores_stay),
        cmocka_unit_test(test_medians),     cmocka_unit_test(test_failing_backends),
        cmocka_unit_test(test_wrong_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
