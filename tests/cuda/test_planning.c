/* SPDX-License-Identifier: MIT */
/* The graphs that the module describes to cuDNN, planned by the real cuDNN for a GPU that is not
 * here: h100.json describes one. It shows that every convolution of every preset is one that cuDNN
 * knows and has an engine for, in every precision; not that the engines compute what we think. */
#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/plan.h"
#include "model/model.h"
#include "support/support.h"

static char *description;

/* Asked for with the sizes of memory, which nothing here does. */
size_t asl__cuda_partials(asl__map map)
{
    return asl__map_values(map);
}

static int read_description(void **state)
{
    static char text[4096];
    FILE *file = fopen(TEST_SOURCE_DIR "/cuda/h100.json", "rb");
    (void)state;
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    description = text;
    return 0;
}

/* A plan as far as it goes without a device. */
static asl__plan *planned(const asl_model *model, int32_t batch, bool training, const char *how)
{
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = calloc(1, sizeof *plan);
    const asl__conv_target target = {.description = description};
    assert_non_null(plan);
    plan->network = &model->network;
    plan->max_batch = batch;
    plan->training = training;
    plan->exact = how[0] == 'f';
    plan->number = how[0] == 'b' ? ASL__BF16 : ASL__F32;
    asl__cuda_compile(plan);
    if (asl__cuda_choose(plan, &target, &err) < 0)
        fail_msg("%s, batch %d: %s", how, batch, err.message);
    return plan;
}

static void discard(asl__plan *plan)
{
    for (int32_t i = 0; i < plan->op_count; i++) {
        asl__conv_free(plan->ops[i].forward);
        asl__conv_free(plan->ops[i].fused);
        asl__conv_free(plan->ops[i].back_data);
        asl__conv_free(plan->ops[i].back_filter);
    }
    free(plan);
}

/* Every convolution has what its direction needs, and nothing has a workspace beyond reason. */
static void check(const asl__plan *plan)
{
    bool first = true;
    for (int32_t i = 0; i < plan->op_count; i++) {
        const asl__op *op = &plan->ops[i];
        if (op->main != ASL__MAIN_CONV)
            continue;
        assert_true((op->forward != NULL) != (op->fused != NULL));
        assert_int_equal(op->back_filter != NULL, plan->training);
        assert_int_equal(op->back_data != NULL, plan->training && !first);
        assert_true(asl__conv_workspace(op->fused ? op->fused : op->forward) < (size_t)1 << 30);
        first = false;
    }
    assert_false(first);
}

static asl_model *preset(int32_t index)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model;
    assert_int_equal(asl_model_create(&model, asl_preset_name(index), NULL, &err), ASL_OK);
    return model;
}

static void every_preset_is_planned(void **state)
{
    const char *const precisions[] = {"tf32", "fp32", "bf16"};
    (void)state;
    for (int32_t i = 0; i < asl_preset_count(); i++) {
        asl_model *model = preset(i), *folded;
        assert_int_equal(asl__model_fold(&folded, model, NULL), ASL_OK);
        for (int p = 0; p < 3; p++) {
            asl__plan *plan = planned(model, 32, true, precisions[p]);
            check(plan);
            discard(plan);
            plan = planned(folded, 1, false, precisions[p]);
            check(plan);
            discard(plan);
        }
        asl_model_free(folded);
        asl_model_free(model);
    }
}

/* Bias and ReLU in one pass with the convolution, which a network without pooling can use. In bf16
 * that takes an engine that is compiled on the spot, which cuDNN only does beside a driver. */
static void bias_and_relu_are_fused(void **state)
{
    const asl_model_options options = {.struct_size = sizeof options,
                                       .width = 64,
                                       .height = 64,
                                       .architecture = "conv2d 32 k3 s2 p1 bias; relu; "
                                                       "conv2d 64 k3 s2 p1 bias; relu; "
                                                       "global_pool avg; dense classes"};
    asl_model *model;
    (void)state;
    assert_int_equal(asl_model_create(&model, "tiny", &options, NULL), ASL_OK);
    asl__plan *plan = planned(model, 8, false, "tf32");
    assert_non_null(plan->ops[0].fused);
    assert_non_null(plan->ops[1].fused);
    discard(plan);
    asl_model_free(model);
}

/* Exact float32 takes other engines than TF32: the notes are read. */
static void precision_decides_the_engines(void **state)
{
    asl_model *model = preset(0);
    asl__plan *fast = planned(model, 32, true, "tf32"), *exact = planned(model, 32, true, "fp32");
    int different = 0;
    (void)state;
    for (int32_t i = 0; i < fast->op_count; i++)
        if (fast->ops[i].forward != NULL)
            different += strcmp(asl__conv_engine(fast->ops[i].forward),
                                asl__conv_engine(exact->ops[i].forward)) != 0;
    assert_true(different > 0);
    discard(exact);
    discard(fast);
    asl_model_free(model);
}

/* What cuDNN cannot take is refused with its own words. */
static void an_impossible_convolution_is_refused(void **state)
{
    const asl__conv_target target = {.description = description};
    const asl__conv_shape shape = {
        .in = {1, 8, 8, 4}, .out = {1, 9, 9, 4}, .kernel = 3, .stride = 1};
    asl_error err = ASL_ERROR_INIT;
    asl__conv *conv;
    (void)state;
    assert_true(asl__conv_create(&conv, &shape, &target, &err) < 0);
    assert_null(conv);
    assert_non_null(strstr(err.message, "cuDNN"));
}

static void a_description_that_is_none_is_refused(void **state)
{
    const asl__conv_target target = {.description = "{}"};
    const asl__conv_shape shape = {
        .in = {1, 8, 8, 4}, .out = {1, 6, 6, 4}, .kernel = 3, .stride = 1};
    asl_error err = ASL_ERROR_INIT;
    asl__conv *conv;
    (void)state;
    assert_true(asl__conv_create(&conv, &shape, &target, &err) < 0);
    assert_null(conv);
}

static int nothing_is_left(void **state)
{
    size_t current;
    (void)state;
    asl_memory_usage(&current, NULL);
    assert_int_equal(current, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_is_planned),
        cmocka_unit_test(bias_and_relu_are_fused),
        cmocka_unit_test(precision_decides_the_engines),
        cmocka_unit_test(an_impossible_convolution_is_refused),
        cmocka_unit_test(a_description_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("planning without a device", tests, read_description,
                                       nothing_is_left);
}
