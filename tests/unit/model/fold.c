/* SPDX-License-Identifier: MIT */
/* Folding batch norm: a case worked out by hand, and the same outputs as before on 1x1 pictures,
 * where every layer is a few lines. */
#include "support/support.h"

#include <math.h>

#include "base/error.h"
#include "model/model.h"

static const char *const two[] = {"yes", "no"};

static asl_model *make(const char *architecture)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options options;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 1;
    options.labels = two;
    options.label_count = 2;
    options.architecture = architecture;
    options.seed = 3;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static void check_architecture(const char *before, const char *after)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make(before), *folded = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    assert_ok(asl__model_fold(&folded, model, &err), &err);
    assert_ok(asl_model_get_info(&info, folded, &err), &err);
    assert_string_equal(info.architecture, after);
    assert_string_equal(asl_model_label(folded, 1), "no");
    assert_true((folded == model) == (strcmp(before, after) == 0)); /* copied only when needed */
    asl_model_free(folded);
    asl_model_free(model);
}

static void test_architecture(void **state)
{
    (void)state;
    check_architecture("conv2d 2 k1; batch_norm; relu; dropout 0.1; global_pool avg; dense classes",
                       "conv2d 2 k1 bias; relu; global_pool avg; dense classes");
    check_architecture("conv2d 2 k1 bias; dropout 0; batch_norm; batch_norm; dense classes",
                       "conv2d 2 k1 bias; dense classes");
    check_architecture("batch_norm; conv2d 2 k1; relu; batch_norm; dense 4; batch_norm; "
                       "dense classes",
                       "batch_norm; conv2d 2 k1; relu; batch_norm; dense 4; batch_norm; "
                       "dense classes");
    check_architecture("dropout 0.5; batch_norm; global_pool max; dense classes",
                       "batch_norm; global_pool max; dense classes");
}

/* One channel, weights 1 2 3, bias 4; mean 1, variance 4 - epsilon, scale 6, shift 5:
 * s = 2, so the weights triple and the bias becomes (4 - 1) * 6 / 2 + 5 = 14. */
static void test_by_hand(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = make("conv2d 1 k1 bias; batch_norm; relu; dense classes"), *folded = NULL;
    float *values = model->parameters;
    static const float by_hand[] = {1, 2, 3, 4, 6, 5, 1};
    static const float expected[] = {3, 6, 9, 14, 7, 8, 9, 10};
    size_t count;
    (void)state;
    memcpy(values, by_hand, sizeof by_hand);
    values[7] = 4 - ASL__BATCH_NORM_EPSILON;
    for (int i = 0; i < 4; i++)
        values[8 + i] = (float)(7 + i);
    assert_ok(asl__model_fold(&folded, model, &err), &err);
    const float *got = asl_model_parameters(&count, folded);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < count; i++) /* 4 - epsilon is rounded to float, so s is not quite 2 */
        assert_true(fabsf(got[i] - expected[i]) <= 2e-6f * expected[i]);
    asl_model_free(folded);

    values[7] = 0; /* then epsilon alone is under the root: 6 / sqrt(1e-5) = 1897.3666 */
    assert_ok(asl__model_fold(&folded, model, &err), &err);
    assert_true(fabsf(folded->parameters[0] - 1897.3666f) < 1e-3f);
    assert_true(fabsf(folded->parameters[3] - (3 * 1897.3666f + 5)) < 4e-3f);
    asl_model_free(folded);
    asl_model_free(model);
}

/* The outputs for one pixel. */
static void evaluate(double *out, const asl_model *model, const double *pixel)
{
    const asl__network *network = &model->network;
    const float *p = model->parameters;
    double in[16];
    memcpy(in, pixel, 3 * sizeof *in);
    for (int32_t l = 0; l < network->layer_count; l++) {
        const asl__layer *layer = &network->layers[l];
        const int32_t channels = layer->in.channels;
        double next[16];
        memcpy(next, in, sizeof next);
        for (int32_t c = 0; c < layer->out.channels; c++) {
            if (layer->kind == ASL__LAYER_RELU)
                next[c] = in[c] > 0 ? in[c] : 0;
            else if (layer->kind == ASL__LAYER_BATCH_NORM)
                next[c] = (in[c] - (double)p[layer->mean + (size_t)c]) /
                              sqrt((double)p[layer->variance + (size_t)c] + 1e-5) *
                              (double)p[layer->weight + (size_t)c] +
                          (double)p[layer->offset + (size_t)c];
            else if (layer->kind == ASL__LAYER_CONV2D || layer->kind == ASL__LAYER_DENSE) {
                next[c] = layer->bias ? (double)p[layer->offset + (size_t)c] : 0;
                for (int32_t i = 0; i < channels; i++)
                    next[c] += (double)p[layer->weight + (size_t)(c * channels + i)] * in[i];
            }
        }
        memcpy(in, next, sizeof in);
    }
    memcpy(out, in, 2 * sizeof *out);
}

static void test_same_function(void **state)
{
    static const char *const lists[] = {
        "conv2d 5 k1; batch_norm; relu; dropout 0.5; conv2d 7 k1 bias; batch_norm; relu; "
        "dense classes",
        "batch_norm; conv2d 5 k1; dropout 0.1; batch_norm; batch_norm; relu; batch_norm; dense 3; "
        "batch_norm; relu; dense classes",
        "dense 4; relu; dense classes",
    };
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        asl_model *model = make(lists[i]), *folded = NULL;
        for (int32_t t = 0; t < model->network.tensor_count; t++) {
            const asl__tensor *tensor = &model->network.tensors[t];
            for (size_t v = 0; tensor->fan_in == 0 && v < tensor->count; v++)
                model->parameters[tensor->offset + v] = 0.5f + 0.25f * (float)((v + (size_t)t) % 5);
        }
        assert_ok(asl__model_fold(&folded, model, &err), &err);
        for (int x = -3; x <= 3; x++) {
            const double pixel[3] = {x, 0.5 * x + 1, 2 - x};
            double before[2], after[2];
            evaluate(before, model, pixel);
            evaluate(after, folded, pixel);
            for (int c = 0; c < 2; c++) /* folded weights are rounded to float */
                assert_true(fabs(before[c] - after[c]) <= 1e-5 * (1 + fabs(before[c])));
        }
        asl_model_free(folded);
        asl_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_architecture),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_same_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
