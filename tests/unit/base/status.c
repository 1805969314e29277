/* SPDX-License-Identifier: MIT */
/* The table of statuses and the version. The codes are part of the ABI, hence spelled out again. */
#include "support/support.h"

static const struct {
    asl_status code;
    int32_t value;
    const char *name;
} expected[] = {
    {ASL_OK, 0, "ASL_OK"},
    {ASL_STOPPED, 1, "ASL_STOPPED"},
    {ASL_PARTIAL, 2, "ASL_PARTIAL"},
    {ASL_ERR_ARG, -1, "ASL_ERR_ARG"},
    {ASL_ERR_STATE, -2, "ASL_ERR_STATE"},
    {ASL_ERR_BUSY, -3, "ASL_ERR_BUSY"},
    {ASL_ERR_TOO_NEW, -4, "ASL_ERR_TOO_NEW"},
    {ASL_ERR_NOMEM, -20, "ASL_ERR_NOMEM"},
    {ASL_ERR_IO, -21, "ASL_ERR_IO"},
    {ASL_ERR_SYSTEM, -22, "ASL_ERR_SYSTEM"},
    {ASL_ERR_PATH, -23, "ASL_ERR_PATH"},
    {ASL_ERR_LIMIT, -24, "ASL_ERR_LIMIT"},
    {ASL_ERR_NOT_FOUND, -25, "ASL_ERR_NOT_FOUND"},
    {ASL_ERR_EXISTS, -26, "ASL_ERR_EXISTS"},
    {ASL_ERR_TRUNCATED, -40, "ASL_ERR_TRUNCATED"},
    {ASL_ERR_CHECKSUM, -41, "ASL_ERR_CHECKSUM"},
    {ASL_ERR_IMAGE, -42, "ASL_ERR_IMAGE"},
    {ASL_ERR_UNSUPPORTED, -43, "ASL_ERR_UNSUPPORTED"},
    {ASL_ERR_CSV, -44, "ASL_ERR_CSV"},
    {ASL_ERR_DATASET, -45, "ASL_ERR_DATASET"},
    {ASL_ERR_DATASET_CHANGED, -46, "ASL_ERR_DATASET_CHANGED"},
    {ASL_ERR_PACK, -47, "ASL_ERR_PACK"},
    {ASL_ERR_MODEL, -60, "ASL_ERR_MODEL"},
    {ASL_ERR_MODEL_TOO_NEW, -61, "ASL_ERR_MODEL_TOO_NEW"},
    {ASL_ERR_ARCHITECTURE, -62, "ASL_ERR_ARCHITECTURE"},
    {ASL_ERR_LABELS, -63, "ASL_ERR_LABELS"},
    {ASL_ERR_BACKEND, -80, "ASL_ERR_BACKEND"},
    {ASL_ERR_DEVICE_LOST, -81, "ASL_ERR_DEVICE_LOST"},
    {ASL_ERR_DIVERGED, -82, "ASL_ERR_DIVERGED"},
    {ASL_ERR_INTERNAL, -99, "ASL_ERR_INTERNAL"},
};

enum { EXPECTED_COUNT = sizeof expected / sizeof expected[0] };

static void codes_and_names_stand_for_ever(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        assert_int_equal(expected[i].code, expected[i].value);
        assert_string_equal(asl_status_name(expected[i].code), expected[i].name);
        assert_string_not_equal(asl_status_text(expected[i].code), "");
        assert_string_not_equal(asl_status_text(expected[i].code), "unknown status");
    }
    for (asl_status code = -1000; code <= 1000; code++)
        count += strcmp(asl_status_name(code), "ASL_UNKNOWN") != 0 ? 1 : 0;
    assert_int_equal(count, EXPECTED_COUNT);
}

static void unknown_codes_have_a_text(void **state)
{
    (void)state;
    assert_string_equal(asl_status_name(INT32_MIN), "ASL_UNKNOWN");
    assert_string_equal(asl_status_text(INT32_MAX), "unknown status");
}

static void the_version_is_the_headers(void **state)
{
    char text[32];

    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", ASL_VERSION_MAJOR, ASL_VERSION_MINOR,
             ASL_VERSION_PATCH);
    assert_string_equal(asl_version(), text);
    assert_string_equal(asl_identity(), "libasl: American Sign Language fingerspelling");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_names_stand_for_ever),
        cmocka_unit_test(unknown_codes_have_a_text),
        cmocka_unit_test(the_version_is_the_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
