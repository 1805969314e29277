/* SPDX-License-Identifier: MIT */
/* What the tests share: cmocka, errors that print themselves, scratch files, allocation faults. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "asl/base.h"

/* Fails the test with the library's message unless `call` returns ASL_OK. */
#define assert_ok(call, err)                                                                       \
    do {                                                                                           \
        if ((call) != ASL_OK)                                                                      \
            fail_msg("%s: %s: %s", #call, asl_status_name((err)->code), (err)->message);           \
    } while (0)

/* Fails unless `call` returns exactly `expected` and err carries that code and a one-line message.
 */
#define assert_status(call, expected, err)                                                         \
    do {                                                                                           \
        const asl_status got_ = (call);                                                            \
        if (got_ != (expected))                                                                    \
            fail_msg("%s: got %s (%s), expected %s", #call, asl_status_name(got_), (err)->message, \
                     asl_status_name(expected));                                                   \
        test_check_error((expected), (err));                                                       \
    } while (0)

void test_check_error(asl_status expected, const asl_error *err);

/* Folder of real pictures: $ASL_TEST_DATA, else shared/data beside the checkout when it exists;
 * NULL otherwise, after printing that and why the test skips. */
const char *test_data_folder(void);

/* Makes an empty folder `name` in the current (scratch) folder, removing what was there. */
void test_make_folder(const char *name);
void test_write_file(const char *path, const void *data, size_t size);

/* An allocator that fails its n-th allocation (counted from 1; 0 = never), once or from then on.
 * Install before the code under test; test_allocator_remove() restores the default and fails the
 * test when memory is still in use. */
void test_allocator_install(int64_t fail_at, bool for_good);
int64_t test_allocator_count(void); /* allocations since the install */
void test_allocator_remove(void);

#endif
