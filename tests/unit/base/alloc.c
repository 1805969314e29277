/* SPDX-License-Identifier: MIT */
/* The allocator: alignment, zeroes, accounting, overflow, and the host's own. */
#include "support/support.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/threads.h"

static size_t in_use(void)
{
    size_t current = 0;

    asl_memory_usage(&current, NULL);
    return current;
}

static void blocks_are_aligned_and_zero(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = asl__alloc(sizes[i]);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % ASL__ALIGNMENT, 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(block[j], 0);
        memset(block, 0xa5, sizes[i]); /* dirt for the next one */
        asl__free(block);
    }
}

#if defined(__SANITIZE_THREAD__)
#define ZEROES_BY_WRITING 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ZEROES_BY_WRITING 1
#endif
#endif

/* Plans set aside more than most pictures need. */
static void pages_cost_nothing_until_used(void **state)
{
    enum { SIZE = 64 << 20, LEAST_PAGE = 4096 };
    static unsigned char resident[SIZE / LEAST_PAGE];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *block = NULL;
    size_t count = 0;

    (void)state;
#ifdef ZEROES_BY_WRITING
    skip(); /* the sanitizer's calloc() */
#endif
    block = asl__alloc(SIZE);
    assert_non_null(block);
    assert_int_equal(mincore(block + (page - (uintptr_t)block % page), SIZE - page, resident), 0);
    for (size_t i = 0; i < SIZE / page - 1; i++)
        count += resident[i] & 1;
    assert_true(count < SIZE / page / 4); /* not 0: the header's page may be a huge one */
    asl__free(block);
}

static void use_is_counted(void **state)
{
    size_t current = 0, peak = 0, later = 0;
    void *a = asl__alloc(1000), *b = asl__alloc(0);

    (void)state;
    asl_memory_usage(&current, &peak);
    assert_int_equal(current, 1001);
    assert_true(peak >= 1001);
    asl__free(a);
    asl_free(b);
    asl__free(NULL);
    asl_free(NULL);
    asl_memory_usage(&current, &later);
    assert_int_equal(current, 0);
    assert_int_equal(later, peak);
    asl_memory_usage(NULL, NULL);
}

static void too_much_is_null(void **state)
{
    (void)state;
    assert_null(asl__alloc(SIZE_MAX));
    assert_null(asl__alloc(SIZE_MAX - ASL__ALIGNMENT));
    assert_null(asl__alloc((size_t)PTRDIFF_MAX));
    assert_null(asl__alloc_array(SIZE_MAX / 2, 3));
    assert_null(asl__alloc_array(SIZE_MAX, SIZE_MAX));
    assert_null(asl__grow(NULL, 0, SIZE_MAX, 2));
    assert_int_equal(in_use(), 0);
}

static void growing_keeps_what_was_used(void **state)
{
    char *block = asl__grow(NULL, 0, 4, 1), *larger = NULL;

    (void)state;
    assert_non_null(block);
    memcpy(block, "abc", 4);
    larger = asl__grow(block, 2, 1000, 8);
    assert_non_null(larger);
    assert_string_equal(larger, "ab"); /* the rest is zero */
    assert_int_equal(in_use(), 8000);

    assert_null(asl__grow(larger, 2, SIZE_MAX, 8));
    assert_string_equal(larger, "ab");
    asl__free(larger);
}

static void strings_are_copied(void **state)
{
    char *whole = asl__strdup("hand"), *part = asl__strndup("hand", 2);
    char *more = asl__strndup("hand", 100), *empty = asl__strdup("");

    (void)state;
    assert_string_equal(whole, "hand");
    assert_string_equal(part, "ha");
    assert_string_equal(more, "hand");
    assert_string_equal(empty, "");
    asl__free(whole);
    asl__free(part);
    asl__free(more);
    asl__free(empty);
}

typedef struct host {
    int64_t allocs, frees;
    bool misuse;
} host;

static void *host_alloc(size_t size, size_t alignment, void *user)
{
    host *h = user;

    h->allocs++;
    h->misuse |= size == 0 || alignment == 0 || alignment > 4096 || (alignment & (alignment - 1));
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void host_free(void *memory, void *user)
{
    host *h = user;

    h->frees++;
    h->misuse |= memory == NULL;
    free(memory);
}

static void the_host_may_bring_its_own(void **state)
{
    host h = {0};
    const asl_allocator mine = {sizeof mine, 0, host_alloc, host_free, &h};
    asl_error err = ASL_ERROR_INIT;
    void *block = NULL;

    (void)state;
    assert_ok(asl_set_allocator(&mine, &err), &err);
    block = asl__alloc(100);
    assert_non_null(block);
    assert_status(asl_set_allocator(NULL, &err), ASL_ERR_STATE, &err);
    asl__free(block);
    assert_ok(asl_set_allocator(NULL, &err), &err);
    assert_int_equal(h.allocs, 1);
    assert_int_equal(h.frees, 1);
    assert_false(h.misuse);

    asl__free(asl__alloc(1));
    assert_int_equal(h.allocs, 1);
}

static void bad_allocators_are_refused(void **state)
{
    host h = {0};
    const asl_allocator good = {sizeof good, 0, host_alloc, host_free, &h};
    asl_allocator bad = good;
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    bad.alloc = NULL;
    assert_status(asl_set_allocator(&bad, &err), ASL_ERR_ARG, &err);
    bad = good;
    bad.free = NULL;
    assert_status(asl_set_allocator(&bad, &err), ASL_ERR_ARG, &err);
    bad = good;
    bad.struct_size = 0;
    assert_status(asl_set_allocator(&bad, &err), ASL_ERR_ARG, &err);
    bad.struct_size = offsetof(asl_allocator, free);
    assert_status(asl_set_allocator(&bad, &err), ASL_ERR_ARG, &err);
    assert_int_equal(asl_set_allocator(&bad, NULL), ASL_ERR_ARG);
    asl__free(asl__alloc(1));
    assert_int_equal(h.allocs, 0);
}

static void failures_come_where_they_are_asked_for(void **state)
{
    void *first = NULL, *third = NULL;

    (void)state;
    test_allocator_install(2, false);
    first = asl__alloc(1);
    assert_non_null(first);
    assert_null(asl__alloc(1));
    third = asl__alloc(1);
    assert_non_null(third);
    assert_int_equal(test_allocator_count(), 3);
    asl__free(first);
    asl__free(third);
    test_allocator_remove();

    test_allocator_install(1, true);
    assert_null(asl__alloc(1));
    assert_null(asl__strdup("x"));
    assert_null(asl__grow(NULL, 0, 1, 1));
    test_allocator_remove();
}

static void take_and_give(void *context, int64_t index)
{
    void *block = asl__alloc((size_t)index + 1);

    (void)context;
    asl__free(block);
}

static void counting_is_exact_between_threads(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;
    size_t before = 0;

    (void)state;
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    before = in_use();
    asl__pool_run(pool, take_and_give, NULL, 5000);
    assert_int_equal(in_use(), before);
    asl__pool_free(pool);
    assert_int_equal(in_use(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_zero),
        cmocka_unit_test(pages_cost_nothing_until_used),
        cmocka_unit_test(use_is_counted),
        cmocka_unit_test(too_much_is_null),
        cmocka_unit_test(growing_keeps_what_was_used),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(the_host_may_bring_its_own),
        cmocka_unit_test(bad_allocators_are_refused),
        cmocka_unit_test(failures_come_where_they_are_asked_for),
        cmocka_unit_test(counting_is_exact_between_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
