/* SPDX-License-Identifier: MIT */
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/system.h"

static int32_t counted, failure;
static int64_t failing;
static bool failing_for_good;
static atomic_int_fast64_t calls;
static _Atomic(const char *) last_name = "";

/* Counts a call; its errno when it is to fail, otherwise 0. */
static int strikes(int32_t kind, const char *name)
{
    if (kind != counted)
        return 0;
    const int64_t number = atomic_fetch_add(&calls, 1) + 1;
    if (failing == 0 || number < failing || (number > failing && !failing_for_good))
        return 0;
    atomic_store(&last_name, name);
    return failure;
}

/* As strikes() of a file call, which sets errno. */
static bool fails(const char *name)
{
    const int number = strikes(FAULTY_FILES, name);
    if (number > 0)
        errno = number;
    return number > 0;
}

/* Bytes that a read or write may move; -1 when it fails. */
static ssize_t allowance(const char *name, size_t size)
{
    const int number = strikes(FAULTY_FILES, name);
    if (number > 0) {
        errno = number;
        return -1;
    }
    return number == FAULTY_SHORT && size > 1 ? 1 : (ssize_t)size;
}

#define REAL asl__system_real

static int faulty_open(const char *path, int flags, mode_t mode)
{
    return fails("open") ? -1 : REAL.open(path, flags, mode);
}

static int faulty_openat(int folder, const char *path, int flags, mode_t mode)
{
    return fails("openat") ? -1 : REAL.openat(folder, path, flags, mode);
}

/* Linux closes a descriptor also when it reports an error. */
static int faulty_close(int fd)
{
    const int result = REAL.close(fd);
    return fails("close") ? -1 : result;
}

static ssize_t faulty_read(int fd, void *data, size_t size)
{
    const ssize_t allowed = allowance("read", size);
    return allowed < 0 ? -1 : REAL.read(fd, data, (size_t)allowed);
}

static ssize_t faulty_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    const ssize_t allowed = allowance("pwrite", size);
    return allowed < 0 ? -1 : REAL.pwrite(fd, data, (size_t)allowed, offset);
}

static int faulty_fsync(int fd)
{
    return fails("fsync") ? -1 : REAL.fsync(fd);
}

static int faulty_fchmod(int fd, mode_t mode)
{
    return fails("fchmod") ? -1 : REAL.fchmod(fd, mode);
}

static int faulty_flock(int fd, int operation)
{
    return fails("flock") ? -1 : REAL.flock(fd, operation);
}

static int faulty_fstat(int fd, struct stat *info)
{
    return fails("fstat") ? -1 : REAL.fstat(fd, info);
}

static int faulty_fstatat(int folder, const char *path, struct stat *info, int flags)
{
    return fails("fstatat") ? -1 : REAL.fstatat(folder, path, info, flags);
}

static ssize_t faulty_readlink(const char *path, char *target, size_t size)
{
    return fails("readlink") ? -1 : REAL.readlink(path, target, size);
}

static char *faulty_realpath(const char *path, char *resolved)
{
    return fails("realpath") ? NULL : REAL.realpath(path, resolved);
}

static int faulty_renameat(int from_folder, const char *from, int folder, const char *path)
{
    return fails("renameat") ? -1 : REAL.renameat(from_folder, from, folder, path);
}

static int faulty_linkat(int from_folder, const char *from, int folder, const char *path, int flags)
{
    return fails("linkat") ? -1 : REAL.linkat(from_folder, from, folder, path, flags);
}

static int faulty_unlinkat(int folder, const char *path, int flags)
{
    return fails("unlinkat") ? -1 : REAL.unlinkat(folder, path, flags);
}

static void *faulty_mmap(void *address, size_t size, int protection, int flags, int fd,
                         off_t offset)
{
    return fails("mmap") ? (void *)-1 : REAL.mmap(address, size, protection, flags, fd, offset);
}

static DIR *faulty_fdopendir(int fd)
{
    return fails("fdopendir") ? NULL : REAL.fdopendir(fd);
}

static struct dirent *faulty_readdir(DIR *dir)
{
    return fails("readdir") ? NULL : REAL.readdir(dir);
}

static int faulty_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    const int number = strikes(FAULTY_THREADS, "mutex_init");
    return number != 0 ? number : REAL.mutex_init(mutex, attributes);
}

static int faulty_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    const int number = strikes(FAULTY_THREADS, "cond_init");
    return number != 0 ? number : REAL.cond_init(condition, attributes);
}

static int faulty_thread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                void *(*run)(void *argument), void *argument)
{
    const int number = strikes(FAULTY_THREADS, "thread_create");
    return number != 0 ? number : REAL.thread_create(thread, attributes, run, argument);
}

void faulty_install(int32_t kind, int64_t fail_at, bool for_good, int32_t number)
{
    static asl__system table;
    counted = kind;
    failing = fail_at;
    failing_for_good = for_good;
    failure = number;
    atomic_store(&calls, 0);
    atomic_store(&last_name, "");
    table = REAL;
    table.open = faulty_open;
    table.openat = faulty_openat;
    table.close = faulty_close;
    table.read = faulty_read;
    table.pwrite = faulty_pwrite;
    table.fsync = faulty_fsync;
    table.fchmod = faulty_fchmod;
    table.flock = faulty_flock;
    table.fstat = faulty_fstat;
    table.fstatat = faulty_fstatat;
    table.readlink = faulty_readlink;
    table.realpath = faulty_realpath;
    table.renameat = faulty_renameat;
    table.linkat = faulty_linkat;
    table.unlinkat = faulty_unlinkat;
    table.mmap = faulty_mmap;
    table.fdopendir = faulty_fdopendir;
    table.readdir = faulty_readdir;
    table.mutex_init = faulty_mutex_init;
    table.cond_init = faulty_cond_init;
    table.thread_create = faulty_thread_create;
    asl__sys = &table;
}

int64_t faulty_count(void)
{
    return atomic_load(&calls);
}

const char *faulty_name(void)
{
    return atomic_load(&last_name);
}

void faulty_remove(void)
{
    asl__sys = &asl__system_real;
}

int32_t faulty_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int32_t count = 0;
    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}
