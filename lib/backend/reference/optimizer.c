/* SPDX-License-Identifier: MIT */
/* Optimisers, formula for formula as PyTorch's Adam, AdamW and SGD. Weight decay touches only the
 * tensors the network marks as decayed; running statistics are not trained at all. */
#include <math.h>

#include "backend/reference/reference.h"

/* One tensor; the moments belong to its parameters one to one. */
typedef struct task {
    float *parameters, *moment1, *moment2;
    const float *gradients;
    size_t count;
    double weight_decay;
} task;

/* Kingma & Ba 2015, algorithm 1; AdamW (Loshchilov & Hutter 2019) shrinks the weights directly
 * instead of adding the decay to the gradient. */
static void adam(const task *t, const asl__step_options *options)
{
    const bool decoupled = options->optimizer == ASL__OPTIMIZER_ADAMW;
    const double beta1 = options->beta1, beta2 = options->beta2;
    const double rate = options->learning_rate / (1.0 - pow(beta1, (double)options->step));
    const double correction = sqrt(1.0 - pow(beta2, (double)options->step));
    const double shrink = decoupled ? 1.0 - options->learning_rate * t->weight_decay : 1.0;
    const double penalty = decoupled ? 0.0 : t->weight_decay;

    for (size_t i = 0; i < t->count; i++) {
        const double p = (double)t->parameters[i] * shrink;
        const double g = (double)t->gradients[i] + penalty * (double)t->parameters[i];
        const double m = beta1 * (double)t->moment1[i] + (1.0 - beta1) * g;
        const double v = beta2 * (double)t->moment2[i] + (1.0 - beta2) * g * g;
        t->parameters[i] = (float)(p - rate * m / (sqrt(v) / correction + options->epsilon));
        t->moment1[i] = (float)m;
        t->moment2[i] = (float)v;
    }
}

static void sgd(const task *t, const asl__step_options *options)
{
    for (size_t i = 0; i < t->count; i++) {
        const double p = (double)t->parameters[i];
        const double g = (double)t->gradients[i] + t->weight_decay * p;
        const double velocity = options->momentum * (double)t->moment1[i] + g;
        const double direction = options->nesterov ? g + options->momentum * velocity : velocity;
        t->parameters[i] = (float)(p - options->learning_rate * direction);
        t->moment1[i] = (float)velocity;
    }
}

void asl__reference_optimizer_step(asl__plan *plan, const asl__step_options *options)
{
    for (int32_t i = 0; i < plan->network->tensor_count; i++) {
        const asl__tensor *tensor = &plan->network->tensors[i];
        const task t = {plan->state[ASL__STATE_PARAMETERS] + tensor->offset,
                        plan->state[ASL__STATE_MOMENT1] + tensor->offset,
                        plan->state[ASL__STATE_MOMENT2] + tensor->offset,
                        plan->gradients + tensor->offset,
                        tensor->count,
                        tensor->decayed ? options->weight_decay : 0.0};
        if (!tensor->trained)
            continue;
        if (options->optimizer == ASL__OPTIMIZER_SGD)
            sgd(&t, options);
        else
            adam(&t, options);
    }
}
