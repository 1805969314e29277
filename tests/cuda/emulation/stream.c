/* SPDX-License-Identifier: MIT */
/* Work and the streams it is put on. It runs at once, or, deferred, when something waits for its
 * stream. Events measure the time that the work between them is said to take. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static struct CUstream_st legacy; /* the stream whose handle is NULL */
static emulation__list queue;
static double now; /* milliseconds of work so far */
static int64_t work_count;

struct CUevent_st {
    emulation__object object;
    unsigned flags;
    bool recorded, captured, done;
    double time;
};

/* ---- Work ---- */

void *emulation__new_work(size_t size, cudaError_t (*run)(emulation__work *work))
{
    emulation__work *work = emulation__new(size);
    work->references = 1;
    work->milliseconds = 0.001;
    work->run = run;
    return work;
}

void emulation__drop_work(emulation__work *work)
{
    if (--work->references > 0)
        return;
    if (work->release != NULL)
        work->release(work);
    free(work);
}

cudaError_t emulation__run_work(emulation__work *work)
{
    cudaError_t code = emulation__lost();
    if (code != cudaSuccess)
        return code;
    emulation__open_memory();
    code = work->run(work);
    emulation__close_memory();
    now += work->milliseconds;
    work_count++;
    if (code != cudaSuccess)
        emulation__lose_device(code);
    return code;
}

void emulation__append(emulation__list *list, emulation__work *work)
{
    if (list->count == list->room) {
        list->room = list->room > 0 ? 2 * list->room : 64;
        emulation__work **grown = emulation__new(list->room * sizeof(emulation__work *));
        if (list->count > 0)
            memcpy(grown, list->work, list->count * sizeof(emulation__work *));
        free(list->work);
        list->work = grown;
    }
    list->work[list->count++] = work;
}

void emulation__clear(emulation__list *list)
{
    for (size_t i = 0; i < list->count; i++)
        emulation__drop_work(list->work[i]);
    free(list->work);
    memset(list, 0, sizeof *list);
}

static bool are_in_step(const struct CUstream_st *a, const struct CUstream_st *b)
{
    return a == b || ((a->flags | b->flags) & cudaStreamNonBlocking) == 0;
}

cudaError_t emulation__drain(const struct CUstream_st *stream)
{
    emulation__list waiting = queue;
    memset(&queue, 0, sizeof queue);
    cudaError_t code = emulation__lost();
    for (size_t i = 0; i < waiting.count; i++) {
        emulation__work *work = waiting.work[i];
        work->references++;
        if (stream != NULL && !are_in_step(work->stream, stream)) {
            emulation__append(&queue, work);
            continue;
        }
        if (code == cudaSuccess)
            code = emulation__run_work(work);
        emulation__drop_work(work);
    }
    emulation__clear(&waiting);
    return code;
}

cudaError_t emulation__submit(cudaStream_t handle, emulation__work *work)
{
    struct CUstream_st *stream = emulation__stream_of(handle);
    cudaError_t code = cudaSuccess;
    if (stream == NULL) {
        code = cudaErrorInvalidResourceHandle;
    } else if (stream->capture == cudaStreamCaptureStatusInvalidated) {
        code = cudaErrorStreamCaptureInvalidated;
    } else if (stream->capture == cudaStreamCaptureStatusActive) {
        emulation__append(&stream->recorded, work);
        return cudaSuccess;
    } else if (emulation__config.deferred) {
        work->stream = stream;
        emulation__append(&queue, work);
        return cudaSuccess;
    } else {
        code = emulation__run_work(work);
    }
    emulation__drop_work(work);
    return code;
}

int64_t emulation_work_count(void)
{
    emulation__lock();
    const int64_t count = work_count;
    emulation__leave();
    return count;
}

/* ---- Streams ---- */

struct CUstream_st *emulation__stream_of(cudaStream_t handle)
{
    if (handle == NULL || handle == cudaStreamLegacy)
        return &legacy;
    return emulation__find_object(handle, EMULATION__STREAM);
}

static void free_stream(struct CUstream_st *stream)
{
    emulation__clear(&stream->recorded);
    emulation__remove_object(&stream->object);
    free(stream);
}

static cudaError_t create_stream(cudaStream_t *out, unsigned flags)
{
    if (out == NULL || flags > cudaStreamNonBlocking)
        return cudaErrorInvalidValue;
    struct CUstream_st *stream = emulation__new(sizeof *stream);
    stream->flags = flags;
    stream->device = emulation__current_device();
    emulation__add_object(&stream->object, EMULATION__STREAM);
    *out = stream;
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *out)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = create_stream(out, cudaStreamDefault);
    return emulation__leave_cuda(code);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = create_stream(out, flags);
    return emulation__leave_cuda(code);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    struct CUstream_st *stream = emulation__find_object(handle, EMULATION__STREAM);
    if (stream != NULL) {
        emulation__drain(stream);
        free_stream(stream);
    } else if (code == cudaSuccess) {
        emulation__complain("a stream was destroyed that is none");
        code = cudaErrorInvalidResourceHandle;
    }
    return emulation__leave_cuda(code);
}

/* A call that waits for a stream, or asks. */
static cudaError_t wait_for(cudaStream_t handle)
{
    struct CUstream_st *stream = emulation__stream_of(handle);
    if (stream == NULL)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture != cudaStreamCaptureStatusNone)
        return emulation__spoil_capture(stream, cudaErrorStreamCaptureUnsupported);
    return emulation__drain(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = wait_for(stream);
    return emulation__leave_cuda(code);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = wait_for(stream);
    return emulation__leave_cuda(code);
}

/* ---- Events ---- */

typedef struct record {
    emulation__work work;
    cudaEvent_t event;
} record;

static cudaError_t run_record(emulation__work *work)
{
    cudaEvent_t event = ((record *)work)->event;
    event->done = true;
    event->time = now;
    return cudaSuccess;
}

static cudaError_t create_event(cudaEvent_t *out, unsigned flags)
{
    if (out == NULL || flags > (cudaEventBlockingSync | cudaEventDisableTiming))
        return cudaErrorInvalidValue;
    struct CUevent_st *event = emulation__new(sizeof *event);
    event->flags = flags;
    emulation__add_object(&event->object, EMULATION__EVENT);
    *out = event;
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = create_event(out, cudaEventDefault);
    return emulation__leave_cuda(code);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = create_event(out, flags);
    return emulation__leave_cuda(code);
}

cudaError_t cudaEventDestroy(cudaEvent_t handle)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    struct CUevent_st *event = emulation__find_object(handle, EMULATION__EVENT);
    if (event != NULL) {
        emulation__drain(NULL);
        emulation__remove_object(&event->object);
        free(event);
    } else if (code == cudaSuccess) {
        emulation__complain("an event was destroyed that is none");
        code = cudaErrorInvalidResourceHandle;
    }
    return emulation__leave_cuda(code);
}

static cudaError_t record_event(cudaEvent_t event, cudaStream_t handle)
{
    struct CUstream_st *stream = emulation__stream_of(handle);
    if (stream == NULL || emulation__find_object(event, EMULATION__EVENT) == NULL)
        return cudaErrorInvalidResourceHandle;
    event->recorded = true;
    event->done = false;
    event->captured = stream->capture == cudaStreamCaptureStatusActive;
    if (event->captured)
        return cudaSuccess; /* only an edge of the graph */
    record *r = emulation__new_work(sizeof *r, run_record);
    r->work.milliseconds = 0;
    r->event = event;
    return emulation__submit(handle, &r->work);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = record_event(event, stream);
    return emulation__leave_cuda(code);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess && (emulation__stream_of(stream) == NULL || flags != 0 ||
                                emulation__find_object(event, EMULATION__EVENT) == NULL))
        code = cudaErrorInvalidResourceHandle;
    else if (code == cudaSuccess && event->captured)
        code = cudaErrorNotSupported; /* graphs with branches are not emulated */
    else if (code == cudaSuccess)
        code = emulation__drain(NULL); /* so that what follows comes after the event */
    return emulation__leave_cuda(code);
}

static cudaError_t wait_for_event(cudaEvent_t event)
{
    if (emulation__find_object(event, EMULATION__EVENT) == NULL)
        return cudaErrorInvalidResourceHandle;
    return event->captured ? cudaErrorCapturedEvent : emulation__drain(NULL);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = wait_for_event(event);
    return emulation__leave_cuda(code);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = wait_for_event(event);
    return emulation__leave_cuda(code);
}

static cudaError_t elapsed(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    const cudaEvent_t events[] = {start, end};
    for (int i = 0; i < 2; i++) {
        if (emulation__find_object(events[i], EMULATION__EVENT) == NULL || !events[i]->recorded ||
            (events[i]->flags & cudaEventDisableTiming) != 0)
            return cudaErrorInvalidResourceHandle;
        if (events[i]->captured)
            return cudaErrorCapturedEvent;
        if (!events[i]->done)
            return cudaErrorNotReady;
    }
    *milliseconds = (float)(end->time - start->time);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = milliseconds == NULL ? cudaErrorInvalidValue : elapsed(milliseconds, start, end);
    return emulation__leave_cuda(code);
}

void emulation__reset_streams(void)
{
    emulation__clear(&queue);
    emulation__clear(&legacy.recorded);
    while (emulation__first_object(EMULATION__STREAM) != NULL)
        free_stream((struct CUstream_st *)emulation__first_object(EMULATION__STREAM));
    while (emulation__first_object(EMULATION__EVENT) != NULL) {
        emulation__object *event = emulation__first_object(EMULATION__EVENT);
        emulation__remove_object(event);
        free(event);
    }
    now = 0;
    work_count = 0;
}
