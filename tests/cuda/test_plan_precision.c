/* SPDX-License-Identifier: MIT */
/* The cuda backend's precisions against the reference: logits, gradients and five steps of networks
 * of every kind. */
#include <math.h>
#include <stdlib.h>

#include "cuda/plan_support.h"

enum { STEPS = 5 };

static const asl__backend *const cuda = &asl__backend_cuda;

static const struct network {
    const char *architecture;
    int32_t width, height, classes, count;
} networks[] = {
    /* The presets, with small pictures. */
    {"conv2d 16 k5 bias; relu; max_pool 2; conv2d 32 k5 bias; relu; max_pool 2; conv2d 64 k3 bias; "
     "relu; max_pool 2; global_pool avg; dense 64; relu; dense classes",
     37, 36, 29, 4},
    {"conv2d 12 k3 s2 p1; batch_norm; relu; conv2d 24 k3 s2 p1; batch_norm; relu; conv2d 24 k3 p1; "
     "batch_norm; relu; conv2d 48 k3 s2 p1; batch_norm; relu; global_pool both; dropout 0.1; "
     "dense classes",
     32, 30, 29, 6},
    /* Bias and ReLU in cuDNN's graph, and without a ReLU. */
    {"conv2d 8 k3 p1 bias; relu; conv2d 16 k3 s2 bias; relu; conv2d 8 k1 bias; global_pool max; "
     "dense classes",
     17, 14, 5, 4},
    {"conv2d 16 k3; relu; global_pool both; dropout 0.3; dense 24; relu; dropout 0.2; dense "
     "classes",
     12, 13, 6, 7},
    {"conv2d 16 k3; global_pool avg; dense 24; batch_norm; relu; dense classes", 12, 13, 6, 7},
    /* Nothing but a pixel. */
    {"conv2d 8 k1 bias; relu; dense 16; relu; dense classes", 1, 1, 4, 9},
    {"dense 8; relu; dense classes", 1, 1, 3, 8},
    /* Layers that begin, stand alone, or come in an order that no epilogue has. */
    {"batch_norm; conv2d 8 k3; max_pool 2; relu; batch_norm; global_pool avg; dense classes", 14,
     15, 4, 6},
    {"relu; max_pool 2; conv2d 8 k3 bias; batch_norm; max_pool 3; global_pool max; dense classes",
     20, 21, 4, 5},
    {"dropout 0.2; conv2d 8 k3; dropout 0.2; relu; global_pool avg; dense classes", 9, 8, 3, 6},
    /* Channels that no tensor core takes. */
    {"conv2d 7 k3; batch_norm; relu; conv2d 19 k3 p1 bias; relu; conv2d 33 k2 s2; relu; "
     "max_pool 2; global_pool both; dense 7; relu; dense classes",
     18, 16, 3, 5},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* How far each may be off: logits relative to the largest, gradients by their length, the loss of
 * each step by itself, and weights by the length of the way they went; and how far logits must be
 * off, or else nothing was computed that way. A factor loses 2^-24, 2^-11 or 2^-8 of itself at
 * most, and each layer adds its own. Gradients and weights are further off than that where rounding
 * decides a maximum or a sign otherwise. Seen: a tenth of what is allowed in fp32, otherwise half.
 */
static const struct precision {
    const char *name;
    double logits, gradients, loss, way, least;
} precisions[] = {
    {"fp32", 1e-5, 1e-5, 1e-6, 1e-4, 0.0},
    {"tf32", 1e-3, 0.05, 1e-3, 0.02, 1e-5},
    {"bf16", 0.01, 0.15, 0.02, 0.2, 1e-4},
};
enum { PRECISIONS = sizeof precisions / sizeof *precisions };

static problem *make(const struct network *n)
{
    return problem_make(&(problem_spec){n->architecture,
                                        n->width,
                                        n->height,
                                        n->classes,
                                        n->count,
                                        0,
                                        {.optimizer = ASL__OPTIMIZER_SGD,
                                         .step = 1,
                                         .seed = 3,
                                         .learning_rate = 0.001,
                                         .momentum = 0.9,
                                         .label_smoothing = 0.1}});
}

typedef struct outcome {
    float *logits, *gradients, *parameters;
    double loss[STEPS];
} outcome;

/* Takes the plan. */
static outcome run(problem *p, const asl__backend *backend, asl__plan *plan)
{
    outcome o = {.logits = problem_logits(p), .parameters = problem_vector(p)};
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;
    p->step.step = 1;
    problem_fill_batch(p, 1);
    assert_ok(backend->plan_forward(o.logits, plan, p->images, p->count, &err), &err);
    o.gradients = problem_gradients(NULL, p, backend, plan);
    for (int32_t i = 0; i < STEPS; i++) {
        p->step.step = i + 1;
        problem_fill_batch(p, (uint32_t)i + 1);
        assert_ok(
            backend->plan_train_step(&result, plan, p->images, p->labels, p->count, &p->step, &err),
            &err);
        o.loss[i] = result.loss_sum;
    }
    assert_ok(backend->plan_get_state(o.parameters, plan, ASL__STATE_PARAMETERS, &err), &err);
    backend->plan_destroy(plan);
    return o;
}

static void free_outcome(outcome *o)
{
    free(o->logits);
    free(o->gradients);
    free(o->parameters);
}

/* Length of a - b, or of a without b. */
static double length(const float *a, const float *b, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double d = (double)a[i] - (b != NULL ? (double)b[i] : 0.0);
        sum += d * d;
    }
    return sqrt(sum);
}

/* What is off, in the terms of a precision. */
static struct precision measure(const problem *p, const outcome *actual, const outcome *expected)
{
    const size_t count = p->network.parameter_count;
    struct precision off = {
        .logits = distance(actual->logits, expected->logits,
                           (size_t)p->count * (size_t)p->network.classes),
        .gradients = length(actual->gradients, expected->gradients, count) /
                     length(expected->gradients, NULL, count),
        .way = length(actual->parameters, expected->parameters, count) /
               length(expected->parameters, p->parameters, count),
    };
    for (int32_t i = 0; i < STEPS; i++)
        off.loss = fmax(off.loss, fabs(actual->loss[i] / expected->loss[i] - 1.0));
    return off;
}

static void compare(const struct network *n, const struct precision *may)
{
    problem *p = make(n);
    const asl__plan_options options = {.max_batch = n->count, .training = 1, .threads = 1};
    asl_error err = ASL_ERROR_INIT;
    asl__plan *reference = NULL;
    assert_ok(asl__backend_reference.plan_create(&reference, &p->network, &options, &err), &err);
    assert_ok(asl__backend_reference.plan_set_state(reference, ASL__STATE_PARAMETERS, p->parameters,
                                                    &err),
              &err);
    outcome expected = run(p, &asl__backend_reference, reference);
    asl__plan *plan = plan_make(p, may->name, 1, n->count + 2);
    assert_string_equal(cuda->plan_precision(plan), may->name);
    outcome actual = run(p, cuda, plan);
    const struct precision off = measure(p, &actual, &expected);
    if (getenv("TEST_VERBOSE"))
        print_message("%s: logits %.2e, gradients %.2e, loss %.2e, way %.2e: %s\n", may->name,
                      off.logits, off.gradients, off.loss, off.way, n->architecture);
    if (!(off.logits <= may->logits && off.gradients <= may->gradients && off.loss <= may->loss &&
          off.way <= may->way && off.logits >= may->least))
        fail_msg("%s: '%s' is off: logits %g, gradients %g, loss %g, way %g", may->name,
                 n->architecture, off.logits, off.gradients, off.loss, off.way);
    free_outcome(&expected);
    free_outcome(&actual);
    problem_free(p);
}

static void test_precisions(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PRECISIONS; i++)
        for (int32_t n = 0; n < NETWORKS; n++) {
            emulation_reset();
            compare(&networks[n], &precisions[i]);
            plan_assert_clean(networks[n].architecture);
        }
}

/* Where cuDNN has no engine that adds products of bfloat16 up to float32, filters' gradients are
 * rounded once more. */
static void test_narrow_filter_gradients(void **state)
{
    emulation_config config;
    (void)state;
    for (int32_t n = 0; n < NETWORKS; n++) {
        emulation_reset();
        emulation_defaults(&config);
        config.no_float_filter_gradients = true;
        emulation_configure(&config);
        compare(&networks[n], &precisions[PRECISIONS - 1]);
        plan_assert_clean(networks[n].architecture);
    }
}

/* ---- What is refused ---- */

/* A device whose engines all need tensor cores, and so whole rows of 16 bytes; what it says of a
 * graph that none takes: nothing, or a failure. */
static void configure_tensor_cores_only(cudnnStatus_t without_engines)
{
    emulation_config config;
    emulation_reset();
    emulation_defaults(&config);
    config.engine_count = 1;
    config.engines[0] = (emulation_engine){.index = 57,
                                           .graphs = EMULATION_ANY_GRAPH,
                                           .notes = EMULATION_NOTE(TENSOR_CORE),
                                           .milliseconds = 0.03};
    config.without_engines = without_engines;
    emulation_configure(&config);
}

static void assert_refused(const char *architecture, const char *precision, const char *layer)
{
    problem *p = problem_make(&(problem_spec){architecture, 9, 9, 3, 2, 0, {.step = 1}});
    const asl__plan_options options = {
        .max_batch = 2, .training = 1, .threads = 1, .precision = precision};
    asl__plan *plan = NULL;
    asl_error err = ASL_ERROR_INIT;
    assert_status(cuda->plan_create(&plan, &p->network, &options, &err), ASL_ERR_UNSUPPORTED, &err);
    assert_null(plan);
    if (strncmp(err.message, layer, strlen(layer)) != 0)
        fail_msg("%s: '%s' should begin with '%s'", precision, err.message, layer);
    problem_free(p);
    plan_assert_clean(layer);
}

static void test_odd_channels_are_refused(void **state)
{
    static const int32_t odd[] = {7, 19, 33};
    static const cudnnStatus_t answers[] = {CUDNN_STATUS_SUCCESS, CUDNN_STATUS_NOT_SUPPORTED};
    char architecture[160], layer[80];
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const int32_t channels = odd[i % 3];
        configure_tensor_cores_only(answers[i / 3]);
        for (int32_t k = 1; k < PRECISIONS; k++) {
            snprintf(architecture, sizeof architecture,
                     "conv2d 8 k3; relu; conv2d %d k3 p1; global_pool avg; dense classes",
                     channels);
            snprintf(layer, sizeof layer, "layer 3 (conv2d %d k3 p1): ", channels);
            assert_refused(architecture, precisions[k].name, layer);
        }
        assert_refused("conv2d 8 k3; relu; global_pool avg; dense classes", "fp32",
                       "layer 1 (conv2d 8 k3): ");
    }
}

/* Before Ampere there is neither TF32 nor bfloat16. */
static void test_old_device(void **state)
{
    const struct network *n = &networks[1];
    asl_error err = ASL_ERROR_INIT;
    emulation_config config;
    asl__plan *plan = NULL;
    (void)state;
    emulation_reset();
    emulation_defaults(&config);
    config.major = 7;
    config.minor = 5;
    emulation_configure(&config);
    compare(n, &(struct precision){"fp32", 1e-5, 1e-5, 1e-6, 1e-4, 0.0});
    compare(n, &(struct precision){"tf32", 1e-5, 1e-5, 1e-6, 1e-4, 0.0});
    problem *p = make(n);
    const asl__plan_options options = {.max_batch = 2, .threads = 1, .precision = "bf16"};
    assert_status(cuda->plan_create(&plan, &p->network, &options, &err), ASL_ERR_BACKEND, &err);
    assert_non_null(strstr(err.message, "needs compute capability 8.0"));
    assert_non_null(strstr(err.message, "has 7.5"));
    problem_free(p);
    plan_assert_clean("an old device");
}

static void test_wrong_options(void **state)
{
    problem *p = make(&networks[5]);
    const asl__plan_options precision = {.max_batch = 1, .threads = 1, .precision = "fp8"};
    const asl__plan_options isa = {.max_batch = 1, .threads = 1, .isa = "avx2"};
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    (void)state;
    emulation_reset();
    assert_status(cuda->plan_create(&plan, &p->network, &precision, &err), ASL_ERR_ARG, &err);
    assert_non_null(strstr(err.message, "'fp8'"));
    assert_status(cuda->plan_create(&plan, &p->network, &isa, &err), ASL_ERR_BACKEND, &err);
    assert_non_null(strstr(err.message, "'avx2'"));
    assert_null(plan);
    assert_int_equal(emulation_call_count(), 0);
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precisions),
        cmocka_unit_test(test_narrow_filter_gradients),
        cmocka_unit_test(test_odd_channels_are_refused),
        cmocka_unit_test(test_old_device),
        cmocka_unit_test(test_wrong_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
