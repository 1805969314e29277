/* SPDX-License-Identifier: MIT */
/* Threads that take the next number until there is none. See crew.h. */
#include "common/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/progress.h"

/* What all threads share. */
typedef struct crew {
    const crew_work *work;
    atomic_llong next, done;
    atomic_int running;
    atomic_bool stop;
    pthread_mutex_t lock; /* Of what failed first. */
    bool failed;
    asl_error failure;
} crew;

int32_t crew_processors(void)
{
    cpu_set_t set;
    const long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                                   : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (int32_t)count;
}

static void fail(crew *all, const asl_error *err)
{
    pthread_mutex_lock(&all->lock);
    if (!all->failed)
        all->failure = *err;
    all->failed = true;
    pthread_mutex_unlock(&all->lock);
    atomic_store(&all->stop, true);
}

static void *take_part(void *user)
{
    crew *all = user;
    const crew_work *work = all->work;
    asl_error err = ASL_ERROR_INIT;
    void *tools = NULL;
    if (!work->open(&tools, work->shared, &err))
        fail(all, &err);
    while (!atomic_load(&all->stop)) {
        const int64_t index = atomic_fetch_add(&all->next, 1);
        if (index >= work->count)
            break;
        if (!work->make(tools, work->shared, index, &err))
            fail(all, &err);
        atomic_fetch_add(&all->done, 1);
    }
    work->close(tools);
    atomic_fetch_sub(&all->running, 1);
    return NULL;
}

/* Where no thread can be had, the work is done here, without a bar. */
static int start(pthread_t threads[CREW_MOST], crew *all)
{
    const int32_t asked = all->work->threads > 0 ? all->work->threads : crew_processors();
    const int wanted = asked < CREW_MOST ? asked : CREW_MOST;
    int started = 0;
    for (; started < wanted; started++) {
        atomic_fetch_add(&all->running, 1);
        if (pthread_create(&threads[started], NULL, take_part, all) != 0) {
            atomic_fetch_sub(&all->running, 1);
            break;
        }
    }
    if (started == 0) {
        atomic_fetch_add(&all->running, 1);
        take_part(all);
    }
    return started;
}

int crew_run(const crew_work *work)
{
    crew all = {.work = work};
    pthread_t threads[CREW_MOST];
    pthread_mutex_init(&all.lock, NULL);
    progress_begin(work->label, work->count);
    const int started = start(threads, &all);
    while (atomic_load(&all.running) > 0) {
        nanosleep(&(const struct timespec){.tv_nsec = 20000000}, NULL);
        progress_update(atomic_load(&all.done), NULL);
        if (cli_interrupted())
            atomic_store(&all.stop, true);
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    progress_end();
    pthread_mutex_destroy(&all.lock);
    if (all.failed)
        return cli_fail(&all.failure);
    return cli_interrupted() ? CLI_INTERRUPTED : CLI_OK;
}
