/* SPDX-License-Identifier: MIT */
/* See meter.h. */
#include "hostile/meter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/support.h"

enum { HEAD = 64 }; /* before each block: its size, and the alignment of what follows */

static size_t used, peak;

static void *metered_alloc(size_t size, size_t alignment, void *user)
{
    void *memory = NULL;
    (void)user;
    if (alignment > HEAD || posix_memalign(&memory, HEAD, HEAD + size) != 0)
        return NULL;
    memcpy(memory, &size, sizeof size);
    used += size;
    peak = used > peak ? used : peak;
    return (char *)memory + HEAD;
}

static void metered_free(void *memory, void *user)
{
    size_t size;
    (void)user;
    if (memory == NULL)
        return;
    memcpy(&size, (char *)memory - HEAD, sizeof size);
    used -= size;
    free((char *)memory - HEAD);
}

double meter_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static size_t most_resident(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

static cost measure(meter_errand *errand, const void *what)
{
    const asl_allocator metered = {sizeof metered, 0, metered_alloc, metered_free, NULL};
    cost out = {ASL_OK, false, 0, 0, 0};
    if (asl_set_allocator(&metered, NULL) != ASL_OK)
        return out;
    const size_t before = most_resident();
    const double start = meter_seconds();
    const bool good = errand(&out.status, what);
    out.seconds = meter_seconds() - start;
    out.resident = most_resident() - before;
    out.peak = peak;
    out.ended = good && used == 0;
    return out;
}

cost meter_run(meter_errand *errand, const void *what)
{
    cost out = {ASL_OK, false, 0, 0, 0};
    int pipes[2], end = 0;
    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const cost mine = measure(errand, what);
        _exit(write(pipes[1], &mine, sizeof mine) == (ssize_t)sizeof mine ? 0 : 1);
    }
    close(pipes[1]);
    const ssize_t got = read(pipes[0], &out, sizeof out);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &end, 0), child);
    out.ended = out.ended && got == (ssize_t)sizeof out && WIFEXITED(end) && WEXITSTATUS(end) == 0;
    return out;
}
