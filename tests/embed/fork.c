/* SPDX-License-Identifier: MIT */
/* fork(): a child has the memory of its parent and none of its threads. It may use what never
 * changes, its own handles, and inherited ones that nobody was using; nothing may ever hang. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "embed/parts.h"
#include "embed/world.h"

typedef struct handles {
    asl_model *model;
    asl_dataset *data;
    asl_inferer *inferer;
    asl_trainer *trainer;
    asl_speller *speller;
    float scores[WORLD_CLASSES];
} handles;

static void make_inferer(asl_inferer **out, const asl_model *model)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer_options options;
    asl_inferer_options_init(&options, sizeof options);
    options.threads = 3;
    CALL(asl_inferer_create(out, model, &options, &err), &err);
}

static void make_trainer(asl_trainer **out, const handles *h, int32_t epochs, asl_epoch_fn on_epoch,
                         void *user)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.threads = 2;
    options.on_epoch = on_epoch;
    options.user = user;
    CALL(asl_trainer_create(out, h->model, h->data, NULL, &options, &err), &err);
}

static void classify(float scores[WORLD_CLASSES], asl_inferer *inferer)
{
    asl_error err = ASL_ERROR_INIT;
    uint8_t pixels[WORLD_FRAME];
    const asl_image_view view = world_draw(pixels, 1, 5);
    CALL(asl_inferer_classify(scores, WORLD_CLASSES, inferer, &view, NULL, &err), &err);
}

static void require_scores(const handles *h, asl_inferer *inferer, const char *who)
{
    float scores[WORLD_CLASSES];
    classify(scores, inferer);
    REQUIRE(memcmp(scores, h->scores, sizeof scores) == 0, "%s: other scores", who);
}

static void open_all(handles *h)
{
    asl_error err = ASL_ERROR_INIT;
    world_make_pictures();
    h->model = world_trained_model();
    CALL(asl_dataset_open(&h->data, "pictures", NULL, &err), &err);
    make_inferer(&h->inferer, h->model);
    make_trainer(&h->trainer, h, 2, NULL, NULL);
    CALL(asl_speller_create_for_model(&h->speller, h->model, NULL, &err), &err);
    classify(h->scores, h->inferer); /* its threads have worked */
}

static void free_all(handles *h)
{
    asl_speller_free(h->speller);
    asl_trainer_free(h->trainer);
    asl_inferer_free(h->inferer);
    asl_dataset_free(h->data);
    asl_model_free(h->model);
    size_t bytes = 0;
    asl_memory_usage(&bytes, NULL);
    REQUIRE(bytes == 0, "%zu bytes are left", bytes);
}

static void train_a_little(const handles *h)
{
    asl_error err = ASL_ERROR_INIT;
    asl_trainer *trainer = NULL;
    make_trainer(&trainer, h, 2, NULL, NULL);
    CALL(asl_trainer_run(trainer, &err), &err);
    asl_trainer_free(trainer);
}

/* What was used stays usable, but for the trainer, whose loader's threads stayed behind. */
static void child_main(handles *h)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *own = NULL;
    require_scores(h, h->inferer, "the child, with its parent's inferer");
    CALL(asl_speller_push(h->speller, h->scores, WORLD_CLASSES, 1, NULL, &err), &err);
    make_inferer(&own, h->model);
    require_scores(h, own, "the child, with an inferer of its own");
    asl_inferer_free(own);
    train_a_little(h);
    REQUIRE(asl_trainer_run(h->trainer, &err) == ASL_ERR_STATE && strstr(err.message, "fork"),
            "the parent's trainer in the child: %s (%s)", asl_status_name(err.code), err.message);
    free_all(h);
}

void part_fork_loaded(void)
{
    asl_error err = ASL_ERROR_INIT;
    handles h;
    if (HOST_TSAN)
        skip("ThreadSanitizer ends children that start threads");
    open_all(&h);
    for (int i = 0; i < 3; i++) {
        const pid_t child = fork();
        if (child == 0) {
            child_main(&h);
            if (HOST_ASAN)
                _exit(0); /* the search for leaks would ask for the parent's threads */
            exit(0);
        }
        host_wait(child, "fork after load");
        require_scores(&h, h.inferer, "the parent, after its child");
    }
    CALL(asl_trainer_run(h.trainer, &err), &err);
    free_all(&h);
}

/* --- Forking while other threads are inside. --- */

enum { BUSY_FORKS = 20, CALLBACK_FORKS = 5, FOR_EVER = 100000 };

typedef struct busy {
    handles *h;
    asl_trainer *running;
    atomic_bool started, ending;
} busy;

static void *classify_main(void *argument)
{
    busy *b = argument;
    asl_inferer *inferer = NULL;
    make_inferer(&inferer, b->h->model);
    while (!atomic_load(&b->ending))
        require_scores(b->h, inferer, "the busy parent");
    asl_inferer_free(inferer);
    return NULL;
}

static void *train_main(void *argument)
{
    asl_error err = ASL_ERROR_INIT;
    const busy *b = argument;
    REQUIRE(asl_trainer_run(b->running, &err) == ASL_STOPPED, "not stopped: %s", err.message);
    return NULL;
}

/* Only what never changes, and new handles: the others were in use. A trainer that ran may be freed
 * and stays, what nobody was inside is freed indeed. */
static void busy_child_main(const handles *h, asl_trainer *running)
{
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *own = NULL;
    make_inferer(&own, h->model);
    require_scores(h, own, "the child of a busy parent");
    asl_inferer_free(own);
    train_a_little(h);
    REQUIRE(asl_trainer_run(running, &err) == ASL_ERR_BUSY, "a trainer that ran in the parent: %s",
            asl_status_name(err.code));
    asl_trainer_free(running);
    asl_trainer_free(h->trainer);
    asl_inferer_free(h->inferer);
    asl_speller_free(h->speller);
    asl_dataset_free(h->data);
    asl_model_free(h->model);
}

/* Five seconds are the promise. */
static void fork_busily(const handles *h, asl_trainer *running, const char *what)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const pid_t child = fork();
    if (child == 0) {
        busy_child_main(h, running);
        _exit(0);
    }
    host_wait(child, what);
    clock_gettime(CLOCK_MONOTONIC, &after);
    REQUIRE(after.tv_sec - before.tv_sec < 5, "%s: the child took %d seconds", what,
            (int)(after.tv_sec - before.tv_sec));
}

static void note_start(const asl_epoch_metrics *metrics, void *user)
{
    (void)metrics;
    atomic_store(&((busy *)user)->started, true);
}

void part_fork_busy(void)
{
    handles h;
    busy b = {.h = &h};
    pthread_t threads[2];
    if (HOST_TSAN || HOST_ASAN)
        skip("the sanitizers' own locks do not survive fork() of a busy process");
    open_all(&h);
    make_trainer(&b.running, &h, FOR_EVER, note_start, &b);
    REQUIRE(pthread_create(&threads[0], NULL, classify_main, &b) == 0 &&
                pthread_create(&threads[1], NULL, train_main, &b) == 0,
            "no thread");
    while (!atomic_load(&b.started))
        usleep(1000);
    for (int i = 0; i < BUSY_FORKS; i++)
        fork_busily(&h, b.running, "fork of a busy parent");
    atomic_store(&b.ending, true);
    asl_trainer_request_stop(b.running);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    asl_trainer_free(b.running);
    free_all(&h);
    note("count: %d forks amid training and inference, no child took 5 s", BUSY_FORKS);
}

static void fork_now(const asl_epoch_metrics *metrics, void *user)
{
    const busy *b = user;
    (void)metrics;
    fork_busily(b->h, b->running, "fork in a callback");
}

void part_fork_callback(void)
{
    asl_error err = ASL_ERROR_INIT;
    handles h;
    busy b = {.h = &h};
    if (HOST_TSAN || HOST_ASAN)
        skip("the sanitizers' own locks do not survive fork() of a busy process");
    open_all(&h);
    make_trainer(&b.running, &h, CALLBACK_FORKS, fork_now, &b);
    CALL(asl_trainer_run(b.running, &err), &err);
    asl_trainer_free(b.running);
    free_all(&h);
    note("count: %d forks in a callback of a training", CALLBACK_FORKS);
}
