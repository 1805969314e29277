/* SPDX-License-Identifier: MIT */
/* Speech in a build without libspeechd: not possible, and saying so. See speech.h. */
#include <stddef.h>

#include "common/cli.h"
#include "live/speech.h"

bool live_speech_open(live_speech **out, struct live_error *error)
{
    *out = NULL;
    return live_fail(error, CLI_NO_DEVICE,
                     "cannot speak: this program was built without libspeechd (ASL_WITH_SPEECH)");
}

void live_speech_letter(live_speech *speech, const char *label)
{
    (void)speech;
    (void)label;
}

void live_speech_word(live_speech *speech, const char *word)
{
    (void)speech;
    (void)word;
}

void live_speech_pause(live_speech *speech, bool paused)
{
    (void)speech;
    (void)paused;
}

bool live_speech_is_paused(const live_speech *speech)
{
    (void)speech;
    return true;
}

bool live_speech_poll(live_speech *speech, struct live_error *error)
{
    (void)speech;
    (void)error;
    return true;
}

void live_speech_close(live_speech *speech)
{
    (void)speech;
}
