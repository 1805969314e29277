/* SPDX-License-Identifier: MIT */
/* The tool at work: a camera thread of its own pushes frames, a second thread recognises and calls
 * back, and several inferers share one model. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "embed/parts.h"
#include "embed/world.h"

/* --- One camera thread, one that recognises, and a queue of the host's between them. --- */

enum { QUEUE = 8, HELD = 20 };

typedef struct frame {
    uint8_t pixels[WORLD_FRAME];
    asl_image_view view;
    int64_t time_ns;
} frame;

typedef struct tool {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    frame queue[QUEUE];
    int64_t pushed, taken;
    bool ended;

    asl_model *model;
    void (*on_event)(struct tool *tool, const asl_speller_event *event);
    pthread_t recogniser; /* whose thread the events must come on */
    char text[32];        /* as the events tell it */
    int letters, words;
} tool;

static void push_frame(tool *t, int32_t label, int64_t number)
{
    pthread_mutex_lock(&t->mutex);
    while (t->pushed - t->taken == QUEUE)
        pthread_cond_wait(&t->changed, &t->mutex);
    frame *at = &t->queue[t->pushed % QUEUE];
    at->view = world_draw(at->pixels, label, (uint64_t)number);
    at->time_ns = number * 33333333;
    t->pushed++;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
}

static void *camera_main(void *argument)
{
    static const int32_t film[] = {2, 0, 2, 0, 2, 1, 2};
    tool *t = argument;
    int64_t number = 0;
    for (size_t i = 0; i < sizeof film / sizeof film[0]; i++)
        for (int j = 0; j < HELD; j++)
            push_frame(t, film[i], number++);
    pthread_mutex_lock(&t->mutex);
    t->ended = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
    return NULL;
}

static bool take_frame(tool *t, frame *out)
{
    pthread_mutex_lock(&t->mutex);
    while (t->pushed == t->taken && !t->ended)
        pthread_cond_wait(&t->changed, &t->mutex);
    const bool there = t->pushed > t->taken;
    if (there)
        *out = t->queue[t->taken++ % QUEUE];
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->mutex);
    return there;
}

static void follow(tool *t, const asl_speller_event *event)
{
    REQUIRE(pthread_equal(pthread_self(), t->recogniser), "an event on another thread");
    if (event->kind != ASL_SPELLER_COMMIT)
        return;
    t->letters++;
    const size_t length = strlen(t->text) - (size_t)event->removed;
    REQUIRE(length + strlen(event->text) < sizeof t->text, "the text grows too long");
    strcpy(t->text + length, event->text);
}

static void *recogniser_main(void *argument)
{
    tool *t = argument;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_speller *speller = NULL;
    float scores[WORLD_CLASSES];
    frame now;
    CALL(asl_inferer_create(&inferer, t->model, NULL, &err), &err);
    CALL(asl_speller_create_for_model(&speller, t->model, NULL, &err), &err);
    asl_model_free(t->model); /* the tool's own reference is not needed any more */
    while (take_frame(t, &now)) {
        now.view.pixels = now.pixels; /* the copy's */
        CALL(asl_inferer_classify(scores, WORLD_CLASSES, inferer, &now.view, NULL, &err), &err);
        CALL(asl_speller_look(NULL, speller, &now.view, NULL, &err), &err);
        CALL(asl_speller_push(speller, scores, WORLD_CLASSES, now.time_ns, NULL, &err), &err);
        for (int32_t i = 0; i < asl_speller_event_count(speller); i++) {
            asl_speller_event event = {.struct_size = sizeof event};
            CALL(asl_speller_get_event(&event, speller, i, &err), &err);
            t->on_event(t, &event);
        }
    }
    REQUIRE(strcmp(t->text, asl_speller_text(NULL, speller)) == 0,
            "the events tell of '%s', the text is '%s'", t->text, asl_speller_text(NULL, speller));
    asl_speller_free(speller);
    asl_inferer_free(inferer);
    return NULL;
}

void part_frames(void)
{
    static tool t = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .on_event = follow};
    pthread_t camera;
    world_make_pictures();
    t.model = world_trained_model();
    pthread_mutex_lock(&t.mutex); /* the recogniser's name is set before it looks at it */
    REQUIRE(pthread_create(&t.recogniser, NULL, recogniser_main, &t) == 0, "no thread");
    pthread_mutex_unlock(&t.mutex);
    REQUIRE(pthread_create(&camera, NULL, camera_main, &t) == 0, "no thread");
    pthread_join(camera, NULL);
    pthread_join(t.recogniser, NULL);
    REQUIRE(strcmp(t.text, "AAB") == 0 && t.letters == 3, "spelled '%s'", t.text);
}

/* --- Several inferers at once, sharing one model. --- */

enum { INFERERS = 4, FRAMES = 60 };

typedef struct reader {
    const asl_model *model;
    int32_t threads;
    float scores[FRAMES][WORLD_CLASSES];
    char text[32];
} reader;

static void *reader_main(void *argument)
{
    reader *r = argument;
    asl_error err = ASL_ERROR_INIT;
    asl_inferer *inferer = NULL;
    asl_speller *speller = NULL;
    asl_inferer_options options;
    uint8_t pixels[WORLD_FRAME];
    asl_inferer_options_init(&options, sizeof options);
    options.threads = r->threads;
    CALL(asl_inferer_create(&inferer, r->model, &options, &err), &err);
    CALL(asl_speller_create_for_model(&speller, r->model, NULL, &err), &err);
    for (int i = 0; i < FRAMES; i++) {
        const asl_image_view view = world_draw(pixels, i / 20, (uint64_t)i);
        CALL(asl_inferer_classify(r->scores[i], WORLD_CLASSES, inferer, &view, NULL, &err), &err);
        CALL(asl_speller_push(speller, r->scores[i], WORLD_CLASSES, i * 33333333LL, NULL, &err),
             &err);
    }
    strncpy(r->text, asl_speller_text(NULL, speller), sizeof r->text - 1);
    asl_speller_free(speller);
    asl_inferer_free(inferer);
    return NULL;
}

void part_inferers(void)
{
    static reader readers[INFERERS], serial;
    pthread_t threads[INFERERS];
    asl_model *model = world_trained_model();
    serial = (reader){.model = model, .threads = 1};
    reader_main(&serial);
    for (int i = 0; i < INFERERS; i++) {
        readers[i] = (reader){.model = model, .threads = 1 + i % 3};
        REQUIRE(pthread_create(&threads[i], NULL, reader_main, &readers[i]) == 0, "no thread");
    }
    for (int i = 0; i < INFERERS; i++) {
        pthread_join(threads[i], NULL);
        REQUIRE(memcmp(readers[i].scores, serial.scores, sizeof serial.scores) == 0,
                "inferer %d of %d at once gives other scores than alone", i, INFERERS);
        REQUIRE(strcmp(readers[i].text, serial.text) == 0, "'%s' instead of '%s'", readers[i].text,
                serial.text);
    }
    asl_model_free(model);
}

/* --- Callbacks come on the thread that called, and may stop the work. --- */

typedef struct calls {
    pthread_t caller;
    int progress, epochs, stop_at;
    asl_trainer *trainer;
} calls;

static void on_progress(const asl_train_progress *now, void *user)
{
    calls *c = user;
    REQUIRE(pthread_equal(pthread_self(), c->caller), "progress on another thread");
    REQUIRE(now->done <= now->total && now->epoch <= now->epochs, "progress beyond its end");
    c->progress++;
}

static void on_epoch(const asl_epoch_metrics *metrics, void *user)
{
    calls *c = user;
    REQUIRE(pthread_equal(pthread_self(), c->caller), "an epoch on another thread");
    REQUIRE(metrics->epoch == ++c->epochs, "epoch %d is told as %d", c->epochs, metrics->epoch);
    if (c->epochs == c->stop_at)
        asl_trainer_request_stop(c->trainer);
}

static int32_t on_done(int64_t done, int64_t total, void *user)
{
    calls *c = user;
    REQUIRE(pthread_equal(pthread_self(), c->caller), "progress on another thread");
    REQUIRE(done <= total, "progress beyond its end");
    return ++c->progress == c->stop_at;
}

static void train_with_calls(calls *c, const asl_dataset *data)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = world_new_model();
    asl_trainer_options options;
    asl_trainer_options_init(&options, sizeof options);
    options.epochs = 5;
    options.threads = 2;
    options.on_progress = on_progress;
    options.on_epoch = on_epoch;
    options.user = c;
    CALL(asl_trainer_create(&c->trainer, model, data, NULL, &options, &err), &err);
    asl_model_free(model);
    REQUIRE(asl_trainer_run(c->trainer, &err) == ASL_STOPPED, "not stopped: %s", err.message);
    REQUIRE(c->epochs == 2 && c->progress >= 2, "%d epochs, %d calls", c->epochs, c->progress);
    CALL(asl_trainer_run(c->trainer, &err), &err);
    REQUIRE(c->epochs == 5, "%d epochs", c->epochs);
    asl_trainer_free(c->trainer);
}

static void *calls_main(void *unused)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *data = NULL, *packed = NULL;
    asl_pack_options options;
    calls c = {.caller = pthread_self(), .stop_at = 2};
    CALL(asl_dataset_open(&data, "pictures", NULL, &err), &err);
    train_with_calls(&c, data);
    c = (calls){.caller = pthread_self(), .stop_at = 1};
    asl_pack_options_init(&options, sizeof options);
    options.progress = on_done;
    options.user = &c;
    REQUIRE(asl_dataset_pack(&packed, data, "stopped.pack", &options, &err) == ASL_STOPPED &&
                packed == NULL && access("stopped.pack", F_OK) != 0,
            "a pack that was stopped: %s", err.message);
    asl_dataset_free(data);
    return unused;
}

void part_callbacks(void)
{
    pthread_t thread;
    world_make_pictures();
    REQUIRE(pthread_create(&thread, NULL, calls_main, NULL) == 0, "no thread");
    pthread_join(thread, NULL);
}
