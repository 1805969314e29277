/* SPDX-License-Identifier: MIT */
/* The parts of test_embed; each is a test. */
#ifndef TESTS_EMBED_PARTS_H
#define TESTS_EMBED_PARTS_H

#include "embed/host.h"

#define PARTS(X)                                                                                   \
    X(frames)        /* a camera thread, a recogniser thread, events */                            \
    X(inferers)      /* several at once on one model */                                            \
    X(callbacks)     /* on the caller's thread; stopping */                                        \
    X(fork_loaded)   /* fork after loading */                                                      \
    X(fork_busy)     /* fork while other threads are inside the library */                         \
    X(fork_callback) /* fork in a callback of a training */                                        \
    X(idle)          /* no thread, no descriptor, no processor time left over */                   \
    X(signals)       /* handlers, masks, and calls interrupted all the time */                     \
    X(surroundings)  /* working folder, environment, umask, errno */                               \
    X(locale)        /* a decimal comma */                                                         \
    X(floating)      /* rounding modes, denormals, traps */                                        \
    X(closed)        /* no descriptors 0, 1 and 2 */                                               \
    X(allocator)     /* the host's memory */                                                       \
    X(descriptors)   /* few of them */                                                             \
    X(address_space) /* little of it */

#define DECLARE(name) void part_##name(void);
PARTS(DECLARE)
#undef DECLARE

#endif
