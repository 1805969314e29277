/* SPDX-License-Identifier: MIT */
/* asl-quiz: a game to learn the finger alphabet. Options and wiring; see quiz.h for the rules. */
#include <stdlib.h>

#include "asl/asl.h"
#include "common/cli.h"
#include "common/files.h"
#include "game.h"
#include "live/command.h"
#include "screen.h"

enum { POLL_MS = 100, LARGEST_LIST = 16 << 20 };

struct settings {
    struct live_command live;
    const char *words;
    int32_t rounds;
    double patience;
};

/* The letters that the model can tell. */
static void find_letters(char known[QUIZ_LETTERS + 1], const asl_model *model)
{
    bool has[QUIZ_LETTERS] = {false};
    asl_model_info info = {.struct_size = sizeof info};
    asl_model_get_info(&info, model, NULL);
    for (int32_t i = 0; i < info.label_count; i++) {
        const char *label = asl_model_label(model, i);
        const char letter = (char)(label[0] & ~0x20);
        if (letter >= 'A' && letter <= 'Z' && !label[1])
            has[letter - 'A'] = true;
    }
    for (int32_t i = 0; i < QUIZ_LETTERS; i++)
        if (has[i])
            *known++ = (char)('A' + i);
    *known = '\0';
}

static int read_words(struct quiz_list *list, const struct settings *s, const asl_model *model)
{
    char known[QUIZ_LETTERS + 1], *data = NULL;
    size_t size = 0;
    const int code = s->words ? files_read(&data, &size, s->words, LARGEST_LIST) : CLI_OK;
    if (code != CLI_OK)
        return code == CLI_FAILED ? CLI_BAD_INPUT : code;
    find_letters(known, model);
    quiz_list_read(list, data ? data : quiz_builtin_words, known);
    free(data);
    const char *name = s->words ? s->words : "the list of words";
    if (list->count == 0) {
        cli_error("'%s': no word of at most %d letters that this model knows (%s)", name,
                  QUIZ_LONGEST, known[0] ? known : "none");
        return CLI_BAD_INPUT;
    }
    if (list->skipped > 0)
        cli_note("'%s': %d words, and %d that are too long or need letters that this model does "
                 "not know",
                 name, (int)list->count, (int)list->skipped);
    quiz_list_shuffle(list, s->live.source.seed ? s->live.source.seed : (uint64_t)live_clock());
    return CLI_OK;
}

/* ---- Running ---- */

static void run_headless(const struct settings *s, struct screen *screen)
{
    const int64_t begun = live_clock();
    int state = LIVE_FRAME;
    while ((state == LIVE_FRAME || state == LIVE_TIMEOUT) && !screen->game->full &&
           !quiz_is_over(&screen->game->quiz) &&
           !live_command_is_over(&s->live, begun, screen->game->frame_ns))
        state = live_session_step(screen->session, POLL_MS);
}

static void wake(void *user)
{
    const struct screen *screen = user;
    live_window_wake(screen->window);
}

static int run_window(const struct settings *s, struct screen *screen)
{
    struct live_error error = {0};
    const int64_t begun = live_clock();
    if (!live_session_start(screen->session, &error)) {
        cli_error("%s", error.message);
        return error.code;
    }
    while (!live_command_is_over(&s->live, begun, screen->shot.time_ns) &&
           !game_get_look(screen->game).full) {
        live_window_wait(screen->window, POLL_MS);
        screen_update(screen);
        if (!screen_obey(screen))
            break;
    }
    return CLI_OK;
}

/* With everything open. @return the exit code. */
static int run_session(const struct settings *s, struct screen *screen)
{
    int code = CLI_OK;
    cli_catch_interrupt(NULL, NULL);
    if (screen->window)
        code = run_window(s, screen);
    else
        run_headless(s, screen);
    live_session_look(&screen->shot, screen->session);
    const double fps = screen->shot.fps;       /* a pause forgets it */
    live_session_pause(screen->session, true); /* nothing is read from here on */
    live_session_look(&screen->shot, screen->session);
    screen->shot.fps = fps;
    if (screen->shot.error.message[0]) {
        cli_error("%s", screen->shot.error.message);
        code = code == CLI_OK ? screen->shot.error.code : code;
    }
    if (screen->lost) {
        cli_error("the display is gone");
        code = CLI_NO_DEVICE;
    }
    if (code == CLI_OK && cli_interrupted())
        code = CLI_INTERRUPTED;
    return code;
}

static int run(struct settings *s, const asl_model *model, struct live_source *source,
               const struct quiz_list *list)
{
    enum { WIDTH = 960, HEIGHT = 720 };
    struct game game;
    struct live_error error = {0};
    struct screen screen = {.game = &game,
                            .model = model,
                            .source = live_source_name(source),
                            .mirrored = !s->live.unmirrored};
    int code = CLI_OK;
    s->live.session.on_event = game_event;
    s->live.session.on_frame = game_frame;
    s->live.session.user = &game;
    s->live.session.on_news = s->live.headless ? NULL : wake;
    s->live.session.news_user = &screen;
    if (!s->live.headless && !live_window_open(&screen.window, "asl-quiz", WIDTH, HEIGHT, &error)) {
        cli_error("%s; --headless runs without one", error.message);
        code = error.code;
    } else if (!live_session_open(&screen.session, source, model, &s->live.session, &error)) {
        cli_error("%s", error.message);
        code = error.code;
    } else {
        screen.backend = live_session_backend(screen.session);
        game_begin(&game, list, s->rounds, s->patience, s->live.json, s->live.source.fast);
        live_command_tell(&s->live, "asl-quiz", &game.events, source, model, screen.backend);
        code = run_session(s, &screen);
        live_session_close(screen.session);
        code = game_end(&game, &screen.shot, live_source_counts(source), code);
    }
    live_window_close(screen.window);
    asl_image_free(screen.shot.picture);
    return code;
}

int main(int argc, char **argv)
{
    struct settings s = {.rounds = 10, .patience = 8};
    live_command_init(&s.live, ASL_SPELLER_LEARNER);
    const cli_option options[] = {
        LIVE_COMMAND_SOURCE(&s.live),
        LIVE_COMMAND_SIGNER(&s.live),
        CLI_HEADING("Game"),
        CLI_TEXT('w', "words", "FILE", &s.words,
                 "words to ask for, one a line, instead of the built-in ones"),
        CLI_INT('n', "rounds", "N", &s.rounds, 1, 10000, "how many words to ask for"),
        CLI_REAL(0, "patience", "X", &s.patience, 0.5, 3600,
                 "seconds for a letter before it counts as missed"),
        LIVE_COMMAND_ENGINE(&s.live),
        LIVE_COMMAND_GENERAL(&s.live),
    };
    const cli_program program = {
        .name = "asl-quiz",
        .arguments = "[SOURCE...]",
        .summary = "Learn to spell with the hand: shows words, follows them letter by letter, and "
                   "tells which letters to practise. SOURCE is what asl-camera takes; the first "
                   "camera when it is left out.",
        .details = "Hold the hand in the red box and sign the letter that is marked. Each word\n"
                   "gives a line with its time and the letters that were not right at once. A\n"
                   "seed other than 0 fixes the order of the words. Keys in the window: ? shows\n"
                   "them; q quits and sums up.\n",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .max_arguments = -1,
    };
    char **specs;
    const int count = cli_parse(&program, argc, argv, &specs);
    cli_set_quiet(s.live.quiet);
    if (s.live.list)
        return cli_finish(live_list_cameras(NULL, s.live.json));
    asl_model *model = NULL, *hands = NULL;
    struct live_source *source = NULL;
    struct quiz_list list = {0};
    int code = live_command_resolve(&s.live, count);
    if (code == CLI_OK)
        code = live_command_open_finder(&hands, &s.live);
    if (code == CLI_OK)
        code = live_command_open(&model, &source, &s.live, specs, count);
    if (code == CLI_OK)
        code = read_words(&list, &s, model);
    if (code == CLI_OK)
        code = run(&s, model, source, &list);
    quiz_list_free(&list);
    live_source_close(source);
    asl_model_free(hands);
    asl_model_free(model);
    return cli_finish(code);
}
