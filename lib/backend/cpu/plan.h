/* SPDX-License-Identifier: MIT */
/* The cpu backend's plan: the network as a list of operations, each fused as far as possible, and
 * all memory they need.
 *
 * A batch is dealt to a fixed number of lanes: lane l takes pictures l, l + lanes, ... and sums
 * their gradients in that order; the lanes are then added in order. Which thread runs a lane does
 * not matter, so any number of threads gives the same bits. */
#ifndef ASL_BACKEND_CPU_PLAN_H
#define ASL_BACKEND_CPU_PLAN_H

#include <stdatomic.h>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "base/threads.h"

enum { ASL__CPU_LANES = 8 };

/* Pictures of a lane that go backwards together where they wait for each other: sums that are far
 * larger than the cache are then fetched once for all of them. */
enum { ASL__CPU_TOGETHER = 4 };

enum {
    ASL__OP_INPUT,      /* bytes to floats: normalised, reordered, bordered with zeros; also parted
                           into planes for a first convolution by Winograd */
    ASL__OP_CONV2D,     /* with bias, ReLU and 2x2 maximum when they follow; a dense layer is a
                           convolution of one pixel by one */
    ASL__OP_BATCH_NORM, /* with ReLU when it follows */
    ASL__OP_RELU,
    ASL__OP_MAX_POOL,
    ASL__OP_GLOBAL_POOL,
    ASL__OP_DROPOUT
};

/* What flows between operations: float[height][width][stride], channels channels real and the rest
 * zero. The input of a first convolution is not padded to blocks but has a border. */
typedef struct asl__map2d {
    int32_t height, width; /* border included */
    int32_t channels, stride;
    int32_t border; /* zero pixels on each side */
} asl__map2d;

typedef struct asl__op {
    int32_t kind;
    int32_t index; /* of the (first) layer in the network */
    const asl__layer *layer;
    int32_t relu, pool, winograd;
    int32_t first;                   /* conv2d on the input's planes, one row of tiles at a time */
    int32_t bf16;                    /* conv2d directly, in bfloat16 */
    int32_t back_bf16;               /* its input gradient too */
    int32_t kernel, stride, padding; /* conv2d */
    asl__map2d in, out;
    int32_t conv_height, conv_width; /* conv2d: output before pooling */
    int32_t across, tiles;           /* Winograd: tiles in a row, and altogether */
    int32_t pieces;                  /* rows or tiles that threads can share */
    size_t value;                    /* floats into a slot: the output */
    size_t planes;                   /* input: floats into a slot, see asl__planes */
    size_t choice;                   /* bytes into a slot: winners of the pooling */
    size_t weights, back_weights;    /* floats into the packed weights */
    size_t bias;
    size_t gradient, bias_gradient; /* floats into a lane's gradient sums */
    size_t statistics;              /* batch_norm: doubles into the statistics */
} asl__op;

/* The input with channels apart, and in each the columns apart by their place modulo 4, so that
 * the same column of neighbouring Winograd tiles lies side by side: float[3][4][rows][stride]. */
typedef struct asl__planes {
    int32_t rows, stride;
} asl__planes;

/* What one picture leaves behind. */
typedef struct asl__slot {
    float *values;
    uint8_t *choices;
    float *gradient[2]; /* by the output and by the input of the operation at work, in turns */
} asl__slot;

/* Working memory of one thread; a lane takes a free one when it begins. */
typedef struct asl__workspace {
    atomic_bool taken;
    float *tiles, *products; /* Winograd */
    float *bordered;         /* a convolution's input with its border, of each picture that is at
                                work; or its gradient; either as bfloat16 too */
    float *rows;             /* convolution rows before pooling; columns of an input gradient */
    float *spread;           /* a pooled gradient at the size before pooling */
    asl__entry *entries;     /* one list a channel, for ASL__CPU_BLOCK channels */
} asl__workspace;

/* What a lane adds up over its pictures. */
typedef struct asl__lane {
    float *gradients; /* laid out as the operations want */
    double *statistics;
} asl__lane;

struct asl__plan {
    const asl__network *network;
    asl__cpu_kernels kernels;
    asl__pool *pool;
    int32_t max_batch, training, lane_count, slot_count, work_count;
    int32_t bf16;          /* 1: products of convolutions in bfloat16, sums in float */
    int32_t first_trained; /* first op with parameters: no gradient is needed below it */
    int32_t waits;         /* 1: training, and batch norm makes the pictures wait for each other */
    int32_t stale;         /* 1: the packed weights must be renewed */
    asl__op ops[ASL__MAX_LAYERS + 1];
    int32_t op_count;
    asl__planes planes;   /* rows 0: not wanted */
    float levels[3][256]; /* what each byte of each channel, in network order, becomes */

    float *state[3];
    float *gradients; /* float[parameter_count], canonical order */
    float *packed;    /* weights as the kernels want them */
    double
        *statistics;  /* batch_norm, by channel: mean, 1/deviation, and two sums of its backward */
    double *losses;   /* double[max_batch] */
    int32_t *hits;    /* int32[max_batch] */
    asl__slot *slots; /* one a workspace; one a picture when batch norm makes pictures wait */
    asl__lane *lanes;
    asl__workspace *works;                  /* one a thread */
    float *values_memory, *gradient_memory; /* of all slots */
    uint8_t *choices_memory;

    /* Sizes of the above, in elements. */
    size_t packed_size, values_size, choices_size, map_size, gradients_size, statistics_size;
    size_t tiles_size, products_size, bordered_size, rows_size, spread_size, entries_size;
};

/* compile.c: fills ops and sizes from the network. */
void asl__cpu_compile(asl__plan *plan);
/* Tiles of Winograd that are worked on at once. */
int32_t asl__cpu_wino_chunk(const asl__plan *plan, int32_t points, int32_t channels);

/* conv2d_backward.c: floats of an op's weight gradient in a lane. */
size_t asl__cpu_gradient_size(const asl__op *op);

/* pack.c: renews the packed weights from the parameters when they are stale. */
void asl__cpu_pack(asl__plan *plan);

/* Floats of a map. */
static inline size_t asl__cpu_volume(const asl__map2d *map)
{
    return (size_t)map->height * (size_t)map->width * (size_t)map->stride;
}

static inline int32_t asl__cpu_blocks(int32_t channels)
{
    return (channels + ASL__CPU_BLOCK - 1) / ASL__CPU_BLOCK * ASL__CPU_BLOCK;
}

/* One operation at work on one picture. */
typedef struct asl__job {
    asl__plan *plan;
    const asl__op *op;
    asl__slot *slot;
    asl__lane *lane;
    asl__workspace *work;
    const float *in;
    float *out;
    int32_t first, end; /* pieces to do */
    const float *out_gradient;
    float *in_gradient;            /* NULL when nothing below is trained */
    const asl__step_options *step; /* NULL outside training */
    int32_t picture;
} asl__job;

void asl__cpu_input(const asl__job *job, const uint8_t *image);
void asl__cpu_conv2d_forward(const asl__job *job);
/* Of `count` pictures, whose slots lie equally far apart. */
void asl__cpu_conv2d_backward(const asl__job *jobs, int32_t count);
void asl__cpu_batch_norm_forward(const asl__job *job);
void asl__cpu_batch_norm_backward(const asl__job *job);
/* In training: sums over a picture; then over the batch, once all lanes are done. */
void asl__cpu_batch_norm_moments(const asl__job *job);
void asl__cpu_batch_norm_finish(asl__plan *plan, const asl__op *op, int32_t pictures);
void asl__cpu_batch_norm_sums(const asl__job *job);
void asl__cpu_batch_norm_learn(asl__plan *plan, const asl__op *op, int32_t pictures);
/* Puts the statistics of the batch just seen into the gradients, in the places of the running ones.
 */
void asl__cpu_batch_norm_report(asl__plan *plan, const asl__op *op, int32_t pictures);
void asl__cpu_relu_forward(const asl__job *job);
void asl__cpu_relu_backward(const asl__job *job);
void asl__cpu_max_pool_forward(const asl__job *job);
void asl__cpu_max_pool_backward(const asl__job *job);
void asl__cpu_global_pool_forward(const asl__job *job);
void asl__cpu_global_pool_backward(const asl__job *job);
void asl__cpu_dropout_forward(const asl__job *job);
void asl__cpu_dropout_backward(const asl__job *job);

#endif
