/* SPDX-License-Identifier: MIT */
/* Opening files below a folder. A path is walked component by component with O_NOFOLLOW; only when
 * that meets a link is the path resolved, checked against the folder, and walked once more, so that
 * a link put there meanwhile cannot lead outside either. */
#include "dataset/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/system.h"

enum { OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

static asl_status fail_open(int number, const char *path, asl_error *err)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return asl__fail_errno(err, ASL_ERR_NOT_FOUND, number, "cannot open '%s'", path);
    case EXDEV:
        return asl__fail(err, ASL_ERR_PATH, "'%s' leads out of the data set's folder", path);
    case ENXIO:
        return asl__fail(err, ASL_ERR_PATH, "'%s' is a device, socket or pipe, not a file", path);
    case ELOOP:
    case ENAMETOOLONG:
        return asl__fail_errno(err, ASL_ERR_PATH, number, "cannot open '%s'", path);
    case EMFILE:
    case ENFILE:
        return asl__fail_errno(err, ASL_ERR_SYSTEM, number, "cannot open '%s'", path);
    case ENOMEM:
        return asl__fail_errno(err, ASL_ERR_NOMEM, number, "cannot open '%s'", path);
    default:
        return asl__fail_errno(err, ASL_ERR_IO, number, "cannot open '%s'", path);
    }
}

/* The part of an absolute path below the folder, or NULL when it is not below it. */
static const char *below(const asl__folder *folder, const char *path)
{
    const size_t length = strcmp(folder->path, "/") == 0 ? 0 : strlen(folder->path);

    if (strncmp(path, folder->path, length) != 0 || path[length] != '/' || path[length + 1] == 0)
        return NULL;
    return path + length + 1;
}

/* A descriptor, or -1 with errno; ELOOP, EMLINK or ENOTDIR when a component is a link. */
static int walk(int folder, const char *path)
{
    char name[NAME_MAX + 1];
    int fd = folder;

    for (;;) {
        const char *slash = strchr(path, '/');
        const size_t length = slash == NULL ? strlen(path) : (size_t)(slash - path);
        int next = -1, number = ENAMETOOLONG;

        if (length <= NAME_MAX) {
            memcpy(name, path, length);
            name[length] = '\0';
            next = asl__sys->openat(fd, name,
                                    OPEN_FLAGS | O_NOFOLLOW | (slash == NULL ? 0 : O_DIRECTORY), 0);
            number = errno;
        }
        if (fd != folder)
            asl__sys->close(fd);
        errno = number;
        if (next < 0 || slash == NULL)
            return next;
        fd = next;
        path = slash + 1;
    }
}

static int open_below(const asl__folder *folder, const char *path)
{
    char real[PATH_MAX];
    const char *inside = NULL;
    char *joined = NULL;
    int fd = walk(folder->fd, path);

    if (fd >= 0 || (errno != ELOOP && errno != EMLINK && errno != ENOTDIR))
        return fd;
    joined = asl__path_join(folder->path, path);
    if (joined == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (asl__sys->realpath(joined, real) != NULL) {
        inside = below(folder, real);
        errno = EXDEV;
        if (inside != NULL)
            fd = walk(folder->fd, inside);
    }

    const int number = errno;

    asl__free(joined);
    errno = number;
    return fd;
}

asl_status asl__folder_open(asl__folder *out, const char *path, asl_error *err)
{
    char real[PATH_MAX];
    int fd = -1;

    *out = ASL__FOLDER_NONE;
    if (asl__sys->realpath(path, real) == NULL)
        return fail_open(errno, path, err);
    fd = asl__sys->open(real, OPEN_FLAGS | O_DIRECTORY, 0);
    if (fd < 0)
        return fail_open(errno, path, err);
    out->path = asl__strdup(real);
    if (out->path == NULL) {
        asl__sys->close(fd);
        return asl__fail_memory(err, "a folder's name");
    }
    out->fd = fd;
    return ASL_OK;
}

asl_status asl__folder_enter(asl__folder *out, const asl__folder *folder, const char *path,
                             asl_error *err)
{
    asl_status status = ASL_OK;
    asl__entry_kind kind = ASL__ENTRY_OTHER;
    char *joined = NULL;

    *out = ASL__FOLDER_NONE;
    ASL__TRY(asl__folder_look(&kind, folder, path, err));
    joined = asl__path_join(folder->path, path);
    if (joined == NULL)
        return asl__fail_memory(err, "a folder's name");
    status = asl__folder_open(out, joined, err);
fail:
    asl__free(joined);
    return status;
}

void asl__folder_close(asl__folder *folder)
{
    if (folder->fd >= 0)
        asl__sys->close(folder->fd);
    asl__free(folder->path);
    *folder = ASL__FOLDER_NONE;
}

asl_status asl__folder_look(asl__entry_kind *kind, const asl__folder *folder, const char *path,
                            asl_error *err)
{
    struct stat info;
    const int fd = open_below(folder, path);
    int number = 0;

    *kind = ASL__ENTRY_OTHER;
    if (fd < 0 && errno == ENXIO)
        return ASL_OK;
    if (fd < 0)
        return fail_open(errno, path, err);
    number = asl__sys->fstat(fd, &info) == 0 ? 0 : errno;
    asl__sys->close(fd);
    if (number != 0)
        return fail_open(number, path, err);
    if (S_ISREG(info.st_mode))
        *kind = ASL__ENTRY_FILE;
    else if (S_ISDIR(info.st_mode))
        *kind = ASL__ENTRY_FOLDER;
    return ASL_OK;
}

asl_status asl__folder_open_file(int *fd, asl__file_facts *facts, const asl__folder *folder,
                                 const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    struct stat info;
    int file = open_below(folder, path);

    *fd = -1;
    if (file < 0 || asl__sys->fstat(file, &info) != 0) {
        status = fail_open(errno, path, err);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = asl__fail(err, ASL_ERR_PATH, "'%s' is a %s, not a file", path,
                           S_ISDIR(info.st_mode) ? "folder" : "device, socket or pipe");
        goto fail;
    }
    facts->bytes = info.st_size;
    facts->modified = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    *fd = file;
    return ASL_OK;
fail:
    if (file >= 0)
        asl__sys->close(file);
    return status;
}

asl_status asl__folder_open_dir(DIR **dir, const asl__folder *folder, const char *path,
                                asl_error *err)
{
    const int fd = open_below(folder, path);

    *dir = fd < 0 ? NULL : asl__sys->fdopendir(fd);
    if (*dir == NULL) {
        const int number = errno;

        if (fd >= 0)
            asl__sys->close(fd);
        return fail_open(number, path, err);
    }
    return ASL_OK;
}

asl_status asl__folder_peek(size_t *got, void *data, size_t size, int fd, const char *path,
                            asl_error *err)
{
    *got = 0;
    while (*got < size) {
        const ssize_t count = asl__sys->read(fd, (char *)data + *got, size - *got);

        if (count == 0)
            break;
        if (count > 0)
            *got += (size_t)count;
        else if (errno != EINTR)
            return asl__fail_errno(err, ASL_ERR_IO, errno, "cannot read '%s'", path);
    }
    return ASL_OK;
}

asl_status asl__folder_read(void **data, size_t *size, const asl__folder *folder, const char *path,
                            int64_t max_bytes, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__file_facts facts = {0};
    void *bytes = NULL;
    size_t got = 0;
    int fd = -1;

    *data = NULL;
    *size = 0;
    ASL__TRY(asl__folder_open_file(&fd, &facts, folder, path, err));
    if (facts.bytes > max_bytes || (uintmax_t)facts.bytes >= SIZE_MAX) {
        status = asl__fail(err, ASL_ERR_LIMIT, "'%s' has %lld bytes, at most %lld are allowed",
                           path, (long long)facts.bytes, (long long)max_bytes);
        goto fail;
    }
    bytes = asl__alloc((size_t)facts.bytes + 1);
    if (bytes == NULL) {
        status = asl__fail(err, ASL_ERR_NOMEM, "out of memory for the %lld bytes of '%s'",
                           (long long)facts.bytes, path);
        goto fail;
    }
    ASL__TRY(asl__folder_peek(&got, bytes, (size_t)facts.bytes, fd, path, err));
    if (got < (size_t)facts.bytes) {
        status = asl__fail_at(err, ASL_ERR_TRUNCATED, (int64_t)got,
                              "'%s' shrank from %lld to %zu bytes while it was read", path,
                              (long long)facts.bytes, got);
        goto fail;
    }
    *data = bytes;
    *size = got;
    bytes = NULL;
fail:
    asl__free(bytes);
    if (fd >= 0)
        asl__sys->close(fd);
    return status;
}

/* Of the part of a path that begins here. Not strcspn(): a sanitizer has it measure the whole rest
 * of the path each time, which takes minutes where there are a million parts. */
static size_t part_length(const char *at)
{
    size_t length = 0;
    while (at[length] != '\0' && at[length] != '/' && at[length] != '\\')
        length++;
    return length;
}

asl_status asl__folder_relative(char *out, size_t size, const asl__folder *folder, const char *path,
                                asl_error *err)
{
    char full[PATH_MAX];
    size_t used = strcmp(folder->path, "/") == 0 ? 0 : strlen(folder->path);
    const char *inside = NULL;

    if (path[0] == '/' || path[0] == '\\')
        return asl__fail(err, ASL_ERR_PATH, "'%s' is absolute; write it relative to the list",
                         path);
    memcpy(full, folder->path, used); /* from realpath(), so it fits */
    for (const char *at = path; *at != '\0';) {
        const size_t length = part_length(at);

        if (length == 2 && memcmp(at, "..", 2) == 0) {
            while (used > 0 && full[--used] != '/') {}
        } else if (length > 0 && !(length == 1 && at[0] == '.')) {
            if (length >= sizeof full - 1 - used)
                return asl__fail(err, ASL_ERR_PATH, "'%s' is too long", path);
            full[used++] = '/';
            memcpy(full + used, at, length);
            used += length;
        }
        at += length + (at[length] != '\0');
    }
    full[used] = '\0';
    inside = below(folder, full);
    if (inside == NULL)
        return asl__fail(err, ASL_ERR_PATH, "'%s' leads out of the data set's folder", path);
    if (strlen(inside) >= size)
        return asl__fail(err, ASL_ERR_PATH, "'%s' is too long", path);
    memcpy(out, inside, strlen(inside) + 1);
    return ASL_OK;
}
