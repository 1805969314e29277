/* SPDX-License-Identifier: MIT */
/* The models that are part of the library. ASL__EXPECTED_MODELS lists those that this build has,
 * "letters hands"; without them the call says what to do. */
#include "support/support.h"

#include "base/labels.h"
#include "model/builtin.h"
#include "model/model.h"

static const char *const names[ASL__BUILTIN_COUNT] = {"letters", "hands"};

static void test_each(void **state)
{
    (void)state;
    for (int32_t which = 0; which < ASL__BUILTIN_COUNT; which++) {
        asl_error err = ASL_ERROR_INIT;
        asl_model *model = NULL;
        const asl_status status = asl_model_builtin(&model, which, &err);
        if (strstr(ASL__EXPECTED_MODELS, names[which])) {
            assert_ok(status, &err);
            assert_in_range(asl__builtin_file(which).size, 1, 1200 * 1000);
            asl_model_free(model);
        } else {
            assert_status(status, ASL_ERR_UNSUPPORTED, &err);
            assert_null(model);
            assert_non_null(strstr(err.message, "ASL_BUILTIN_MODEL=ON"));
        }
    }
}

/* Names outside the 29 never appear, and the order is that of every model of ours. */
static void test_letters(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_info info = {.struct_size = sizeof info};
    (void)state;
    if (!strstr(ASL__EXPECTED_MODELS, "letters"))
        skip();
    assert_ok(asl_model_builtin(&model, ASL_BUILTIN_LETTERS, &err), &err);
    assert_ok(asl_model_get_info(&info, model, &err), &err);
    assert_int_equal(info.label_count, ASL__ALPHABET_COUNT);
    for (int32_t i = 0; i < info.label_count; i++)
        assert_string_equal(asl_model_label(model, i), asl__alphabet[i]);
    asl_model_free(model);
}

static void test_arguments(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    (void)state;
    assert_status(asl_model_builtin(NULL, ASL_BUILTIN_LETTERS, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_builtin(&model, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_model_builtin(&model, ASL__BUILTIN_COUNT, &err), ASL_ERR_ARG, &err);
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
