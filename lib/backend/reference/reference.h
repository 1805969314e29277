/* SPDX-License-Identifier: MIT */
/* The reference backend: every operation as the textbook writes it, one file each. Activations are
 * float32 NCHW, every sum runs in double, and each value is summed by one thread in one fixed
 * order, so the results do not depend on the number of threads. */
#ifndef ASL_BACKEND_REFERENCE_H
#define ASL_BACKEND_REFERENCE_H

#include "backend/backend.h"
#include "base/threads.h"

/* Convolutions sum this many outputs side by side: independent sums, each in textbook order, that
 * the compiler can keep in vector registers. */
enum { ASL__REFERENCE_LANES = 16 };

/* One layer at work on one batch. */
typedef struct asl__operation {
    asl__pool *pool;
    const asl__layer *layer;
    int32_t index;                 /* of the layer in the network */
    int32_t count;                 /* pictures in the batch */
    const asl__step_options *step; /* NULL outside training */
    const float *parameters;       /* the flat vectors */
    float *gradients;
    const float *in; /* [count][channels][height][width] */
    float *out;
    const float *out_gradient;
    float *in_gradient; /* NULL when nothing below is trained */
    double *statistics; /* batch_norm: mean and biased variance of the batch, by channel */
    double *lanes;      /* conv2d: working memory, see asl__reference_conv2d_scratch() */
} asl__operation;

struct asl__plan {
    const asl__network *network;
    asl__pool *pool;
    int32_t max_batch;
    int32_t first_trained; /* gradients are not needed below this layer */
    float *state[3];       /* ASL__STATE_*; the moments only when training */
    float *gradients;      /* float[parameter_count], when training */
    double *lanes;
    /* activations[i] enters layer i and activations[layer_count] are the logits. They point into
     * memory of their own when training, into two buffers in turn otherwise. */
    float *activations[ASL__MAX_LAYERS + 1];
    double *statistics[ASL__MAX_LAYERS];
    float *activation_memory;
    float *gradient_memory[2];
    double *statistics_memory;
};

/* plan.c */
asl_status asl__reference_plan_create(asl__plan **out, const asl__network *network,
                                      const asl__plan_options *options, asl_error *err);
void asl__reference_plan_destroy(asl__plan *plan);

/* Floats of one picture. */
static inline size_t asl__reference_volume(asl__shape shape)
{
    return (size_t)shape.channels * (size_t)shape.height * (size_t)shape.width;
}

/* uint8 [count][height][width][3] in R,G,B to the network's own channel order and range. */
void asl__reference_input(float *out, asl__pool *pool, const asl__network *network,
                          const uint8_t *images, int32_t count);

void asl__reference_conv2d_forward(const asl__operation *op);
void asl__reference_conv2d_backward(const asl__operation *op);
/* Doubles of working memory that a convolution needs. */
size_t asl__reference_conv2d_scratch(const asl__layer *layer);

void asl__reference_batch_norm_forward(const asl__operation *op);
void asl__reference_batch_norm_backward(const asl__operation *op);
/* Puts the statistics of the batch just seen into the places of the running ones. */
void asl__reference_batch_norm_report(float *gradients, const asl__layer *layer,
                                      const double *statistics, int32_t count);

void asl__reference_relu_forward(const asl__operation *op);
void asl__reference_relu_backward(const asl__operation *op);
void asl__reference_max_pool_forward(const asl__operation *op);
void asl__reference_max_pool_backward(const asl__operation *op);
void asl__reference_global_pool_forward(const asl__operation *op);
void asl__reference_global_pool_backward(const asl__operation *op);
void asl__reference_dropout_forward(const asl__operation *op);
void asl__reference_dropout_backward(const asl__operation *op);
void asl__reference_dense_forward(const asl__operation *op);
void asl__reference_dense_backward(const asl__operation *op);

#endif
