/* SPDX-License-Identifier: MIT */
/* What the processor could do: multiply-adds on registers, and nothing else. See bench.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "common/progress.h"

enum { ROUNDS = 100000, CHAINS = 12 };

/* Enough independent sums to hide the latency of a multiply-add, and few enough for 16 registers.
 * They start apart, lest a compiler see that they are one. */
#define EACH(X)   X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN(i)  vector sum##i = zero + (float)(i);
#define STEP(i)   sum##i = sum##i * factor + summand;
#define FINISH(i) total += sum##i;

/* Does ROUNDS x CHAINS multiply-adds on vectors of so many bytes; the result only keeps them from
 * being left out. */
#define DEFINE_WORK(name, bytes, attributes)                                                       \
    attributes static float name(float near_one)                                                   \
    {                                                                                              \
        typedef float vector __attribute__((vector_size(bytes)));                                  \
        const vector zero = {0}, factor = zero + near_one, summand = zero + (1 - near_one);        \
        EACH(BEGIN)                                                                                \
        for (int i = 0; i < ROUNDS; i++) {                                                         \
            EACH(STEP)                                                                             \
        }                                                                                          \
        vector total = zero;                                                                       \
        EACH(FINISH)                                                                               \
        return total[0];                                                                           \
    }

DEFINE_WORK(work_plain, 16, )
#if defined(__x86_64__)
DEFINE_WORK(work_avx2, 32, __attribute__((target("avx2,fma"))))
DEFINE_WORK(work_avx512, 64, __attribute__((target("avx512f"))))
#endif

typedef struct level {
    const char *isa;
    float (*work)(float near_one);
    double lanes;
} level;

static level find_level(const char *isa)
{
    const level levels[] = {
#if defined(__x86_64__)
        {"avx2", work_avx2, 8},
        {"avx512", work_avx512, 16},
#endif
        {"", work_plain, 4},
    };
    size_t i = 0;
    while (levels[i].isa[0] && strcmp(levels[i].isa, isa) != 0)
        i++;
    return levels[i];
}

/* One thread's part of a trial. */
typedef struct worker {
    pthread_t thread;
    level level;
    pthread_barrier_t *start;
    double seconds; /* to work for */
    double rate;    /* operations a second */
    volatile float sink;
} worker;

static void *work(void *user)
{
    static volatile float near_one = 0.999f;
    worker *w = user;
    double passed = 0, passes = 0;
    pthread_barrier_wait(w->start);
    const double started = progress_clock();
    while (passed < w->seconds) {
        w->sink = w->level.work(near_one);
        passed = progress_clock() - started;
        passes++;
    }
    w->rate = 2.0 * ROUNDS * CHAINS * w->level.lanes * passes / passed;
    return NULL;
}

/* @return operations a second of all workers together. */
static double trial(worker *workers, int32_t count)
{
    double sum = 0;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int32_t i = 0; i < count; i++)
        workers[i].start = &barrier;
    for (int32_t i = 1; i < count; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            /* Those that wait at the barrier end with the process. */
            cli_error("cannot start %d threads", (int)count);
            exit(CLI_FAILED);
        }
    }
    work(&workers[0]);
    for (int32_t i = 1; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    for (int32_t i = 0; i < count; i++)
        sum += workers[i].rate;
    pthread_barrier_destroy(&barrier);
    return sum;
}

int measure_peak(const settings *s, results *r)
{
    enum { TRIALS = 5 };
    worker *workers = cli_alloc((size_t)s->threads, sizeof *workers);
    for (int32_t i = 0; i < s->threads; i++) {
        workers[i].level = find_level(r->isa);
        workers[i].seconds = warm_up_seconds(s) / TRIALS;
    }
    double best = 0;
    for (int i = 0; i < TRIALS && !cli_interrupted(); i++) {
        const double rate = trial(workers, s->threads);
        best = rate > best ? rate : best;
    }
    free(workers);
    r->peak = best;
    return cli_interrupted() ? CLI_INTERRUPTED : CLI_OK;
}
