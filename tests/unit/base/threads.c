/* SPDX-License-Identifier: MIT */
/* The pool: every index once, the same results for any number of threads, quiet workers. */
#include "support/support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "base/threads.h"

enum { COUNT = 10000 };

typedef struct results {
    uint64_t value[COUNT];
    atomic_int times[COUNT];
} results;

static void fill_in(void *context, int64_t index)
{
    results *r = context;

    r->value[index] = asl__random_u64(1, 2, (uint64_t)index);
    atomic_fetch_add(&r->times[index], 1);
}

static void results_do_not_depend_on_threads(void **state)
{
    static results first, r;
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    for (int64_t i = 0; i < COUNT; i++)
        fill_in(&first, i);
    for (int32_t threads = 1; threads <= 8; threads++) {
        asl__pool *pool = NULL;

        assert_ok(asl__pool_create(&pool, threads, &err), &err);
        assert_int_equal(asl__pool_threads(pool), threads);
        for (int64_t count = 0; count <= COUNT; count = count * 3 + 1) {
            memset(&r, 0, sizeof r);
            asl__pool_run(pool, fill_in, &r, count);
            for (int64_t i = 0; i < COUNT; i++) {
                assert_int_equal(atomic_load(&r.times[i]), i < count ? 1 : 0);
                assert_true(r.value[i] == (i < count ? first.value[i] : 0));
            }
        }
        asl__pool_free(pool);
    }
}

static void many_short_loops(void **state)
{
    static results r;
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;

    (void)state;
    memset(&r, 0, sizeof r);
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    for (int loop = 0; loop < 5000; loop++)
        asl__pool_run(pool, fill_in, &r, 1 + loop % 7);
    for (int i = 0; i < 7; i++) /* 5000 = 7 * 714 + 2 */
        assert_int_equal(atomic_load(&r.times[i]), (7 - i) * 714 + (i == 0 ? 2 : i == 1 ? 1 : 0));
    asl__pool_free(pool);
}

static void the_number_of_threads_is_bounded(void **state)
{
    const int32_t cores = asl__core_count();
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;

    (void)state;
    assert_true(cores >= 1);
    assert_ok(asl__pool_create(&pool, 0, &err), &err);
    assert_int_equal(asl__pool_threads(pool), cores < 256 ? cores : 256);
    asl__pool_free(pool);
    assert_ok(asl__pool_create(&pool, INT32_MAX, &err), &err);
    assert_in_range(asl__pool_threads(pool), 1, 256);
    asl__pool_free(pool);
    asl__pool_free(NULL);
}

static void no_memory_no_pool(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = (asl__pool *)1;

    (void)state;
    test_allocator_install(1, false);
    assert_status(asl__pool_create(&pool, 4, &err), ASL_ERR_NOMEM, &err);
    assert_null(pool);
    test_allocator_remove();
}

typedef struct meeting {
    pthread_t caller;
    int32_t expected;
    atomic_int present;
    atomic_int open_signals; /* that a worker would take */
} meeting;

/* Waits until every thread holds one index, so that each of them runs the check. */
static void check_mask(void *context, int64_t index)
{
    meeting *m = context;
    sigset_t mask;

    (void)index;
    atomic_fetch_add(&m->present, 1);
    while (atomic_load(&m->present) < m->expected)
        sched_yield();
    if (pthread_equal(pthread_self(), m->caller))
        return;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGINT) || !sigismember(&mask, SIGALRM))
        atomic_fetch_add(&m->open_signals, 1);
}

static void workers_block_signals(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;
    meeting m = {.caller = pthread_self()};
    sigset_t before, after;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int number = 1; number < SIGRTMAX; number++)
        assert_int_equal(sigismember(&before, number), sigismember(&after, number));
    m.expected = asl__pool_threads(pool);
    asl__pool_run(pool, check_mask, &m, m.expected);
    assert_int_equal(atomic_load(&m.open_signals), 0);
    asl__pool_free(pool);
}

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void idle_workers_sleep(void **state)
{
    static results r;
    const struct timespec nap = {0, 200 * 1000 * 1000};
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;
    double before = 0;

    (void)state;
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    asl__pool_run(pool, fill_in, &r, 100);
    before = cpu_seconds();
    nanosleep(&nap, NULL);
    assert_true(cpu_seconds() - before < 0.005); /* they look for work for some 20 microseconds */
    asl__pool_free(pool);
}

static void a_forked_child_goes_on_alone(void **state)
{
    static results r;
    asl_error err = ASL_ERROR_INIT;
    asl__pool *pool = NULL;
    pid_t child = 0;
    int ended = 0;

    (void)state;
    memset(&r, 0, sizeof r);
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        asl__pool_run(pool, fill_in, &r, COUNT);
        asl__pool_free(pool);
        _exit(atomic_load(&r.times[0]) == 1 && atomic_load(&r.times[COUNT - 1]) == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    asl__pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(many_short_loops),
        cmocka_unit_test(the_number_of_threads_is_bounded),
        cmocka_unit_test(no_memory_no_pool),
        cmocka_unit_test(workers_block_signals),
        cmocka_unit_test(idle_workers_sleep),
        cmocka_unit_test(a_forked_child_goes_on_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
