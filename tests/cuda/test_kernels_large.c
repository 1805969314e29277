/* SPDX-License-Identifier: MIT */
/* Kernels on maps of more than 2^31 values. All of a map's memory but its end is one short piece,
 * over and over; what is looked at lies in the end. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/cuda/kernels.h"
#include "emulation/cuda_launch.h"
#include "support/support.h"

cudaError_t emulation_launch(const char *name, cudaStream_t stream, size_t count, void *self,
                             void (*run)(void *self, unsigned blocks, unsigned threads),
                             void (*release)(void *self), const emulation_argument *arguments,
                             size_t argument_count)
{
    (void)name;
    (void)stream;
    (void)count;
    (void)arguments;
    (void)argument_count;
    run(self, 1, 1);
    release(self);
    return cudaSuccess;
}

enum { PIECE = 32 << 20, END = 1 << 20 };

typedef struct memory {
    uint8_t *data;
    size_t size, whole; /* whole pieces and an end */
} memory;

static void *map_or_fail(void *at, size_t size, int flags, int file)
{
    void *got = mmap(at, size, PROT_READ | PROT_WRITE, flags, file, 0);
    if (got == MAP_FAILED)
        fail_msg("no address space");
    return got;
}

static memory make_memory(size_t size)
{
    memory m = {NULL, size, (size + PIECE - 1) / PIECE * PIECE};
    const int file = memfd_create("piece", 0);
    assert_true(file >= 0 && ftruncate(file, PIECE) == 0);
    m.data = map_or_fail(NULL, m.whole, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    for (size_t at = 0; at < m.whole; at += PIECE)
        map_or_fail(m.data + at, PIECE, MAP_SHARED | MAP_FIXED, file);
    /* From the page in which the end begins. */
    const size_t end = (size - END) / 4096 * 4096;
    map_or_fail(m.data + end, m.whole - end, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
    assert_int_equal(close(file), 0);
    return m;
}

static void free_memory(memory *m)
{
    assert_int_equal(munmap(m->data, m->whole), 0);
}

/* The n-th last number. */
static uint16_t *bf16_from_end(const memory *m, size_t n)
{
    return (uint16_t *)(m->data + m->size) - n;
}

enum { ONE = 0x3F80, TWO = 0x4000 }; /* as bfloat16 */

static void test_convert(void **state)
{
    const size_t count = ((size_t)1 << 31) + 12345;
    memory in = make_memory(count * 2), out = make_memory(count * 2);
    (void)state;
    *bf16_from_end(&in, 1) = ONE;
    *bf16_from_end(&in, 1001) = TWO;
    assert_int_equal(asl__cuda_convert(out.data, ASL__BF16, in.data, ASL__BF16, count, NULL),
                     cudaSuccess);
    assert_memory_equal(out.data + out.size - END, in.data + in.size - END, END);
    free_memory(&in);
    free_memory(&out);
}

/* 65 * 2048 * 2048 * 8 values */
static const asl__map map = {65, 2048, 2048, 8};
#define VALUES ((size_t)65 * 2048 * 2048 * 8)

static void test_epilogue(void **state)
{
    const asl__epilogue e = {.in = map, .relu = 1, .pool = 2};
    memory x = make_memory(VALUES * 2), y = make_memory(VALUES / 4 * 2);
    memory choice = make_memory(VALUES / 4 * 2);
    (void)state;
    assert_true(VALUES > (size_t)1 << 31);
    *bf16_from_end(&x, 1) = ONE;
    *bf16_from_end(&x, 8 + 3) = TWO;
    assert_int_equal(
        asl__cuda_epilogue(y.data, (uint16_t *)choice.data, x.data, ASL__BF16, &e, NULL),
        cudaSuccess);
    assert_int_equal(*bf16_from_end(&y, 1), ONE);
    assert_int_equal(*bf16_from_end(&choice, 1), 3);
    assert_int_equal(*bf16_from_end(&y, 3), TWO);
    assert_int_equal(*bf16_from_end(&choice, 3), 2);
    assert_int_equal(*bf16_from_end(&y, 2), 0);
    memset(x.data + x.size - END, 0xFF, END);
    assert_int_equal(asl__cuda_epilogue_backward(x.data, y.data, y.data,
                                                 (const uint16_t *)choice.data, ASL__BF16, &e,
                                                 NULL),
                     cudaSuccess);
    assert_int_equal(*bf16_from_end(&x, 1), ONE);
    assert_int_equal(*bf16_from_end(&x, 8 + 3), TWO);
    assert_int_equal(*bf16_from_end(&x, 3), 0);
    free_memory(&x);
    free_memory(&y);
    free_memory(&choice);
}

static void test_sums(void **state)
{
    memory x = make_memory(VALUES * 2);
    double *partials = malloc(asl__cuda_partials(map) * sizeof *partials), sums[8], squares[8];
    (void)state;
    assert_non_null(partials);
    for (size_t i = 1; i <= 8; i++)
        *bf16_from_end(&x, i) = TWO;
    assert_int_equal(
        asl__cuda_channel_sums(sums, squares, x.data, x.data, ASL__BF16, map, partials, NULL),
        cudaSuccess);
    for (int c = 0; c < 8; c++)
        assert_true(sums[c] == 2.0 && squares[c] == 4.0);
    free(partials);
    free_memory(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_epilogue),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
