/* SPDX-License-Identifier: MIT */
/* Softmax cross-entropy with label smoothing (Szegedy et al. 2016), as PyTorch has it. With p the
 * softmax of the logits, K classes and smoothing s:
 *   loss = (1 - s) * -log p[label] + s * mean over all classes of -log p
 *   gradient = p - target, target = (1 - s) at the label plus s / K everywhere. */
#include <math.h>

#include "backend/reference/reference.h"

static int32_t find_maximum(const float *logits, int32_t classes)
{
    int32_t best = 0;
    for (int32_t k = 1; k < classes; k++) {
        if (logits[k] > logits[best])
            best = k;
    }
    return best;
}

/* log of the sum of exp(logit), the largest taken out so that nothing overflows. */
static double log_sum_exp(const float *logits, int32_t classes)
{
    const double largest = (double)logits[find_maximum(logits, classes)];
    double sum = 0.0;
    for (int32_t k = 0; k < classes; k++)
        sum += exp((double)logits[k] - largest);
    return largest + log(sum);
}

asl__step_result asl__reference_loss(float *gradient, const float *logits, const int32_t *labels,
                                     int32_t count, int32_t classes, double label_smoothing)
{
    const double share = label_smoothing / (double)classes;
    asl__step_result result = {0.0, 0};

    for (int32_t n = 0; n < count; n++, logits += classes, gradient += classes) {
        const double scale = log_sum_exp(logits, classes);
        double loss = 0.0;
        for (int32_t k = 0; k < classes; k++) {
            const double target = share + (k == labels[n] ? 1.0 - label_smoothing : 0.0);
            const double log_p = (double)logits[k] - scale;
            loss -= target * log_p;
            gradient[k] = (float)((exp(log_p) - target) / (double)count);
        }
        result.loss_sum += loss;
        result.correct += find_maximum(logits, classes) == labels[n];
    }
    return result;
}
