/* SPDX-License-Identifier: MIT */
/* Memory that runs short at every place of every errand, once or for good: the errand says so,
 * leaks nothing, leaves its inputs alone, and goes well the next time. */
#include "support/support.h"

#include <inttypes.h>

#include "scenarios.h"
#include "system.h"

static outcome run(const scenario *errand)
{
    outcome out = {.err = ASL_ERROR_INIT};
    scenarios_clean();
    errand->run(&out);
    return out;
}

/* The n-th allocation fails; whether there was an n-th. */
static bool fail_nth(const scenario *errand, int64_t n, bool for_good, uint64_t sum)
{
    const int32_t descriptors = faulty_descriptors();
    test_allocator_install(n, for_good);
    const outcome out = run(errand);
    const bool struck = test_allocator_count() >= n;
    test_allocator_remove(); /* fails the test when something is still in use */
    if (out.status < 0 && out.status != ASL_ERR_NOMEM)
        fail_msg("%s, allocation %" PRId64 ": %s: %s", errand->name, n,
                 asl_status_name(out.status), out.err.message);
    if (out.status < 0)
        test_check_error(ASL_ERR_NOMEM, &out.err);
    else if (out.notes == 0 && out.sum != sum)
        fail_msg("%s, allocation %" PRId64 ": another result, and no word of it", errand->name, n);
    if (faulty_descriptors() != descriptors)
        fail_msg("%s, allocation %" PRId64 ": a descriptor stays open", errand->name, n);
    return struck;
}

static void test_every_allocation(void **state)
{
    int64_t sites = 0;
    int32_t errands = 0;
    (void)state;
    scenarios_prepare();
    const uint64_t inputs = scenarios_inputs();
    for (const scenario *errand = scenarios; errand->name; errand++, errands++) {
        const outcome whole = run(errand);
        int64_t n = 1;
        if (whole.status < 0) { /* an instruction set that this machine lacks */
            assert_int_equal(whole.status, ASL_ERR_BACKEND);
            continue;
        }
        for (; fail_nth(errand, n, false, whole.sum); n++) {
            fail_nth(errand, n, true, whole.sum);
            const outcome again = run(errand);
            assert_int_equal(again.status, ASL_OK);
            assert_true(again.sum == whole.sum);
        }
        print_message("%-16s %5" PRId64 " allocations\n", errand->name, n - 1);
        sites += n - 1;
    }
    assert_true(scenarios_inputs() == inputs);
    print_message("count: %d errands, %" PRId64 " allocations, each failed twice\n", (int)errands,
                  sites);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
