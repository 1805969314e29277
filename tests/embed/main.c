/* SPDX-License-Identifier: MIT */
/* The embedding tests that link the shared library. */
#include "embed/parts.h"

int main(int argc, char **argv)
{
#define ENTRY(name) {#name, part_##name},
    static const part parts[] = {PARTS(ENTRY)};
    return host_main(argc, argv, parts, sizeof parts / sizeof parts[0]);
}
