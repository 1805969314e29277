/* SPDX-License-Identifier: MIT */
/* Processor features: what the processor has and the operating system saves for us. Asked by hand,
 * since compilers differ in the names that __builtin_cpu_supports() takes. */
#include "base/cpu.h"

#include <pthread.h>
#include <string.h>

#include "asl/base.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>
#define ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#else
#define ARCHITECTURE "generic"
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t flags;
static char text[128] = ARCHITECTURE;

#if defined(__x86_64__)

/* State that the operating system saves at a context switch: XCR0. */
enum { STATE_AVX = 0x6, STATE_AVX512 = 0xe6, STATE_AMX = 0x60000 };

static bool has_all(uint64_t value, uint64_t wanted)
{
    return (value & wanted) == wanted;
}

static uint64_t read_xcr0(void)
{
    uint32_t low = 0, high = 0;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Linux hands out the tile registers only to processes that ask for them. */
static bool request_tiles(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static uint32_t detect(void)
{
    const uint32_t osxsave_avx_fma = 1u << 27 | 1u << 28 | 1u << 12;
    const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    const uint32_t amx_bf16_tile = 1u << 22 | 1u << 24;
    uint32_t a = 0, b1 = 0, b = 0, c = 0, d = 0, unused = 0, found = 0;
    uint64_t state = 0;

    if (!__get_cpuid(1, &a, &b1, &c, &d) || !has_all(c, osxsave_avx_fma))
        return 0;
    state = read_xcr0();
    if (!has_all(state, STATE_AVX) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if (b & 1u << 5)
        found |= ASL__CPU_AVX2;
    if (has_all(b, f_dq_bw_vl) && has_all(state, STATE_AVX512)) {
        found |= ASL__CPU_AVX512;
        if (a >= 1 && __get_cpuid_count(7, 1, &a, &unused, &unused, &unused) && (a & 1u << 5))
            found |= ASL__CPU_AVX512_BF16;
    }
    if (has_all(d, amx_bf16_tile) && has_all(state, STATE_AMX) && request_tiles())
        found |= ASL__CPU_AMX_BF16;
    return found;
}

#elif defined(__aarch64__)

static uint32_t detect(void)
{
    return ASL__CPU_NEON;
}

#else

static uint32_t detect(void)
{
    return 0;
}

#endif

static void initialise(void)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {{ASL__CPU_AVX2, " avx2 fma"},
                 {ASL__CPU_AVX512, " avx512f avx512bw avx512dq avx512vl"},
                 {ASL__CPU_AVX512_BF16, " avx512_bf16"},
                 {ASL__CPU_AMX_BF16, " amx_bf16"},
                 {ASL__CPU_NEON, " neon"}};

    flags = detect();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (flags & names[i].flag)
            strncat(text, names[i].name, sizeof text - strlen(text) - 1);
    }
}

uint32_t asl__cpu_flags(void)
{
    pthread_once(&once, initialise);
    return flags;
}

const char *asl_cpu_features(void)
{
    pthread_once(&once, initialise);
    return text;
}
