/* SPDX-License-Identifier: MIT */
/* The cuda backend's kernels, compiled for the host, against plain loops. */
#include "cuda/test_kernels.h"

#include <math.h>
#include <stdlib.h>

#include "emulation/cuda_launch.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size)
#define ASAN_UNPOISON_MEMORY_REGION(memory, size)
#endif

/* ---- Launches ---- */

static struct {
    int grid, next, launches, fail_at;
} launcher = {-1, 0, 0, 0};

void launch_grid(int n)
{
    launcher.grid = n;
}

void launch_fail(int n)
{
    launcher.fail_at = n;
    launcher.launches = 0;
}

int launch_count(void)
{
    return launcher.launches;
}

cudaError_t emulation_launch(const char *name, cudaStream_t stream, size_t count, void *self,
                             void (*run)(void *self, unsigned blocks, unsigned threads),
                             void (*release)(void *self), const emulation_argument *arguments,
                             size_t argument_count)
{
    static const unsigned grids[GRIDS][2] = {{1, 1}, {3, 32}, {5, 7}, {1, 64}, {13, 3}};
    const unsigned *grid = grids[launcher.grid < 0 ? launcher.next++ % GRIDS : launcher.grid];
    const bool fails = ++launcher.launches == launcher.fail_at;
    (void)stream;
    (void)arguments;
    (void)argument_count;
    assert_non_null(name);
    assert_true(count > 0);
    if (!fails)
        run(self, grid[0], grid[1]);
    release(self);
    return fails ? cudaErrorLaunchFailure : cudaSuccess;
}

/* ---- Memory ---- */

enum { GUARD = 64, POISON = 0x7B }; /* as a float 1.3e36 */

static size_t size_of(kind k)
{
    static const size_t sizes[] = {
        [KIND_F32] = 4, [KIND_BF16] = 2, [KIND_F64] = 8, [KIND_I32] = 4, [KIND_U16] = 2};
    return sizes[k];
}

array array_new(kind k, size_t count, size_t shift)
{
    const size_t size = count * size_of(k), front = GUARD + shift;
    array a = {NULL, k, count, NULL};
    a.memory = aligned_alloc(64, (front + size + GUARD + 63) / 64 * 64);
    assert_non_null(a.memory);
    memset(a.memory, POISON, front + size + GUARD);
    a.data = (uint8_t *)a.memory + front;
    ASAN_POISON_MEMORY_REGION(a.memory, front);
    ASAN_POISON_MEMORY_REGION((uint8_t *)a.data + size, GUARD);
    return a;
}

void array_free(array *a)
{
    const uint8_t *data = a->data, *memory = a->memory, *end = data + a->count * size_of(a->kind);
    ASAN_UNPOISON_MEMORY_REGION(a->memory, (size_t)(end + GUARD - memory));
    for (const uint8_t *at = memory; at < end + GUARD; at++)
        if ((at < data || at >= end) && *at != POISON)
            fail_msg("a byte was written %td bytes from an array of %td", at - data, end - data);
    free(a->memory);
    *a = (array){0};
}

static float from_bf16(uint16_t bits)
{
    const uint32_t whole = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &whole, sizeof value);
    return value;
}

/* The two neighbours that cut off bits, by distance; of two as near the one with an even end. */
uint16_t nearest_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t low = (uint16_t)(bits >> 16), high = (uint16_t)(low + 1);
    if (isnan(value) || isinf(value))
        return isnan(value) ? (uint16_t)(low | 0x40) : low;
    /* Past the largest number lies what would be the next one, 2^128. */
    const double next =
        isinf(from_bf16(high)) ? copysign(0x1p128, (double)value) : (double)from_bf16(high);
    const double below = fabs((double)value - (double)from_bf16(low));
    const double above = fabs(next - (double)value);
    return below < above || (below == above && low % 2 == 0) ? low : high;
}

double array_get(const array *a, size_t i)
{
    switch (a->kind) {
    case KIND_F32:
        return (double)((const float *)a->data)[i];
    case KIND_BF16:
        return (double)from_bf16(((const uint16_t *)a->data)[i]);
    case KIND_F64:
        return ((const double *)a->data)[i];
    case KIND_I32:
        return ((const int32_t *)a->data)[i];
    default:
        return ((const uint16_t *)a->data)[i];
    }
}

void array_set(array *a, size_t i, double value)
{
    switch (a->kind) {
    case KIND_F32:
        ((float *)a->data)[i] = (float)value;
        break;
    case KIND_BF16:
        ((uint16_t *)a->data)[i] = nearest_bf16((float)value);
        break;
    case KIND_F64:
        ((double *)a->data)[i] = value;
        break;
    case KIND_I32:
        ((int32_t *)a->data)[i] = (int32_t)value;
        break;
    default:
        ((uint16_t *)a->data)[i] = (uint16_t)value;
        break;
    }
}

void array_check(const array *a, size_t i, double expected, double tolerance, const char *what)
{
    const double value = array_get(a, i);
    double allowed = tolerance;
    if (tolerance > 0.0 && a->kind == KIND_BF16)
        allowed += fabs(expected) / 256.0;
    const bool good = isnan(expected)   ? isnan(value)
                      : isinf(expected) ? value == expected
                                        : fabs(value - expected) <= allowed;
    if (!good)
        fail_msg("%s, place %zu of %zu: %.9g, not %.9g", what, i, a->count, value, expected);
}

/* ---- Values ---- */

static uint64_t drawn;

void draw_seed(uint64_t seed)
{
    drawn = seed;
}

uint32_t draw(uint32_t bound)
{
    drawn = drawn * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(drawn >> 33) % bound;
}

double draw_uniform(void)
{
    return (double)draw(1u << 24) / (1 << 23) - 1.0;
}

double draw_coarse(void)
{
    return ((double)draw(13) - 6.0) / 4.0;
}

void array_fill(array *a, double (*from)(void))
{
    for (size_t i = 0; i < a->count; i++)
        array_set(a, i, from());
}

size_t map_values(asl__map one)
{
    return (size_t)one.count * (size_t)one.height * (size_t)one.width * (size_t)one.channels;
}

/* ---- All calls: what they do when a launch fails, and with nothing to do ---- */

typedef cudaError_t call(void);

static float memory_f32[64];
static double memory_f64[64];
static int32_t memory_i32[64];
static int64_t memory_i64[8];
static uint16_t memory_u16[64];
static uint8_t memory_u8[64];
static asl__map map = {2, 2, 2, 1};
static asl__device_step a_step = {.step = 1};
static asl__device_result a_result;

static cudaError_t call_input(void)
{
    const asl__pixels pixels = {.images = memory_u8};
    const asl__map three = {map.count, 2, 2, 3};
    return asl__cuda_input(memory_f32, ASL__F32, three, &pixels, NULL);
}

static cudaError_t call_labels(void)
{
    return asl__cuda_labels(memory_i32, memory_i32 + 32, memory_i64, map.count, NULL);
}

static cudaError_t call_pack(void)
{
    return asl__cuda_pack_filter(memory_f32, ASL__F32, memory_f32 + 32, map.count, 1, 1, 4, NULL);
}

static cudaError_t call_unpack(void)
{
    return asl__cuda_unpack_filter(memory_f32, memory_f32 + 32, ASL__F32, map.count, 1, 1, 4, NULL);
}

static cudaError_t call_convert(void)
{
    return asl__cuda_convert(memory_u16, ASL__BF16, memory_f32, ASL__F32, (size_t)map.count, NULL);
}

static cudaError_t call_epilogue(void)
{
    const asl__epilogue e = {.in = map, .pool = 2};
    return asl__cuda_epilogue(memory_f32, NULL, memory_f32 + 32, ASL__F32, &e, NULL);
}

static cudaError_t call_epilogue_backward(void)
{
    const asl__epilogue e = {.in = map, .pool = 2};
    return asl__cuda_epilogue_backward(memory_f32, memory_f32 + 32, memory_f32 + 48, memory_u16,
                                       ASL__F32, &e, NULL);
}

static cudaError_t call_store_sums(void)
{
    return asl__cuda_store_sums(memory_f32, memory_f64, map.count, NULL);
}

static asl__norm a_norm(void)
{
    return (asl__norm){
        memory_f32,     memory_f32,      memory_f32 + 16, memory_f32 + 20, memory_f64,
        memory_f64 + 8, memory_f32 + 24, memory_f32 + 28, map.count / 2,   8};
}

static cudaError_t call_statistics(void)
{
    const asl__norm norm = a_norm();
    return asl__cuda_norm_statistics(&norm, memory_f64 + 16, memory_f64 + 24, NULL);
}

static cudaError_t call_running(void)
{
    const asl__norm norm = a_norm();
    return asl__cuda_norm_running(&norm, memory_f32 + 32, memory_f32 + 33, NULL);
}

static cudaError_t call_global_pool(void)
{
    return asl__cuda_global_pool(memory_f32, memory_i32, memory_f32 + 32, ASL__F32, map, 3, NULL);
}

static cudaError_t call_global_pool_backward(void)
{
    return asl__cuda_global_pool_backward(memory_f32, memory_f32 + 32, memory_i32, ASL__F32, map, 3,
                                          NULL);
}

static cudaError_t call_dropout(void)
{
    return asl__cuda_dropout(memory_f32, ASL__F32, map, 1, 0.5f, &a_step, NULL);
}

static cudaError_t call_loss(void)
{
    return asl__cuda_loss(memory_f32, memory_f64, memory_i32, memory_f32 + 32, memory_i32 + 32,
                          map.count, 3, 0.1, NULL);
}

static cudaError_t call_optimizer(void)
{
    const asl__optimizer o = {.parameters = memory_f32,
                              .moment1 = memory_f32 + 16,
                              .moment2 = memory_f32 + 32,
                              .gradients = memory_f32 + 48,
                              .kinds = memory_u8,
                              .count = (size_t)map.count};
    return asl__cuda_optimizer(&o, &a_step, NULL);
}

static cudaError_t call_sums(void)
{
    /* Three passes, for both sums. */
    enum { ROWS = 70 * 16 };
    const asl__map rows = {map.count == 0 ? 0 : ROWS, 1, 1, 1};
    static double partials[2 * (70 + 8)];
    static float x[ROWS];
    assert_true(asl__cuda_partials(rows) <= sizeof partials / sizeof *partials);
    return asl__cuda_channel_sums(memory_f64, memory_f64 + 8, x, x, ASL__F32, rows, partials, NULL);
}

static cudaError_t call_norm_backward(void)
{
    const asl__norm norm = a_norm();
    return asl__cuda_norm_backward(memory_f32 + 32, memory_f32 + 48, memory_f32 + 49,
                                   memory_f32 + 32, memory_f32 + 40, ASL__F32, map, &norm,
                                   memory_f64 + 16, memory_f64 + 24, NULL);
}

static cudaError_t call_result(void)
{
    return asl__cuda_add_result(&a_result, memory_f64, memory_i32, map.count, NULL);
}

static call *const calls[] = {call_input,
                              call_labels,
                              call_pack,
                              call_unpack,
                              call_convert,
                              call_epilogue,
                              call_epilogue_backward,
                              call_store_sums,
                              call_statistics,
                              call_running,
                              call_global_pool,
                              call_global_pool_backward,
                              call_dropout,
                              call_loss,
                              call_optimizer,
                              call_sums,
                              call_norm_backward,
                              call_result};

static void test_failed_launches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        launch_fail(0);
        assert_launched(calls[i]());
        const int launches = launch_count();
        assert_true(launches >= 1);
        for (int n = 1; n <= launches; n++) {
            launch_fail(n);
            assert_int_equal(calls[i](), cudaErrorLaunchFailure);
            assert_int_equal(launch_count(), n); /* none after it */
        }
    }
    launch_fail(0);
}

/* No pictures: no kernel that would have an empty grid. */
static void test_nothing(void **state)
{
    (void)state;
    map.count = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        assert_launched(calls[i]());
    map.count = 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding),     cmocka_unit_test(test_convert),
        cmocka_unit_test(test_input),        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_filters),      cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_loss),         cmocka_unit_test(test_loss_of_nan),
        cmocka_unit_test(test_optimizers),   cmocka_unit_test(test_epilogue),
        cmocka_unit_test(test_epilogue_nan), cmocka_unit_test(test_large_map),
        cmocka_unit_test(test_channel_sums), cmocka_unit_test(test_channel_sums_repeat),
        cmocka_unit_test(test_partials),     cmocka_unit_test(test_norm),
        cmocka_unit_test(test_norm_running), cmocka_unit_test(test_norm_single),
        cmocka_unit_test(test_global_pool),  cmocka_unit_test(test_failed_launches),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
