/* SPDX-License-Identifier: MIT */
/* asl_error: what is written, what is cut, and what is never touched. */
#include "support/support.h"

#include <errno.h>

#include "base/error.h"

/* As the GPU module does. */
__attribute__((format(printf, 2, 3))) static asl_status forward(asl_error *err, const char *format,
                                                                ...)
{
    va_list values;
    va_start(values, format);
    const asl_status status = asl__fail_values(err, ASL_ERR_DEVICE_LOST, format, values);
    va_end(values);
    return status;
}

static void fields_are_filled(void **state)
{
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    assert_int_equal(asl__fail(&err, ASL_ERR_CSV, "row %d: %s", 7, "bad"), ASL_ERR_CSV);
    assert_int_equal(err.code, ASL_ERR_CSV);
    assert_int_equal(err.sys_errno, 0);
    assert_int_equal(err.offset, -1);
    assert_string_equal(err.message, "row 7: bad");

    assert_int_equal(asl__fail_at(&err, ASL_ERR_IMAGE, 1234567890123, "x"), ASL_ERR_IMAGE);
    assert_int_equal(err.offset, 1234567890123);

    assert_int_equal(asl__fail_errno(&err, ASL_ERR_IO, EACCES, "cannot open '%s'", "data/A"),
                     ASL_ERR_IO);
    assert_int_equal(err.sys_errno, EACCES);
    assert_int_equal(err.offset, -1);
    assert_string_equal(err.message, "cannot open 'data/A': Permission denied");

    asl__fail_errno(&err, ASL_ERR_IO, 123456, "x");
    assert_string_equal(err.message, "x: unknown error");

    assert_int_equal(forward(&err, "%s %d\n", "GPU", 3), ASL_ERR_DEVICE_LOST);
    assert_int_equal(err.code, ASL_ERR_DEVICE_LOST);
    assert_string_equal(err.message, "GPU 3?");

    assert_int_equal(asl__fail_memory(&err, "a picture"), ASL_ERR_NOMEM);
    assert_string_equal(err.message, "out of memory for a picture");

    asl__error_clear(&err);
    assert_int_equal(err.code, ASL_OK);
    assert_int_equal(err.sys_errno, 0);
    assert_int_equal(err.offset, -1);
    assert_string_equal(err.message, "");
}

static void null_is_allowed(void **state)
{
    const asl_error from = ASL_ERROR_INIT;

    (void)state;
    assert_int_equal(asl__fail(NULL, ASL_ERR_ARG, "x"), ASL_ERR_ARG);
    assert_int_equal(asl__fail_at(NULL, ASL_ERR_ARG, 1, "x"), ASL_ERR_ARG);
    assert_int_equal(asl__fail_errno(NULL, ASL_ERR_IO, EIO, "x"), ASL_ERR_IO);
    assert_int_equal(asl__fail_memory(NULL, "x"), ASL_ERR_NOMEM);
    asl__error_clear(NULL);
    asl__error_copy(NULL, &from);
}

static void only_struct_size_is_written(void **state)
{
    (void)state;
    for (uint32_t size = 0; size <= sizeof(asl_error); size++) {
        asl_error err;
        const unsigned char *bytes = (const unsigned char *)&err;
        const uint32_t head = offsetof(asl_error, message);
        const uint32_t written = size > head ? size : 0;

        memset(&err, 0xee, sizeof err);
        err.struct_size = size;
        asl__fail(&err, ASL_ERR_IO, "%0300d", 0);
        for (size_t i = written > 4 ? written : 4; i < sizeof err; i++)
            assert_int_equal(bytes[i], 0xee);
        if (size > head) {
            assert_int_equal(err.code, ASL_ERR_IO);
            assert_int_equal(strlen(err.message), size - head - 1);
        }
        asl__error_clear(&err);
        for (size_t i = written > 4 ? written : 4; i < sizeof err; i++)
            assert_int_equal(bytes[i], 0xee);
    }
}

static void a_later_struct_is_taken_as_ours(void **state)
{
    struct {
        asl_error known;
        char tail[8];
    } later;

    (void)state;
    memset(&later, 0xee, sizeof later);
    later.known.struct_size = sizeof later;
    asl__fail(&later.known, ASL_ERR_IO, "%0300d", 0);
    assert_int_equal(strlen(later.known.message), 255);
    for (size_t i = 0; i < sizeof later.tail; i++)
        assert_int_equal((unsigned char)later.tail[i], 0xee);
}

static void messages_are_clean(void **state)
{
    static const struct {
        const char *text, *message;
    } table[] = {
        {"a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8b", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8b"},
        {"\xc2\x9b"
         "31m",
         "?31m"},                     /* C1: a terminal's CSI */
        {"\xc2\xa0", "\xc2\xa0"},     /* the first one after C1 */
        {"\xff\xfe", "??"},           /* never UTF-8 */
        {"\xc0\xaf", "??"},           /* overlong */
        {"x\xe2\x82", "x??"},         /* ends early */
        {"\xed\xa0\x80", "???"},      /* surrogate */
        {"100% %s %n", "100% %s %n"}, /* a text, not a format */
    };
    asl_error err = ASL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        asl__fail(&err, ASL_ERR_PATH, "%s", table[i].text);
        assert_string_equal(err.message, table[i].message);
    }
}

static void long_messages_end_at_a_character(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    char text[1024];

    (void)state;
    for (int shift = 0; shift < 3; shift++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 3 < sizeof text - 1; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        text[sizeof text - 1] = '\0';
        asl__fail(&err, ASL_ERR_PATH, "%s", text);
        assert_int_equal(strlen(err.message), shift + (255 - shift) / 3 * 3);
        assert_memory_equal(err.message, text, strlen(err.message));
    }
}

static void a_long_path_does_not_hide_the_reason(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    const char *reason = ": No space left on device";

    (void)state;
    asl__fail_errno(&err, ASL_ERR_IO, ENOSPC, "cannot write '%0500d'", 0);
    assert_int_equal(strlen(err.message), 255);
    assert_string_equal(err.message + 255 - strlen(reason), reason);

    err.struct_size = offsetof(asl_error, message) + 6;
    asl__fail_errno(&err, ASL_ERR_IO, ENOSPC, "cannot write");
    assert_string_equal(err.message, ": No ");
}

static void copies_fit_the_receiver(void **state)
{
    asl_error from = ASL_ERROR_INIT, err = ASL_ERROR_INIT;

    (void)state;
    asl__fail_at(&from, ASL_ERR_CSV, 9, "row 9");
    from.sys_errno = 3;
    asl__error_copy(&err, &from);
    assert_int_equal(err.code, ASL_ERR_CSV);
    assert_int_equal(err.sys_errno, 3);
    assert_int_equal(err.offset, 9);
    assert_string_equal(err.message, "row 9");

    err.struct_size = offsetof(asl_error, message) + 4;
    asl__error_copy(&err, &from);
    assert_string_equal(err.message, "row");
    err.struct_size = 0;
    err.code = 5;
    asl__error_copy(&err, &from);
    assert_int_equal(err.code, 5);
}

static asl_status takes_positive(int value, asl_error *err)
{
    asl__error_clear(err);
    ASL__CHECK_ARG(value > 0, err);
    return ASL_OK;
}

static asl_status passes_on(int value, asl_error *err, bool *cleaned)
{
    asl_status status = ASL_OK;

    ASL__TRY(takes_positive(value, err));
    ASL__TRY(ASL_PARTIAL);
fail:
    *cleaned = true;
    return status;
}

static void the_macros_return_and_clean_up(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    bool cleaned = false;

    (void)state;
    assert_status(passes_on(0, &err, &cleaned), ASL_ERR_ARG, &err);
    assert_string_equal(err.message, "takes_positive: expected value > 0");
    assert_true(cleaned);
    assert_status(passes_on(1, &err, &cleaned), ASL_PARTIAL, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_filled),
        cmocka_unit_test(null_is_allowed),
        cmocka_unit_test(only_struct_size_is_written),
        cmocka_unit_test(a_later_struct_is_taken_as_ours),
        cmocka_unit_test(messages_are_clean),
        cmocka_unit_test(long_messages_end_at_a_character),
        cmocka_unit_test(a_long_path_does_not_hide_the_reason),
        cmocka_unit_test(copies_fit_the_receiver),
        cmocka_unit_test(the_macros_return_and_clean_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
