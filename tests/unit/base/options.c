/* SPDX-License-Identifier: MIT */
/* Structs that carry their size: shorter, equal, longer with a zero tail, longer with a set one. */
#include "support/support.h"

#include "base/options.h"

/* One struct in three versions. */
typedef struct first {
    uint32_t struct_size;
    int32_t a;
} first;

typedef struct second {
    uint32_t struct_size;
    int32_t a, b, c;
} second;

typedef struct third {
    uint32_t struct_size;
    int32_t a, b, c, d, e;
} third;

static const second defaults = {sizeof(second), 1, 2, 3};

static void null_leaves_the_defaults(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    second dst = defaults;

    (void)state;
    assert_ok(asl__options_read(&dst, sizeof dst, NULL, "t", &err), &err);
    assert_memory_equal(&dst, &defaults, sizeof dst);
}

static void shorter_equal_and_longer_are_read(void **state)
{
    const first old = {sizeof old, 10};
    const second same = {sizeof same, 10, 20, 30};
    const third later = {sizeof later, 10, 20, 30, 0, 0};
    asl_error err = ASL_ERROR_INIT;
    second dst = defaults;

    (void)state;
    assert_ok(asl__options_read(&dst, sizeof dst, &old, "t", &err), &err);
    assert_memory_equal(&dst, (&(second){sizeof dst, 10, 2, 3}), sizeof dst);
    dst = defaults;
    assert_ok(asl__options_read(&dst, sizeof dst, &same, "t", &err), &err);
    assert_memory_equal(&dst, &same, sizeof dst);
    dst = defaults;
    assert_ok(asl__options_read(&dst, sizeof dst, &later, "t", &err), &err);
    assert_memory_equal(&dst, &same, sizeof dst);
}

static void a_set_tail_is_too_new(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    second dst = defaults;

    (void)state;
    for (size_t i = sizeof(second); i < sizeof(third); i++) {
        third later = {sizeof later, 10, 20, 30, 0, 0};

        ((unsigned char *)&later)[i] = 1;
        assert_status(asl__options_read(&dst, sizeof dst, &later, "t", &err), ASL_ERR_TOO_NEW,
                      &err);
        assert_memory_equal(&dst, &defaults, sizeof dst);
    }
}

static void impossible_sizes_are_refused(void **state)
{
    static const uint32_t sizes[] = {0, 1, 3, 4097, 0xeeeeeeee, UINT32_MAX};
    asl_error err = ASL_ERROR_INIT;
    second dst = defaults;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        third bad = {sizes[i], 10, 20, 30, 40, 50};
        const third before = bad;

        assert_status(asl__options_read(&dst, sizeof dst, &bad, "t", &err), ASL_ERR_ARG, &err);
        assert_memory_equal(&dst, &defaults, sizeof dst);
        assert_status(asl__struct_write(&bad, &defaults, sizeof defaults, "t", &err), ASL_ERR_ARG,
                      &err);
        assert_memory_equal(&bad, &before, sizeof bad);
    }
    assert_status(asl__struct_write(NULL, &defaults, sizeof defaults, "t", &err), ASL_ERR_ARG,
                  &err);
}

static void writing_fits_the_receiver(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    union {
        first old;
        third later;
    } dst;

    (void)state;
    memset(&dst, 0xee, sizeof dst);
    dst.old.struct_size = sizeof dst.old;
    assert_ok(asl__struct_write(&dst, &defaults, sizeof defaults, "t", &err), &err);
    assert_int_equal(dst.old.struct_size, sizeof dst.old);
    assert_int_equal(dst.old.a, 1);
    assert_int_equal((uint32_t)dst.later.b, 0xeeeeeeee);

    dst.later.struct_size = sizeof dst.later;
    assert_ok(asl__struct_write(&dst, &defaults, sizeof defaults, "t", &err), &err);
    assert_memory_equal(&dst.later, (&(third){sizeof dst.later, 1, 2, 3, 0, 0}), sizeof dst.later);
}

static void initialising_fits_the_receiver(void **state)
{
    third dst;

    (void)state;
    memset(&dst, 0xee, sizeof dst);
    asl__options_init(NULL, sizeof dst, &defaults, sizeof defaults);
    asl__options_init(&dst, 3, &defaults, sizeof defaults);
    assert_int_equal(dst.struct_size, 0xeeeeeeee);
    asl__options_init(&dst, sizeof(first), &defaults, sizeof defaults);
    assert_int_equal(dst.struct_size, sizeof(first));
    assert_int_equal(dst.a, 1);
    assert_int_equal((uint32_t)dst.b, 0xeeeeeeee);
    asl__options_init(&dst, sizeof dst, &defaults, sizeof defaults);
    assert_memory_equal(&dst, (&(third){sizeof dst, 1, 2, 3, 0, 0}), sizeof dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_leaves_the_defaults),
        cmocka_unit_test(shorter_equal_and_longer_are_read),
        cmocka_unit_test(a_set_tail_is_too_new),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(writing_fits_the_receiver),
        cmocka_unit_test(initialising_fits_the_receiver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
