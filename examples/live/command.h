/* SPDX-License-Identifier: MIT */
/* What the command lines of the live programs have in common: the source, the signer, the network.
 */
#ifndef EXAMPLES_LIVE_COMMAND_H
#define EXAMPLES_LIVE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/model.h"
#include "common/cli.h"
#include "live/events.h"
#include "live/session.h"
#include "live/source.h"

/** What the options say. */
struct live_command {
    const char *model, *camera, *capture, *roi, *finder;
    bool follow; /**< --roi auto. */
    struct live_options source;
    struct live_session_options session;
    int32_t method, profile; /**< ASL_SPELLER_HMM, ...; ASL_SPELLER_DEFAULT, ... */
    double seconds;
    bool list, headless, unmirrored, left_handed, json, quiet;
};

/* Rows for the table of options, in the order in which --help shows them. `c` is a pointer to a
 * struct live_command. */
#define LIVE_COMMAND_SOURCE(c)                                                                     \
    CLI_HEADING("Source"), CLI_MODEL(&(c)->model),                                                 \
        CLI_TEXT('c', "camera", "CAMERA", &(c)->camera,                                            \
                 "a camera by number, path or part of its name"),                                  \
        CLI_FLAG('l', "list-cameras", &(c)->list,                                                  \
                 "list the cameras with their formats, sizes and rates"),                          \
        CLI_TEXT(0, "capture", "WxH", &(c)->capture,                                               \
                 "size to ask the camera for, in pixels; synth draws it"),                         \
        CLI_REAL(0, "fps", "X", &(c)->source.fps, 1, 240,                                          \
                 "frames a second to ask the camera for"),                                         \
        CLI_CHOICE(0, "format", "auto|mjpeg|yuyv", &(c)->source.format,                            \
                   "format of pictures to ask the camera for"),                                    \
        CLI_FLAG(0, "fast", &(c)->source.fast,                                                     \
                 "play files and synth as fast as this machine can, with the times they should "   \
                 "have"),                                                                          \
        CLI_INT(0, "picture-ms", "N", &(c)->source.picture_ms, 1, 3600000,                         \
                "milliseconds to show each picture of a folder"),                                  \
        CLI_REAL(0, "letters", "X", &(c)->source.letters, 0.1, 10,                                 \
                 "letters a second that synth spells"),                                            \
        CLI_REAL(0, "noise", "X", &(c)->source.noise, 0, 64,                                       \
                 "noise in the pictures of synth, in levels of 255"),                              \
        CLI_SEED(&(c)->source.seed)

#define LIVE_COMMAND_SIGNER(c)                                                                     \
    CLI_HEADING("Signer"),                                                                         \
        CLI_TEXT(0, "roi", "BOX", &(c)->roi,                                                       \
                 "where the box for the hand is at first, as X,Y,W,H in pixels; or auto, which "   \
                 "follows the hand"),                                                              \
        CLI_TEXT(0, "finder", "MODEL", &(c)->finder,                                               \
                 "model that finds the hand for --roi auto (.safetensors); the built-in one when " \
                 "none is named"),                                                                 \
        CLI_CHOICE(0, "hand", "right|left|auto", &(c)->session.hand,                               \
                   "which hand signs; auto does as the model says, or tries both at first"),       \
        CLI_FLAG(0, "left-handed", &(c)->left_handed, "the same as --hand left"),                  \
        CLI_LOOKS(&(c)->session.inferer.looks),                                                    \
        CLI_CHOICE(0, "profile", "default|learner|fluent", &(c)->profile,                          \
                   "pace of the signer: learner is for up to one letter a second, default for "    \
                   "two, fluent for three"),                                                       \
        CLI_CHOICE(0, "method", "hmm|average|vote", &(c)->method,                                  \
                   "how frames become letters; hmm is the best, the others are there to compare")

#define LIVE_COMMAND_ENGINE(c)                                                                     \
    CLI_HEADING("Engine"), CLI_BACKEND(&(c)->session.inferer.backend),                             \
        CLI_ISA(&(c)->session.inferer.isa), CLI_PRECISION(&(c)->session.inferer.precision),        \
        CLI_THREADS(&(c)->session.inferer.threads)

#define LIVE_COMMAND_GENERAL(c)                                                                    \
    CLI_HEADING("General"), CLI_FLAG(0, "headless", &(c)->headless, "show no window"),             \
        CLI_FLAG(0, "unmirrored", &(c)->unmirrored, "do not show the picture as in a mirror"),     \
        CLI_REAL(0, "seconds", "X", &(c)->seconds, 0, 1e6, "end after X seconds; 0 goes on"),      \
        CLI_FLAG(0, "json", &(c)->json,                                                            \
                 "events as JSON, one a line; see asl-events(7) or docs/events.md"),               \
        CLI_QUIET(&(c)->quiet)

/** The defaults. @param profile  Of the signer. */
void live_command_init(struct live_command *c, int32_t profile);

/** Check what the options say and put it together. @param spec_count  How many arguments name a
 * source. @return CLI_OK or CLI_USAGE, after saying what is wrong. */
int live_command_resolve(struct live_command *c, int spec_count);

/** Open the model of the finder, which stays NULL when the box does not follow the hand, and let
 * the session use it; the caller releases it. @return an exit code, after saying what is wrong. */
int live_command_open_finder(asl_model **hands, struct live_command *c);

/** Open the model and the source; the caller releases both, whatever comes back.
 * @return an exit code, after saying what is wrong. */
int live_command_open(asl_model **model, struct live_source **source, const struct live_command *c,
                      char **specs, int spec_count);

/** Tell what runs, in the first line of JSON and as a remark. @param backend  It computes. */
void live_command_tell(const struct live_command *c, const char *program,
                       const struct live_events *events, const struct live_source *source,
                       const asl_model *model, const char *backend);

/** Whether --seconds are over. @param begun_ns  live_clock() of the beginning.
 * @param frame_ns  Time of the last frame, which is what counts with --fast. */
bool live_command_is_over(const struct live_command *c, int64_t begun_ns, int64_t frame_ns);

#endif /* EXAMPLES_LIVE_COMMAND_H */
