/* SPDX-License-Identifier: MIT */
/* Word lists and suggestions. */
#include "support/support.h"

#include <stdlib.h>

#include "unit/spell/stage.h"

static const char list[] = "hello 5000\nhelp 4000\nhell 100\nhelmet 50\nheld 900\nworld 3000\n"
                           "word 3500\ncoffee 800\nbook 1000\nboot 300\nletter 700\nLATER 900\n";

static void use_words(stage *s, const char *words)
{
    asl_error err = ASL_ERROR_INIT;
    assert_ok(asl_speller_set_words(NULL, NULL, s->speller, words, strlen(words), &err), &err);
    stage_follow(s);
}

static int32_t find(const stage *s, const char *word)
{
    for (int32_t i = 0; i < asl_speller_suggestion_count(s->speller); i++)
        if (strcmp(asl_speller_suggestion(s->speller, i), word) == 0)
            return i;
    return -1;
}

static void assert_offers(const stage *s, const char *first, const char *second, const char *third)
{
    const char *expected[] = {first, second, third};
    for (int32_t i = 0; i < 3; i++) {
        const char *got = asl_speller_suggestion(s->speller, i);
        if (expected[i] == NULL)
            assert_null(got);
        else if (got == NULL)
            fail_msg("no suggestion %d, expected %s", i, expected[i]);
        else
            assert_string_equal(got, expected[i]);
    }
}

static void test_completions(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, list);
    assert_offers(&s, NULL, NULL, NULL);
    stage_spell(&s, "HEL");
    assert_offers(&s, "HELP", "HELLO", "HELD");
    stage_spell(&s, "LO"); /* it is a word: no need to offer it */
    assert_int_equal(find(&s, "HELLO"), -1);
    assert_true(s.counts[ASL_SPELLER_SUGGESTIONS] > 0);
    assert_text(&s, "HELLO");
    stage_close(&s);
}

/* Written wrongly in each way, the word is the first offer after the space. */
static void test_corrections(void **state)
{
    static const struct {
        const char *spelled, *word;
    } cases[] = {
        {"HELO ", "HELLO"},   {"HELLLO ", "HELLO"}, {"HEXLLO ", "HELLO"},   {"WORLB ", "WORLD"},
        {"COFFE ", "COFFEE"}, {"COFEE ", "COFFEE"}, {"OFFEE ", "COFFEE"},   {"LETER ", "LETTER"},
        {"BOOX ", "BOOK"},    {"BBOOK ", "BOOK"},   {"LEETTER ", "LETTER"}, {"ZWORD ", "WORD"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage s;
        stage_open(&s, NULL);
        use_words(&s, list);
        stage_spell(&s, cases[i].spelled);
        assert_text(&s, cases[i].spelled); /* offered, never applied */
        if (asl_speller_suggestion_count(s.speller) == 0)
            fail_msg("nothing is offered for %s", cases[i].spelled);
        assert_string_equal(asl_speller_suggestion(s.speller, 0), cases[i].word);
        stage_close(&s);
    }
}

static void test_nothing_like_it(void **state)
{
    stage s;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, list);
    stage_spell(&s, "QXZVJ ");
    assert_offers(&s, NULL, NULL, NULL);
    stage_close(&s);
}

/* Frames that waver between two letters are evidence for both. */
static void test_posteriors_count(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, "cat 10\ncot 10\ncut 10\n");
    stage_spell(&s, "C");
    for (int32_t i = 0; i < 30; i++) { /* E, but rather like an O */
        float scores[CLASSES] = {0};
        scores[4] = 0.7F;
        scores[14] = 0.3F;
        s.time_ns += s.step_ns;
        assert_int_equal(asl_speller_push(s.speller, scores, CLASSES, s.time_ns, NULL, &err),
                         ASL_OK);
        stage_follow(&s);
    }
    stage_hold(&s, "nothing", 200);
    stage_spell(&s, "T");
    assert_text(&s, "CET");
    assert_string_equal(asl_speller_suggestion(s.speller, 0), "COT");
    stage_close(&s);
}

static void test_apply_and_undo(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, list);
    stage_spell(&s, "A HEL");
    assert_ok(asl_speller_apply_suggestion(s.speller, find(&s, "HELLO"), &err), &err);
    assert_int_equal(stage_event(&s, ASL_SPELLER_EDIT).removed, 3);
    stage_follow(&s);
    assert_text(&s, "A HELLO ");
    assert_int_equal(asl_speller_suggestion_count(s.speller), 0);
    stage_spell(&s, " "); /* there is one already */
    assert_text(&s, "A HELLO ");
    assert_ok(asl_speller_backspace(s.speller, &err), &err);
    assert_int_equal(stage_event(&s, ASL_SPELLER_DELETE).removed, 6);
    stage_follow(&s);
    assert_text(&s, "A HEL");
    assert_offers(&s, "HELP", "HELLO", "HELD");

    assert_ok(asl_speller_apply_suggestion(s.speller, 0, &err), &err);
    stage_follow(&s);
    stage_spell(&s, "<"); /* the sign does it too */
    assert_text(&s, "A HEL");

    assert_ok(asl_speller_apply_suggestion(s.speller, 0, &err), &err);
    stage_follow(&s);
    stage_spell(&s, "B<<"); /* after another letter only one character goes */
    assert_text(&s, "A HELP");
    assert_status(asl_speller_apply_suggestion(s.speller, 3, &err), ASL_ERR_ARG, &err);
    assert_status(asl_speller_apply_suggestion(s.speller, -1, &err), ASL_ERR_ARG, &err);
    stage_close(&s);
}

static void test_apply_to_a_finished_word(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, list);
    stage_spell(&s, "HELO ");
    assert_ok(asl_speller_apply_suggestion(s.speller, 0, &err), &err);
    stage_follow(&s);
    assert_text(&s, "HELLO ");
    assert_ok(asl_speller_backspace(s.speller, &err), &err);
    stage_follow(&s);
    assert_text(&s, "HELO ");
    assert_string_equal(asl_speller_suggestion(s.speller, 0), "HELLO");
    stage_close(&s);
}

static void test_apply_when_full(void **state)
{
    asl_speller_options options;
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    asl_speller_options_init(&options, sizeof options);
    options.max_text = 64;
    stage_open(&s, &options);
    use_words(&s, list);
    assert_ok(
        asl_speller_insert(s.speller, "123456789 123456789 123456789 123456789 123456789 ", &err),
        &err);
    assert_ok(asl_speller_insert(s.speller, "123456789 HEL", &err), &err);
    assert_int_equal(find(&s, "HELP"), 0);
    assert_status(asl_speller_apply_suggestion(s.speller, 0, &err), ASL_ERR_LIMIT, &err);
    assert_int_equal(find(&s, "HELP"), 0);
    stage_close(&s);
}

/* Letters taken back, typed, and a word opened again behind its space. */
static void test_offers_follow_edits(void **state)
{
    stage s;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    use_words(&s, list);
    stage_spell(&s, "HELX<");
    assert_offers(&s, "HELP", "HELLO", "HELD");
    stage_spell(&s, " <");
    assert_text(&s, "HEL");
    assert_offers(&s, "HELP", "HELLO", "HELD");
    stage_spell(&s, "<<<");
    assert_offers(&s, NULL, NULL, NULL);
    assert_ok(asl_speller_insert(s.speller, "boo hel", &err), &err);
    stage_follow(&s);
    assert_offers(&s, "HELP", "HELLO", "HELD");
    stage_spell(&s, "<<<<");
    assert_text(&s, "boo");
    assert_int_equal(find(&s, "BOOK"), 0);
    assert_ok(asl_speller_insert(s.speller, "k?", &err), &err); /* no sign writes a '?' */
    assert_offers(&s, NULL, NULL, NULL);
    assert_ok(asl_speller_set_words(NULL, NULL, s.speller, NULL, 0, &err), &err);
    assert_ok(asl_speller_backspace(s.speller, &err), &err);
    assert_offers(&s, NULL, NULL, NULL);
    stage_close(&s);
}

static void test_reading_lists(void **state)
{
    static const struct {
        const char *data;
        int64_t used, skipped;
    } cases[] = {
        {"", 0, 0},
        {"\n\n \t\r\n", 0, 0},
        {"cat", 1, 0},
        {"cat\r\ndog\r\n", 2, 0},
        {"\xef\xbb\xbf"
         "cat\n  dog \t 12  \n",
         2, 0},
        {"cat 3\nCAT 4\ncat\n", 1, 0},
        {"don't\nna\xc3\xafve\n\xff\xfe\ncat\n", 1, 3},
        {"cat x\ncat -1\ncat 1.5\ncat 1 2\ncat 1234567890123456\n", 0, 5},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, 1},
        {"nothing\nspace\ndel\n", 3, 0}, /* spelled, not signed */
        {"cat 0\ncar 999999999999999\n", 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stage s;
        int64_t used = -1, skipped = -1;
        asl_error err = ASL_ERROR_INIT;
        stage_open(&s, NULL);
        assert_int_equal(asl_speller_set_words(&used, &skipped, s.speller, cases[i].data,
                                               strlen(cases[i].data), &err),
                         cases[i].skipped > 0 ? ASL_PARTIAL : ASL_OK);
        assert_int_equal(used, cases[i].used);
        assert_int_equal(skipped, cases[i].skipped);
        stage_spell(&s, "CA");
        assert_true(asl_speller_suggestion_count(s.speller) <= 3);
        stage_close(&s);
    }
}

static void test_limits(void **state)
{
    enum { SIZE = 17 << 20, LINES = (1 << 20) + 1 };
    char *data = malloc(SIZE);
    stage s;
    asl_error err = ASL_ERROR_INIT;
    int64_t used = 0;
    (void)state;
    assert_non_null(data);
    stage_open(&s, NULL);
    use_words(&s, list);
    stage_spell(&s, "HEL");
    memset(data, 'a', SIZE);
    assert_status(asl_speller_set_words(NULL, NULL, s.speller, data, SIZE, &err), ASL_ERR_LIMIT,
                  &err);
    for (size_t i = 0; i < LINES; i++) {
        size_t number = i;
        for (size_t j = 0; j < 7; j++, number /= 26)
            data[8 * i + j] = (char)('a' + number % 26);
        data[8 * i + 7] = '\n';
    }
    assert_status(asl_speller_set_words(NULL, NULL, s.speller, data, 8 * LINES, &err),
                  ASL_ERR_LIMIT, &err);
    assert_offers(&s, "HELP", "HELLO", "HELD"); /* the last list stays */
    assert_ok(asl_speller_set_words(&used, NULL, s.speller, data, 8 * (LINES - 1), &err), &err);
    assert_int_equal(used, LINES - 1);
    free(data);
    stage_close(&s);
}

static void test_files(void **state)
{
    stage s;
    int64_t used = 0;
    asl_error err = ASL_ERROR_INIT;
    (void)state;
    stage_open(&s, NULL);
    test_make_folder("words");
    test_write_file("words/list.txt", list, sizeof list - 1);
    assert_ok(asl_speller_load_words(&used, NULL, s.speller, "words/list.txt", &err), &err);
    assert_int_equal(used, 12);
    assert_status(asl_speller_load_words(NULL, NULL, s.speller, "words/none.txt", &err),
                  ASL_ERR_NOT_FOUND, &err);
    assert_status(asl_speller_load_words(NULL, NULL, s.speller, "words", &err), ASL_ERR_PATH, &err);
    assert_status(asl_speller_load_words(NULL, NULL, s.speller, NULL, &err), ASL_ERR_ARG, &err);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completions),     cmocka_unit_test(test_corrections),
        cmocka_unit_test(test_nothing_like_it), cmocka_unit_test(test_posteriors_count),
        cmocka_unit_test(test_apply_and_undo),  cmocka_unit_test(test_apply_to_a_finished_word),
        cmocka_unit_test(test_apply_when_full), cmocka_unit_test(test_offers_follow_edits),
        cmocka_unit_test(test_reading_lists),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
