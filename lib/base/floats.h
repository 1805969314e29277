/* SPDX-License-Identifier: MIT */
/* The host's ways with floating-point numbers are put aside while the library computes: a result
 * depends neither on the host's rounding nor on what it does with tiny numbers, none of its traps
 * springs, and it finds modes and flags as it left them. */
#ifndef ASL_BASE_FLOATS_H
#define ASL_BASE_FLOATS_H

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <fenv.h>
#endif

#include <stdint.h>

typedef struct asl__floats {
#if defined(__x86_64__)
    uint32_t control; /* and the flags */
#elif defined(__aarch64__)
    uint64_t control, flags;
#else
    fenv_t all;
#endif
} asl__floats;

/* To the nearest, denormals as they are, no traps; returns what it was before. A new thread begins
 * as the one that made it. The clobbers keep the compiler from moving what is stored across. */
static inline asl__floats asl__floats_take(void)
{
    asl__floats host;
#if defined(__x86_64__)
    const uint32_t own = 0x1f80;
    __asm__ volatile("stmxcsr %0" : "=m"(host.control));
    __asm__ volatile("ldmxcsr %0" : : "m"(own) : "memory");
#elif defined(__aarch64__)
    __asm__ volatile("mrs %0, fpcr" : "=r"(host.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(host.flags));
    __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(0)) : "memory");
#else
    fegetenv(&host.all);
    fesetenv(FE_DFL_ENV);
#endif
    return host;
}

static inline void asl__floats_give_back(const asl__floats *host)
{
#if defined(__x86_64__)
    __asm__ volatile("ldmxcsr %0" : : "m"(host->control) : "memory");
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(host->control) : "memory");
    __asm__ volatile("msr fpsr, %0" : : "r"(host->flags) : "memory");
#else
    fesetenv(&host->all);
#endif
}

/* First in a public function that computes: from here to its end, however it ends. */
#define ASL__OWN_FLOATS                                                                            \
    __attribute__((cleanup(asl__floats_give_back), unused)) const asl__floats host_floats =        \
        asl__floats_take()

#endif
