/* SPDX-License-Identifier: MIT */
/* What no library does for us, one .cu file per concern. Maps are NHWC. Every kernel is a loop over
 * independent outputs (grid-stride; no shared memory, no atomics, no synchronisation), and sums run
 * in a fixed order, so that results repeat bit for bit, and the same source compiles for the host,
 * where the tests run it. All calls put work on the stream and return at once. */
#ifndef ASL_BACKEND_CUDA_KERNELS_H
#define ASL_BACKEND_CUDA_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers of activations and of the libraries' operands. */
typedef enum asl__number { ASL__F32 = 0, ASL__BF16 = 1 } asl__number;

typedef struct asl__map {
    int32_t count, height, width, channels;
} asl__map;

/* ---- input.cu ---- */

typedef struct asl__pixels {
    const uint8_t *images;    /* [.][height][width][3] in R,G,B */
    const int64_t *order;     /* NULL, or which pictures to take: [count] */
    float scale[3], shift[3]; /* network input = byte * scale[c] + shift[c], c in network order */
    int32_t bgr;
} asl__pixels;

/* Channels 3.. of `out` become 0. out.channels >= 3. */
cudaError_t asl__cuda_input(void *out, asl__number number, asl__map map, const asl__pixels *pixels,
                            cudaStream_t stream);
/* labels[i] = from[order[i]]. */
cudaError_t asl__cuda_labels(int32_t *labels, const int32_t *from, const int64_t *order,
                             int32_t count, cudaStream_t stream);

/* ---- weights.cu: the flat vector <-> operands ---- */

/* Convolution weights float[o][i][k][k] -> [o][k][k][padded] with zeros in channels i.. */
cudaError_t asl__cuda_pack_filter(void *out, asl__number number, const float *weights, int32_t o,
                                  int32_t i, int32_t k, int32_t padded, cudaStream_t stream);
/* And a gradient back: [o][k][k][padded] -> float[o][i][k][k]. */
cudaError_t asl__cuda_unpack_filter(float *out, const void *gradient, asl__number number, int32_t o,
                                    int32_t i, int32_t k, int32_t padded, cudaStream_t stream);
/* float -> number and back. */
cudaError_t asl__cuda_convert(void *out, asl__number to, const void *in, asl__number from,
                              size_t count, cudaStream_t stream);

/* ---- epilogue.cu: what follows a convolution or a dense layer ---- */

/* y = max over pool x pool windows of relu?(x * scale[c] + shift[c]); windows as max_pool: floor
 * mode. pool 1: none. scale, shift: float[channels] or NULL (1 and 0). choice: uint16 per output,
 * which of the window's places (row-major) was the first largest; NULL unless wanted. */
typedef struct asl__epilogue {
    asl__map in; /* of x */
    const float *scale, *shift;
    int32_t relu, pool;
} asl__epilogue;

cudaError_t asl__cuda_epilogue(void *y, uint16_t *choice, const void *x, asl__number number,
                               const asl__epilogue *e, cudaStream_t stream);
/* dz = gradient by (x * scale + shift), the size of x, from dy and y (the ReLU's mask) and choice;
 * every place of dz is written. */
cudaError_t asl__cuda_epilogue_backward(void *dz, const void *dy, const void *y,
                                        const uint16_t *choice, asl__number number,
                                        const asl__epilogue *e, cudaStream_t stream);

/* ---- channels.cu: sums over pictures and places ---- */

/* Partial sums that the two calls below need: double[asl__cuda_partials(map)] on the device. */
size_t asl__cuda_partials(asl__map map);
/* sums[c] = sum of x[..][c]; sums2[c], if not NULL, = sum of x[..][c] * z[..][c] (z may be x). */
cudaError_t asl__cuda_channel_sums(double *sums, double *sums2, const void *x, const void *z,
                                   asl__number number, asl__map map, double *partials,
                                   cudaStream_t stream);
/* out[c] = (float)sums[c]. */
cudaError_t asl__cuda_store_sums(float *out, const double *sums, int32_t channels,
                                 cudaStream_t stream);

/* ---- batch_norm.cu ---- */

/* From sums and squares (channel_sums of x with x) over `places` values a channel: the batch's mean
 * and 1 / sqrt(biased variance + epsilon), float scale = weight * invstd, shift = offset - mean *
 * scale for the epilogue; the batch's mean and unbiased variance go to reported_* (as the boundary
 * wants them in the gradient vector). */
typedef struct asl__norm {
    const float *weight, *offset;
    float *scale, *shift;
    double *mean, *invstd;
    float *reported_mean, *reported_variance;
    int32_t channels;
    int64_t places;
} asl__norm;
cudaError_t asl__cuda_norm_statistics(const asl__norm *norm, const double *sums,
                                      const double *squares, cudaStream_t stream);
/* scale and shift from running statistics. */
cudaError_t asl__cuda_norm_running(const asl__norm *norm, const float *mean, const float *variance,
                                   cudaStream_t stream);
/* dx from dz (gradient by the normalised, scaled output), x, sums of dz and of dz * x, and the norm
 * as norm_statistics left it; also the gradients by weight and offset. dx may be dz. */
cudaError_t asl__cuda_norm_backward(void *dx, float *weight_gradient, float *offset_gradient,
                                    const void *dz, const void *x, asl__number number, asl__map map,
                                    const asl__norm *norm, const double *sums,
                                    const double *products, cudaStream_t stream);

/* ---- global_pool.cu: [n][h][w][c] -> [n][c] or, for both, [n][2c] (average, then maximum) ---- */

cudaError_t asl__cuda_global_pool(void *y, int32_t *choice, const void *x, asl__number number,
                                  asl__map in, int32_t pool, cudaStream_t stream);
cudaError_t asl__cuda_global_pool_backward(void *dx, const void *dy, const int32_t *choice,
                                           asl__number number, asl__map in, int32_t pool,
                                           cudaStream_t stream);

/* ---- dropout.cu: in place, forward and backward alike; the mask of backend.h, whose units are
 * counted channel by channel ---- */

/* What changes from step to step, on the device, so that a captured graph can be replayed. */
typedef struct asl__device_step {
    int64_t step;
    uint64_t seed;
    int32_t first, count;
    float learning_rate, correction1, correction2; /* Adam's 1 / (1 - beta^step) */
} asl__device_step;

cudaError_t asl__cuda_dropout(void *values, asl__number number, asl__map map, int32_t layer,
                              float rate, const asl__device_step *step, cudaStream_t stream);

/* ---- loss.cu ---- */

typedef struct asl__device_result { /* as asl__step_result; adds up until it is cleared */
    double loss_sum;
    int64_t correct;
} asl__device_result;

/* dlogits: gradient of the batch's mean loss. losses: double[count], hits: int32[count]. */
cudaError_t asl__cuda_loss(float *dlogits, double *losses, int32_t *hits, const float *logits,
                           const int32_t *labels, int32_t count, int32_t classes,
                           double label_smoothing, cudaStream_t stream);
cudaError_t asl__cuda_add_result(asl__device_result *result, const double *losses,
                                 const int32_t *hits, int32_t count, cudaStream_t stream);

/* ---- optimizer.cu ---- */

enum { ASL__PARAMETER_TRAINED = 1, ASL__PARAMETER_DECAYED = 2 }; /* neither: running statistic */

typedef struct asl__optimizer {
    float *parameters, *moment1, *moment2;
    const float *gradients;
    const uint8_t *kinds; /* ASL__PARAMETER_* of each */
    size_t count;
    int32_t optimizer, nesterov;
    double beta1, beta2, epsilon, momentum, weight_decay;
} asl__optimizer;
cudaError_t asl__cuda_optimizer(const asl__optimizer *optimizer, const asl__device_step *step,
                                cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
