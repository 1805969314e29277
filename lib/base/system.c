/* SPDX-License-Identifier: MIT */
#include "base/system.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

static int real_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static int real_openat(int folder, const char *path, int flags, mode_t mode)
{
    return openat(folder, path, flags, mode);
}

const asl__system asl__system_real = {
    .open = real_open,
    .openat = real_openat,
    .close = close,
    .read = read,
    .pwrite = pwrite,
    .fsync = fsync,
    .fchmod = fchmod,
    .flock = flock,
    .fstat = fstat,
    .fstatat = fstatat,
    .readlink = readlink,
    .realpath = realpath,
    .renameat = renameat,
    .linkat = linkat,
    .unlinkat = unlinkat,
    .mmap = mmap,
    .munmap = munmap,
    .fdopendir = fdopendir,
    .readdir = readdir,
    .closedir = closedir,
    .clock_gettime = clock_gettime,
    .mutex_init = pthread_mutex_init,
    .cond_init = pthread_cond_init,
    .thread_create = pthread_create,
};

const asl__system *asl__sys = &asl__system_real;
