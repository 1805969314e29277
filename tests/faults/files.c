/* SPDX-License-Identifier: MIT */
/* Files and threads that fail at every call of every errand: the errand says so or copes, leaves
 * nothing open and nothing behind, and goes well the next time. */
#include "support/support.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>

#include "scenarios.h"
#include "system.h"

typedef struct fault {
    const char *name;
    int32_t kind, number;
    bool for_good;
} fault;

static const fault file_faults[] = {
    {"EIO once", FAULTY_FILES, EIO, false},       {"EIO", FAULTY_FILES, EIO, true},
    {"ENOSPC once", FAULTY_FILES, ENOSPC, false}, {"ENOSPC", FAULTY_FILES, ENOSPC, true},
    {"EACCES once", FAULTY_FILES, EACCES, false}, {"EACCES", FAULTY_FILES, EACCES, true},
    {"EINTR once", FAULTY_FILES, EINTR, false},   {"short once", FAULTY_FILES, FAULTY_SHORT, false},
    {"short", FAULTY_FILES, FAULTY_SHORT, true},
};

static const fault thread_faults[] = {
    {"EAGAIN once", FAULTY_THREADS, EAGAIN, false},
    {"EAGAIN", FAULTY_THREADS, EAGAIN, true},
    {"ENOMEM", FAULTY_THREADS, ENOMEM, true},
};

static outcome run(const scenario *errand)
{
    outcome out = {.err = ASL_ERROR_INIT};
    scenarios_clean();
    errand->run(&out);
    return out;
}

/* What a call of the system's may lead to. */
static bool is_fitting(const fault *f, asl_status status)
{
    if (f->kind == FAULTY_THREADS)
        return status == ASL_ERR_SYSTEM;
    return f->number != FAULTY_SHORT &&
           (status == ASL_ERR_IO || status == ASL_ERR_PATH || status == ASL_ERR_DATASET ||
            status == ASL_ERR_NOT_FOUND);
}

/* Temporary files have names with a dot first. */
static int32_t temporaries(void)
{
    DIR *dir = opendir("out");
    int32_t count = 0;
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
                 strcmp(entry->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return count;
}

static void check(const scenario *errand, const fault *f, int64_t n, const outcome *out,
                  uint64_t sum)
{
    char what[128];
    snprintf(what, sizeof what, "%s, %s at call %" PRId64 " (%s)", errand->name, f->name, n,
             faulty_name());
    if (out->status < 0 && !is_fitting(f, out->status))
        fail_msg("%s: %s: %s", what, asl_status_name(out->status), out->err.message);
    if (out->status < 0)
        test_check_error(out->status, &out->err);
    else if (out->notes == 0 && out->sum != sum)
        fail_msg("%s: another result, and no word of it", what);
    if (temporaries() > 0 && !f->for_good && strcmp(faulty_name(), "unlinkat") != 0)
        fail_msg("%s: a temporary file stays", what);
}

/* Each call once; how many there are. */
static int64_t fail_each(const scenario *errand, const fault *f, uint64_t sum)
{
    const int32_t descriptors = faulty_descriptors();
    for (int64_t n = 1;; n++) {
        faulty_install(f->kind, n, f->for_good, f->number);
        const outcome out = run(errand);
        const bool struck = faulty_count() >= n;
        faulty_remove();
        if (!struck)
            return n - 1;
        check(errand, f, n, &out, sum);
        if (faulty_descriptors() != descriptors)
            fail_msg("%s, %s at call %" PRId64 " (%s): a descriptor stays open", errand->name,
                     f->name, n, faulty_name());
    }
}

static void fail_all(const fault *faults, size_t count, const char *what)
{
    int64_t calls = 0, tried = 0;
    scenarios_prepare();
    const uint64_t inputs = scenarios_inputs();
    for (const scenario *errand = scenarios; errand->name; errand++) {
        const outcome whole = run(errand);
        int64_t sites = 0;
        if (whole.status < 0) { /* an instruction set that this machine lacks */
            assert_int_equal(whole.status, ASL_ERR_BACKEND);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            sites = fail_each(errand, &faults[i], whole.sum);
            tried += sites;
            const outcome again = run(errand);
            assert_int_equal(again.status, ASL_OK);
            assert_true(again.sum == whole.sum);
        }
        print_message("%-16s %5" PRId64 " %s\n", errand->name, sites, what);
        calls += sites;
    }
    assert_true(scenarios_inputs() == inputs);
    print_message("count: %" PRId64 " %s, failed in %zu ways, %" PRId64 " runs\n", calls, what,
                  count, tried);
}

static void test_every_file_call(void **state)
{
    (void)state;
    fail_all(file_faults, sizeof file_faults / sizeof *file_faults, "file calls");
}

static void test_every_thread_call(void **state)
{
    (void)state;
    fail_all(thread_faults, sizeof thread_faults / sizeof *thread_faults, "thread calls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_file_call),
                                       cmocka_unit_test(test_every_thread_call)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
