/* SPDX-License-Identifier: MIT */
/* Making the problems. tests/golden/torch_golden.py repeats problem_value(), the parameters and
 * the batches; keep them in step. */
#include "backends/problem.h"

#include <math.h>
#include <stdlib.h>

enum { STREAM_PARAMETERS = 1, STREAM_IMAGES = 100, STREAM_LABELS = 200 };

double problem_value(uint32_t stream, uint32_t index)
{
    uint32_t h = index * 0x9e3779b1u + stream * 0x85ebca77u + 0x27d4eb2fu;
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 13)) * 0x297a2d39u;
    h ^= h >> 16;
    return (double)(h >> 16) / 65536.0 - 0.5;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert_non_null(memory);
    return memory;
}

/* Weights keep the variance about the same from layer to layer; batch norm's scale and variance lie
 * around 1. */
static void fill_parameters(problem *p)
{
    for (int32_t t = 0; t < p->network.tensor_count; t++) {
        const asl__tensor *tensor = &p->network.tensors[t];
        const bool around_one = tensor->fan_in == 0 && (strstr(tensor->name, ".weight") != NULL ||
                                                        strstr(tensor->name, ".running_var"));
        double scale = tensor->fan_in == 0 ? 1.0 : 4.0;
        while (scale * scale * (double)tensor->fan_in > 24.0)
            scale /= 2.0;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++)
            p->parameters[i] = (float)((around_one ? 1.0 : 0.0) +
                                       scale * problem_value(STREAM_PARAMETERS, (uint32_t)i));
    }
}

void problem_fill_batch(problem *p, uint32_t batch)
{
    const size_t bytes =
        (size_t)p->count * (size_t)p->network.input.height * (size_t)p->network.input.width * 3;
    for (size_t i = 0; i < bytes; i++)
        p->images[i] = (uint8_t)(256.0 * (problem_value(STREAM_IMAGES + batch, (uint32_t)i) + 0.5));
    for (int32_t n = 0; n < p->count; n++)
        p->labels[n] = (int32_t)((problem_value(STREAM_LABELS + batch, (uint32_t)n) + 0.5) *
                                 (double)p->network.classes);
}

problem *problem_make(const problem_spec *spec)
{
    static const float mean[3] = {100.0f, 120.0f, 140.0f}, std[3] = {60.0f, 50.0f, 70.0f};
    asl_error err = ASL_ERROR_INIT;
    problem *p = allocate(1, sizeof *p);

    p->network.input = (asl__shape){3, spec->height, spec->width};
    p->network.bgr = spec->bgr;
    p->network.classes = spec->classes;
    memcpy(p->network.mean, mean, sizeof mean);
    memcpy(p->network.std, std, sizeof std);
    assert_ok(asl__network_build(&p->network, spec->architecture, &err), &err);
    p->step = spec->step;
    p->count = spec->count;
    p->parameters = problem_vector(p);
    p->images = allocate((size_t)spec->count, (size_t)(spec->height * spec->width * 3));
    p->labels = allocate((size_t)spec->count, sizeof *p->labels);
    fill_parameters(p);
    problem_fill_batch(p, 1);
    return p;
}

void problem_free(problem *p)
{
    free(p->parameters);
    free(p->images);
    free(p->labels);
    free(p);
}

float *problem_vector(const problem *p)
{
    return allocate(p->network.parameter_count, sizeof(float));
}

float *problem_logits(const problem *p)
{
    return allocate((size_t)p->count * (size_t)p->network.classes, sizeof(float));
}

asl__plan_options problem_options(const asl__backend *backend, int32_t max_batch, int32_t training,
                                  int32_t threads)
{
    const bool is_cpu = strcmp(backend->name, "cpu") == 0;
    const bool is_cuda = strcmp(backend->name, "cuda") == 0;
    return (asl__plan_options){.max_batch = max_batch,
                               .training = training,
                               .threads = threads,
                               .isa = is_cpu ? getenv("TEST_ISA") : NULL,
                               .precision = is_cuda ? "fp32" : NULL};
}

asl__plan *problem_plan(const problem *p, const asl__backend *backend, int32_t training,
                        int32_t threads, int32_t max_batch)
{
    const asl__plan_options options = problem_options(backend, max_batch, training, threads);
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;

    assert_ok(backend->plan_create(&plan, &p->network, &options, &err), &err);
    assert_ok(backend->plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err), &err);
    return plan;
}

float *problem_gradients(double *loss, const problem *p, const asl__backend *backend,
                         asl__plan *plan)
{
    float *gradients = problem_vector(p);
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result;

    assert_ok(backend->plan_gradients(gradients, &result, plan, p->images, p->labels, p->count,
                                      &p->step, &err),
              &err);
    for (int32_t t = 0; t < p->network.tensor_count; t++) {
        const asl__tensor *tensor = &p->network.tensors[t];
        if (!tensor->trained)
            memset(gradients + tensor->offset, 0, tensor->count * sizeof *gradients);
    }
    if (loss != NULL)
        *loss = result.loss_sum / (double)p->count;
    return gradients;
}

double problem_train(problem *p, const asl__backend *backend, asl__plan *plan, int32_t steps)
{
    asl_error err = ASL_ERROR_INIT;
    asl__step_result result = {0.0, 0};

    for (int32_t i = 1; i <= steps; i++) {
        p->step.step = i;
        problem_fill_batch(p, (uint32_t)i);
        assert_ok(
            backend->plan_train_step(&result, plan, p->images, p->labels, p->count, &p->step, &err),
            &err);
    }
    return result.loss_sum / (double)p->count;
}

int32_t available_backends(const asl__backend *list[8])
{
    const char *only = getenv("TEST_ISA") != NULL ? "cpu" : getenv("TEST_BACKEND");
    asl_error err = ASL_ERROR_INIT;
    int32_t count = 0;

    for (int32_t i = 0; i < asl_backend_count() && count < 8; i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        char chosen[200];
        assert_ok(asl_backend_get_info(&info, i, &err), &err);
        if (only != NULL && strcmp(info.name, only) != 0)
            continue;
        if (info.available)
            assert_ok(asl__backend_find(&list[count++], chosen, sizeof chosen, info.name, &err),
                      &err);
        else
            print_message("backend %s is not tested: %s\n", info.name, info.reason);
    }
    assert_true(count > 0);
    return count;
}

double distance(const float *actual, const float *expected, size_t count)
{
    double largest = 0.0, difference = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(actual[i]) || !isfinite(expected[i]))
            return INFINITY;
        largest = fmax(largest, fabs((double)expected[i]));
        difference = fmax(difference, fabs((double)actual[i] - (double)expected[i]));
    }
    return largest > 0.0 ? difference / largest : difference;
}
