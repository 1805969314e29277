/* SPDX-License-Identifier: MIT */
/* The optimisers' formulas are those of backend/training.c, here in float: a step rounds each of
 * its few operations to 24 bits, where that calculates in double and rounds what it stores. A
 * parameter costs 17 bytes read and 12 written. */
#include <math.h>

#include "backend/backend.h"
#include "backend/cuda/kernels.h"
#include "backend/cuda/kernels/launch.cuh"

namespace
{

/* What 1 - beta needs of beta's digits is taken before they are rounded. */
struct constants {
    float rest1, rest2, epsilon, momentum, weight_decay; /* rest: 1 - beta */
    bool decoupled, nesterov;
};

constants make_constants(const asl__optimizer *o)
{
    constants c;
    c.rest1 = static_cast<float>(1.0 - o->beta1);
    c.rest2 = static_cast<float>(1.0 - o->beta2);
    c.epsilon = static_cast<float>(o->epsilon);
    c.momentum = static_cast<float>(o->momentum);
    c.weight_decay = static_cast<float>(o->weight_decay);
    c.decoupled = o->optimizer == ASL__OPTIMIZER_ADAMW;
    c.nesterov = o->nesterov != 0;
    return c;
}

struct vectors {
    float *parameters, *moment1, *moment2;
    const float *gradients;
    const uint8_t *kinds;
    size_t count;
};

vectors make_vectors(const asl__optimizer *o)
{
    return {o->parameters, o->moment1, o->moment2, o->gradients, o->kinds, o->count};
}

/* A running mean or variance after one more batch, whose own lies among the gradients. */
__device__ void move(const vectors &v, size_t i)
{
    const double momentum = static_cast<double>(ASL__BATCH_NORM_MOMENTUM);
    v.parameters[i] = static_cast<float>((1.0 - momentum) * static_cast<double>(v.parameters[i]) +
                                         momentum * static_cast<double>(v.gradients[i]));
}

__global__ void adam(vectors v, constants c, const asl__device_step *__restrict__ step)
{
    const float rate = step->learning_rate;
    const float correction1 = step->correction1, root2 = sqrtf(step->correction2);
    ASL__EACH (i, v.count) {
        if ((v.kinds[i] & ASL__PARAMETER_TRAINED) == 0) {
            move(v, i);
            continue;
        }
        const float p = v.parameters[i];
        const float decay = v.kinds[i] & ASL__PARAMETER_DECAYED ? c.weight_decay * p : 0.0f;
        const float g = c.decoupled ? v.gradients[i] : v.gradients[i] + decay;
        const float m = v.moment1[i] + c.rest1 * (g - v.moment1[i]);
        const float u = v.moment2[i] - c.rest2 * v.moment2[i] + c.rest2 * g * g;
        const float direction = m * correction1 / (sqrtf(u) * root2 + c.epsilon);
        v.parameters[i] = p - rate * (c.decoupled ? direction + decay : direction);
        v.moment1[i] = m;
        v.moment2[i] = u;
    }
}

__global__ void sgd(vectors v, constants c, const asl__device_step *__restrict__ step)
{
    const float rate = step->learning_rate;
    ASL__EACH (i, v.count) {
        if ((v.kinds[i] & ASL__PARAMETER_TRAINED) == 0) {
            move(v, i);
            continue;
        }
        const float p = v.parameters[i];
        const float decay = v.kinds[i] & ASL__PARAMETER_DECAYED ? c.weight_decay * p : 0.0f;
        const float g = v.gradients[i] + decay;
        const float velocity = c.momentum * v.moment1[i] + g;
        const float direction = c.nesterov ? g + c.momentum * velocity : velocity;
        v.parameters[i] = p - rate * direction;
        v.moment1[i] = velocity;
    }
}

} /* namespace */

cudaError_t asl__cuda_optimizer(const asl__optimizer *optimizer, const asl__device_step *step,
                                cudaStream_t stream)
{
    const constants c = make_constants(optimizer);
    const vectors v = make_vectors(optimizer);
    return optimizer->optimizer == ASL__OPTIMIZER_SGD
               ? ASL__START(sgd, v.count, stream, v, c, step)
               : ASL__START(adam, v.count, stream, v, c, step);
}
