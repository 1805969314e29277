/* SPDX-License-Identifier: MIT */
/* See screen.h. */
#include "screen.h"

#include <stdio.h>
#include <string.h>

#include "common/cli.h"

/* Everything on the screen; what it points to lives here. */
struct picture {
    live_view view;
    asl_image_view pixels;
    struct game_look look;
    char marks[QUIZ_LONGEST + 1], round[32], verdict[160];
};

static void put_word(struct picture *p)
{
    const struct quiz *quiz = &p->look.quiz;
    const struct quiz_word *word = &quiz->word;
    for (int32_t i = 0; i < word->length; i++)
        p->marks[i] = !word->letters[i].over ? ' ' : quiz_was_missed(&word->letters[i]) ? '-' : '+';
    p->marks[word->length] = '\0';
    if (!quiz_is_over(quiz))
        snprintf(p->round, sizeof p->round, "%d of %d", (int)quiz->round + 1, (int)quiz->rounds);
    p->view.prompt = word->text;
    p->view.marks = p->marks;
    p->view.round = p->round;
}

static void compose(struct picture *p, const struct screen *s)
{
    live_view *view = &p->view;
    *p = (struct picture){.look = game_get_look(s->game)};
    live_shown_shot(view, &p->pixels, &s->shot, s->model);
    view->mirrored = s->mirrored;
    view->backend = s->backend;
    view->source = s->source;
    view->help = s->help;
    put_word(p);
    const bool ended = s->shot.state == LIVE_END;
    if (s->shot.error.message[0]) {
        view->message = s->shot.error.message;
        view->alarm = true;
    } else if (quiz_is_over(&p->look.quiz) || ended) {
        game_verdict(p->verdict, &p->look.quiz);
        view->message = p->verdict;
    } else if (p->look.remark[0]) {
        view->message = p->look.remark;
    }
}

static void show(struct screen *s)
{
    struct picture picture;
    cairo_surface_t *surface = live_window_surface(s->window);
    if (!surface)
        return;
    compose(&picture, s);
    live_view_draw(surface, &picture.view);
    live_window_present(s->window);
}

void screen_update(struct screen *s)
{
    if (live_session_look(&s->shot, s->session))
        show(s);
}

static void obey(struct screen *s, const live_window_event *event)
{
    struct picture picture;
    switch (event->action) {
    case WINDOW_PAUSE:
        live_session_pause(s->session, !s->shot.paused);
        break;
    case WINDOW_MIRROR:
        s->mirrored = !s->mirrored;
        break;
    case WINDOW_HELP:
        s->help = !s->help;
        break;
    default:
        compose(&picture, s);
        live_shown_move(&s->grip, s->session, s->window, &picture.view, event);
        break;
    }
}

bool screen_obey(struct screen *s)
{
    bool any = false;
    for (;;) {
        const live_window_event event = live_window_poll(s->window);
        s->lost = s->lost || event.action == WINDOW_LOST;
        if (event.action == WINDOW_QUIT || event.action == WINDOW_LOST)
            return false;
        if (event.action == WINDOW_NOTHING)
            break;
        obey(s, &event);
        any = true;
    }
    if (any) {
        live_session_look(&s->shot, s->session);
        show(s);
    }
    return true;
}
