/* SPDX-License-Identifier: MIT */
/* What opening a hostile file costs: library memory at its peak, all memory, processor time. */
#ifndef TESTS_HOSTILE_METER_H
#define TESTS_HOSTILE_METER_H

#include <stdbool.h>
#include <stddef.h>

#include "asl/base.h"

/* Under a sanitizer, times and the memory of the process are those of the sanitizer too. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define METER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define METER_SANITIZED 1
#endif
#endif
#ifndef METER_SANITIZED
#define METER_SANITIZED 0
#endif

typedef struct cost {
    asl_status status;
    bool ended;      /* false: it crashed, or returned what no call may return */
    size_t peak;     /* bytes from the library's allocator */
    size_t resident; /* bytes that the process grew by */
    double seconds;  /* of processor time */
} cost;

/* What is measured: opens something, releases it, and returns the status. False when an output or
 * a message was not as every call promises. */
typedef bool meter_errand(asl_status *status, const void *what);

/* Runs the errand in a process of its own, so that nothing before it counts. */
cost meter_run(meter_errand *errand, const void *what);

/* Processor time of this process in seconds. */
double meter_seconds(void);

#endif
