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

asl_status asl__cpu_kernels_find(asl__cpu_kernels *table, const char *isa, asl_error *err)
{
    if (isa == NULL || strcmp(isa, "auto") == 0) {
        for (int32_t i = 0; i < LEVEL_COUNT && has(i); i++)
            levels[i].fill(table);
        return ASL_OK;
    }
    for (int32_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(isa, levels[i].name) != 0)
            continue;
        if (!has(i))
            return asl__fail(err, ASL_ERR_BACKEND,
                             "isa '%s' needs %s, which this processor does not have", isa,
                             levels[i].features);
        levels[i].fill(table);
        return ASL_OK;
    }
    return asl__fail(err, ASL_ERR_ARG, "unknown isa '%.40s'; this build has auto, c%s", isa,
                     LEVEL_COUNT > 1 ? ", avx2, avx512" : "");
}
