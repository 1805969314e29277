/* SPDX-License-Identifier: MIT */
/* Reading and mapping: files of every kind, limits, and what is not a file. */
#include "support/support.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static int make_entries(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "in/socket"};
    int fd = -1;

    (void)state;
    test_make_folder("in");
    test_write_file("in/five", "12345", 5);
    test_write_file("in/empty", "", 0);
    assert_int_equal(mkfifo("in/pipe", 0666), 0);
    assert_int_equal(symlink("five", "in/link"), 0);
    assert_int_equal(symlink("loop", "in/loop"), 0);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    return 0;
}

static void files_are_read_whole(void **state)
{
    static const char *const paths[] = {"in/five", "in/link"};
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_ok(asl__file_read(&data, &size, paths[i], 5, &err), &err);
        assert_int_equal(size, 5);
        assert_string_equal(data, "12345");
        asl__free(data);
    }
    assert_ok(asl__file_read(&data, &size, "in/empty", 0, &err), &err);
    assert_int_equal(size, 0);
    assert_string_equal(data, "");
    asl__free(data);
}

static void files_are_mapped(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__map map = {0};

    (void)state;
    assert_ok(asl__map_open(&map, "in/link", &err), &err);
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.data, "12345", 5);
    asl__map_close(&map);
    assert_null(map.data);
    asl__map_close(&map);

    assert_status(asl__map_open(&map, "in/empty", &err), ASL_ERR_TRUNCATED, &err);
    assert_null(map.data);
}

/* None of these may block, whatever they are. */
static void what_is_not_a_file_is_refused(void **state)
{
    static const struct {
        const char *path;
        asl_status status;
    } table[] = {
        {"in/none", ASL_ERR_NOT_FOUND},
        {"none/none", ASL_ERR_NOT_FOUND},
        {"in/five/x", ASL_ERR_NOT_FOUND},
        {"", ASL_ERR_NOT_FOUND},
        {"in", ASL_ERR_PATH},
        {"in/pipe", ASL_ERR_PATH},
        {"in/socket", ASL_ERR_PATH},
        {"/dev/zero", ASL_ERR_PATH},
        {"in/loop", ASL_ERR_IO},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__map map = {0};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        void *data = (void *)1;
        size_t size = 1;

        assert_status(asl__file_read(&data, &size, table[i].path, 100, &err), table[i].status,
                      &err);
        assert_non_null(strstr(err.message, table[i].path));
        assert_null(data);
        assert_int_equal(size, 0);
        assert_status(asl__map_open(&map, table[i].path, &err), table[i].status, &err);
    }
    assert_int_equal(err.sys_errno, ELOOP);
}

static void too_large_is_a_limit(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    assert_status(asl__file_read(&data, &size, "in/five", 4, &err), ASL_ERR_LIMIT, &err);
    assert_string_equal(err.message, "'in/five' has 5 bytes, at most 4 are allowed");
    assert_int_equal(truncate("in/five", (off_t)1 << 40), 0); /* sparse */
    assert_status(asl__file_read(&data, &size, "in/five", 1 << 30, &err), ASL_ERR_LIMIT, &err);
    assert_int_equal(truncate("in/five", 5), 0);
}

static void no_memory_is_said(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    test_allocator_install(1, false);
    assert_status(asl__file_read(&data, &size, "in/five", 100, &err), ASL_ERR_NOMEM, &err);
    assert_null(data);
    assert_ok(asl__file_read(&data, &size, "in/five", 100, &err), &err);
    asl__free(data);
    test_allocator_remove();
}

static void unreadable_is_an_io_error(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;
    const uid_t before = geteuid();
    asl_status status = ASL_OK;

    (void)state;
    assert_int_equal(chmod("in/five", 0), 0);
    if (before == 0 && seteuid(65534) != 0)
        skip();
    status = asl__file_read(&data, &size, "in/five", 100, &err);
    assert_int_equal(seteuid(before), 0);
    assert_status(status, ASL_ERR_IO, &err);
    assert_string_equal(err.message, "cannot open 'in/five': Permission denied");
    assert_int_equal(chmod("in/five", 0666), 0);
}

static void paths_are_joined(void **state)
{
    static const struct {
        const char *folder, *name, *path;
    } table[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *path = asl__path_join(table[i].folder, table[i].name);

        assert_string_equal(path, table[i].path);
        asl__free(path);
    }
    test_allocator_install(1, false);
    assert_null(asl__path_join("a", "b"));
    test_allocator_remove();
}

static void the_clock_goes_forward(void **state)
{
    const double start = asl__clock_seconds();

    (void)state;
    usleep(2000);
    assert_true(asl__clock_seconds() >= start + 0.002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test(files_are_mapped),
        cmocka_unit_test(what_is_not_a_file_is_refused),
        cmocka_unit_test(too_large_is_a_limit),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(unreadable_is_an_io_error),
        cmocka_unit_test(paths_are_joined),
        cmocka_unit_test(the_clock_goes_forward),
    };

    return cmocka_run_group_tests(tests, make_entries, NULL);
}
