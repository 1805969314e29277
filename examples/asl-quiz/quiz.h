/* SPDX-License-Identifier: MIT */
/* The rules of the game, apart from cameras and screens: words to spell, what became of each of
 * their letters, and what that comes to. Letters are A to Z; times are those of the frames. */
#ifndef ASL_QUIZ_QUIZ_H
#define ASL_QUIZ_QUIZ_H

#include <stdbool.h>
#include <stdint.h>

enum { QUIZ_LONGEST = 12, QUIZ_LETTERS = 26 };

/** What became of a letter. */
struct quiz_letter {
    char read;    /**< What was read first instead of it, or 0. */
    bool reached; /**< It was read in the end. */
    bool over;    /**< It was read, or given up. */
};

/** A word in the game. */
struct quiz_word {
    char text[QUIZ_LONGEST + 1];
    int32_t length, place; /**< place: the letter that is wanted now; length at the end. */
    struct quiz_letter letters[QUIZ_LONGEST];
    int64_t ns; /**< Time it took so far. */
};

/** Words that can be asked for. */
struct quiz_list {
    char (*words)[QUIZ_LONGEST + 1];
    int32_t count;
    int32_t skipped; /**< Lines that were no words for this game. */
};

struct quiz {
    const struct quiz_list *list; /**< Borrowed. */
    int32_t rounds, round;        /**< round counts from 0; rounds when all is over. */
    int64_t patience_ns;
    struct quiz_word word;
    int64_t frame_ns, waited_ns; /**< Time of the last frame; how long the letter is wanted. */
    /* Of the words that are over. */
    int32_t words, asked[QUIZ_LETTERS], missed[QUIZ_LETTERS], reached;
    int64_t played_ns;
};

struct quiz_score {
    int32_t words, letters;
    double accuracy; /**< Share of the letters that were right at once; NAN without letters. */
    double letters_a_minute;         /**< Those that were reached; NAN without time. */
    char practise[QUIZ_LETTERS + 1]; /**< Letters that were missed, worst first. */
};

/** What a letter or the time changed. */
enum quiz_answer { QUIZ_NOTHING, QUIZ_RIGHT, QUIZ_WRONG, QUIZ_LATE };

/** Short common words that together use all letters; one a line. */
extern const char quiz_builtin_words[];

/** Take the words of @p text, the first of each line, that consist of letters in @p known, e.g.
 * "ABC". Release with quiz_list_free(). */
void quiz_list_read(struct quiz_list *list, const char *text, const char *known);
void quiz_list_free(struct quiz_list *list);
/** Bring the words into an order that depends on nothing but @p seed. */
void quiz_list_shuffle(struct quiz_list *list, uint64_t seed);

/** Begin with the first word of @p list, which is not empty. */
void quiz_begin(struct quiz *quiz, const struct quiz_list *list, int32_t rounds,
                int64_t patience_ns);
bool quiz_is_over(const struct quiz *quiz);
/** A frame has come. Pauses between frames do not count. @return QUIZ_LATE when the wanted letter
 * was given up because of it. */
enum quiz_answer quiz_time(struct quiz *quiz, int64_t time_ns);
/** A letter was read. What is no letter is ignored. */
enum quiz_answer quiz_read(struct quiz *quiz, const char *label);
/** Whether the word is spelled or given up to its end; then look at it and call quiz_next(). */
bool quiz_word_is_over(const struct quiz *quiz);
void quiz_next(struct quiz *quiz);
/** The letter was not right at once. */
bool quiz_was_missed(const struct quiz_letter *letter);
/** What it came to: of the words that are over. */
void quiz_get_score(struct quiz_score *score, const struct quiz *quiz);

#endif /* ASL_QUIZ_QUIZ_H */
