/* SPDX-License-Identifier: MIT */
/* Reading whole files and mapping them. Files are opened without blocking and looked at before they
 * are used, so that a FIFO or a device in place of a file is an error and not a hang. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/system.h"

static asl_status open_regular(int *out, size_t *size, const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    struct stat info;
    int fd = asl__sys->open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);

    if (fd < 0) {
        const int number = errno;

        status = number == ENOENT || number == ENOTDIR ? ASL_ERR_NOT_FOUND
                 : number == ENXIO                     ? ASL_ERR_PATH
                                                       : ASL_ERR_IO;
        return asl__fail_errno(err, status, number, "cannot open '%s'", path);
    }
    if (asl__sys->fstat(fd, &info) != 0) {
        status = asl__fail_errno(err, ASL_ERR_IO, errno, "cannot look at '%s'", path);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = asl__fail(err, ASL_ERR_PATH, "'%s' is a %s, not a file", path,
                           S_ISDIR(info.st_mode) ? "folder" : "device, socket or pipe");
        goto fail;
    }
    if ((uintmax_t)info.st_size > PTRDIFF_MAX) {
        status = asl__fail(err, ASL_ERR_LIMIT, "'%s' has %lld bytes, too many for this machine",
                           path, (long long)info.st_size);
        goto fail;
    }
    *out = fd;
    *size = (size_t)info.st_size;
    return ASL_OK;
fail:
    asl__sys->close(fd);
    return status;
}

static asl_status read_all(void *data, size_t size, int fd, const char *path, asl_error *err)
{
    for (size_t done = 0; done < size;) {
        const ssize_t got = asl__sys->read(fd, (char *)data + done, size - done);

        if (got > 0)
            done += (size_t)got;
        else if (got == 0)
            return asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)done,
                                "'%s' shrank from %zu to %zu bytes while it was read", path, size,
                                done);
        else if (errno != EINTR)
            return asl__fail_errno(err, ASL_ERR_IO, errno, "cannot read '%s'", path);
    }
    return ASL_OK;
}

asl_status asl__file_read(void **data, size_t *size, const char *path, int64_t max_bytes,
                          asl_error *err)
{
    asl_status status = ASL_OK;
    void *bytes = NULL;
    size_t count = 0;
    int fd = -1;

    *data = NULL;
    *size = 0;
    ASL__TRY(open_regular(&fd, &count, path, err));
    if ((uint64_t)count > (uint64_t)max_bytes) {
        status = asl__fail(err, ASL_ERR_LIMIT, "'%s' has %zu bytes, at most %lld are allowed", path,
                           count, (long long)max_bytes);
        goto fail;
    }
    bytes = asl__alloc(count + 1);
    if (bytes == NULL) {
        status =
            asl__fail(err, ASL_ERR_NOMEM, "out of memory for the %zu bytes of '%s'", count, path);
        goto fail;
    }
    ASL__TRY(read_all(bytes, count, fd, path, err));
    *data = bytes;
    *size = count;
    bytes = NULL;
fail:
    asl__free(bytes);
    if (fd >= 0)
        asl__sys->close(fd);
    return status;
}

asl_status asl__map_open(asl__map *out, const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    void *data = NULL;
    size_t size = 0;
    int fd = -1;

    *out = (asl__map){0};
    ASL__TRY(open_regular(&fd, &size, path, err));
    if (size == 0) {
        status = asl__fail_at(err, ASL_ERR_TRUNCATED, 0, "'%s' is empty", path);
        goto fail;
    }
    data = asl__sys->mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        status = asl__fail_errno(err, errno == ENOMEM ? ASL_ERR_NOMEM : ASL_ERR_IO, errno,
                                 "cannot map '%s'", path);
        goto fail;
    }
    *out = (asl__map){data, size};
fail:
    if (fd >= 0)
        asl__sys->close(fd);
    return status;
}

void asl__map_close(asl__map *map)
{
    if (map->data != NULL)
        asl__sys->munmap((void *)(uintptr_t)map->data, map->size);
    *map = (asl__map){0};
}

char *asl__path_join(const char *folder, const char *name)
{
    const size_t first = strlen(folder), second = strlen(name);
    const size_t slash = first > 0 && folder[first - 1] != '/' ? 1 : 0;
    char *path = asl__alloc(first + slash + second + 1);

    if (path == NULL)
        return NULL;
    memcpy(path, folder, first);
    if (slash)
        path[first] = '/';
    memcpy(path + first + slash, name, second);
    return path;
}

double asl__clock_seconds(void)
{
    struct timespec now;

    asl__sys->clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
