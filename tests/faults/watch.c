/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>

#include "base/system.h"

static watch_fn on_before, on_after;
static bool has_links;

#define REAL asl__system_real

static void before(watched *call)
{
    if (on_before)
        on_before(call);
}

/* Hooks may call the system themselves; the library sees the errno of its own call. */
static void after(watched *call, bool went)
{
    const int number = errno;
    call->went = went;
    if (on_after)
        on_after(call);
    errno = number;
}

/* A wrapper that passes everything on. */
#define PASS(type, name, parameters, arguments, succeeded)                                         \
    static type watched_##name parameters                                                          \
    {                                                                                              \
        watched call = {.kind = WATCH_OTHER};                                                      \
        before(&call);                                                                             \
        type result = REAL.name arguments;                                                         \
        after(&call, succeeded);                                                                   \
        return result;                                                                             \
    }

PASS(int, close, (int fd), (fd), result == 0)
PASS(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), result >= 0)
PASS(int, fchmod, (int fd, mode_t mode), (fd, mode), result == 0)
PASS(int, flock, (int fd, int operation), (fd, operation), result == 0)
PASS(int, fstat, (int fd, struct stat *info), (fd, info), result == 0)
PASS(int, fstatat, (int folder, const char *path, struct stat *info, int flags),
     (folder, path, info, flags), result == 0)
PASS(ssize_t, readlink, (const char *path, char *target, size_t size), (path, target, size),
     result >= 0)
PASS(char *, realpath, (const char *path, char *resolved), (path, resolved), result != NULL)
PASS(DIR *, fdopendir, (int fd), (fd), result != NULL)
PASS(struct dirent *, readdir, (DIR * dir), (dir), result != NULL)
PASS(int, closedir, (DIR * dir), (dir), result == 0)

static int watched_openat(int folder, const char *path, int flags, mode_t mode)
{
    watched call = {.kind = WATCH_OPEN, .fd = -1, .folder = folder, .path = path, .flags = flags};
    before(&call);
    call.fd = REAL.openat(folder, path, flags, mode);
    after(&call, call.fd >= 0);
    return call.fd;
}

static int watched_open(const char *path, int flags, mode_t mode)
{
    return watched_openat(AT_FDCWD, path, flags, mode);
}

static ssize_t watched_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    watched call = {
        .kind = WATCH_WRITE, .fd = fd, .data = data, .size = size, .offset = (int64_t)offset};
    before(&call);
    const ssize_t result = REAL.pwrite(fd, data, size, offset);
    after(&call, result == (ssize_t)size);
    return result;
}

static int watched_fsync(int fd)
{
    watched call = {.kind = WATCH_SYNC, .fd = fd};
    before(&call);
    const int result = REAL.fsync(fd);
    after(&call, result == 0);
    return result;
}

static int watched_renameat(int from_folder, const char *from, int folder, const char *path)
{
    watched call = {.kind = WATCH_RENAME, .folder = folder, .path = path, .data = from};
    before(&call);
    const int result = REAL.renameat(from_folder, from, folder, path);
    after(&call, result == 0);
    return result;
}

static int watched_linkat(int from_folder, const char *from, int folder, const char *path,
                          int flags)
{
    watched call = {.kind = WATCH_LINK, .folder = folder, .path = path};
    int result = -1;
    before(&call);
    if (has_links)
        result = REAL.linkat(from_folder, from, folder, path, flags);
    else
        errno = EPERM;
    after(&call, result == 0);
    return result;
}

static int watched_unlinkat(int folder, const char *path, int flags)
{
    watched call = {.kind = WATCH_UNLINK, .folder = folder, .path = path};
    before(&call);
    const int result = REAL.unlinkat(folder, path, flags);
    after(&call, result == 0);
    return result;
}

void watch_install(watch_fn before_call, watch_fn after_call, bool links)
{
    static asl__system table;
    on_before = before_call;
    on_after = after_call;
    has_links = links;
    table = REAL;
    table.open = watched_open;
    table.openat = watched_openat;
    table.close = watched_close;
    table.read = watched_read;
    table.pwrite = watched_pwrite;
    table.fsync = watched_fsync;
    table.fchmod = watched_fchmod;
    table.flock = watched_flock;
    table.fstat = watched_fstat;
    table.fstatat = watched_fstatat;
    table.readlink = watched_readlink;
    table.realpath = watched_realpath;
    table.renameat = watched_renameat;
    table.linkat = watched_linkat;
    table.unlinkat = watched_unlinkat;
    table.fdopendir = watched_fdopendir;
    table.readdir = watched_readdir;
    table.closedir = watched_closedir;
    asl__sys = &table;
}

void watch_remove(void)
{
    asl__sys = &asl__system_real;
}
