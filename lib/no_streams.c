/* SPDX-License-Identifier: MIT */
/* Part of libasl only where it takes its dependencies in (ASL_STATIC_DEPENDENCIES). Their archives
 * are often compiled for programs, which may reach for the C library's stdin and stderr in a way
 * that a shared library may not. What would use the two is never called here, so inside libasl they
 * are nothing; outside nobody sees these. */
extern void *const stdin;
extern void *const stderr;

void *const stdin = 0;
void *const stderr = 0;
