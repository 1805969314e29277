/* SPDX-License-Identifier: MIT */
/* What is drawn for a picture: each ingredient as often and as strong as its key says, on its own,
 * and the arithmetic behind it against libm. */
#include "image/augment.h"

#include <math.h>

#include "pictures.h"

static const double pi = 3.14159265358979323846;

static asl__augment_keys keys_of(const char *text)
{
    asl_error err = ASL_ERROR_INIT;
    asl__augment_keys keys;
    assert_ok(asl__augment_keys_read(&keys, text, &err), &err);
    return keys;
}

static void arithmetic_agrees_with_libm(void **state)
{
    (void)state;
    for (double x = -2 * pi; x < 2 * pi; x += 0.01) {
        assert_true(fabs((double)asl__sine((float)x) - sin((double)(float)x)) < 1e-6);
        assert_true(fabs((double)asl__cosine((float)x) - cos((double)(float)x)) < 1e-6);
    }
    for (double x = -60; x < 60; x += 0.037)
        assert_true(fabs((double)asl__exp2((float)x) / exp2((double)(float)x) - 1) < 1e-6);
    for (double x = 1e-6; x < 1e6; x *= 1.07)
        assert_true(fabs(asl__log2(x) - log2(x)) < 1e-9);
}

/* Mean, spread and range of a number over many pictures. */
typedef struct statistics {
    double sum, squares, least, most;
    int64_t count;
} statistics;

static void add(statistics *s, double value)
{
    s->least = s->count == 0 || value < s->least ? value : s->least;
    s->most = s->count == 0 || value > s->most ? value : s->most;
    s->sum += value;
    s->squares += value * value;
    s->count++;
}

/* Draws far more often than any check here needs: five standard errors of a rate are below 2 %. */
enum { DRAWS = 20000 };
#define RATE_TOLERANCE 0.018

static void check_rate(const statistics *s, double rate, const char *what)
{
    if (fabs(s->sum / (double)s->count - rate) > RATE_TOLERANCE)
        fail_msg("%s: %f of the pictures, not %f", what, s->sum / (double)s->count, rate);
}

/* Uniform between the two ends: nothing outside, nearly all of it used, centred. */
static void check_uniform(const statistics *s, double least, double most, const char *what)
{
    const double width = most - least, mean = s->sum / (double)s->count;
    if (s->least < least - 1e-5 || s->most > most + 1e-5 || s->least > least + 0.02 * width ||
        s->most < most - 0.02 * width || fabs(mean - (least + most) / 2) > 0.02 * width)
        fail_msg("%s: %f..%f, mean %f, not %f..%f", what, s->least, s->most, mean, least, most);
}

static void geometry_follows_its_keys(void **state)
{
    const asl__augment_keys keys = keys_of("strong");
    statistics angle = {0}, scale = {0}, x = {0}, y = {0}, shear = {0}, aspect = {0};
    statistics lean = {0}, mirror = {0}, reflect = {0}, fill = {0}, together = {0};
    (void)state;
    for (int64_t i = 0; i < DRAWS; i++) {
        const asl__recipe r = asl__recipe_draw(&keys, 1, 2, i);
        add(&angle, (double)r.angle * 180 / pi);
        add(&scale, log2((double)r.scale));
        add(&x, (double)r.shift[0]);
        add(&y, (double)r.shift[1]);
        add(&shear, atan((double)r.shear) * 180 / pi);
        add(&aspect, log2((double)r.aspect));
        add(&lean, (double)r.perspective[0]);
        add(&mirror, r.mirror);
        add(&reflect, r.border == ASL__BORDER_REFLECT);
        add(&fill, r.border == ASL__BORDER_FILL);
        add(&together, (double)(r.shift[0] * r.shift[1]));
        assert_false(r.negative);
        assert_true(r.window == 1.0F);
    }
    check_uniform(&scale, log2(0.6), log2(1.4), "log of scale");
    check_uniform(&x, -0.15, 0.15, "shift sideways");
    check_uniform(&y, -0.15, 0.15, "shift upwards");
    check_uniform(&shear, -10, 10, "shear");
    check_uniform(&aspect, -log2(1.18), log2(1.18), "log of aspect");
    check_uniform(&lean, -0.15, 0.15, "perspective");
    check_rate(&mirror, 0.5, "mirrored");
    check_rate(&reflect, keys.border_reflect, "reflected");
    check_rate(&fill, keys.border_fill, "filled");
    assert_true(fabs(together.sum / DRAWS) <
                0.0005); /* the two directions know nothing of another */
    /* A normal distribution of 12 degrees, of which 0.35 % lie beyond 35. */
    assert_true(fabs(angle.sum / DRAWS) < 0.5);
    assert_true(fabs(sqrt(angle.squares / DRAWS) - 12) < 0.3);
    assert_true(fabs(angle.most - 35) < 1e-4 && fabs(angle.least + 35) < 1e-4);
}

static void colour_and_light_follow_their_keys(void **state)
{
    const asl__augment_keys keys = keys_of("strong");
    statistics brightness = {0}, contrast = {0}, saturation = {0}, hue = {0}, gain = {0};
    statistics gamma = {0}, colour = {0}, grey = {0}, dark = {0}, noisy = {0}, light = {0};
    (void)state;
    for (int64_t i = 0; i < DRAWS; i++) {
        const asl__recipe r = asl__recipe_draw(&keys, 1, 2, i);
        add(&colour, r.brightness != 1.0F);
        add(&grey, r.saturation == 0.0F);
        add(&dark, r.light != 1.0F);
        add(&noisy, r.read_noise > 0);
        assert_true((r.light != 1.0F) == (r.shot_noise > 0));
        if (r.light != 1.0F)
            add(&light, log2((double)(r.light * r.light)));
        if (r.brightness == 1.0F)
            continue;
        add(&brightness, log2((double)r.brightness));
        add(&contrast, log2((double)r.contrast));
        add(&hue, (double)r.hue * 180 / pi);
        add(&gamma, log2((double)r.gamma));
        if (r.saturation == 0.0F)
            continue;
        add(&saturation, (double)r.saturation);
        for (int32_t c = 0; c < 3; c++)
            add(&gain, log2((double)r.gain[c]));
    }
    check_rate(&colour, 0.9, "coloured");
    check_rate(&grey, keys.grey, "grey");
    check_rate(&dark, keys.low_light, "dark");
    check_rate(&noisy, 1 - (1 - keys.low_light) * (1 - keys.noise), "noisy");
    check_uniform(&light, log2(0.1), log2(0.4), "log of light");
    check_uniform(&brightness, log2(0.4), log2(1.6), "log of brightness");
    check_uniform(&contrast, log2(0.5), log2(1.6), "log of contrast");
    check_uniform(&saturation, 0.2, 1.8, "saturation");
    check_uniform(&hue, -20, 20, "hue");
    check_uniform(&gain, log2(0.75), log2(1.25), "log of gain");
    check_uniform(&gamma, log2(0.45), log2(2.2), "log of gamma");
}

static void defects_follow_their_keys(void **state)
{
    const asl__augment_keys keys = keys_of("strong");
    statistics rates[6] = {{0}}, sizes[6] = {{0}};
    static const char *const names[] = {"texture", "erase", "blur", "motion", "rescale", "jpeg"};
    const double expected[6] = {keys.texture, keys.erase,   keys.blur,
                                keys.motion,  keys.rescale, keys.jpeg};
    const double *ranges[6] = {keys.texture_share, keys.erase_area,     keys.blur_sigma,
                               keys.motion_length, keys.rescale_factor, keys.jpeg_quality};
    (void)state;
    for (int64_t i = 0; i < DRAWS; i++) {
        const asl__recipe r = asl__recipe_draw(&keys, 1, 2, i);
        const double values[6] = {(double)r.texture, (double)r.erase,   (double)r.blur,
                                  (double)r.motion,  (double)r.rescale, (double)r.jpeg};
        for (int32_t k = 0; k < 6; k++) {
            add(&rates[k], values[k] > 0);
            if (values[k] > 0)
                add(&sizes[k], k == 4 ? log2(values[k]) : values[k]);
        }
    }
    for (int32_t k = 0; k < 6; k++) {
        check_rate(&rates[k], expected[k], names[k]);
        check_uniform(&sizes[k], k == 4 ? log2(ranges[k][0]) : ranges[k][0],
                      k == 4 ? log2(ranges[k][1]) : ranges[k][1], names[k]);
    }
}

/* Turning one key changes what it is about and nothing else, so that an ablation compares like with
 * like. */
static void keys_do_not_disturb_each_other(void **state)
{
    const asl__augment_keys strong = keys_of("strong");
    const asl__augment_keys other = keys_of("{\"base\": \"strong\", \"rotation\": 5, \"jpeg\": 1,"
                                            " \"colour\": 0, \"noise\": 1}");
    (void)state;
    for (int64_t i = 0; i < 200; i++) {
        const asl__recipe a = asl__recipe_draw(&strong, 1, 2, i);
        const asl__recipe b = asl__recipe_draw(&other, 1, 2, i);
        assert_true(a.scale == b.scale && a.shift[1] == b.shift[1] && a.mirror == b.mirror);
        assert_true(a.light == b.light && a.erase == b.erase && a.blur == b.blur);
        assert_true(a.grain.state == b.grain.state);
        assert_true(b.brightness == 1.0F && b.jpeg > 0 && b.read_noise > 0);
    }
}

/* Half of the negatives are small patches; of the windows at the side about a fifth at most lies in
 * the middle half of the picture, also when one looks at it as a square that is not turned. */
static void negatives_avoid_the_middle(void **state)
{
    const asl__augment_keys keys = keys_of("{\"base\": \"strong\", \"negative\": 0.3}");
    statistics rate = {0}, patches = {0}, window = {0};
    (void)state;
    for (int64_t i = 0; i < DRAWS; i++) {
        const asl__recipe r = asl__recipe_draw(&keys, 1, 2, i);
        add(&rate, r.negative);
        if (!r.negative)
            continue;
        const double size = (double)r.window;
        add(&patches, size < 0.25);
        if (size < 0.25) {
            assert_true(size >= 0.08 && size <= 0.2201);
            assert_true((double)r.centre[0] >= size / 2 - 1e-6 &&
                        (double)r.centre[0] <= 1 - size / 2 + 1e-6);
            continue;
        }
        add(&window, size);
        double inside = 1;
        for (int32_t k = 0; k < 2; k++) {
            const double low = fmax((double)r.centre[k] - size / 2, 0.25);
            const double high = fmin((double)r.centre[k] + size / 2, 0.75);
            inside *= fmax(high - low, 0) / size;
        }
        assert_true(inside < 0.2);
    }
    check_rate(&rate, 0.3, "negative");
    check_rate(&patches, 0.5, "patches"); /* of 6000 */
    check_uniform(&window, 0.3, 0.5, "window");
}

/* The first epochs of a ramp change pictures less, in even steps, and the epoch after it and all
 * later ones as if there were none. */
static void strength_grows(void **state)
{
    const asl__augment_keys ramp = keys_of("{\"base\": \"strong\", \"ramp\": 3}");
    asl__augment_keys full = ramp;
    full.ramp = 0;
    (void)state;
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        const asl__augment_keys now = asl__augment_keys_at(&ramp, epoch);
        const double share = (double)(epoch + 1) / 4;
        assert_true(fabs(now.rotation - (share * full.rotation)) < 1e-12);
        assert_true(fabs(now.scale[0] - (1 + share * (full.scale[0] - 1))) < 1e-12);
        assert_true(fabs(now.gamma[1] - (1 + share * (full.gamma[1] - 1))) < 1e-12);
        assert_true(fabs(now.erase - (share * full.erase)) < 1e-12);
        assert_true(now.jpeg_quality[0] == full.jpeg_quality[0]);
    }
    for (int64_t epoch = 3; epoch < 6; epoch++)
        for (int64_t i = 0; i < 50; i++) {
            const asl__recipe a = asl__recipe_draw(&ramp, 1, epoch, i);
            const asl__recipe b = asl__recipe_draw(&full, 1, epoch, i);
            assert_true(a.angle == b.angle && a.scale == b.scale && a.gamma == b.gamma);
            assert_true(a.erase == b.erase && a.jpeg == b.jpeg);
            assert_true(a.grain.state == b.grain.state);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_agrees_with_libm),
        cmocka_unit_test(geometry_follows_its_keys),
        cmocka_unit_test(colour_and_light_follow_their_keys),
        cmocka_unit_test(defects_follow_their_keys),
        cmocka_unit_test(keys_do_not_disturb_each_other),
        cmocka_unit_test(negatives_avoid_the_middle),
        cmocka_unit_test(strength_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
