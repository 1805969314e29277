/* SPDX-License-Identifier: MIT */
/* Which kernels this machine gets. Built without any instruction-set flags. */
#include "backend/cpu/kernels.h"

#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"

/* In rising order. */
static const struct {
    const char *name;
    uint32_t needs; /* ASL__CPU_* */
    const char *features;
    void (*fill)(asl__cpu_kernels *table);
} levels[] = {
    {"c", 0, "", asl__cpu_kernels_c},
#if defined(__x86_64__)
    {"avx2", ASL__CPU_AVX2, "AVX2 and FMA", asl__cpu_kernels_avx2},
    {"avx512", ASL__CPU_AVX2 | ASL__CPU_AVX512, "AVX-512 F, BW, DQ and VL",
     asl__cpu_kernels_avx512},
    {"amx", ASL__CPU_AVX2 | ASL__CPU_AVX512 | ASL__CPU_AVX512_BF16 | ASL__CPU_AMX_BF16,
     "AVX-512, AVX512-BF16 and AMX-BF16, and the system's leave to use AMX's tiles",
     asl__cpu_kernels_amx},
#endif
};
enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

int32_t asl__cpu_level_count(void)
{
    return LEVEL_COUNT;
}

const char *asl__cpu_level_name(int32_t index)
{
    return levels[index].name;
}

static bool has(int32_t index)
{
    return (levels[index].needs & ~asl__cpu_flags()) == 0;
}

/* All levels up to this one, each over the one before. */
static void fill(asl__cpu_kernels *table, int32_t index)
{
    for (int32_t i = 0; i <= index; i++) {
        levels[i].fill(table);
#if defined(__x86_64__)
        if (levels[i].fill == asl__cpu_kernels_avx512 && asl__cpu_flags() & ASL__CPU_AVX512_BF16)
            asl__cpu_kernels_avx512_bf16(table);
#endif
    }
}

asl_status asl__cpu_kernels_find(asl__cpu_kernels *table, const char *isa, asl_error *err)
{
    if (isa == NULL || strcmp(isa, "auto") == 0) {
        int32_t best = 0;
        while (best + 1 < LEVEL_COUNT && has(best + 1))
            best++;
        fill(table, best);
        return ASL_OK;
    }
    for (int32_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(isa, levels[i].name) != 0)
            continue;
        if (!has(i))
            return asl__fail(err, ASL_ERR_BACKEND,
                             "isa '%s' needs %s, which this processor does not have", isa,
                             levels[i].features);
        fill(table, i);
        return ASL_OK;
    }
    return asl__fail(err, ASL_ERR_ARG, "unknown isa '%.40s'; this build has auto, c%s", isa,
                     LEVEL_COUNT > 1 ? ", avx2, avx512, amx" : "");
}
