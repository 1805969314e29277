/* SPDX-License-Identifier: MIT */
/* Shapes, counts, tensor tables and initial parameters, against numbers worked out by hand. */
#include "support/support.h"

#include <math.h>

#include "asl/model.h"
#include "base/alloc.h"
#include "base/error.h"
#include "model/network.h"

static asl_status build(asl__network *network, const char *text, int32_t height, int32_t width,
                        asl_error *err)
{
    asl__error_clear(err);
    network->input = (asl__shape){3, height, width};
    network->classes = 29;
    return asl__network_build(network, text, err);
}

static void assert_shape(asl__shape shape, int32_t channels, int32_t height, int32_t width)
{
    assert_int_equal(shape.channels, channels);
    assert_int_equal(shape.height, height);
    assert_int_equal(shape.width, width);
}

static void test_shapes(void **state)
{
    static const struct {
        const char *layer;
        int32_t channels, height, width;
    } cases[] = {
        /* of a 3x17x12 input: floor((side + 2p - k) / s) + 1 */
        {"conv2d 8 k5", 8, 13, 8},       {"conv2d 8 k3 p1", 8, 17, 12},
        {"conv2d 8 k3 s2 p1", 8, 9, 6},  {"conv2d 8 k3 s2", 8, 8, 5},
        {"conv2d 8 k1 s5", 8, 4, 3},     {"conv2d 8 k12", 8, 6, 1},
        {"conv2d 8 k31 p15", 8, 17, 12}, {"max_pool 1", 3, 17, 12},
        {"max_pool 2", 3, 8, 6},         {"max_pool 12", 3, 1, 1},
        {"batch_norm", 3, 17, 12},       {"relu", 3, 17, 12},
        {"dropout 0.5", 3, 17, 12},      {"global_pool avg", 3, 1, 1},
        {"global_pool max", 3, 1, 1},    {"global_pool both", 6, 1, 1},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[96];
        snprintf(text, sizeof text, "%s; global_pool max; dense classes", cases[i].layer);
        assert_ok(build(network, text, 17, 12, &err), &err);
        assert_shape(network->layers[0].in, 3, 17, 12);
        assert_shape(network->layers[0].out, cases[i].channels, cases[i].height, cases[i].width);
        assert_shape(network->layers[2].out, 29, 1, 1);
    }
    asl__free(network);
}

static void assert_tensor(const asl__network *network, int32_t index, const char *name,
                          size_t offset, size_t count, bool trained, bool decayed, int32_t fan_in)
{
    const asl__tensor *tensor = &network->tensors[index];
    size_t product = 1;
    assert_string_equal(tensor->name, name);
    assert_int_equal(tensor->offset, offset);
    assert_int_equal(tensor->count, count);
    assert_int_equal(tensor->trained, trained);
    assert_int_equal(tensor->decayed, decayed);
    assert_int_equal(tensor->fan_in, fan_in);
    for (int32_t d = 0; d < 4; d++)
        product *= (size_t)tensor->shape[d];
    assert_int_equal(product, count);
}

static void test_tensors(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    assert_ok(build(network,
                    "conv2d 4 k3 p1; batch_norm; relu; conv2d 5 k1 bias; global_pool both; "
                    "dense 6; dense classes",
                    8, 8, &err),
              &err);
    assert_int_equal(network->tensor_count, 11);
    assert_tensor(network, 0, "conv1.weight", 0, 108, true, true, 27);
    assert_tensor(network, 1, "bn1.weight", 108, 4, true, false, 0);
    assert_tensor(network, 2, "bn1.bias", 112, 4, true, false, 0);
    assert_tensor(network, 3, "bn1.running_mean", 116, 4, false, false, 0);
    assert_tensor(network, 4, "bn1.running_var", 120, 4, false, false, 0);
    assert_tensor(network, 5, "conv2.weight", 124, 20, true, true, 4);
    assert_tensor(network, 6, "conv2.bias", 144, 5, true, false, 4);
    assert_tensor(network, 7, "fc1.weight", 149, 60, true, true, 10);
    assert_tensor(network, 8, "fc1.bias", 209, 6, true, false, 10);
    assert_tensor(network, 9, "fc2.weight", 215, 174, true, true, 6);
    assert_tensor(network, 10, "fc2.bias", 389, 29, true, false, 6);
    assert_int_equal(network->parameter_count, 418);
    assert_int_equal(network->trainable_count, 410);
    assert_int_equal(network->mac_count, 108 * 64 + 20 * 64 + 60 + 174);
    assert_int_equal(network->largest_activation, 5 * 64);
    assert_int_equal(network->layers[1].parameter_count, 8);
    assert_int_equal(network->layers[1].mac_count, 0);
    assert_int_equal(network->layers[1].variance, 120);
    assert_int_equal(network->layers[3].offset, 144);
    assert_int_equal(network->layers[6].outputs, 29);
    asl__free(network);
}

/* The published numbers of both presets. */
static void test_presets(void **state)
{
    static const struct {
        const char *preset;
        int32_t side;
        int64_t parameters, macs;
    } cases[] = {
        {"seed", 224, 277949, 340199424}, {"seed", 96, 277949, 44550144},
        {"tiny", 64, 169913, 6309312},    {"tiny", 96, 169913, 14188992},
        {"tiny", 224, 169913, 77226432},
    };
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asl_model *model = NULL;
        asl_model_options options;
        asl_model_info info = {.struct_size = sizeof info};
        asl_model_options_init(&options, sizeof options);
        options.width = options.height = cases[i].side;
        assert_ok(asl_model_create(&model, cases[i].preset, &options, &err), &err);
        assert_ok(asl_model_get_info(&info, model, &err), &err);
        assert_int_equal(info.parameter_count, cases[i].parameters);
        assert_int_equal(info.mac_count, cases[i].macs);
        asl_model_free(model);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text;
        int32_t height, width;
        const char *says;
    } cases[] = {
        {"conv2d 8 k5; relu; conv2d 8 k5; global_pool avg; dense classes", 8, 9,
         "layer 3 (conv2d 8 k5): kernel 5 is larger than its 5x4 input; use a larger picture"},
        {"max_pool 9; global_pool avg; dense classes", 8, 9, "window 9 is larger than its 9x8"},
        {"relu", 8, 8, "layer 1 (relu): the last layer must be 'dense classes'"},
        {"global_pool avg; dense 29", 8, 8, "the last layer must be 'dense classes'"},
        {"global_pool avg; dense classes; relu", 8, 8, "the last layer must be 'dense classes'"},
        {"dense classes", 8, 8,
         "layer 1 (dense classes): its input is 8x8, not 1x1; put a "
         "global_pool before it"},
        {"global_pool avg; dense classes", 0, 8, "input 3x0x8"},
        {"global_pool avg; dense classes", 8, 4097, "input 3x8x4097"},
        {"conv2d 4096 k31 p15; conv2d 4096 k31 p15; global_pool avg; dense classes", 8, 8,
         "more than 67108864 parameters"},
        {"conv2d 4096 k1; global_pool avg; dense classes", 4096, 4096,
         "its output of 4096x4096x4096 is too large"},
        {"conv2d 4096 k1; global_pool both; global_pool both; dense classes", 8, 8,
         "its input has 8192 channels"},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(build(network, cases[i].text, cases[i].height, cases[i].width, &err),
                      ASL_ERR_ARCHITECTURE, &err);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
    }
    network->input.channels = 4;
    assert_status(asl__network_build(network, "relu", &err), ASL_ERR_ARCHITECTURE, &err);
    asl__free(network);
}

/* Uniform in +-1/sqrt(fan-in): within the bounds, and with the mean and variance of that. The
 * tolerances are five standard deviations of the estimate from 27,648 values. */
static void test_init(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    assert_ok(build(network,
                    "conv2d 96 k3 bias; batch_norm; conv2d 32 k3 bias; global_pool avg; "
                    "dense classes",
                    8, 8, &err),
              &err);
    float *values = asl__alloc_array(network->parameter_count, sizeof *values);
    float *again = asl__alloc_array(network->parameter_count, sizeof *again);
    asl__network_init_parameters(values, network, 7);
    asl__network_init_parameters(again, network, 7);
    assert_memory_equal(values, again, network->parameter_count * sizeof *values);
    asl__network_init_parameters(again, network, 8);
    assert_memory_not_equal(values, again, 96 * sizeof *values);
    for (int32_t t = 0; t < network->tensor_count; t++) {
        const asl__tensor *tensor = &network->tensors[t];
        const double bound = tensor->fan_in ? 1 / sqrt(tensor->fan_in) : 1;
        double sum = 0, squares = 0;
        for (size_t i = 0; i < tensor->count; i++) {
            const double value = (double)values[tensor->offset + i];
            assert_true(fabs(value) <= bound * 1.000001);
            sum += value / bound;
            squares += value * value / (bound * bound);
        }
        const double n = (double)tensor->count;
        if (strcmp(tensor->name, "bn1.weight") == 0 || strcmp(tensor->name, "bn1.running_var") == 0)
            assert_true(sum == n && squares == n);
        else if (tensor->fan_in == 0)
            assert_true(squares == 0);
        else {
            assert_true(fabs(sum / n) < 5 * sqrt(1.0 / 3 / n));
            assert_true(fabs(squares / n - 1.0 / 3) < 5 * sqrt(4.0 / 45 / n));
        }
    }
    asl__free(again);
    asl__free(values);
    asl__free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),  cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_presets), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
