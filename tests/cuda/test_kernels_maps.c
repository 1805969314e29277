/* SPDX-License-Identifier: MIT */
/* Kernels that work on maps: epilogues, sums, global pooling. */
#include <math.h>
#include <stdlib.h>

#include "cuda/test_kernels.h"
#include "model/network.h"

static const kind numbers[] = {KIND_F32, KIND_BF16};

/* ---- Epilogues ---- */

typedef struct epilogue_case {
    asl__epilogue e;
    kind number;
    size_t shift; /* of the maps off their alignment */
    array x, y, choice;
} epilogue_case;

static double affine(const epilogue_case *k, size_t at)
{
    const size_t c = at % (size_t)k->e.in.channels;
    const double scale = k->e.scale ? (double)k->e.scale[c] : 1.0;
    const double value = array_get(&k->x, at) * scale + (k->e.shift ? (double)k->e.shift[c] : 0.0);
    return k->e.relu && value <= 0.0 ? 0.0 : value;
}

/* Where in x output i has its value: the first largest, or the last NaN. */
static size_t find_source(const epilogue_case *k, size_t i, size_t *place)
{
    const asl__map in = k->e.in;
    const size_t channels = (size_t)in.channels, pool = (size_t)k->e.pool;
    const size_t wide = (size_t)in.width / pool, high = (size_t)in.height / pool;
    const size_t c = i % channels, x = i / channels % wide, y = i / channels / wide % high;
    const size_t n = i / channels / wide / high;
    size_t best = 0;
    for (size_t p = 0; p < pool * pool; p++) {
        const size_t row = n * (size_t)in.height + y * pool + p / pool;
        const size_t at = (row * (size_t)in.width + x * pool + p % pool) * channels + c;
        if (p == 0 || affine(k, at) > affine(k, best) || isnan(affine(k, at))) {
            best = at;
            *place = p;
        }
    }
    return best;
}

static void check_forward(epilogue_case *k, bool wants_choice)
{
    assert_launched(asl__cuda_epilogue(k->y.data, wants_choice ? k->choice.data : NULL, k->x.data,
                                       (asl__number)k->number, &k->e, NULL));
    for (size_t i = 0; i < k->y.count; i++) {
        size_t place = 0;
        const size_t source = find_source(k, i, &place);
        array_check(&k->y, i, affine(k, source), 0.0, "epilogue");
        if (wants_choice)
            array_check(&k->choice, i, (double)place, 0.0, "choice");
    }
}

/* The gradient of each output goes to its source, unless the ReLU holds it back. */
static void check_backward(epilogue_case *k)
{
    array dy = array_new(k->number, k->y.count, k->shift);
    array dz = array_new(k->number, k->x.count, k->shift);
    double *expected = calloc(k->x.count, sizeof *expected);
    assert_non_null(expected);
    array_fill(&dy, draw_coarse);
    assert_launched(asl__cuda_epilogue_backward(dz.data, dy.data, k->y.data,
                                                k->e.pool > 1 ? k->choice.data : NULL,
                                                (asl__number)k->number, &k->e, NULL));
    for (size_t i = 0; i < k->y.count; i++) {
        size_t place = 0;
        const bool held = k->e.relu && array_get(&k->y, i) <= 0.0;
        expected[find_source(k, i, &place)] = held ? 0.0 : array_get(&dy, i);
    }
    for (size_t i = 0; i < k->x.count; i++)
        array_check(&dz, i, expected[i], 0.0, "epilogue's gradient");
    array_free(&dy);
    array_free(&dz);
    free(expected);
}

static epilogue_case make_case(asl__epilogue e, kind number, size_t shift)
{
    const size_t pool = (size_t)e.pool;
    const size_t outputs = (size_t)e.in.count * ((size_t)e.in.height / pool) *
                           ((size_t)e.in.width / pool) * (size_t)e.in.channels;
    epilogue_case k = {.e = e, .number = number, .shift = shift};
    k.x = array_new(number, map_values(e.in), shift);
    k.y = array_new(number, outputs, shift);
    k.choice = array_new(KIND_U16, outputs, shift);
    array_fill(&k.x, draw_coarse);
    return k;
}

static void free_case(epilogue_case *k)
{
    array_free(&k->x);
    array_free(&k->y);
    array_free(&k->choice);
}

/* All numbers, affine or not, with ReLU or not, aligned or not. */
static void check_epilogues(asl__map map, int32_t pool)
{
    static float scale[70], shift[70];
    for (size_t c = 0; c < 70; c++) {
        scale[c] = (float)(draw(2) ? 1 << draw(2) : -0.5);
        shift[c] = (float)draw_coarse();
    }
    for (int i = 0; i < 32; i++) {
        const asl__epilogue e = {map, i & 1 ? scale : NULL, i & 2 ? shift : NULL, i >> 2 & 1, pool};
        epilogue_case k = make_case(e, numbers[i >> 3 & 1], (size_t)(i >> 4) * 4);
        check_forward(&k, true);
        check_backward(&k);
        check_forward(&k, false);
        free_case(&k);
    }
}

void test_epilogue(void **state)
{
    static const int32_t channels[] = {1, 3, 4, 8, 12, 16, 29, 70};
    static const int32_t sides[][2] = {{1, 1}, {2, 2}, {5, 7}, {6, 4}, {3, 9}};
    (void)state;
    draw_seed(11);
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
        for (int s = 0; s < 5; s++)
            for (int32_t pool = 1; pool <= 4; pool++)
                check_epilogues((asl__map){2, sides[s][0], sides[s][1], channels[c]}, pool);
    check_epilogues((asl__map){1, 33, 63, 8}, 31);
    check_epilogues((asl__map){70, 1, 1, 29}, 1);
}

/* One passes the ReLU, is larger than all else, and lets its gradient through. */
void test_epilogue_nan(void **state)
{
    (void)state;
    draw_seed(12);
    for (int i = 0; i < 16; i++) {
        const asl__epilogue e = {
            {2, 5, 7, i & 1 ? 8 : 3}, NULL, NULL, i >> 1 & 1, 1 + (i >> 2 & 1)};
        epilogue_case k = make_case(e, numbers[i >> 3], 0);
        for (size_t at = 0; at < k.x.count; at += 1 + draw(4))
            array_set(&k.x, at, draw(4) ? (double)NAN : -(double)INFINITY);
        check_forward(&k, true);
        check_backward(&k);
        free_case(&k);
    }
}

/* More rows than a thread's share, so that threads come back. */
void test_large_map(void **state)
{
    (void)state;
    draw_seed(13);
    for (int i = 0; i < 4; i++) {
        const asl__epilogue e = {{3, 301, 299, i & 1 ? 8 : 1}, NULL, NULL, 1, 1 + (i >> 1)};
        epilogue_case k = make_case(e, KIND_BF16, 0);
        check_forward(&k, true);
        check_backward(&k);
        free_case(&k);
    }
}

/* ---- Sums ---- */

static void check_sums(asl__map map, kind number, size_t shift, bool products)
{
    const size_t channels = (size_t)map.channels;
    array x = array_new(number, map_values(map), shift), z = array_new(number, x.count, shift);
    array sums = array_new(KIND_F64, channels, 0), sums2 = array_new(KIND_F64, channels, 0);
    array partials = array_new(KIND_F64, asl__cuda_partials(map), 0);
    array stored = array_new(KIND_F32, channels, 0);
    double *expected = calloc(2 * channels, sizeof *expected);
    assert_non_null(expected);
    array_fill(&x, draw_coarse);
    array_fill(&z, draw_coarse);
    assert_launched(asl__cuda_channel_sums(sums.data, products ? sums2.data : NULL, x.data,
                                           products ? z.data : NULL, (asl__number)number, map,
                                           partials.data, NULL));
    assert_launched(asl__cuda_store_sums(stored.data, sums.data, map.channels, NULL));
    for (size_t i = 0; i < x.count; i++) {
        expected[i % channels] += array_get(&x, i);
        expected[channels + i % channels] += array_get(&x, i) * array_get(&z, i);
    }
    /* Short numbers have exact sums in any order. */
    for (size_t c = 0; c < channels; c++) {
        array_check(&sums, c, expected[c], 0.0, "sum");
        array_check(&stored, c, expected[c], 0.0, "stored sum");
        if (products)
            array_check(&sums2, c, expected[channels + c], 0.0, "sum of products");
    }
    array *const all[] = {&x, &z, &sums, &sums2, &partials, &stored};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
    free(expected);
}

void test_channel_sums(void **state)
{
    static const int32_t channels[] = {1, 3, 4, 8, 12, 16, 29, 64, 70};
    /* Up to 64 rows in one pass, to 1024 in two, three from there. */
    static const int32_t rows[] = {1, 2, 63, 64, 65, 70, 1024, 1025, 5003};
    (void)state;
    draw_seed(21);
    for (int c = 0; c < 9; c++)
        for (int r = 0; r < 9; r++)
            for (int i = 0; i < 8; i++)
                check_sums((asl__map){rows[r], 1, 1, channels[c]}, numbers[i & 1],
                           (size_t)(i >> 1 & 1) * 4, i >> 2);
    check_sums((asl__map){3, 5, 7, 4096}, KIND_BF16, 0, true);
    check_sums((asl__map){2, 300, 201, 16}, KIND_F32, 0, true);
}

/* The same bits on every grid. */
void test_channel_sums_repeat(void **state)
{
    const asl__map map = {3, 50, 70, 16};
    double first[32], sums[32];
    float *x = malloc(map_values(map) * sizeof *x);
    double *partials = malloc(asl__cuda_partials(map) * sizeof *partials);
    (void)state;
    assert_true(x != NULL && partials != NULL);
    draw_seed(22);
    for (size_t i = 0; i < map_values(map); i++)
        x[i] = (float)draw_uniform();
    for (int grid = 0; grid < GRIDS; grid++) {
        launch_grid(grid);
        assert_launched(asl__cuda_channel_sums(grid ? sums : first, grid ? sums + 16 : first + 16,
                                               x, x, ASL__F32, map, partials, NULL));
        if (grid > 0)
            assert_memory_equal(sums, first, sizeof sums);
    }
    launch_grid(-1);
    for (size_t c = 0; c < 16; c++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = c; i < map_values(map); i += 16) {
            sum += (double)x[i];
            square += (double)x[i] * (double)x[i];
        }
        assert_true(fabs(first[c] - sum) < 1e-10 && fabs(first[16 + c] - square) < 1e-10);
    }
    free(x);
    free(partials);
}

/* Room for a batch is room for a smaller one. */
void test_partials(void **state)
{
    static const int32_t channels[] = {1, 3, 16, 29, 128, 4096};
    (void)state;
    for (int c = 0; c < 6; c++)
        for (int32_t side = 1; side <= 300; side += 1 + side / 3)
            for (int32_t n = 1; n <= 600; n += 1 + n / 7) {
                const size_t one = asl__cuda_partials((asl__map){n, side, side, channels[c]});
                const size_t more = asl__cuda_partials((asl__map){n + 1, side, side, channels[c]});
                assert_true(one <= more);
                /* Two kinds of sums of no more than 4 MiB each. */
                assert_true(more <= 2 * ((size_t)1 << 19));
            }
}

/* ---- Global pooling ---- */

static void check_global_pool(asl__map map, kind number, int32_t pool, bool with_nan)
{
    const size_t channels = (size_t)map.channels, plane = (size_t)map.height * (size_t)map.width;
    const size_t outputs = pool == ASL__POOL_BOTH ? 2 * channels : channels;
    array x = array_new(number, map_values(map), 0), dx = array_new(number, x.count, 0);
    array y = array_new(number, (size_t)map.count * outputs, 0);
    array dy = array_new(number, y.count, 0);
    array choice = array_new(KIND_I32, (size_t)map.count * channels, 0);
    array_fill(&x, draw_coarse);
    array_fill(&dy, draw_coarse);
    for (size_t i = 0; with_nan && i < x.count; i += 1 + draw(9))
        array_set(&x, i, NAN);
    assert_launched(
        asl__cuda_global_pool(y.data, choice.data, x.data, (asl__number)number, map, pool, NULL));
    assert_launched(asl__cuda_global_pool_backward(dx.data, dy.data, choice.data,
                                                   (asl__number)number, map, pool, NULL));
    for (size_t i = 0; i < (size_t)map.count * channels; i++) {
        const size_t n = i / channels, c = i % channels;
        size_t best = 0;
        double sum = 0.0;
        for (size_t p = 0; p < plane; p++) {
            const double value = array_get(&x, (n * plane + p) * channels + c);
            sum += value;
            if (value > array_get(&x, (n * plane + best) * channels + c) || isnan(value))
                best = p;
        }
        const size_t average = n * outputs + c, maximum = average + outputs - channels;
        const double d = pool & ASL__POOL_AVG ? array_get(&dy, average) / (double)plane : 0.0;
        if (pool & ASL__POOL_AVG)
            array_check(&y, average, sum / (double)plane, 1e-6, "average");
        if (pool & ASL__POOL_MAX) {
            array_check(&y, maximum, array_get(&x, (n * plane + best) * channels + c), 0.0,
                        "maximum");
            array_check(&choice, i, (double)best, 0.0, "place of the maximum");
        }
        for (size_t p = 0; p < plane; p++) {
            const bool highest = pool & ASL__POOL_MAX && p == best;
            array_check(&dx, (n * plane + p) * channels + c,
                        d + (highest ? array_get(&dy, maximum) : 0.0), 1e-6,
                        "global pool's gradient");
        }
    }
    array *const all[] = {&x, &dx, &y, &dy, &choice};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        array_free(all[i]);
}

void test_global_pool(void **state)
{
    static const asl__map maps[] = {{1, 1, 1, 1}, {3, 5, 7, 29}, {2, 10, 10, 70}, {70, 2, 1, 3}};
    (void)state;
    draw_seed(41);
    for (int i = 0; i < 4 * 2 * 3 * 2; i++)
        check_global_pool(maps[i % 4], numbers[i / 4 % 2], 1 + i / 8 % 3, i / 24);
    /* Nobody asks for the place outside training. */
    float x[] = {1.0f, 2.0f}, y = 0.0f;
    assert_launched(
        asl__cuda_global_pool(&y, NULL, x, ASL__F32, (asl__map){1, 1, 2, 1}, ASL__POOL_MAX, NULL));
    assert_true(y == 2.0f);
}
