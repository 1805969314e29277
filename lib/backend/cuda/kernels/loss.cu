/* SPDX-License-Identifier: MIT */
/* Softmax cross-entropy as in backend/training.c, in double, a picture a thread: a few thousand
 * cycles for the classes of an alphabet. */
#include <math.h>

#include "backend/cuda/kernels/launch.cuh"
#include "backend/cuda/kernels.h"

namespace
{

__device__ int32_t find_maximum(const float *logits, int32_t classes)
{
    int32_t best = 0;
    for (int32_t k = 1; k < classes; k++)
        if (logits[k] > logits[best])
            best = k;
    return best;
}

__device__ double log_of_sum(const float *logits, int32_t classes, float largest)
{
    double sum = 0.0;
    for (int32_t k = 0; k < classes; k++)
        sum += exp(static_cast<double>(logits[k]) - static_cast<double>(largest));
    return static_cast<double>(largest) + log(sum);
}

__global__ void find_loss(float *__restrict__ dlogits, double *__restrict__ losses,
                          int32_t *__restrict__ hits, const float *__restrict__ logits,
                          const int32_t *__restrict__ labels, int32_t count, int32_t classes,
                          double label_smoothing)
{
    const double share = label_smoothing / static_cast<double>(classes);
    ASL__EACH (n, static_cast<size_t>(count)) {
        const float *row = logits + n * static_cast<size_t>(classes);
        float *gradient = dlogits + n * static_cast<size_t>(classes);
        const int32_t best = find_maximum(row, classes);
        const double scale = log_of_sum(row, classes, row[best]);
        double loss = 0.0;
        for (int32_t k = 0; k < classes; k++) {
            const double target = share + (k == labels[n] ? 1.0 - label_smoothing : 0.0);
            const double log_p = static_cast<double>(row[k]) - scale;
            loss -= target * log_p;
            gradient[k] = static_cast<float>((exp(log_p) - target) / static_cast<double>(count));
        }
        losses[n] = loss;
        hits[n] = best == labels[n];
    }
}

/* One thread; the batch is summed before it is added, as one that gets each batch's sum would. */
__global__ void add_result(asl__device_result *result, const double *__restrict__ losses,
                           const int32_t *__restrict__ hits, size_t count)
{
    ASL__EACH (once, static_cast<size_t>(1)) {
        double loss = 0.0;
        int64_t correct = 0;
        ASL__UNROLL
        for (size_t n = 0; n < count; n++) {
            loss += losses[n];
            correct += hits[n];
        }
        result[once].loss_sum += loss;
        result[once].correct += correct;
    }
}

} /* namespace */

cudaError_t asl__cuda_loss(float *dlogits, double *losses, int32_t *hits, const float *logits,
                           const int32_t *labels, int32_t count, int32_t classes,
                           double label_smoothing, cudaStream_t stream)
{
    return ASL__START(find_loss, count, stream, dlogits, losses, hits, logits, labels, count,
                      classes, label_smoothing);
}

cudaError_t asl__cuda_add_result(asl__device_result *result, const double *losses,
                                 const int32_t *hits, int32_t count, cudaStream_t stream)
{
    return ASL__START(add_result, 1, stream, result, losses, hits, static_cast<size_t>(count));
}
