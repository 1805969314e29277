/* SPDX-License-Identifier: MIT */
/* Buffers, numbers and UTF-8. */
#include "support/support.h"

#include <float.h>
#include <math.h>

#include "base/text.h"

static void buffers_grow(void **state)
{
    asl__buffer buffer = {0};

    (void)state;
    asl__buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer.data, "");
    for (int i = 0; i < 1000; i++)
        asl__buffer_format(&buffer, "%03d,", i);
    asl__buffer_append(&buffer, "a\0b", 3);
    assert_false(buffer.failed);
    assert_int_equal(buffer.size, 4003);
    assert_memory_equal(buffer.data, "000,001,", 8);
    assert_memory_equal(buffer.data + 3996, "999,a\0b", 8);
    asl__buffer_free(&buffer);
    assert_null(buffer.data);
    asl__buffer_free(&buffer);
}

static void a_failed_buffer_stays_failed(void **state)
{
    asl__buffer buffer = {0};

    (void)state;
    test_allocator_install(2, false);
    asl__buffer_format(&buffer, "%s", "start");
    assert_false(buffer.failed);
    asl__buffer_format(&buffer, "%0100d", 0);
    assert_true(buffer.failed);
    asl__buffer_append(&buffer, "x", 1);
    assert_true(buffer.failed);
    assert_string_equal(buffer.data, "start");
    assert_int_equal(buffer.size, 5);
    asl__buffer_free(&buffer);
    assert_false(buffer.failed);
    test_allocator_remove();
}

static void impossible_appends_fail(void **state)
{
    asl__buffer buffer = {0};

    (void)state;
    asl__buffer_append(&buffer, "x", SIZE_MAX);
    assert_true(buffer.failed);
    assert_null(buffer.data);
    asl__buffer_free(&buffer);
}

static void integers_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } table[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"-12", true, -12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
        {"\xd9\xa1", false, 0}, /* an Arabic-Indic one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t value = 42;

        assert_int_equal(asl__parse_i64(&value, table[i].text, strlen(table[i].text)), table[i].ok);
        assert_true(value == (table[i].ok ? table[i].value : 42));
    }
    assert_false(asl__parse_i64(&(int64_t){0}, "1\0", 2));
}

static void decimals_are_parsed(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double value;
    } table[] = {
        {"0", true, 0},
        {"1", true, 1},
        {"-1.5", true, -1.5},
        {"0.1", true, 0.1},
        {"0.001", true, 0.001},
        {"3.0", true, 3},
        {"00.250", true, 0.25},
        {"123456.789", true, 123456.789},
        {"0.000000001", true, 1e-9},
        {"999999999", true, 999999999},
        {"999999999.999999999", true, 999999999.999999999},
        {"1000000000", false, 0},
        {"0.0000000001", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {".", false, 0},
        {".5", false, 0},
        {"5.", false, 0},
        {"-.5", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1,5", false, 0},
        {"1.2.3", false, 0},
        {"1e3", false, 0},
        {"nan", false, 0},
        {"inf", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double value = 42;

        assert_int_equal(asl__parse_decimal(&value, table[i].text, strlen(table[i].text)),
                         table[i].ok);
        assert_true(value == (table[i].ok ? table[i].value : 42));
    }
}

static void decimals_are_formatted(void **state)
{
    static const struct {
        double value;
        const char *text;
    } table[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e-6, "0.000001"},
        {4e-7, "0"},
        {-4e-7, "0"},
        {0.9999996, "1"},
        {1.0 / 3, "0.333333"},
        {-2.0 / 3, "-0.666667"},
        {100, "100"},
        {123456789.5, "123456789.5"},
        {999999999.5, "999999999.5"},
        {1e9, "inf"},
        {-DBL_MAX, "-inf"},
        {(double)INFINITY, "inf"},
        {(double)NAN, "nan"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[24];

        asl__format_decimal(text, table[i].value);
        assert_string_equal(text, table[i].text);
    }
}

static void decimals_come_back(void **state)
{
    (void)state;
    for (int i = -200000; i <= 200000; i += 7) {
        const double value = i * 1.23456789 * (i % 5 == 0 ? 4000 : 1e-3);
        double back = 0;
        char text[24];

        asl__format_decimal(text, value);
        assert_true(asl__parse_decimal(&back, text, strlen(text)));
        assert_true(fabs(back - value) <= 1e-6);
    }
}

static void utf8_is_checked(void **state)
{
    static const struct {
        const char *text;
        bool plain;
    } table[] = {
        {"", true},
        {"hand", true},
        {"~ ", true},
        {"\x1f", false},
        {"\t", false},
        {"\x7f", false},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"a\xc3\xa9z", true},
        {"\xc2\xa0", true},
        {"\xc2\x80", false},         /* C1 */
        {"a\xc2\x9b[2J", false},     /* C1: control sequence introducer */
        {"\xc2\x9f", false},         /* C1 */
        {"\x80", false},             /* continuation alone */
        {"\xc3", false},             /* ends early */
        {"\xc3\x28", false},         /* no continuation */
        {"\xc0\x80", false},         /* overlong NUL */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* first surrogate */
        {"\xed\xbf\xbf", false},     /* last surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"\xe2\x82", false},
        {"\xe2\x28\xa1", false},
        {"\xe2\x82\x28", false},
        {"\xf0\x9f\x91", false},
        {"\xf0\x9f\x91\x28", false},
        {"\xff", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(asl__is_plain_utf8(table[i].text, strlen(table[i].text)), table[i].plain);
    assert_false(asl__is_plain_utf8("a\0b", 3));
    assert_int_equal(asl__utf8_sequence("", 0), 0);
    assert_int_equal(asl__utf8_sequence("\xf0\x9f\x91\x8b!", 5), 4);
    assert_int_equal(asl__utf8_sequence("\xe2\x82\xac", 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_grow),
        cmocka_unit_test(a_failed_buffer_stays_failed),
        cmocka_unit_test(impossible_appends_fail),
        cmocka_unit_test(integers_are_parsed),
        cmocka_unit_test(decimals_are_parsed),
        cmocka_unit_test(decimals_are_formatted),
        cmocka_unit_test(decimals_come_back),
        cmocka_unit_test(utf8_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
