/* SPDX-License-Identifier: MIT */
/* The map of the cuda backend. compile.c turns the layers into operations and says how much memory
 * they need; memory.c takes it; forward.c and backward.c put the operations on the stream; steps.c
 * records that once per number of pictures, as a CUDA graph, and replays it; plan.c is the
 * boundary.
 *
 * An operation is a layer that multiplies, pools everything or drops, and what follows it value by
 * value: bias or batch norm, ReLU, max-pool. Its input is the map before it and its output the map
 * after it; between the two lies `raw`, what the multiplication gave. Maps are NHWC.
 *
 * cuDNN's graphs hold a number of pictures, and are made for the largest batch only: convolutions
 * always run on all places for pictures. Everything else runs on those in use, and the gradients of
 * the others are set to zero before they reach a convolution. */
#ifndef ASL_BACKEND_CUDA_PLAN_H
#define ASL_BACKEND_CUDA_PLAN_H

#include <stdbool.h>

#include "backend/backend.h"
#include "backend/cuda/convolution.h"
#include "backend/cuda/device.h"
#include "backend/cuda/kernels.h"

enum {
    ASL__MAIN_NONE = 0, /* a batch norm, ReLU or max-pool on its own */
    ASL__MAIN_CONV = 1,
    ASL__MAIN_DENSE = 2,
    ASL__MAIN_GLOBAL_POOL = 3,
    ASL__MAIN_DROPOUT = 4 /* in place: both its maps are one */
};

typedef struct asl__op {
    int32_t main, layer, layer_count; /* the layers it covers: first, how many */
    const asl__layer *first;          /* the layer of `main` */
    const asl__layer *norm;           /* batch norm, or NULL */
    bool bias, relu;
    int32_t pool;          /* window of a max-pool, or 1 */
    asl__map in, mid, out; /* of one picture: `mid` is what the main layer gives */
    asl__number number;    /* of mid and out; F32 for the logits */
    bool wants_input_gradient;

    /* Parameters as operands. */
    size_t packed_bytes;
    void *packed;      /* F32 dense weights are used in place */
    float *fused_bias; /* where cuDNN wants it, at a multiple of 16 bytes */

    asl__conv *forward, *fused, *back_data, *back_filter; /* CONV; NULL: not needed */
    void *raw; /* CONV and DENSE with something to follow; x of a batch norm in training is its
                  own, all others share one */
    uint16_t *choice;      /* of a max-pool, in training */
    int32_t *highest;      /* of a global maximum, in training */
    float *scale, *shift;  /* batch norm as the epilogue takes it */
    double *mean, *invstd; /* of the batch */
} asl__op;

/* What was recorded for one number of pictures. */
typedef struct asl__recording {
    int32_t count; /* 0: free */
    bool warm;     /* has run once, so that the libraries have loaded what they load late */
    cudaGraphExec_t graph;
} asl__recording;
enum { ASL__RECORDINGS = 4 };

/* The same work, asked for again and again. */
enum {
    ASL__WORK_FORWARD = 0,        /* staged images -> staged logits */
    ASL__WORK_GRADIENTS = 1,      /* staged images, labels and step -> gradients, staged result */
    ASL__WORK_STEP = 2,           /* the same, and the optimiser's step */
    ASL__WORK_KEPT_GRADIENTS = 3, /* the pictures of kept.step_order; nothing is staged */
    ASL__WORKS = 4
};

/* Host memory that the device reads and writes by itself. */
typedef struct asl__staging {
    uint8_t *images;
    int32_t *labels;
    float *logits;
    asl__device_step *step;
    asl__device_result *result;
} asl__staging;

/* A data set on the device; see plan_keep. */
typedef struct asl__kept {
    uint8_t *images;
    int32_t *labels;
    int64_t count;
    int64_t *order;                     /* of the call under way: of so many steps */
    asl__device_step *steps;            /* of the call under way: [ASL__MAX_KEPT_STEPS] */
    int64_t *step_order;                /* of the step under way: [max_batch] */
    asl__device_step *staged_steps;     /* pinned, as many */
    asl__device_result *staged_results; /* pinned, as many */
} asl__kept;

struct asl__plan {
    const asl__network *network;
    asl__device device;
    int32_t max_batch;
    bool training, exact; /* exact: no TF32 */
    asl__number number;   /* of activations and operands */
    asl__op ops[ASL__MAX_LAYERS];
    int32_t op_count;
    asl__map input; /* of one picture, channels padded for the first convolution */
    bool stale;     /* packed operands are older than the parameters */
    bool records;   /* CUDA graphs are in use */
    asl__recording recordings[ASL__WORKS][ASL__RECORDINGS];

    /* Device memory. maps[i] enters op i; maps[op_count] are the logits. */
    void *maps[ASL__MAX_LAYERS + 1];
    void *map_memory, *raw, *packed_memory, *choice_memory, *norm_memory, *gradient[2],
        *raw_gradient;
    uint8_t *images;
    int32_t *labels;
    float *state[3]; /* ASL__STATE_* */
    float *gradients;
    uint8_t *kinds; /* ASL__PARAMETER_* */
    void *filter_gradient;
    void *operand; /* the logits' gradient, as an operand */
    double *sums, *products, *partials, *losses;
    int32_t *hits;
    asl__device_step *step;
    asl__device_result *result;
    void *workspace;          /* of the convolutions */
    asl__optimizer optimizer; /* as last used; recordings hold it */
    double label_smoothing;

    asl__staging staging;
    asl__kept kept;
};

/* Sizes of one plan's device memory in bytes, found by compile.c and used by memory.c. */
typedef struct asl__plan_sizes {
    size_t map[ASL__MAX_LAYERS + 1]; /* of maps, for max_batch pictures */
    size_t raw, raw_gradient, gradient, filter_gradient, operand;
    size_t partials, workspace;
} asl__plan_sizes;

static inline size_t asl__number_bytes(asl__number number)
{
    return number == ASL__BF16 ? 2 : 4;
}

static inline size_t asl__map_values(asl__map map)
{
    return (size_t)map.count * (size_t)map.height * (size_t)map.width * (size_t)map.channels;
}

/* The map of `count` pictures. */
static inline asl__map asl__map_of(asl__map one, int32_t count)
{
    one.count = count;
    return one;
}

extern const asl__backend asl__backend_cuda;

/* compile.c: layers -> operations, without anything of the device. */
void asl__cuda_compile(asl__plan *plan);
/* Chooses an engine for every convolution. ASL_ERR_UNSUPPORTED names the layer. */
asl_status asl__cuda_choose(asl__plan *plan, const asl__conv_target *target, asl_error *err);
void asl__cuda_sizes(asl__plan_sizes *sizes, const asl__plan *plan);

/* memory.c. The first says early, before engines are looked for, what can never fit. */
asl_status asl__cuda_check_size(asl__plan *plan, asl_error *err);
asl_status asl__cuda_allocate(asl__plan *plan, asl_error *err);
void asl__cuda_release(asl__plan *plan);

/* forward.c: all put work on the stream and return. */
asl_status asl__cuda_pack(asl__plan *plan, asl_error *err);
/* From images to logits. `kept` takes the pictures of kept.step_order; `training` uses the batch's
 * statistics, drops out, and keeps what backward needs. */
asl_status asl__cuda_forward(asl__plan *plan, int32_t count, bool kept, bool training,
                             asl_error *err);
asl_status asl__cuda_forward_op(asl__plan *plan, int32_t index, int32_t count, bool training,
                                asl_error *err);
asl_status asl__cuda_input_op(asl__plan *plan, int32_t count, bool kept, asl_error *err);

/* Parts that both ways share. */
bool asl__cuda_has_epilogue(const asl__op *op);
asl__epilogue asl__cuda_epilogue_of(const asl__plan *plan, const asl__op *op, int32_t count);
asl__norm asl__cuda_norm(asl__plan *plan, const asl__op *op, int32_t count);

static inline cublasComputeType_t asl__cuda_blas_mode(const asl__plan *plan)
{
    return plan->number == ASL__F32 && !plan->exact ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                    : CUBLAS_COMPUTE_32F;
}

/* backward.c: loss and gradients of the batch just run forward. */
asl_status asl__cuda_backward(asl__plan *plan, int32_t count, asl_error *err);

/* steps.c: puts a whole piece of work on the stream. Packed operands must not be stale for FORWARD;
 * the others pack them, and steps leave them stale. */
asl_status asl__cuda_work(asl__plan *plan, int32_t work, int32_t count, asl_error *err);
void asl__cuda_forget_recordings(asl__plan *plan);
/* The optimiser's constants of a step; recordings with others are forgotten. */
void asl__cuda_set_optimizer(asl__plan *plan, const asl__step_options *options);
asl__device_step asl__cuda_device_step(const asl__step_options *options, int32_t count);
asl_status asl__cuda_apply(asl__plan *plan, asl_error *err);

/* kept.c: the optional calls of the boundary. */
asl_status asl__cuda_keep(asl__plan *plan, const uint8_t *images, const int64_t *places,
                          const int32_t *labels, int64_t count, asl_error *err);
asl_status asl__cuda_train_kept(asl__step_result *results, int32_t *steps_done, asl__plan *plan,
                                const int64_t *order, int64_t picture_count, int32_t batch,
                                const asl__step_options *options, int32_t step_count,
                                asl_error *err);
void asl__cuda_drop_kept(asl__plan *plan);

#endif
