/* SPDX-License-Identifier: MIT */
/* Finding classes in other spellings. */
#include "base/labels.h"

#include "support/support.h"

static void names_are_found_however_they_are_spelled(void **state)
{
    static const char *const labels[] = {"A", "a", "B", "del", "nothing", "space", "ä"};
    static const struct {
        const char *name;
        int32_t index;
    } cases[] = {
        {"A", 0},          {"a", 1},       {"b", 2},     {"DEL", 3},  {"delete", 3},
        {"Delete", 3},     {"Nothing", 4}, {"blank", 4}, {"NONE", 4}, {"none", 4},
        {"Background", 4}, {"SPACE", 5},   {"ä", 6},     {"Ä", -1},   {"7", -1},
        {"AA", -1},        {"de", -1},     {"dele", -1}, {"", -1},    {"spaces", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t found = asl__label_find(cases[i].name, labels, 7);

        if (found != cases[i].index)
            fail_msg("'%s' is %d, expected %d", cases[i].name, (int)found, (int)cases[i].index);
    }
}

static void other_names_work_both_ways(void **state)
{
    static const char *const labels[] = {"Blank", "DELETE"};

    (void)state;
    assert_int_equal(asl__label_find("nothing", labels, 2), 0);
    assert_int_equal(asl__label_find("none", labels, 2), 0);
    assert_int_equal(asl__label_find("del", labels, 2), 1);
    assert_int_equal(asl__label_find("space", labels, 2), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_however_they_are_spelled),
        cmocka_unit_test(other_names_work_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
