/* SPDX-License-Identifier: MIT */
/* The thread pool: a loop is opened, whoever wakes in time takes indices from one counter, and the
 * caller, who works too, closes it again and waits only for those who came. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/system.h"

enum { MAX_THREADS = 256 };

/* A thread looks this often for the next loop, or for the end of one, before it sleeps: some 20
 * microseconds, the time between two layers of a network on one picture. Waking it costs more. */
enum { LOOKS = 1000 };

struct asl__pool {
    pthread_mutex_t mutex; /* guards what follows up to `next` */
    pthread_cond_t opened; /* a loop is open, or the pool ends */
    pthread_cond_t left;   /* the last worker has left the loop */
    _Atomic uint64_t loop; /* number of loops opened so far; looked at without the mutex */
    bool open, ending;
    _Atomic int32_t inside; /* workers in the loop; looked at without the mutex */
    void (*fn)(void *context, int64_t index);
    void *context;
    int64_t count;
    atomic_int_fast64_t next;

    bool has_locks; /* what a pool without workers does without */
    pid_t process;  /* the one that has the workers; a forked child has none */
    int32_t workers;
    pthread_t worker[MAX_THREADS - 1];
};

static void work(asl__pool *pool)
{
    for (;;) {
        const int64_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);

        if (index >= pool->count)
            return;
        pool->fn(pool->context, index);
    }
}

static void pause_a_little(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Neither function decides anything: what they saw is looked at again under the mutex. */
static void look_for_loop(asl__pool *pool, uint64_t seen)
{
    for (int i = 0; i < LOOKS && atomic_load(&pool->loop) == seen; i++)
        pause_a_little();
}

static void look_for_end(asl__pool *pool)
{
    for (int i = 0; i < LOOKS && atomic_load(&pool->inside) > 0; i++)
        pause_a_little();
}

static void *worker_main(void *argument)
{
    asl__pool *pool = argument;
    uint64_t seen = 0;

    for (;;) {
        look_for_loop(pool, seen);
        pthread_mutex_lock(&pool->mutex);
        while (!pool->ending && (!pool->open || pool->loop == seen))
            pthread_cond_wait(&pool->opened, &pool->mutex);
        if (pool->ending)
            break;
        seen = pool->loop;
        pool->inside++;
        pthread_mutex_unlock(&pool->mutex);
        work(pool);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->inside == 0)
            pthread_cond_signal(&pool->left);
        pthread_mutex_unlock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* All three or none. */
static bool make_locks(asl__pool *pool)
{
    if (asl__sys->mutex_init(&pool->mutex, NULL) != 0)
        return false;
    if (asl__sys->cond_init(&pool->opened, NULL) != 0)
        goto no_opened;
    if (asl__sys->cond_init(&pool->left, NULL) != 0)
        goto no_left;
    return true;
no_left:
    pthread_cond_destroy(&pool->opened);
no_opened:
    pthread_mutex_destroy(&pool->mutex);
    return false;
}

asl_status asl__pool_create(asl__pool **out, int32_t threads, asl_error *err)
{
    asl__pool *pool = asl__alloc(sizeof *pool);
    sigset_t all, before;

    *out = NULL;
    if (pool == NULL)
        return asl__fail_memory(err, "threads");
    if (threads <= 0)
        threads = asl__core_count();
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    pool->has_locks = make_locks(pool);
    pool->process = getpid();

    /* Workers inherit the mask: the host's signals go to the host's threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->has_locks && pool->workers < threads - 1 &&
           asl__sys->thread_create(&pool->worker[pool->workers], NULL, worker_main, pool) == 0)
        pool->workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *out = pool;
    return ASL_OK;
}

void asl__pool_free(asl__pool *pool)
{
    if (pool == NULL)
        return;
    /* In a forked child there is nobody to join or wake, and trying would hang. */
    if (pool->has_locks && pool->process == getpid()) {
        pthread_mutex_lock(&pool->mutex);
        pool->ending = true;
        pthread_cond_broadcast(&pool->opened);
        pthread_mutex_unlock(&pool->mutex);
        for (int32_t i = 0; i < pool->workers; i++)
            pthread_join(pool->worker[i], NULL);
        pthread_cond_destroy(&pool->left);
        pthread_cond_destroy(&pool->opened);
        pthread_mutex_destroy(&pool->mutex);
    }
    asl__free(pool);
}

int32_t asl__pool_threads(const asl__pool *pool)
{
    return pool->workers + 1;
}

void asl__pool_run(asl__pool *pool, void (*fn)(void *context, int64_t index), void *context,
                   int64_t count)
{
    /* In a forked child a worker that no longer exists may hold the mutex for ever. */
    if (pool->workers == 0 || count <= 1 || pool->process != getpid()) {
        for (int64_t i = 0; i < count; i++)
            fn(context, i);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->fn = fn;
    pool->context = context;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->loop++;
    pool->open = true;
    pthread_cond_broadcast(&pool->opened);
    pthread_mutex_unlock(&pool->mutex);

    work(pool);

    pthread_mutex_lock(&pool->mutex);
    pool->open = false;
    pthread_mutex_unlock(&pool->mutex);
    look_for_end(pool);
    pthread_mutex_lock(&pool->mutex);
    while (pool->inside > 0)
        pthread_cond_wait(&pool->left, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

int32_t asl__core_count(void)
{
    cpu_set_t set;
    long count = 0;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    else
        count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (int32_t)count;
}
