/* SPDX-License-Identifier: MIT */
/* Learning-rate schedules, and the sums behind loss and accuracy. */
#include "support/support.h"

#include <math.h>

#include "train/metrics.h"
#include "train/schedule.h"

#define TOLERANCE 1e-12 /* a handful of double roundings on values near 1 */

static void check(double got, double expected)
{
    if (!(fabs(got - expected) <= TOLERANCE))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_constant(void **state)
{
    (void)state;
    for (int64_t step = 1; step <= 10; step++)
        check(asl__schedule_rate(ASL_SCHEDULE_CONSTANT, 0.25, step, 10), 0.25);
}

static void test_one_cycle_reaches_its_corners(void **state)
{
    (void)state;
    check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 2.0, 1, 101), 0.4);
    check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 2.0, 24, 101), 2.0); /* 23 % */
    check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 2.0, 101, 101), 0.14);
    check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 2.0, 1, 1), 0.4);
}

static void test_one_cycle_is_two_lines(void **state)
{
    (void)state;
    const double rise = 0.8 / 23, fall = 0.93 / 77;
    for (int64_t step = 1; step <= 24; step++)
        check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 1.0, step, 101),
              0.2 + rise * (double)(step - 1));
    for (int64_t step = 24; step <= 101; step++)
        check(asl__schedule_rate(ASL_SCHEDULE_ONE_CYCLE, 1.0, step, 101),
              1.0 - fall * (double)(step - 24));
}

static void test_pass_counts_pictures(void **state)
{
    (void)state;
    const float logits[3][2] = {{0.0F, 0.0F}, {2.0F, 0.0F}, {0.0F, 1000.0F}};
    const int32_t labels[3] = {0, 1, 1};
    asl__pass pass = {0};
    assert_true(isnan(asl__pass_loss(&pass)));
    assert_true(isnan(asl__pass_accuracy(&pass)));
    asl__pass_add(&pass, logits[0], labels, 2, 2);
    asl__pass_add(&pass, logits[2], labels + 2, 1, 2);
    assert_int_equal(pass.done, 3);
    assert_int_equal(pass.correct, 2); /* a tie goes to the first */
    check(asl__pass_loss(&pass), (log(2.0) + log(1.0 + exp(2.0)) + 0.0) / 3.0);
    check(asl__pass_accuracy(&pass), 2.0 / 3.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_one_cycle_reaches_its_corners),
        cmocka_unit_test(test_one_cycle_is_two_lines),
        cmocka_unit_test(test_pass_counts_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
