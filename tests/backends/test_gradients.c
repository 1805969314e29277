/* SPDX-License-Identifier: MIT */
/* Every layer's gradient against central finite differences of the loss, parameter by parameter.
 *
 * The step is 2^-8, exact in float32. Rounding of the float32 logits puts about 1e-7 of noise on a
 * loss near 1, so about 2e-5 on a difference; the curvature adds h^2 / 6 = 3e-6 of a third
 * derivative. Gradients are of the order of 0.01 to 1, hence the tolerance: 1e-3 of the largest.
 * A ReLU or a maximum may change its mind within the step; such a parameter gives itself away by
 * answering differently to half the step, and is left out. Few may be. */
#include <math.h>
#include <stdlib.h>

#include "backends/problem.h"

#define STEP      0x1p-8
#define TOLERANCE 1e-3

/* Adds to one parameter and returns the mean loss. */
static double loss_at(const problem *p, const asl__backend *backend, asl__plan *plan, size_t index,
                      double change)
{
    const float before = p->parameters[index];
    asl_error err = ASL_ERROR_INIT;
    double loss;

    p->parameters[index] = (float)((double)before + change);
    assert_ok(backend->plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err), &err);
    free(problem_gradients(&loss, p, backend, plan));
    p->parameters[index] = before;
    return loss;
}

static double slope(const problem *p, const asl__backend *backend, asl__plan *plan, size_t index,
                    double step)
{
    return (loss_at(p, backend, plan, index, step) - loss_at(p, backend, plan, index, -step)) /
           (2.0 * step);
}

typedef struct verdict {
    double worst;       /* largest error, relative to the largest gradient */
    int32_t kinks;      /* parameters left out */
    int32_t parameters; /* trained ones */
} verdict;

/* Compares `gradients` with finite differences of the problem's loss. */
static verdict check(const problem *p, const asl__backend *backend, asl__plan *plan,
                     const float *gradients)
{
    verdict v = {0.0, 0, 0};
    double largest = 0.0;

    for (size_t i = 0; i < p->network.parameter_count; i++)
        largest = fmax(largest, fabs((double)gradients[i]));
    for (int32_t t = 0; t < p->network.tensor_count; t++) {
        const asl__tensor *tensor = &p->network.tensors[t];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            if (!tensor->trained)
                continue;
            const double whole = slope(p, backend, plan, i, STEP);
            const double half = slope(p, backend, plan, i, STEP / 2.0);
            const double error = fabs(half - (double)gradients[i]) / largest;
            v.parameters++;
            if (error > TOLERANCE && fabs(whole - half) > TOLERANCE * largest)
                v.kinks++;
            else
                v.worst = fmax(v.worst, error);
        }
    }
    return v;
}

typedef struct gradient_case {
    const char *architecture;
    int32_t width, height, classes, count;
    double label_smoothing;
    bool kinked; /* has a ReLU or a maximum */
} gradient_case;

static const gradient_case cases[] = {
    /* dense alone, on the smallest picture */
    {"dense classes", 1, 1, 2, 1, 0.0, false},
    {"global_pool avg; dense 5; dense classes", 4, 3, 3, 3, 0.1, false},
    /* convolutions: odd shapes, strides that leave pixels over, padding past the kernel's middle */
    {"conv2d 3 k3 bias; conv2d 4 k2; global_pool avg; dense classes", 7, 5, 3, 2, 0.0, false},
    {"conv2d 3 k3 s2 p1 bias; conv2d 2 k2; global_pool avg; dense classes", 7, 6, 3, 3, 0.0, false},
    {"conv2d 2 k5 s3 p2; conv2d 3 k3 s2 p2 bias; global_pool avg; dense classes", 8, 11, 4, 2, 0.0,
     false},
    {"conv2d 17 k1 bias; conv2d 2 k2 s3 p1; global_pool avg; dense classes", 5, 4, 3, 2, 0.0,
     false},
    {"conv2d 2 k4 p3; conv2d 2 k4 s2; global_pool avg; dense classes", 2, 3, 2, 1, 0.0, false},
    {"conv2d 2 k2; conv2d 18 k3 p1; conv2d 2 k1; global_pool avg; dense classes", 3, 4, 2, 2, 0.0,
     false},
    /* the other layers, each behind something with parameters */
    {"conv2d 4 k3 bias; relu; conv2d 3 k2 bias; global_pool avg; dense classes", 6, 5, 3, 3, 0.0,
     true},
    {"conv2d 3 k2 bias; max_pool 2; conv2d 3 k2; global_pool avg; dense classes", 8, 6, 3, 2, 0.0,
     true},
    {"conv2d 3 k2 bias; max_pool 3; conv2d 3 k1; global_pool avg; dense classes", 9, 12, 3, 2, 0.0,
     true},
    {"conv2d 5 k2 bias; global_pool max; dense classes", 4, 5, 3, 3, 0.0, true},
    {"conv2d 5 k2 bias; global_pool both; dense classes", 5, 4, 3, 3, 0.0, true},
    /* batch norm, also as the first layer and on 1x1 maps */
    {"conv2d 3 k2; batch_norm; conv2d 3 k2; global_pool avg; dense classes", 5, 4, 3, 3, 0.0,
     false},
    {"batch_norm; conv2d 3 k2; batch_norm; conv2d 2 k2; global_pool avg; dense classes", 4, 5, 3, 2,
     0.0, false},
    {"global_pool avg; dense 4; batch_norm; dense classes", 3, 3, 3, 6, 0.0, false},
    /* dropout */
    {"conv2d 3 k2 bias; dropout 0.4; conv2d 3 k2; global_pool avg; dropout 0.2; dense classes", 5,
     4, 3, 3, 0.0, false},
    /* label smoothing */
    {"global_pool avg; dense 4; dense classes", 2, 2, 7, 5, 0.3, false},
    {"global_pool avg; dense classes", 2, 2, 7, 5, 1.0, false},
    /* a whole network, layers without parameters first */
    {"max_pool 2; dropout 0.1; conv2d 6 k3 s2 p1; batch_norm; relu; conv2d 8 k3 p1; batch_norm; "
     "relu; global_pool both; dropout 0.1; dense classes",
     15, 14, 5, 4, 0.1, true},
};

static problem *make(const gradient_case *c)
{
    const asl__step_options step = {
        .step = 3, .seed = 7, .label_smoothing = c->label_smoothing, .learning_rate = 1e-3};
    const problem_spec spec = {c->architecture, c->width, c->height, c->classes, c->count, 0, step};
    return problem_make(&spec);
}

static void test_every_layer(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t b = 0; b < count; b++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            problem *p = make(&cases[i]);
            asl__plan *plan = problem_plan(p, backends[b], 1, 1, p->count);
            float *gradients = problem_gradients(NULL, p, backends[b], plan);
            const verdict v = check(p, backends[b], plan, gradients);
            const int32_t allowed = cases[i].kinked ? v.parameters / 10 : 0;
            if (!(v.worst <= TOLERANCE) || v.kinks > allowed)
                fail_msg("%s: '%s': worst error %g, %d of %d at a kink", backends[b]->name,
                         cases[i].architecture, v.worst, v.kinks, v.parameters);
            backends[b]->plan_destroy(plan);
            free(gradients);
            problem_free(p);
        }
    }
}

/* The check above must see a gradient that is wrong by one percent of its largest value, in any
 * single place. */
static void test_check_can_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        problem *p = make(&cases[i]);
        asl__plan *plan = problem_plan(p, &asl__backend_reference, 1, 1, p->count);
        float *gradients = problem_gradients(NULL, p, &asl__backend_reference, plan);
        float largest = 0.0f;
        for (size_t k = 0; k < p->network.parameter_count; k++)
            largest = fmaxf(largest, fabsf(gradients[k]));
        for (size_t k = 0; k < p->network.parameter_count; k += 5) {
            const float right = gradients[k];
            gradients[k] += 0.01f * largest;
            assert_true(check(p, &asl__backend_reference, plan, gradients).worst > TOLERANCE);
            gradients[k] = right;
        }
        assert_true(check(p, &asl__backend_reference, plan, gradients).worst <= TOLERANCE);
        asl__backend_reference.plan_destroy(plan);
        free(gradients);
        problem_free(p);
    }
}

/* Smoothing, seed and step must reach the loss and the masks, or the cases above prove less than
 * they seem to. */
static void test_options_matter(void **state)
{
    problem *p = make(&(gradient_case){"global_pool avg; dense 9; dropout 0.4; dense classes", 2, 2,
                                       3, 4, 0.0, false});
    asl__plan *plan = problem_plan(p, &asl__backend_reference, 1, 1, p->count);
    const asl__step_options before = p->step;
    double loss, other;
    (void)state;
    free(problem_gradients(&loss, p, &asl__backend_reference, plan));
    p->step.seed++;
    free(problem_gradients(&other, p, &asl__backend_reference, plan));
    assert_true(other != loss);
    p->step = before;
    p->step.step++;
    free(problem_gradients(&other, p, &asl__backend_reference, plan));
    assert_true(other != loss);
    p->step = before;
    p->step.label_smoothing = 0.2;
    free(problem_gradients(&other, p, &asl__backend_reference, plan));
    assert_true(other != loss);
    p->step = before;
    free(problem_gradients(&other, p, &asl__backend_reference, plan));
    assert_true(other == loss);
    asl__backend_reference.plan_destroy(plan);
    problem_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layer),
        cmocka_unit_test(test_check_can_fail),
        cmocka_unit_test(test_options_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
