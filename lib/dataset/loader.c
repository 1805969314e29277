/* SPDX-License-Identifier: MIT */
/* The batch loader: threads take pictures one by one in the order of the pass and put them into a
 * ring of batches. Which thread decodes a picture does not matter, its place is fixed, so batches
 * are the same for any number of threads. */
#include "dataset/loader.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/system.h"
#include "dataset/dataset.h"

/* One batch with the consumer, and a few ready or in the making: enough to smooth out pictures that
 * take longer. */
enum { RING = 4, MAX_THREADS = 256 };

typedef struct slot {
    uint8_t *images;
    int64_t *positions;
    int32_t *negative;
    asl_status *status;
    asl_error *errors;
    int64_t done; /* pictures of the current batch that are there */
} slot;

struct asl__loader {
    asl_dataset *dataset;
    asl__loader_options options;
    size_t picture; /* bytes */
    size_t room;    /* for a batch, bytes of each slot's images */
    slot ring[RING];

    pthread_mutex_t mutex; /* guards what follows, and slot.done */
    pthread_cond_t work;   /* there may be something to take, or the loader ends */
    pthread_cond_t ready;  /* a batch is whole, or the last busy thread is not busy any more */
    const int64_t *order;
    int64_t epoch;    /* of the pass */
    int64_t count;    /* pictures of the pass */
    int64_t taken;    /* ... that threads have taken */
    int64_t released; /* batches that the consumer is done with */
    bool held;        /* the consumer has the batch after those */
    bool ending;
    int32_t busy; /* threads inside a picture */

    bool has_locks;
    pid_t process; /* the one that has the threads; a forked child has none */
    int32_t threads;
    pthread_t thread[MAX_THREADS];
};

/* Whether there is a picture whose batch has a place in the ring. */
static bool can_take(const asl__loader *loader)
{
    return loader->taken < loader->count &&
           loader->taken / loader->options.batch_size < loader->released + RING;
}

/* Pictures in a batch of the pass; 0 behind its end. */
static int64_t batch_count(const asl__loader *loader, int64_t batch)
{
    const int64_t size = loader->options.batch_size, left = loader->count - batch * size;

    return left <= 0 ? 0 : left < size ? left : size;
}

static void load_picture(asl__loader *loader, slot *into, int64_t place, int64_t entry,
                         asl__augment_scratch *scratch)
{
    const asl__loader_options *options = &loader->options;
    const asl__variation variation = {
        .augmentation = options->augmentation,
        .seed = options->seed,
        .epoch = loader->epoch,
        .sample = entry,
        .scratch = scratch,
    };
    uint8_t *pixels = into->images + (size_t)place * loader->picture;

    into->errors[place] = (asl_error)ASL_ERROR_INIT;
    into->positions[place] = asl__order_index(entry);
    into->status[place] = asl__dataset_read_varied(
        pixels, &into->negative[place], loader->dataset, into->positions[place], options->width,
        options->height, &variation, &into->errors[place]);
    if (into->status[place] < 0)
        memset(pixels, 0, loader->picture);
}

static void *thread_main(void *argument)
{
    asl__loader *loader = argument;
    asl__augment_scratch scratch = {0};

    pthread_mutex_lock(&loader->mutex);
    for (;;) {
        while (!loader->ending && !can_take(loader))
            pthread_cond_wait(&loader->work, &loader->mutex);
        if (loader->ending)
            break;

        const int64_t position = loader->taken++;
        const int64_t batch = position / loader->options.batch_size;
        slot *into = &loader->ring[batch % RING];

        loader->busy++;
        pthread_mutex_unlock(&loader->mutex);
        load_picture(loader, into, position % loader->options.batch_size, loader->order[position],
                     &scratch);
        pthread_mutex_lock(&loader->mutex);
        loader->busy--;
        into->done++;
        if (into->done == batch_count(loader, batch) || loader->busy == 0)
            pthread_cond_signal(&loader->ready);
    }
    pthread_mutex_unlock(&loader->mutex);
    asl__augment_scratch_free(&scratch);
    return NULL;
}

/* Gives the pictures a size, with larger memory for them where that is needed: all or nothing. */
static asl_status set_size(asl__loader *loader, int32_t width, int32_t height, asl_error *err)
{
    uint8_t *images[RING] = {NULL};
    size_t picture = 0, room = 0;
    bool complete = asl__mul_size(&picture, (size_t)width * 3, (size_t)height) &&
                    asl__mul_size(&room, picture, (size_t)loader->options.batch_size);
    const bool larger = complete && room > loader->room;

    for (int i = 0; larger && i < RING; i++) {
        images[i] = asl__alloc(room);
        complete = complete && images[i] != NULL;
    }
    for (int i = 0; larger && i < RING; i++) {
        asl__free(complete ? loader->ring[i].images : images[i]);
        if (complete)
            loader->ring[i].images = images[i];
    }
    if (!complete)
        return asl__fail_memory(err, "batches");
    if (larger)
        loader->room = room;
    loader->picture = picture;
    loader->options.width = width;
    loader->options.height = height;
    return ASL_OK;
}

static asl_status allocate(asl__loader *loader, asl_error *err)
{
    const size_t batch = (size_t)loader->options.batch_size;

    for (int i = 0; i < RING; i++) {
        slot *at = &loader->ring[i];

        at->positions = asl__alloc_array(batch, sizeof *at->positions);
        at->negative = asl__alloc_array(batch, sizeof *at->negative);
        at->status = asl__alloc_array(batch, sizeof *at->status);
        at->errors = asl__alloc_array(batch, sizeof *at->errors);
        if (at->positions == NULL || at->negative == NULL || at->status == NULL ||
            at->errors == NULL)
            return asl__fail_memory(err, "batches");
    }
    return set_size(loader, loader->options.width, loader->options.height, err);
}

static asl_status start_threads(asl__loader *loader, asl_error *err)
{
    sigset_t all, before;
    int number = 0;

    /* Threads inherit the mask: the host's signals go to the host's threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (number == 0 && loader->threads < loader->options.threads) {
        number = asl__sys->thread_create(&loader->thread[loader->threads], NULL, thread_main, loader);
        loader->threads += number == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (loader->threads == 0)
        return asl__fail_errno(err, ASL_ERR_SYSTEM, number, "cannot start a thread");
    return ASL_OK;
}

/* All three or none. */
static asl_status make_locks(asl__loader *loader, asl_error *err)
{
    int number = asl__sys->mutex_init(&loader->mutex, NULL);

    if (number != 0)
        goto no_mutex;
    number = asl__sys->cond_init(&loader->work, NULL);
    if (number != 0)
        goto no_work;
    number = asl__sys->cond_init(&loader->ready, NULL);
    if (number != 0)
        goto no_ready;
    loader->has_locks = true;
    return ASL_OK;
no_ready:
    pthread_cond_destroy(&loader->work);
no_work:
    pthread_mutex_destroy(&loader->mutex);
no_mutex:
    return asl__fail_errno(err, ASL_ERR_SYSTEM, number, "cannot make a lock");
}

asl_status asl__loader_create(asl__loader **out, const asl_dataset *dataset,
                              const asl__loader_options *options, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__loader *loader = NULL;

    *out = NULL;
    ASL__CHECK_ARG(options->width >= 1 && options->height >= 1, err);
    ASL__CHECK_ARG(options->batch_size >= 1, err);
    ASL__CHECK_ARG(options->threads >= 1 && options->threads <= MAX_THREADS, err);
    loader = asl__alloc(sizeof *loader);
    if (loader == NULL)
        return asl__fail_memory(err, "a loader");
    loader->options = *options;
    loader->process = getpid();
    ASL__TRY(make_locks(loader, err));
    ASL__TRY(asl__dataset_share(&loader->dataset, dataset, err));
    ASL__TRY(allocate(loader, err));
    ASL__TRY(start_threads(loader, err));
    *out = loader;
    return ASL_OK;
fail:
    asl__loader_free(loader);
    return status;
}

static void stop_threads(asl__loader *loader)
{
    /* In a forked child there is nobody to join or wake, and trying would hang. */
    if (!loader->has_locks || loader->process != getpid())
        return;
    pthread_mutex_lock(&loader->mutex);
    loader->ending = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->mutex);
    for (int32_t i = 0; i < loader->threads; i++)
        pthread_join(loader->thread[i], NULL);
    pthread_cond_destroy(&loader->ready);
    pthread_cond_destroy(&loader->work);
    pthread_mutex_destroy(&loader->mutex);
}

void asl__loader_free(asl__loader *loader)
{
    if (loader == NULL)
        return;
    stop_threads(loader);
    for (int i = 0; i < RING; i++) {
        asl__free(loader->ring[i].errors);
        asl__free(loader->ring[i].status);
        asl__free(loader->ring[i].negative);
        asl__free(loader->ring[i].positions);
        asl__free(loader->ring[i].images);
    }
    asl_dataset_free(loader->dataset);
    asl__free(loader);
}

static asl_status fail_forked(asl_error *err)
{
    return asl__fail(err, ASL_ERR_STATE,
                     "made before fork(), whose child has none of its threads: make it again in "
                     "the child");
}

/* Ends the pass, with the mutex held: all threads wait then. */
static void abandon_pass(asl__loader *loader)
{
    loader->count = loader->taken; /* nothing more to take */
    while (loader->busy > 0)
        pthread_cond_wait(&loader->ready, &loader->mutex);
    loader->count = loader->taken = loader->released = 0;
    loader->held = false;
}

asl_status asl__loader_resize(asl__loader *loader, int32_t width, int32_t height, asl_error *err)
{
    asl_status status = ASL_OK;

    ASL__CHECK_ARG(width >= 1 && height >= 1, err);
    if (loader->process != getpid())
        return fail_forked(err);
    pthread_mutex_lock(&loader->mutex);
    abandon_pass(loader);
    status = set_size(loader, width, height, err);
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

asl_status asl__loader_start(asl__loader *loader, const int64_t *order, int64_t count,
                             int64_t epoch, asl_error *err)
{
    asl_status status = ASL_OK;

    if (loader->process != getpid())
        return fail_forked(err);
    pthread_mutex_lock(&loader->mutex);
    abandon_pass(loader);
    for (int64_t i = 0; i < count && status == ASL_OK; i++) {
        const int64_t index = asl__order_index(order[i]);

        if (order[i] < 0 || index >= loader->dataset->count)
            status = asl__fail_at(err, ASL_ERR_ARG, i, "the data set has no sample %lld",
                                  (long long)(order[i] < 0 ? order[i] : index));
    }
    if (status == ASL_OK) {
        for (int i = 0; i < RING; i++)
            loader->ring[i].done = 0;
        loader->order = order;
        loader->epoch = epoch;
        loader->count = count;
        pthread_cond_broadcast(&loader->work);
    }
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

asl_status asl__loader_next(asl__batch *out, asl__loader *loader, asl_error *err)
{
    const slot *at = NULL;
    int64_t count = 0;

    /* Nothing else can fail: pictures carry their own errors. */
    if (loader->process != getpid())
        return fail_forked(err);
    pthread_mutex_lock(&loader->mutex);
    if (loader->held) {
        loader->ring[loader->released % RING].done = 0;
        loader->released++;
        loader->held = false;
        pthread_cond_broadcast(&loader->work);
    }
    at = &loader->ring[loader->released % RING];
    count = batch_count(loader, loader->released);
    while (at->done < count)
        pthread_cond_wait(&loader->ready, &loader->mutex);
    loader->held = count > 0;
    *out = (asl__batch){
        .images = at->images,
        .positions = at->positions,
        .count = (int32_t)count,
        .negative = at->negative,
        .status = at->status,
        .errors = at->errors,
    };
    pthread_mutex_unlock(&loader->mutex);
    return ASL_OK;
}
