/* SPDX-License-Identifier: MIT */
/* See plan_support.h. */
#include "cuda/plan_support.h"

#include <stdlib.h>

asl__plan *plan_make(const problem *p, const char *precision, int32_t training, int32_t max_batch)
{
    const asl__plan_options options = {
        .max_batch = max_batch, .training = training, .threads = 1, .precision = precision};
    asl_error err = ASL_ERROR_INIT;
    asl__plan *plan = NULL;
    assert_ok(asl__backend_cuda.plan_create(&plan, &p->network, &options, &err), &err);
    assert_ok(asl__backend_cuda.plan_set_state(plan, ASL__STATE_PARAMETERS, p->parameters, &err),
              &err);
    return plan;
}

float *plan_state(const problem *p, asl__plan *plan)
{
    const size_t count = p->network.parameter_count;
    float *values = calloc(3 * count, sizeof *values);
    asl_error err = ASL_ERROR_INIT;
    assert_non_null(values);
    for (int32_t which = 0; which < 3; which++)
        assert_ok(
            asl__backend_cuda.plan_get_state(values + (size_t)which * count, plan, which, &err),
            &err);
    return values;
}

void plan_assert_clean(const char *what)
{
    char text[400] = "";
    size_t used = 0;
    if (emulation_live_objects(text, sizeof text) > 0)
        fail_msg("%s: left behind: %s", what, text);
    if (emulation_complaints(text, sizeof text) > 0)
        fail_msg("%s: %s", what, text);
    asl_memory_usage(&used, NULL);
    if (used > 0)
        fail_msg("%s: %zu bytes of the host were left behind", what, used);
}
