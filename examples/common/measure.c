/* SPDX-License-Identifier: MIT */
/* See measure.h. */
#include "common/measure.h"

#include <math.h>
#include <stdlib.h>

#include "common/cli.h"

/* log(sum(exp(logits / temperature))). */
static double log_sum_exp(const float *logits, int32_t count, double temperature)
{
    double top = (double)logits[0], sum = 0;
    for (int32_t i = 1; i < count; i++)
        top = fmax(top, (double)logits[i]);
    for (int32_t i = 0; i < count; i++)
        sum += exp(((double)logits[i] - top) / temperature);
    return top / temperature + log(sum);
}

static double score_of(const float *logits, int32_t index, int32_t count, double temperature)
{
    return exp((double)logits[index] / temperature - log_sum_exp(logits, count, temperature));
}

static float letter_score(const measure_set *set, int64_t picture, double temperature)
{
    if (set->nothing < 0)
        return 1;
    return 1 - (float)score_of(set->logits[picture], set->nothing, set->class_count, temperature);
}

double measure_loss(const measure_set *set, double temperature)
{
    double sum = 0;
    for (int64_t i = 0; i < set->count; i++)
        sum += log_sum_exp(set->logits[i], set->class_count, temperature) -
               (double)set->logits[i][set->truth[i]] / temperature;
    return set->count > 0 ? sum / (double)set->count : NAN;
}

double measure_ece(const measure_set *set, double temperature)
{
    enum { BINS = 15 };
    double gaps[BINS] = {0}, sum = 0; /* of a bin: sum of score - (1 when right) */
    for (int64_t i = 0; i < set->count; i++) {
        const float *logits = set->logits[i];
        int32_t top = 0;
        for (int32_t k = 1; k < set->class_count; k++)
            top = logits[k] > logits[top] ? k : top;
        const double score = score_of(logits, top, set->class_count, temperature);
        const int bin = (int)(score * BINS);
        gaps[bin < BINS ? bin : BINS - 1] += score - (top == set->truth[i] ? 1 : 0);
    }
    for (int i = 0; i < BINS; i++)
        sum += fabs(gaps[i]);
    return set->count > 0 ? sum / (double)set->count : NAN;
}

/* ---- Calibration ---- */

static double mean_loss(const measure_set *sets, int count, double log_temperature)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        if (sets[i].count > 0)
            sum += measure_loss(&sets[i], exp(log_temperature));
    return sum;
}

/* Golden section on the logarithm: the loss is convex in 1 / temperature, so it has one valley. */
double measure_temperature(const measure_set *sets, int count)
{
    const double golden = (sqrt(5) - 1) / 2;
    double low = log(0.05), high = log(20);
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || sets[i].count > 0;
    if (!any)
        return 1;
    double left = high - golden * (high - low), right = low + golden * (high - low);
    double at_left = mean_loss(sets, count, left), at_right = mean_loss(sets, count, right);
    while (high - low > 1e-5) {
        if (at_left <= at_right) {
            high = right;
            right = left;
            at_right = at_left;
            left = high - golden * (high - low);
            at_left = mean_loss(sets, count, left);
        } else {
            low = left;
            left = right;
            at_left = at_right;
            right = low + golden * (high - low);
            at_right = mean_loss(sets, count, right);
        }
    }
    return exp((low + high) / 2);
}

typedef struct hand {
    float score;
    double weight;
} hand;

static int by_score(const void *a, const void *b)
{
    const float x = ((const hand *)a)->score, y = ((const hand *)b)->score;
    return (x < y) - (x > y);
}

/* Appends the pictures of a set that have a hand. @return how many. */
static int64_t gather_hands(hand *hands, const measure_set *set, double temperature)
{
    int64_t count = 0;
    for (int64_t i = 0; i < set->count; i++)
        if (set->truth[i] != set->nothing)
            hands[count++].score = letter_score(set, i, temperature);
    for (int64_t i = 0; i < count; i++)
        hands[i].weight = 1 / (double)count;
    return count;
}

/* The last of the hands, from the surest on, that are needed for their weights to make `wanted`;
 * those as sure as it come with it. */
static int64_t find_last(const hand *hands, int64_t count, double wanted)
{
    const double rounding = 1e-9;
    int64_t last = 0;
    for (double sum = hands[0].weight; sum < wanted - rounding && last + 1 < count;)
        sum += hands[++last].weight;
    while (last + 1 < count && hands[last + 1].score >= hands[last].score)
        last++;
    return last;
}

double measure_letter_threshold(const measure_set *sets, int count, double temperature,
                                double share)
{
    int64_t most = 0, total = 0;
    int used = 0;
    for (int i = 0; i < count; i++)
        most += sets[i].count;
    hand *hands = cli_alloc((size_t)most + 1, sizeof *hands);
    for (int i = 0; i < count; i++) {
        const int64_t added = gather_hands(hands + total, &sets[i], temperature);
        total += added;
        used += added > 0;
    }
    double threshold = 0;
    if (total > 0) {
        qsort(hands, (size_t)total, sizeof *hands, by_score);
        const int64_t last = find_last(hands, total, share * used);
        /* Half-way to the next, so that it does not hang on one picture; model files keep six
         * decimals, and rounding down keeps the hands. */
        const double kept = (double)hands[last].score;
        const double next = last + 1 < total ? (double)hands[last + 1].score : kept;
        threshold = floor((kept + next) / 2 * 1e6) / 1e6;
    }
    free(hands);
    return threshold;
}

measure_letters measure_letters_at(const measure_set *set, double temperature, double threshold)
{
    int64_t counts[2] = {0, 0}, reached[2] = {0, 0}; /* of hands, of nothing */
    for (int64_t i = 0; i < set->count; i++) {
        const int kind = set->truth[i] == set->nothing;
        counts[kind]++;
        reached[kind] += (double)letter_score(set, i, temperature) >= threshold;
    }
    return (measure_letters){
        .recall = counts[0] > 0 ? (double)reached[0] / (double)counts[0] : NAN,
        .false_share = counts[1] > 0 ? (double)reached[1] / (double)counts[1] : NAN,
    };
}
