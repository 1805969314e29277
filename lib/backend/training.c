/* SPDX-License-Identifier: MIT */
/* Softmax cross-entropy with label smoothing (Szegedy et al. 2016), and the optimisers, formula for
 * formula as PyTorch has them. */
#include "backend/training.h"

#include <math.h>

static int32_t find_maximum(const float *logits, int32_t classes)
{
    int32_t best = 0;
    for (int32_t k = 1; k < classes; k++) {
        if (logits[k] > logits[best])
            best = k;
    }
    return best;
}

/* With p the softmax of the logits, K classes and smoothing s: the target is 1 - s at the label
 * plus s / K everywhere, the loss the sum of -target * log p, and its gradient p - target. */
void asl__loss(float *gradient, double *loss, int32_t *correct, const float *logits, int32_t label,
               int32_t classes, int32_t count, double label_smoothing)
{
    const int32_t best = find_maximum(logits, classes);
    const double share = label_smoothing / (double)classes;
    double sum = 0.0;
    for (int32_t k = 0; k < classes; k++)
        sum += exp((double)logits[k] - (double)logits[best]);
    const double scale = (double)logits[best] + log(sum);
    *loss = 0.0;
    for (int32_t k = 0; k < classes; k++) {
        const double target = share + (k == label ? 1.0 - label_smoothing : 0.0);
        const double log_p = (double)logits[k] - scale;
        *loss -= target * log_p;
        gradient[k] = (float)((exp(log_p) - target) / (double)count);
    }
    *correct = best == label;
}

/* Parameters that one thread takes at a time. */
enum { PIECE = 8192 };

/* One tensor; the moments belong to its parameters one to one. */
typedef struct task {
    const asl__step_options *options;
    float *parameters, *moment1, *moment2;
    const float *gradients;
    size_t count;
    double weight_decay;
} task;

/* Kingma & Ba 2015, algorithm 1; AdamW (Loshchilov & Hutter 2019) shrinks the weights directly
 * instead of adding the decay to the gradient. */
static void adam(const task *t, size_t first, size_t end)
{
    const asl__step_options *options = t->options;
    const bool decoupled = options->optimizer == ASL__OPTIMIZER_ADAMW;
    const double beta1 = options->beta1, beta2 = options->beta2;
    const double rate = options->learning_rate / (1.0 - pow(beta1, (double)options->step));
    const double correction = sqrt(1.0 - pow(beta2, (double)options->step));
    const double shrink = decoupled ? 1.0 - options->learning_rate * t->weight_decay : 1.0;
    const double penalty = decoupled ? 0.0 : t->weight_decay;
    for (size_t i = first; i < end; i++) {
        const double p = (double)t->parameters[i] * shrink;
        const double g = (double)t->gradients[i] + penalty * (double)t->parameters[i];
        const double m = beta1 * (double)t->moment1[i] + (1.0 - beta1) * g;
        const double v = beta2 * (double)t->moment2[i] + (1.0 - beta2) * g * g;
        t->parameters[i] = (float)(p - rate * m / (sqrt(v) / correction + options->epsilon));
        t->moment1[i] = (float)m;
        t->moment2[i] = (float)v;
    }
}

static void sgd(const task *t, size_t first, size_t end)
{
    const asl__step_options *options = t->options;
    for (size_t i = first; i < end; i++) {
        const double p = (double)t->parameters[i];
        const double g = (double)t->gradients[i] + t->weight_decay * p;
        const double velocity = options->momentum * (double)t->moment1[i] + g;
        const double direction = options->nesterov ? g + options->momentum * velocity : velocity;
        t->parameters[i] = (float)(p - options->learning_rate * direction);
        t->moment1[i] = (float)velocity;
    }
}

/* A running mean or variance after one more batch, as PyTorch's. */
static void move(float *running, const float *batch, size_t count)
{
    const double momentum = (double)ASL__BATCH_NORM_MOMENTUM;
    for (size_t i = 0; i < count; i++)
        running[i] = (float)((1.0 - momentum) * (double)running[i] + momentum * (double)batch[i]);
}

static void update_piece(void *context, int64_t piece)
{
    const task *t = context;
    const size_t first = (size_t)piece * PIECE;
    const size_t end = first + PIECE < t->count ? first + PIECE : t->count;
    if (t->options->optimizer == ASL__OPTIMIZER_SGD)
        sgd(t, first, end);
    else
        adam(t, first, end);
}

void asl__optimizer_step(float *const state[3], const float *gradients, const asl__network *network,
                         const asl__step_options *options, asl__pool *pool)
{
    for (int32_t i = 0; i < network->tensor_count; i++) {
        const asl__tensor *tensor = &network->tensors[i];
        task t = {options,
                  state[ASL__STATE_PARAMETERS] + tensor->offset,
                  state[ASL__STATE_MOMENT1] + tensor->offset,
                  state[ASL__STATE_MOMENT2] + tensor->offset,
                  gradients + tensor->offset,
                  tensor->count,
                  tensor->decayed ? options->weight_decay : 0.0};
        if (tensor->trained)
            asl__pool_run(pool, update_piece, &t, (int64_t)((t.count + PIECE - 1) / PIECE));
        else
            move(t.parameters, t.gradients, t.count);
    }
}
