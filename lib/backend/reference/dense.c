/* SPDX-License-Identifier: MIT */
/* Fully connected layer over all values of a picture:
 *   out[o] = bias[o] + sum over i of weight[o][i] * in[i]. */
#include "backend/reference/reference.h"

static void forward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t inputs = asl__reference_volume(layer->in), outputs = (size_t)layer->outputs;
    const float *weights = op->parameters + layer->weight;
    const float *in = op->in + (size_t)picture * inputs;
    float *out = op->out + (size_t)picture * outputs;

    for (size_t o = 0; o < outputs; o++) {
        double sum = (double)op->parameters[layer->offset + o];
        for (size_t i = 0; i < inputs; i++)
            sum += (double)weights[o * inputs + i] * (double)in[i];
        out[o] = (float)sum;
    }
}

void asl__reference_dense_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_picture, &context, op->count);
}

static void backward_picture(void *context, int64_t picture)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t inputs = asl__reference_volume(layer->in), outputs = (size_t)layer->outputs;
    const float *weights = op->parameters + layer->weight;
    const float *gradient = op->out_gradient + (size_t)picture * outputs;
    float *out = op->in_gradient + (size_t)picture * inputs;

    for (size_t i = 0; i < inputs; i++) {
        double sum = 0.0;
        for (size_t o = 0; o < outputs; o++)
            sum += (double)weights[o * inputs + i] * (double)gradient[o];
        out[i] = (float)sum;
    }
}

/* Gradients by one output's weights and bias. */
static void backward_output(void *context, int64_t output)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const size_t inputs = asl__reference_volume(layer->in), outputs = (size_t)layer->outputs;
    const float *gradient = op->out_gradient + output;
    float *weights = op->gradients + layer->weight + (size_t)output * inputs;

    for (size_t i = 0; i < inputs; i++) {
        double sum = 0.0;
        for (size_t n = 0; n < (size_t)op->count; n++)
            sum += (double)gradient[n * outputs] * (double)op->in[n * inputs + i];
        weights[i] = (float)sum;
    }
    double sum = 0.0;
    for (size_t n = 0; n < (size_t)op->count; n++)
        sum += (double)gradient[n * outputs];
    op->gradients[layer->offset + (size_t)output] = (float)sum;
}

void asl__reference_dense_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_output, &context, op->layer->outputs);
    if (op->in_gradient != NULL)
        asl__pool_run(op->pool, backward_picture, &context, op->count);
}
