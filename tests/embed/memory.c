/* SPDX-License-Identifier: MIT */
/* The host's allocator, and hosts that have little of what the system gives. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "embed/parts.h"
#include "embed/world.h"

/* --- An allocator that counts, poisons and guards --- */

enum { GUARD = 64, FRESH = 0xa5, FREED = 0xdd, FENCE = 0xbb };

typedef struct ledger {
    atomic_llong blocks, bytes, total;
    atomic_int faults;
} ledger;

/* Lies in front of the block, behind as many bytes as keep its alignment. */
typedef struct label {
    size_t size, front;
    uint64_t magic;
} label;

#define MAGIC UINT64_C(0x6c61626c65646c69)

static void *host_alloc(size_t size, size_t alignment, void *user)
{
    ledger *l = user;
    const size_t front = alignment > GUARD ? alignment : GUARD;
    void *memory = NULL;
    if (size == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > 4096)
        atomic_fetch_add(&l->faults, 1);
    if (posix_memalign(&memory, front, front + size + GUARD) != 0)
        return NULL;
    char *block = (char *)memory + front;
    const label name = {size, front, MAGIC};
    memcpy(block - sizeof name, &name, sizeof name);
    memset(block, FRESH, size);
    memset(block + size, FENCE, GUARD);
    atomic_fetch_add(&l->blocks, 1);
    atomic_fetch_add(&l->total, 1);
    atomic_fetch_add(&l->bytes, (long long)size);
    return block;
}

static void host_free(void *memory, void *user)
{
    ledger *l = user;
    char *block = memory;
    label name;
    memcpy(&name, block - sizeof name, sizeof name);
    if (name.magic != MAGIC) {
        atomic_fetch_add(&l->faults, 1);
        return;
    }
    for (int i = 0; i < GUARD; i++)
        if ((unsigned char)block[name.size + (size_t)i] != FENCE)
            atomic_fetch_add(&l->faults, 1);
    atomic_fetch_sub(&l->blocks, 1);
    atomic_fetch_sub(&l->bytes, (long long)name.size);
    memset(block - sizeof name, FREED, name.size + sizeof name + GUARD);
    free(block - name.front);
}

void part_allocator(void)
{
    static ledger own;
    const asl_allocator allocator = {sizeof allocator, 0, host_alloc, host_free, &own};
    asl_error err = ASL_ERROR_INIT;
    const world_result usual = world_work_well(2);
    CALL(asl_set_allocator(&allocator, &err), &err);
    const world_result poisoned = world_work_well(2);
    world_require_equal(&usual, &poisoned, "with the host's allocator");
    asl_model *model = world_trained_model();
    REQUIRE(atomic_load(&own.blocks) > 0, "the host's allocator is not used");
    REQUIRE(asl_set_allocator(NULL, &err) == ASL_ERR_STATE, "the allocator changed while in use");
    asl_model_free(model);
    REQUIRE(atomic_load(&own.faults) == 0, "%d wrong sizes, frees or writes",
            atomic_load(&own.faults));
    REQUIRE(atomic_load(&own.blocks) == 0 && atomic_load(&own.bytes) == 0,
            "%lld blocks with %lld bytes are left", atomic_load(&own.blocks),
            atomic_load(&own.bytes));
    CALL(asl_set_allocator(NULL, &err), &err);
    note("%lld allocations", atomic_load(&own.total));
}

/* --- Few descriptors, little address space --- */

static void set_limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit;
    getrlimit(resource, &limit);
    limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
    REQUIRE(setrlimit(resource, &limit) == 0, "cannot set a limit: %s", strerror(errno));
}

static void require_nothing_left(const char *what)
{
    size_t bytes = 0;
    asl_memory_usage(&bytes, NULL);
    REQUIRE(bytes == 0, "%s: %zu bytes are left", what, bytes);
}

static void remove_files(void)
{
    static const char *const files[] = {"work.pack", "work.checkpoint", "work.checkpoint.prev",
                                        "work.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
}

void part_descriptors(void)
{
    asl_error err = ASL_ERROR_INIT;
    const world_result usual = world_work_well(2);
    const int files = host_count("/proc/self/fd");
    struct rlimit before;
    int needed = -1;
    getrlimit(RLIMIT_NOFILE, &before);
    for (int spare = 0; spare < 16 && needed < 0; spare++) {
        world_result result;
        remove_files();
        set_limit(RLIMIT_NOFILE, (rlim_t)(3 + spare)); /* 0 to 2 are open, and the report far up */
        const asl_status status = world_work(&result, 2, &err);
        set_limit(RLIMIT_NOFILE, before.rlim_cur);
        REQUIRE(host_count("/proc/self/fd") == files, "%d descriptors are left",
                host_count("/proc/self/fd") - files);
        require_nothing_left("few descriptors");
        REQUIRE(status == ASL_OK || (status == err.code && err.message[0] != '\0'),
                "status %d without a message", status);
        if (status == ASL_OK) {
            needed = spare;
            world_require_equal(&usual, &result, "with few descriptors");
        } else {
            note("%d spare: %s: %s", spare, asl_status_name(status), err.message);
        }
    }
    REQUIRE(needed > 0, "no failure, or no success with 16 descriptors");
    note("needs %d descriptors", needed);
}

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file != NULL && fscanf(file, "%lu", &pages) == 1, "cannot read /proc/self/statm");
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* From nothing to enough: each time all works or nothing is left of it. */
void part_address_space(void)
{
    enum { STEP = 262144, ENOUGH = 3 };
    asl_error err = ASL_ERROR_INIT;
    struct rlimit before;
    int good = 0, bad = 0;
    if (HOST_ASAN || HOST_TSAN)
        skip("sanitizers need all the address space");
    const world_result usual = world_work_well(1);
    getrlimit(RLIMIT_AS, &before);
    for (int i = 0; good < ENOUGH; i++) {
        world_result result;
        REQUIRE(i < 2000, "does not work with %d MiB", i * STEP >> 20);
        remove_files();
        set_limit(RLIMIT_AS, address_space() + (rlim_t)i * STEP);
        const asl_status status = world_work(&result, 1 + i % 2, &err);
        set_limit(RLIMIT_AS, before.rlim_cur);
        require_nothing_left("little address space");
        REQUIRE(status == ASL_OK || status == ASL_ERR_NOMEM || status == ASL_ERR_SYSTEM, "%s: %s",
                asl_status_name(status), err.message);
        if (status == ASL_OK)
            world_require_equal(&usual, &result, "with little address space");
        good = status == ASL_OK ? good + 1 : 0;
        bad += status != ASL_OK;
    }
    REQUIRE(bad > 0, "the limit was never felt");
    note("%d times too little", bad);
}
