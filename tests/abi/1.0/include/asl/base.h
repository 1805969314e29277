/* SPDX-License-Identifier: MIT */
#ifndef ASL_BASE_H
#define ASL_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define ASL_BEGIN_DECLS extern "C" {
#define ASL_END_DECLS }
#else
#define ASL_BEGIN_DECLS
#define ASL_END_DECLS
#endif

#if defined(__GNUC__)
#define ASL_API __attribute__((visibility("default")))
#else
#define ASL_API
#endif

#define ASL_VERSION_MAJOR 1
#define ASL_VERSION_MINOR 0
#define ASL_VERSION_PATCH 0

ASL_BEGIN_DECLS

typedef int32_t asl_status;

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

typedef struct asl_error {
    uint32_t struct_size;
    int32_t code;
    int32_t sys_errno;
    int32_t reserved;
    int64_t offset;
    char message[256];
} asl_error;

#define ASL_ERROR_INIT                                                                             \
    {                                                                                              \
        (uint32_t)sizeof(asl_error), 0, 0, 0, -1,                                                  \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

ASL_API const char *asl_version(void);

ASL_API const char *asl_identity(void);

ASL_API const char *asl_status_name(asl_status status);

ASL_API const char *asl_status_text(asl_status status);

typedef struct asl_allocator {
    uint32_t struct_size;
    uint32_t reserved;
    void *(*alloc)(size_t size, size_t alignment, void *user);
    void (*free)(void *memory, void *user);
    void *user;
} asl_allocator;

ASL_API asl_status asl_set_allocator(const asl_allocator *allocator, asl_error *err);

ASL_API void asl_memory_usage(size_t *current, size_t *peak);

ASL_API void asl_free(void *memory);

ASL_API const char *asl_cpu_features(void);

ASL_END_DECLS
#endif
