/* SPDX-License-Identifier: MIT */
/* Atomic files: readers see the old one or the new one, whatever happens in between. */
#include "support/support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/threads.h"

static int make_folder(void **state)
{
    (void)state;
    test_make_folder("out");
    return 0;
}

static void assert_content(const char *path, const char *expected)
{
    asl_error err = ASL_ERROR_INIT;
    void *data = NULL;
    size_t size = 0;

    assert_ok(asl__file_read(&data, &size, path, 1 << 20, &err), &err);
    assert_string_equal(data, expected);
    assert_int_equal(size, strlen(expected));
    asl__free(data);
}

static int count_entries(const char *folder)
{
    DIR *stream = opendir(folder);
    int count = 0;

    assert_non_null(stream);
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    closedir(stream);
    return count;
}

static int open_files(void)
{
    return count_entries("/proc/self/fd");
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void the_file_appears_with_the_commit(void **state)
{
    const int files = open_files();
    asl_error err = ASL_ERROR_INIT;
    asl__writer *writer = NULL;

    (void)state;
    assert_ok(asl__writer_open(&writer, "out/a", &err), &err);
    assert_ok(asl__writer_write(writer, "hello ", 6, &err), &err);
    assert_ok(asl__writer_write(writer, NULL, 0, &err), &err);
    assert_ok(asl__writer_write(writer, "world", 5, &err), &err);
    assert_int_equal(access("out/a", F_OK), -1);
    assert_int_equal(count_entries("out"), 1);
    assert_ok(asl__writer_commit(writer, &err), &err);
    assert_content("out/a", "hello world");
    assert_int_equal(count_entries("out"), 1);

    assert_ok(asl__file_write("out/a", "new", 3, &err), &err);
    assert_content("out/a", "new");
    assert_ok(asl__file_write("out/a", NULL, 0, &err), &err);
    assert_content("out/a", "");
    assert_int_equal(count_entries("out"), 1);
    assert_int_equal(open_files(), files);
}

static void aborting_leaves_the_old_file(void **state)
{
    const int files = open_files();
    asl_error err = ASL_ERROR_INIT;
    asl__writer *writer = NULL;

    (void)state;
    assert_ok(asl__file_write("out/a", "old", 3, &err), &err);
    assert_ok(asl__writer_open(&writer, "out/a", &err), &err);
    assert_ok(asl__writer_write(writer, "new", 3, &err), &err);
    asl__writer_abort(writer);
    asl__writer_abort(NULL);
    assert_content("out/a", "old");
    assert_int_equal(count_entries("out"), 1);
    assert_int_equal(open_files(), files);
}

static void write_at_leaves_the_append_position(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__writer *writer = NULL;

    (void)state;
    assert_ok(asl__writer_open(&writer, "out/at", &err), &err);
    assert_ok(asl__writer_write(writer, "abcd", 4, &err), &err);
    assert_ok(asl__writer_write_at(writer, 1, "XY", 2, &err), &err);
    assert_ok(asl__writer_write_at(writer, 6, "Z", 1, &err), &err);
    assert_ok(asl__writer_write(writer, "ef", 2, &err), &err);
    assert_status(asl__writer_write_at(writer, -1, "Z", 1, &err), ASL_ERR_IO, &err);
    assert_ok(asl__writer_commit(writer, &err), &err);
    assert_content("out/at", "aXYdefZ");
}

typedef struct parallel {
    asl__writer *writer;
    asl_status status[100];
} parallel;

static void write_block(void *context, int64_t index)
{
    parallel *p = context;
    char block[64];

    memset(block, 'A' + (int)(index % 26), sizeof block);
    p->status[index] = asl__writer_write_at(p->writer, index * 64, block, sizeof block, NULL);
}

static void threads_may_write_disjoint_ranges(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    parallel p = {0};
    asl__pool *pool = NULL;
    char expected[6401] = "";

    (void)state;
    assert_ok(asl__pool_create(&pool, 4, &err), &err);
    assert_ok(asl__writer_open(&p.writer, "out/parallel", &err), &err);
    asl__pool_run(pool, write_block, &p, 100);
    asl__pool_free(pool);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(p.status[i], ASL_OK);
        memset(expected + i * 64, 'A' + i % 26, 64);
    }
    assert_ok(asl__writer_commit(p.writer, &err), &err);
    assert_content("out/parallel", expected);
}

static void the_mode_is_kept(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0666, 0755, 0777, 0400};
    const mode_t before = umask(027);
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    assert_ok(asl__file_write("out/mode", "1", 1, &err), &err);
    assert_int_equal(mode_of("out/mode"), 0640);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod("out/mode", modes[i]), 0);
        assert_ok(asl__file_write("out/mode", "2", 1, &err), &err);
        assert_int_equal(mode_of("out/mode"), modes[i]);
    }
    assert_int_equal(umask(before), 027);
}

/* While it is being written the new file is no more open than the old one. */
static void a_private_file_is_never_public(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__writer *writer = NULL;
    DIR *stream = NULL;

    (void)state;
    test_make_folder("private");
    assert_ok(asl__file_write("private/key", "1", 1, &err), &err);
    assert_int_equal(chmod("private/key", 0600), 0);
    assert_ok(asl__writer_open(&writer, "private/key", &err), &err);
    stream = opendir("private");
    assert_non_null(stream);
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        char *path = asl__path_join("private", entry->d_name);

        if (strstr(entry->d_name, "key") != NULL)
            assert_int_equal(mode_of(path), 0600);
        asl__free(path);
    }
    closedir(stream);
    asl__writer_abort(writer);
}

static void links_are_followed_once(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    char *absolute = NULL, *folder = realpath(".", NULL);

    (void)state;
    test_make_folder("links");
    test_make_folder("links/far");
    test_write_file("links/far/file", "old", 3);
    assert_int_equal(symlink("far/file", "links/relative"), 0);
    assert_int_equal(symlink("far/missing", "links/dangling"), 0);
    absolute = asl__path_join(folder, "links/far/absolute");
    assert_int_equal(symlink(absolute, "links/absolute"), 0);
    assert_int_equal(symlink("links/far/file", "link_here"), 0);

    assert_ok(asl__file_write("links/relative", "1", 1, &err), &err);
    assert_content("links/far/file", "1");
    assert_ok(asl__file_write("link_here", "2", 1, &err), &err);
    assert_content("links/far/file", "2");
    assert_ok(asl__file_write("links/dangling", "3", 1, &err), &err);
    assert_content("links/far/missing", "3");
    assert_ok(asl__file_write("links/absolute", "4", 1, &err), &err);
    assert_content("links/far/absolute", "4");
    assert_int_equal(count_entries("links"), 4);
    assert_int_equal(count_entries("links/far"), 3);
    assert_int_equal(unlink("link_here"), 0);
    asl__free(absolute);
    free(folder);
}

static void what_cannot_be_a_file_is_refused(void **state)
{
    static const struct {
        const char *path;
        asl_status status;
    } table[] = {
        {"none/a", ASL_ERR_NOT_FOUND},
        {"out/file/a", ASL_ERR_NOT_FOUND},
        {"", ASL_ERR_PATH},
        {"out/", ASL_ERR_PATH},
        {"out/.", ASL_ERR_PATH},
        {"..", ASL_ERR_PATH},
        {"out", ASL_ERR_PATH},
        {"out/pipe", ASL_ERR_PATH},
        {"/dev/full", ASL_ERR_PATH},
        {"/", ASL_ERR_PATH},
    };
    const int files = open_files();
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    test_write_file("out/file", "", 0);
    assert_int_equal(mkfifo("out/pipe", 0666), 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        asl__writer *writer = (asl__writer *)1;

        assert_status(asl__writer_open(&writer, table[i].path, &err), table[i].status, &err);
        assert_non_null(strstr(err.message, table[i].path));
        assert_null(writer);
    }
    assert_int_equal(open_files(), files);
    assert_int_equal(unlink("out/pipe"), 0);
}

static void long_names_have_room_for_the_temporary(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    char path[4 + 256 + 1] = "out/";

    (void)state;
    memset(path + 4, 'n', 255);
    assert_ok(asl__file_write(path, "x", 1, &err), &err);
    assert_content(path, "x");
    assert_int_equal(unlink(path), 0);
    path[4 + 255] = 'n';
    assert_status(asl__file_write(path, "x", 1, &err), ASL_ERR_IO, &err);
    assert_int_equal(err.sys_errno, ENAMETOOLONG);
}

static void a_folder_without_permission_is_an_io_error(void **state)
{
    const uid_t before = geteuid();
    asl_error err = ASL_ERROR_INIT;
    asl_status status = ASL_OK;

    (void)state;
    test_make_folder("sealed");
    test_write_file("sealed/a", "old", 3);
    assert_int_equal(chmod("sealed", 0555), 0);
    if (before == 0 && seteuid(65534) != 0)
        skip();
    status = asl__file_write("sealed/a", "new", 3, &err);
    assert_int_equal(seteuid(before), 0);
    assert_int_equal(chmod("sealed", 0755), 0);
    assert_status(status, ASL_ERR_IO, &err);
    assert_string_equal(err.message, "cannot write 'sealed/a': Permission denied");
    assert_content("sealed/a", "old");
    assert_int_equal(count_entries("sealed"), 1);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    static const char block[4096];
    struct rlimit before, limit;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_action;
    asl_error err = ASL_ERROR_INIT;
    asl__writer *writer = NULL;
    asl_status status = ASL_OK;

    (void)state;
    test_make_folder("full");
    test_write_file("full/a", "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 10000; /* the third block comes back short, the rest is refused */
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &old_action), 0);
    assert_ok(asl__writer_open(&writer, "full/a", &err), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int i = 0; i < 3 && status == ASL_OK; i++)
        status = asl__writer_write(writer, block, sizeof block, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(sigaction(SIGXFSZ, &old_action, NULL), 0);
    assert_status(status, ASL_ERR_IO, &err);
    assert_int_equal(err.sys_errno, EFBIG);
    asl__writer_abort(writer);
    assert_content("full/a", "old");
    assert_int_equal(count_entries("full"), 1);
}

static void a_killed_writer_leaves_the_old_file(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    pid_t child = 0;
    int ended = 0;

    (void)state;
    test_make_folder("killed");
    test_write_file("killed/a", "old", 3);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        asl__writer *writer = NULL;

        if (asl__writer_open(&writer, "killed/a", NULL) == ASL_OK &&
            asl__writer_write(writer, "half", 4, NULL) == ASL_OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
    assert_content("killed/a", "old");
    assert_ok(asl__file_write("killed/a", "new", 3, &err), &err);
    assert_content("killed/a", "new");
}

/* What a killed writer leaves goes; what a living one holds stays, and files of other names. */
static void sweeping_takes_what_the_dead_left(void **state)
{
    static const char *const others[] = {".a.backup", ".a.backup.old", ".b.abcdef.tmp", "a.tmp"};
    asl_error err = ASL_ERROR_INIT;
    asl__writer *living = NULL, *writer = NULL;
    const int files = open_files();

    (void)state;
    a_killed_writer_leaves_the_old_file(state);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char path[64];
        snprintf(path, sizeof path, "killed/%s", others[i]);
        test_write_file(path, "", 0);
    }
    assert_ok(asl__writer_open(&living, "killed/a", &err), &err);
    assert_ok(asl__writer_open(&writer, "killed/a", &err), &err);
    assert_int_equal(count_entries("killed"), 1 + 1 + 4 + 2);
    asl__writer_sweep(writer);
    assert_int_equal(count_entries("killed"), 1 + 4 + 2);
    asl__writer_abort(writer);
    assert_ok(asl__writer_write(living, "last", 4, &err), &err);
    assert_ok(asl__writer_commit(living, &err), &err);
    assert_content("killed/a", "last");
    assert_int_equal(count_entries("killed"), 1 + 4);
    assert_int_equal(open_files(), files);
}

static void every_allocation_may_fail(void **state)
{
    const int files = open_files();

    (void)state;
    test_make_folder("memory");
    assert_int_equal(symlink("target", "memory/link"), 0);
    for (int64_t fail_at = 1;; fail_at++) {
        asl_error err = ASL_ERROR_INIT;
        asl_status status = ASL_OK;

        test_allocator_install(fail_at, false);
        status = asl__file_write("memory/link", "x", 1, &err);
        if (status == ASL_OK) {
            assert_in_range(test_allocator_count(), 4, fail_at - 1);
            test_allocator_remove();
            break;
        }
        assert_status(status, ASL_ERR_NOMEM, &err);
        test_allocator_remove();
        assert_int_equal(count_entries("memory"), 1);
        assert_int_equal(open_files(), files);
    }
    assert_content("memory/target", "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_file_appears_with_the_commit, make_folder),
        cmocka_unit_test_setup(aborting_leaves_the_old_file, make_folder),
        cmocka_unit_test_setup(write_at_leaves_the_append_position, make_folder),
        cmocka_unit_test_setup(threads_may_write_disjoint_ranges, make_folder),
        cmocka_unit_test_setup(the_mode_is_kept, make_folder),
        cmocka_unit_test(a_private_file_is_never_public),
        cmocka_unit_test(links_are_followed_once),
        cmocka_unit_test_setup(what_cannot_be_a_file_is_refused, make_folder),
        cmocka_unit_test_setup(long_names_have_room_for_the_temporary, make_folder),
        cmocka_unit_test(a_folder_without_permission_is_an_io_error),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_killed_writer_leaves_the_old_file),
        cmocka_unit_test(sweeping_takes_what_the_dead_left),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
