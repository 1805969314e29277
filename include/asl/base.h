/* SPDX-License-Identifier: MIT */
/** @file asl/base.h
 * Version, statuses, errors and the allocator: what every other header builds on.
 *
 * Conventions of the whole API:
 * - Parameters come as outputs, object, inputs, options, error.
 * - A call that can fail returns ::asl_status and takes an ::asl_error `err` last, NULL if nobody
 *   wants to know. On failure every output handle is NULL, inputs and files are unchanged, and
 *   nothing is left to clean up.
 * - NULL for what must be there, an index that is not, or a value out of its range is
 *   ::ASL_ERR_ARG. Getters without a status answer such with 0 or NULL; other calls do nothing.
 * - Handles are made through `T **out` and released by `asl_*_free()`, which takes NULL. Inputs are
 *   borrowed for the call unless it says that it keeps them.
 * - Strings are UTF-8. A returned `const char *` belongs to the handle it came from, and to nobody
 *   ("static") where there is none.
 * - Options structs start with `struct_size`, are filled by `*_options_init()`, only ever grow at
 *   their end, and NULL stands for the defaults. Unknown tails must be zero (::ASL_ERR_TOO_NEW).
 *   Structs that are filled for the caller want their `struct_size` set first.
 * - Threads: calls without a handle come from any thread. Different handles may be used by
 *   different threads at once; the comment at each handle's type says who may use one handle.
 *   Releasing a handle is for the last one who uses it. docs/threading.md has it all.
 * - The library never prints, exits, aborts, installs a signal handler, changes the locale or
 *   opens a socket.
 */
#ifndef ASL_BASE_H
#define ASL_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
/** Opens the declarations of a header: C linkage, in C++ too. */
#define ASL_BEGIN_DECLS extern "C" {
/** Closes what ::ASL_BEGIN_DECLS opened. */
#define ASL_END_DECLS }
#else
#define ASL_BEGIN_DECLS
#define ASL_END_DECLS
#endif

/** Marks a function as part of the shared library's interface. */
#if defined(__GNUC__)
#define ASL_API __attribute__((visibility("default")))
#else
#define ASL_API
#endif

#define ASL_VERSION_MAJOR 1 /**< Of these headers; asl_version() tells the library's. */
#define ASL_VERSION_MINOR 0 /**< Grows with what is added. */
#define ASL_VERSION_PATCH 0 /**< Grows with what is mended. */

ASL_BEGIN_DECLS

/** Result of a call: 0 success, > 0 success with a note, < 0 failure. Values are never reused;
 * tolerate ones you do not know. */
typedef int32_t asl_status;

/** The one table of statuses: X(constant suffix, code, text). */
#define ASL_STATUS_TABLE(X)                                                                        \
    X(OK, 0, "success")                                                                            \
    X(STOPPED, 1, "stopped on request")                                                            \
    X(PARTIAL, 2, "done, but something was skipped")                                               \
    X(ERR_ARG, -1, "invalid argument")                                                             \
    X(ERR_STATE, -2, "call not allowed in this state")                                             \
    X(ERR_BUSY, -3, "in use")                                                                      \
    X(ERR_TOO_NEW, -4, "options from a newer version")                                             \
    X(ERR_NOMEM, -20, "out of memory")                                                             \
    X(ERR_IO, -21, "input or output failed")                                                       \
    X(ERR_SYSTEM, -22, "operating system call failed")                                             \
    X(ERR_PATH, -23, "path not allowed")                                                           \
    X(ERR_LIMIT, -24, "limit exceeded")                                                            \
    X(ERR_NOT_FOUND, -25, "not found")                                                             \
    X(ERR_EXISTS, -26, "already exists")                                                           \
    X(ERR_TRUNCATED, -40, "data ends too early")                                                   \
    X(ERR_CHECKSUM, -41, "checksum does not match")                                                \
    X(ERR_IMAGE, -42, "damaged picture")                                                           \
    X(ERR_UNSUPPORTED, -43, "unsupported kind of data")                                            \
    X(ERR_CSV, -44, "malformed CSV")                                                               \
    X(ERR_DATASET, -45, "unusable data set")                                                       \
    X(ERR_DATASET_CHANGED, -46, "data set changed")                                                \
    X(ERR_PACK, -47, "damaged packed data set")                                                    \
    X(ERR_MODEL, -60, "damaged model file")                                                        \
    X(ERR_MODEL_TOO_NEW, -61, "model file from a newer version")                                   \
    X(ERR_ARCHITECTURE, -62, "impossible network")                                                 \
    X(ERR_LABELS, -63, "classes do not match")                                                     \
    X(ERR_BACKEND, -80, "backend not available")                                                   \
    X(ERR_DEVICE_LOST, -81, "device lost")                                                         \
    X(ERR_DIVERGED, -82, "training diverged")                                                      \
    X(ERR_INTERNAL, -99, "internal error")

#define ASL__STATUS_CONSTANT(name, code, text) ASL_##name = (code),
enum { ASL_STATUS_TABLE(ASL__STATUS_CONSTANT) ASL__STATUS_END = 0x7fffffff };
#undef ASL__STATUS_CONSTANT

/** What went wrong, filled by the failing call. Owned by the caller; set struct_size first, for
 * example with ::ASL_ERROR_INIT. On success the struct is cleared. */
typedef struct asl_error {
    uint32_t struct_size; /**< sizeof(asl_error) as the caller knows it. */
    int32_t code;         /**< The asl_status that the call returned. */
    int32_t sys_errno;    /**< errno of the failed system call, or 0. */
    int32_t reserved;     /**< 0. */
    int64_t offset;       /**< Byte, row or item the error is about, or -1. */
    char message[256];    /**< One line, NUL-terminated: names the bad value and what to do. */
} asl_error;

/** Initialiser for an ::asl_error. */
#define ASL_ERROR_INIT                                                                             \
    {                                                                                              \
        (uint32_t)sizeof(asl_error), 0, 0, 0, -1,                                                  \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/** The library's version as it runs, "MAJOR.MINOR.PATCH". Static. Any thread. @since 1.0 */
ASL_API const char *asl_version(void);

/** What this library is: "libasl: American Sign Language fingerspelling". Another library may carry
 * the same file name, so whoever opens it at run time compares this first. Static. Any thread.
 * @since 1.0 */
ASL_API const char *asl_identity(void);

/** Name of a @p status such as "ASL_ERR_IO"; "ASL_UNKNOWN" for codes this version does not have.
 * Static. Any thread. @since 1.0 */
ASL_API const char *asl_status_name(asl_status status);

/** Short text of a @p status such as "input or output failed". Static. Any thread. @since 1.0 */
ASL_API const char *asl_status_text(asl_status status);

/** Where all memory of the library comes from. */
typedef struct asl_allocator {
    uint32_t struct_size; /**< sizeof(asl_allocator). */
    uint32_t reserved;    /**< 0. */
    /** At least @p size bytes (never 0) aligned to @p alignment (a power of two, at most 4096),
     * or NULL. Called from any thread, also from several at once. */
    void *(*alloc)(size_t size, size_t alignment, void *user);
    /** Release what alloc() returned; never called with NULL. */
    void (*free)(void *memory, void *user);
    void *user; /**< Handed to both. Must outlive every handle. */
} asl_allocator;

/** Replace the allocator for the whole process. Not thread-safe: call it before other threads use
 * the library.
 * @param allocator  Copied; NULL restores the C library's.
 * @return ASL_OK; ASL_ERR_ARG when a function is missing; ASL_ERR_TOO_NEW; ASL_ERR_STATE while any
 *   memory of the library is still in use (call it first, or after every handle is freed).
 * @since 1.0 */
ASL_API asl_status asl_set_allocator(const asl_allocator *allocator, asl_error *err);

/** How much memory the library uses. What the codec and JSON libraries take for themselves is not
 * counted. Any thread.
 * @param current  Receives the bytes in use now; may be NULL.
 * @param peak     Receives the most there ever were; may be NULL. @since 1.0 */
ASL_API void asl_memory_usage(size_t *current, size_t *peak);

/** Release @p memory that the library returned and said to release with this call. NULL is
 * allowed. Any thread. @since 1.0 */
ASL_API void asl_free(void *memory);

/** Features of this machine's processor that the library can use, as one line such as
 * "x86-64 avx2 fma avx512f". Static. Any thread. @since 1.0 */
ASL_API const char *asl_cpu_features(void);

ASL_END_DECLS
#endif /* ASL_BASE_H */
