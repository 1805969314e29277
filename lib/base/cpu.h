/* SPDX-License-Identifier: MIT */
/* What this processor and its operating system let us use. */
#ifndef ASL_BASE_CPU_H
#define ASL_BASE_CPU_H

#include <stdint.h>

enum {
    ASL__CPU_AVX2 = 1 << 0,   /* with FMA */
    ASL__CPU_AVX512 = 1 << 1, /* F, BW, DQ, VL */
    ASL__CPU_AVX512_BF16 = 1 << 2,
    ASL__CPU_AMX_BF16 = 1 << 3, /* also granted by the kernel */
    ASL__CPU_NEON = 1 << 4
};

/* Detected once; any thread. */
uint32_t asl__cpu_flags(void);

#endif
