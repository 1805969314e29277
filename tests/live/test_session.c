/* SPDX-License-Identifier: MIT */
/* A session on a thread of its own, while another looks and meddles: for ThreadSanitizer, and for
 * what a pause, an edit and the end promise. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#include "live/session.h"

/* What the callbacks saw. */
typedef struct seen {
    _Atomic int64_t frames, events, edits, news;
    int64_t last_ns; /* of a frame; only the session's lock guards it */
} seen;

static void on_event(const asl_speller *speller, const asl_speller_event *event, int64_t latency_ns,
                     void *user)
{
    seen *s = user;
    size_t size = 0;
    const char *text = asl_speller_text(&size, speller);
    assert_true(strlen(text) == size);
    assert_true(latency_ns >= 0);
    s->events++;
    s->edits += event->kind == ASL_SPELLER_EDIT;
}

static void on_frame(const struct live_shot *shot, void *user)
{
    seen *s = user;
    assert_true(shot->time_ns > s->last_ns || s->frames == 0);
    s->last_ns = shot->time_ns;
    s->frames++;
}

static void on_news(void *user)
{
    seen *s = user;
    s->news++;
}

static asl_model *make_model(void)
{
    asl_model_options options;
    asl_error err = ASL_ERROR_INIT;
    asl_model *model = NULL;
    asl_model_options_init(&options, sizeof options);
    options.width = options.height = 32;
    assert_ok(asl_model_create(&model, "tiny", &options, &err), &err);
    return model;
}

static struct live_source *open_source(const char *text, bool fast)
{
    struct live_options options;
    struct live_error error = {0};
    struct live_source *source = NULL;
    live_options_init(&options);
    options.fast = fast;
    options.width = 160;
    options.height = 120;
    if (!live_source_open(&source, &text, 1, &options, &error))
        fail_msg("%s", error.message);
    return source;
}

static struct live_session *open_session(seen *s, struct live_source *source,
                                         const asl_model *model, bool timed)
{
    struct live_session_options options;
    struct live_error error = {0};
    struct live_session *session = NULL;
    live_session_options_init(&options);
    options.inferer.threads = 2;
    options.timed = timed;
    options.on_event = on_event;
    options.on_frame = on_frame;
    options.on_news = on_news;
    options.user = options.news_user = s;
    if (!live_session_open(&session, source, model, &options, &error))
        fail_msg("%s", error.message);
    return session;
}

static void meddle(struct live_session *session, int round)
{
    live_session_move_box(session, round % 3 - 1, 1);
    live_session_grow_box(session, round % 2 ? 8 : -8);
    live_session_backspace(session);
    live_session_suggestion(session, 0);
    if (round % 4 == 0)
        live_session_clear(session);
    char *text = live_session_text(session);
    assert_non_null(text);
    free(text);
}

static void test_while_it_runs(void **state)
{
    seen s = {0};
    struct live_error error = {0};
    struct live_shot shot = {0};
    asl_model *model = make_model();
    struct live_source *source = open_source("synth:ABABABABABABABABABAB", false);
    struct live_session *session = open_session(&s, source, model, true);
    int64_t looks = 0;
    (void)state;
    assert_true(live_session_start(session, &error));
    for (int round = 0; round < 40; round++) {
        looks += live_session_look(&shot, session);
        meddle(session, round);
        live_sleep(25000000);
    }
    assert_true(looks > 5 && s.frames > 5 && s.news >= s.frames);
    assert_non_null(shot.picture);
    assert_true(shot.box.x >= 0 && shot.box.x + shot.box.width <= 160 && shot.box.y >= 0 &&
                shot.box.y + shot.box.height <= 120);

    /* A pause lets one frame through at most, which was on its way. */
    live_session_pause(session, true);
    const int64_t before = s.frames;
    live_sleep(200000000);
    assert_true(s.frames <= before + 1);
    live_session_look(&shot, session);
    assert_true(shot.paused);
    live_session_pause(session, false);
    live_sleep(500000000);
    assert_true(s.frames > before + 1);
    live_session_close(session);
    live_source_close(source);
    asl_image_free(shot.picture);
    asl_model_free(model);
}

static void test_to_the_end(void **state)
{
    seen s = {0};
    struct live_shot shot = {0};
    asl_model *model = make_model();
    struct live_source *source = open_source("synth:A", true);
    struct live_session *session = open_session(&s, source, model, false);
    int result = LIVE_FRAME;
    (void)state;
    while (result == LIVE_FRAME)
        result = live_session_step(session, 100);
    assert_int_equal(result, LIVE_END);
    assert_true(live_session_look(&shot, session));
    assert_int_equal(shot.state, LIVE_END);
    assert_string_equal(shot.error.message, "");
    assert_int_equal(shot.number, s.frames);
    assert_false(live_session_look(&shot, session));
    assert_int_equal(s.edits, 0);
    live_session_close(session);
    live_source_close(source);
    asl_image_free(shot.picture);
    asl_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_while_it_runs),
        cmocka_unit_test(test_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
