/* SPDX-License-Identifier: MIT */
/* See quiz.h. */
#include "quiz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"

/* Frames further apart than this are a pause, in which nobody plays. */
static const int64_t LONGEST_GAP_NS = 1000000000;

const char quiz_builtin_words[] = "able\nbox\nbook\nbusy\ncat\ncoffee\ndog\ndad\nexam\nfamily\n"
                                  "fish\nfriend\ngame\nhappy\nhello\nhelp\nhome\nice\njob\njoy\n"
                                  "kind\nlove\nmom\nmilk\nname\nnight\norange\npizza\nquick\n"
                                  "quiet\nrain\nsign\nsmile\nsun\ntea\nthank\ntime\nvery\nvoice\n"
                                  "water\nwhy\nyes\nyou\nzero\n";

/* ---- Words ---- */

/* The place of a letter in the alphabet, or -1. */
static int32_t place_of(char letter)
{
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a';
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' : -1;
}

/* Add the word of a line. @return whether it is one for this game. */
static bool add_word(struct quiz_list *list, const char *line, size_t length, const char *known)
{
    char *word = list->words[list->count];
    if (length == 0 || length > QUIZ_LONGEST)
        return false;
    for (size_t i = 0; i < length; i++) {
        const int32_t place = place_of(line[i]);
        word[i] = (char)('A' + place);
        if (place < 0 || !strchr(known, word[i]))
            return false;
    }
    word[length] = '\0';
    list->count++;
    return true;
}

void quiz_list_read(struct quiz_list *list, const char *text, const char *known)
{
    size_t lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    *list = (struct quiz_list){.words = cli_alloc(lines, sizeof *list->words)};
    while (*text) {
        const size_t line = strcspn(text, "\n"), blanks = strspn(text, " \t\r");
        if (blanks < line) {
            const size_t length = strcspn(text + blanks, " \t\r\n");
            list->skipped += !add_word(list, text + blanks, length, known);
        }
        text += line + (text[line] == '\n');
    }
}

void quiz_list_free(struct quiz_list *list)
{
    free(list->words);
    *list = (struct quiz_list){0};
}

/* SplitMix64 (Steele, Lea & Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

void quiz_list_shuffle(struct quiz_list *list, uint64_t seed)
{
    for (int32_t i = list->count - 1; i > 0; i--) {
        const int32_t other = (int32_t)(next_random(&seed) % ((uint64_t)i + 1));
        char word[QUIZ_LONGEST + 1];
        memcpy(word, list->words[i], sizeof word);
        memmove(list->words[i], list->words[other], sizeof word);
        memcpy(list->words[other], word, sizeof word);
    }
}

/* ---- The game ---- */

static void ask(struct quiz *quiz)
{
    quiz->word = (struct quiz_word){0};
    quiz->waited_ns = 0;
    if (quiz_is_over(quiz))
        return;
    strcpy(quiz->word.text, quiz->list->words[quiz->round % quiz->list->count]);
    quiz->word.length = (int32_t)strlen(quiz->word.text);
}

void quiz_begin(struct quiz *quiz, const struct quiz_list *list, int32_t rounds,
                int64_t patience_ns)
{
    *quiz =
        (struct quiz){.list = list, .rounds = rounds, .patience_ns = patience_ns, .frame_ns = -1};
    ask(quiz);
}

bool quiz_is_over(const struct quiz *quiz)
{
    return quiz->round >= quiz->rounds;
}

bool quiz_word_is_over(const struct quiz *quiz)
{
    return !quiz_is_over(quiz) && quiz->word.place >= quiz->word.length;
}

static bool is_waiting(const struct quiz *quiz)
{
    return !quiz_is_over(quiz) && !quiz_word_is_over(quiz);
}

static void leave_letter(struct quiz *quiz, bool reached)
{
    struct quiz_letter *letter = &quiz->word.letters[quiz->word.place++];
    letter->over = true;
    letter->reached = reached;
    quiz->waited_ns = 0;
}

enum quiz_answer quiz_time(struct quiz *quiz, int64_t time_ns)
{
    const int64_t gap = quiz->frame_ns < 0 ? 0 : time_ns - quiz->frame_ns;
    quiz->frame_ns = time_ns;
    if (gap > LONGEST_GAP_NS || !is_waiting(quiz))
        return QUIZ_NOTHING;
    quiz->word.ns += gap;
    quiz->waited_ns += gap;
    if (quiz->waited_ns < quiz->patience_ns)
        return QUIZ_NOTHING;
    leave_letter(quiz, false);
    return QUIZ_LATE;
}

enum quiz_answer quiz_read(struct quiz *quiz, const char *label)
{
    const int32_t place = label[0] && !label[1] ? place_of(label[0]) : -1;
    if (place < 0 || !is_waiting(quiz))
        return QUIZ_NOTHING;
    const char read = (char)('A' + place);
    struct quiz_letter *letter = &quiz->word.letters[quiz->word.place];
    if (read == quiz->word.text[quiz->word.place]) {
        leave_letter(quiz, true);
        return QUIZ_RIGHT;
    }
    if (!letter->read)
        letter->read = read;
    return QUIZ_WRONG;
}

bool quiz_was_missed(const struct quiz_letter *letter)
{
    return letter->read || (letter->over && !letter->reached);
}

void quiz_next(struct quiz *quiz)
{
    const struct quiz_word *word = &quiz->word;
    for (int32_t i = 0; i < word->length; i++) {
        const int32_t place = place_of(word->text[i]);
        quiz->asked[place]++;
        quiz->missed[place] += quiz_was_missed(&word->letters[i]);
        quiz->reached += word->letters[i].reached;
    }
    quiz->played_ns += word->ns;
    quiz->words++;
    quiz->round++;
    ask(quiz);
}

/* ---- What it comes to ---- */

/* Whether more of letter a was missed than of letter b: by share, then by number. */
static bool is_worse(const struct quiz *quiz, int32_t a, int32_t b)
{
    const int64_t share_a = (int64_t)quiz->missed[a] * quiz->asked[b];
    const int64_t share_b = (int64_t)quiz->missed[b] * quiz->asked[a];
    return share_a != share_b ? share_a > share_b : quiz->missed[a] > quiz->missed[b];
}

void quiz_get_score(struct quiz_score *score, const struct quiz *quiz)
{
    int32_t missed = 0, worst[QUIZ_LETTERS], count = 0;
    *score = (struct quiz_score){.words = quiz->words};
    for (int32_t i = 0; i < QUIZ_LETTERS; i++) {
        score->letters += quiz->asked[i];
        missed += quiz->missed[i];
        if (quiz->missed[i] == 0)
            continue;
        int32_t at = count++;
        for (; at > 0 && is_worse(quiz, i, worst[at - 1]); at--)
            worst[at] = worst[at - 1];
        worst[at] = i;
    }
    for (int32_t i = 0; i < count; i++)
        score->practise[i] = (char)('A' + worst[i]);
    score->accuracy = score->letters > 0 ? (double)(score->letters - missed) / score->letters : NAN;
    score->letters_a_minute =
        quiz->played_ns > 0 ? 60e9 * quiz->reached / (double)quiz->played_ns : NAN;
}
