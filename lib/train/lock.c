/* SPDX-License-Identifier: MIT */
/* One writer for a checkpoint: flock() on PATH.lock. The lock goes with the process that holds it,
 * so a file that a killed run left behind keeps nobody out. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/system.h"
#include "train/checkpoint.h"

/* Whether `path` still is the file behind `fd`: its last holder may have removed it meanwhile. */
static bool is_current(int fd, const char *path)
{
    struct stat opened, named;
    return asl__sys->fstat(fd, &opened) == 0 &&
           asl__sys->fstatat(AT_FDCWD, path, &named, 0) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

asl_status asl__lock_take(int *fd, const char *path, asl_error *err)
{
    for (;;) {
        *fd = asl__sys->open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (*fd < 0)
            return ASL_OK; /* the checkpoint will fail there too, and be told */
        const int result = asl__sys->flock(*fd, LOCK_EX | LOCK_NB);
        const int number = errno;
        if (result == 0 && is_current(*fd, path))
            return ASL_OK;
        asl__sys->close(*fd);
        *fd = -1;
        if (result != 0 && number == EWOULDBLOCK)
            return asl__fail(err, ASL_ERR_BUSY,
                             "'%s' is held by another training run: wait for it or use another "
                             "checkpoint file",
                             path);
        if (result != 0 && number != EINTR)
            return ASL_OK; /* a file system without locks */
    }
}

void asl__lock_release(int fd, const char *path)
{
    if (fd < 0)
        return;
    asl__sys->unlinkat(AT_FDCWD, path, 0);
    asl__sys->close(fd);
}
