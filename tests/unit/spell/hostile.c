/* SPDX-License-Identifier: MIT */
/* What no host should do, memory that runs short, random streams, and the same bits again. */
#include "support/support.h"

#include <math.h>

#include "asl/model.h"
#include "unit/spell/stage.h"

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_bad_frames(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, -0.01F, 1.5F, -0.0F};
    stage s;
    asl_error err = ASL_ERROR_INIT;
    float scores[CLASSES] = {1.0F};
    asl_speller_hints hints = {sizeof hints, 0, 0.0};
    (void)state;
    stage_open(&s, NULL);
    stage_hold(&s, "A", 60);
    const double before = asl_speller_belief(s.speller)[0];
    for (size_t i = 0; i < 5; i++) {
        scores[7] = bad[i];
        assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, NULL, &err),
                      ASL_ERR_ARG, &err);
        assert_int_equal(asl_speller_event_count(s.speller), 0);
    }
    scores[7] = 0.5F; /* sums to 1.5 */
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, NULL, &err),
                  ASL_ERR_ARG, &err);
    scores[7] = scores[0] = 0.0F;
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, NULL, &err),
                  ASL_ERR_ARG, &err);
    scores[0] = 1.0F;
    assert_status(asl_speller_push(s.speller, scores, 28, s.time_ns + 1, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_speller_push(s.speller, scores, 0, s.time_ns + 1, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_speller_push(s.speller, NULL, CLASSES, s.time_ns + 1, NULL, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_speller_push(NULL, scores, CLASSES, s.time_ns + 1, NULL, &err), ASL_ERR_ARG,
                  &err);
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns - 1, NULL, &err),
                  ASL_ERR_ARG, &err);
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns, NULL, &err), ASL_PARTIAL,
                  &err);
    hints.motion = NAN;
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, &hints, &err),
                  ASL_ERR_ARG, &err);
    hints.motion = 1.01;
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, &hints, &err),
                  ASL_ERR_ARG, &err);
    hints = (asl_speller_hints){sizeof hints, 1, 0.0};
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, &hints, &err),
                  ASL_ERR_ARG, &err);
    hints.struct_size = 0;
    assert_status(asl_speller_push(s.speller, scores, CLASSES, s.time_ns + 1, &hints, &err),
                  ASL_ERR_ARG, &err);
    assert_true(asl_speller_belief(s.speller)[0] == before); /* nothing of it had an effect */
    stage_hold(&s, "A", 500);
    assert_text(&s, "A");
    stage_close(&s);
}

static void test_bad_calls(void **state)
{
    static const char *const twice[] = {"A", "A"};
    static const char *const empty[] = {"A", ""};
    asl_error err = ASL_ERROR_INIT;
    asl_speller *speller = (asl_speller *)&err;
    asl_speller_event event = {.struct_size = sizeof event};
    asl_speller_options options;
    stage s;
    (void)state;
    assert_status(asl_speller_create(&speller, twice, 2, NULL, &err), ASL_ERR_LABELS, &err);
    assert_null(speller);
    assert_status(asl_speller_create(&speller, empty, 2, NULL, &err), ASL_ERR_LABELS, &err);
    assert_status(asl_speller_create(&speller, stage_labels, 1, NULL, &err), ASL_ERR_LABELS, &err);
    assert_status(asl_speller_create(&speller, stage_labels, -1, NULL, &err), ASL_ERR_LABELS, &err);
    assert_status(asl_speller_create(&speller, NULL, 29, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_create(NULL, stage_labels, 29, NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_create_for_model(&speller, NULL, NULL, &err), ASL_ERR_ARG, &err);
    asl_speller_options_init(&options, sizeof options);
    assert_status(asl_speller_options_preset(NULL, 0, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_options_preset(&options, 3, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_options_preset(&options, 0, -1, &err), ASL_ERR_ARG, &err);
    stage_open(&s, NULL);
    assert_status(asl_speller_get_event(&event, s.speller, 0, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_get_event(&event, s.speller, -1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_set_words(NULL, NULL, s.speller, NULL, 1, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_backspace(NULL, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_clear(NULL, &err), ASL_ERR_ARG, &err);
    assert_null(asl_speller_text(NULL, NULL));
    assert_null(asl_speller_belief(NULL));
    assert_null(asl_speller_suggestion(s.speller, 0));
    assert_int_equal(asl_speller_event_count(NULL), 0);
    assert_int_equal(asl_speller_suggestion_count(NULL), 0);
    asl_speller_free(NULL);
    stage_close(&s);
}

/* Each number just outside its range, and not a number. */
static void test_options_ranges(void **state)
{
#define OPTION(type, name, low, high)                                                              \
    {                                                                                              \
#name, offsetof(asl_speller_options, name), sizeof(type) == sizeof(double), low, high      \
    }
    static const struct {
        const char *name;
        size_t offset;
        bool is_double;
        double low, high;
    } table[] = {
        OPTION(int32_t, method, 0, 2),
        OPTION(double, temperature, 0.1, 10),
        OPTION(double, floor, 1e-9, 0.1),
        OPTION(double, nothing_share, 0, 1),
        OPTION(int32_t, correlation_ms, 0, 60000),
        OPTION(int32_t, stay_ms, 1, 60000),
        OPTION(int32_t, average_ms, 1, 60000),
        OPTION(int32_t, vote_ms, 1, 60000),
        OPTION(double, enter, 0, 1),
        OPTION(double, margin, 0, 1),
        OPTION(double, exit, 0, 1),
        OPTION(double, doubt_factor, 0, 10),
        OPTION(double, blind_factor, 0, 100),
        OPTION(double, edit_factor, 0, 100),
        OPTION(int32_t, dwell_ms, 0, 60000),
        OPTION(int32_t, release_ms, 0, 60000),
        OPTION(int32_t, repeat_ms, 0, 60000),
        OPTION(int32_t, delete_repeat_ms, 0, 60000),
        OPTION(int32_t, idle_ms, 0, 60000),
        OPTION(int32_t, pause_ms, 0, 60000),
        OPTION(int32_t, gap_ms, 1, 60000),
        OPTION(int32_t, bump_min_ms, 0, 60000),
        OPTION(int32_t, bump_max_ms, 0, 60000),
        OPTION(double, bump_motion, 0, 1),
        OPTION(double, still_motion, 0, 1),
        OPTION(double, moving_weight, 0, 1),
        OPTION(int32_t, max_text, 64, 16777216),
        OPTION(int32_t, max_suggestions, 0, 8),
        OPTION(double, word_weight, 0, 10),
        OPTION(double, insert_factor, 1e-9, 1),
        OPTION(double, omit_factor, 1e-9, 1),
        OPTION(double, repeat_factor, 1e-9, 1),
        OPTION(double, replace_floor, 1e-9, 1),
        OPTION(double, complete_factor, 1e-9, 1),
        OPTION(double, offer_floor, 1e-9, 1),
        OPTION(int32_t, beam, 1, 1024),
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const double values[] = {table[i].low, table[i].high, table[i].low - 1.0,
                                 table[i].high + 1.0, NAN};
        for (size_t j = 0; j < (table[i].is_double ? 5 : 4); j++) {
            asl_speller_options options;
            asl_speller *speller = NULL;
            asl_error err = ASL_ERROR_INIT;
            const int32_t integer = table[i].is_double ? 0 : (int32_t)values[j];
            asl_speller_options_init(&options, sizeof options);
            memcpy((char *)&options + table[i].offset,
                   table[i].is_double ? (const void *)&values[j] : (const void *)&integer,
                   table[i].is_double ? sizeof values[j] : sizeof integer);
            assert_status(asl_speller_create(&speller, stage_labels, CLASSES, &options, &err),
                          j < 2 ? ASL_OK : ASL_ERR_ARG, &err);
            if (j >= 2 && strstr(err.message, table[i].name) == NULL)
                fail_msg("'%s' does not name %s", err.message, table[i].name);
            asl_speller_free(speller);
        }
    }
}

static void test_for_model(void **state)
{
    asl_model *model = NULL;
    asl_speller *speller = NULL;
    asl_error err = ASL_ERROR_INIT;
    float scores[CLASSES] = {0};
    (void)state;
    assert_ok(asl_model_create(&model, "tiny", NULL, &err), &err);
    assert_ok(asl_speller_create_for_model(&speller, model, NULL, &err), &err);
    asl_model_free(model);
    scores[25] = 1.0F;
    for (int64_t i = 0; i < 30; i++)
        assert_ok(asl_speller_push(speller, scores, CLASSES, i * 33 * MS, NULL, &err), &err);
    assert_string_equal(asl_speller_text(NULL, speller), "Z");
    asl_speller_free(speller);
}

/* Options drawn at random from their ranges, extremes included. */
static void draw_options(asl_speller_options *o, uint64_t *random)
{
    int32_t *times[] = {&o->correlation_ms,   &o->dwell_ms, &o->release_ms, &o->repeat_ms,
                        &o->delete_repeat_ms, &o->idle_ms,  &o->pause_ms};
    double *shares[] = {&o->nothing_share, &o->enter, &o->margin, &o->exit, &o->moving_weight};
    asl_speller_options_init(o, sizeof *o);
    o->method = (int32_t)(next_random(random) % 3);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        *times[i] = (int32_t)(next_random(random) % 4 * 50);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        *shares[i] = (double)(next_random(random) % 5) / 4.0;
    o->gap_ms = 1 + (int32_t)(next_random(random) % 500);
    o->max_text = 64 + (int32_t)(next_random(random) % 64);
    o->max_suggestions = (int32_t)(next_random(random) % 9);
    o->beam = 1 + (int32_t)(next_random(random) % 8);
    o->temperature = 0.1 + (double)(next_random(random) % 30) / 10.0;
}

/* A frame of one class, of several, or of noise; times far apart now and then. */
static void push_random(stage *s, uint64_t *random)
{
    const asl_speller_hints hints = {sizeof hints, 0, (double)(next_random(random) % 20) / 100.0};
    float scores[CLASSES];
    double sum = 0.0;
    asl_error err = ASL_ERROR_INIT;
    if (next_random(random) % 8 == 0)
        s->top = (int32_t)(next_random(random) % CLASSES);
    for (int32_t i = 0; i < CLASSES; i++) {
        scores[i] = (float)(next_random(random) % 100) * (i == s->top ? 30.0F : 0.1F);
        sum += (double)scores[i];
    }
    if (sum <= 0.0)
        scores[s->top] = (float)(sum = 1.0);
    for (int32_t i = 0; i < CLASSES; i++)
        scores[i] = (float)((double)scores[i] / sum);
    s->time_ns += 1 + (int64_t)(next_random(random) % (70 * MS));
    if (next_random(random) % 200 == 0)
        s->time_ns += (int64_t)(next_random(random) % (1000000 * MS));
    assert_ok(asl_speller_push(s->speller, scores, CLASSES, s->time_ns,
                               next_random(random) % 2 == 0 ? &hints : NULL, &err),
              &err);
}

static void edit_random(stage *s, uint64_t *random)
{
    static const char *const texts[] = {
        "cat", " ", "  ", "c", "\xc3\xa9", "A b", "CATCATCATCATCAT"};
    const uint64_t choice = next_random(random) % 20, other = next_random(random);
    const int32_t count = asl_speller_suggestion_count(s->speller);
    if (choice == 0)
        (void)asl_speller_clear(s->speller, NULL);
    else if (choice < 6)
        (void)asl_speller_insert(s->speller, texts[other % 7], NULL);
    else if (choice < 9)
        (void)asl_speller_backspace(s->speller, NULL);
    else
        (void)asl_speller_apply_suggestion(s->speller, (int32_t)(other % (uint64_t)(count + 1)),
                                           NULL);
}

/* A hash of everything that one random life tells. */
static uint64_t live(uint64_t seed, int32_t frames)
{
    uint64_t random = seed, hash = 0;
    asl_speller_options options;
    asl_error err = ASL_ERROR_INIT;
    stage s;
    static const char list[] = "cat 3\ncater\ncats\nact\ntac\nto\nat\na\nzebra 7\n";
    draw_options(&options, &random);
    stage_open(&s, &options);
    assert_ok(asl_speller_set_words(NULL, NULL, s.speller, list, sizeof list - 1, &err), &err);
    for (int32_t i = 0; i < frames; i++) {
        if (next_random(&random) % 16 == 0)
            edit_random(&s, &random);
        else
            push_random(&s, &random);
        stage_follow(&s);
        for (int32_t j = 0; j < CLASSES; j++) {
            uint64_t bits;
            memcpy(&bits, &asl_speller_belief(s.speller)[j], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        }
        for (const char *c = asl_speller_text(NULL, s.speller); *c != '\0'; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
        for (int32_t j = 0; j < 16; j++)
            hash = (hash ^ (uint64_t)s.counts[j]) * UINT64_C(0x100000001b3);
    }
    stage_close(&s);
    return hash;
}

static void test_random_lives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        live(seed, 600);
}

static void test_same_bits_again(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 106; seed++)
        assert_true(live(seed, 500) == live(seed, 500));
}

/* Random bytes, and random lines of the right kind, as lists of words. */
static void test_random_lists(void **state)
{
    uint64_t random = 5;
    char data[512];
    (void)state;
    for (int32_t i = 0; i < 400; i++) {
        stage s;
        asl_error err = ASL_ERROR_INIT;
        const size_t size = next_random(&random) % sizeof data;
        static const char likely[] = "abcABC 0123\n\n\r\t'-";
        for (size_t j = 0; j < size; j++)
            data[j] = i % 2 == 0 ? (char)next_random(&random)
                                 : likely[next_random(&random) % (sizeof likely - 1)];
        stage_open(&s, NULL);
        assert_true(asl_speller_set_words(NULL, NULL, s.speller, data, size, &err) >= 0);
        assert_ok(asl_speller_insert(s.speller, "abc", &err), &err);
        assert_ok(asl_speller_backspace(s.speller, &err), &err);
        stage_close(&s);
    }
}

static void test_every_allocation(void **state)
{
    static const char list[] = "cat\ndog\n";
    int64_t count = 100;
    (void)state;
    for (int64_t n = 0; n <= count; n++) {
        asl_speller *speller = NULL;
        asl_error err = ASL_ERROR_INIT;
        test_allocator_install(n, false);
        asl_status status = asl_speller_create(&speller, stage_labels, CLASSES, NULL, &err);
        if (status == ASL_OK)
            status = asl_speller_set_words(NULL, NULL, speller, list, sizeof list - 1, &err);
        if (n == 0)
            count = test_allocator_count();
        assert_status(status, n == 0 ? ASL_OK : ASL_ERR_NOMEM, &err);
        asl_speller_free(speller);
        test_allocator_remove();
    }
    assert_in_range(count, 10, 20);
}

/* Frames and edits take no memory. */
static void test_frames_take_no_memory(void **state)
{
    static const char list[] = "help 3\nhello\n";
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    test_allocator_install(0, false);
    stage_open(&s, NULL);
    assert_ok(asl_speller_set_words(NULL, NULL, s.speller, list, sizeof list - 1, &err), &err);
    const int64_t before = test_allocator_count();
    stage_spell(&s, "HEL");
    assert_ok(asl_speller_apply_suggestion(s.speller, 0, &err), &err);
    assert_ok(asl_speller_backspace(s.speller, &err), &err);
    assert_ok(asl_speller_insert(s.speller, "LO YOU", &err), &err);
    assert_int_equal(test_allocator_count(), before);
    stage_close(&s);
    test_allocator_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_options_ranges),
        cmocka_unit_test(test_for_model),
        cmocka_unit_test(test_random_lives),
        cmocka_unit_test(test_same_bits_again),
        cmocka_unit_test(test_random_lists),
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_frames_take_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
