/* SPDX-License-Identifier: MIT */
/* See session.h. One lock guards all that is shared. Only reading a frame, which waits, is done
 * without it: the source belongs to whoever steps. */
#include "live/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "live/view.h"

/* How quickly the figures on the screen follow: the share of a new value. */
static const double FRESH = 0.1;

struct live_session {
    struct live_source *source;
    asl_speller *speller;
    struct live_recogniser recogniser;
    struct live_tracker tracker;
    struct live_session_options options;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* `paused` or `ending` was set. */
    asl_rect box;           /* Where the person put it. */
    struct live_shot shot;  /* The newest; its picture as large as the frames are. */
    bool fresh;             /* It was not looked at yet. */
    bool paused, ending;    /* Wanted by others than the one who steps. */
    bool source_paused;     /* Of the one who steps. */
    bool stepping;          /* There is a thread. */
    pthread_t thread;
};

void live_session_options_init(struct live_session_options *options)
{
    *options = (struct live_session_options){.timed = true};
    asl_inferer_options_init(&options->inferer, sizeof options->inferer);
    options->inferer.crops = 1; /* the box is where the hand is */
    asl_speller_options_init(&options->speller, sizeof options->speller);
}

static bool open_speller(struct live_session *s, const asl_model *model, struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    int64_t used = 0, skipped = 0;
    const char *words = s->options.words;
    if (asl_speller_create_for_model(&s->speller, model, &s->options.speller, &err) < 0 ||
        (words && asl_speller_load_words(&used, &skipped, s->speller, words, &err) < 0))
        return live_fail_asl(error, &err);
    if (skipped > 0)
        cli_note("'%s': %lld words, and %lld lines that cannot be spelled with this model", words,
                 (long long)used, (long long)skipped);
    return true;
}

bool live_session_open(struct live_session **out, struct live_source *source,
                       const asl_model *model, const struct live_session_options *options,
                       struct live_error *error)
{
    struct live_session *s = cli_alloc(1, sizeof *s);
    *out = NULL;
    s->source = source;
    s->options = *options;
    s->shot.letter = -1;
    s->box = s->shot.box = options->box;
    s->shot.hand = options->hand;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (!live_recogniser_open(&s->recogniser, model, &options->inferer, options->hand, error) ||
        (options->hands &&
         !live_tracker_open(&s->tracker, options->hands, &options->inferer, error)) ||
        !open_speller(s, model, error)) {
        live_session_close(s);
        return false;
    }
    *out = s;
    return true;
}

void live_session_close(struct live_session *s)
{
    if (!s)
        return;
    if (s->stepping) {
        pthread_mutex_lock(&s->lock);
        s->ending = true;
        pthread_cond_signal(&s->changed);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    live_tracker_close(&s->tracker);
    live_recogniser_close(&s->recogniser);
    asl_speller_free(s->speller);
    asl_image_free(s->shot.picture);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- What others see ---- */

static void put_text(struct live_shot *shot, const asl_speller *speller)
{
    size_t size = 0;
    const char *text = asl_speller_text(&size, speller);
    if (size >= sizeof shot->text) {
        text += size - sizeof shot->text + 1;
        while ((*text & 0xc0) == 0x80) /* not in the middle of a character */
            text++;
    }
    strcpy(shot->text, text);
}

static void put_words(struct live_shot *shot, const asl_speller *speller)
{
    const int32_t count = asl_speller_suggestion_count(speller);
    shot->word_count = 0;
    for (int32_t i = 0; i < count && shot->word_count < LIVE_SHOT_WORDS; i++) {
        const char *word = asl_speller_suggestion(speller, i);
        if (strlen(word) < LIVE_SHOT_WORD)
            strcpy(shot->words[shot->word_count++], word);
    }
}

static void put_top(struct live_shot *shot, const struct live_recogniser *r)
{
    shot->top_count = r->label_count < LIVE_SHOT_TOP ? r->label_count : LIVE_SHOT_TOP;
    for (int32_t rank = 0; rank < shot->top_count; rank++) {
        int32_t best = -1;
        for (int32_t i = 0; i < r->label_count; i++) {
            bool taken = false;
            for (int32_t before = 0; before < rank; before++)
                taken = taken || shot->top[before] == i;
            if (!taken && (best < 0 || r->scores[i] > r->scores[best]))
                best = i;
        }
        shot->top[rank] = best;
        shot->scores[rank] = r->scores[best];
    }
}

/* The events of the last call of the speller: into the shot, and on to the program. */
static void tell_events(struct live_session *s, int64_t frame_ns)
{
    const int32_t count = asl_speller_event_count(s->speller);
    for (int32_t i = 0; i < count; i++) {
        asl_speller_event event = {.struct_size = sizeof event};
        const bool timed = s->options.timed && frame_ns > 0;
        const int64_t latency = timed ? live_clock() - frame_ns : 0;
        asl_speller_get_event(&event, s->speller, i, NULL);
        if (event.kind == ASL_SPELLER_CANDIDATE || event.kind == ASL_SPELLER_PROGRESS) {
            s->shot.letter = event.label;
            s->shot.progress = event.progress;
        } else if (event.kind == ASL_SPELLER_COMMIT || event.kind == ASL_SPELLER_SPACE ||
                   event.kind == ASL_SPELLER_DELETE) {
            s->shot.committed_ns = event.time_ns;
        }
        s->options.on_event(s->speller, &event, latency, s->options.user);
    }
    put_text(&s->shot, s->speller);
    put_words(&s->shot, s->speller);
    s->fresh = true;
}

static void tell_news(const struct live_session *s)
{
    if (s->options.on_news)
        s->options.on_news(s->options.news_user);
}

/* ---- A step ---- */

static bool copy_picture(asl_image **out, const asl_image_view *view, asl_error *err)
{
    if (*out) {
        const asl_image_view last = asl_image_get_view(*out);
        if (last.width != view->width || last.height != view->height) {
            asl_image_free(*out);
            *out = NULL;
        }
    }
    if (!*out && asl_image_create(out, view->width, view->height, ASL_FORMAT_RGB24, err) < 0)
        return false;
    uint8_t *pixels = asl_image_pixels(*out);
    const size_t row = (size_t)view->width * 3;
    for (int32_t y = 0; y < view->height; y++)
        memcpy(pixels + (size_t)y * row, view->pixels + y * view->stride, row);
    return true;
}

/* The box stays where it was put as long as frames are large enough. */
static void fit_box(asl_rect *box, const asl_image_view *view)
{
    if (box->width <= 0 || box->height <= 0 || box->width > view->width ||
        box->height > view->height)
        *box = live_box_default(view->width, view->height);
    else
        live_box_move(box, 0, 0, view->width, view->height);
}

/* Where to look for letters in this frame. */
static bool place_box(struct live_session *s, const struct live_frame *frame,
                      struct live_error *error)
{
    struct live_shot *shot = &s->shot;
    fit_box(&s->box, &frame->view);
    shot->box = s->box;
    if (!s->tracker.finder)
        return true;
    if (!live_track(&shot->box, &s->tracker, &frame->view, frame->time_ns, error))
        return false;
    shot->box_is = s->tracker.follows ? LIVE_BOX_FOLLOWS : LIVE_BOX_SEARCHES;
    return true;
}

static void follow(double *average, double value)
{
    *average = *average > 0 ? *average + FRESH * (value - *average) : value;
}

static bool work_on(struct live_session *s, const struct live_frame *frame,
                    struct live_error *error)
{
    asl_error err = ASL_ERROR_INIT;
    struct live_shot *shot = &s->shot;
    struct live_recogniser *r = &s->recogniser;
    const int64_t begun = live_clock(), since = frame->time_ns - shot->time_ns;
    if (shot->number > 0 && since <= 0)
        return true; /* a clock that stood still or went back: there will be a better frame */
    if (!place_box(s, frame, error) ||
        !live_recognise(r, &frame->view, &shot->box, frame->time_ns, error))
        return false;
    if (asl_speller_look(NULL, s->speller, &frame->view, &shot->box, &err) < 0 ||
        asl_speller_push(s->speller, r->scores, (size_t)r->label_count, frame->time_ns, NULL,
                         &err) < 0)
        return live_fail_asl(error, &err);
    tell_events(s, frame->time_ns);
    if (!copy_picture(&shot->picture, &frame->view, &err))
        return live_fail_asl(error, &err);
    put_top(shot, r);
    shot->hand = r->undecided ? LIVE_HAND_AUTO : r->hand;
    if (shot->number > 0 && since > 0)
        follow(&shot->fps, 1e9 / (double)since);
    follow(&shot->latency_ms,
           1e-6 * (double)(live_clock() - (s->options.timed ? frame->time_ns : begun)));
    shot->time_ns = frame->time_ns;
    shot->number++;
    s->options.on_frame(shot, s->options.user);
    return true;
}

/* Take the source again. When that fails, as when another program has taken the camera meanwhile,
 * it stays paused, and may be tried again. */
static bool resume(struct live_session *s)
{
    struct live_error error = {0};
    const bool good = live_source_resume(s->source, &error);
    pthread_mutex_lock(&s->lock);
    s->source_paused = s->paused = s->shot.paused = !good;
    s->shot.error = error;
    s->fresh = true;
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* Let go of the source and take it again as others want it; waits while it is paused.
 * @return LIVE_FRAME to go on. */
static int obey(struct live_session *s, int timeout_ms)
{
    pthread_mutex_lock(&s->lock);
    if (s->paused && !s->source_paused) {
        live_source_pause(s->source);
        s->source_paused = true;
    }
    while (s->stepping && s->paused && !s->ending)
        pthread_cond_wait(&s->changed, &s->lock);
    const bool paused = s->paused, ending = s->ending;
    pthread_mutex_unlock(&s->lock);
    if (ending)
        return LIVE_END;
    if (paused) {
        live_sleep((int64_t)timeout_ms * 1000000);
        return LIVE_TIMEOUT;
    }
    if (s->source_paused && !resume(s))
        return LIVE_TIMEOUT;
    return LIVE_FRAME;
}

int live_session_step(struct live_session *s, int timeout_ms)
{
    struct live_frame frame;
    struct live_error error = {0};
    int state = obey(s, timeout_ms);
    if (state == LIVE_FRAME)
        state = live_source_read(&frame, s->source, timeout_ms, &error);
    pthread_mutex_lock(&s->lock);
    if (state == LIVE_FRAME && !work_on(s, &frame, &error))
        state = LIVE_ERROR;
    if (state == LIVE_END || state == LIVE_ERROR) {
        s->shot.state = state;
        s->shot.error = error;
        s->fresh = true;
    }
    pthread_mutex_unlock(&s->lock);
    if (state != LIVE_TIMEOUT)
        tell_news(s);
    return state;
}

static void *step_on(void *user)
{
    enum { TIMEOUT_MS = 100 };
    struct live_session *s = user;
    int state = LIVE_FRAME;
    while (state == LIVE_FRAME || state == LIVE_TIMEOUT)
        state = live_session_step(s, TIMEOUT_MS);
    return NULL;
}

bool live_session_start(struct live_session *s, struct live_error *error)
{
    s->stepping = true;
    if (pthread_create(&s->thread, NULL, step_on, s) == 0)
        return true;
    s->stepping = false;
    return live_fail(error, CLI_FAILED, "cannot start a thread; are there too many?");
}

/* ---- From outside ---- */

bool live_session_look(struct live_shot *shot, struct live_session *s)
{
    asl_error err = ASL_ERROR_INIT;
    pthread_mutex_lock(&s->lock);
    const bool fresh = s->fresh;
    asl_image *picture = shot->picture;
    if (fresh) {
        *shot = s->shot;
        shot->picture = picture;
        if (s->shot.picture) {
            const asl_image_view view = asl_image_get_view(s->shot.picture);
            copy_picture(&shot->picture, &view, &err); /* without memory the last one stays */
        }
        s->fresh = false;
    }
    pthread_mutex_unlock(&s->lock);
    return fresh;
}

void live_session_pause(struct live_session *s, bool paused)
{
    pthread_mutex_lock(&s->lock);
    s->paused = s->shot.paused = paused;
    s->shot.fps = 0;
    s->fresh = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void live_session_backspace(struct live_session *s)
{
    pthread_mutex_lock(&s->lock);
    if (asl_speller_backspace(s->speller, NULL) >= 0)
        tell_events(s, 0);
    pthread_mutex_unlock(&s->lock);
}

void live_session_clear(struct live_session *s)
{
    pthread_mutex_lock(&s->lock);
    if (asl_speller_clear(s->speller, NULL) >= 0)
        tell_events(s, 0);
    pthread_mutex_unlock(&s->lock);
}

void live_session_suggestion(struct live_session *s, int32_t index)
{
    pthread_mutex_lock(&s->lock);
    if (index < asl_speller_suggestion_count(s->speller) &&
        asl_speller_apply_suggestion(s->speller, index, NULL) >= 0)
        tell_events(s, 0);
    pthread_mutex_unlock(&s->lock);
}

/* A box that follows a hand does not go where it is put. */
static void show_box(struct live_session *s)
{
    if (s->shot.box_is != LIVE_BOX_FOLLOWS)
        s->shot.box = s->box;
    s->fresh = true;
}

void live_session_move_box(struct live_session *s, int32_t dx, int32_t dy)
{
    pthread_mutex_lock(&s->lock);
    if (s->shot.picture) {
        const asl_image_view view = asl_image_get_view(s->shot.picture);
        live_box_move(&s->box, dx, dy, view.width, view.height);
        show_box(s);
    }
    pthread_mutex_unlock(&s->lock);
}

void live_session_grow_box(struct live_session *s, int32_t growth)
{
    pthread_mutex_lock(&s->lock);
    if (s->shot.picture) {
        const asl_image_view view = asl_image_get_view(s->shot.picture);
        live_box_resize(&s->box, growth, view.width, view.height);
        show_box(s);
    }
    pthread_mutex_unlock(&s->lock);
}

const char *live_session_backend(const struct live_session *s)
{
    return asl_inferer_backend(s->recogniser.inferer);
}

char *live_session_text(struct live_session *s)
{
    pthread_mutex_lock(&s->lock);
    char *text = cli_format("%s", asl_speller_text(NULL, s->speller));
    pthread_mutex_unlock(&s->lock);
    return text;
}
