/* SPDX-License-Identifier: MIT */
/* Dropout masks as backend/backend.h defines them, unit by unit. Behind "conv2d ... bias" with zero
 * weights all units are 1, and before a dense layer of zeros all classes are equally likely, so the
 * dense layer's gradient is known but for the mask:
 *   dW[o][i] = sum over pictures n of (1 / classes - [o == label n]) / count * mask[n][i]. */
#include <stdlib.h>

#include "backends/problem.h"
#include "base/random.h"

enum { UNITS = 300, CLASSES = 3, COUNT = 4, STEP = 77, SEED = 12345, LAYER = 2 };

static const problem_spec spec = {
    "conv2d 300 k1 bias; global_pool avg; dropout 0.375; dense classes",
    1,
    1,
    CLASSES,
    COUNT,
    0,
    {.step = STEP, .seed = SEED}};

static bool is_dropped(int32_t picture, int32_t unit)
{
    const uint64_t stream = ASL__STREAM_DROPOUT + ((uint64_t)LAYER << 8);
    const uint64_t index = ((uint64_t)STEP * 65536 + (uint64_t)picture) * UNITS + (uint64_t)unit;
    return asl__random_uniform(SEED, stream, index) < 0.375;
}

static void check_backend(const asl__backend *backend)
{
    problem *p = problem_make(&spec);
    const asl__layer *conv = &p->network.layers[0], *dense = &p->network.layers[3];
    int32_t dropped = 0;

    memset(p->parameters, 0, p->network.parameter_count * sizeof *p->parameters);
    for (size_t i = 0; i < UNITS; i++)
        p->parameters[conv->offset + i] = 1.0f;
    asl__plan *plan = problem_plan(p, backend, 1, 2, COUNT);
    float *gradients = problem_gradients(NULL, p, backend, plan);
    for (int32_t o = 0; o < CLASSES; o++) {
        for (int32_t i = 0; i < UNITS; i++) {
            double expected = 0.0;
            for (int32_t n = 0; n < COUNT; n++) {
                const double error = 1.0 / CLASSES - (o == p->labels[n] ? 1.0 : 0.0);
                expected += is_dropped(n, i) ? 0.0 : error / COUNT / (1.0 - 0.375);
                dropped += is_dropped(n, i);
            }
            assert_float_equal(gradients[dense->weight + (size_t)(o * UNITS + i)], (float)expected,
                               1e-6f);
        }
    }
    /* 1200 draws, each counted for three classes: 3 * 450 expected, with a standard deviation of
     * 3 * 17; five of those to either side. */
    assert_in_range(dropped, 1350 - 250, 1350 + 250);
    backend->plan_destroy(plan);
    free(gradients);
    problem_free(p);
}

static void test_masks(void **state)
{
    const asl__backend *backends[8];
    const int32_t count = available_backends(backends);
    (void)state;
    for (int32_t b = 0; b < count; b++)
        check_backend(backends[b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_masks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
