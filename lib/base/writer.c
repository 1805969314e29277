/* SPDX-License-Identifier: MIT */
/* Atomic file writing. Everything happens relative to the target's folder, which stays open, so a
 * folder that is moved meanwhile does no harm. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"
#include "base/system.h"

struct asl__writer {
    int fd;
    int folder;
    int64_t position; /* of the next append */
    char *path;       /* as the caller named it, for messages */
    char *name;       /* within the folder */
    char temporary[NAME_MAX + 1];
};

static asl_status fail_write(const asl__writer *writer, int number, asl_error *err)
{
    return asl__fail_errno(err, ASL_ERR_IO, number, "cannot write '%s'", writer->path);
}

/* The path to replace: `path`, or where it points to if it is a symbolic link. */
static char *follow_once(const char *path)
{
    char link[PATH_MAX];
    const ssize_t length = asl__sys->readlink(path, link, sizeof link - 1);
    const char *slash = strrchr(path, '/');
    char *folder = NULL, *target = NULL;

    if (length < 0)
        return asl__strdup(path);
    link[length] = '\0';
    if (link[0] == '/' || slash == NULL)
        return asl__strdup(link);
    folder = asl__strndup(path, (size_t)(slash - path) + 1);
    if (folder != NULL)
        target = asl__path_join(folder, link);
    asl__free(folder);
    return target;
}

/* Opens the folder of `target` and notes the name within it. */
static asl_status open_folder(asl__writer *writer, char *target, asl_error *err)
{
    char *slash = strrchr(target, '/');
    const char *name = slash == NULL ? target : slash + 1;
    const char *folder = slash == NULL ? "." : slash == target ? "/" : target;

    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return asl__fail(err, ASL_ERR_PATH, "'%s' does not name a file", writer->path);
    writer->name = asl__strdup(name);
    if (writer->name == NULL)
        return asl__fail_memory(err, "a file name");
    if (slash != NULL)
        *slash = '\0';
    writer->folder = asl__sys->open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (writer->folder < 0) {
        const int number = errno;

        return asl__fail_errno(
            err, number == ENOENT || number == ENOTDIR ? ASL_ERR_NOT_FOUND : ASL_ERR_IO, number,
            "cannot write '%s'", writer->path);
    }
    return ASL_OK;
}

/* Length of the name's part in those of its temporaries, which are ".NAME.XXXXXX.tmp". */
static int name_part(const asl__writer *writer)
{
    enum { REST = sizeof "..XXXXXX.tmp" - 1 };
    const size_t length = strlen(writer->name);

    return length < NAME_MAX - REST ? (int)length : NAME_MAX - REST;
}

/* Locks a temporary for as long as its writer lives, so that asl__writer_sweep() leaves it alone.
 * False when that was here first. */
static bool hold(int fd)
{
    struct stat info;

    if (asl__sys->flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    return asl__sys->fstat(fd, &info) != 0 || info.st_nlink > 0;
}

/* Creates the temporary with the given mode. */
static int create_temporary(asl__writer *writer, mode_t mode)
{
    enum { ATTEMPTS = 100 };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    struct timespec now;

    asl__sys->clock_gettime(CLOCK_REALTIME, &now);
    for (uint64_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint64_t bits = asl__random_u64((uint64_t)getpid() << 32 | (uint64_t)now.tv_nsec,
                                        (uint64_t)now.tv_sec, attempt);
        char suffix[7] = "";

        for (int i = 0; i < 6; i++, bits >>= 5)
            suffix[i] = letters[bits & 31];
        snprintf(writer->temporary, sizeof writer->temporary, ".%.*s.%s.tmp", name_part(writer),
                 writer->name, suffix);
        writer->fd = asl__sys->openat(writer->folder, writer->temporary,
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (writer->fd >= 0 && hold(writer->fd))
            return 0;
        if (writer->fd >= 0) {
            asl__sys->close(writer->fd);
            writer->fd = -1;
        } else if (errno != EEXIST && errno != EINTR) {
            break;
        }
    }
    writer->temporary[0] = '\0';
    return errno;
}

/* The new file is born with the old one's mode, and only ever less open: the umask may have taken
 * bits away, which are given back here. */
static int keep_mode(int fd, mode_t mode)
{
    struct stat info;

    if (asl__sys->fstat(fd, &info) != 0)
        return errno;
    return (info.st_mode & 0777) == mode || asl__sys->fchmod(fd, mode) == 0 ? 0 : errno;
}

static asl_status create_file(asl__writer *writer, asl_error *err)
{
    struct stat old;
    mode_t mode = 0666;
    int number = 0;
    const bool exists =
        asl__sys->fstatat(writer->folder, writer->name, &old, AT_SYMLINK_NOFOLLOW) == 0;

    /* Renaming over /dev/null would replace the device for the whole system. */
    if (exists && !S_ISREG(old.st_mode) && !S_ISLNK(old.st_mode))
        return asl__fail(err, ASL_ERR_PATH, "'%s' is a %s, not a file", writer->path,
                         S_ISDIR(old.st_mode) ? "folder" : "device, socket or pipe");
    if (exists && S_ISREG(old.st_mode))
        mode = old.st_mode & 0777;
    number = create_temporary(writer, mode);
    if (number == 0 && exists && S_ISREG(old.st_mode))
        number = keep_mode(writer->fd, mode);
    return number == 0 ? ASL_OK : fail_write(writer, number, err);
}

asl_status asl__writer_open(asl__writer **out, const char *path, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__writer *writer = asl__alloc(sizeof *writer);
    char *target = follow_once(path);

    *out = NULL;
    if (writer != NULL) {
        writer->fd = writer->folder = -1;
        writer->path = asl__strdup(path);
    }
    if (writer == NULL || writer->path == NULL || target == NULL) {
        status = asl__fail_memory(err, "a file to write");
        goto fail;
    }
    ASL__TRY(open_folder(writer, target, err));
    ASL__TRY(create_file(writer, err));
    *out = writer;
    writer = NULL;
fail:
    asl__free(target);
    asl__writer_abort(writer);
    return status;
}

/* Whether `name` is that of a temporary of the writer's file. */
static bool is_temporary(const asl__writer *writer, const char *name)
{
    const size_t part = (size_t)name_part(writer);

    return name[0] == '.' && strncmp(name + 1, writer->name, part) == 0 &&
           strlen(name) == part + sizeof "..XXXXXX.tmp" - 1 && name[part + 1] == '.' &&
           strcmp(name + part + 8, ".tmp") == 0;
}

static void sweep_one(int folder, const char *name)
{
    const int fd =
        asl__sys->openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);

    if (fd < 0)
        return;
    if (asl__sys->flock(fd, LOCK_EX | LOCK_NB) == 0)
        asl__sys->unlinkat(folder, name, 0);
    asl__sys->close(fd);
}

void asl__writer_sweep(const asl__writer *writer)
{
    const int fd = asl__sys->openat(writer->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *dir = fd < 0 ? NULL : asl__sys->fdopendir(fd);

    if (dir == NULL) {
        if (fd >= 0)
            asl__sys->close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = asl__sys->readdir(dir)) != NULL;)
        if (is_temporary(writer, entry->d_name) && strcmp(entry->d_name, writer->temporary) != 0)
            sweep_one(writer->folder, entry->d_name);
    asl__sys->closedir(dir);
}

asl_status asl__writer_write_at(asl__writer *writer, int64_t offset, const void *data, size_t size,
                                asl_error *err)
{
    for (size_t done = 0; done < size;) {
        const ssize_t put = asl__sys->pwrite(writer->fd, (const char *)data + done, size - done,
                                             (off_t)(offset + (int64_t)done));

        if (put > 0)
            done += (size_t)put;
        else if (put == 0 || errno != EINTR)
            return fail_write(writer, put == 0 ? EIO : errno, err);
    }
    return ASL_OK;
}

asl_status asl__writer_write(asl__writer *writer, const void *data, size_t size, asl_error *err)
{
    asl_status status = ASL_OK;

    ASL__TRY(asl__writer_write_at(writer, writer->position, data, size, err));
    writer->position += (int64_t)size;
fail:
    return status;
}

/* A failed fsync() is final: Linux marks the lost pages clean, so a second one would lie. */
asl_status asl__writer_commit(asl__writer *writer, asl_error *err)
{
    asl_status status = ASL_OK;
    int closed = 0;

    if (asl__sys->fsync(writer->fd) != 0) {
        status = fail_write(writer, errno, err);
        goto fail;
    }
    closed = asl__sys->close(writer->fd);
    writer->fd = -1;
    if (closed != 0 && errno != EINTR) {
        status = fail_write(writer, errno, err);
        goto fail;
    }
    if (asl__sys->renameat(writer->folder, writer->temporary, writer->folder, writer->name) != 0) {
        status = fail_write(writer, errno, err);
        goto fail;
    }
    writer->temporary[0] = '\0';
    /* EINVAL: a file system that cannot sync folders. */
    if (asl__sys->fsync(writer->folder) != 0 && errno != EINVAL)
        status = fail_write(writer, errno, err);
fail:
    asl__writer_abort(writer);
    return status;
}

void asl__writer_abort(asl__writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0)
        asl__sys->close(writer->fd);
    if (writer->temporary[0] != '\0')
        asl__sys->unlinkat(writer->folder, writer->temporary, 0);
    if (writer->folder >= 0)
        asl__sys->close(writer->folder);
    asl__free(writer->name);
    asl__free(writer->path);
    asl__free(writer);
}

asl_status asl__file_write(const char *path, const void *data, size_t size, asl_error *err)
{
    asl_status status = ASL_OK;
    asl__writer *writer = NULL;

    ASL__TRY(asl__writer_open(&writer, path, err));
    ASL__TRY(asl__writer_write(writer, data, size, err));
    status = asl__writer_commit(writer, err);
    writer = NULL;
fail:
    asl__writer_abort(writer);
    return status;
}
