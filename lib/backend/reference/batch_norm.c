/* SPDX-License-Identifier: MIT */
/* Batch normalisation (Ioffe & Szegedy 2015), by channel over pictures, rows and columns:
 *   out = scale * (in - mean) / sqrt(variance + epsilon) + shift
 * In training mean and variance are the batch's, otherwise the running ones. */
#include <math.h>

#include "backend/reference/reference.h"

/* One channel's values: `plane` floats a picture, `step` floats from picture to picture. */
typedef struct channel {
    size_t plane, step, first;
    int32_t count;
} channel;

static channel channel_of(const asl__operation *op, int64_t index)
{
    const asl__shape shape = op->layer->in;
    const size_t plane = (size_t)shape.height * (size_t)shape.width;
    return (channel){plane, asl__reference_volume(shape), (size_t)index * plane, op->count};
}

static double inverse_deviation(double variance)
{
    return 1.0 / sqrt(variance + (double)ASL__BATCH_NORM_EPSILON);
}

static double mean_of(const float *in, channel c)
{
    double sum = 0.0;
    for (size_t n = 0; n < (size_t)c.count; n++) {
        for (size_t i = 0; i < c.plane; i++)
            sum += (double)in[c.first + n * c.step + i];
    }
    return sum / ((double)c.count * (double)c.plane);
}

static double variance_of(const float *in, channel c, double mean)
{
    double sum = 0.0;
    for (size_t n = 0; n < (size_t)c.count; n++) {
        for (size_t i = 0; i < c.plane; i++) {
            const double difference = (double)in[c.first + n * c.step + i] - mean;
            sum += difference * difference;
        }
    }
    return sum / ((double)c.count * (double)c.plane);
}

static void forward_channel(void *context, int64_t index)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const channel c = channel_of(op, index);
    double mean = (double)op->parameters[layer->mean + (size_t)index];
    double variance = (double)op->parameters[layer->variance + (size_t)index];

    if (op->step != NULL) {
        mean = mean_of(op->in, c);
        variance = variance_of(op->in, c, mean);
        op->statistics[2 * index] = mean;
        op->statistics[2 * index + 1] = variance;
    }
    const double scale =
        (double)op->parameters[layer->weight + (size_t)index] * inverse_deviation(variance);
    const double shift = (double)op->parameters[layer->offset + (size_t)index];
    for (size_t n = 0; n < (size_t)c.count; n++) {
        const float *in = op->in + c.first + n * c.step;
        float *out = op->out + c.first + n * c.step;
        for (size_t i = 0; i < c.plane; i++)
            out[i] = (float)(((double)in[i] - mean) * scale + shift);
    }
}

void asl__reference_batch_norm_forward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, forward_channel, &context, op->layer->in.channels);
}

/* With z the normalised input and d the gradient by the output:
 *   gradient by shift = sum(d), by scale = sum(d * z),
 *   gradient by in = scale / deviation * (d - mean(d) - z * mean(d * z)). */
static void backward_channel(void *context, int64_t index)
{
    const asl__operation *op = context;
    const asl__layer *layer = op->layer;
    const channel c = channel_of(op, index);
    const double mean = op->statistics[2 * index];
    const double inverse = inverse_deviation(op->statistics[2 * index + 1]);
    double sum = 0.0, product = 0.0;

    for (size_t n = 0; n < (size_t)c.count; n++) {
        const float *in = op->in + c.first + n * c.step;
        const float *gradient = op->out_gradient + c.first + n * c.step;
        for (size_t i = 0; i < c.plane; i++) {
            sum += (double)gradient[i];
            product += (double)gradient[i] * (((double)in[i] - mean) * inverse);
        }
    }
    op->gradients[layer->weight + (size_t)index] = (float)product;
    op->gradients[layer->offset + (size_t)index] = (float)sum;
    if (op->in_gradient == NULL)
        return;

    const double values = (double)c.count * (double)c.plane;
    const double scale = (double)op->parameters[layer->weight + (size_t)index] * inverse;
    for (size_t n = 0; n < (size_t)c.count; n++) {
        const float *in = op->in + c.first + n * c.step;
        const float *gradient = op->out_gradient + c.first + n * c.step;
        float *out = op->in_gradient + c.first + n * c.step;
        for (size_t i = 0; i < c.plane; i++) {
            const double z = ((double)in[i] - mean) * inverse;
            out[i] = (float)(scale * ((double)gradient[i] - sum / values - z * product / values));
        }
    }
}

void asl__reference_batch_norm_backward(const asl__operation *op)
{
    asl__operation context = *op;
    asl__pool_run(op->pool, backward_channel, &context, op->layer->in.channels);
}

void asl__reference_batch_norm_report(float *gradients, const asl__layer *layer,
                                      const double *statistics, int32_t count)
{
    const double values = (double)count * (double)layer->in.height * (double)layer->in.width;
    /* The variance of a single value says nothing and is kept at its 0. */
    const double unbiased = values > 1.0 ? values / (values - 1.0) : 1.0;

    for (size_t c = 0; c < (size_t)layer->in.channels; c++) {
        gradients[layer->mean + c] = (float)statistics[2 * c];
        gradients[layer->variance + c] = (float)(unbiased * statistics[2 * c + 1]);
    }
}
