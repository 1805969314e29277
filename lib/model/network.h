/* SPDX-License-Identifier: MIT */
/* A network as every part of the library sees it: a checked list of layers with shapes, and where
 * each tensor lies in the one flat parameter vector. Tensors are float32, row-major: convolution
 * weights [out][in][kh][kw], dense weights [out][in], everything else [channels]. */
#ifndef ASL_MODEL_NETWORK_H
#define ASL_MODEL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "asl/base.h"

enum {
    ASL__LAYER_CONV2D = 1,
    ASL__LAYER_BATCH_NORM = 2,
    ASL__LAYER_RELU = 3,
    ASL__LAYER_MAX_POOL = 4, /* window = stride = kernel, floor mode */
    ASL__LAYER_GLOBAL_POOL = 5,
    ASL__LAYER_DROPOUT = 6, /* identity outside training */
    ASL__LAYER_DENSE = 7
};

enum { ASL__POOL_AVG = 1, ASL__POOL_MAX = 2, ASL__POOL_BOTH = 3 /* avg then max, 2 x channels */ };

#define ASL__MAX_LAYERS          128
#define ASL__MAX_TENSORS         512
#define ASL__BATCH_NORM_EPSILON  1e-5f
#define ASL__BATCH_NORM_MOMENTUM 0.1f

/* Limits of what may be asked for, from a caller or a file. */
#define ASL__MAX_SIDE       4096 /* of the input, in pixels */
#define ASL__MAX_CHANNELS   4096 /* of conv2d and dense */
#define ASL__MAX_KERNEL     31   /* also stride and pooling window */
#define ASL__MAX_CLASSES    1024
#define ASL__MAX_PARAMETERS (64 << 20)
#define ASL__MAX_ACTIVATION (256 << 20) /* floats of one layer's output, per picture */

typedef struct asl__shape {
    int32_t channels, height, width;
} asl__shape;

typedef struct asl__layer {
    int32_t kind;
    int32_t outputs;                 /* conv2d, dense: output channels */
    int32_t kernel, stride, padding; /* conv2d; max_pool: kernel */
    int32_t pool;                    /* global_pool: ASL__POOL_* */
    bool bias;                       /* conv2d, dense */
    float rate;                      /* dropout: share of units dropped, 0 <= rate < 1 */
    asl__shape in, out;
    size_t weight;           /* offset of the weights in the parameter vector (batch_norm: scale) */
    size_t offset;           /* conv2d, dense: bias; batch_norm: shift */
    size_t mean, variance;   /* batch_norm: running statistics, not trained */
    int64_t parameter_count; /* trainable */
    int64_t mac_count;
    char text[48]; /* as in the layer list */
} asl__layer;

typedef struct asl__tensor {
    char name[32]; /* as a PyTorch state dict would: conv1.weight, bn1.running_mean, fc2.bias */
    size_t offset; /* in the parameter vector */
    size_t count;
    int32_t shape[4];
    int32_t dims;
    bool trained;   /* false: running statistics */
    bool decayed;   /* weight decay applies: convolution and dense weights */
    int32_t fan_in; /* conv2d and dense tensors; 0 otherwise */
} asl__tensor;

typedef struct asl__network {
    asl__layer layers[ASL__MAX_LAYERS];
    int32_t layer_count;
    asl__tensor tensors[ASL__MAX_TENSORS];
    int32_t tensor_count;
    asl__shape input;      /* 3 channels */
    int32_t bgr;           /* 1: channel 0 is blue. Pixels always come as R,G,B bytes. */
    float mean[3], std[3]; /* network input = (byte - mean[c]) / std[c], c in network order */
    int32_t classes;
    size_t parameter_count; /* length of the flat vector, running statistics included */
    int64_t trainable_count;
    int64_t mac_count;
    int64_t largest_activation; /* floats of the largest layer input or output, per picture */
} asl__network;

/* Name of an ASL__LAYER_* as in the layer list. */
const char *asl__layer_kind_name(int32_t kind);

/* Writes `text` from the other fields: the one spelling of a layer. */
void asl__layer_describe(asl__layer *layer);

/* Fills layers and layer_count from a layer list, without shapes; `dense classes` has outputs 0. */
asl_status asl__architecture_parse(asl__network *network, const char *architecture, asl_error *err);

/* The layer list in its normal spelling, in new memory; NULL when memory is short. */
char *asl__architecture_text(const asl__network *network);

/* Parses a layer list, infers shapes and lays out tensors. input, bgr, mean, std and classes of
 * `network` are set by the caller; the rest is filled. Grammar in docs/model-format.md:
 *   conv2d N kK [sS] [pP] [bias] ; batch_norm ; relu ; max_pool K ; global_pool avg|max|both ;
 *   dropout R ; dense N|classes  (dense always has a bias and needs a 1x1 input)
 * ASL_ERR_ARCHITECTURE names the layer and what is wrong. The last layer must be `dense classes`.
 */
asl_status asl__network_build(asl__network *network, const char *architecture, asl_error *err);

/* Initial parameters: convolution and dense tensors uniform in +-1/sqrt(fan-in), batch norm scale
 * and variance 1, shift and mean 0. */
void asl__network_init_parameters(float *parameters, const asl__network *network, uint64_t seed);

/* Fails with `code`, naming the tensor, unless every value is finite and no running variance is
 * negative. `what` names the source in the message. */
asl_status asl__network_check_parameters(const asl__network *network, const float *parameters,
                                         asl_status code, const char *what, asl_error *err);

#endif
