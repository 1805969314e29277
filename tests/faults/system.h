/* SPDX-License-Identifier: MIT */
/* A system that fails on demand: one call of one kind, counted from 1 since the install, once or
 * from then on. Everything else is the real one. */
#ifndef TESTS_FAULTY_SYSTEM_H
#define TESTS_FAULTY_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* Which calls are counted. */
enum { FAULTY_FILES, FAULTY_THREADS };

/* In place of an errno: reads and writes move one byte, all else is left alone. */
enum { FAULTY_SHORT = -1 };

void faulty_install(int32_t kind, int64_t fail_at, bool for_good, int32_t number);
int64_t faulty_count(void); /* calls of that kind since the install */
/* Name of the call that failed last, "" when none has. */
const char *faulty_name(void);
void faulty_remove(void);

/* Open descriptors of this process. */
int32_t faulty_descriptors(void);

#endif
