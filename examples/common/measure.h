/* SPDX-License-Identifier: MIT */
/* How far a network's scores can be believed, on pictures whose class is known; and the calibration
 * that follows from it. Scores are softmax(logits / temperature). The letter score of a picture is
 * 1 minus the score of the class "nothing": as asl_model_letter_score(), to the bit. */
#ifndef EXAMPLES_MEASURE_H
#define EXAMPLES_MEASURE_H

#include <stdint.h>

/** Borrowed pictures of one data set. */
typedef struct measure_set {
    int32_t class_count;
    int32_t nothing; /**< The class without a hand, or -1. */
    int64_t count;
    const int32_t *truth;       /**< int32[count]: the true classes. */
    const float *const *logits; /**< [count] of float[class_count]. */
} measure_set;

/** Mean cross-entropy in nats; NaN without pictures. */
double measure_loss(const measure_set *set, double temperature);

/** Expected calibration error: how far the top score lies from the share that is right, in 15 equal
 * bins of the top score (Guo et al., "On Calibration of Modern Neural Networks", 2017), 0..1; NaN
 * without pictures. */
double measure_ece(const measure_set *set, double temperature);

/** The temperature, 0.05..20, with the smallest mean of the sets' losses: however many pictures a
 * set has, it weighs as much as the others. Sets without pictures are left out; 1 when all are. */
double measure_temperature(const measure_set *sets, int count);

/** The highest threshold, with six decimals, that the letter scores of this @p share of the
 * pictures with a hand still reach; every set that has any weighs the same. 0 when none has. */
double measure_letter_threshold(const measure_set *sets, int count, double temperature,
                                double share);

/** What a threshold does to a set. */
typedef struct measure_letters {
    double recall;      /**< Share of the pictures with a hand that reach it; NaN without any. */
    double false_share; /**< Share of those of "nothing" that do, too; NaN without any. */
} measure_letters;

measure_letters measure_letters_at(const measure_set *set, double temperature, double threshold);

#endif /* EXAMPLES_MEASURE_H */
