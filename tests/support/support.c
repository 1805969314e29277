/* SPDX-License-Identifier: MIT */
/* What the tests share; see support.h. */
#include "support/support.h"

#include <ftw.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

void test_check_error(asl_status expected, const asl_error *err)
{
    if (err->code != expected && !(expected > 0 && err->code == ASL_OK))
        fail_msg("err.code is %s, the call returned %s", asl_status_name(err->code),
                 asl_status_name(expected));
    if (memchr(err->message, '\0', sizeof err->message) == NULL)
        fail_msg("the message does not end");
    if (expected < 0 && err->message[0] == '\0')
        fail_msg("%s came without a message", asl_status_name(expected));
    for (const char *c = err->message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            fail_msg("the message holds the control character 0x%02x", (unsigned char)*c);
    }
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const char *test_data_folder(void)
{
    const char *named = getenv("ASL_TEST_DATA");
    const bool chosen = named != NULL && named[0] != '\0';
    const char *folder = chosen ? named : TEST_SOURCE_DIR "/../../shared/data";

    if (is_folder(folder))
        return folder;
    print_message("SKIPPED: no folder '%s' with real pictures; set ASL_TEST_DATA to one\n", folder);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void test_make_folder(const char *name)
{
    struct stat info;

    if (lstat(name, &info) == 0 && nftw(name, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fail_msg("cannot remove '%s'", name);
    if (mkdir(name, 0777) != 0)
        fail_msg("cannot make the folder '%s'", name);
}

void test_write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    size_t written = 0;

    if (file == NULL)
        fail_msg("cannot open '%s' for writing", path);
    if (size > 0)
        written = fwrite(data, 1, size, file);
    if (fclose(file) != 0 || written != size)
        fail_msg("cannot write '%s'", path);
}

static atomic_int_fast64_t allocations;
static int64_t failing;
static bool failing_for_good;

static void *counting_alloc(size_t size, size_t alignment, void *user)
{
    const int64_t number = atomic_fetch_add(&allocations, 1) + 1;
    void *memory = NULL;

    (void)user;
    if (failing > 0 && (number == failing || (failing_for_good && number > failing)))
        return NULL;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void counting_free(void *memory, void *user)
{
    (void)user;
    free(memory);
}

void test_allocator_install(int64_t fail_at, bool for_good)
{
    const asl_allocator counting = {sizeof counting, 0, counting_alloc, counting_free, NULL};
    asl_error err = ASL_ERROR_INIT;

    atomic_store(&allocations, 0);
    failing = fail_at;
    failing_for_good = for_good;
    assert_ok(asl_set_allocator(&counting, &err), &err);
}

int64_t test_allocator_count(void)
{
    return atomic_load(&allocations);
}

void test_allocator_remove(void)
{
    asl_error err = ASL_ERROR_INIT;

    assert_ok(asl_set_allocator(NULL, &err), &err);
}
