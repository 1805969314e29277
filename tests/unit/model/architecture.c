/* SPDX-License-Identifier: MIT */
/* The layer list: its normal spelling, and a refusal of everything else that says why. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/error.h"
#include "model/network.h"

static asl_status parse(asl__network *network, const char *text, asl_error *err)
{
    asl__error_clear(err);
    return asl__architecture_parse(network, text, err);
}

static void test_spelling(void **state)
{
    static const struct {
        const char *written, *normal;
    } cases[] = {
        {"relu", "relu"},
        {"  relu  ", "relu"},
        {"relu;relu", "relu; relu"},
        {"\n relu\t;\r\n batch_norm ", "relu; batch_norm"},
        {"conv2d 16 k5", "conv2d 16 k5"},
        {"conv2d  016   k05 s1 p0", "conv2d 16 k5"},
        {"conv2d 16 bias p2 s3 k5", "conv2d 16 k5 s3 p2 bias"},
        {"conv2d 4096 k31 s31 p30 bias", "conv2d 4096 k31 s31 p30 bias"},
        {"max_pool 2", "max_pool 2"},
        {"global_pool avg; global_pool max; global_pool both",
         "global_pool avg; global_pool max; global_pool both"},
        {"dropout 0", "dropout 0"},
        {"dropout 0.10", "dropout 0.1"},
        {"dropout 0.123456789", "dropout 0.123457"},
        {"dense 256; dense classes", "dense 256; dense classes"},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int again = 0; again < 2; again++) { /* the normal spelling means the same */
            assert_ok(parse(network, again ? cases[i].normal : cases[i].written, &err), &err);
            char *text = asl__architecture_text(network);
            assert_string_equal(text, cases[i].normal);
            asl__free(text);
        }
    }
    asl__free(network);
}

static void test_fields(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    assert_ok(parse(network, "conv2d 7 k5 s3 p2 bias; max_pool 4; dropout 0.25; dense 9", &err),
              &err);
    assert_int_equal(network->layer_count, 4);
    const asl__layer *layers = network->layers;
    assert_int_equal(layers[0].kind, ASL__LAYER_CONV2D);
    assert_int_equal(layers[0].outputs, 7);
    assert_int_equal(layers[0].kernel, 5);
    assert_int_equal(layers[0].stride, 3);
    assert_int_equal(layers[0].padding, 2);
    assert_true(layers[0].bias);
    assert_int_equal(layers[1].kernel, 4);
    assert_true(layers[2].rate == 0.25f);
    assert_int_equal(layers[3].outputs, 9);
    assert_true(layers[3].bias);
    assert_string_equal(asl__layer_kind_name(layers[3].kind), "dense");
    assert_null(asl__layer_kind_name(0));
    assert_null(asl__layer_kind_name(8));
    asl__free(network);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "layer 1 (): is empty"},
        {"relu;", "layer 2 (): is empty"},
        {"relu;  ; relu", "layer 2 (): is empty"},
        {"Relu", "layer 1 (Relu): 'Relu' is no kind of layer"},
        {"relu; conv3d 1 k1", "layer 2 (conv3d 1 k1): 'conv3d' is no kind"},
        {"relu 2", "expected 'relu'"},
        {"batch_norm 16", "expected 'batch_norm'"},
        {"conv2d", "expected 'conv2d CHANNELS kN"},
        {"conv2d 16", "expected 'conv2d CHANNELS kN"},
        {"conv2d 16 k1 s1 p0 bias bias", "expected 'conv2d CHANNELS kN"},
        {"conv2d 1 2 3 4 5 6 7 8 9 10 11 12", "expected 'conv2d CHANNELS kN"},
        {"conv2d 0 k1", "number of channels '0'"},
        {"conv2d -1 k1", "number of channels '-1'"},
        {"conv2d 4097 k1", "number of channels '4097' is not a whole number in 1..4096"},
        {"conv2d 99999999999999999999 k1", "number of channels"},
        {"conv2d x k1", "number of channels 'x'"},
        {"conv2d 16 k0", "kernel 'k0'"},
        {"conv2d 16 k32", "kernel 'k32' is not a whole number in 1..31"},
        {"conv2d 16 k", "kernel 'k'"},
        {"conv2d 16 k3.0", "kernel 'k3.0'"},
        {"conv2d 16 bias", "has no kernel; add one such as k3"},
        {"conv2d 16 k3 k3", "'k3' is unknown or given twice"},
        {"conv2d 16 k3 bias bias", "'bias' is unknown or given twice"},
        {"conv2d 16 k3 d2", "'d2' is unknown"},
        {"conv2d 16 k3 s0", "stride 's0'"},
        {"conv2d 16 k3 s32", "stride 's32'"},
        {"conv2d 16 k3 p-1", "padding 'p-1'"},
        {"conv2d 16 k3 p3", "padding 3 is not smaller than kernel 3"},
        {"max_pool", "expected 'max_pool N'"},
        {"max_pool 2 2", "expected 'max_pool N'"},
        {"max_pool 0", "window '0'"},
        {"max_pool 32", "window '32'"},
        {"global_pool", "expected 'global_pool avg|max|both'"},
        {"global_pool mean", "'mean' is not avg, max or both"},
        {"dropout", "expected 'dropout RATE'"},
        {"dropout 1", "rate '1'"},
        {"dropout -0.1", "rate '-0.1'"},
        {"dropout .5", "rate '.5'"},
        {"dropout 0,5", "rate '0,5'"},
        {"dropout 1e-1", "rate '1e-1'"},
        {"dropout 0.9999999", "rate '0.9999999'"},
        {"dense", "expected 'dense N|classes'"},
        {"dense 0", "number of outputs '0'"},
        {"dense 4097", "number of outputs '4097'"},
        {"dense Classes", "number of outputs 'Classes'"},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(parse(network, cases[i].text, &err), ASL_ERR_ARCHITECTURE, &err);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].text, err.message, cases[i].says);
    }
    asl__free(network);
}

/* Long words are cut in messages, and a list may have as many layers as the limit says. */
static void test_lengths(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__network *network = asl__alloc(sizeof *network);
    char text[8 * (ASL__MAX_LAYERS + 1)] = "";
    (void)state;
    for (int i = 0; i < ASL__MAX_LAYERS; i++)
        strcat(text, i == 0 ? "relu" : ";relu");
    assert_ok(parse(network, text, &err), &err);
    assert_int_equal(network->layer_count, ASL__MAX_LAYERS);
    strcat(text, ";relu");
    assert_status(parse(network, text, &err), ASL_ERR_ARCHITECTURE, &err);
    assert_int_equal(err.offset, ASL__MAX_LAYERS + 1);
    assert_non_null(strstr(err.message, "at most 128 layers"));

    memset(text, 'x', 500);
    text[500] = '\0';
    assert_status(parse(network, text, &err), ASL_ERR_ARCHITECTURE, &err);
    assert_non_null(strstr(err.message, "is no kind of layer"));
    asl__free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
