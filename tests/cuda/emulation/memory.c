/* SPDX-License-Identifier: MIT */
/* Memory of the device and pinned memory of the host, and copies. Every block lies between guard
 * bytes and starts as garbage: NaN in every float format, and negative as an integer. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif

/* AddressSanitizer finds all that touches guard bytes, and the host when it touches device memory.
 */
#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { GUARD = 256, GUARD_BYTE = 0x5c, GARBAGE = 0xff };

/* Larger blocks are not filled to the end, and the host may touch them: both would take long. */
enum { LARGE = 1 << 20 };

typedef struct block {
    emulation__object object;
    char *memory; /* the guard before it; data begin GUARD bytes on */
    size_t size;
} block;

static size_t used, peak; /* device memory */
static int open_count;

static char *data_of(const block *b)
{
    return b->memory + GUARD;
}

static size_t whole(size_t size)
{
    return (size + GUARD - 1) / GUARD * GUARD + 2 * (size_t)GUARD;
}

/* ---- Blocks ---- */

static const block *block_at(const void *address, emulation__kind kind)
{
    const uintptr_t at = (uintptr_t)address;
    const block *b = (const block *)emulation__first_object(kind);
    while (b != NULL && !(at >= (uintptr_t)data_of(b) && at < (uintptr_t)data_of(b) + b->size))
        b = (const block *)b->object.next;
    return b;
}

/* The block that begins here. */
static block *block_from(const void *address, emulation__kind kind)
{
    block *b = (block *)emulation__first_object(kind);
    while (b != NULL && data_of(b) != address)
        b = (block *)b->object.next;
    return b;
}

emulation__place emulation__place_of(const void *address)
{
    if (block_at(address, EMULATION__DEVICE_BLOCK) != NULL)
        return EMULATION__DEVICE;
    return block_at(address, EMULATION__PINNED_BLOCK) != NULL ? EMULATION__PINNED
                                                              : EMULATION__PAGEABLE;
}

/* Bytes from the address to the end of its block; 0 when it lies in none. */
static size_t room_at(const void *address)
{
    const block *b = block_at(address, EMULATION__DEVICE_BLOCK);
    if (b == NULL)
        b = block_at(address, EMULATION__PINNED_BLOCK);
    return b == NULL ? 0 : b->size - (size_t)((const char *)address - data_of(b));
}

bool emulation__on_device(const void *address, size_t size, const char *what)
{
    const size_t room = room_at(address);
    if (room == 0)
        emulation__complain("%s: %p is not in memory of the device", what, address);
    else if (size > room)
        emulation__complain("%s: %zu bytes from %p, whose block ends after %zu", what, size,
                            address, room);
    return room > 0 && size <= room;
}

static void watch(const block *b, bool open)
{
    if (open)
        ASAN_UNPOISON_MEMORY_REGION(data_of(b), b->size);
    else
        ASAN_POISON_MEMORY_REGION(data_of(b), b->size);
}

static void watch_all(bool open)
{
    const emulation__object *object = emulation__first_object(EMULATION__DEVICE_BLOCK);
    for (; object != NULL; object = object->next)
        if (((const block *)object)->size <= LARGE)
            watch((const block *)object, open);
}

void emulation__open_memory(void)
{
    if (open_count++ == 0)
        watch_all(true);
}

void emulation__close_memory(void)
{
    if (--open_count == 0)
        watch_all(false);
}

/* The last large block that was freed is kept for the next of its size: tests make plans by the
 * thousand, and new pages are dear. */
static struct {
    char *memory;
    size_t size;
} spare;

static char *get_memory(size_t size)
{
    char *memory = spare.memory;
    if (memory == NULL || spare.size != size)
        return aligned_alloc(GUARD, whole(size));
    spare.memory = NULL;
    return memory;
}

static void give_memory(char *memory, size_t size)
{
    if (size <= LARGE) {
        ASAN_UNPOISON_MEMORY_REGION(memory, whole(size));
        free(memory);
        return;
    }
    if (spare.memory != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(spare.memory, whole(spare.size));
        free(spare.memory);
    }
    ASAN_POISON_MEMORY_REGION(memory, whole(size));
    spare.memory = memory;
    spare.size = size;
}

static void *new_block(size_t size, emulation__kind kind)
{
    block *b = emulation__new(sizeof *b);
    b->size = size;
    b->memory = get_memory(size);
    if (b->memory == NULL) {
        free(b);
        return NULL;
    }
    ASAN_UNPOISON_MEMORY_REGION(b->memory, whole(size));
    memset(b->memory, GUARD_BYTE, GUARD);
    memset(data_of(b) + size, GUARD_BYTE, whole(size) - GUARD - size);
    memset(data_of(b), GARBAGE, size < LARGE ? size : LARGE);
    ASAN_POISON_MEMORY_REGION(b->memory, whole(size));
    if (kind == EMULATION__PINNED_BLOCK || size > LARGE)
        watch(b, true);
    emulation__add_object(&b->object, kind);
    return data_of(b);
}

static bool is_guard(const char *from, const char *to)
{
    while (from < to && *from == GUARD_BYTE)
        from++;
    return from == to;
}

static void free_block(block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->memory, whole(b->size));
    const char *data = data_of(b);
    if (!is_guard(b->memory, data) || !is_guard(data + b->size, b->memory + whole(b->size)))
        emulation__complain("bytes beside the block of %zu at %p were written", b->size,
                            (void *)data_of(b));
    if (b->object.kind == EMULATION__DEVICE_BLOCK)
        used -= b->size;
    emulation__remove_object(&b->object);
    give_memory(b->memory, b->size);
    free(b);
}

void emulation__reset_memory(void)
{
    static const emulation__kind kinds[] = {EMULATION__DEVICE_BLOCK, EMULATION__PINNED_BLOCK};
    for (int i = 0; i < 2; i++)
        while (emulation__first_object(kinds[i]) != NULL)
            free_block((block *)emulation__first_object(kinds[i]));
    used = peak = 0;
}

size_t emulation_peak_memory(void)
{
    emulation__lock();
    const size_t size = peak;
    emulation__leave();
    return size;
}

/* ---- Allocation ---- */

static cudaError_t allocate(void **out, size_t size, emulation__kind kind)
{
    if (out == NULL)
        return cudaErrorInvalidValue;
    *out = NULL;
    if (size == 0)
        return cudaSuccess;
    if (kind == EMULATION__DEVICE_BLOCK && size > emulation__config.memory - used)
        return cudaErrorMemoryAllocation;
    *out = new_block(size, kind);
    if (*out == NULL)
        return cudaErrorMemoryAllocation;
    if (kind == EMULATION__DEVICE_BLOCK) {
        used += size;
        peak = used > peak ? used : peak;
    }
    return cudaSuccess;
}

/* Frees even when the call is one that fails, as errors of earlier work come out here too. */
static cudaError_t release(void *memory, emulation__kind kind, cudaError_t code)
{
    if (code == cudaErrorStreamCaptureUnsupported || memory == NULL)
        return code;
    const cudaError_t earlier = emulation__drain(NULL);
    block *b = block_from(memory, kind);
    if (b == NULL) {
        emulation__complain("%p was freed, which is no block, or was freed before", memory);
        return code != cudaSuccess ? code : cudaErrorInvalidValue;
    }
    free_block(b);
    return code != cudaSuccess ? code : earlier;
}

enum { ALLOCATES = EMULATION__NEEDS_DEVICE | EMULATION__NOT_IN_CAPTURE };

cudaError_t cudaMalloc(void **out, size_t size)
{
    cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    if (code == cudaSuccess)
        code = allocate(out, size, EMULATION__DEVICE_BLOCK);
    return emulation__leave_cuda(code);
}

cudaError_t cudaFree(void *memory)
{
    const cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    return emulation__leave_cuda(release(memory, EMULATION__DEVICE_BLOCK, code));
}

cudaError_t cudaHostAlloc(void **out, size_t size, unsigned flags)
{
    cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    (void)flags; /* all of it is portable and mapped */
    if (code == cudaSuccess)
        code = allocate(out, size, EMULATION__PINNED_BLOCK);
    return emulation__leave_cuda(code);
}

cudaError_t cudaMallocHost(void **out, size_t size)
{
    cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    if (code == cudaSuccess)
        code = allocate(out, size, EMULATION__PINNED_BLOCK);
    return emulation__leave_cuda(code);
}

cudaError_t cudaFreeHost(void *memory)
{
    const cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    return emulation__leave_cuda(release(memory, EMULATION__PINNED_BLOCK, code));
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess && (free_bytes == NULL || total == NULL))
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess) {
        *free_bytes = emulation__config.memory - used;
        *total = emulation__config.memory;
    }
    return emulation__leave_cuda(code);
}

/* ---- Copies ---- */

typedef struct copy {
    emulation__work work;
    void *to;
    const void *from; /* NULL: memset */
    void *snapshot;
    size_t size;
    int value;
    enum cudaMemcpyKind kind;
} copy;

/* An end of a copy that belongs on the device, or else on the host. */
static bool is_good_end(const void *address, size_t size, bool device, const char *what)
{
    const emulation__place place = emulation__place_of(address);
    if (device != (place == EMULATION__DEVICE)) {
        emulation__complain("%s: %p is%s in memory of the device", what, address,
                            device ? " not" : "");
        return false;
    }
    return place == EMULATION__PAGEABLE || emulation__on_device(address, size, what);
}

static bool is_good_copy(const copy *c)
{
    const bool to_host = c->kind == cudaMemcpyDeviceToHost || c->kind == cudaMemcpyHostToHost;
    const bool from_host = c->kind == cudaMemcpyHostToDevice || c->kind == cudaMemcpyHostToHost;
    if (c->size == 0 || c->from == NULL)
        return c->size == 0 || emulation__on_device(c->to, c->size, "a memset");
    return is_good_end(c->to, c->size, !to_host, "where a copy goes") &&
           is_good_end(c->from, c->size, !from_host, "where a copy comes from");
}

static cudaError_t run_copy(emulation__work *work)
{
    const copy *c = (const copy *)work;
    if (!is_good_copy(c)) /* freed since */
        return cudaErrorIllegalAddress;
    if (c->size > 0 && c->from == NULL)
        memset(c->to, c->value, c->size);
    else if (c->size > 0)
        memmove(c->to, c->from, c->size);
    return cudaSuccess;
}

static void release_copy(emulation__work *work)
{
    free(((copy *)work)->snapshot);
}

static copy *new_copy(void *to, const void *from, size_t size, enum cudaMemcpyKind kind)
{
    copy *c = emulation__new_work(sizeof *c, run_copy);
    c->work.release = release_copy;
    c->to = to;
    c->from = from;
    c->size = size;
    c->kind = kind;
    if (kind == cudaMemcpyDefault) {
        const bool to_device = emulation__place_of(to) == EMULATION__DEVICE;
        if (emulation__place_of(from) == EMULATION__DEVICE)
            c->kind = to_device ? cudaMemcpyDeviceToDevice : cudaMemcpyDeviceToHost;
        else
            c->kind = to_device ? cudaMemcpyHostToDevice : cudaMemcpyHostToHost;
    }
    return c;
}

/* Memory of the host that is not pinned. What comes from there is read before the call returns, but
 * may reach the device later; what goes there is there when the call returns. Neither is recorded.
 */
static cudaError_t submit_pageable(copy *c, struct CUstream_st *stream, cudaStream_t handle)
{
    cudaError_t code = cudaSuccess;
    if (stream->capture != cudaStreamCaptureStatusNone) {
        code = emulation__spoil_capture(stream, cudaErrorStreamCaptureUnsupported);
    } else if (c->kind == cudaMemcpyHostToDevice) {
        c->snapshot = emulation__new(c->size);
        memcpy(c->snapshot, c->from, c->size);
        c->from = c->snapshot;
        return emulation__submit(handle, &c->work);
    } else {
        code = emulation__drain(stream);
        if (code == cudaSuccess)
            code = emulation__run_work(&c->work);
    }
    emulation__drop_work(&c->work);
    return code;
}

static cudaError_t submit_copy(copy *c, cudaStream_t handle)
{
    struct CUstream_st *stream = emulation__stream_of(handle);
    const bool good = stream != NULL && is_good_copy(c);
    if (!good) {
        emulation__drop_work(&c->work);
        return stream == NULL ? cudaErrorInvalidResourceHandle : cudaErrorInvalidValue;
    }
    if (c->size > 0 && (emulation__place_of(c->to) == EMULATION__PAGEABLE ||
                        (c->from != NULL && emulation__place_of(c->from) == EMULATION__PAGEABLE)))
        return submit_pageable(c, stream, handle);
    return emulation__submit(handle, &c->work);
}

static cudaError_t check_direction(const void *to, const void *from, size_t size,
                                   enum cudaMemcpyKind kind)
{
    if ((int)kind < cudaMemcpyHostToHost || (int)kind > cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    return size > 0 && (to == NULL || from == NULL) ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = check_direction(to, from, size, kind);
    if (code == cudaSuccess)
        code = submit_copy(new_copy(to, from, size, kind), stream);
    return emulation__leave_cuda(code);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t size, enum cudaMemcpyKind kind)
{
    cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    if (code == cudaSuccess)
        code = check_direction(to, from, size, kind);
    if (code == cudaSuccess)
        code = submit_copy(new_copy(to, from, size, kind), NULL);
    /* Neither a copy from memory that is not pinned nor one within the device is waited for. */
    if (code == cudaSuccess && emulation__place_of(to) != EMULATION__DEVICE)
        code = emulation__drain(emulation__stream_of(NULL));
    else if (code == cudaSuccess && emulation__place_of(from) == EMULATION__PINNED)
        code = emulation__drain(emulation__stream_of(NULL));
    return emulation__leave_cuda(code);
}

static cudaError_t set(void *to, int value, size_t size, cudaStream_t stream)
{
    copy *c = new_copy(to, NULL, size, cudaMemcpyDeviceToDevice);
    c->value = value;
    return submit_copy(c, stream);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream)
{
    cudaError_t code = emulation__enter_cuda(__func__, EMULATION__NEEDS_DEVICE);
    if (code == cudaSuccess)
        code = set(to, value, size, stream);
    return emulation__leave_cuda(code);
}

cudaError_t cudaMemset(void *to, int value, size_t size)
{
    cudaError_t code = emulation__enter_cuda(__func__, ALLOCATES);
    if (code == cudaSuccess)
        code = set(to, value, size, NULL); /* nor is this waited for */
    return emulation__leave_cuda(code);
}
