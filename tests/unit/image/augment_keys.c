/* SPDX-License-Identifier: MIT */
/* The text of an augmentation: what it means, what is refused and how, and that hostile text does
 * no harm. */
#include "image/augment.h"

#include <stdlib.h>

#include "pictures.h"

static asl_augmentation *make(const char *text)
{
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *made = NULL;
    assert_ok(asl_augmentation_create(&made, text, &err), &err);
    return made;
}

static void reads_bases_and_keys(void **state)
{
    (void)state;
    asl_augmentation *light = make("light"), *strong = make("strong");
    asl_augmentation *changed = make(" {\"mirror\":0.25 , \"scale\": [ 0.9,1.1 ],\n"
                                     "\t\"base\" : \"strong\", \"hue\":7.5}\r\n");
    asl_augmentation *plain = make("{}"), *none = make("none");
    assert_true(light->keys.mirror == 0);
    assert_true(light->keys.shift == 0.08);
    assert_true(light->keys.rotation_limit == 10);
    assert_true(light->keys.brightness[0] == 0.7 && light->keys.brightness[1] == 1.3);
    assert_true(strong->keys.mirror == 0.5);
    assert_true(strong->keys.negative == 0);
    assert_true(changed->keys.mirror == 0.25);
    assert_true(changed->keys.scale[0] == 0.9 && changed->keys.scale[1] == 1.1);
    assert_true(changed->keys.hue == 7.5);
    assert_true(changed->keys.rotation == strong->keys.rotation);
    assert_string_equal(asl_augmentation_text(plain), asl_augmentation_text(none));
    asl_augmentation_free(light);
    asl_augmentation_free(strong);
    asl_augmentation_free(changed);
    asl_augmentation_free(plain);
    asl_augmentation_free(none);
    assert_no_memory_used();
}

/* The value of `name` as docs/augmentation.md spells it: a number, or 0.5..2 for [0.5,2]. */
static void spell(char out[64], const asl_augmentation *a, const char *name)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *value = strstr(asl_augmentation_text(a), quoted) + strlen(quoted);
    const bool range = *value == '[';
    value += range;
    const int first = (int)strcspn(value, ",}");
    const char *rest = value + first + 1;
    snprintf(out, 64, "%.*s%s%.*s", first, value, range ? ".." : "",
             range ? (int)strcspn(rest, "]") : 0, rest);
}

/* The table of the documentation has every key, with its values in light and strong. */
static void the_page_is_true(void **state)
{
    asl_augmentation *light = make("light"), *strong = make("strong");
    FILE *file = fopen(TEST_SOURCE_DIR "/../docs/augmentation.md", "rb");
    static char page[40000];
    int32_t rows = 0;
    (void)state;
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    const char *at = asl_augmentation_text(strong);
    while ((at = strchr(at, '"')) != NULL) {
        char name[40], expected[200], in_light[64], in_strong[64];
        const int length = (int)strcspn(at + 1, "\"");
        snprintf(name, sizeof name, "%.*s", length, at + 1);
        spell(in_light, light, name);
        spell(in_strong, strong, name);
        snprintf(expected, sizeof expected, "\n| `%s` | %s | %s | ", name, in_light, in_strong);
        if (strstr(page, expected) == NULL)
            fail_msg("docs/augmentation.md has no row%s", expected);
        at += length + 2;
        rows++;
    }
    assert_true(rows > 30);
    asl_augmentation_free(light);
    asl_augmentation_free(strong);
}

/* What is written means exactly what was read, also where it was rounded. */
static void the_text_means_the_same(void **state)
{
    static const char *const texts[] = {
        "none", "light", "strong",
        "{\"base\": \"strong\", \"rotation\": 12.3456789, \"gamma\": [0.333333333, 3]}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        asl_augmentation *first = make(texts[i]), *second = make(asl_augmentation_text(first));
        assert_memory_equal(&first->keys, &second->keys, sizeof first->keys);
        assert_string_equal(asl_augmentation_text(first), asl_augmentation_text(second));
        asl_augmentation_free(first);
        asl_augmentation_free(second);
    }
}

static void refuses_by_name(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "''"},
        {"Strong", "'Strong'"},
        {"strong ", "'strong '"},
        {"[1]", "'[1]'"},
        {"{\"rotate\": 3}", "no key 'rotate'"},
        {"{\"Rotation\": 3}", "no key 'Rotation'"},
        {"{\"rot\\u0061tion\": 3}", "no key"},
        {"{\"\": 3}", "no key ''"},
        {"{\"base\": \"huge\"}", "'huge'"},
        {"{\"base\": 3}", "name of the base"},
        {"{\"base\": \"light\", \"base\": \"light\"}", "'base' is there twice"},
        {"{\"hue\": 1, \"hue\": 1}", "'hue' is there twice"},
        {"{\"hue\": 181}", "'hue' is 181, not 0..180"},
        {"{\"mirror\": -0.1}", "'mirror' is -0.1, not 0..1"},
        {"{\"scale\": [0.1, 1]}", "'scale' is 0.1, not 0.25..4"},
        {"{\"scale\": [1, 0.5]}", "'scale' ends before it begins"},
        {"{\"scale\": 1}", "'scale' wants a range"},
        {"{\"scale\": [1]}", "',' inside a range"},
        {"{\"scale\": [1, 1, 1]}", "']' after"},
        {"{\"hue\": [1, 2]}", "'hue' wants one number"},
        {"{\"hue\": \"1\"}", "'hue' wants a number"},
        {"{\"hue\": true}", "'hue' wants a number"},
        {"{\"hue\": 1e1}", "'hue' wants a number"},
        {"{\"hue\": 1,5}", "a key in quotes"},
        {"{\"hue\": nan}", "'hue' wants a number"},
        {"{\"hue\": }", "'hue' wants a number"},
        {"{\"hue\" 1}", "':' after a key"},
        {"{\"hue", "closing quote"},
        {"{\"hue\": 1", "',' or '}'"},
        {"{\"hue\": 1,}", "a key in quotes"},
        {"{\"hue\": 1} x", "nothing more"},
        {"{", "a key in quotes"},
        {"{\"border_reflect\": 0.6, \"border_fill\": 0.6}", "more than 1 together"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_augmentation *made = (asl_augmentation *)state;
        assert_status(asl_augmentation_create(&made, bad[i].text, &err), ASL_ERR_ARG, &err);
        assert_null(made);
        if (strstr(err.message, bad[i].says) == NULL)
            fail_msg("%s: '%s' does not say \"%s\"", bad[i].text, err.message, bad[i].says);
    }
    asl_error err = ASL_ERROR_INIT;
    asl_augmentation *made = NULL;
    assert_status(asl_augmentation_create(NULL, "none", &err), ASL_ERR_ARG, &err);
    assert_status(asl_augmentation_create(&made, NULL, &err), ASL_ERR_ARG, &err);
    assert_no_memory_used();
}

/* Every text that differs from a good one in a few bytes is read or refused; the sanitizers look
 * for worse. */
static void survives_damage(void **state)
{
    static const char alphabet[] = "{}[]\",:.-+0123456789eE\\/ \n\tabstrue\x01\x7f\xc3\xff";
    asl_augmentation *strong = make("strong");
    const size_t length = strlen(asl_augmentation_text(strong));
    char *text = malloc(length + 1);
    uint32_t random = 1, good = 0;
    (void)state;
    for (int32_t i = 0; i < 20000; i++) {
        asl_error err = ASL_ERROR_INIT;
        asl_augmentation *made = NULL;
        memcpy(text, asl_augmentation_text(strong), length + 1);
        for (int32_t changes = 1 + i % 3; changes > 0; changes--) {
            random = random * 1664525 + 1013904223;
            const size_t at = (random >> 8) % length;
            random = random * 1664525 + 1013904223;
            text[at] = i % 5 == 0 ? '\0' : alphabet[(random >> 8) % (sizeof alphabet - 1)];
        }
        const asl_status status = asl_augmentation_create(&made, text, &err);
        if (status != ASL_OK) {
            assert_int_equal(status, ASL_ERR_ARG);
            test_check_error(status, &err);
        }
        good += status == ASL_OK;
        asl_augmentation_free(made);
    }
    assert_true(good > 200 && good < 10000); /* digits may become others */
    free(text);
    asl_augmentation_free(strong);
    assert_no_memory_used();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_bases_and_keys),    cmocka_unit_test(the_page_is_true),
        cmocka_unit_test(the_text_means_the_same), cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
