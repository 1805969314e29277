/* SPDX-License-Identifier: MIT */
/* Speaking what was spelled, through speech-dispatcher: `--speak letters|words`. The desktop's
 * voice and settings are used, and a thread of its own waits for the server, so that the camera
 * never does. It starts paused. */
#ifndef EXAMPLES_LIVE_SPEECH_H
#define EXAMPLES_LIVE_SPEECH_H

#include <stdbool.h>

#include "live/error.h"

typedef struct live_speech live_speech;

/** Connect; the server is started when it can be. @return true, or false with @p error filled,
 * CLI_NO_DEVICE: no server, or a program built without libspeechd. */
bool live_speech_open(live_speech **out, struct live_error *error);

/** Speak the label of a letter, as "A", "space" or "del", or a word. Returns at once; of what waits
 * to be spoken only the newest few are kept. Dropped while paused. */
void live_speech_letter(live_speech *speech, const char *label);
void live_speech_word(live_speech *speech, const char *word);

/** Pausing also silences what is being spoken. */
void live_speech_pause(live_speech *speech, bool paused);
bool live_speech_is_paused(const live_speech *speech);

/** @return false with @p error filled, once, when the server was lost; nothing is spoken after. */
bool live_speech_poll(live_speech *speech, struct live_error *error);

/** Release without waiting for what is still to be said; NULL is allowed. */
void live_speech_close(live_speech *speech);

#endif /* EXAMPLES_LIVE_SPEECH_H */
