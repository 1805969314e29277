/* SPDX-License-Identifier: MIT */
/* A short queue, and a thread that hands it to speech-dispatcher. See speech.h. */
#include "live/speech.h"

#include <libspeechd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cli.h"

enum { QUEUE = 8, LONGEST = 120 };

struct item {
    bool letter;
    char text[LONGEST];
};

struct live_speech {
    SPDConnection *connection;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t changed;
    struct item queue[QUEUE];
    int first, count;
    bool paused, silence, ending, lost, told;
};

/* ---- The thread ---- */

static bool speak(SPDConnection *connection, const struct item *item)
{
    /* Messages queue up at the server; plain texts would cut each other short. */
    return item->letter ? spd_char(connection, SPD_MESSAGE, item->text) == 0
                        : spd_say(connection, SPD_MESSAGE, item->text) >= 0;
}

static void *run(void *user)
{
    live_speech *s = user;
    pthread_mutex_lock(&s->lock);
    while (!s->ending && !s->lost) {
        if (!s->silence && s->count == 0) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        const bool silence = s->silence;
        struct item item = {0};
        if (!silence) {
            item = s->queue[s->first];
            s->first = (s->first + 1) % QUEUE;
            s->count--;
        }
        s->silence = false;
        pthread_mutex_unlock(&s->lock);
        const bool ok = silence ? spd_cancel(s->connection) >= 0 : speak(s->connection, &item);
        pthread_mutex_lock(&s->lock);
        s->lost = !ok;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- Opening and closing ---- */

bool live_speech_open(live_speech **out, struct live_error *error)
{
    *out = NULL;
    char *reason = NULL;
    SPDConnection *connection =
        spd_open2("asl", "fingerspelling", NULL, SPD_MODE_SINGLE, NULL, 1, &reason);
    if (!connection) {
        /* Its story is several lines long. */
        free(reason);
        return live_fail(error, CLI_NO_DEVICE,
                         "cannot speak: no speech-dispatcher answers, nor does it start; install "
                         "it, and try: spd-say hello");
    }
    live_speech *s = cli_alloc(1, sizeof *s);
    s->connection = connection;
    s->paused = true;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        spd_close(connection);
        free(s);
        return live_fail(error, CLI_FAILED, "cannot speak: no thread could be started");
    }
    *out = s;
    return true;
}

void live_speech_close(live_speech *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    /* A server that hangs must not keep us. */
    shutdown(s->connection->socket, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    spd_close(s->connection);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- Speaking ---- */

static void enqueue(live_speech *s, bool letter, const char *text)
{
    pthread_mutex_lock(&s->lock);
    if (!s->paused && !s->lost && *text) {
        if (s->count == QUEUE) {
            s->first = (s->first + 1) % QUEUE;
            s->count--;
        }
        struct item *item = &s->queue[(s->first + s->count++) % QUEUE];
        item->letter = letter;
        snprintf(item->text, sizeof item->text, "%s", text);
        pthread_cond_signal(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
}

void live_speech_letter(live_speech *s, const char *label)
{
    const bool is_character = label[0] && !label[1];
    enqueue(s, is_character, strcmp(label, "del") == 0 ? "delete" : label);
}

void live_speech_word(live_speech *s, const char *word)
{
    enqueue(s, false, word);
}

void live_speech_pause(live_speech *s, bool paused)
{
    pthread_mutex_lock(&s->lock);
    s->silence = s->silence || (paused && !s->paused);
    s->count = paused ? 0 : s->count;
    s->paused = paused;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

bool live_speech_is_paused(const live_speech *s)
{
    /* Only the caller's thread writes it. */
    return s->paused;
}

bool live_speech_poll(live_speech *s, struct live_error *error)
{
    pthread_mutex_lock(&s->lock);
    const bool tell = s->lost && !s->told;
    s->told = s->lost;
    pthread_mutex_unlock(&s->lock);
    return !tell || live_fail(error, CLI_NO_DEVICE, "speech has ended: speech-dispatcher is gone");
}
