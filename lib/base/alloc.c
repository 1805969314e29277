/* SPDX-License-Identifier: MIT */
/* The library's allocator: every block carries its size in front of it, so that use can be counted
 * whatever allocator the host installed. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "asl/base.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/options.h"

/* As large as the alignment, so that what follows keeps it. */
typedef struct header {
    size_t size;
    char padding[ASL__ALIGNMENT - sizeof(size_t)];
} header;

_Static_assert(sizeof(header) == ASL__ALIGNMENT, "the header must keep the alignment");

/* Zeroed, through calloc(): what comes fresh from the system is zero already, and a page of it
 * costs nothing until it is used. The pointer to free lies right before the aligned block; there is
 * room, as calloc() aligns at least to a pointer and the step to the block is never zero. */
static void *system_alloc(size_t size, size_t alignment, void *user)
{
    size_t total = 0;
    char *memory = NULL, *block = NULL;

    (void)user;
    if (!asl__add_size(&total, size, alignment))
        return NULL;
    memory = calloc(total, 1);
    if (memory == NULL)
        return NULL;
    block = memory + (alignment - (uintptr_t)memory % alignment);
    memcpy(block - sizeof memory, &memory, sizeof memory);
    return block;
}

static void system_free(void *block, void *user)
{
    void *memory = NULL;

    (void)user;
    memcpy(&memory, (char *)block - sizeof memory, sizeof memory);
    free(memory);
}

static const asl_allocator system_allocator = {sizeof(asl_allocator), 0, system_alloc, system_free,
                                               NULL};
static asl_allocator active = {sizeof(asl_allocator), 0, system_alloc, system_free, NULL};
static atomic_size_t bytes_in_use;
static atomic_size_t bytes_peak;

asl_status asl_set_allocator(const asl_allocator *allocator, asl_error *err)
{
    asl_allocator chosen = {0};
    asl_status status = ASL_OK;

    asl__error_clear(err);
    if (allocator == NULL)
        allocator = &system_allocator;
    ASL__TRY(asl__options_read(&chosen, sizeof chosen, allocator, "asl_allocator", err));
    if (chosen.alloc == NULL || chosen.free == NULL)
        return asl__fail(err, ASL_ERR_ARG, "asl_allocator: alloc and free must both be set");
    if (atomic_load(&bytes_in_use) != 0)
        return asl__fail(err, ASL_ERR_STATE,
                         "the allocator cannot change while %zu bytes are in use; free every "
                         "handle first",
                         atomic_load(&bytes_in_use));
    active = chosen;
fail:
    return status;
}

void asl_memory_usage(size_t *current, size_t *peak)
{
    if (current != NULL)
        *current = atomic_load(&bytes_in_use);
    if (peak != NULL)
        *peak = atomic_load(&bytes_peak);
}

static void count_bytes(size_t size)
{
    const size_t now = atomic_fetch_add(&bytes_in_use, size) + size;
    size_t peak = atomic_load(&bytes_peak);

    while (peak < now && !atomic_compare_exchange_weak(&bytes_peak, &peak, now)) {}
}

void *asl__alloc(size_t size)
{
    header *block = NULL;
    size_t total = 0;

    if (size == 0)
        size = 1;
    if (!asl__add_size(&total, size, sizeof(header)) || total > PTRDIFF_MAX)
        return NULL;
    block = active.alloc(total, ASL__ALIGNMENT, active.user);
    if (block == NULL)
        return NULL;
    if (active.alloc != system_alloc) /* which zeroes in a cheaper way */
        memset(block, 0, total);
    block->size = size;
    count_bytes(size);
    return block + 1;
}

void *asl__alloc_array(size_t count, size_t size)
{
    size_t total = 0;

    return asl__mul_size(&total, count, size) ? asl__alloc(total) : NULL;
}

void *asl__grow(void *memory, size_t used, size_t count, size_t size)
{
    void *larger = asl__alloc_array(count, size);

    if (larger == NULL)
        return NULL;
    if (memory != NULL)
        memcpy(larger, memory, used);
    asl__free(memory);
    return larger;
}

void asl__free(void *memory)
{
    if (memory == NULL)
        return;

    header *block = (header *)memory - 1;

    atomic_fetch_sub(&bytes_in_use, block->size);
    active.free(block, active.user);
}

void asl_free(void *memory)
{
    asl__free(memory);
}

char *asl__strndup(const char *text, size_t length)
{
    const size_t used = strnlen(text, length);
    char *copy = asl__alloc(used + 1);

    if (copy != NULL)
        memcpy(copy, text, used);
    return copy;
}

char *asl__strdup(const char *text)
{
    return asl__strndup(text, strlen(text));
}
