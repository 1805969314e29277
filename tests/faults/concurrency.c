/* SPDX-License-Identifier: MIT */
/* Threads that share a model, trainers side by side, stops out of a signal handler, and callbacks
 * that turn against the trainer which calls them. Forks are in tests/embed/fork.c. */
#include "support/support.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>

#include "base/system.h"
#include "unit/train/blobs.h"

#if defined(__SANITIZE_THREAD__)
#define SLOW 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLOW 1
#endif
#endif
#ifndef SLOW
#define SLOW 0
#endif

enum { SIDE = 16, CLASSES = BLOBS_CLASSES };

static asl_dataset *data;
static asl_model *model;

static int setup(void **state)
{
    (void)state;
    blobs_make("blobs", 8, SIDE, 5, false);
    data = blobs_open("blobs");
    model = blobs_model();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    asl_dataset_free(data);
    asl_model_free(model);
    return 0;
}

static asl_trainer_options options_of(uint64_t seed, int32_t epochs, const char *checkpoint)
{
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.batch_size = 4;
    options.seed = seed;
    options.threads = 2;
    options.checkpoint = checkpoint;
    return options;
}

static asl_trainer *create(const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    assert_ok(asl_trainer_create(&trainer, model, data, NULL, options, &err), &err);
    return trainer;
}

static uint64_t hash_of(const asl_trainer *trainer)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *trained = NULL;
    assert_ok(asl_trainer_get_model(&trained, trainer, &err), &err);
    const uint64_t hash = blobs_hash(trained);
    asl_model_free(trained);
    return hash;
}

/* What an undisturbed run with these options leaves. */
static uint64_t hash_alone(uint64_t seed, int32_t epochs)
{
    asl_error err = ASL_ERROR_INIT;
    const asl_trainer_options options = options_of(seed, epochs, NULL);
    asl_trainer *trainer = create(&options);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    const uint64_t hash = hash_of(trainer);
    asl_trainer_free(trainer);
    return hash;
}

/* ---- One model, many threads ---- */

enum { READERS = 8, PICTURES = 16, RENEWED = 250 };

typedef struct reader {
    int32_t threads, count;
    asl_status failed;
    int64_t different;
    float (*expected)[CLASSES]; /* NULL: this one finds out */
    float found[PICTURES][CLASSES];
} reader;

static void draw(uint8_t pixels[SIDE * SIDE * 3], int32_t number)
{
    for (int32_t i = 0; i < SIDE * SIDE * 3; i++)
        pixels[i] = (uint8_t)(i * i / 7 + number * 31 * (i % 5));
}

static asl_inferer *new_inferer(int32_t threads)
{
    asl_inferer *inferer = NULL;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = threads;
    return asl_inferer_create(&inferer, model, &options, NULL) < 0 ? NULL : inferer;
}

static void *reader_main(void *argument)
{
    reader *r = argument;
    asl_inferer *inferer = NULL;
    uint8_t pixels[SIDE * SIDE * 3];
    const asl_image_view view = {pixels, SIDE, SIDE, SIDE * 3, ASL_FORMAT_RGB24, 0};
    for (int32_t i = 0; i < r->count && r->failed == ASL_OK; i++) {
        const int32_t number = i % PICTURES;
        if (i % RENEWED == 0) { /* inferers come and go too */
            asl_inferer_free(inferer);
            inferer = new_inferer(r->threads);
        }
        draw(pixels, number);
        r->failed = asl_inferer_classify(r->found[number], CLASSES, inferer, &view, NULL, NULL);
        r->different += r->expected &&
                        memcmp(r->found[number], r->expected[number], sizeof r->found[number]) != 0;
    }
    asl_inferer_free(inferer);
    return NULL;
}

static void test_threads_share_a_model(void **state)
{
    static reader alone, readers[READERS];
    pthread_t threads[READERS];
    (void)state;
    const int32_t count = SLOW && !getenv("ASL_TEST_FULL") ? 100 : 1000;
    alone = (reader){.threads = 1, .count = PICTURES};
    reader_main(&alone);
    assert_int_equal(alone.failed, ASL_OK);
    for (int32_t i = 0; i < READERS; i++) {
        readers[i] = (reader){.threads = 1 + i % 2, .count = count, .expected = alone.found};
        assert_int_equal(pthread_create(&threads[i], NULL, reader_main, &readers[i]), 0);
    }
    for (int32_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    for (int32_t i = 0; i < READERS; i++) {
        assert_int_equal(readers[i].failed, ASL_OK);
        assert_int_equal(readers[i].different, 0);
    }
    print_message("count: %d threads x %d inferences on one model, all scores those of one "
                  "thread\n",
                  READERS, (int)count);
}

/* ---- Trainers at once ---- */

enum { TRAINERS = 2, EPOCHS = 6 };

typedef struct pupil {
    uint64_t seed, hash;
    asl_status status;
} pupil;

static void *pupil_main(void *argument)
{
    pupil *p = argument;
    asl_trainer *trainer = NULL;
    asl_model *trained = NULL;
    const asl_trainer_options options =
        options_of(p->seed, EPOCHS, p->seed % 2 ? "odd.ckpt" : "even.ckpt");
    p->status = asl_trainer_create(&trainer, model, data, data, &options, NULL);
    if (p->status == ASL_OK)
        p->status = asl_trainer_run(trainer, NULL);
    if (p->status == ASL_OK)
        p->status = asl_trainer_get_model(&trained, trainer, NULL);
    if (p->status == ASL_OK)
        p->hash = blobs_hash(trained);
    asl_model_free(trained);
    asl_trainer_free(trainer);
    return NULL;
}

static void test_two_trainers(void **state)
{
    pupil pupils[TRAINERS];
    pthread_t threads[TRAINERS];
    (void)state;
    for (int32_t i = 0; i < TRAINERS; i++) {
        pupils[i] = (pupil){.seed = (uint64_t)i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, pupil_main, &pupils[i]), 0);
    }
    for (int32_t i = 0; i < TRAINERS; i++)
        pthread_join(threads[i], NULL);
    for (int32_t i = 0; i < TRAINERS; i++) {
        assert_int_equal(pupils[i].status, ASL_OK);
        assert_true(pupils[i].hash == hash_alone(pupils[i].seed, EPOCHS));
    }
    print_message("count: %d trainers at once on one data set, each as if alone\n", TRAINERS);
}

/* ---- Stopping out of a signal handler ---- */

/* One alarm in so many asks for a stop, so that runs get somewhere. */
enum { STORM_EPOCHS = 20, ASKING = 5 };

static _Atomic(asl_trainer *) stormed; /* NULL: nobody is to be stopped */
static atomic_int alarms;
static atomic_long clock_calls, asked_at; /* the latter -1: not yet */

static void on_alarm(int number)
{
    long never = -1;
    asl_trainer *trainer = atomic_load(&stormed);
    (void)number;
    if (atomic_fetch_add(&alarms, 1) % ASKING != 0 || !trainer)
        return;
    asl_trainer_request_stop(trainer);
    atomic_compare_exchange_strong(&asked_at, &never, atomic_load(&clock_calls));
}

/* The trainer looks at the clock a fixed number of times per batch. */
static int counting_clock(clockid_t clock, struct timespec *now)
{
    atomic_fetch_add(&clock_calls, 1);
    return asl__system_real.clock_gettime(clock, now);
}

static asl_status run_stormed(asl_trainer *trainer, asl_error *err)
{
    atomic_store(&asked_at, -1);
    atomic_store(&stormed, trainer);
    const asl_status status = asl_trainer_run(trainer, err);
    atomic_store(&stormed, NULL);
    return status;
}

/* Looks at the clock from the request of a stop to the end of the run, when one batch was between
 * them: this one was asked before its run began. */
static long calls_of_one_batch(const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = create(options);
    asl_trainer_request_stop(trainer);
    const long before = atomic_load(&clock_calls);
    assert_int_equal(asl_trainer_run(trainer, &err), ASL_STOPPED);
    asl_trainer_free(trainer);
    return atomic_load(&clock_calls) - before;
}

/* Resumes a run that was stopped, which must be where it was. */
static asl_trainer *take_up(asl_trainer *stopped, const asl_trainer_options *options)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    const uint64_t before = hash_of(stopped);
    asl_trainer_free(stopped);
    assert_ok(asl_trainer_resume(&trainer, options->checkpoint, data, NULL, options, &err), &err);
    assert_true(hash_of(trainer) == before);
    return trainer;
}

static void test_stops_from_a_signal_handler(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    const struct sigaction action = {.sa_handler = on_alarm};
    const asl_trainer_options options = options_of(7, STORM_EPOCHS, "storm.ckpt");
    asl__system table = asl__system_real;
    asl_status status;
    long latest = 0, stops = 0;
    (void)state;
    const uint64_t expected = hash_alone(7, STORM_EPOCHS);
    table.clock_gettime = counting_clock;
    asl__sys = &table;
    const long most = calls_of_one_batch(&options);
    asl_trainer *trainer = create(&options);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while ((status = run_stormed(trainer, &err)) == ASL_STOPPED) {
        const long calls = atomic_load(&clock_calls) - atomic_load(&asked_at);
        assert_true(atomic_load(&asked_at) >= 0);
        latest = calls > latest ? calls : latest;
        stops++;
        trainer = take_up(trainer, &options);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    asl__sys = &asl__system_real;
    assert_int_equal(status, ASL_OK);
    assert_true(hash_of(trainer) == expected);
    assert_true(stops > 0 && latest <= most);
    asl_trainer_free(trainer);
    print_message("count: %ld stops from a signal handler among %d alarms, each within a batch, "
                  "resumed to the same bits\n",
                  stops, (int)atomic_load(&alarms));
}

/* ---- Callbacks that turn against their trainer ---- */

enum { CALLBACK_PROGRESS, CALLBACK_EPOCH, CALLBACK_WARNING, CALLBACK_REDUCE, CALLBACKS };

typedef struct rebel {
    asl_trainer *trainer;
    void (*act)(struct rebel *r);
    int32_t calls;
    int32_t act_at;       /* number of the call to act at; 0: at each */
    int32_t tries, wrong; /* functions called, and those that did not answer as documented */
    const char *culprit;  /* the last of these */
} rebel;

static void provoke(rebel *r)
{
    r->calls++;
    if (r->act_at == 0 || r->calls == r->act_at)
        r->act(r);
}

static void on_progress(const asl_train_progress *progress, void *user)
{
    (void)progress;
    provoke(user);
}

static void on_epoch(const asl_epoch_metrics *metrics, void *user)
{
    (void)metrics;
    provoke(user);
}

static void on_warning(asl_status code, const char *message, void *user)
{
    (void)code;
    (void)message;
    provoke(user);
}

/* The other of two ranks is this one's twin: when they compare their fingerprints, four numbers
 * each, it has the same, and it has no pictures. */
static asl_status reduce(float *values, size_t count, void *user)
{
    enum { PIECES = 4, TAIL = 4 };
    if (count == 2 * PIECES + TAIL)
        memcpy(values + PIECES, values, PIECES * sizeof *values);
    provoke(user);
    return ASL_OK;
}

static asl_trainer *create_rebel(rebel *r, int32_t callback)
{
    asl_trainer_options options = options_of(9, 2, "rebel.ckpt");
    options.user = r;
    if (callback == CALLBACK_PROGRESS)
        options.on_progress = on_progress;
    if (callback == CALLBACK_EPOCH)
        options.on_epoch = on_epoch;
    if (callback == CALLBACK_WARNING) {
        options.on_warning = on_warning;
        options.checkpoint = "nowhere/rebel.ckpt";
    }
    if (callback == CALLBACK_REDUCE) {
        options.all_reduce = reduce;
        options.ranks = 2;
    }
    return r->trainer = create(&options);
}

static void expect(rebel *r, bool answered, const char *function)
{
    r->tries++;
    r->wrong += !answered;
    if (!answered)
        r->culprit = function;
}

/* Every function, but for the two that end the run. */
static void call_all(rebel *r)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *found = NULL;
    asl_trainer *other = NULL;
    asl_epoch_metrics row = {.struct_size = sizeof row};
    asl_trainer_options options = {.struct_size = sizeof options};
    const asl_trainer_options others = options_of(1, 1, NULL);
    const int32_t epochs = asl_trainer_epoch_count(r->trainer);
    expect(r, epochs >= 0 && epochs <= 2, "epoch_count");
    expect(r, asl_trainer_run(r->trainer, &err) == ASL_ERR_BUSY, "run");
    expect(r, asl_trainer_save_checkpoint(r->trainer, "x", &err) == ASL_ERR_BUSY, "save");
    expect(r, asl_trainer_get_model(&found, r->trainer, &err) == ASL_ERR_BUSY && !found, "model");
    expect(r, asl_trainer_get_best_model(&found, r->trainer, &err) == ASL_ERR_BUSY, "best_model");
    expect(r, asl_trainer_get_epoch(&row, r->trainer, epochs, &err) == ASL_ERR_ARG, "no epoch");
    expect(r,
           epochs == 0 || (asl_trainer_get_epoch(&row, r->trainer, epochs - 1, &err) == ASL_OK &&
                           row.epoch == epochs),
           "get_epoch");
    expect(r, isnan(asl_trainer_source_accuracy(r->trainer, 0, 0)), "source_accuracy");
    expect(r, asl_trainer_get_options(&options, r->trainer, &err) == ASL_OK && options.seed == 9,
           "get_options");
    expect(r, asl_trainer_backend(r->trainer) != NULL, "backend");
    /* Another trainer is none of this one's business. */
    expect(r,
           asl_trainer_create(&other, model, data, NULL, &others, &err) == ASL_OK &&
               asl_trainer_run(other, &err) == ASL_OK,
           "another trainer");
    asl_trainer_free(other);
}

static void test_callbacks_call_every_function(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    int32_t tries = 0, calls = 0;
    const uint64_t expected = hash_alone(9, 2);
    (void)state;
    for (int32_t callback = 0; callback < CALLBACKS; callback++) {
        rebel r = {.act = call_all};
        asl_trainer *trainer = create_rebel(&r, callback);
        assert_ok(asl_trainer_run(trainer, &err), &err);
        if (r.wrong > 0)
            fail_msg("callback %d: %d wrong answers, one from %s", (int)callback, (int)r.wrong,
                     r.culprit);
        assert_true(r.tries > 0);
        if (callback != CALLBACK_REDUCE) /* which has half of the pictures */
            assert_true(hash_of(trainer) == expected);
        tries += r.tries;
        calls += r.calls;
        asl_trainer_free(trainer);
    }
    print_message("count: %d calls of trainer functions from %d calls of %d callbacks, each "
                  "answered as documented\n",
                  (int)tries, (int)calls, CALLBACKS);
}

static void free_it(rebel *r)
{
    asl_trainer_free(r->trainer);
    asl_trainer_free(r->trainer); /* it is still there */
    expect(r, asl_trainer_backend(r->trainer) != NULL, "backend");
}

static size_t memory_in_use(void)
{
    size_t bytes = 0;
    asl_memory_usage(&bytes, NULL);
    return bytes;
}

/* A run whose callback frees its trainer stops as if asked to; what it leaves goes on. */
static void free_at(int32_t callback, int32_t call, uint64_t expected)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    const asl_trainer_options options = options_of(9, 2, "rebel.ckpt");
    rebel r = {.act = free_it, .act_at = call};
    const size_t before = memory_in_use();
    remove("rebel.ckpt");
    const asl_status status = asl_trainer_run(create_rebel(&r, callback), &err);
    /* Where there is no folder for the checkpoint, a stop cannot be kept either. */
    if (callback == CALLBACK_WARNING && call == 1)
        assert_int_equal(status, ASL_ERR_IO);
    else
        assert_true(status == ASL_STOPPED || status == ASL_OK);
    assert_true(r.tries > 0 && r.wrong == 0);
    assert_true(memory_in_use() == before);
    if (callback == CALLBACK_WARNING || callback == CALLBACK_REDUCE)
        return;
    assert_ok(asl_trainer_resume(&trainer, "rebel.ckpt", data, NULL, &options, &err), &err);
    assert_ok(asl_trainer_run(trainer, &err), &err);
    assert_true(hash_of(trainer) == expected);
    asl_trainer_free(trainer);
}

static void test_callbacks_free_their_trainer(void **state)
{
    const uint64_t expected = hash_alone(9, 2);
    int32_t runs = 0;
    (void)state;
    for (int32_t callback = 0; callback < CALLBACKS; callback++) {
        for (int32_t call = 1; call <= 2; call++, runs++)
            free_at(callback, call, expected);
    }
    print_message("count: %d trainers freed by their own callbacks, no byte left\n", (int)runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_share_a_model),
        cmocka_unit_test(test_two_trainers),
        cmocka_unit_test(test_stops_from_a_signal_handler),
        cmocka_unit_test(test_callbacks_call_every_function),
        cmocka_unit_test(test_callbacks_free_their_trainer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
