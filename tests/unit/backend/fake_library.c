/* SPDX-License-Identifier: MIT */
/* A library that is there or is not: the driver, or one that a module needs. */
__attribute__((visibility("default"))) int fake_dependency(void);

int fake_dependency(void)
{
    return 0;
}
