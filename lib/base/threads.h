/* SPDX-License-Identifier: MIT */
/* A small pool of threads for loops. Workers block while idle and block all signals. */
#ifndef ASL_BASE_THREADS_H
#define ASL_BASE_THREADS_H

#include <stdint.h>

#include "asl/base.h"

typedef struct asl__pool asl__pool;

/* The caller counts as one thread; `threads` 0 means one per core, at most 256. When fewer threads
 * can be started the pool goes on with those it has. Returns ASL_OK or ASL_ERR_NOMEM. */
asl_status asl__pool_create(asl__pool **out, int32_t threads, asl_error *err);
void asl__pool_free(asl__pool *pool);
int32_t asl__pool_threads(const asl__pool *pool);

/* Calls fn(context, index) for every index in 0..count-1, each exactly once, in any order and on
 * any thread; returns when all are done. Results must depend on the index alone. Not reentrant. */
void asl__pool_run(asl__pool *pool, void (*fn)(void *context, int64_t index), void *context,
                   int64_t count);

/* Cores this process may use. */
int32_t asl__core_count(void);

#endif
