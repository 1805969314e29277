/* SPDX-License-Identifier: MIT */
/* Kernels that work value by value: numbers, pictures, weights, dropout, loss, optimisers. */
#include <math.h>
#include <stdlib.h>

#include "backend/training.h"
#include "base/random.h"
#include "cuda/test_kernels.h"

static const kind numbers[] = {KIND_F32, KIND_BF16};

/* ---- Numbers ---- */

static void check_rounding(const uint32_t *bits, size_t count)
{
    float *in = malloc(count * sizeof *in);
    uint16_t *out = malloc(count * sizeof *out);
    assert_true(in != NULL && out != NULL);
    memcpy(in, bits, count * sizeof *in);
    assert_launched(asl__cuda_convert(out, ASL__BF16, in, ASL__F32, count, NULL));
    for (size_t i = 0; i < count; i++)
        if (out[i] != nearest_bf16(in[i]))
            fail_msg("%08x: %04x, not %04x", bits[i], out[i], nearest_bf16(in[i]));
    free(in);
    free(out);
}

/* Every upper half of a float, with lower halves on both sides of the middle. */
static void test_all_halves(void)
{
    static const uint32_t low[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
    enum { LOW = sizeof low / sizeof *low };
    uint32_t *bits = malloc(65536 * LOW * sizeof *bits);
    assert_non_null(bits);
    for (uint32_t i = 0; i < 65536 * LOW; i++)
        bits[i] = i / LOW << 16 | low[i % LOW];
    check_rounding(bits, 65536 * LOW);
    free(bits);
}

void test_rounding(void **state)
{
    (void)state;
    test_all_halves();
    assert_int_equal(nearest_bf16(1.00390625f), 0x3F80); /* a middle, to the even one */
    assert_int_equal(nearest_bf16(1.01171875f), 0x3F82);
    assert_int_equal(nearest_bf16(3.4e38f), 0x7F80); /* to infinity */
}

void test_convert(void **state)
{
    (void)state;
    draw_seed(1);
    for (size_t count = 0; count <= 70; count++)
        for (int way = 0; way < 4; way++) {
            array in = array_new(numbers[way / 2], count, 2 * (size_t)(way % 2) * 2);
            array out = array_new(numbers[way % 2], count, 0);
            array_fill(&in, draw_coarse);
            assert_launched(asl__cuda_convert(out.data, (asl__number)out.kind, in.data,
                                              (asl__number)in.kind, count, NULL));
            for (size_t i = 0; i < count; i++)
                array_check(&out, i, array_get(&in, i), 0.0, "convert");
            array_free(&in);
            array_free(&out);
        }
}

/* ---- Pictures ---- */

enum { PICTURES = 5 };

static void check_input(kind number, asl__map map, const asl__pixels *pixels, size_t shift)
{
    const size_t plane = (size_t)map.height * (size_t)map.width, channels = (size_t)map.channels;
    array out = array_new(number, (size_t)map.count * plane * channels, shift);
    assert_launched(asl__cuda_input(out.data, (asl__number)number, map, pixels, NULL));
    for (size_t i = 0; i < out.count; i++) {
        const size_t c = i % channels, at = i / channels % plane, n = i / channels / plane;
        const size_t picture = pixels->order ? (size_t)pixels->order[n] : n;
        double expected = 0.0;
        if (c < 3) {
            const size_t source = pixels->bgr ? 2 - c : c;
            expected =
                pixels->images[(picture * plane + at) * 3 + source] * (double)pixels->scale[c] +
                (double)pixels->shift[c];
        }
        /* A product and a sum of numbers up to 5, rounded. */
        array_check(&out, i, expected, c < 3 ? 1e-6 : 0.0, "input");
    }
    array_free(&out);
}

void test_input(void **state)
{
    static const int32_t channels[] = {3, 4, 5, 8, 11, 16};
    static const int64_t order[PICTURES] = {4, 0, 3, 3, 1};
    uint8_t images[PICTURES * 9 * 7 * 3];
    (void)state;
    draw_seed(2);
    for (size_t i = 0; i < sizeof images; i++)
        images[i] = (uint8_t)draw(256);
    for (int i = 0; i < 6 * 2 * 2 * 2 * 2; i++) {
        asl__pixels pixels = {.images = images,
                              .order = i / 24 % 2 ? order : NULL,
                              .scale = {1.0f / 58.395f, 1.0f / 57.12f, 1.0f / 57.375f},
                              .shift = {-2.1f, -2.0f, -1.8f},
                              .bgr = i / 12 % 2};
        const asl__map map = {PICTURES, 9, 7, channels[i % 6]};
        check_input(numbers[i / 6 % 2], map, &pixels, (size_t)(i / 48) * 4);
    }
    const asl__pixels plain = {.images = images, .scale = {1.0f, 1.0f, 1.0f}};
    check_input(KIND_BF16, (asl__map){1, 1, 1, 8}, &plain, 0);
}

void test_labels(void **state)
{
    static const int64_t order[] = {2, 2, 0, 1};
    static const int32_t from[] = {7, 8, 9};
    array out = array_new(KIND_I32, 4, 0);
    (void)state;
    assert_launched(asl__cuda_labels(out.data, from, order, 4, NULL));
    for (size_t i = 0; i < 4; i++)
        array_check(&out, i, from[order[i]], 0.0, "labels");
    array_free(&out);
}

/* ---- Weights ---- */

static void check_filter(kind number, int32_t o, int32_t i, int32_t k, int32_t padded)
{
    const size_t taps = (size_t)(k * k), row = (size_t)padded;
    array flat = array_new(KIND_F32, (size_t)(o * i) * taps, 0);
    array packed = array_new(number, (size_t)o * taps * row, 0);
    array back = array_new(KIND_F32, flat.count, 0);
    array_fill(&flat, draw_coarse);
    assert_launched(
        asl__cuda_pack_filter(packed.data, (asl__number)number, flat.data, o, i, k, padded, NULL));
    for (size_t at = 0; at < packed.count; at++) {
        const size_t c = at % row, tap = at / row % taps, f = at / row / taps;
        const double expected =
            c < (size_t)i ? array_get(&flat, (f * (size_t)i + c) * taps + tap) : 0.0;
        array_check(&packed, at, expected, 0.0, "packed filter");
    }
    assert_launched(asl__cuda_unpack_filter(back.data, packed.data, (asl__number)number, o, i, k,
                                            padded, NULL));
    for (size_t at = 0; at < back.count; at++)
        array_check(&back, at, array_get(&flat, at), 0.0, "filter's gradient");
    array_free(&flat);
    array_free(&packed);
    array_free(&back);
}

void test_filters(void **state)
{
    (void)state;
    draw_seed(3);
    for (int n = 0; n < 2; n++) {
        check_filter(numbers[n], 16, 3, 5, 4);
        check_filter(numbers[n], 16, 3, 5, 8);
        check_filter(numbers[n], 29, 3, 3, 3);
        check_filter(numbers[n], 1, 1, 1, 1);
        check_filter(numbers[n], 7, 13, 2, 13);
        check_filter(numbers[n], 3, 5, 31, 8);
    }
}

/* ---- Dropout ---- */

static void check_dropout(kind number, asl__map map, int32_t layer, float rate,
                          const asl__device_step *step)
{
    const size_t plane = (size_t)map.height * (size_t)map.width, channels = (size_t)map.channels;
    const size_t units = plane * channels;
    const uint64_t stream = ASL__STREAM_DROPOUT + ((uint64_t)layer << 8);
    array values = array_new(number, (size_t)map.count * units, 0);
    array_fill(&values, draw_coarse);
    array before = array_new(number, values.count, 0);
    memcpy(before.data, values.data, values.count * (number == KIND_F32 ? 4 : 2));
    assert_launched(
        asl__cuda_dropout(values.data, (asl__number)number, map, layer, rate, step, NULL));
    for (size_t i = 0; i < values.count; i++) {
        const size_t c = i % channels, at = i / channels % plane, n = i / units;
        const uint64_t place = (uint64_t)step->step * 65536 + (uint64_t)step->first + n;
        const uint64_t index = place * units + c * plane + at;
        const bool dropped = asl__random_uniform(step->seed, stream, index) < (double)rate;
        const double value = array_get(&before, i) / (1.0 - (double)rate);
        array_check(&values, i, dropped ? 0.0 : value, dropped ? 0.0 : fabs(value) * 2e-7,
                    "dropout");
    }
    array_free(&values);
    array_free(&before);
}

void test_dropout(void **state)
{
    static const float rates[] = {0.0f, 1e-12f, 0.25f, 0.3f, 0.5f, 0.999f};
    static const asl__map maps[] = {{3, 1, 1, 70}, {2, 5, 3, 7}, {1, 1, 1, 1}, {4, 2, 2, 16}};
    static const asl__device_step steps[] = {
        {.step = 1, .seed = 0},
        {.step = 77, .seed = UINT64_C(0x123456789ABCDEF0), .first = 17},
        {.step = INT64_C(1) << 40, .seed = UINT64_MAX, .first = 65535}};
    (void)state;
    draw_seed(4);
    for (int i = 0; i < 2 * 6 * 4 * 3; i++)
        check_dropout(numbers[i % 2], maps[i / 2 % 4], i, rates[i / 8 % 6], &steps[i / 48 % 3]);
}

/* ---- Loss ---- */

static void check_loss(int32_t count, int32_t classes, double smoothing, const float *logits)
{
    const size_t pictures = (size_t)count, width = (size_t)classes;
    array gradient = array_new(KIND_F32, pictures * width, 0);
    array losses = array_new(KIND_F64, pictures, 0), hits = array_new(KIND_I32, pictures, 0);
    int32_t *labels = malloc(pictures * sizeof *labels);
    float *expected = malloc(width * sizeof *expected);
    asl__device_result result = {1000.0, 100};
    double sum = 0.0;
    int64_t correct = 0;
    assert_true(labels != NULL && expected != NULL);
    for (size_t n = 0; n < pictures; n++)
        labels[n] = (int32_t)draw((uint32_t)classes);
    assert_launched(asl__cuda_loss(gradient.data, losses.data, hits.data, logits, labels, count,
                                   classes, smoothing, NULL));
    for (size_t n = 0; n < pictures; n++) {
        double loss;
        int32_t hit;
        asl__loss(expected, &loss, &hit, logits + n * width, labels[n], classes, count, smoothing);
        array_check(&losses, n, loss, fabs(loss) * 1e-12, "loss");
        array_check(&hits, n, hit, 0.0, "hit");
        for (size_t k = 0; k < width; k++)
            array_check(&gradient, n * width + k, (double)expected[k],
                        fabs((double)expected[k]) * 1e-6, "gradient by logits");
        sum += loss;
        correct += hit;
    }
    assert_launched(asl__cuda_add_result(&result, losses.data, hits.data, count, NULL));
    assert_int_equal(result.correct, 100 + correct);
    if (!isnan(sum))
        assert_true(fabs(result.loss_sum - 1000.0 - sum) < 1e-9);
    array_free(&gradient);
    array_free(&losses);
    array_free(&hits);
    free(labels);
    free(expected);
}

void test_loss(void **state)
{
    static float logits[40 * 70];
    (void)state;
    draw_seed(5);
    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++)
        logits[i] = (float)(i % 3 ? draw_coarse() : 40.0 * draw_uniform());
    for (int32_t classes = 1; classes <= 70; classes += classes < 5 ? 1 : 13)
        for (int32_t count = 1; count <= 40; count += 13) {
            check_loss(count, classes, 0.0, logits);
            check_loss(count, classes, 0.1, logits);
        }
}

void test_loss_of_nan(void **state)
{
    float logits[] = {1.0f, NAN, 2.0f, NAN, NAN, NAN, 3.0f, INFINITY, 1.0f, 1.0f, -INFINITY, 0.0f};
    (void)state;
    draw_seed(6);
    check_loss(4, 3, 0.0, logits);
    check_loss(4, 3, 0.1, logits);
}

/* ---- Optimisers ---- */

enum { COUNT = 70, STEPS = 30, TENSORS = 5 };

/* Trained, trained and decayed, and statistics. */
static asl__network *make_network(uint8_t *kinds)
{
    static const size_t counts[TENSORS] = {31, 1, 20, 5, 13};
    asl__network *network = calloc(1, sizeof *network);
    assert_non_null(network);
    for (int32_t i = 0; i < TENSORS; i++) {
        asl__tensor *tensor = &network->tensors[network->tensor_count++];
        tensor->offset = network->parameter_count;
        tensor->count = counts[i];
        tensor->trained = i % 3 != 2;
        tensor->decayed = i % 2 == 0 && tensor->trained;
        memset(kinds + tensor->offset,
               (tensor->trained ? ASL__PARAMETER_TRAINED : 0) |
                   (tensor->decayed ? ASL__PARAMETER_DECAYED : 0),
               tensor->count);
        network->parameter_count += tensor->count;
    }
    assert_int_equal(network->parameter_count, COUNT);
    return network;
}

static void check_optimizer(asl__step_options options, double size, asl__pool *pool)
{
    uint8_t kinds[COUNT];
    float vectors[3][COUNT], gradients[COUNT];
    float *const state[3] = {vectors[0], vectors[1], vectors[2]};
    asl__network *network = make_network(kinds);
    array own[3];
    for (int v = 0; v < 3; v++) {
        own[v] = array_new(KIND_F32, COUNT, 0);
        for (size_t i = 0; i < COUNT; i++) {
            vectors[v][i] = v > 0 ? 0.0f : (float)draw_uniform();
            array_set(&own[v], i, (double)vectors[v][i]);
        }
    }
    const asl__optimizer o = {.parameters = own[0].data,
                              .moment1 = own[1].data,
                              .moment2 = own[2].data,
                              .gradients = gradients,
                              .kinds = kinds,
                              .count = COUNT,
                              .optimizer = options.optimizer,
                              .nesterov = options.nesterov,
                              .beta1 = options.beta1,
                              .beta2 = options.beta2,
                              .epsilon = options.epsilon,
                              .momentum = options.momentum,
                              .weight_decay = options.weight_decay};
    for (options.step = 1; options.step <= STEPS; options.step++) {
        const double step = (double)options.step;
        const asl__device_step device = {
            .step = options.step,
            .learning_rate = (float)options.learning_rate,
            .correction1 = (float)(1.0 / (1.0 - pow(options.beta1, step))),
            .correction2 = (float)(1.0 / (1.0 - pow(options.beta2, step)))};
        for (size_t i = 0; i < COUNT; i++)
            gradients[i] = (float)(size * draw_uniform());
        asl__optimizer_step(state, gradients, network, &options, pool);
        assert_launched(asl__cuda_optimizer(&o, &device, NULL));
        /* Each step may add an error of a few roundings of what it changes. */
        for (size_t i = 0; i < COUNT; i++) {
            const double m1 = (double)vectors[1][i], m2 = (double)vectors[2][i];
            array_check(&own[0], i, (double)vectors[0][i], 3e-7 * step, "parameter");
            array_check(&own[1], i, m1, 1e-5 * (size + options.weight_decay), "first moment");
            array_check(&own[2], i, m2, 2e-6 * m2 + 1e-44, "second moment");
        }
    }
    for (int v = 0; v < 3; v++)
        array_free(&own[v]);
    free(network);
}

void test_optimizers(void **state)
{
    const asl__step_options adam = {.optimizer = ASL__OPTIMIZER_ADAM,
                                    .learning_rate = 0.01,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .epsilon = 1e-8,
                                    .momentum = 0.9};
    asl__step_options options = adam;
    asl__pool *pool = NULL;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    draw_seed(7);
    assert_ok(asl__pool_create(&pool, 1, &err), &err);
    for (options.optimizer = 0; options.optimizer <= ASL__OPTIMIZER_SGD; options.optimizer++)
        for (int i = 0; i < 4; i++) {
            options.weight_decay = i % 2 ? 0.05 : 0.0;
            options.nesterov = i / 2;
            check_optimizer(options, 1.0, pool);
            check_optimizer(options, 1e-4, pool);
        }
    /* 1 - beta keeps its digits. */
    options = adam;
    options.beta2 = 0.99999;
    check_optimizer(options, 1.0, pool);
    /* Squares that float cannot hold unless they are scaled first. */
    check_optimizer(adam, 5e19, pool);
    asl__pool_free(pool);
}
