/* SPDX-License-Identifier: MIT */
/* The container by itself: order and alignment of what is written, look-ups, and refusals of the
 * writer. What the reader refuses is in malformed.c. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/error.h"
#include "model/safetensors.h"

static const int64_t three[] = {3};

/* One tensor of every type, added in either order. */
static void *encode(size_t *size, bool backwards)
{
    static const struct {
        const char *name;
        int32_t dtype;
    } tensors[] = {{"z", ASL__DTYPE_F64}, {"b", ASL__DTYPE_U8},  {"a/1", ASL__DTYPE_F32},
                   {"c", ASL__DTYPE_I64}, {"d", ASL__DTYPE_F16}, {"a/0", ASL__DTYPE_F32}};
    static const uint8_t data[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    asl_error err = ASL_ERROR_INIT;
    asl__tensors_writer *writer = NULL;
    void *bytes = NULL;
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int i = 0; i < 6; i++) {
        const int t = backwards ? 5 - i : i;
        char key[8];
        snprintf(key, sizeof key, "k%d", t);
        assert_ok(asl__tensors_writer_entry(writer, key, tensors[t].name, &err), &err);
        assert_ok(asl__tensors_writer_tensor(writer, tensors[t].name, tensors[t].dtype, three, 1,
                                             data, &err),
                  &err);
    }
    assert_ok(asl__tensors_writer_encode(&bytes, size, writer, &err), &err);
    asl__tensors_writer_free(writer);
    return bytes;
}

static void test_order(void **state)
{
    static const struct {
        const char *name;
        size_t offset, bytes;
    } expected[] = {{"a/0", 48, 12}, {"a/1", 60, 12}, {"b", 78, 3},
                    {"c", 0, 24},    {"d", 72, 6},    {"z", 24, 24}};
    asl_error err = ASL_ERROR_INIT;
    asl__tensors file;
    size_t size, again;
    void *one = encode(&size, false), *two = encode(&again, true);
    (void)state;
    assert_int_equal(size, again);
    assert_memory_equal(one, two, size);
    asl__free(two);
    assert_ok(asl__tensors_parse(&file, one, size, "memory", &err), &err);
    assert_int_equal(file.tensor_count, 6);
    assert_int_equal(file.entry_count, 9);
    for (int i = 0; i < 6; i++) {
        const asl__file_tensor *tensor = asl__tensors_find(&file, expected[i].name);
        assert_ptr_equal(tensor, &file.tensors[i]); /* sorted by name */
        assert_int_equal(tensor->offset, expected[i].offset);
        assert_int_equal(tensor->bytes, expected[i].bytes);
        assert_int_equal(tensor->count, 3);
        assert_int_equal((uintptr_t)tensor->data % asl__dtype_size(tensor->dtype), 0);
        assert_int_equal(*(const uint8_t *)tensor->data, 1);
    }
    assert_null(asl__tensors_find(&file, "a"));
    assert_string_equal(asl__tensors_entry(&file, "k3"), "c");
    assert_string_equal(asl__tensors_entry(&file, "asl.format"), "1.0");
    assert_null(asl__tensors_entry(&file, "k6"));
    asl__tensors_free(&file);
    assert_null(asl__tensors_find(&file, "a/0"));
    assert_null(asl__tensors_entry(&file, "k3"));
    asl__tensors_free(&file);
}

static void test_no_tensors(void **state)
{
    asl_error err = ASL_ERROR_INIT;
    asl__tensors_writer *writer = NULL;
    asl__tensors file;
    void *bytes = NULL;
    size_t size;
    (void)state;
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_ok(asl__tensors_writer_encode(&bytes, &size, writer, &err), &err);
    assert_ok(asl__tensors_parse(&file, bytes, size, "memory", &err), &err);
    assert_int_equal(file.tensor_count, 0);
    asl__tensors_free(&file);
    asl__tensors_writer_free(writer);
}

static void test_writer_refuses(void **state)
{
    static char long_value[ASL__TENSORS_MAX_VALUE + 2], long_name[ASL__TENSORS_MAX_NAME + 2];
    asl_error err = ASL_ERROR_INIT;
    asl__tensors_writer *writer = NULL;
    void *bytes = NULL;
    size_t size;
    const float data[3] = {0};
    (void)state;
    memset(long_value, 'x', sizeof long_value - 1);
    memset(long_name, 'x', sizeof long_name - 1);
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_status(asl__tensors_writer_entry(writer, "", "v", &err), ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_entry(writer, "a b", "v", &err), ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_entry(writer, "k", "line\n", &err), ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_entry(writer, "k", "\xff", &err), ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_entry(writer, "k", long_value, &err), ASL_ERR_ARG, &err);
    const int32_t f32 = ASL__DTYPE_F32;
    assert_status(asl__tensors_writer_tensor(writer, "a\"b", f32, three, 1, data, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_tensor(writer, long_name, f32, three, 1, data, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl__tensors_writer_tensor(writer, "t", 0, three, 1, data, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl__tensors_writer_tensor(writer, "t", 7, three, 1, data, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl__tensors_writer_tensor(writer, "t", f32, three, 7, data, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl__tensors_writer_tensor(writer, "t", f32, (int64_t[]){0}, 1, data, &err),
                  ASL_ERR_ARG, &err);
    assert_status(
        asl__tensors_writer_tensor(writer, "t", f32, (int64_t[]){1LL << 31}, 1, data, &err),
        ASL_ERR_ARG, &err);

    assert_ok(asl__tensors_writer_tensor(writer, "t", f32, three, 1, data, &err), &err);
    assert_ok(asl__tensors_writer_tensor(writer, "t", ASL__DTYPE_U8, three, 1, data, &err), &err);
    assert_status(asl__tensors_writer_encode(&bytes, &size, writer, &err), ASL_ERR_ARG, &err);
    assert_non_null(strstr(err.message, "tensor 't' given twice"));
    assert_null(bytes);
    asl__tensors_writer_free(writer);

    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_ok(asl__tensors_writer_entry(writer, "asl.format", "1.0", &err), &err);
    assert_status(asl__tensors_writer_encode(&bytes, &size, writer, &err), ASL_ERR_ARG, &err);
    assert_non_null(strstr(err.message, "metadata 'asl.format' given twice"));
    asl__tensors_writer_free(writer);
}

static void test_writer_limits(void **state)
{
    static const int64_t huge[] = {1 << 30};
    asl_error err = ASL_ERROR_INIT;
    asl__tensors_writer *writer = NULL;
    void *bytes = NULL;
    size_t size;
    const uint8_t data[3] = {0};
    char name[ASL__TENSORS_MAX_NAME + 1];
    (void)state;
    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int i = 3; i < ASL__TENSORS_MAX_ENTRIES; i++) {
        snprintf(name, sizeof name, "k%d", i);
        assert_ok(asl__tensors_writer_entry(writer, name, "", &err), &err);
    }
    assert_status(asl__tensors_writer_entry(writer, "k", "", &err), ASL_ERR_LIMIT, &err);
    for (int i = 0; i < ASL__TENSORS_MAX_COUNT; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_ok(asl__tensors_writer_tensor(writer, name, ASL__DTYPE_U8,
                                             (int64_t[]){1, 1, 1, 1, 3}, 5, data, &err),
                  &err);
    }
    assert_status(asl__tensors_writer_tensor(writer, "t", ASL__DTYPE_U8, three, 1, data, &err),
                  ASL_ERR_LIMIT, &err);
    asl__tensors_writer_free(writer);

    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    for (int i = 0; i < 17; i++) {
        static char value[ASL__TENSORS_MAX_VALUE];
        memset(value, 'x', sizeof value - 1);
        snprintf(name, sizeof name, "k%d", i);
        assert_ok(asl__tensors_writer_entry(writer, name, value, &err), &err);
    }
    assert_status(asl__tensors_writer_encode(&bytes, &size, writer, &err), ASL_ERR_LIMIT, &err);
    asl__tensors_writer_free(writer);

    assert_ok(asl__tensors_writer_create(&writer, &err), &err);
    assert_ok(asl__tensors_writer_tensor(writer, "a", ASL__DTYPE_U8, huge, 1, data, &err), &err);
    assert_ok(asl__tensors_writer_tensor(writer, "b", ASL__DTYPE_U8, huge, 1, data, &err), &err);
    assert_status(asl__tensors_writer_encode(&bytes, &size, writer, &err), ASL_ERR_LIMIT, &err);
    asl__tensors_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_tensors),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_writer_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
