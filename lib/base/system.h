/* SPDX-License-Identifier: MIT */
/* Everything that the library asks of the system and that can fail: files, clocks, threads. It is
 * asked through one table, so that a test can put its own in the place and make any call fail. */
#ifndef ASL_BASE_SYSTEM_H
#define ASL_BASE_SYSTEM_H

#include <dirent.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* Each entry is the POSIX function of its name; open() and openat() always take a mode. */
typedef struct asl__system {
    int (*open)(const char *path, int flags, mode_t mode);
    int (*openat)(int folder, const char *path, int flags, mode_t mode);
    int (*close)(int fd);
    ssize_t (*read)(int fd, void *data, size_t size);
    ssize_t (*pwrite)(int fd, const void *data, size_t size, off_t offset);
    int (*fsync)(int fd);
    int (*fchmod)(int fd, mode_t mode);
    int (*flock)(int fd, int operation);
    int (*fstat)(int fd, struct stat *info);
    int (*fstatat)(int folder, const char *path, struct stat *info, int flags);
    ssize_t (*readlink)(const char *path, char *target, size_t size);
    char *(*realpath)(const char *path, char *resolved);
    int (*renameat)(int from_folder, const char *from, int folder, const char *path);
    int (*linkat)(int from_folder, const char *from, int folder, const char *path, int flags);
    int (*unlinkat)(int folder, const char *path, int flags);
    void *(*mmap)(void *address, size_t size, int protection, int flags, int fd, off_t offset);
    int (*munmap)(void *address, size_t size);
    DIR *(*fdopendir)(int fd);
    struct dirent *(*readdir)(DIR *dir);
    int (*closedir)(DIR *dir);
    int (*clock_gettime)(clockid_t clock, struct timespec *now);
    int (*mutex_init)(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
    int (*cond_init)(pthread_cond_t *condition, const pthread_condattr_t *attributes);
    int (*thread_create)(pthread_t *thread, const pthread_attr_t *attributes,
                         void *(*run)(void *argument), void *argument);
} asl__system;

/* The system's own functions. */
extern const asl__system asl__system_real;

/* What the library calls; &asl__system_real except in tests. */
extern const asl__system *asl__sys;

#endif
