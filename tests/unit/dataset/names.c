/* SPDX-License-Identifier: MIT */
/* The order of names, and endings. */
#include "support/support.h"

#include "dataset/folder.h"

static void natural_order_is_total_and_as_documented(void **state)
{
    static const char *const sorted[] = {"",
                                         "A",
                                         "A0.jpg",
                                         "A00.jpg",
                                         "A01.jpg",
                                         "A1.jpg",
                                         "A2.jpg",
                                         "A9.jpg",
                                         "A010.jpg",
                                         "A10.jpg",
                                         "A11.jpg",
                                         "A100.jpg",
                                         "A100b",
                                         "A123456789012345678901234567890",
                                         "A123456789012345678901234567891",
                                         "AB",
                                         "A_1_2",
                                         "A_1_10",
                                         "A_2_1",
                                         "B/1/9",
                                         "B/1/10",
                                         "B/2/1",
                                         "B1",
                                         "a1",
                                         "\xc3\xa9"};
    const int count = sizeof sorted / sizeof *sorted;

    (void)state;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < count; k++) {
            const int order = asl__natural_compare(sorted[i], sorted[k]);

            if ((order > 0) - (order < 0) != (i > k) - (i < k))
                fail_msg("'%s' and '%s' compare as %d", sorted[i], sorted[k], order);
        }
    }
}

static void endings_ignore_case(void **state)
{
    (void)state;
    assert_true(asl__has_ending("a.jpg", ".jpg"));
    assert_true(asl__has_ending("a.JpG", ".jpg"));
    assert_true(asl__has_ending(".jpg", ".jpg"));
    assert_false(asl__has_ending("jpg", ".jpg"));
    assert_false(asl__has_ending("a.jpg.txt", ".jpg"));
    assert_false(asl__has_ending("a.jpe", ".jpeg"));
    assert_false(asl__has_ending("", ".jpg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(natural_order_is_total_and_as_documented),
        cmocka_unit_test(endings_ignore_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
