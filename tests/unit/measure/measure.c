/* SPDX-License-Identifier: MIT */
/* How far scores can be believed: on made-up outputs whose figures can be worked out by hand. */
#include "support/support.h"

#include <math.h>

#include "common/measure.h"

enum { MOST = 1000, CLASSES = 3, NOTHING = 2 };

/* Thresholds are rounded down to six decimals. */
#define ROUNDED 2e-6

/* Pictures whose logits are logarithms of scores, so that they are scores at temperature 1. */
typedef struct pictures {
    int32_t truth[MOST];
    float values[MOST][CLASSES];
    const float *logits[MOST];
    measure_set set;
} pictures;

static void add(pictures *p, int32_t truth, double a, double b, double nothing)
{
    const int64_t i = p->set.count++;
    p->truth[i] = truth;
    p->values[i][0] = (float)log(a);
    p->values[i][1] = (float)log(b);
    p->values[i][2] = (float)log(nothing);
    p->logits[i] = p->values[i];
    p->set = (measure_set){CLASSES, NOTHING, i + 1, p->truth, p->logits};
}

/* `right` of `count` pictures whose top score is `score`; the rest is shared by the others. */
static void add_sure(pictures *p, int32_t count, int32_t right, double score)
{
    for (int32_t i = 0; i < count; i++)
        add(p, i < right ? 0 : 1, score, (1 - score) / 2, (1 - score) / 2);
}

/* A picture with a hand, or of nothing, and this letter score. */
static void add_letter(pictures *p, int32_t truth, double letter)
{
    add(p, truth, letter * 0.7, letter * 0.3, 1 - letter);
}

#define assert_near(value, expected, tolerance)                                                    \
    do {                                                                                           \
        if (!(fabs((value) - (expected)) <= (tolerance)))                                          \
            fail_msg("%s is %.9g, not %.9g", #value, (double)(value), (double)(expected));         \
    } while (0)

static void test_loss(void **state)
{
    static pictures p;
    (void)state;
    add(&p, 0, 0.5, 0.25, 0.25);
    add(&p, 2, 0.5, 0.25, 0.25);
    assert_near(measure_loss(&p.set, 1), (log(2) + log(4)) / 2, 1e-7);
    /* At temperature 0.5 scores go with their squares: 4 and 1 of 6. */
    assert_near(measure_loss(&p.set, 0.5), (log(1.5) + log(6)) / 2, 1e-7);
    p.set.count = 0;
    assert_true(isnan(measure_loss(&p.set, 1)));
    assert_true(isnan(measure_ece(&p.set, 1)));
}

static void test_calibration_error(void **state)
{
    static pictures honest, proud, mixed;
    (void)state;
    add_sure(&honest, 20, 15, 0.75);
    assert_near(measure_ece(&honest.set, 1), 0, 1e-6);
    add_sure(&proud, 20, 10, 0.75);
    assert_near(measure_ece(&proud.set, 1), 0.25, 1e-6);
    /* In bins of their own, errors of both signs add up: 0.3 x 0.25 + 0.7 x 0.1. */
    add_sure(&mixed, 30, 15, 0.75);
    add_sure(&mixed, 70, 70, 0.9);
    assert_near(measure_ece(&mixed.set, 1), 0.3 * 0.25 + 0.7 * 0.1, 1e-6);
    /* In one bin, 0.7333 to 0.8, they cancel out. */
    mixed.set.count = 0;
    add_sure(&mixed, 50, 35, 0.75);
    add_sure(&mixed, 50, 40, 0.75);
    assert_near(measure_ece(&mixed.set, 1), 0, 1e-6);
    /* A score of 1 belongs to the last bin. */
    mixed.set.count = 0;
    add_sure(&mixed, 4, 3, 1 - 1e-12);
    assert_near(measure_ece(&mixed.set, 1), 0.25, 1e-6);
}

/* Scores that are too sure: with as many right as at `honest`, the best temperature is what turns
 * `score` into it. */
static double expected_temperature(double score, double honest)
{
    /* The top logit lies log(2 s / (1 - s)) above the two others. */
    return log(2 * score / (1 - score)) / log(2 * honest / (1 - honest));
}

static void test_temperature(void **state)
{
    static pictures sure, surer;
    (void)state;
    add_sure(&sure, 10, 8, 0.98);
    assert_near(measure_temperature(&sure.set, 1), expected_temperature(0.98, 0.8), 1e-3);
    /* 400 pictures weigh as much as 10. */
    add_sure(&surer, 400, 360, 0.98);
    const measure_set sets[] = {sure.set, surer.set, {CLASSES, NOTHING, 0, NULL, NULL}};
    assert_near(measure_temperature(sets, 3), expected_temperature(0.98, 0.85), 1e-3);
    /* Shy scores want less than 1. */
    sure.set.count = 0;
    add_sure(&sure, 10, 9, 0.5);
    assert_near(measure_temperature(&sure.set, 1), expected_temperature(0.5, 0.9), 1e-3);
}

static void test_temperature_has_limits(void **state)
{
    static pictures right, wrong;
    (void)state;
    add_sure(&right, 10, 10, 0.9);
    assert_near(measure_temperature(&right.set, 1), 0.05, 1e-3);
    add_sure(&wrong, 10, 0, 0.9);
    assert_near(measure_temperature(&wrong.set, 1), 20, 1e-2);
    wrong.set.count = 0;
    assert_near(measure_temperature(&wrong.set, 1), 1, 0);
    assert_near(measure_temperature(NULL, 0), 1, 0);
}

static void test_letter_threshold(void **state)
{
    static pictures p;
    (void)state;
    for (int32_t i = 1; i <= 20; i++)
        add_letter(&p, i % 2, i / 25.0);
    for (int32_t i = 0; i < 10; i++)
        add_letter(&p, NOTHING, 0.01 + i / 50.0); /* has no say */
    /* 19 of 20 reach 0.08; half-way to the last. */
    assert_near(measure_letter_threshold(&p.set, 1, 1, 0.95), 0.06, ROUNDED);
    assert_near(measure_letter_threshold(&p.set, 1, 1, 0.951), 0.04, ROUNDED);
    assert_near(measure_letter_threshold(&p.set, 1, 1, 1), 0.04, ROUNDED);
    assert_near(measure_letter_threshold(&p.set, 1, 1, 0.5), (0.44 + 0.4) / 2, ROUNDED);
    const measure_letters at = measure_letters_at(&p.set, 1, 0.06);
    assert_near(at.recall, 0.95, 0);
    assert_near(at.false_share, 0.7, 0); /* 0.07 to 0.19 */
    /* Whatever the share, it is kept. */
    for (int32_t i = 1; i <= 100; i++) {
        const double share = i / 100.0, found = measure_letter_threshold(&p.set, 1, 1, share);
        assert_true(measure_letters_at(&p.set, 1, found).recall >= share - 1e-9);
        assert_true(measure_letters_at(&p.set, 1, found).recall <= share + 0.05);
    }
}

/* 4 pictures of one signer weigh as much as 400 of another. */
static void test_data_sets_weigh_the_same(void **state)
{
    static pictures few, many;
    (void)state;
    for (int32_t i = 1; i <= 4; i++)
        add_letter(&few, 0, i / 10.0); /* 0.1 to 0.4 */
    for (int32_t i = 0; i < 400; i++)
        add_letter(&many, 0, 0.5 + i / 1000.0); /* all above those */
    const measure_set sets[] = {few.set, many.set, {CLASSES, NOTHING, 0, NULL, NULL}};
    /* Half of the weight lies above 0.5; each of the few is another eighth. */
    assert_near(measure_letter_threshold(sets, 3, 1, 0.5), (0.5 + 0.4) / 2, ROUNDED);
    assert_near(measure_letter_threshold(sets, 3, 1, 0.75), (0.3 + 0.2) / 2, ROUNDED);
    assert_near(measure_letter_threshold(sets, 3, 1, 0.76), (0.2 + 0.1) / 2, ROUNDED);
}

static void test_equal_scores_stay_together(void **state)
{
    static pictures p;
    (void)state;
    for (int32_t i = 0; i < 10; i++)
        add_letter(&p, 0, i < 8 ? 0.625 : 0.25);
    const double found = measure_letter_threshold(&p.set, 1, 1, 0.5);
    assert_near(found, (0.625 + 0.25) / 2, ROUNDED);
    assert_near(measure_letters_at(&p.set, 1, found).recall, 0.8, 0);
}

static void test_temperature_counts_for_letters(void **state)
{
    static pictures p;
    (void)state;
    add(&p, 0, 0.4, 0.4, 0.2); /* squared: 16, 16 and 4 of 36 */
    assert_near(measure_letter_threshold(&p.set, 1, 0.5, 0.95), 32.0 / 36, ROUNDED);
    assert_near(measure_letters_at(&p.set, 0.5, 0.88).recall, 1, 0);
    assert_near(measure_letters_at(&p.set, 1, 0.88).recall, 0, 0);
}

static void test_what_is_not_known(void **state)
{
    static pictures p;
    (void)state;
    add_letter(&p, NOTHING, 0.3);
    assert_near(measure_letter_threshold(&p.set, 1, 1, 0.95), 0, 0);
    assert_true(isnan(measure_letters_at(&p.set, 1, 0.5).recall));
    assert_near(measure_letters_at(&p.set, 1, 0.5).false_share, 0, 0);
    add_letter(&p, 1, 0.9);
    p.set.nothing = -1; /* then everything is a letter, for sure */
    assert_near(measure_letter_threshold(&p.set, 1, 1, 0.95), 1, 0);
    assert_near(measure_letters_at(&p.set, 1, 1).recall, 1, 0);
    assert_true(isnan(measure_letters_at(&p.set, 1, 1).false_share));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_calibration_error),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_temperature_has_limits),
        cmocka_unit_test(test_letter_threshold),
        cmocka_unit_test(test_data_sets_weigh_the_same),
        cmocka_unit_test(test_equal_scores_stay_together),
        cmocka_unit_test(test_temperature_counts_for_letters),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
