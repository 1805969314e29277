/* SPDX-License-Identifier: MIT */
/* The table of backends: what is listed, what "auto" takes, and what the refusals say. */
#include "backends/problem.h"

static bool is_listed(const char *name)
{
    for (int32_t i = 0; i < asl_backend_count(); i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        assert_int_equal(asl_backend_get_info(&info, i, NULL), ASL_OK);
        if (strcmp(info.name, name) == 0)
            return true;
    }
    return false;
}

static void test_list(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_true(asl_backend_count() >= 1);
    assert_true(is_listed("reference"));
    for (int32_t i = 0; i < asl_backend_count(); i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        assert_ok(asl_backend_get_info(&info, i, &err), &err);
        assert_true(strlen(info.name) > 0 && strlen(info.description) > 0);
        assert_true(strlen(info.reason) > 0 && strlen(info.reason) < sizeof info.reason);
    }
}

static void test_list_refusals(void **state)
{
    asl_backend_info info = {.struct_size = sizeof info};
    asl_backend_info no_size = {.struct_size = 0};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_status(asl_backend_get_info(&info, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_backend_get_info(&info, asl_backend_count(), &err), ASL_ERR_ARG, &err);
    assert_status(asl_backend_get_info(NULL, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_backend_get_info(&no_size, 0, &err), ASL_ERR_ARG, &err);
}

static void test_auto(void **state)
{
    static const char *const names[] = {NULL, "auto"};
    asl_error err = ASL_ERROR_INIT;
    char chosen[200];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const asl__backend *backend = NULL;
        assert_ok(asl__backend_find(&backend, chosen, sizeof chosen, names[i], &err), &err);
        assert_int_equal(backend->abi, ASL__BACKEND_ABI);
        /* The name comes first, then why. */
        assert_memory_equal(chosen, backend->name, strlen(backend->name));
        assert_non_null(strstr(chosen, " ("));
        if (backend == &asl__backend_reference)
            assert_non_null(strstr(chosen, "cpu: "));
    }
}

static void test_named(void **state)
{
    const asl__backend *backend = NULL;
    asl_error err = ASL_ERROR_INIT;
    char chosen[200], tiny[6];
    (void)state;
    assert_ok(asl__backend_find(&backend, chosen, sizeof chosen, "reference", &err), &err);
    assert_ptr_equal(backend, &asl__backend_reference);
    assert_string_equal(chosen, "reference (as asked)");
    assert_ok(asl__backend_find(&backend, tiny, sizeof tiny, "reference", &err), &err);
    assert_string_equal(tiny, "refer");
}

static void test_refusals(void **state)
{
    static const char *const known[] = {"cuda", "cpu"};
    static const char *const unknown[] = {"", "CPU", "opencl", "reference "};
    const asl__backend *backend = &asl__backend_reference;
    asl_error err = ASL_ERROR_INIT;
    char chosen[200];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (is_listed(known[i]))
            continue;
        assert_status(asl__backend_find(&backend, chosen, sizeof chosen, known[i], &err),
                      ASL_ERR_BACKEND, &err);
        assert_null(backend);
        assert_non_null(strstr(err.message, known[i]));
        assert_non_null(strstr(err.message, "not in this build, which has: "));
        assert_non_null(strstr(err.message, "reference"));
    }
    for (size_t i = 0; i < 4; i++) {
        assert_status(asl__backend_find(&backend, chosen, sizeof chosen, unknown[i], &err),
                      ASL_ERR_BACKEND, &err);
        assert_null(backend);
        assert_non_null(strstr(err.message, "use auto, cuda, cpu, reference"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),     cmocka_unit_test(test_list_refusals),
        cmocka_unit_test(test_auto),     cmocka_unit_test(test_named),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
