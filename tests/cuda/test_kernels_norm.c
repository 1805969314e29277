/* SPDX-License-Identifier: MIT */
/* Batch norm's kernels against its definition. */
#include <math.h>
#include <stdlib.h>

#include "cuda/test_kernels.h"
#include "model/network.h"

static const kind numbers[] = {KIND_F32, KIND_BF16};

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, not %.9g", value, expected);
}

typedef struct norm_case {
    asl__map map;
    kind number;
    array x, dz, dx, floats, doubles;
    asl__norm norm;
    double *sums, *products;
} norm_case;

/* Floats: weight, offset, scale, shift, reported mean and variance, gradients by weight and offset.
 * Doubles: mean, invstd, sums, products. */
static norm_case make_norm(asl__map map, kind number)
{
    const size_t channels = (size_t)map.channels;
    norm_case k = {.map = map, .number = number};
    k.x = array_new(number, map_values(map), 0);
    k.dz = array_new(number, k.x.count, 0);
    k.dx = array_new(number, k.x.count, 0);
    k.floats = array_new(KIND_F32, 8 * channels, 0);
    k.doubles = array_new(KIND_F64, 4 * channels, 0);
    float *floats = k.floats.data;
    double *doubles = k.doubles.data;
    for (size_t i = 0; i < 2 * channels; i++)
        floats[i] = (float)(draw_uniform() + 0.5);
    k.norm = (asl__norm){floats,
                         floats + channels,
                         floats + 2 * channels,
                         floats + 3 * channels,
                         doubles,
                         doubles + channels,
                         floats + 4 * channels,
                         floats + 5 * channels,
                         map.channels,
                         (int64_t)(k.x.count / channels)};
    k.sums = doubles + 2 * channels;
    k.products = doubles + 3 * channels;
    return k;
}

static void free_norm(norm_case *k)
{
    array_free(&k->x);
    array_free(&k->dz);
    array_free(&k->dx);
    array_free(&k->floats);
    array_free(&k->doubles);
}

static void add_up(const norm_case *k, const array *a, const array *b)
{
    array partials = array_new(KIND_F64, asl__cuda_partials(k->map), 0);
    assert_launched(asl__cuda_channel_sums(k->sums, k->products, a->data, b->data,
                                           (asl__number)k->number, k->map, partials.data, NULL));
    array_free(&partials);
}

/* Mean and biased variance of a channel, as the definition has them. */
static void find_statistics(const norm_case *k, size_t c, double *mean, double *variance)
{
    const size_t channels = (size_t)k->map.channels;
    const double places = (double)k->norm.places;
    *mean = *variance = 0.0;
    for (size_t i = c; i < k->x.count; i += channels)
        *mean += array_get(&k->x, i) / places;
    for (size_t i = c; i < k->x.count; i += channels)
        *variance += pow(array_get(&k->x, i) - *mean, 2.0) / places;
}

static void check_statistics(const norm_case *k)
{
    const double places = (double)k->norm.places;
    const double unbiased = places > 1.0 ? places / (places - 1.0) : 1.0;
    add_up(k, &k->x, &k->x);
    assert_launched(asl__cuda_norm_statistics(&k->norm, k->sums, k->products, NULL));
    for (size_t c = 0; c < (size_t)k->map.channels; c++) {
        double mean, variance;
        find_statistics(k, c, &mean, &variance);
        const double invstd = 1.0 / sqrt(variance + (double)ASL__BATCH_NORM_EPSILON);
        const double scale = (double)k->norm.weight[c] * invstd;
        const double shift = (double)k->norm.offset[c] - mean * scale;
        assert_near(k->norm.mean[c], mean, 1e-12);
        assert_near(k->norm.invstd[c], invstd, 1e-8 * invstd);
        assert_near((double)k->norm.scale[c], scale, 1e-7 * invstd);
        assert_near((double)k->norm.shift[c], shift, 1e-7 * (1.0 + invstd));
        assert_near((double)k->norm.reported_mean[c], mean, 1e-6);
        assert_near((double)k->norm.reported_variance[c], unbiased * variance, 1e-6);
    }
}

static void check_norm_gradients(norm_case *k, bool in_place)
{
    const size_t channels = (size_t)k->map.channels;
    const double places = (double)k->norm.places;
    float *weight = (float *)k->floats.data + 6 * channels, *offset = weight + channels;
    array *to = in_place ? &k->dz : &k->dx;
    double *d = calloc(k->x.count, sizeof *d);
    assert_non_null(d);
    for (size_t i = 0; i < k->x.count; i++)
        d[i] = array_get(&k->dz, i);
    add_up(k, &k->dz, &k->x);
    assert_launched(asl__cuda_norm_backward(to->data, weight, offset, k->dz.data, k->x.data,
                                            (asl__number)k->number, k->map, &k->norm, k->sums,
                                            k->products, NULL));
    for (size_t c = 0; c < channels; c++) {
        double mean, variance, sum = 0.0, product = 0.0;
        find_statistics(k, c, &mean, &variance);
        const double invstd = 1.0 / sqrt(variance + (double)ASL__BATCH_NORM_EPSILON);
        for (size_t i = c; i < k->x.count; i += channels) {
            sum += d[i];
            product += d[i] * (array_get(&k->x, i) - mean) * invstd;
        }
        assert_near((double)offset[c], sum, 1e-6 * places);
        assert_near((double)weight[c], product, 1e-6 * places);
        for (size_t i = c; i < k->x.count; i += channels) {
            const double z = (array_get(&k->x, i) - mean) * invstd;
            const double s = (double)k->norm.weight[c] * invstd;
            array_check(to, i, s * (d[i] - sum / places - z * product / places), 2e-6 * invstd,
                        "gradient by batch norm's input");
        }
    }
    free(d);
}

void test_norm(void **state)
{
    static const int32_t channels[] = {1, 3, 4, 8, 12, 29};
    static const asl__map maps[] = {{1, 1, 2, 0}, {3, 5, 7, 0}, {32, 9, 11, 0}};
    (void)state;
    draw_seed(31);
    for (int i = 0; i < 6 * 3 * 2 * 2; i++) {
        asl__map map = maps[i / 6 % 3];
        map.channels = channels[i % 6];
        norm_case k = make_norm(map, numbers[i / 18 % 2]);
        array_fill(&k.x, draw_uniform);
        array_fill(&k.dz, draw_uniform);
        check_statistics(&k);
        check_norm_gradients(&k, i / 36);
        free_norm(&k);
    }
    /* More rows than a thread's share. */
    norm_case k = make_norm((asl__map){2, 201, 350, 4}, KIND_BF16);
    array_fill(&k.x, draw_coarse);
    array_fill(&k.dz, draw_coarse);
    check_statistics(&k);
    check_norm_gradients(&k, true);
    free_norm(&k);
}

void test_norm_running(void **state)
{
    norm_case k = make_norm((asl__map){1, 1, 1, 29}, KIND_F32);
    float mean[29], variance[29];
    (void)state;
    draw_seed(32);
    for (size_t c = 0; c < 29; c++) {
        mean[c] = (float)draw_uniform();
        variance[c] = c == 0 ? 0.0f : (float)(1.0 + draw_uniform());
    }
    assert_launched(asl__cuda_norm_running(&k.norm, mean, variance, NULL));
    for (size_t c = 0; c < 29; c++) {
        const double invstd = 1.0 / sqrt((double)variance[c] + (double)ASL__BATCH_NORM_EPSILON);
        const double scale = (double)k.norm.weight[c] * invstd;
        const double shift = (double)k.norm.offset[c] - (double)mean[c] * scale;
        assert_near((double)k.norm.scale[c], scale, 6e-8 * fabs(scale));
        assert_near((double)k.norm.shift[c], shift, 6e-8 * fabs(shift));
    }
    free_norm(&k);
}

/* A single value; the same value everywhere, whose variance may come out a little below 0; a NaN.
 */
void test_norm_single(void **state)
{
    norm_case one = make_norm((asl__map){1, 1, 1, 3}, KIND_F32);
    norm_case same = make_norm((asl__map){7, 3, 3, 2}, KIND_F32);
    (void)state;
    draw_seed(33);
    array_fill(&one.x, draw_uniform);
    check_statistics(&one);
    assert_true(one.norm.reported_variance[0] == 0.0f);
    for (size_t i = 0; i < same.x.count; i++)
        array_set(&same.x, i, i % 2 ? (double)NAN : 0.1);
    add_up(&same, &same.x, &same.x);
    assert_launched(asl__cuda_norm_statistics(&same.norm, same.sums, same.products, NULL));
    assert_true(same.norm.reported_variance[0] >= 0.0f && same.norm.reported_variance[0] < 1e-15f);
    assert_near(same.norm.invstd[0], 1.0 / sqrt((double)ASL__BATCH_NORM_EPSILON), 1e-6);
    assert_true(isnan(same.norm.scale[1]) && isnan(same.norm.reported_variance[1]) &&
                isnan(same.norm.reported_mean[1]));
    free_norm(&one);
    free_norm(&same);
}
