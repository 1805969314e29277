/* SPDX-License-Identifier: MIT */
/* The text: signs, edits by the host, its limit, and what events say about it. */
#include "support/support.h"

#include "unit/spell/stage.h"

static void test_spaces_and_words(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_spell(&s, " HI  YOU ");
    assert_text(&s, "HI YOU ");
    assert_int_equal(s.counts[ASL_SPELLER_SPACE], 2);
    assert_int_equal(s.counts[ASL_SPELLER_WORD], 2);
    stage_close(&s);
}

static void test_word_event(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_spell(&s, "A HI");
    while (s.counts[ASL_SPELLER_WORD] < 2)
        stage_frame(&s, "space");
    assert_string_equal(stage_event(&s, ASL_SPELLER_WORD).text, "HI");
    assert_string_equal(stage_event(&s, ASL_SPELLER_SPACE).text, " ");
    stage_close(&s);
}

static void test_delete_sign(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    stage_spell(&s, "<AB<C<<<<D");
    assert_text(&s, "D");
    assert_int_equal(s.counts[ASL_SPELLER_DELETE], 3);
    stage_close(&s);
}

static void test_edits(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    size_t size = 0;
    (void)state;
    stage_open(&s, NULL);
    assert_ok(asl_speller_backspace(s.speller, &err), &err);
    assert_int_equal(asl_speller_event_count(s.speller), 0);
    assert_ok(asl_speller_clear(s.speller, &err), &err);
    assert_int_equal(asl_speller_event_count(s.speller), 0);

    assert_ok(asl_speller_insert(s.speller, "z\xc3\xbc\xe2\x82\xac\xf0\x9f\x96\x90", &err), &err);
    stage_follow(&s);
    assert_string_equal(asl_speller_text(&size, s.speller),
                        "z\xc3\xbc\xe2\x82\xac\xf0\x9f\x96\x90");
    assert_int_equal(size, 10);
    for (int32_t i = 0; i < 3; i++) {
        assert_ok(asl_speller_backspace(s.speller, &err), &err);
        assert_int_equal(stage_event(&s, ASL_SPELLER_DELETE).removed, 1);
        stage_follow(&s);
    }
    assert_text(&s, "z");
    assert_ok(asl_speller_insert(s.speller, "", &err), &err);
    assert_status(asl_speller_insert(s.speller, "a\nb", &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_insert(s.speller, "a\xff", &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_insert(s.speller, NULL, &err), ASL_ERR_ARG, &err);
    assert_text(&s, "z");

    assert_ok(asl_speller_insert(s.speller, "\xc3\xbc", &err), &err);
    stage_follow(&s);
    assert_ok(asl_speller_clear(s.speller, &err), &err);
    assert_int_equal(stage_event(&s, ASL_SPELLER_EDIT).removed, 2);
    stage_follow(&s);
    assert_text(&s, "");
    stage_close(&s);
}

/* Clearing while a letter is held does not bring it back. */
static void test_clear_keeps_the_lock(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    stage_hold(&s, "A", 800);
    assert_text(&s, "A");
    assert_ok(asl_speller_clear(s.speller, &err), &err);
    stage_follow(&s);
    stage_hold(&s, "A", 2000);
    assert_text(&s, "");
    stage_close(&s);
}

static void test_reset(void **state)
{
    stage s;
    int32_t counts[16];
    (void)state;
    stage_open(&s, NULL);
    stage_spell(&s, "HI");
    memcpy(counts, s.counts, sizeof counts);
    asl_speller_reset(s.speller);
    assert_int_equal(asl_speller_event_count(s.speller), 0);
    assert_text(&s, "");
    memset(s.counts, 0, sizeof s.counts);
    s.follower[0] = '\0';
    s.time_ns = 0; /* time may begin again */
    stage_spell(&s, "HI");
    assert_text(&s, "HI");
    assert_memory_equal(s.counts, counts, sizeof counts);
    asl_speller_reset(NULL);
    stage_close(&s);
}

static void test_full(void **state)
{
    asl_speller_options options;
    stage s;
    asl_error err = ASL_ERROR_INIT;
    static const char sixty[] = "123456789 123456789 123456789 123456789 123456789 123456789 ";
    (void)state;
    asl_speller_options_init(&options, sizeof options);
    options.max_text = 64;
    stage_open(&s, &options);
    assert_ok(asl_speller_insert(s.speller, sixty, &err), &err);
    stage_follow(&s);
    stage_spell(&s, "ABC");
    assert_status(asl_speller_insert(s.speller, "de", &err), ASL_ERR_LIMIT, &err);
    stage_spell(&s, "DE ");
    assert_int_equal(s.counts[ASL_SPELLER_COMMIT], 4);
    assert_int_equal(s.counts[ASL_SPELLER_FULL], 2);
    assert_int_equal(s.counts[ASL_SPELLER_WORD], 0);
    size_t size = 0;
    assert_string_equal(asl_speller_text(&size, s.speller) + 60, "ABCD");
    assert_int_equal(size, 64);
    stage_spell(&s, "<X");
    assert_string_equal(asl_speller_text(NULL, s.speller) + 60, "ABCX");
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spaces_and_words),
        cmocka_unit_test(test_word_event),
        cmocka_unit_test(test_delete_sign),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_clear_keeps_the_lock),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
