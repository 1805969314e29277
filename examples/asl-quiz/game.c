/* SPDX-License-Identifier: MIT */
/* See game.h. */
#include "game.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "common/json.h"

static const char *letter_text(char letter, char memory[2])
{
    memory[0] = letter;
    memory[1] = '\0';
    return letter ? memory : NULL;
}

/* ---- As JSON ---- */

static json_t *begin_line(const struct game *game, const char *event)
{
    json_t *line = json_document();
    json_put(line, "event", json_text(event));
    json_put(line, "time_us", json_integer((game->frame_ns - game->events.start_ns) / 1000));
    return line;
}

static void end_line(struct game *game, json_t *line)
{
    json_print(line);
    game->full = !cli_flush() || game->full;
}

static void tell_task(struct game *game)
{
    json_t *line = begin_line(game, "task");
    json_put(line, "round", json_integer(game->quiz.round + 1));
    json_put(line, "rounds", json_integer(game->quiz.rounds));
    json_put(line, "word", json_text(game->quiz.word.text));
    end_line(game, line);
}

/* @param place  Of the letter in the word. @param read  What was read, or 0. */
static void tell_answer(struct game *game, int32_t place, char read, bool right)
{
    char memory[2];
    json_t *line = begin_line(game, "answer");
    json_put(line, "place", json_integer(place));
    json_put(line, "wanted", json_text(letter_text(game->quiz.word.text[place], memory)));
    json_put(line, "read", json_text(letter_text(read, memory)));
    json_put(line, "right", json_boolean(right));
    end_line(game, line);
}

static void tell_result(struct game *game)
{
    const struct quiz_word *word = &game->quiz.word;
    char memory[2];
    json_t *line = begin_line(game, "result"), *missed = json_array();
    json_put(line, "word", json_text(word->text));
    json_put(line, "seconds", json_number(1e-9 * (double)word->ns));
    for (int32_t i = 0; i < word->length; i++) {
        if (!quiz_was_missed(&word->letters[i]))
            continue;
        json_t *miss = json_object();
        json_put(miss, "place", json_integer(i));
        json_put(miss, "letter", json_text(letter_text(word->text[i], memory)));
        json_put(miss, "read", json_text(letter_text(word->letters[i].read, memory)));
        json_put(miss, "reached", json_boolean(word->letters[i].reached));
        json_add(missed, miss);
    }
    json_put(line, "missed", missed);
    end_line(game, line);
}

static void tell_score(struct game *game)
{
    struct quiz_score score;
    char memory[2];
    quiz_get_score(&score, &game->quiz);
    json_t *line = begin_line(game, "score"), *practise = json_array();
    json_put(line, "words", json_integer(score.words));
    json_put(line, "letters", json_integer(score.letters));
    json_put(line, "accuracy", json_number(score.accuracy));
    json_put(line, "letters_a_minute", json_number(score.letters_a_minute));
    for (const char *c = score.practise; *c; c++)
        json_add(practise, json_text(letter_text(*c, memory)));
    json_put(line, "practise", practise);
    end_line(game, line);
}

/* ---- As text ---- */

/* "HELLO: H E _ L O  4.2 s, missed L (read as I)" */
static void print_result(struct game *game)
{
    const struct quiz_word *word = &game->quiz.word;
    const char *separator = ", missed ";
    printf("%s:", word->text);
    for (int32_t i = 0; i < word->length; i++)
        printf(" %c", word->letters[i].reached ? word->text[i] : '_');
    printf("  %.1f s", 1e-9 * (double)word->ns);
    for (int32_t i = 0; i < word->length; i++) {
        if (!quiz_was_missed(&word->letters[i]))
            continue;
        printf("%s%c", separator, word->text[i]);
        if (word->letters[i].read)
            printf(" (read as %c)", word->letters[i].read);
        else
            printf(" (not seen)");
        separator = ", ";
    }
    printf("\n");
    game->full = !cli_flush() || game->full;
}

void game_verdict(char text[160], const struct quiz *quiz)
{
    struct quiz_score score;
    char letters[2 * QUIZ_LETTERS + 1] = "";
    quiz_get_score(&score, quiz);
    for (size_t i = 0; score.practise[i]; i++)
        snprintf(letters + 2 * i, sizeof letters - 2 * i, " %c", score.practise[i]);
    if (score.letters == 0)
        snprintf(text, 160, "No word was finished.");
    else
        snprintf(text, 160, "%d of %d words, %d letters, %.0f %% right at once, %.0f a minute.%s%s",
                 (int)score.words, (int)quiz->rounds, (int)score.letters, 100 * score.accuracy,
                 score.letters_a_minute, letters[0] ? " To practise:" : "", letters);
}

/* ---- The game ---- */

void game_begin(struct game *game, const struct quiz_list *list, int32_t rounds, double patience,
                bool json, bool fast)
{
    *game = (struct game){.events = {.on = json, .start_ns = fast ? 0 : live_clock()}};
    game->frame_ns = game->events.start_ns;
    pthread_mutex_init(&game->lock, NULL);
    quiz_begin(&game->quiz, list, rounds, (int64_t)(1e9 * patience));
}

/* The lock is held; so it is in what follows. */
static void follow(struct game *game, enum quiz_answer answer, char read)
{
    struct quiz *quiz = &game->quiz;
    const int32_t place = quiz->word.place - (answer != QUIZ_WRONG);
    const char wanted = quiz->word.text[place];
    game->remark[0] = '\0';
    if (answer == QUIZ_WRONG)
        snprintf(game->remark, sizeof game->remark, "That was read as %c. Show %c.", read, wanted);
    else if (answer == QUIZ_LATE)
        snprintf(game->remark, sizeof game->remark, "%c was not seen; on with the next one.",
                 wanted);
    if (game->events.on)
        tell_answer(game, place, read, answer == QUIZ_RIGHT);
    if (!quiz_word_is_over(quiz))
        return;
    int32_t missed = 0;
    for (int32_t i = 0; i < quiz->word.length; i++)
        missed += quiz_was_missed(&quiz->word.letters[i]);
    if (missed == 0)
        snprintf(game->remark, sizeof game->remark, "%s: well done, %.1f s.", quiz->word.text,
                 1e-9 * (double)quiz->word.ns);
    else
        snprintf(game->remark, sizeof game->remark, "%s: %.1f s, %d of %d letters missed.",
                 quiz->word.text, 1e-9 * (double)quiz->word.ns, (int)missed,
                 (int)quiz->word.length);
    if (game->events.on)
        tell_result(game);
    else
        print_result(game);
    quiz_next(quiz);
    if (game->events.on && !quiz_is_over(quiz))
        tell_task(game);
}

void game_event(const asl_speller *speller, const asl_speller_event *event, int64_t latency_ns,
                void *user)
{
    struct game *game = user;
    pthread_mutex_lock(&game->lock);
    game->frame_ns = event->time_ns;
    if (!live_events_speller(&game->events, speller, event, 1e-6 * (double)latency_ns))
        game->full = true;
    if (event->kind == ASL_SPELLER_COMMIT) {
        const enum quiz_answer answer = quiz_read(&game->quiz, event->text);
        if (answer != QUIZ_NOTHING)
            follow(game, answer, (char)(event->text[0] & ~0x20));
    }
    pthread_mutex_unlock(&game->lock);
}

void game_frame(const struct live_shot *shot, void *user)
{
    struct game *game = user;
    pthread_mutex_lock(&game->lock);
    const bool first = game->frames++ == 0;
    game->frame_ns = shot->time_ns;
    if (first && game->events.on)
        tell_task(game);
    if (quiz_time(&game->quiz, shot->time_ns) == QUIZ_LATE)
        follow(game, QUIZ_LATE, '\0');
    pthread_mutex_unlock(&game->lock);
}

struct game_look game_get_look(struct game *game)
{
    struct game_look look;
    pthread_mutex_lock(&game->lock);
    look.quiz = game->quiz;
    look.full = game->full;
    memcpy(look.remark, game->remark, sizeof look.remark);
    pthread_mutex_unlock(&game->lock);
    return look;
}

int game_end(struct game *game, const struct live_shot *shot, struct live_counts counts, int code)
{
    const struct live_summary summary = {.code = code,
                                         .frames = game->frames,
                                         .dropped = counts.dropped,
                                         .damaged = counts.damaged,
                                         .fps = shot->fps > 0 ? shot->fps : NAN,
                                         .latency_p50_ms = NAN,
                                         .latency_p95_ms = NAN};
    char text[160];
    if (game->events.on) {
        tell_score(game);
        live_events_end(&game->events, game->frame_ns, shot->text, &summary);
    } else {
        game_verdict(text, &game->quiz);
        printf("%s\n", text);
    }
    pthread_mutex_destroy(&game->lock);
    return code;
}
