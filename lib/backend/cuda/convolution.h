/* SPDX-License-Identifier: MIT */
/* Convolutions through cuDNN's graph interface: NHWC maps, filters [o][k][k][i], sums in float32.
 * (All of cuDNN's older convolution calls are deprecated.) */
#ifndef ASL_BACKEND_CUDA_CONVOLUTION_H
#define ASL_BACKEND_CUDA_CONVOLUTION_H

#include "backend/cuda/device.h"
#include "backend/cuda/kernels.h"

enum {
    ASL__CONV_FORWARD = 0,    /* y = conv(x, w) */
    ASL__CONV_FUSED = 1,      /* y = relu(conv(x, w) + bias), bias float[o] */
    ASL__CONV_BACK_DATA = 2,  /* dx from dy, w */
    ASL__CONV_BACK_FILTER = 3 /* dw from x, dy */
};

typedef struct asl__conv_shape {
    int32_t kind;
    asl__map in, out; /* of the forward convolution; channels as they lie in memory */
    int32_t kernel, stride, padding;
    asl__number number;
    int32_t allow_tf32; /* F32: may round products' factors to TF32 */
} asl__conv_shape;

/* Pointers by role; what a kind does not have is NULL. */
typedef struct asl__conv_data {
    const void *x, *w, *dy;
    const float *bias;
    void *y;  /* FORWARD, FUSED */
    void *dx; /* BACK_DATA */
    void *dw; /* BACK_FILTER, in asl__conv_filter_number() */
} asl__conv_data;

/* An engine that was chosen for one shape. */
typedef struct asl__conv asl__conv;

/* How engines are chosen: on a device, or for a description of one (JSON, as
 * CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION has it) without any, which plans but cannot run. */
typedef struct asl__conv_target {
    const asl__device *device;
    const char *description;
    int32_t time_candidates; /* how many of the first to run and time; 0: take the first that
                                finalizes. Only with a device and scratch memory for operands. */
} asl__conv_target;

/* Deterministic engines only: heuristics A, then the fallback; those with the numerical notes
 * NONDETERMINISTIC, for float32 DOWN_CONVERT_INPUTS, and for exact float32 TENSOR_CORE, are passed
 * over.
 * ASL_ERR_UNSUPPORTED when no engine takes the shape, with cuDNN's last text: FUSED callers go on
 * with FORWARD and an epilogue kernel. */
asl_status asl__conv_create(asl__conv **out, const asl__conv_shape *shape,
                            const asl__conv_target *target, asl_error *err);
void asl__conv_free(asl__conv *conv);
size_t asl__conv_workspace(const asl__conv *conv);
/* Which engine and who proposed it, such as "cudnn engine 57 (heuristics)". */
const char *asl__conv_engine(const asl__conv *conv);
/* Number of dw: F32, unless cuDNN has no engine that adds bf16 products up to that. */
asl__number asl__conv_filter_number(const asl__conv *conv);

/* Puts it on the device's stream. `workspace` has asl__conv_workspace() bytes. */
asl_status asl__conv_run(asl__conv *conv, const asl__conv_data *data, void *workspace,
                         const asl__device *device, asl_error *err);

#endif
