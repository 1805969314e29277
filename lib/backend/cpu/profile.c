/* SPDX-License-Identifier: MIT */
/* What each operation of a plan is, and how long it takes. */
#include <stdio.h>
#include <string.h>

#include "backend/cpu/run.h"

/* The instruction set of products in bfloat16, or of all else: AMX does nothing but those. */
static const char *isa_of(const asl__plan *plan, int32_t bf16)
{
    return !bf16 && strcmp(plan->kernels.isa, "amx") == 0 ? "avx512" : plan->kernels.isa;
}

static void describe(asl__op_time *time, const asl__plan *plan, int32_t index)
{
    const asl__op *op = &plan->ops[index];
    const int32_t end = index + 1 < plan->op_count ? op[1].index : plan->network->layer_count;
    const char *isa = isa_of(plan, op->bf16);
    time->layer = op->kind == ASL__OP_INPUT ? 0 : op->index;
    time->layer_count = end - time->layer;
    switch (op->kind) {
    case ASL__OP_INPUT:
        snprintf(time->method, sizeof time->method, "table lookup");
        break;
    case ASL__OP_CONV2D:
        if (op->winograd)
            snprintf(time->method, sizeof time->method, "winograd F(4,%d) %s", op->kernel, isa);
        else
            snprintf(time->method, sizeof time->method, "direct %s%s", op->bf16 ? "bf16 " : "",
                     isa);
        break;
    case ASL__OP_BATCH_NORM:
    case ASL__OP_RELU:
        snprintf(time->method, sizeof time->method, "elementwise %s", isa);
        break;
    default: /* too little work to have kernels */
        snprintf(time->method, sizeof time->method, "plain loops");
        break;
    }
}

asl_status asl__cpu_forward_timed(float *logits, asl__op_time *times, int32_t *time_count,
                                  asl__plan *plan, const uint8_t *image, asl_error *err)
{
    double seconds[ASL__MAX_LAYERS + 1];
    (void)err;
    asl__cpu_pack(plan);
    asl__cpu_run_timed(plan, logits, seconds, image);
    for (int32_t i = 0; i < plan->op_count; i++) {
        describe(&times[i], plan, i);
        times[i].seconds = seconds[i];
    }
    *time_count = plan->op_count;
    return ASL_OK;
}
