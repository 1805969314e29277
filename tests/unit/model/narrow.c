/* SPDX-License-Identifier: MIT */
/* Halves and 8-bit steps: every half there is, every border of rounding, and scales that give the
 * same steps again. */
#include "support/support.h"

#include <float.h>
#include <math.h>

#include "model/narrow.h"

/* What the bits say, in double arithmetic. */
static double half_value(unsigned half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double size =
        exponent ? ldexp(1 + fraction / 1024.0, exponent - 15) : ldexp(fraction / 1024.0, -14);
    return half & 0x8000 ? -size : size;
}

static void test_every_half(void **state)
{
    (void)state;
    for (unsigned half = 0; half <= 0xffff; half++) {
        const float value = asl__half_to_float((uint16_t)half);
        if ((half >> 10 & 31) == 31) {
            assert_true(half & 1023 ? isnan(value) : isinf(value));
            assert_int_equal(!!signbit(value), half >> 15);
            continue;
        }
        assert_true((double)value == half_value(half));
        assert_int_equal(asl__half_from_float(value), half);
    }
}

/* Between neighbours: below the middle goes down, above it up, and the middle to the even one. */
static void test_rounding(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 0x7bff; half++) {
        const float low = asl__half_to_float((uint16_t)half);
        const float high = asl__half_to_float((uint16_t)(half + 1));
        const float middle = (low + high) / 2; /* exact: a float has more digits */
        const unsigned even = half + half % 2;
        assert_int_equal(asl__half_from_float(middle), even);
        assert_int_equal(asl__half_from_float(nextafterf(middle, 0)), half);
        assert_int_equal(asl__half_from_float(nextafterf(middle, high)), half + 1);
        assert_int_equal(asl__half_from_float(-middle), 0x8000 | even);
    }
    assert_int_equal(asl__half_from_float(nextafterf(65520, 0)), 0x7bff);
    assert_int_equal(asl__half_from_float(65520), 0x7c00);
    assert_int_equal(asl__half_from_float(-FLT_MAX), 0xfc00);
    assert_int_equal(asl__half_from_float(INFINITY), 0x7c00);
    assert_true(isnan(asl__half_to_float(asl__half_from_float(NAN))));
    assert_int_equal(asl__half_from_float(FLT_TRUE_MIN), 0);
}

static void check_steps(const float *values, size_t count)
{
    int8_t steps[8], again[8];
    float back[8];
    const float scale = asl__steps_scale(values, count);
    assert_true(scale > 0 && isfinite(scale));
    asl__to_steps(steps, values, count, scale);
    for (size_t i = 0; i < count; i++) {
        back[i] = (float)steps[i] * scale;
        assert_true((double)back[i] == steps[i] * (double)scale); /* exact */
        assert_true(fabs((double)back[i] - (double)values[i]) <= (double)scale / 2);
        assert_in_range(steps[i] + 127, 0, 254);
    }
    assert_true(asl__steps_scale(back, count) == scale);
    asl__to_steps(again, back, count, scale);
    assert_memory_equal(steps, again, count);
}

static void test_steps(void **state)
{
    uint32_t random = 1;
    float values[8] = {0, -0.0f, 1, -1, 0.5f, 0.4999f, 0.1f, -0.003f};
    (void)state;
    check_steps(values, 8);
    check_steps((float[]){127, -127, 0.5f, -0.5f, 1.5f, 63}, 6);
    check_steps((float[]){0, 0}, 2);
    check_steps((float[]){FLT_TRUE_MIN, -FLT_MIN}, 2);
    check_steps((float[]){FLT_MIN * 126.7f, FLT_MIN, FLT_MIN / 3}, 3);
    check_steps((float[]){3.3e38f, -1e30f, 0}, 3);
    for (int i = 0; i < 20000; i++) {
        for (int v = 0; v < 8; v++) {
            random = random * 1664525u + 1013904223u;
            values[v] = ldexpf((float)(int32_t)random, (int)(random >> 7 & 63) - 64);
        }
        check_steps(values, 8);
    }
    assert_true(isinf(asl__steps_scale((float[]){FLT_MAX}, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
