/* SPDX-License-Identifier: MIT */
/* Settings, injected failures, the log of calls, and the list of all that lives. */
#include "internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

emulation_config emulation__config;
static bool configured;

static struct {
    const char **names;
    int64_t count, room;
} calls;

static struct {
    int64_t at; /* number of the call; 0: none */
    emulation_fault fault;
    bool sticky;
    bool loses; /* the call before put something on the stream that loses the device */
} injected;

static struct {
    int64_t count;
    char last[256];
} complaints;

static emulation__object *objects[EMULATION__KINDS];

void *emulation__new(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        fputs("the CUDA emulation is out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* ---- Settings ---- */

void emulation_defaults(emulation_config *config)
{
    enum { PLAIN = EMULATION_ANY_GRAPH & ~EMULATION_FUSED };
    static const emulation_engine engines[] = {
        {.index = 9,
         .graphs = PLAIN,
         .notes = EMULATION_NOTE(TENSOR_CORE) | EMULATION_NOTE(NONDETERMINISTIC),
         .milliseconds = 0.01},
        {.index = 28,
         .graphs = PLAIN,
         .notes = EMULATION_NOTE(TENSOR_CORE) | EMULATION_NOTE(DOWN_CONVERT_INPUTS),
         .milliseconds = 0.02},
        {.index = 41,
         .graphs = EMULATION_ANY_GRAPH,
         .notes = EMULATION_NOTE(WINOGRAD),
         .finalize = CUDNN_STATUS_NOT_SUPPORTED_SHAPE},
        {.index = 57,
         .graphs = EMULATION_ANY_GRAPH,
         .notes = EMULATION_NOTE(TENSOR_CORE),
         .workspace = 4096,
         .milliseconds = 0.03},
        {.index = 13, .graphs = EMULATION_ANY_GRAPH, .workspace = 65536, .milliseconds = 0.05},
        {.index = 0, .graphs = PLAIN, .fallback = true, .milliseconds = 0.2}};

    *config = (emulation_config){.devices = 1,
                                 .major = 9,
                                 .minor = 0,
                                 .memory = (size_t)1 << 30,
                                 .name = "NVIDIA H100 80GB HBM3",
                                 .driver_version = CUDART_VERSION,
                                 .engine_count = sizeof engines / sizeof engines[0]};
    memcpy(config->engines, engines, sizeof engines);
}

void emulation_configure(const emulation_config *config)
{
    pthread_mutex_lock(&lock);
    emulation__config = *config;
    configured = true;
    pthread_mutex_unlock(&lock);
}

void emulation_reset(void)
{
    pthread_mutex_lock(&lock);
    emulation__reset_streams();
    emulation__reset_graphs();
    emulation__reset_cudnn();
    emulation__reset_cublas();
    emulation__reset_memory();
    emulation__reset_device();
    free(calls.names);
    memset(&calls, 0, sizeof calls);
    memset(&injected, 0, sizeof injected);
    memset(&complaints, 0, sizeof complaints);
    emulation_defaults(&emulation__config);
    configured = true;
    pthread_mutex_unlock(&lock);
}

/* ---- Calls ---- */

static void note_call(const char *name)
{
    if (calls.count == calls.room) {
        calls.room = calls.room > 0 ? 2 * calls.room : 1024;
        const char **names = emulation__new((size_t)calls.room * sizeof *names);
        if (calls.count > 0)
            memcpy(names, calls.names, (size_t)calls.count * sizeof *names);
        free(calls.names);
        calls.names = names;
    }
    calls.names[calls.count++] = name;
}

static bool is_due(void)
{
    return injected.at > 0 &&
           (injected.sticky ? calls.count >= injected.at : calls.count == injected.at);
}

emulation__failure emulation__enter(const char *name, int needs)
{
    const int device = EMULATION__NEEDS_DEVICE | EMULATION__NEEDS_DRIVER;
    emulation__failure failure = {0};
    pthread_mutex_lock(&lock);
    if (!configured) {
        emulation_defaults(&emulation__config);
        configured = true;
    }
    note_call(name);
    if (injected.loses)
        emulation__lose_device(cudaErrorLaunchFailure);
    if (is_due() && injected.fault == EMULATION_LOST_LATER) {
        injected.loses = true;
    } else if (is_due()) {
        if (injected.fault == EMULATION_LOST)
            emulation__lose_device(cudaErrorIllegalAddress);
        failure.injected = true;
        failure.fault = injected.fault;
    }
    if (!failure.injected && (needs & device) != 0)
        failure.code = emulation__driver();
    if (!failure.injected && failure.code == cudaSuccess && (needs & EMULATION__NEEDS_DEVICE) != 0)
        failure.code = emulation__lost();
    if (!failure.injected && failure.code == cudaSuccess &&
        (needs & EMULATION__NOT_IN_CAPTURE) != 0)
        failure.code = emulation__check_unsafe();
    failure.failed = failure.injected || failure.code != cudaSuccess;
    return failure;
}

void emulation__lock(void)
{
    pthread_mutex_lock(&lock);
}

void emulation__leave(void)
{
    pthread_mutex_unlock(&lock);
}

void emulation_fail_call(int64_t n, emulation_fault fault, bool sticky)
{
    pthread_mutex_lock(&lock);
    injected.at = n > 0 ? calls.count + n : 0;
    injected.fault = fault;
    injected.sticky = sticky;
    pthread_mutex_unlock(&lock);
}

int64_t emulation_call_count(void)
{
    pthread_mutex_lock(&lock);
    const int64_t count = calls.count;
    pthread_mutex_unlock(&lock);
    return count;
}

const char *emulation_call_name(int64_t number)
{
    pthread_mutex_lock(&lock);
    const char *name = number >= 1 && number <= calls.count ? calls.names[number - 1] : NULL;
    pthread_mutex_unlock(&lock);
    return name;
}

int64_t emulation_calls(const char *name)
{
    int64_t count = 0;
    pthread_mutex_lock(&lock);
    for (int64_t i = 0; i < calls.count; i++)
        count += strcmp(calls.names[i], name) == 0;
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- Complaints ---- */

void emulation__complain(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(complaints.last, sizeof complaints.last, format, values);
    va_end(values);
    complaints.count++;
}

int64_t emulation_complaints(char *text, size_t size)
{
    pthread_mutex_lock(&lock);
    const int64_t count = complaints.count;
    if (size > 0)
        snprintf(text, size, "%s", complaints.last);
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- What lives ---- */

void emulation__add_object(emulation__object *object, emulation__kind kind)
{
    object->kind = kind;
    object->next = objects[kind];
    objects[kind] = object;
}

void *emulation__find_object(const void *handle, emulation__kind kind)
{
    emulation__object *object = objects[kind];
    while (object != NULL && (const void *)object != handle)
        object = object->next;
    return object;
}

void emulation__remove_object(emulation__object *object)
{
    emulation__object **link = &objects[object->kind];
    while (*link != object)
        link = &(*link)->next;
    *link = object->next;
}

emulation__object *emulation__first_object(emulation__kind kind)
{
    return objects[kind];
}

int64_t emulation_live_objects(char *text, size_t size)
{
    static const char *const names[EMULATION__KINDS] = {
        "device blocks", "pinned blocks", "streams",     "events",        "graphs",
        "graph execs",   "cuDNN handles", "descriptors", "cuBLAS handles"};
    int64_t all = 0;
    size_t length = 0;
    if (size > 0)
        text[0] = '\0';
    pthread_mutex_lock(&lock);
    for (int kind = 0; kind < EMULATION__KINDS; kind++) {
        int64_t count = 0;
        for (const emulation__object *object = objects[kind]; object != NULL; object = object->next)
            count++;
        all += count;
        if (count > 0 && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s: %lld",
                                       length > 0 ? ", " : "", names[kind], (long long)count);
    }
    pthread_mutex_unlock(&lock);
    return all;
}
