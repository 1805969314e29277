/* SPDX-License-Identifier: MIT */
/* Portable kernels: four floats at a time, which every machine has in some form. */
#define ASL_SIMD 4
#include "backend/cpu/kernels_template.h"

void asl__cpu_kernels_c(asl__cpu_kernels *table)
{
    fill_table(table, "c");
}
