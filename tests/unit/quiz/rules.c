/* SPDX-License-Identifier: MIT */
/* The rules of asl-quiz, with letters and times from a script. */
#include <math.h>
#include <string.h>

#include "quiz.h"
#include "support/support.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const int64_t second = 1000000000;

/* Let this many tenths of a second pass. @return the answers other than QUIZ_NOTHING. */
static int32_t pass(struct quiz *quiz, int32_t tenths)
{
    int32_t late = 0;
    for (int32_t i = 0; i < tenths; i++) {
        const enum quiz_answer answer = quiz_time(quiz, quiz->frame_ns + second / 10);
        assert_true(answer == QUIZ_NOTHING || answer == QUIZ_LATE);
        late += answer == QUIZ_LATE;
    }
    return late;
}

static void begin(struct quiz *quiz, struct quiz_list *list, const char *words, int32_t rounds)
{
    quiz_list_read(list, words, alphabet);
    quiz_begin(quiz, list, rounds, 8 * second);
    assert_int_equal(quiz_time(quiz, 5 * second), QUIZ_NOTHING);
}

static void test_lists(void **state)
{
    (void)state;
    struct quiz_list list;
    quiz_list_read(&list, "cat 120\r\n\n  Dog\nd0g\ncafeteria-x\nabcdefghijklm\nzoo", alphabet);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.skipped, 3);
    assert_string_equal(list.words[0], "CAT");
    assert_string_equal(list.words[1], "DOG");
    assert_string_equal(list.words[2], "ZOO");
    quiz_list_free(&list);
    quiz_list_read(&list, "cat\nact\ndog\n", "ACT");
    assert_int_equal(list.count, 2);
    quiz_list_free(&list);
    quiz_list_read(&list, "", alphabet);
    assert_int_equal(list.count, 0);
    quiz_list_free(&list);
}

static void test_built_in_words_use_all_letters(void **state)
{
    (void)state;
    struct quiz_list list;
    bool used[QUIZ_LETTERS] = {false};
    quiz_list_read(&list, quiz_builtin_words, alphabet);
    assert_in_range(list.count, 40, 50);
    assert_int_equal(list.skipped, 0);
    for (int32_t i = 0; i < list.count; i++)
        for (const char *c = list.words[i]; *c; c++)
            used[*c - 'A'] = true;
    for (int32_t i = 0; i < QUIZ_LETTERS; i++)
        assert_true(used[i]);
    quiz_list_free(&list);
}

static void test_shuffle(void **state)
{
    (void)state;
    struct quiz_list lists[3];
    for (int i = 0; i < 3; i++) {
        quiz_list_read(&lists[i], quiz_builtin_words, alphabet);
        quiz_list_shuffle(&lists[i], i < 2 ? 7 : 8);
    }
    const size_t size = (size_t)lists[0].count * sizeof *lists[0].words;
    assert_memory_equal(lists[0].words, lists[1].words, size);
    assert_memory_not_equal(lists[0].words, lists[2].words, size);
    for (int32_t i = 0; i < lists[0].count; i++) { /* nothing was lost */
        bool found = false;
        for (int32_t j = 0; j < lists[2].count; j++)
            found = found || strcmp(lists[0].words[i], lists[2].words[j]) == 0;
        assert_true(found);
    }
    for (int i = 0; i < 3; i++)
        quiz_list_free(&lists[i]);
}

static void test_all_right(void **state)
{
    (void)state;
    struct quiz_list list;
    struct quiz quiz;
    struct quiz_score score;
    begin(&quiz, &list, "hello\nyou", 2);
    for (const char *const *label = (const char *const[]){"H", "e", "L", "L", "O", NULL}; *label;
         label++) {
        assert_int_equal(pass(&quiz, 10), 0);
        assert_int_equal(quiz_read(&quiz, *label), QUIZ_RIGHT);
    }
    assert_true(quiz_word_is_over(&quiz));
    assert_int_equal(quiz.word.ns, 5 * second);
    assert_int_equal(quiz_read(&quiz, "Y"), QUIZ_NOTHING); /* not asked yet */
    assert_int_equal(pass(&quiz, 100), 0);
    quiz_next(&quiz);
    assert_false(quiz_is_over(&quiz));
    assert_string_equal(quiz.word.text, "YOU");
    quiz_get_score(&score, &quiz);
    assert_int_equal(score.words, 1);
    assert_int_equal(score.letters, 5);
    assert_true(score.accuracy == 1);
    assert_true(fabs(score.letters_a_minute - 60) < 1e-9);
    assert_string_equal(score.practise, "");
    quiz_list_free(&list);
}

static void test_misses(void **state)
{
    (void)state;
    struct quiz_list list;
    struct quiz quiz;
    struct quiz_score score;
    begin(&quiz, &list, "ill", 1);
    assert_int_equal(quiz_read(&quiz, "I"), QUIZ_RIGHT);
    assert_int_equal(quiz_read(&quiz, "I"), QUIZ_WRONG);
    assert_int_equal(quiz_read(&quiz, "D"), QUIZ_WRONG); /* the first one is remembered */
    assert_int_equal(quiz_read(&quiz, "space"), QUIZ_NOTHING);
    assert_int_equal(quiz_read(&quiz, "5"), QUIZ_NOTHING);
    assert_int_equal(quiz_read(&quiz, ""), QUIZ_NOTHING);
    assert_int_equal(quiz.word.place, 1);
    assert_int_equal(quiz_read(&quiz, "L"), QUIZ_RIGHT);
    assert_int_equal(quiz.word.letters[1].read, 'I');
    assert_true(quiz.word.letters[1].reached);
    assert_int_equal(pass(&quiz, 79), 0);
    assert_int_equal(pass(&quiz, 1), 1);
    assert_false(quiz.word.letters[2].reached);
    assert_true(quiz_word_is_over(&quiz));
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(quiz_was_missed(&quiz.word.letters[i]), i > 0);
    quiz_next(&quiz);
    assert_true(quiz_is_over(&quiz));
    assert_false(quiz_word_is_over(&quiz));
    assert_int_equal(quiz_read(&quiz, "I"), QUIZ_NOTHING);
    assert_int_equal(pass(&quiz, 200), 0);
    quiz_get_score(&score, &quiz);
    assert_true(fabs(score.accuracy - 1.0 / 3) < 1e-12);
    assert_true(fabs(score.letters_a_minute - 15) < 1e-9);
    assert_string_equal(score.practise, "L");
    quiz_list_free(&list);
}

static void test_what_to_practise(void **state)
{
    (void)state;
    struct quiz_list list;
    struct quiz quiz;
    struct quiz_score score;
    begin(&quiz, &list, "aabbcd", 1);
    /* A once of two, B twice of two, C once of one, D never. */
    for (const char *c = "AXAXBXBXCD"; *c; c++)
        quiz_read(&quiz, (const char[]){*c, '\0'});
    assert_true(quiz_word_is_over(&quiz));
    quiz_next(&quiz);
    quiz_get_score(&score, &quiz);
    assert_string_equal(score.practise, "BCA");
    assert_true(isnan(score.letters_a_minute)); /* no time has passed */
    quiz_list_free(&list);
}

static void test_pauses_do_not_count(void **state)
{
    (void)state;
    struct quiz_list list;
    struct quiz quiz;
    struct quiz_score score;
    begin(&quiz, &list, "cat", 3);
    assert_int_equal(pass(&quiz, 70), 0);
    assert_int_equal(quiz_time(&quiz, quiz.frame_ns + 3600 * second), QUIZ_NOTHING);
    assert_int_equal(pass(&quiz, 9), 0);
    assert_int_equal(quiz.word.ns, 79 * second / 10);
    assert_int_equal(pass(&quiz, 1), 1);
    assert_int_equal(pass(&quiz, 160), 2); /* nobody is there */
    for (int i = 0; i < 2; i++) {          /* more rounds than words begin again */
        quiz_next(&quiz);
        assert_string_equal(quiz.word.text, "CAT");
        assert_int_equal(pass(&quiz, 240), 3);
    }
    quiz_next(&quiz);
    assert_true(quiz_is_over(&quiz));
    quiz_get_score(&score, &quiz);
    assert_true(score.accuracy == 0);
    assert_true(score.letters_a_minute == 0);
    assert_string_equal(score.practise, "ACT");
    quiz_begin(&quiz, &list, 1, second);
    quiz_get_score(&score, &quiz);
    assert_true(isnan(score.accuracy));
    quiz_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_built_in_words_use_all_letters),
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_all_right),
        cmocka_unit_test(test_misses),
        cmocka_unit_test(test_what_to_practise),
        cmocka_unit_test(test_pauses_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
