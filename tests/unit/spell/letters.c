/* SPDX-License-Identifier: MIT */
/* From frames to letters: showing, settling, locking, releasing, pauses and gaps, for each method
 * and frame rate. */
#include "support/support.h"

#include "unit/spell/stage.h"

static void test_one_letter_once(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_hold(&s, "A", 3000);
    assert_text(&s, "A");
    assert_int_equal(s.counts[ASL_SPELLER_CANDIDATE], 1);
    assert_int_equal(s.counts[ASL_SPELLER_COMMIT], 1);
    assert_true(s.counts[ASL_SPELLER_PROGRESS] > 0);
    stage_close(&s);
}

static void test_event_fields(void **state)
{
    stage s;
    int64_t since_ns = 0;
    double progress = -1.0;
    (void)state;
    stage_open(&s, NULL);
    for (int32_t i = 0; i < 60 && s.counts[ASL_SPELLER_COMMIT] == 0; i++) {
        stage_frame(&s, "C");
        for (int32_t j = 0; j < asl_speller_event_count(s.speller); j++) {
            asl_speller_event event = {.struct_size = sizeof event};
            assert_int_equal(asl_speller_get_event(&event, s.speller, j, NULL), ASL_OK);
            assert_int_equal(event.label, 2);
            assert_string_equal(event.text, "C");
            assert_true(event.time_ns == s.time_ns);
            assert_true(event.progress > progress);
            progress = event.progress;
            if (event.kind == ASL_SPELLER_CANDIDATE)
                since_ns = event.time_ns;
            assert_true(event.since_ns == since_ns);
            assert_true(event.belief == asl_speller_belief(s.speller)[2]);
        }
    }
    assert_true(progress == 1.0);
    stage_close(&s);
}

static void test_words_of_every_method(void **state)
{
    (void)state;
    for (int32_t method = ASL_SPELLER_HMM; method <= ASL_SPELLER_VOTE; method++) {
        for (int32_t profile = ASL_SPELLER_DEFAULT; profile <= ASL_SPELLER_FLUENT; profile++) {
            asl_speller_options options;
            asl_error err = ASL_ERROR_INIT;
            stage s;
            asl_speller_options_init(&options, sizeof options);
            assert_ok(asl_speller_options_preset(&options, method, profile, &err), &err);
            stage_open(&s, &options);
            for (const char *c = "HELLO"; *c != '\0'; c++) {
                const char letter[2] = {*c, '\0'};
                stage_hold(&s, letter, 1200);
                stage_hold(&s, "nothing", 600);
            }
            assert_text(&s, "HELLO");
            stage_close(&s);
        }
    }
}

/* The slower the profile, the later a letter is written. */
static void test_profiles_order(void **state)
{
    static const int32_t profiles[] = {ASL_SPELLER_FLUENT, ASL_SPELLER_DEFAULT,
                                       ASL_SPELLER_LEARNER};
    int64_t last_ns = 0;
    (void)state;
    for (int32_t i = 0; i < 3; i++) {
        asl_speller_options options;
        stage s;
        asl_speller_options_init(&options, sizeof options);
        assert_int_equal(asl_speller_options_preset(&options, ASL_SPELLER_HMM, profiles[i], NULL),
                         ASL_OK);
        stage_open(&s, &options);
        s.step_ns = 5 * MS;
        while (s.counts[ASL_SPELLER_COMMIT] == 0 && s.time_ns < 2000 * MS)
            stage_frame(&s, "A");
        assert_true(s.time_ns > last_ns);
        assert_true(s.time_ns < 1000 * MS);
        last_ns = s.time_ns;
        stage_close(&s);
    }
}

static void test_frame_rates(void **state)
{
    static const int64_t rates[] = {5, 10, 15, 24, 30, 50, 60, 90, 120, 500};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (int32_t method = ASL_SPELLER_HMM; method <= ASL_SPELLER_VOTE; method++) {
            asl_speller_options options;
            stage s;
            asl_speller_options_init(&options, sizeof options);
            assert_int_equal(
                asl_speller_options_preset(&options, method, ASL_SPELLER_DEFAULT, NULL), ASL_OK);
            stage_open(&s, &options);
            s.step_ns = 1000 * MS / rates[i];
            for (const char *c = "ABBA"; *c != '\0'; c++) {
                const char letter[2] = {*c, '\0'};
                stage_hold(&s, letter, 1000);
                stage_hold(&s, "nothing", 1000);
            }
            assert_text(&s, "ABBA");
            stage_close(&s);
        }
    }
}

/* A frame or two of another letter neither show nor write it. */
static void test_errors_are_hidden(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    for (int32_t i = 0; i < 40; i++) {
        stage_hold(&s, "M", 300);
        stage_frame(&s, i % 2 == 0 ? "N" : "T");
        if (i % 3 == 0)
            stage_frame(&s, "S");
    }
    assert_text(&s, "M");
    assert_int_equal(s.counts[ASL_SPELLER_CANDIDATE], 1);
    stage_close(&s);
}

static void test_double_by_opening(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_hold(&s, "L", 500);
    stage_hold(&s, "nothing", 300);
    stage_hold(&s, "L", 500);
    assert_text(&s, "LL");
    stage_close(&s);
}

static void bump(stage *s, int64_t ms)
{
    stage_hold(s, "L", 500);
    s->motion = 0.2;
    stage_hold(s, "L", ms);
    s->motion = 0.0;
    stage_hold(s, "L", 500);
}

static void test_double_by_motion(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{30, "L"}, {66, "L"}, {133, "LL"}, {200, "LL"}, {400, "L"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage s;
        stage_open(&s, NULL);
        bump(&s, cases[i].ms);
        assert_text(&s, cases[i].text);
        stage_close(&s);
    }
}

/* A hand that moves does not settle. */
static void test_motion_waits(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    s.motion = 0.08;
    stage_hold(&s, "A", 1500);
    assert_text(&s, "");
    s.motion = 0.02;
    stage_hold(&s, "A", 500);
    assert_text(&s, "A");
    stage_close(&s);
}

/* Without a hint letters settle later, and as late as `blind_factor` says. */
static void test_unknown_motion(void **state)
{
    static const double factors[] = {0.5, 1.0, 3.0, 10.0};
    int64_t last_ns = 0;
    (void)state;
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        asl_speller_options options;
        asl_speller *speller = NULL;
        asl_error err = ASL_ERROR_INIT;
        const float scores[CLASSES] = {1.0F};
        int64_t time_ns = 0;
        asl_speller_options_init(&options, sizeof options);
        options.blind_factor = factors[i];
        options.dwell_ms = 100;
        assert_ok(asl_speller_create(&speller, stage_labels, CLASSES, &options, &err), &err);
        while (*asl_speller_text(NULL, speller) == '\0') {
            time_ns += 5 * MS;
            assert_ok(asl_speller_push(speller, scores, CLASSES, time_ns, NULL, &err), &err);
        }
        assert_true(time_ns > last_ns && time_ns < (int64_t)(100.0 * factors[i] + 100.0) * MS);
        last_ns = time_ns;
        asl_speller_free(speller);
    }
}

static void test_repeat(void **state)
{
    asl_speller_options options;
    stage s;
    (void)state;
    asl_speller_options_init(&options, sizeof options);
    options.repeat_ms = 1000;
    stage_open(&s, &options);
    stage_hold(&s, "A", 3500);
    assert_text(&s, "AAAA");
    stage_hold(&s, "nothing", 200);
    stage_hold(&s, "del", 1700); /* one when it settles, then every 600 ms */
    assert_text(&s, "A");
    stage_hold(&s, "nothing", 200);
    stage_hold(&s, "space", 3000); /* a space never repeats */
    assert_text(&s, "A ");
    assert_int_equal(s.counts[ASL_SPELLER_SPACE], 1);
    stage_close(&s);

    options.repeat_ms = options.delete_repeat_ms = 0;
    stage_open(&s, &options);
    stage_spell(&s, "AB");
    stage_hold(&s, "del", 5000);
    assert_text(&s, "A");
    stage_close(&s);
}

static void test_idle_and_pause(void **state)
{
    asl_speller_options options;
    stage s;
    (void)state;
    asl_speller_options_init(&options, sizeof options);
    options.pause_ms = 1500;
    stage_open(&s, &options);
    stage_hold(&s, "nothing", 2000);
    assert_int_equal(s.counts[ASL_SPELLER_IDLE], 1);
    assert_text(&s, ""); /* no space at the start */
    stage_spell(&s, "HI");
    assert_text(&s, "HI");
    stage_hold(&s, "nothing", 5000);
    assert_text(&s, "HI ");
    assert_int_equal(s.counts[ASL_SPELLER_IDLE], 2);
    assert_int_equal(s.counts[ASL_SPELLER_SPACE], 1);
    assert_int_equal(s.counts[ASL_SPELLER_WORD], 1);
    stage_close(&s);
}

/* A camera that stalls neither settles a letter nor writes one twice. */
static void test_gaps(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_frame(&s, "A");
    stage_frame(&s, "A");
    for (int32_t i = 0; i < 20; i++) {
        s.time_ns += 700 * MS;
        stage_frame(&s, "A");
    }
    assert_text(&s, "");
    stage_hold(&s, "A", 1000);
    assert_text(&s, "A");
    for (int32_t i = 0; i < 5; i++) {
        s.time_ns += 10000 * MS;
        stage_hold(&s, "A", 1000);
    }
    assert_text(&s, "A");
    stage_close(&s);
}

static void test_time_jumps(void **state)
{
    const int64_t hours_1000 = 1000 * INT64_C(3600) * 1000 * MS;
    (void)state;
    for (int32_t method = ASL_SPELLER_HMM; method <= ASL_SPELLER_VOTE; method++) {
        asl_speller_options options;
        stage s;
        asl_speller_options_init(&options, sizeof options);
        assert_int_equal(asl_speller_options_preset(&options, method, ASL_SPELLER_DEFAULT, NULL),
                         ASL_OK);
        stage_open(&s, &options);
        s.time_ns = INT64_MIN + MS;
        stage_spell(&s, "A");
        s.time_ns = -hours_1000;
        stage_spell(&s, "B");
        s.time_ns += hours_1000;
        stage_spell(&s, "C");
        s.time_ns = INT64_MAX - 3000 * MS;
        stage_spell(&s, "D");
        assert_text(&s, "ABCD");
        stage_close(&s);
    }
}

/* Models without del, space and nothing, with very few classes, and with long names. */
static void test_other_models(void **state)
{
    static const char *const two[] = {"yes", "ÄÖ"};
    static const char *const signs[] = {"NOTHING", "Space", "DELETE", "X"};
    static const char *const bare[] = {"Background", "Q"};
    static const struct {
        const char *const *labels;
        int32_t count;
        int32_t shown[6];
        const char *text;
    } cases[] = {
        {two, 2, {0, 1, 0, 1, 0, 1}, "yesÄÖyesÄÖyesÄÖ"},
        {signs, 4, {3, 0, 3, 1, 3, 2}, "XX "},
        {bare, 2, {1, 0, 1, 0, 1, 0}, "QQQ"},
    };
    (void)state;
    for (int32_t i = 0; i < 9; i++) {
        asl_speller_options options;
        asl_speller *speller = NULL;
        asl_error err = ASL_ERROR_INIT;
        int64_t time_ns = 0;
        asl_speller_options_init(&options, sizeof options);
        assert_ok(asl_speller_options_preset(&options, i / 3, ASL_SPELLER_DEFAULT, &err), &err);
        assert_ok(
            asl_speller_create(&speller, cases[i % 3].labels, cases[i % 3].count, &options, &err),
            &err);
        for (int32_t j = 0; j < 6 * 20; j++, time_ns += 33 * MS) {
            float scores[4] = {0};
            scores[cases[i % 3].shown[j / 20]] = 1.0F;
            assert_ok(
                asl_speller_push(speller, scores, (size_t)cases[i % 3].count, time_ns, NULL, &err),
                &err);
        }
        assert_string_equal(asl_speller_text(NULL, speller), cases[i % 3].text);
        asl_speller_free(speller);
    }
}

static void test_temperature(void **state)
{
    asl_speller_options options;
    stage s;
    (void)state;
    asl_speller_options_init(&options, sizeof options);
    options.temperature = 10.0;
    stage_open(&s, &options);
    stage_hold(&s, "A", 60); /* flatter scores take longer */
    const double flat = asl_speller_belief(s.speller)[0];
    stage_close(&s);
    options.temperature = 1.0;
    stage_open(&s, &options);
    stage_hold(&s, "A", 60);
    assert_true(asl_speller_belief(s.speller)[0] > flat + 0.1);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_letter_once),
        cmocka_unit_test(test_event_fields),
        cmocka_unit_test(test_words_of_every_method),
        cmocka_unit_test(test_profiles_order),
        cmocka_unit_test(test_frame_rates),
        cmocka_unit_test(test_errors_are_hidden),
        cmocka_unit_test(test_double_by_opening),
        cmocka_unit_test(test_double_by_motion),
        cmocka_unit_test(test_motion_waits),
        cmocka_unit_test(test_unknown_motion),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_idle_and_pause),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_time_jumps),
        cmocka_unit_test(test_other_models),
        cmocka_unit_test(test_temperature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
