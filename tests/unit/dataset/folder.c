/* SPDX-License-Identifier: MIT */
/* Nothing leads out of a data set's folder, and nothing blocks. */
#include "support/support.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dataset/folder.h"

/* "jail" beside a secret, with every kind of entry in it. */
static void make_jail(void)
{
    char here[2048];
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "jail/socket"};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    test_make_folder("outside");
    test_write_file("outside/secret", "secret", 6);
    test_make_folder("jail");
    test_make_folder("jail/A");
    test_make_folder("jail/A/deep");
    test_write_file("jail/A/file", "inside", 6);
    test_write_file("jail/A/deep/file", "deep", 4);
    test_write_file("jail/empty", "", 0);
    assert_int_equal(mkfifo("jail/fifo", 0666), 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_int_equal(symlink("A/file", "jail/inner"), 0);
    assert_int_equal(symlink("A", "jail/inner_folder"), 0);
    assert_int_equal(symlink("../A/deep/../file", "jail/A/winding"), 0);
    assert_int_equal(symlink("../outside/secret", "jail/outer"), 0);
    assert_int_equal(symlink("../outside", "jail/outer_folder"), 0);
    assert_int_equal(symlink("/dev/zero", "jail/device"), 0);
    assert_int_equal(symlink("circle", "jail/circle"), 0);
    assert_int_equal(symlink("nowhere", "jail/dangling"), 0);
    assert_int_equal(symlink("fifo", "jail/to_fifo"), 0);
    assert_int_equal(symlink("../jail_2/file", "jail/neighbour"), 0);
    test_make_folder("jail_2");
    test_write_file("jail_2/file", "other", 5);
    assert_non_null(getcwd(here, sizeof here - 64));
    strcat(here, "/jail/A/file");
    assert_int_equal(symlink(here, "jail/absolute"), 0);
}

static void only_regular_files_inside_are_read(void **state)
{
    static const struct {
        const char *path;
        asl_status expected;
        const char *content;
    } cases[] = {
        {"A/file", ASL_OK, "inside"},
        {"A/deep/file", ASL_OK, "deep"},
        {"empty", ASL_OK, ""},
        {"inner", ASL_OK, "inside"},
        {"inner_folder/file", ASL_OK, "inside"},
        {"inner_folder/deep/file", ASL_OK, "deep"},
        {"A/winding", ASL_OK, "inside"},
        {"absolute", ASL_OK, "inside"},
        {"A", ASL_ERR_PATH, NULL},
        {"inner_folder", ASL_ERR_PATH, NULL},
        {"outer", ASL_ERR_PATH, NULL},
        {"outer_folder/secret", ASL_ERR_PATH, NULL},
        {"outer_folder", ASL_ERR_PATH, NULL},
        {"neighbour", ASL_ERR_PATH, NULL},
        {"device", ASL_ERR_PATH, NULL},
        {"circle", ASL_ERR_PATH, NULL},
        {"circle/file", ASL_ERR_PATH, NULL},
        {"fifo", ASL_ERR_PATH, NULL},
        {"to_fifo", ASL_ERR_PATH, NULL},
        {"socket", ASL_ERR_PATH, NULL},
        {"dangling", ASL_ERR_NOT_FOUND, NULL},
        {"missing", ASL_ERR_NOT_FOUND, NULL},
        {"missing/file", ASL_ERR_NOT_FOUND, NULL},
        {"A/file/file", ASL_ERR_NOT_FOUND, NULL},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__folder folder = ASL__FOLDER_NONE;

    (void)state;
    make_jail();
    assert_ok(asl__folder_open(&folder, "jail", &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *data = NULL;
        size_t size = 0;

        print_message("%s\n", cases[i].path);
        assert_status(asl__folder_read(&data, &size, &folder, cases[i].path, 100, &err),
                      cases[i].expected, &err);
        if (cases[i].expected == ASL_OK)
            assert_string_equal(data, cases[i].content);
        else
            assert_null(data);
        asl__free(data);
    }
    asl__folder_close(&folder);
}

static void long_names_and_large_files_are_errors(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__folder folder = ASL__FOLDER_NONE;
    char name[300];
    void *data = NULL;
    size_t size = 0;

    (void)state;
    make_jail();
    assert_ok(asl__folder_open(&folder, "jail", &err), &err);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_status(asl__folder_read(&data, &size, &folder, name, 100, &err), ASL_ERR_PATH, &err);
    assert_status(asl__folder_read(&data, &size, &folder, "A/file", 5, &err), ASL_ERR_LIMIT, &err);
    asl__folder_close(&folder);
    assert_status(asl__folder_open(&folder, "nowhere", &err), ASL_ERR_NOT_FOUND, &err);
    assert_status(asl__folder_open(&folder, "jail/A/file", &err), ASL_ERR_NOT_FOUND, &err);
}

static void a_folder_stays_right_when_the_process_moves(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__folder folder = ASL__FOLDER_NONE;
    void *data = NULL;
    size_t size = 0;

    (void)state;
    make_jail();
    assert_ok(asl__folder_open(&folder, "jail", &err), &err);
    assert_int_equal(chdir("outside"), 0);
    assert_ok(asl__folder_read(&data, &size, &folder, "inner", 100, &err), &err);
    assert_int_equal(chdir(".."), 0);
    asl__free(data);
    asl__folder_close(&folder);
}

static void written_paths_become_relative(void **state)
{
    static const struct {
        const char *path, *expected; /* NULL: ASL_ERR_PATH */
    } cases[] = {
        {"A/1.png", "A/1.png"},
        {"A\\1.png", "A/1.png"},
        {"./A//1.png", "A/1.png"},
        {".\\A\\.\\1.png", "A/1.png"},
        {"A/../B/1.png", "B/1.png"},
        {"A/B/../../1.png", "1.png"},
        {"../jail/A/1.png", "A/1.png"},
        {"..\\jail\\A\\1.png", "A/1.png"},
        {"A/1.png/", "A/1.png"},
        {"...", "..."},
        {"..a/b", "..a/b"},
        {"../1.png", NULL},
        {"../jail_2/1.png", NULL},
        {"../jai/1.png", NULL},
        {"A/../../1.png", NULL},
        {"../../../../../../../../../../../../../../../../etc/passwd", NULL},
        {"..", NULL},
        {".", NULL},
        {"A/..", NULL},
        {"/etc/passwd", NULL},
        {"\\server\\share", NULL},
    };
    asl_error err = ASL_ERROR_INIT;
    asl__folder folder = ASL__FOLDER_NONE;
    char path[4096], longest[5000];

    (void)state;
    make_jail();
    assert_ok(asl__folder_open(&folder, "jail", &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].path);
        assert_status(asl__folder_relative(path, sizeof path, &folder, cases[i].path, &err),
                      cases[i].expected != NULL ? ASL_OK : ASL_ERR_PATH, &err);
        if (cases[i].expected != NULL)
            assert_string_equal(path, cases[i].expected);
        err = (asl_error)ASL_ERROR_INIT;
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_status(asl__folder_relative(path, sizeof path, &folder, longest, &err), ASL_ERR_PATH,
                  &err);
    for (size_t i = 250; i < sizeof longest; i += 250)
        longest[i] = '/';
    assert_status(asl__folder_relative(path, sizeof path, &folder, longest, &err), ASL_ERR_PATH,
                  &err);
    err = (asl_error)ASL_ERROR_INIT;
    assert_status(asl__folder_relative(path, 5, &folder, "A/1.png", &err), ASL_ERR_PATH, &err);
    asl__folder_close(&folder);

    assert_ok(asl__folder_open(&folder, "/", &err), &err);
    assert_ok(asl__folder_relative(path, sizeof path, &folder, "../etc/x", &err), &err);
    assert_string_equal(path, "etc/x");
    asl__folder_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_regular_files_inside_are_read),
        cmocka_unit_test(long_names_and_large_files_are_errors),
        cmocka_unit_test(a_folder_stays_right_when_the_process_moves),
        cmocka_unit_test(written_paths_become_relative),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
