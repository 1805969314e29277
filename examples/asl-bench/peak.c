/* SPDX-License-Identifier: MIT */
/* What the processor could do: multiply-adds on registers, and nothing else. See bench.h. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#if defined(__x86_64__)
/* A pair of bfloat16 in the place of each float. */
#define BEGIN_PAIRS(i)  __m512 sum##i = _mm512_set1_ps((float)(i));
#define STEP_PAIRS(i)   sum##i = _mm512_dpbf16_ps(sum##i, factor, factor);
#define FINISH_PAIRS(i) total = _mm512_add_ps(total, sum##i);
__attribute__((target("avx512f,avx512bf16"))) static float work_avx512_bf16(float near_one)
{
    const __m512bh factor = (__m512bh)_mm512_set1_ps(near_one);
    __m512 total = _mm512_setzero_ps();
    EACH(BEGIN_PAIRS)
    for (int i = 0; i < ROUNDS; i++) {
        EACH(STEP_PAIRS)
    }
    EACH(FINISH_PAIRS)
    return _mm512_reduce_add_ps(total);
}

/* Tiles of 16 x 16 sums of 32 products; six of the eight are sums, so that each comes up twice. */
#define STEP_TILE(i) _tile_dpbf16ps(i, 6, 7);
#define EACH_TILE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(0) X(1) X(2) X(3) X(4) X(5)
__attribute__((target("amx-tile,amx-bf16"))) static float work_amx(float near_one)
{
    enum { TILES = 8, ROWS = 16, ROW_BYTES = 64 };
    uint8_t shapes[64] = {1}; /* palette, row bytes of each tile, rows of each tile */
    float values[ROWS * ROWS];
    for (int tile = 0; tile < TILES; tile++) {
        shapes[16 + 2 * tile] = ROW_BYTES;
        shapes[48 + tile] = ROWS;
    }
    for (int i = 0; i < ROWS * ROWS; i++)
        values[i] = near_one;
    _tile_loadconfig(shapes);
    _tile_loadd(6, values, ROW_BYTES);
    _tile_loadd(7, values, ROW_BYTES);
    for (int i = 0; i < ROUNDS; i++) {
        EACH_TILE(STEP_TILE)
    }
    _tile_stored(0, values, ROW_BYTES);
    _tile_release();
    return values[0];
}
#endif

typedef struct level {
    const char *isa, *precision;
    const char *feature; /* that it needs beyond the instruction set */
    float (*work)(float near_one);
    double lanes; /* multiply-adds of one step */
} level;

/* bfloat16 without instructions for it is computed in float. */
static level find_level(const results *r)
{
    const level levels[] = {
#if defined(__x86_64__)
        {"amx", "bf16", "amx_bf16", work_amx, 16 * 16 * 32},
        {"avx512", "bf16", "avx512_bf16", work_avx512_bf16, 32},
        {"amx", NULL, "", work_avx512, 16},
        {"avx512", NULL, "", work_avx512, 16},
        {"avx2", NULL, "", work_avx2, 8},
#endif
        {NULL, NULL, "", work_plain, 4},
    };
    for (const level *l = levels;; l++)
        if ((!l->isa || strcmp(l->isa, r->isa) == 0) &&
            (!l->precision || strcmp(l->precision, r->precision) == 0) &&
            strstr(asl_cpu_features(), l->feature))
            return *l;
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
    r->peak = NAN;
    if (strcmp(r->engine, "cuda") == 0)
        return CLI_OK; /* the processor hardly takes part */
    worker *workers = cli_alloc((size_t)s->threads, sizeof *workers);
    for (int32_t i = 0; i < s->threads; i++) {
        workers[i].level = find_level(r);
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
