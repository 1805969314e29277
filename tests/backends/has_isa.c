/* SPDX-License-Identifier: MIT */
/* Exits with 0 when this machine has the instruction set named, otherwise says why not. */
#include <stdio.h>

#include "backend/cpu/kernels.h"

int main(int argc, char **argv)
{
    asl__cpu_kernels kernels;
    asl_error err = ASL_ERROR_INIT;

    if (argc == 2 && asl__cpu_kernels_find(&kernels, argv[1], &err) == ASL_OK)
        return 0;
    fprintf(stderr, "skipped: %s\n", err.message);
    return 1;
}
