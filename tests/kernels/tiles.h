/* SPDX-License-Identifier: MIT */
#ifndef TESTS_KERNELS_TILES_H
#define TESTS_KERNELS_TILES_H

#include "backend/cpu/kernels.h"

/* Puts the kernels for AMX into a table, on tiles that are emulated; for one thread. */
void emulate_tiles(asl__cpu_kernels *table);

#endif
