/* SPDX-License-Identifier: MIT */
/* System calls that fail. The linker's --wrap sends the library's calls here; where offsets are
 * made 64 bits wide, openat() and fstat() carry other names. */
#include "fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/loader.h"

/* One kind of call fails with `number` from its call `from` on (counted from 1), `times` times. */
typedef struct fault {
    atomic_int from, times, number, calls;
} fault;

static fault on_openat, on_read, on_fstat, on_thread;

static bool strikes(fault *f)
{
    const int call = atomic_fetch_add(&f->calls, 1) + 1;

    if (f->from == 0 || call < f->from || call >= f->from + f->times)
        return false;
    errno = f->number;
    return true;
}

static void set_fault(fault *f, int from, int times, int number)
{
    f->from = from;
    f->times = times;
    f->number = number;
    f->calls = 0;
}

#define WRAP_OPENAT(name)                                                                          \
    int __real_##name(int folder, const char *path, int flags, ...);                               \
    int __wrap_##name(int folder, const char *path, int flags, ...);                               \
    int __wrap_##name(int folder, const char *path, int flags, ...)                                \
    {                                                                                              \
        return strikes(&on_openat) ? -1 : __real_##name(folder, path, flags, 0666);                \
    }
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)

#define WRAP_FSTAT(name)                                                                           \
    int __real_##name(int fd, struct stat *info);                                                  \
    int __wrap_##name(int fd, struct stat *info);                                                  \
    int __wrap_##name(int fd, struct stat *info)                                                   \
    {                                                                                              \
        return strikes(&on_fstat) ? -1 : __real_##name(fd, info);                                  \
    }
WRAP_FSTAT(fstat)
WRAP_FSTAT(fstat64)

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size)
{
    return strikes(&on_read) ? -1 : __real_read(fd, data, size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument)
{
    return strikes(&on_thread) ? EAGAIN
                               : __real_pthread_create(thread, attributes, start, argument);
}

/* Opens "tree" with every call of one kind failing in turn. `fatal` is the status when the data set
 * cannot be opened at all, `skipped` that of the issue when one file is lost. */
static void fail_each_call(fault *f, int number, asl_status fatal, asl_status skipped)
{
    bool struck = true;
    int n = 1;

    for (; struck; n++) {
        asl_error err = ASL_ERROR_INIT;
        asl_issue issue = {.struct_size = sizeof issue};
        asl_dataset *dataset = NULL;
        asl_status status = ASL_OK;

        set_fault(f, n, 1, number);
        status = asl_dataset_open(&dataset, "tree", NULL, &err);
        struck = f->calls >= n;
        set_fault(f, 0, 0, 0);
        if (status < 0) {
            assert_int_equal(status, fatal);
            assert_int_equal(err.sys_errno, number);
        } else if (status == ASL_PARTIAL) {
            assert_ok(asl_dataset_get_issue(&issue, dataset, 0, &err), &err);
            assert_int_equal(issue.code, skipped);
        }
        assert_true(struck || status == ASL_OK);
        asl_dataset_free(dataset);
    }
    assert_true(n > 2); /* at least one call was there to fail */
}

static void failing_calls_lose_a_file_or_the_data_set(void **state)
{
    (void)state;
    fixture_tree("tree", 3, 2, 4);
    fail_each_call(&on_openat, EACCES, ASL_ERR_IO, ASL_ERR_IO);
    fail_each_call(&on_openat, EMFILE, ASL_ERR_SYSTEM, ASL_OK);
    fail_each_call(&on_openat, ENOMEM, ASL_ERR_NOMEM, ASL_OK);
    fail_each_call(&on_fstat, EIO, ASL_ERR_IO, ASL_ERR_IO);
    fail_each_call(&on_read, EIO, ASL_OK, ASL_ERR_IO);
}

static void interrupted_reads_go_on(void **state)
{
    (void)state;
    fixture_tree("tree", 2, 2, 4);
    set_fault(&on_read, 1, 3, EINTR);
    asl_dataset_free(fixture_open("tree", ASL_OK));
    assert_true(on_read.calls > 3);
    set_fault(&on_read, 0, 0, 0);
}

static void a_failing_read_is_an_error_of_the_picture(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl_image *image = NULL;

    (void)state;
    fixture_tree("tree", 2, 2, 4);
    dataset = fixture_open("tree", ASL_OK);
    set_fault(&on_read, 1, 1, EIO);
    assert_status(asl_dataset_load_image(&image, dataset, 0, &err), ASL_ERR_IO, &err);
    assert_null(image);
    set_fault(&on_openat, 1, 1, ENFILE);
    assert_status(asl_dataset_load_image(&image, dataset, 0, &err), ASL_ERR_SYSTEM, &err);
    set_fault(&on_openat, 0, 0, 0);
    assert_ok(asl_dataset_load_image(&image, dataset, 0, &err), &err);
    asl_image_free(image);
    asl_dataset_free(dataset);
}

static void running_out_of_descriptors_spoils_no_pack(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL, *packed = NULL;
    asl_pack_options options;

    (void)state;
    fixture_tree("tree", 2, 2, 4);
    dataset = fixture_open("tree", ASL_OK);
    asl_pack_options_init(&options, sizeof options);
    options.width = options.height = 4;
    remove("spoilt.pack");
    set_fault(&on_openat, 4, 1, EMFILE);
    assert_status(asl_dataset_pack(&packed, dataset, "spoilt.pack", &options, &err), ASL_ERR_SYSTEM,
                  &err);
    set_fault(&on_openat, 0, 0, 0);
    assert_null(packed);
    assert_true(access("spoilt.pack", F_OK) != 0);
    asl_dataset_free(dataset);
}

static void loaders_do_with_the_threads_they_get(void **state)
{
    const asl__loader_options options = {4, 4, 2, 4, NULL, 0};
    const int64_t order[] = {0, 1, 2, 3};
    asl_error err = ASL_ERROR_INIT;
    asl_dataset *dataset = NULL;
    asl__loader *loader = NULL;
    asl__batch batch;

    (void)state;
    fixture_tree("tree", 2, 2, 4);
    dataset = fixture_open("tree", ASL_OK);
    for (int n = 2; n <= 4; n++) {
        set_fault(&on_thread, n, 100, EAGAIN);
        assert_ok(asl__loader_create(&loader, dataset, &options, &err), &err);
        assert_ok(asl__loader_start(loader, order, 4, 0, &err), &err);
        for (int i = 2; i >= 0; i--) {
            assert_ok(asl__loader_next(&batch, loader, &err), &err);
            assert_int_equal(batch.count, i > 0 ? 2 : 0);
        }
        asl__loader_free(loader);
    }
    set_fault(&on_thread, 1, 100, EAGAIN);
    assert_status(asl__loader_create(&loader, dataset, &options, &err), ASL_ERR_SYSTEM, &err);
    assert_null(loader);
    set_fault(&on_thread, 0, 0, 0);
    asl_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_calls_lose_a_file_or_the_data_set),
        cmocka_unit_test(interrupted_reads_go_on),
        cmocka_unit_test(a_failing_read_is_an_error_of_the_picture),
        cmocka_unit_test(running_out_of_descriptors_spoils_no_pack),
        cmocka_unit_test(loaders_do_with_the_threads_they_get),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
