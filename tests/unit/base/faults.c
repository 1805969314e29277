/* SPDX-License-Identifier: MIT */
/* System calls that fail, come back early or are interrupted. The linker's --wrap sends the
 * library's calls here. */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/threads.h"

/* What one kind of call does: `number` is its errno from the call `from` on (counted from 1) for
 * `times` calls; a number of 0 there makes reads and writes move one byte at most. */
typedef struct fault {
    int from, times, number;
    int calls;
} fault;

static fault on_read, on_openat, on_pwrite, on_fsync, on_fchmod, on_renameat, on_mmap, on_thread;
static int openat_flags;      /* of the last call */
static const char *shrinking; /* the file that the next read() finds cut to one byte */

static bool strikes(fault *f)
{
    f->calls++;
    return f->from > 0 && f->calls >= f->from && f->calls < f->from + f->times;
}

static bool refuses(fault *f)
{
    if (!strikes(f) || f->number == 0)
        return false;
    errno = f->number;
    return true;
}

/* How many of `size` bytes this call may move; -1 for a failure. */
static ssize_t allowance(fault *f, size_t size)
{
    if (!strikes(f))
        return (ssize_t)size;
    errno = f->number;
    return f->number != 0 ? -1 : size > 0 ? 1 : 0;
}

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size)
{
    const ssize_t allowed = allowance(&on_read, size);

    if (shrinking != NULL)
        assert_int_equal(truncate(shrinking, 1), 0);
    return allowed < 0 ? -1 : __real_read(fd, data, (size_t)allowed);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, mode_t mode);
int __wrap_openat(int folder, const char *path, int flags, mode_t mode)
{
    openat_flags = flags;
    return refuses(&on_openat) ? -1 : __real_openat(folder, path, flags, mode);
}

ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    const ssize_t allowed = allowance(&on_pwrite, size);

    return allowed < 0 ? -1 : __real_pwrite(fd, data, (size_t)allowed, offset);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return refuses(&on_fsync) ? -1 : __real_fsync(fd);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return refuses(&on_fchmod) ? -1 : __real_fchmod(fd, mode);
}

int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    return refuses(&on_renameat) ? -1 : __real_renameat(from, old, to, new);
}

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return refuses(&on_mmap) ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
    return refuses(&on_thread) ? on_thread.number
                               : __real_pthread_create(thread, attributes, start, argument);
}

static int make_file(void **state)
{
    (void)state;
    on_read = on_openat = on_pwrite = on_fsync = on_fchmod = on_renameat = on_mmap = on_thread =
        (fault){0};
    shrinking = NULL;
    test_make_folder("f");
    test_write_file("f/a", "old", 3);
    return 0;
}

static void assert_unchanged(void)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    assert_ok(asl__file_read(&data, &size, "f/a", 100, &err), &err);
    assert_string_equal(data, "old");
    asl__free(data);
    assert_int_equal(unlink("f/a"), 0);
    assert_int_equal(rmdir("f"), 0); /* so there was no temporary file left */
}

static void short_and_interrupted_reads_go_on(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    on_read = (fault){.from = 1, .times = 2};
    assert_ok(asl__file_read(&data, &size, "f/a", 100, &err), &err);
    assert_string_equal(data, "old");
    asl__free(data);
    assert_int_equal(on_read.calls, 3);

    on_read = (fault){.from = 1, .times = 3, .number = EINTR};
    assert_ok(asl__file_read(&data, &size, "f/a", 100, &err), &err);
    assert_string_equal(data, "old");
    asl__free(data);
    assert_int_equal(on_read.calls, 4);
}

static void a_failed_read_is_said(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    on_read = (fault){.from = 1, .times = 1, .number = EIO};
    assert_status(asl__file_read(&data, &size, "f/a", 100, &err), ASL_ERR_IO, &err);
    assert_string_equal(err.message, "cannot read 'f/a': Input/output error");
    assert_int_equal(err.sys_errno, EIO);
    assert_null(data);
}

static void a_file_that_shrinks_is_truncated(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    shrinking = "f/a";
    assert_status(asl__file_read(&data, &size, "f/a", 100, &err), ASL_ERR_TRUNCATED, &err);
    assert_string_equal(err.message, "'f/a' shrank from 3 to 1 bytes while it was read");
    assert_int_equal(err.offset, 1);
    assert_null(data);
}

static void a_failed_map_is_said(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__map map = {0};

    (void)state;
    on_mmap = (fault){.from = 1, .times = 1, .number = ENOMEM};
    assert_status(asl__map_open(&map, "f/a", &err), ASL_ERR_NOMEM, &err);
    on_mmap = (fault){.from = 1, .times = 1, .number = ENODEV};
    assert_status(asl__map_open(&map, "f/a", &err), ASL_ERR_IO, &err);
    assert_int_equal(err.sys_errno, ENODEV);
    assert_null(map.data);
}

static void short_and_interrupted_writes_go_on(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    on_pwrite = (fault){.from = 1, .times = 4};
    assert_ok(asl__file_write("f/a", "12345", 5, &err), &err);
    assert_int_equal(on_pwrite.calls, 5);
    on_pwrite = (fault){.from = 1, .times = 3, .number = EINTR};
    assert_ok(asl__file_write("f/a", "12345", 5, &err), &err);
    assert_int_equal(on_pwrite.calls, 4);
    assert_ok(asl__file_read(&data, &size, "f/a", 100, &err), &err);
    assert_string_equal(data, "12345");
    asl__free(data);
}

static void every_failed_step_leaves_the_old_file(void **state)
{
    static const struct {
        fault *call;
        int number;
    } table[] = {
        {&on_pwrite, ENOSPC}, {&on_pwrite, EIO},   {&on_pwrite, EDQUOT}, {&on_fsync, EIO},
        {&on_fsync, ENOSPC},  {&on_fchmod, EPERM}, {&on_renameat, EIO},  {&on_renameat, EACCES},
    };
    const mode_t before = umask(077); /* so that the mode has to be given back */

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        asl_error err = ASL_ERROR_INIT;

        make_file(state);
        assert_int_equal(chmod("f/a", 0644), 0);
        *table[i].call = (fault){.from = 1, .times = 1, .number = table[i].number};
        assert_status(asl__file_write("f/a", "new", 3, &err), ASL_ERR_IO, &err);
        assert_memory_equal(err.message, "cannot write 'f/a': ", 20);
        assert_int_equal(err.sys_errno, table[i].number);
        assert_int_equal(table[i].call->calls, 1); /* above all: no second fsync() */
        assert_unchanged();
    }
    umask(before);
}

static void the_temporary_name_must_be_new(void **state)
{
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    on_openat = (fault){.from = 1, .times = 3, .number = EEXIST};
    assert_ok(asl__file_write("f/a", "old", 3, &err), &err);
    assert_int_equal(on_openat.calls, 4);
    assert_int_equal(openat_flags & (O_EXCL | O_NOFOLLOW | O_CLOEXEC),
                     O_EXCL | O_NOFOLLOW | O_CLOEXEC);

    on_openat = (fault){.from = 1, .times = 1000, .number = EEXIST};
    assert_status(asl__file_write("f/a", "new", 3, &err), ASL_ERR_IO, &err);
    assert_int_equal(err.sys_errno, EEXIST);
    assert_int_equal(on_openat.calls, 100);
    on_openat = (fault){.from = 1, .times = 1, .number = EROFS};
    assert_status(asl__file_write("f/a", "new", 3, &err), ASL_ERR_IO, &err);
    assert_int_equal(on_openat.calls, 1);
    assert_unchanged();
}

static void a_folder_that_cannot_sync_is_told_from_one_that_fails(void **state)
{
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    on_fsync = (fault){.from = 2, .times = 1, .number = EIO};
    assert_status(asl__file_write("f/a", "new", 3, &err), ASL_ERR_IO, &err);
    on_fsync = (fault){.from = 2, .times = 1, .number = EINVAL};
    assert_ok(asl__file_write("f/a", "new", 3, &err), &err);
    assert_int_equal(on_fsync.calls, 2);
}

static void count_index(void *context, int64_t index)
{
    (void)index;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void the_pool_goes_on_with_fewer_threads(void **state)
{
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    for (int from = 1; from <= 4; from++) {
        asl__pool *pool = NULL;
        atomic_int count = 0;

        on_thread = (fault){.from = from, .times = 100, .number = EAGAIN};
        assert_ok(asl__pool_create(&pool, 8, &err), &err);
        assert_int_equal(asl__pool_threads(pool), from);
        asl__pool_run(pool, count_index, &count, 1000);
        assert_int_equal(atomic_load(&count), 1000);
        asl__pool_free(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(short_and_interrupted_reads_go_on, make_file),
        cmocka_unit_test_setup(a_failed_read_is_said, make_file),
        cmocka_unit_test_setup(a_file_that_shrinks_is_truncated, make_file),
        cmocka_unit_test_setup(a_failed_map_is_said, make_file),
        cmocka_unit_test_setup(short_and_interrupted_writes_go_on, make_file),
        cmocka_unit_test(every_failed_step_leaves_the_old_file),
        cmocka_unit_test_setup(the_temporary_name_must_be_new, make_file),
        cmocka_unit_test_setup(a_folder_that_cannot_sync_is_told_from_one_that_fails, make_file),
        cmocka_unit_test_setup(the_pool_goes_on_with_fewer_threads, make_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
