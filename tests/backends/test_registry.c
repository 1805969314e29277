/* SPDX-License-Identifier: MIT */
/* The table of backends: what is listed, what "auto" takes, and what the refusals say. */
#include "backends/problem.h"

static void test_list(void **state)
{
    static const char *const names[] = {"cuda", "cpu", "reference"};
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    assert_int_equal(asl_backend_count(), 3);
    for (int32_t i = 0; i < 3; i++) {
        asl_backend_info info = {.struct_size = sizeof info};
        assert_ok(asl_backend_get_info(&info, i, &err), &err);
        assert_string_equal(info.name, names[i]);
        assert_true(info.available == 1 || i == 0);
        assert_true(strlen(info.description) > 0);
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

/* Instruction sets are the cpu backend's, on a machine with a GPU too. */
static void test_instruction_set(void **state)
{
    (void)state;
    assert_string_equal(asl__backend_asked(NULL, "avx2"), "cpu");
    assert_string_equal(asl__backend_asked("auto", "c"), "cpu");
    assert_string_equal(asl__backend_asked("cuda", "c"), "cuda");
    assert_string_equal(asl__backend_asked("auto", "auto"), "auto");
    assert_null(asl__backend_asked(NULL, NULL));
}

static void test_refusals(void **state)
{
    static const char *const unknown[] = {"", "CPU", "opencl", "reference "};
    const asl__backend *backend = &asl__backend_reference;
    asl_error err = ASL_ERROR_INIT;
    char chosen[200];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_status(asl__backend_find(&backend, chosen, sizeof chosen, unknown[i], &err),
                      ASL_ERR_BACKEND, &err);
        assert_null(backend);
        assert_non_null(strstr(err.message, "use auto, cuda, cpu, reference"));
    }
}

/* The list, "auto" and who asks by name are told the same. */
static void test_cuda(void **state)
{
    const asl__backend *backend = &asl__backend_reference;
    asl_backend_info info = {.struct_size = sizeof info};
    asl_error err = ASL_ERROR_INIT;
    char chosen[200], said[200];
    (void)state;
    assert_ok(asl_backend_get_info(&info, 0, &err), &err);
    if (info.available)
        skip();
    assert_status(asl__backend_find(&backend, chosen, sizeof chosen, "cuda", &err), ASL_ERR_BACKEND,
                  &err);
    assert_null(backend);
    snprintf(said, sizeof said, "backend 'cuda' cannot run here: %s", info.reason);
    assert_string_equal(err.message, said);
    assert_ok(asl__backend_find(&backend, chosen, sizeof chosen, "auto", &err), &err);
    snprintf(said, sizeof said, "cpu (cuda: %s)", info.reason);
    assert_string_equal(chosen, said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_refusals),
        cmocka_unit_test(test_auto),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_instruction_set),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cuda),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
